"""Ages and lengths of pregnancy as given, with the interval that the printed digits leave open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.registry.issues import Account, IntArray
from sigm_bayes.registry.mapping import Mapping
from sigm_bayes.registry.tables import Column, Table
from sigm_bayes.units import MONTHS_PER_YEAR, WEEKS_PER_YEAR

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue

FloatArray = NDArray[np.float64]


def read_ages(
    table: Table, mapping: Mapping, *, account: Account, catalogue: Catalogue
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the age in years where a column gives it, and its lowest and highest possible value; shape (row,) each.

    A whole number is an age in completed years (or months): 34 is anything from 34 to 35; 34.5 is 34.45 to 34.55.
    NaN where no column gives it; bad ages reject the row.
    """
    nowhere = np.broadcast_to(np.float64(np.nan), (table.rows,))
    age, low, high = nowhere, nowhere, nowhere
    for name, per_year in ((mapping.age_years, 1.0), (mapping.age_months, float(MONTHS_PER_YEAR))):
        if name is None:
            continue
        column = table.columns[name]
        read = column.each(_number, float) / per_year
        there = ~column.blank & np.isnan(age)
        used = ~account.rejected & there
        account.add("age_not_a_number", used & np.isnan(read), column=name, values=column)
        account.add("age_negative", used & (read < 0), column=name, values=column)
        account.add("age_impossible", used & (read > catalogue.limits.highest_age_years), column=name, values=column)
        below, above = _slack(column)
        age = np.where(there, read, age)
        low = np.where(there, np.maximum(read - below / per_year, 0.0), low)
        high = np.where(there, read + above / per_year, high)
    return age, low, high


def read_gestation(table: Table, mapping: Mapping, *, account: Account, catalogue: Catalogue) -> FloatArray:
    """Return the length of pregnancy in weeks, NaN where not known or not possible; shape (row,)."""
    if mapping.gestational_weeks is None:
        return np.broadcast_to(np.float64(np.nan), (table.rows,))
    column, limits = table.columns[mapping.gestational_weeks], catalogue.limits
    weeks = column.each(_number, float)
    sound = (weeks >= limits.lowest_gestational_weeks) & (weeks <= limits.highest_gestational_weeks)
    odd = ~sound & ~column.blank & ~account.rejected
    account.add("gestation_impossible", odd, column=column.name, values=column)
    return np.where(sound, weeks, np.nan)


def too_early(age: FloatArray, weeks: FloatArray, catalogue: Catalogue) -> FloatArray:
    """Return by how many years the corrected age is below the age; 0 where it is not corrected.

    The same rule as `sigm_bayes.patient.sections.corrected_age`.
    """
    limits = catalogue.limits
    with np.errstate(invalid="ignore"):
        preterm = (weeks < limits.preterm_below_weeks) & (age < limits.correct_age_until_years)
    return np.where(preterm, (limits.term_weeks - weeks) / WEEKS_PER_YEAR, 0.0)


def of_person(values: FloatArray, person: IntArray) -> FloatArray:
    """Fill what a row leaves open with the first value that another row of the same person has; shape (row,)."""
    known = np.flatnonzero(~np.isnan(values))
    if known.size in {0, values.size}:
        return values
    first = np.full(int(person.max()) + 1, np.nan)
    first[person[known[::-1]]] = values[known[::-1]]
    return np.where(np.isnan(values), first[person], values)


def _number(word: str) -> float:
    """Return the number in a cell, NaN where it holds none."""
    plain = _plain(word)
    if not plain.isascii() or "_" in plain or plain.lower().lstrip("+-")[:1] in {"i", "n"}:
        return np.nan
    try:
        return float(plain)
    except ValueError:
        return np.nan


def _plain(word: str) -> str:
    return word.replace(",", ".") if word.count(",") == 1 and "." not in word else word


def _slack(column: Column) -> tuple[FloatArray, FloatArray]:
    """Return how far below and above the number the truth may lie, in the unit of the column; shape (row,) each.

    Where all numbers of a column end in ``.0`` a program has added it: they are whole numbers.
    """
    tails = [_plain(word).partition(".")[2] for word in column.words]
    whole = all(tail.strip("0") == "" for tail in tails)
    digits = np.array([0 if whole else len(tail) for tail in tails], dtype=float)
    if not column.digits_kept and not whole:  # final zeros are lost
        digits[:] = digits.max()
    step = 10.0**-digits
    below = np.where(digits == 0, 0.0, step / 2)
    above = np.where(digits == 0, 1.0, step / 2)
    return below[column.codes], above[column.codes]
