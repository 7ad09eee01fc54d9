"""Rows and results -> people: visits of one person come together, and what is left without IgM is rejected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.registry.issues import Account, BoolArray, IntArray
from sigm_bayes.registry.mapping import LABELS, Mapping
from sigm_bayes.registry.measurements import Measurements
from sigm_bayes.registry.people import SAMPLES, TEST_STATES, Registry, Tally
from sigm_bayes.registry.rows import Rows, cause_ids

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue

FloatArray = NDArray[np.float64]
SPOILED = ("pneumococcal_response", "protein_vaccine_response", "igg_subclasses", "isohaemagglutinins")
"""Tests that donor immunoglobulin makes uninterpretable."""


def merge(
    rows: Rows,
    found: Measurements,
    *,
    mapping: Mapping,
    people: Tally,
    measured: Tally | None,
    owner: IntArray | None,
    catalogue: Catalogue,
) -> Registry:
    """Return the registry.

    Parameters
    ----------
    rows : Rows
        What the rows of the table of people say.
    found : Measurements
        Usable results; `row` is a row of the table of people.
    mapping : Mapping
    people, measured : Tally
        Accounts of the tables; they receive what is found here.
    owner : ndarray of int, shape (sample row,), or None
        Row of the table of people of every row of the table of samples, -1 where it has none.
    catalogue : Catalogue
    """
    account = people.account
    _conflicts(rows, account)
    age = _ages(rows, found, account, catalogue)
    index = _index(rows, found, account)
    size = int(index.max(initial=-1)) + 1
    first = _first_rows(index, found, size)
    tests, replaced = _replaced(rows, account, catalogue)
    label, label_date = _labels(rows, index, size, account, mapping)
    states = {name: _any(getattr(rows, name), index, size) for name in ("findings", "unions", "causes")}
    _differing(rows, index, states, account)
    _imply_invasive(states["findings"], catalogue)
    samples = _samples(found, index)
    if measured is not None and owner is not None:
        lost = (owner >= 0) & (index[owner] < 0) & ~measured.account.rejected
        measured.account.add("unknown_person", lost)
    finding_ids = (*catalogue.ids("finding"), *(flag.id for flag in catalogue.invasive.flags))
    members = np.array([[id in union.of for id in finding_ids] for union in mapping.unions], dtype=bool).reshape(
        len(mapping.unions), len(finding_ids)
    )
    table = people.table
    names = table.columns[mapping.person_id].words if mapping.person_id is not None else ()
    numbers = rows.person[first]
    ids = [names[i] for i in numbers] if names else [f"row {n}" for n in table.records[first]]
    centres = table.columns[mapping.centre].words if mapping.centre is not None else ()
    used, centre = np.unique(rows.centre[first], return_inverse=True)
    unknown = int(np.count_nonzero(used < 0))
    return Registry(
        person_id=np.array(ids, dtype=object),
        centre=(centre - unknown).astype(np.int32),
        centres=tuple(centres[i] for i in used if i >= 0),
        age_years=age[first],
        sex=_any(rows.sex[:, None], index, size)[:, 0],
        setting=rows.setting[first],
        label=label,
        label_date=label_date,
        on_immunoglobulin=_any(replaced[:, None], index, size)[:, 0],
        **states,
        union_members=members,
        tests=_any(tests, index, size),
        samples=samples,
        finding_ids=finding_ids,
        union_ids=tuple(union.id for union in mapping.unions),
        cause_ids=cause_ids(catalogue),
        test_ids=catalogue.ids("test"),
        settings=catalogue.ids("setting"),
        labels=LABELS,
        contexts=catalogue.ids("context"),
        people=people,
        measured=measured,
    )


def _conflicts(rows: Rows, account: Account) -> None:
    """Reject rows whose sex or date of birth contradicts the first row of the same person."""
    used = np.flatnonzero(~account.rejected)
    odd = np.zeros(account.status.size, dtype=bool)
    for value in (rows.sex.astype(float), rows.birth_low):
        known = used[(value[used] >= 0)]
        persons, first = np.unique(rows.person[known], return_index=True)
        leader = known[first][np.searchsorted(persons, rows.person[known])]
        same = value[known] == value[leader]
        if value is rows.birth_low:  # a year and a day in it agree
            same = (rows.birth_low[known] < rows.birth_high[leader]) & (rows.birth_low[leader] < rows.birth_high[known])
        odd[known[~same]] = True
    account.add("conflicting_person", odd)


def _ages(rows: Rows, found: Measurements, account: Account, catalogue: Catalogue) -> FloatArray:
    """Return the age of every row's person at that row's earliest IgM, and reject rows without a usable age."""
    birth = (rows.birth_low + rows.birth_high) / 2
    igm = (found.analyte == 0) & ~np.isnan(found.date)
    earliest = np.full(birth.size, np.inf)
    np.minimum.at(earliest, found.row[igm], found.date[igm])
    with np.errstate(invalid="ignore"):
        counted = np.where(np.isfinite(earliest), earliest, np.nan) - birth
    age = np.where(np.isnan(rows.age_given), counted, rows.age_given)
    used = ~account.rejected
    has_igm = np.zeros(birth.size, dtype=bool)
    has_igm[found.row[found.analyte == 0]] = True
    account.add("age_missing", used & np.isnan(age) & has_igm)
    account.add("age_negative", used & (age < 0))
    account.add("age_impossible", used & (age > catalogue.limits.highest_age_years))
    account.add("under_6_months", used & (age >= 0) & (age < catalogue.limits.answered_from_years))
    broad = used & np.isnan(rows.age_given) & (rows.birth_high - rows.birth_low > 2 / 365)
    account.add("age_from_birth_year", broad)
    return age


def _index(rows: Rows, found: Measurements, account: Account) -> IntArray:
    """Return the position of every row's person, -1 for rejected rows; people without IgM are rejected."""
    usable = ~account.rejected
    with_igm = found.row[(found.analyte == 0) & usable[found.row]]
    have = np.zeros(int(rows.person.max(initial=-1)) + 1, dtype=bool)
    have[rows.person[with_igm]] = True
    account.add("no_igm", usable & ~have[rows.person])
    kept = np.flatnonzero(~account.rejected)
    index = np.full(usable.size, -1, dtype=np.int64)
    persons, first, inverse = np.unique(rows.person[kept], return_index=True, return_inverse=True)
    place = np.empty(persons.size, dtype=np.int64)
    place[np.argsort(first)] = np.arange(persons.size)  # people in order of appearance
    index[kept] = place[inverse]
    return index


def _first_rows(index: IntArray, found: Measurements, size: int) -> IntArray:
    """Return the row of every person with the earliest IgM (undated ones last, then as in the file)."""
    igm = found.take((found.analyte == 0) & (index[found.row] >= 0))
    order = np.lexsort((igm.row, np.nan_to_num(igm.date, nan=np.inf)))[::-1]
    first = np.zeros(size, dtype=np.int64)
    first[index[igm.row[order]]] = igm.row[order]
    return first


def _replaced(rows: Rows, account: Account, catalogue: Catalogue) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Return the tests, those spoiled by donor immunoglobulin not interpretable, and who is on it; by row."""
    tests = rows.tests.copy()
    spoiled = [catalogue.test_index(id) for id in SPOILED if catalogue.has("test", id)]
    on = rows.on_immunoglobulin == 1
    done = tests[:, spoiled] >= TEST_STATES.index("normal")
    account.add("tests_on_replacement", on & done.any(axis=1) & ~account.rejected)
    tests[:, spoiled] = np.where(on[:, None] & done, TEST_STATES.index("not_interpretable"), tests[:, spoiled])
    return tests, rows.on_immunoglobulin


def _any(states: NDArray[np.int8], index: IntArray, size: int) -> NDArray[np.int8]:
    """Return the highest state of each person's rows: present before absent before unknown; shape (person, ...)."""
    out = np.full((size, states.shape[1]), -1, dtype=np.int8)
    kept = index >= 0
    if np.array_equal(index[kept], np.arange(size)):  # one row a person: nothing to bring together
        return states[kept]
    np.maximum.at(out, index[kept], states[kept])
    return out


def _differing(rows: Rows, index: IntArray, states: dict[str, NDArray[np.int8]], account: Account) -> None:
    """Note rows that say absent where another row of the person says present."""
    kept = np.flatnonzero(index >= 0)
    odd = np.zeros(index.size, dtype=bool)
    for name, merged in states.items():
        odd[kept] |= ((getattr(rows, name)[kept] == 0) & (merged[index[kept]] == 1)).any(axis=1)
    account.add("states_differ", odd)


def _imply_invasive(findings: NDArray[np.int8], catalogue: Catalogue) -> None:
    """Set the invasive infection present where one of its kinds is (meningitis, sepsis ...)."""
    if catalogue.has("finding", "invasive_infection"):
        flags = findings[:, len(catalogue.findings) :]
        findings[(flags == 1).any(axis=1), catalogue.finding_index("invasive_infection")] = 1


def _labels(
    rows: Rows, index: IntArray, size: int, account: Account, mapping: Mapping
) -> tuple[NDArray[np.int8], FloatArray]:
    """Return the latest label of each person and its date; labels that differ without dates are not used."""
    label, date = np.full(size, -1, dtype=np.int8), np.full(size, np.nan)
    said = np.flatnonzero((index >= 0) & (rows.label >= 0))
    person = index[said]
    when = np.nan_to_num(rows.label_date[said], nan=-np.inf)
    order = np.lexsort((said, when))
    label[person[order]], date[person[order]] = rows.label[said[order]], rows.label_date[said[order]]
    differs = rows.label[said] != label[person]
    changed, unclear = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)
    changed[person[differs]] = True
    latest = np.nan_to_num(date, nan=-np.inf)
    unclear[person[differs & ((when == -np.inf) | (when == latest[person]))]] = True
    label[unclear], date[unclear] = -1, np.nan
    by_row = np.zeros(index.size, dtype=bool)
    for kind, who in (("label_changed", changed & ~unclear), ("label_date_missing", unclear)):
        by_row[:] = False
        by_row[said[who[person]]] = True
        column = mapping.label.column if mapping.label is not None and mapping.label.column is not None else ""
        account.add(kind, by_row, column=column)
    return label, date


def _samples(found: Measurements, index: IntArray) -> dict[str, Any]:
    """Return the samples of accepted people, ordered by person, analyte and date."""
    kept: BoolArray = index[found.row] >= 0
    found = found.take(kept)
    low, high = found.interval()
    person = index[found.row]
    order = np.lexsort((np.nan_to_num(found.date, nan=np.inf), found.analyte, person))
    columns = {"person": person, "low": low, "high": high}
    return {name: columns.get(name, getattr(found, name, low))[order] for name in SAMPLES}
