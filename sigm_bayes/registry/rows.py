"""Rows of the table of people: identity, duplicates, age, and what each row says of the person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.registry.ages import of_person, read_ages, read_gestation
from sigm_bayes.registry.choices import read_choice, read_states
from sigm_bayes.registry.courses import Courses, cause_ids, read_courses
from sigm_bayes.registry.invasive import Episodes, read_episodes
from sigm_bayes.registry.issues import Account, BoolArray, IntArray
from sigm_bayes.registry.mapping import LABELS, STATUSES, Mapping
from sigm_bayes.registry.measurements import read_dates
from sigm_bayes.registry.people import SEXES, TEST_STATES
from sigm_bayes.registry.tables import Table

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue

FloatArray = NDArray[np.float64]
Int8Array = NDArray[np.int8]
EARLIEST_BIRTH = 1900
_ODD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio: spreads codes over 64 bits


@dataclass(frozen=True)
class Rows:
    """What the rows say, all of shape (row,) or (row, ...): see `sigm_bayes.registry.people.Registry`.

    `person` numbers distinct ids.  `age_given` (with the interval that its digits leave open), `birth`,
    `replacement_started` and `replacement_stopped` (start and end, decimal years) and `gestation` (weeks) are NaN where
    not known.  `labels`, `courses` and `episodes` have entries only where something is said.
    """

    person: NDArray[np.int64]
    age_given: FloatArray
    age_low: FloatArray
    age_high: FloatArray
    birth_low: FloatArray
    birth_high: FloatArray
    gestation: FloatArray
    centre: NDArray[np.int32]
    sex: Int8Array
    setting: Int8Array
    labels: Labels
    igg_status: Int8Array
    iga_status: Int8Array
    on_immunoglobulin: Int8Array
    replacement_started: tuple[FloatArray, FloatArray]
    replacement_stopped: tuple[FloatArray, FloatArray]
    known_inborn_error: Int8Array
    no_significant_infection: Int8Array
    findings: Int8Array
    unions: Int8Array
    causes: Int8Array
    tests: Int8Array
    courses: Courses
    episodes: Episodes


@dataclass(frozen=True)
class Labels:
    """Labels as the rows state them, one entry each.

    Attributes
    ----------
    row : ndarray of int, shape (label,)
    label : ndarray of int, shape (label,)
        Position in `sigm_bayes.registry.mapping.LABELS`.
    date : ndarray, shape (label,)
        Middle of its date in decimal years, NaN where not known.
    """

    row: IntArray
    label: Int8Array
    date: FloatArray


def read_rows(table: Table, mapping: Mapping, *, catalogue: Catalogue, account: Account) -> Rows:
    """Read every column but the results.

    Parameters
    ----------
    table : Table
    mapping : Mapping
        Checked against the header of the table.
    catalogue : Catalogue
    account : Account
        Receives what is wrong.
    """
    person = _identify(table, mapping, account)
    age = read_ages(table, mapping, account=account, catalogue=catalogue)
    used = ~account.rejected

    def dates(name: str | None, earliest: int | None = None) -> tuple[FloatArray, FloatArray]:
        rules = mapping.file
        return read_dates(table, name, rules=rules, catalogue=catalogue, account=account, rows=used, earliest=earliest)

    def choice(name: str, ids: tuple[str, ...]) -> Int8Array:
        said = getattr(mapping, name)
        if said is None:
            return np.full(table.rows, -1, dtype=np.int8)
        return read_choice(table, said, ids, account=account, rows=used)

    def switch(name: str) -> Int8Array:
        said = getattr(mapping, name)
        if said is None:
            return np.full(table.rows, -1, dtype=np.int8)
        return read_states(table, said, account=account, rows=used)

    birth = dates(mapping.birth_date, EARLIEST_BIRTH)
    flags = tuple(flag.id for flag in catalogue.invasive.flags)
    centre = table.columns[mapping.centre] if mapping.centre is not None else None
    sex = choice("sex", (*SEXES, "unknown"))
    causes = _states(table, mapping, "causes", cause_ids(catalogue), account, used)
    started = dates(mapping.immunoglobulin_started)
    replaced = switch("on_immunoglobulin")
    from_date = (replaced < 0) & ~np.isnan(started[0])
    account.add("replacement_from_date", from_date & used, column=mapping.immunoglobulin_started or "")
    return Rows(
        person=person,
        age_given=age[0],
        age_low=age[1],
        age_high=age[2],
        birth_low=of_person(birth[0], person),
        birth_high=of_person(birth[1], person),
        gestation=of_person(read_gestation(table, mapping, account=account, catalogue=catalogue), person),
        centre=np.full(table.rows, -1, np.int32) if centre is None else np.where(centre.blank, -1, centre.codes),
        sex=np.where(sex == 2, -1, sex).astype(np.int8),
        setting=choice("setting", catalogue.ids("setting")),
        labels=_labels(table, mapping, choice("label", LABELS), dates, account, used),
        igg_status=choice("igg_status", STATUSES),
        iga_status=choice("iga_status", STATUSES),
        on_immunoglobulin=np.where(from_date, 1, replaced).astype(np.int8),
        replacement_started=started,
        replacement_stopped=dates(mapping.immunoglobulin_stopped),
        known_inborn_error=switch("known_inborn_error"),
        no_significant_infection=switch("no_significant_infection"),
        findings=_states(table, mapping, "findings", (*catalogue.ids("finding"), *flags), account, used),
        unions=_states(table, mapping, "unions", tuple(union.id for union in mapping.unions), account, used),
        causes=causes,
        tests=_tests(table, mapping, catalogue, account, used),
        courses=read_courses(table, mapping, causes=causes, dates=dates, catalogue=catalogue, account=account),
        episodes=read_episodes(table, mapping, catalogue=catalogue, account=account),
    )


def _labels(
    table: Table,
    mapping: Mapping,
    first: Int8Array,
    dates: Callable[[str | None], tuple[FloatArray, FloatArray]],
    account: Account,
    used: BoolArray,
) -> Labels:
    """Return every label that a row states: that of `label` and those of `more_labels`."""
    parts = [(first, mapping.label_date)]
    for more in mapping.more_labels:
        assert mapping.label is not None
        words = replace(mapping.label, column=more.column, fixed=None)
        parts.append((read_choice(table, words, LABELS, account=account, rows=used), more.date))
    rows, labels, when = [], [], []
    for label, date in parts:
        low, high = dates(date)
        row = np.flatnonzero(label >= 0)
        rows.append(row)
        labels.append(label[row])
        when.append((low[row] + high[row]) / 2)
    return Labels(np.concatenate(rows), np.concatenate(labels), np.concatenate(when))


def repeats(table: Table, columns: list[str], rows: BoolArray) -> BoolArray:
    """Return which of the rows repeat an earlier one of them in all of the columns, shape (row,)."""
    key = np.zeros(table.rows, dtype=np.uint64)
    with np.errstate(over="ignore"):
        for name in columns:
            key = (key ^ (key >> np.uint64(29))) * _ODD + table.columns[name].codes.astype(np.uint64) + np.uint64(1)
    here = np.flatnonzero(rows)
    _, first = np.unique(key[here], return_index=True)
    again = np.ones(here.size, dtype=bool)
    again[first] = False
    out = np.zeros(table.rows, dtype=bool)
    out[here[again]] = True
    return out


def _identify(table: Table, mapping: Mapping, account: Account) -> NDArray[np.int64]:
    """Return a number for every distinct person id (the row itself where ids are not mapped); shape (row,)."""
    names = list(dict.fromkeys(column for _, column in mapping.columns()))
    blank = np.ones(table.rows, dtype=bool)
    for name in names:
        blank &= table.columns[name].blank
    account.add("blank_row", blank)
    if mapping.person_id is None:
        return np.arange(table.rows)
    ids = table.columns[mapping.person_id]
    account.add("no_person_id", ids.blank & ~blank, column=ids.name)
    account.add("duplicate_row", repeats(table, names, ~account.rejected), column=ids.name, values=ids)
    if mapping.file.repeats == "refuse":
        account.add("repeated_person", repeats(table, [ids.name], ~account.rejected), column=ids.name, values=ids)
    return ids.codes.astype(np.int64)


def _states(
    table: Table, mapping: Mapping, part: str, ids: tuple[str, ...], account: Account, used: BoolArray
) -> Int8Array:
    out = np.full((table.rows, len(ids)), -1, dtype=np.int8)
    for states in getattr(mapping, part):
        out[:, ids.index(states.id)] = read_states(table, states, account=account, rows=used)
    return out


def _tests(table: Table, mapping: Mapping, catalogue: Catalogue, account: Account, used: BoolArray) -> Int8Array:
    out = np.full((table.rows, len(catalogue.ids("test"))), -1, dtype=np.int8)
    for id, choice in mapping.tests:
        read = read_choice(table, choice, TEST_STATES, account=account, rows=used)
        out[:, catalogue.test_index(id)] = read
    return out
