"""A mapping proposed from the names and values of a table; whatever is unsure is a comment with its reason."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from sigm_bayes.registry import mapping as m
from sigm_bayes.registry.dates import end_of_data, read_date
from sigm_bayes.registry.mapping_file import invasive_ids
from sigm_bayes.registry.propose_names import ANY_INFECTION, MORE_LABELS, NAMES
from sigm_bayes.registry.results import Printed, decimal_sign, read_printed
from sigm_bayes.registry.standard import COURSE, INVASIVE, standard_unions
from sigm_bayes.registry.tables import Column, Table
from sigm_bayes.units import canonical_unit

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue

_MEDIANS = {"igm": 90.0, "igg": 1050.0, "iga": 190.0}
_UNIT_IN_NAME = re.compile(r"(mg_dl|g_l|mg_l|g_dl|mg_ml)$")
_SHOWN_WORDS = 8


def propose_mapping(table: Table, *, catalogue: Catalogue, samples: Table | None = None) -> str:
    """Return a mapping file for the tables.

    Parameters
    ----------
    table : Table
        Of people or visits.
    catalogue : Catalogue
        Ids of findings, causes, tests, settings and contexts.
    samples : Table, optional
        One result a row.

    Returns
    -------
    str
        TOML.  A line that is not sure is a comment and says why; columns that are not used are listed.
    """
    proposal = _Proposal(table, samples, catalogue)
    return proposal.text()


class _Proposal:
    def __init__(self, table: Table, samples: Table | None, catalogue: Catalogue) -> None:
        self.table, self.samples, self.catalogue = table, samples, catalogue
        self.plain = {_plain(name): name for name in reversed(table.header)}
        self.used: set[str] = set()

    def text(self) -> str:
        parts = [
            f"# Proposed from {self.table.path.name}. Lines with # in front are not sure: uncomment what is right.",
            f'format = "{m.FORMAT}"',
            "",
            *self._file(),
            *self._person(),
            *self._results(),
            *self._states("findings"),
            *self._unions(),
            *self._invasive(),
            *self._states("causes"),
            *self._tests(),
            *self._samples(),
        ]
        left = [name for name in self.table.header if name not in self.used]
        if left:
            parts += ["# Columns that are not used:", *(f"#   {_quote(name)}" for name in left)]
        return "\n".join(parts) + "\n"

    def _find(self, role: str) -> Column | None:
        for name in NAMES[role]:
            if name in self.plain and self.plain[name] not in self.used:
                self.used.add(self.plain[name])
                return self.table.columns[self.plain[name]]
        return None

    def _file(self) -> list[str]:
        lines = ["[file]"]
        columns = list(self.table.columns.values()) + (list(self.samples.columns.values()) if self.samples else [])
        dmy = mdy = unclear = short = late = 0
        today = end_of_data(None)
        for column in columns:
            if not _date_like(column.name):
                continue
            for word in column.words:
                found = read_date(word, order=None, until=None, years=(1800, 2200))
                if found == "date_ambiguous":
                    unclear += 1
                elif found == "date_two_digit_year":
                    short += 1
                elif not isinstance(found, str) and found[0] >= today:
                    late += 1
                elif not isinstance(found, str) and (match := re.match(r"(\d{1,2})[-/](\d{1,2})[-/]\d{4}", word)):
                    dmy += int(match[1]) > 12
                    mdy += int(match[2]) > 12
        if unclear:
            likely = "dmy" if dmy >= mdy else "mdy"
            lines.append(f'# date_order = "{likely}"  # {unclear} dates can be day/month or month/day; of the others')
            lines.append(f"#   {dmy} can only be day/month and {mdy} only month/day")
        if short:
            lines.append(f"# two_digit_years_until = 2026  # {short} dates have years of two digits")
        if late:
            lines.append(f"# {late} dates lie in the future and will not be used: correct them. If the clock is wrong:")
            lines.append('# data_until = "2026-11-30"')
        return [*lines, ""]

    def _person(self) -> list[str]:
        lines = ["[person]"]
        for role in m.PLAIN:
            column = self._find(role)
            if column is not None:
                lines.append(f"{role} = {_quote(column.name)}")
        usual: dict[str, dict[str, tuple[str, ...]]] = {
            "sex": m.SEX_WORDS,
            "setting": {id: (id,) for id in self.catalogue.ids("setting")},
            "label": {id: (id,) for id in m.LABELS},
            "igg_status": m.STATUS_WORDS,
            "iga_status": m.STATUS_WORDS,
        }
        for role, words in usual.items():
            column = self._find(role)
            if column is not None:
                lines += _choice_lines(role, column, words)
            elif role == "setting":
                lines.append(f'# setting = {{ fixed = "hospital" }}  # no column found; {" | ".join(words)}')
        for role in m.SWITCHES:
            column = self._find(role)
            if column is not None:
                lines += _state_lines(role, column)
        more = []
        for plain, name in self.plain.items():
            if re.fullmatch(MORE_LABELS, plain) and name not in self.used:
                date = self.plain.get(f"{plain}_date")
                self.used |= {name, *([date] if date else [])}
                more.append(f"{{ column = {_quote(name)}{f', date = {_quote(date)}' if date else ''} }}")
        if more:
            lines.append(f"more_labels = [{', '.join(more)}]")
        return [*lines, ""]

    def _unions(self) -> list[str]:
        """Return questions over several findings: ours by their names, others as a comment."""
        lines = ["[unions]"]
        for id, members in standard_unions(self.catalogue).items():
            listed = ", ".join(_quote(member) for member in members)
            names = ANY_INFECTION if id == ANY_INFECTION[0] else (id,)
            name = next((self.plain[n] for n in names if n in self.plain and self.plain[n] not in self.used), None)
            if name is None or not _states_like(self.table.columns[name]):
                continue
            line = f"{id} = {{ column = {_quote(name)}, of = [{listed}] }}"
            if _plain(name) == id:
                self.used.add(name)
                lines.append(line)
            else:
                lines.append(f"# {line}  # {_quote(name)} may ask for any infection")
        return [*lines, ""] if len(lines) > 1 else []

    def _invasive(self) -> list[str]:
        lines = ["[invasive]"]
        for name, ids in zip(INVASIVE, invasive_ids(self.catalogue), strict=True):
            column = self._find(f"invasive_{name}")
            if column is not None:
                lines += _choice_lines(name, column, {id: (id,) for id in ids} | {"unknown": m.UNKNOWN})
        return [*lines, ""] if len(lines) > 1 else []

    def _course(self, id: str) -> str:
        """Return the entries of the course of an exposure, from columns such as ``clozapine_last_dose``."""
        found = {end: self.plain[f"{id}_{end}"] for end in COURSE if f"{id}_{end}" in self.plain}
        self.used |= set(found.values())
        return "".join(f", {end} = {_quote(name)}" for end, name in found.items())

    def _results(self) -> list[str]:
        lines = []
        for analyte in ("igm", "igg", "iga"):
            names = [plain for plain in self.plain if re.fullmatch(rf"(serum_|s_)?{analyte}(_value|_result)?", plain)]
            names += [plain for plain in self.plain if plain.startswith(analyte) and _UNIT_IN_NAME.search(plain)]
            if not names:
                continue
            column = self.table.columns[self.plain[names[0]]]
            self.used.add(column.name)
            lines += [f"[results.{analyte}]", f"column = {_quote(column.name)}"]
            lines += self._unit(analyte, column)
            for role in ("date", "context"):
                own = self.plain.get(f"{analyte}_{role}")
                found = self.table.columns[own] if own else (self._find(role) if analyte == "igm" else None)
                if found is not None:
                    self.used.add(found.name)
                    lines.append(f"{role} = {_quote(found.name)}")
            for role in ("reference_low", "reference_high", "reference"):
                own = next((self.plain[n] for n in (f"{analyte}_{r}" for r in NAMES[role]) if n in self.plain), None)
                if own is not None:
                    self.used.add(own)
                    lines.append(f"{role} = {_quote(own)}")
            lines.append("")
        return lines

    def _unit(self, analyte: str, column: Column) -> list[str]:
        """Return the unit from a column beside, from the name, or (not sure) from the values."""
        for name in (f"{analyte}_unit", f"{analyte}_units", *NAMES["unit"]):
            if name in self.plain:
                self.used.add(self.plain[name])
                return [f"unit_column = {_quote(self.plain[name])}"]
        match = _UNIT_IN_NAME.search(_plain(column.name))
        named = canonical_unit(match[1].replace("_", "/")) if match else None
        if named:
            return [f"unit = {_quote(named)}"]
        values = _numbers(column)
        if not values.size:
            return ["# unit = ...  # no unit is stated and no value can be read"]
        middle = float(np.median(values))
        unit = min(("mg/dL", "g/L", "mg/L"), key=lambda u: abs(np.log(middle * _factor(u) / _MEDIANS[analyte])))
        return [f"# unit = {_quote(unit)}  # no unit is stated; the median of {middle:g} looks like {unit}"]

    def _states(self, part: str) -> list[str]:
        ids: Iterable[str]
        if part == "findings":
            ids = (*self.catalogue.ids("finding"), *(flag.id for flag in self.catalogue.invasive.flags))
        else:
            ids = (cause.id for cause in self.catalogue.causes if cause.recordable)
        kind = "finding" if part == "findings" else "cause"
        lines, known = [f"[{part}]", "# add asked = true where everybody was asked: until then 0 is unknown"], set(ids)
        for id in sorted(known):
            if id in self.plain:
                self.used.add(self.plain[id])
                course = self._course(id) if part == "causes" else ""
                lines += _state_lines(id, self.table.columns[self.plain[id]], more=course)
        for plain, name in self.plain.items():
            if name in self.used or len(plain) < 4:
                continue
            near = self.catalogue.suggest(kind, plain)  # type: ignore[arg-type]
            column = self.table.columns[name]
            if near is not None and near in known and near not in self.plain and _states_like(column):
                lines.append(f"# {near} = {{ column = {_quote(name)} }}  # the name {_quote(name)} may mean {near}")
        return [*lines, ""] if len(lines) > 2 else []

    def _tests(self) -> list[str]:
        lines = ["[tests]"]
        for id in self.catalogue.ids("test"):
            if id in self.plain:
                self.used.add(self.plain[id])
                lines += _choice_lines(id, self.table.columns[self.plain[id]], m.TEST_STATES)
        return [*lines, ""] if len(lines) > 1 else []

    def _samples(self) -> list[str]:
        if self.samples is None:
            return []
        lines, plain = ["[samples]"], {_plain(name): name for name in self.samples.header}
        for role in ("person_id", "analyte", "value", "unit", "date", "context", "reference_low", "reference_high"):
            name = next((plain[name] for name in NAMES[role] if name in plain), None)
            if name is None:
                if role in {"person_id", "analyte", "value", "unit"}:
                    lines.append(f"# {role} = ...  # no column found; there are {', '.join(self.samples.header)}")
                continue
            key = "unit_column" if role == "unit" else role
            lines.append(f"{key} = {_quote(name)}")
        return [*lines, ""]


def _plain(name: str) -> str:
    return "_".join(re.findall(r"[a-z0-9]+", name.lower()))


def _quote(text: str) -> str:
    """Return a text as TOML writes it."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _date_like(name: str) -> bool:
    return any(word in _plain(name) for word in ("date", "datum", "dob", "birth", "geburt"))


def _factor(unit: str) -> float:
    return {"mg/dL": 1.0, "g/L": 100.0, "mg/L": 0.1}[unit]


def _numbers(column: Column) -> np.ndarray:
    decimal = decimal_sign(column.words)
    read = [read_printed(word, decimal=decimal) for word in column.words]
    values = np.array([float(p.value) if isinstance(p, Printed) else np.nan for p in read])[column.codes]
    return np.asarray(values[np.isfinite(values) & (values > 0)])


def _words(column: Column) -> list[str]:
    blank = column.blank
    codes, counts = np.unique(column.codes[~blank], return_counts=True)
    return [column.words[i] for i in codes[np.argsort(-counts, kind="stable")]]


def _states_like(column: Column) -> bool:
    words = {word.lower() for word in _words(column)}
    return 0 < len(words) <= 4 and bool(words & {*m.PRESENT, *m.ABSENT, "ja", "oui", "si"})


def _unread(column: Column, known: Iterable[str]) -> list[str]:
    """Return the words of a column that the usual lists do not hold."""
    usual = set(known)
    return [word for word in _words(column) if word.lower() not in usual]


def _state_lines(id: str, column: Column, *, more: str = "") -> list[str]:
    odd = _unread(column, (*m.PRESENT, *m.ABSENT, *m.UNKNOWN))
    lines = [f"{id} = {{ column = {_quote(column.name)}{more} }}"]
    if odd:
        shown = ", ".join(_quote(word) for word in odd[:_SHOWN_WORDS])
        lines.append(f"#   words that would be unknown: {shown}; say present = [...], absent = [...] in the line above")
    return lines


def _choice_lines(role: str, column: Column, usual: dict[str, tuple[str, ...]]) -> list[str]:
    odd = _unread(column, (word for words in usual.values() for word in words))
    lines = [f"{role} = {{ column = {_quote(column.name)} }}"]
    if odd:
        shown = ", ".join(_quote(word) for word in odd[:_SHOWN_WORDS])
        lines.append(f"#   words that would be unknown: {shown}; add lists to the line above, for {' | '.join(usual)}")
    return lines
