"""What the form template asks of the catalogue and of the values: labels, counts, rows, options."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.catalogue.tables import Cause, Finding, Option
from sigm_bayes.web.form import ANALYTES, MAX_ROWS, NOT_KNOWN
from sigm_bayes.web.names import control_id

COMPARATORS = (("=", "="), ("<", "<"), ("<=", "≤"), (">", ">"), (">=", "≥"))
_WORDS = {
    "age": "age", "gestational_weeks": "weeks at birth", "setting": "why IgM was measured", "file": "file",
    "value": "result", "reference_low": "interval from", "reference_high": "interval to", "resolution": "printed step",
    "state": "", "last_dose": "last dose or end", "igm_before": "IgM before it", "started": "began",
    "igm_recovered_after_stop": "IgM recovered after it", "no_significant_infection": "significant infections",
    "threshold": "probability of primary",
}  # fmt: skip
_ANALYTE = {"igm": "IgM", "igg": "IgG", "iga": "IgA"}


INVASIVE = "findings.invasive_infection"
"""Control of the finding whose episodes are told one by one."""


def context(values: Mapping[str, Sequence[str]], catalogue: Catalogue) -> dict[str, Any]:
    """Return the names that the form template uses."""
    episodes = row_count(values, "invasive", add=False, least=0)

    def one(name: str) -> str:
        told = values[name][-1] if values.get(name) else ""
        return "present" if name == INVASIVE and told in NOT_KNOWN and episodes else told  # an episode says so

    def entered(names: Iterable[str]) -> int:
        return sum(one(name) not in NOT_KNOWN for name in names)

    flags = [f"findings.{flag.id}" for flag in catalogue.invasive.flags]
    return {
        "catalogue": catalogue,
        "analytes": [(name, catalogue.analyte(_ANALYTE[name])) for name in ANALYTES],
        "comparators": COMPARATORS,
        "contexts": [(c.id, c.label) for c in catalogue.contexts],
        "one": one,
        "many": lambda name: values.get(name, ()),
        "any": lambda *names: any(one(name) not in NOT_KNOWN for name in names),
        "row_count": {name: row_count(values, name) for name in (*ANALYTES, "invasive")},
        "count_findings": lambda group: (
            entered(f"findings.{f.id}" for f in catalogue.findings if f.group == group)
            - (1 if episodes and _holds_episodes(group, catalogue) else 0)  # its episodes are counted
            + (entered(flags) + episodes if _holds_episodes(group, catalogue) else 0)
        ),
        "count_flags": lambda: entered(flags),
        "count_causes": lambda group: entered(f"causes.{c.id}.state" for c in recordable(group, catalogue)),
        "count_tests": lambda: entered(f"tests.{id}" for id in catalogue.ids("test")),
        "recordable": lambda group: recordable(group, catalogue),
        "hint_of": hint,
        "unknown_first": unknown_first,
        "id": control_id,
    }


def _holds_episodes(group: str, catalogue: Catalogue) -> bool:
    return any(f.id == "invasive_infection" and f.group == group for f in catalogue.findings)


def row_count(values: Mapping[str, Sequence[str]], table: str, *, add: bool = True, least: int = 1) -> int:
    """Return how many rows of a table the form shows: those in use, at least one, one more where asked for."""
    pattern = re.compile(rf"{table}\[(\d{{1,2}})\]")
    used = [int(found[1]) + 1 for name in values if (found := pattern.match(name))]
    more = int(add and table in values.get("add", ()))
    return min(max([least, *used]) + more, MAX_ROWS)


def recordable(group: str, catalogue: Catalogue) -> list[Cause]:
    """Return the causes of a group that may be entered."""
    return [cause for cause in catalogue.causes if cause.group == group and cause.recordable]


def unknown_first(options: Sequence[Option]) -> list[tuple[str, str]]:
    """Return the choices of a list with "not known" at its head."""
    return [("unknown", "not known"), *((option.id, option.label) for option in options)]


def hint(finding: Finding) -> str:
    """Return count and window of a finding: ``2 or more in 12 months``, ``ever``."""
    if finding.window_years is None:
        return "ever" if finding.min_count == 1 else f"{finding.min_count} or more, ever"
    window = "12 months" if finding.window_years == 1 else f"{finding.window_years:g} years"
    return f"in {window}" if finding.min_count == 1 else f"{finding.min_count} or more in {window}"


def name_of(control: str, catalogue: Catalogue) -> str:
    """Return a control's name for the summary of errors."""
    if control in _WORDS:
        return _WORDS[control]
    section, _, rest = control.partition(".")
    table, _, number = section.partition("[")
    if number:
        row = int(number.rstrip("]")) if number.rstrip("]").isdecimal() else 0
        head = "episode" if table == "invasive" else _ANALYTE.get(table, table)
        which = f" {row + 1}" if table == "invasive" else f", repeat {row}" if row else ""
        return f"{head}{which}: {_WORDS.get(rest, rest)}"
    if section.endswith("_status"):
        return f"{_ANALYTE.get(section.removesuffix('_status'), section)} without a number"
    id, _, key = rest.partition(".")
    rows: tuple[Any, ...] = (*catalogue.findings, *catalogue.invasive.flags, *catalogue.causes, *catalogue.tests)
    label = next((row.label for row in rows if row.id == id), _WORDS.get(id, id.replace("_", " ")))
    words = _WORDS.get(key, key.replace("_", " "))
    return f"{label}: {words}" if words else label
