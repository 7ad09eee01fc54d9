"""Reading a registry: tables and mapping in, validated people and samples out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.errors import InputError, Problem
from sigm_bayes.registry.ages import of_person
from sigm_bayes.registry.dates import end_of_data
from sigm_bayes.registry.formats import TABLES, read_format
from sigm_bayes.registry.issues import Account, BoolArray, IntArray
from sigm_bayes.registry.mapping import Choice, Mapping, read_mapping
from sigm_bayes.registry.measurements import Measurements, read_results
from sigm_bayes.registry.merge import merge
from sigm_bayes.registry.people import Registry, Tally
from sigm_bayes.registry.rows import Rows, read_rows, repeats
from sigm_bayes.registry.tables import Column, Table, open_table
from sigm_bayes.registry.unit_check import ANALYTES, believed, suspected_factor

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue

FloatArray = NDArray[np.float64]
WASHOUT_YEARS = 0.5
"""After the last dose of immunoglobulin IgG is the person's own again: more than six half-lives of about 4 weeks."""


def read_registry(
    path: Path | str,
    mapping: Path | Mapping | None = None,
    *,
    samples: Path | None = None,
    format: str | None = None,
    catalogue: Catalogue | None = None,
) -> Registry:
    """Read a registry export.

    Parameters
    ----------
    path : Path or str
        Table of people (or of visits): CSV or Parquet; or what another format is in.
    mapping : Path or Mapping
        Which column is what; see ``sigm registry template`` and ``sigm registry map``.  Other formats need none.
    samples : Path or str, optional
        Table of samples, one result a row.
    format : str, optional
        One of `sigm_bayes.registry.formats.FORMATS`; default: flat tables, told apart by their ending.
    catalogue : Catalogue, optional
        Default: that of the shipped model.

    Returns
    -------
    Registry
        Accepted people; its tallies account for every row of both tables.

    Raises
    ------
    InputError
        A file or the mapping cannot be used as a whole.  Bad rows are no error: they are accounted for.
    """
    from sigm_bayes.catalogue import default_catalogue

    known = catalogue or default_catalogue()
    if format is not None and format not in TABLES:
        if samples is not None:
            raise InputError([Problem("samples", str(samples), f"{format} has its own samples", "Leave it out.")])
        return read_format(path, format, mapping=mapping, catalogue=known)
    if mapping is None:
        remedy = "Propose one: sigm registry map FILE --out mapping.toml"
        raise InputError([Problem("mapping", None, "missing: nothing says which column is what", remedy)])
    table = open_table(Path(path))
    measured = None if samples is None else open_table(Path(samples))
    if isinstance(mapping, Path):
        header = None if measured is None else measured.header
        mapping = read_mapping(mapping, catalogue=known, header=table.header, samples_header=header)
    return build_registry(table, mapping, samples=measured, catalogue=known)


def build_registry(table: Table, mapping: Mapping, *, samples: Table | None, catalogue: Catalogue) -> Registry:
    """Return the registry that two tables as read hold; the mapping fits their headers."""
    account = Account(table.rows)
    _note_repairs(table, mapping, account)
    rows = read_rows(table, mapping, catalogue=catalogue, account=account)
    reader = _Results(table, mapping, rows, account, catalogue)
    found = reader.wide()
    tally, owner = None, None
    if samples is not None and mapping.samples is not None:
        tally = Tally(samples, Account(samples.rows), mapping.samples.person_id)
        owner, listed = reader.long(samples, tally.account)
        found = Measurements.join([found, listed])
    people = Tally(table, account, mapping.person_id)
    merged = merge(rows, found, mapping=mapping, people=people, measured=tally, owner=owner, catalogue=catalogue)
    ids = {*catalogue.ids("finding"), *catalogue.ids("cause")}
    boxes = tuple(s.id for s in (*mapping.findings, *mapping.causes) if not s.asked and s.id in ids)
    return replace(merged, boxes=boxes)


def _note_repairs(table: Table, mapping: Mapping, account: Account) -> None:
    """Note every mapped cell in which a broken character was repaired."""
    for name in dict.fromkeys(column for _, column in mapping.columns()):
        column = table.columns[name]
        if column.repaired.any():
            account.add("text_repaired", column.repaired, column=name, values=column)


class _Results:
    """Reads the results of both tables; `row` of what it returns is always a row of the table of people."""

    def __init__(self, table: Table, mapping: Mapping, rows: Rows, account: Account, catalogue: Catalogue) -> None:
        self.table, self.mapping, self.rows = table, mapping, rows
        self.account, self.catalogue = account, catalogue

    def wide(self) -> Measurements:
        """Read the results that stand beside the person."""
        parts, used = [], ~self.account.rejected
        for result in self.mapping.results:
            parts.append(
                read_results(
                    self.table,
                    result,
                    analyte=ANALYTES.index(result.analyte),
                    rules=self.mapping.file,
                    catalogue=self.catalogue,
                    account=self.account,
                    wanted=used,
                )
            )
        if not parts:
            return _nothing()
        found = Measurements.join(parts)
        columns = {ANALYTES.index(r.analyte): self.table.columns[r.column] for r in self.mapping.results}

        def note(kind: str, entries: BoolArray) -> None:
            for analyte, column in columns.items():
                rows = np.zeros(self.table.rows, dtype=bool)
                rows[found.row[entries & (found.analyte == analyte)]] = True
                self.account.add(kind, rows, column=column.name, values=column)

        group = np.unique(found.row, return_inverse=True)[1]
        return self._checked(found, found.row, group, note)

    def long(self, samples: Table, account: Account) -> tuple[IntArray, Measurements]:
        """Read the table of samples and join it to the people: the row of each one's person, and the results."""
        said = self.mapping.samples
        assert said is not None
        assert self.mapping.person_id is not None
        aged = ~np.isnan(self.rows.age_given) | ~np.isnan(self.rows.birth_low)
        ids = self.table.columns[self.mapping.person_id]
        owner = _owners(ids, samples.columns[said.person_id], self.account, prefer=aged)
        names = list(dict.fromkeys(column for _, column in self.mapping.sample_columns()))
        ids = samples.columns[said.person_id]
        account.add("unknown_person", owner < 0, column=ids.name, values=ids)
        account.add("duplicate_row", repeats(samples, names, ~account.rejected), column=ids.name, values=ids)
        analyte = _analytes(samples, said.analyte, account)
        found = read_results(
            samples,
            said.result,
            analyte=analyte,
            rules=self.mapping.file,
            catalogue=self.catalogue,
            account=account,
            wanted=~account.rejected,
        )
        values = samples.columns[said.result.column]
        account.add("value_missing", values.blank & ~account.rejected, column=values.name)

        def note(kind: str, entries: BoolArray) -> None:
            rows = np.zeros(samples.rows, dtype=bool)
            rows[found.row[entries]] = True
            account.add(kind, rows, column=values.name, values=values)

        person = owner[found.row]
        day = np.nan_to_num(np.round(found.date * 366), nan=-1.0).astype(np.int64)
        group = np.unique(person * 1_000_000 + day, return_inverse=True)[1]
        kept = self._checked(found, person, group, note)
        unused = np.ones(samples.rows, dtype=bool)
        unused[kept.row] = False
        account.add("no_value", unused & ~account.rejected)
        return owner, replace(kept, row=owner[kept.row])

    def _checked(
        self, found: Measurements, row: IntArray, group: IntArray, note: Callable[[str, BoolArray], None]
    ) -> Measurements:
        """Leave out what is dated wrongly, in a doubtful unit, beyond belief, or not the person's own IgG."""
        rows = self.rows
        early = found.date_high <= rows.birth_low[row]
        note("before_birth", early)
        late = found.date_low >= end_of_data(self.mapping.file.data_until)
        note("sample_in_future", late)
        age = found.date - (rows.birth_low[row] + rows.birth_high[row]) / 2
        age = np.where(np.isnan(age), rows.age_given[row], age)
        male = np.where(rows.sex[row] < 0, 0.5, rows.sex[row])
        found, doubtful = self._units(found, group, age, male, note)
        odd = ~believed(found, self.catalogue) & ~doubtful & ~early & ~late
        note("value_not_believed", odd)
        foreign = self._replaced(found, row) & (found.analyte == ANALYTES.index("IgG")) & ~early & ~late
        note("igg_on_replacement", foreign)
        usable = ~(early | late | doubtful | odd | foreign)
        again = _repeated(found, rows.person[row], usable)
        note("sample_repeated", again)
        return found.take(usable & ~again)

    def _replaced(self, found: Measurements, row: IntArray) -> BoolArray:
        """Return which results are of a person on immunoglobulin replacement at that time, shape (sample,).

        A sample dated before its first day, or `WASHOUT_YEARS` after its last, is the person's own.
        """
        rows = self.rows
        started = of_person(rows.replacement_started[0], rows.person)[row]
        stopped = of_person(rows.replacement_stopped[1], rows.person)[row]
        with np.errstate(invalid="ignore"):
            own = (found.date_high <= started) | (found.date_low >= stopped + WASHOUT_YEARS)
        on = of_person(np.where(rows.on_immunoglobulin < 0, np.nan, rows.on_immunoglobulin), rows.person)[row] == 1
        return ((on & ~own) | (found.context == self.catalogue.context_index("on_immunoglobulin"))).astype(bool)

    def _units(
        self,
        found: Measurements,
        group: IntArray,
        age: FloatArray,
        male: FloatArray,
        note: Callable[[str, BoolArray], None],
    ) -> tuple[Measurements, BoolArray]:
        """Return the results (converted where the mapping says so) and which are left out for their unit."""
        from sigm_bayes.reference import load_curves

        factor = suspected_factor(
            found, group, age_years=age, male=male, catalogue=self.catalogue, curves=load_curves()
        )
        factor = np.where(age < self.catalogue.limits.answered_from_years, 1.0, factor)  # rejected for their age
        suspected = factor != 1.0
        decision = self.mapping.file.suspected_units
        kinds = {"leave_out": "unit_suspected", "keep": "unit_suspected_kept", "convert": "unit_converted"}
        note(kinds[decision], suspected)
        if decision == "convert":
            scaled = ("value", "step", "reference_low", "reference_high")
            found = replace(found, **{name: np.round(getattr(found, name) * factor, 9) for name in scaled})
        return found, suspected if decision == "leave_out" else np.zeros(suspected.size, dtype=bool)


def _repeated(found: Measurements, person: IntArray, usable: BoolArray) -> BoolArray:
    """Return which results repeat an earlier one of the same person, analyte and day, shape (sample,)."""
    out = np.zeros(usable.size, dtype=bool)
    dated = np.flatnonzero(usable & (found.date_high - found.date_low < 1.5 / 365))
    key = person[dated] * len(ANALYTES) + found.analyte[dated]
    _, place, count = np.unique(key, return_inverse=True, return_counts=True)
    several = dated[count[place] > 1]
    columns = (found.value, found.comparator, found.date_low, found.analyte, person)
    order = several[np.lexsort((found.row[several], *(column[several] for column in columns)))]
    same = np.ones(max(order.size - 1, 0), dtype=bool)
    for column in columns:
        same &= column[order][1:] == column[order][:-1]
    out[order[1:][same]] = True
    return out


def _owners(people: Column, samples: Column, account: Account, *, prefer: BoolArray) -> IntArray:
    """Return the first usable row of the person of each sample, -1 where there is none; shape (sample row,).

    A row that is preferred (it knows the age) goes before others.
    """
    first = np.full(len(people.words), -1, dtype=np.int64)
    usable = ~account.rejected & ~people.blank
    for chosen in (usable, usable & prefer):
        rows = np.flatnonzero(chosen)[::-1]
        first[people.codes[rows]] = rows
    place = {word: i for i, word in enumerate(people.words)}
    return samples.each(lambda word: first[place[word]] if word in place else -1, np.int64)


def _analytes(samples: Table, choice: Choice, account: Account) -> NDArray[np.int8]:
    """Return the position in ``IgM, IgG, IgA`` of each sample; other analytes reject the row."""
    if choice.column is None:
        return np.full(samples.rows, ANALYTES.index(choice.fixed or "IgM"), dtype=np.int8)
    column = samples.columns[choice.column]
    found = column.each(
        lambda word: ANALYTES.index(choice.words[word.lower()]) if word.lower() in choice.words else -1, np.int8
    )
    account.add("unknown_analyte", (found < 0) & ~account.rejected, column=column.name, values=column)
    return found


def _nothing() -> Measurements:
    whole, small, real = np.zeros(0, np.int64), np.zeros(0, np.int8), np.zeros(0)
    return Measurements(whole, small, real, real, small, real, real, small, real, real)
