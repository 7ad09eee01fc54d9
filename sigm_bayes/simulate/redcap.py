"""A registry as the export of the published REDCap project, with its data dictionary."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.errors import InputError, Problem
from sigm_bayes.registry.redcap.dictionary import dictionary_text, with_more
from sigm_bayes.registry.redcap.fields import RECORD, REPEATED, TICKED, Field
from sigm_bayes.registry.redcap.read import INSTANCE, INSTRUMENT, SITE
from sigm_bayes.simulate.options import Options
from sigm_bayes.simulate.registry import Registry
from sigm_bayes.simulate.tables import MARK, Table, registry_table, samples_table
from sigm_bayes.simulate.writing import _refuse_to_replace as refuse_to_replace

EXPORT, DICTIONARY = "redcap_export.csv", "redcap_dictionary.csv"
COMPLETE = "2"
"""State of an instrument that REDCap shows in green."""


def redcap_files(registry: Registry, *, catalogue: Catalogue, options: Options) -> dict[str, str]:
    """Return file name and text of the export of a simulated registry and of its data dictionary."""
    people = registry_table(registry, catalogue=catalogue)
    samples = samples_table(registry, catalogue=catalogue)
    mark = Field(MARK, "person", "text", "Synthetic: describes no real person", MARK)
    text = export_text(people, samples, catalogue=catalogue, ticked=options.records["tick_boxes"], more=(mark,))
    return {EXPORT: text, DICTIONARY: dictionary_text(catalogue, more=(mark,))}


def export_text(
    people: Table,
    samples: Table,
    *,
    catalogue: Catalogue,
    ticked: Collection[str] = (),
    more: Sequence[Field] = (),
    labels: bool = False,
) -> str:
    """Return standard tables as the CSV export of a REDCap project with the published data dictionary.

    The first row of a person is the row of the record; every label and every described episode of invasive infection,
    also of further rows of the person, becomes a row of its repeating instrument, and so does every sample.

    Parameters
    ----------
    people, samples : Table
        Column to cells, with the standard names.
    catalogue : Catalogue
    ticked : collection of str
        Findings and causes of which only the box was ticked.
    more : sequence of Field
        Further fields of the first instrument.
    labels : bool
        Labels in header and cells instead of the raw codes.

    Raises
    ------
    InputError
        A further row of a person says anything but a label or an episode.
    """
    export = _Export(with_more(catalogue, more), frozenset(ticked), labels)
    rows = export.rows(people, samples)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(export.header())
    writer.writerows([row.get(key, "") for key in export.keys] for row in rows)
    return stream.getvalue()


class _Export:
    """Fields of the project and how their cells are written."""

    def __init__(self, fields: list[Field], ticked: frozenset[str], labels: bool) -> None:
        self.fields, self.ticked, self.labels = fields, ticked, labels
        self.forms = list(dict.fromkeys(field.form for field in fields))
        self.titles: dict[str, str] = {}
        for form in self.forms:
            for field in (field for field in fields if field.form == form):
                if field.kind == "checkbox":
                    boxes = {f"{field.name}___{c.code}": f"{field.label} (choice={c.label})" for c in field.choices}
                    self.titles |= boxes
                else:
                    self.titles[field.name] = field.label
                if field.name == RECORD:
                    self.titles |= {INSTRUMENT: "Repeat Instrument", INSTANCE: "Repeat Instance"}
            self.titles[f"{form}_complete"] = "Complete?"
        self.keys = list(self.titles)

    def header(self) -> list[str]:
        return list(self.titles.values()) if self.labels else self.keys

    def rows(self, people: Table, samples: Table) -> list[dict[str, str]]:
        """Return the rows of the export, those of a record together."""
        by_person: dict[str, list[dict[str, str]]] = {}
        for row in _records(people):
            rows = by_person.setdefault(row[RECORD], [])
            if not rows:
                rows.append(self._record(row))
            else:
                self._nothing_else(row)
            for form in REPEATED[:2]:
                self._add(rows, row, form)
        for row in _records(samples):
            rows = by_person.setdefault(row[RECORD], [self._record({RECORD: row[RECORD]})])
            self._add(rows, row, REPEATED[2])
        return [row for rows in by_person.values() for row in rows]

    def _record(self, row: Mapping[str, str]) -> dict[str, str]:
        """Return the row of the record itself: every instrument that is not repeated."""
        out = {RECORD: row[RECORD]}
        for field in (field for field in self.fields if field.form not in REPEATED):
            out |= self._cells(field, row)
            out[f"{field.form}_complete"] = "Complete" if self.labels else COMPLETE
        return out

    def _add(self, rows: list[dict[str, str]], row: Mapping[str, str], form: str) -> None:
        """Add a row of a repeating instrument where anything of it is said."""
        cells: dict[str, str] = {}
        for field in (field for field in self.fields if field.form == form):
            cells |= self._cells(field, row)
        if not any(row.get(field.column) for field in self.fields if field.form == form):
            return
        name = form.replace("_", " ").title() if self.labels else form
        number = 1 + sum(other.get(INSTRUMENT) == name for other in rows)
        done = {f"{form}_complete": "Complete" if self.labels else COMPLETE}
        rows.append({RECORD: row[RECORD], INSTRUMENT: name, INSTANCE: str(number), **cells, **done})

    def _cells(self, field: Field, row: Mapping[str, str]) -> dict[str, str]:
        on, off = ("Checked", "Unchecked") if self.labels else ("1", "0")
        if field.name in TICKED.values():
            words = {choice.word for choice in field.choices if row.get(choice.word) == "1"} & self.ticked
            return {f"{field.name}___{c.code}": on if c.word in words else off for c in field.choices}
        said = row.get(field.column, "")
        if field.name == SITE:
            sites = {part.strip() for part in said.split(";")}
            return {f"{field.name}___{c.code}": on if c.word in sites else off for c in field.choices}
        if field.column in self.ticked:
            return {}
        for choice in field.choices:
            if said == choice.word:
                return {field.name: choice.label if self.labels else choice.code} if said else {}
        return {field.name: said}

    def _nothing_else(self, row: Mapping[str, str]) -> None:
        """Refuse a further row of a person that says more than a repeating instrument holds."""
        once = [f.column for f in self.fields if f.form not in REPEATED and f.column not in {"", RECORD}]
        problems = [
            Problem(name, row[name], f"stands in a further row of person {row[RECORD]}", "Put it into the first row.")
            for name in once
            if row.get(name)
        ]
        if problems:
            raise InputError(problems)


def _records(table: Table) -> list[dict[str, str]]:
    """Return the rows of a table."""
    names = list(table)
    return [dict(zip(names, cells, strict=True)) for cells in zip(*table.values(), strict=True)]


def write_redcap(registry: Registry, folder: Path, *, catalogue: Catalogue, options: Options) -> list[Path]:
    """Write the export of a simulated registry and its data dictionary.

    Parameters
    ----------
    folder : Path
        Made if it is not there. Earlier synthetic files in it are replaced.

    Returns
    -------
    list of Path

    Raises
    ------
    InputError
        If a file of the same name is there that is not synthetic; then nothing is written.
    """
    texts = redcap_files(registry, catalogue=catalogue, options=options)
    folder.mkdir(parents=True, exist_ok=True)
    refuse_to_replace(folder, list(texts))
    written = []
    for name, text in texts.items():
        (folder / name).write_bytes(text.encode())
        written.append(folder / name)
    return written
