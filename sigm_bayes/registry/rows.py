"""Rows of the table of people: identity, duplicates, age, and what each row says of the person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.registry.choices import read_choice, read_states
from sigm_bayes.registry.issues import Account, BoolArray
from sigm_bayes.registry.mapping import LABELS, Mapping
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

    `person` numbers distinct ids; `age_given` and `birth` (start and end, decimal years) are NaN where not known.
    """

    person: NDArray[np.int64]
    age_given: FloatArray
    birth_low: FloatArray
    birth_high: FloatArray
    centre: NDArray[np.int32]
    sex: Int8Array
    setting: Int8Array
    label: Int8Array
    label_date: FloatArray
    on_immunoglobulin: Int8Array
    findings: Int8Array
    unions: Int8Array
    causes: Int8Array
    tests: Int8Array


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
    age = _age(table, mapping, account, catalogue)
    used = ~account.rejected
    rules = mapping.file
    birth = read_dates(
        table,
        mapping.birth_date,
        rules=rules,
        catalogue=catalogue,
        account=account,
        rows=used,
        earliest=EARLIEST_BIRTH,
    )
    label_low, label_high = read_dates(
        table, mapping.label_date, rules=rules, catalogue=catalogue, account=account, rows=used
    )

    def choice(name: str, ids: tuple[str, ...]) -> Int8Array:
        said = getattr(mapping, name)
        if said is None:
            return np.full(table.rows, -1, dtype=np.int8)
        return read_choice(table, said, ids, account=account, rows=used)

    flags = tuple(flag.id for flag in catalogue.invasive.flags)
    centre = table.columns[mapping.centre] if mapping.centre is not None else None
    sex = choice("sex", (*SEXES, "unknown"))
    replaced = mapping.on_immunoglobulin
    return Rows(
        person=person,
        age_given=age,
        birth_low=birth[0],
        birth_high=birth[1],
        centre=np.full(table.rows, -1, np.int32) if centre is None else np.where(centre.blank, -1, centre.codes),
        sex=np.where(sex == 2, -1, sex).astype(np.int8),
        setting=choice("setting", catalogue.ids("setting")),
        label=choice("label", LABELS),
        label_date=(label_low + label_high) / 2,
        on_immunoglobulin=np.full(table.rows, -1, np.int8)
        if replaced is None
        else read_states(table, replaced, account=account, rows=used),
        findings=_states(table, mapping, "findings", (*catalogue.ids("finding"), *flags), account, used),
        unions=_states(table, mapping, "unions", tuple(union.id for union in mapping.unions), account, used),
        causes=_states(table, mapping, "causes", cause_ids(catalogue), account, used),
        tests=_tests(table, mapping, catalogue, account, used),
    )


def cause_ids(catalogue: Catalogue) -> tuple[str, ...]:
    """Return the causes that a registry can record."""
    return tuple(cause.id for cause in catalogue.causes if cause.recordable)


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


def _age(table: Table, mapping: Mapping, account: Account, catalogue: Catalogue) -> FloatArray:
    """Return the age in years where a column gives it, NaN elsewhere; bad ages reject the row."""
    age = np.full(table.rows, np.nan)
    for name, per_year in ((mapping.age_years, 1.0), (mapping.age_months, 12.0)):
        if name is None:
            continue
        column = table.columns[name]
        read = column.each(_number, float) / per_year
        there = ~column.blank & np.isnan(age)
        used = ~account.rejected & there
        account.add("age_not_a_number", used & np.isnan(read), column=name, values=column)
        account.add("age_negative", used & (read < 0), column=name, values=column)
        account.add("age_impossible", used & (read > catalogue.limits.highest_age_years), column=name, values=column)
        age = np.where(there, read, age)
    return age


def _number(word: str) -> float:
    """Return the number in a cell, NaN where it holds none."""
    plain = word.replace(",", ".") if word.count(",") == 1 and "." not in word else word
    if not plain.isascii() or "_" in plain or plain.lower().lstrip("+-")[:1] in {"i", "n"}:
        return np.nan
    try:
        return float(plain)
    except ValueError:
        return np.nan


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
