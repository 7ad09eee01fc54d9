"""A REDCap export (raw or with labels) -> the table of people and the table of samples."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.errors import InputError, Problem
from sigm_bayes.registry.issues import BoolArray
from sigm_bayes.registry.mapping import Mapping, read_mapping
from sigm_bayes.registry.people import Registry
from sigm_bayes.registry.redcap.fields import RECORD, REPEATED, TICKED, Choice, Field, redcap_fields
from sigm_bayes.registry.standard import standard_mapping, standard_unions
from sigm_bayes.registry.tables import Column, Table, combined, open_table

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue

INSTRUMENT, INSTANCE, EVENT = "redcap_repeat_instrument", "redcap_repeat_instance", "redcap_event_name"
GROUP = "redcap_data_access_group"
OWN_LABELS = {
    "repeat instrument": INSTRUMENT,
    "repeat instance": INSTANCE,
    "event name": EVENT,
    "data access group": GROUP,
}
"""Columns that REDCap adds, as an export with labels names them."""
ON = frozenset({"1", "checked"})
SITE = "invasive_site"
SAMPLE = "sample"
"""The repeating instrument of results."""


def read_redcap(path: Path, *, mapping: Path | Mapping | None = None, catalogue: Catalogue | None = None) -> Registry:
    """Read the export of a REDCap project.

    Rows of repeating instruments stand below the row of their record; each is accounted for.  A row that is no sample
    is read as a visit of the record: it may hold another diagnosis, or an episode of invasive infection.

    Parameters
    ----------
    path : Path
        CSV, raw or with labels; also with labels as header.
    mapping : Path or Mapping, optional
        For a project with a data dictionary of its own: which column of the export is what, checkboxes as
        ``field___1``.  Every row that has a mapped value of [samples] is a sample; if it is not of a repeating
        instrument it is a row of its record too.  Without a mapping the project has the fields of
        ``sigm registry template --redcap``.
    catalogue : Catalogue, optional
        Default: that of the shipped model.

    Raises
    ------
    InputError
        The file is no export, or has no field of the published data dictionary.
    """
    from sigm_bayes.catalogue import default_catalogue
    from sigm_bayes.registry.read import build_registry

    known = catalogue or default_catalogue()
    export = open_table(path, number_twins=True)
    if mapping is not None:
        people, samples, said = _mapped(export, mapping, known)
    else:
        people, samples = redcap_tables(export, catalogue=known)
        people = people.without([id for id in standard_unions(known) if _nobody(people, id)])
        try:
            said = standard_mapping(known, header=people.header, samples_header=samples.header)
        except ValueError as error:
            remedy = "Export all instruments, or give a mapping of your own fields."
            raise InputError([Problem(str(path), None, f"lacks fields that are needed: {error}", remedy)]) from None
    return build_registry(people, said, samples=samples, catalogue=known)


def _nobody(table: Table, name: str) -> bool:
    """Return whether a column says nothing of anybody."""
    return name in table.columns and bool(table.columns[name].blank.all())


def _mapped(export: Table, mapping: Path | Mapping, catalogue: Catalogue) -> tuple[Table, Table | None, Mapping]:
    """Return people and samples of a project with fields of its own."""
    header = export.header
    if isinstance(mapping, Path):
        mapping = read_mapping(mapping, catalogue=catalogue, header=header, samples_header=header, samples_needed=False)
    if mapping.samples is None:
        return export, None, mapping
    repeated = _repeated(export)
    value, analyte = mapping.samples.result.column, mapping.samples.analyte.column
    sampled = ~export.columns[value].blank
    if analyte is not None:
        sampled |= ~export.columns[analyte].blank
    return export.take(~(sampled & repeated)), export.take(sampled, whole=False), mapping


def _repeated(export: Table) -> BoolArray:
    """Return which rows are of a repeating instrument, shape (row,)."""
    names = {OWN_LABELS.get(name.lower(), name): name for name in export.header}
    if INSTRUMENT not in names:
        return np.zeros(export.rows, dtype=bool)
    return ~export.columns[names[INSTRUMENT]].blank


def redcap_tables(export: Table, *, catalogue: Catalogue) -> tuple[Table, Table]:
    """Return the standard tables of people and of samples of an export of the published project."""
    found = _Export(export, catalogue)
    instrument = found.instrument()
    strange = np.array([bool(w) and w not in found.forms for w in instrument.words], dtype=bool)[instrument.codes]
    sampled = np.array([w == SAMPLE for w in instrument.words], dtype=bool)[instrument.codes]
    people = ~sampled & ~strange
    visit = combined("visit", [found.own(name) for name in (EVENT, INSTRUMENT, INSTANCE)], export.rows)
    columns = found.columns(inside=False)
    columns |= {"visit": visit} | found.ticked(columns)
    group = found.own(GROUP)
    if group is not None and ("centre" not in columns or columns["centre"].blank.all()):
        columns["centre"] = group
    measured = found.columns(inside=True)
    if RECORD in columns:
        measured[RECORD] = columns[RECORD]
    set_aside = [
        (int(export.records[i]), f"instrument {instrument.text(int(i))}: none that is read")
        for i in np.flatnonzero(strange)
    ]
    whole = Table(
        export.path, tuple(columns), columns, export.records, export.unreadable, export.notes, export.unreadable_kind
    ).take(people)
    if set_aside:
        whole = whole.with_lost(set_aside)
    name = export.path.with_name(f"{export.path.name}, samples")
    table = Table(name, tuple(measured), measured, export.records, (), export.notes)
    return whole, table.take(sampled, whole=False)


@dataclass(frozen=True)
class _Export:
    """An export and where its fields are."""

    table: Table
    catalogue: Catalogue

    @property
    def forms(self) -> frozenset[str]:
        return frozenset(field.form for field in redcap_fields(self.catalogue)) | frozenset(REPEATED)

    @property
    def lower(self) -> dict[str, str]:
        """Names of the header in lower case."""
        return {name.lower(): name for name in reversed(self.table.header)}

    def columns(self, *, inside: bool) -> dict[str, Column]:
        """Return the standard columns that fields of the instrument of samples (or of all others) fill."""
        fields = [f for f in redcap_fields(self.catalogue) if f.column and (f.form == SAMPLE) == inside]
        found = {field.column: self.column(field) for field in fields}
        return {name: column for name, column in found.items() if column is not None}

    def own(self, name: str) -> Column | None:
        """Return a column that REDCap adds, by its raw name or its label."""
        labels = [name, *(label for label, own in OWN_LABELS.items() if own == name)]
        found = next((self.lower[label] for label in labels if label in self.lower), None)
        return None if found is None else self.table.columns[found]

    def instrument(self) -> Column:
        """Return the repeating instrument of every row, blank for the row of the record itself."""
        column = self.own(INSTRUMENT)
        if column is None:
            blank = np.zeros(self.table.rows, dtype=np.int32)
            return Column(INSTRUMENT, blank, ("",), np.zeros(self.table.rows, dtype=bool))
        return column.translated(lambda word: "_".join(word.lower().split()))

    def column(self, field: Field) -> Column | None:
        """Return the standard column that a field fills, None where the export has it not."""
        if field.kind == "checkbox":
            return self._sites(field) if field.column == SITE else None
        name = self.lower.get(field.name) or self.lower.get(field.label.lower())
        if name is None:
            return None
        column = self.table.columns[name]
        if field.choices:
            words = _words(field.choices)
            column = column.translated(lambda word: words.get(word.lower(), word))
        return column

    def box(self, field: Field, choice: Choice) -> BoolArray | None:
        """Return which rows have a box ticked, None where the export has not the box."""
        labelled = f"{field.label} (choice={choice.label})".lower()
        name = self.lower.get(f"{field.name}___{choice.code}") or self.lower.get(labelled)
        if name is None:
            return None
        column = self.table.columns[name]
        return column.each(lambda word: word.lower() in ON, bool)

    def _sites(self, field: Field) -> Column | None:
        """Return the ticked sites of each row as words joined by ``;``."""
        bits = np.zeros(self.table.rows, dtype=np.int64)
        there = False
        for k, choice in enumerate(field.choices):
            ticked = self.box(field, choice)
            if ticked is not None:
                there = True
                bits |= ticked.astype(np.int64) << k
        if not there:
            return None
        masks, codes = np.unique(bits, return_inverse=True)
        words = tuple(";".join(c.word for k, c in enumerate(field.choices) if mask >> k & 1) for mask in masks)
        return Column(SITE, codes.astype(np.int32), words, np.zeros(self.table.rows, dtype=bool))

    def ticked(self, columns: dict[str, Column]) -> dict[str, Column]:
        """Return the findings and causes that a ticked box makes present."""
        out = {}
        fields = {field.name: field for field in redcap_fields(self.catalogue)}
        for name in TICKED.values():
            field = fields[name]
            for choice in field.choices:
                box = self.box(field, choice)
                if box is not None and (box.any() or choice.word not in columns):
                    out[choice.word] = _with_ticks(choice.word, columns.get(choice.word), box)
        return out


def _words(choices: tuple[Choice, ...]) -> dict[str, str]:
    """Return the standard word of every code and label, in lower case."""
    return {text.lower(): choice.word for choice in choices for text in (choice.label, choice.word, choice.code)}


def _with_ticks(name: str, column: Column | None, box: NDArray[np.bool_]) -> Column:
    """Return a column of states that is present where the box is ticked and nothing else is said."""
    if column is None:
        return Column(name, box.astype(np.int32), ("", "1"), np.zeros(box.size, dtype=bool))
    codes = np.where(column.blank & box, len(column.words), column.codes).astype(np.int32)
    return Column(name, codes, (*column.words, "1"), column.repaired).translated(lambda word: word)
