"""The quality report of a registry: one HTML page to forward, and the list of rows beside it (needs jinja2)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sigm_bayes.registry.issues import KINDS, STATUSES
from sigm_bayes.report.numbers import counted

if TYPE_CHECKING:
    from sigm_bayes.registry import Registry
    from sigm_bayes.registry.people import Tally

ROW_LIST = ("table", "row", "person_id", "status", "effect", "column", "value", "reason", "remedy")
CENTRES_SHOWN = 12
EXAMPLES = 3
SPREADSHEET_FORMULA = ("=", "+", "-", "@", "\t")


def write_report(registry: Registry, path: Path) -> Path:
    """Write the page and, beside it, ``NAME.rows.csv`` with every row that is not plainly accepted.

    Returns
    -------
    Path
        The list of rows.
    """
    rows = path.with_name(f"{path.stem}.rows.csv")
    page = report_page(registry, rows_name=rows.name)
    path.write_text(page, encoding="utf-8")
    write_rows(registry, rows)
    return rows


def report_page(registry: Registry, *, rows_name: str) -> str:
    """Return the HTML page: a sentence to forward, missingness, IgM by age, centres, reasons.

    Parameters
    ----------
    registry : Registry
    rows_name : str
        Name of the list of rows, for the link.
    """
    import jinja2

    from sigm_bayes.plots.registry_levels import registry_levels_svg

    source = files("sigm_bayes.report").joinpath("registry_report.html.j2").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    tallies = [("people", registry.people)] + ([("samples", registry.measured)] if registry.measured else [])
    return environment.from_string(source).render(
        summary=summary(registry),
        tallies=[
            {
                "name": name,
                "file": tally.table.path.name,
                "counts": tally.counts(),
                "rows": tally.rows,
                "notes": tally.table.notes,
                "reasons": list(_reasons(tally)),
            }
            for name, tally in tallies
        ],
        levels=registry_levels_svg(registry) if registry.size else None,
        centres=centre_rows(registry),
        known=known_table(registry),
        rows_name=rows_name,
        sources=[line for source in registry.sources for line in source.lines()],
    )


def summary(registry: Registry) -> str:
    """Return what became of the tables, in sentences that can be forwarded as they are."""
    said = []
    tallies = [registry.people] + ([registry.measured] if registry.measured else [])
    for tally in tallies:
        counts = tally.counts()
        shares = {name: f"{counts[name]:,} ({_percent(counts[name], tally.rows)})" for name in STATUSES}
        said.append(
            f"Of {counted(tally.rows, 'row')} in {tally.table.path.name}, {shares['accepted']} can be used "
            f"as they are, {shares['caution']} with caution, and {shares['rejected']} cannot be used."
        )
        main = _main_reasons(tally)[:3]
        if main:
            listed = "; ".join(f"{says}: {counted(n, 'row')}" for says, n in main)
            said.append(f"The most frequent reasons: {listed}.")
    igm = int(np.count_nonzero(registry.samples["analyte"] == 0))
    said.append(f"What can be used holds {_people(registry.size)} with {counted(igm, 'IgM result')}.")
    return " ".join(said)


def _main_reasons(tally: Tally) -> list[tuple[str, int]]:
    """Return each kind of issue over all its columns, in words, with its number of rows; the most frequent first."""
    rows: dict[str, list[Any]] = {}
    columns: dict[str, list[str]] = {}
    for issue in tally.account.issues:
        if KINDS[issue.kind].effect != "note":
            rows.setdefault(issue.kind, []).append(issue.rows)
            columns.setdefault(issue.kind, []).extend([issue.column] if issue.column else [])
    found = [
        (
            f"{KINDS[kind].says}{f' ({", ".join(columns[kind][:5])})' if columns[kind] else ''}",
            np.unique(np.concatenate(r)).size,
        )
        for kind, r in rows.items()
    ]
    if tally.table.unreadable:
        found.append((KINDS[tally.table.unreadable_kind].says, len(tally.table.unreadable)))
    return sorted(found, key=lambda entry: -entry[1])


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count:,} people"


def _percent(part: int, whole: int) -> str:
    return f"{100.0 * part / whole:.1f}%" if whole else "0%"


def _reasons(tally: Tally) -> Iterator[dict[str, Any]]:
    """Yield each reason with its number of rows and the most frequent offending texts."""
    for kind, column, count in tally.reasons():
        texts: dict[str, int] = {}
        for issue in tally.account.issues:
            if (issue.kind, issue.column) == (kind, column) and issue.values is not None:
                codes, numbers = np.unique(issue.values.codes[issue.rows], return_counts=True)
                top = np.argsort(-numbers, kind="stable")[:EXAMPLES]
                texts |= {issue.values.words[codes[i]][:40]: int(numbers[i]) for i in top}
        entry = KINDS[kind]
        personal = kind in {"duplicate_row", "repeated_person", "unknown_person", "conflicting_person"}
        examples = [] if personal else [f"{text} ({number:,})" for text, number in texts.items()]
        yield {
            "effect": entry.effect.replace("_", " "),
            "says": entry.says,
            "column": column,
            "count": count,
            "remedy": entry.remedy,
            "examples": examples,
        }


def centre_rows(registry: Registry) -> list[dict[str, Any]]:
    """Return one summary a centre, the largest first, and one of all people."""
    from sigm_bayes.plots.registry_levels import below_limit, first_igm
    from sigm_bayes.reference import load_curves

    if not registry.size:
        return []
    level, censored = first_igm(registry)
    below = below_limit(registry, load_curves()["IgM"])
    person, analyte = registry.samples["person"], registry.samples["analyte"]
    igg = np.zeros(registry.size, dtype=bool)
    igg[person[analyte == 1]] = True
    groups = [("all", np.ones(registry.size, dtype=bool))] + [
        (name, registry.centre == i) for i, name in _largest(registry)
    ]
    if registry.centres and (registry.centre < 0).any():
        groups.append(("not known", registry.centre < 0))
    return [
        {
            "centre": name,
            "people": int(here.sum()),
            "age": f"{np.median(registry.age_years[here]):.0f}",
            "female": _percent(int((registry.sex[here] == 0).sum()), int((registry.sex[here] >= 0).sum())),
            "igm": f"{np.median(level[here]):.0f}",
            "limits": _percent(int(censored[here].sum()), int(here.sum())),
            "below": _percent(int(below[here].sum()), int(here.sum())),
            "igg": _percent(int(igg[here].sum()), int(here.sum())),
            "labelled": _percent(int((registry.label[here] >= 0).sum()), int(here.sum())),
        }
        for name, here in groups
        if here.any()
    ]


def _largest(registry: Registry) -> list[tuple[int, str]]:
    sizes = np.bincount(registry.centre[registry.centre >= 0], minlength=len(registry.centres))
    return [(int(i), registry.centres[i]) for i in np.argsort(-sizes, kind="stable")]


def known_table(registry: Registry) -> dict[str, Any]:
    """Return the share of people in whom each item is known: all, and the largest centres; and items nobody has."""
    size = registry.size
    columns: list[tuple[str, Any]] = [("sex", registry.sex >= 0), ("label", registry.label >= 0)]
    person, analyte = registry.samples["person"], registry.samples["analyte"]
    for i, name in enumerate(("IgG", "IgA"), start=1):
        there = np.zeros(size, dtype=bool)
        there[person[analyte == i]] = True
        columns.append((name, there))
    for name, known in (("date of IgM", "date_low"), ("laboratory's reference interval of IgM", "reference_low")):
        there = np.zeros(size, dtype=bool)
        there[person[(analyte == 0) & ~np.isnan(registry.samples[known])]] = True
        columns.append((name, there))
    for name in ("igg_status", "iga_status", "on_immunoglobulin", "known_inborn_error", "no_significant_infection"):
        columns.append((name, getattr(registry, name) >= 0))
    columns.append(("first day of replacement", ~np.isnan(registry.immunoglobulin_started_low)))
    columns.append(("gestational_weeks", ~np.isnan(registry.gestational_weeks)))
    for name, entries in (("course of an exposure", "exposures"), ("description of an invasive infection", "episodes")):
        there = np.zeros(size, dtype=bool)
        there[getattr(registry, entries)["person"]] = True
        columns.append((name, there))
    for ids, states, least in (
        (registry.finding_ids, registry.findings, 0),
        (registry.union_ids, registry.unions, 0),
        (registry.cause_ids, registry.causes, 0),
        (registry.test_ids, registry.tests, 2),
    ):
        columns += [(id, states[:, k] >= least) for k, id in enumerate(ids)]
    centres = _largest(registry)[:CENTRES_SHOWN]
    rows, nobody = [], []
    for name, known in columns:
        if not known.any():
            nobody.append(name)
            continue
        cells = [known] + [known[registry.centre == i] for i, _ in centres]
        rows.append({"name": name, "shares": [float(cell.mean()) if cell.size else 0.0 for cell in cells]})
    left = max(len(registry.centres) - CENTRES_SHOWN, 0)
    return {"centres": ["all", *(name for _, name in centres)], "rows": rows, "nobody": nobody, "left": left}


def write_rows(registry: Registry, path: Path) -> None:
    """Write every row that is not accepted without remark, a line for every reason; notes are left out.

    A text that a spreadsheet would run as a formula is written after an apostrophe.
    """
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(ROW_LIST)
        for name, tally in (("people", registry.people), ("samples", registry.measured)):
            if tally is not None:
                writer.writerows(_row_lines(name, tally))


def _row_lines(name: str, tally: Tally) -> Iterator[tuple[Any, ...]]:
    entry = KINDS[tally.table.unreadable_kind]
    for number, text in tally.table.unreadable:
        yield name, number, "", "rejected", "rejected", "", _safe(text), entry.says, entry.remedy
    for issue in tally.account.issues:
        entry = KINDS[issue.kind]
        if entry.effect == "note":
            continue
        records, status = tally.table.records[issue.rows], tally.account.status[issue.rows]
        ids = None if tally.person is None else tally.table.columns[tally.person]
        for i, row in enumerate(issue.rows.tolist()):
            who = "" if ids is None else _safe(ids.text(row))
            state = STATUSES[status[i]]
            value = _safe(issue.text(i))
            yield name, int(records[i]), who, state, entry.effect, issue.column, value, entry.says, entry.remedy


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(SPREADSHEET_FORMULA) else text
