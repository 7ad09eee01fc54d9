"""The day of every person's first low IgM: findings are counted in a window that ends there."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.registry.omop.days import read_day
from sigm_bayes.registry.recurrence import DAYS_PER_YEAR
from sigm_bayes.registry.results import Printed, read_printed
from sigm_bayes.units import UNITS

FloatArray = NDArray[np.float64]
ASSUMED_AGE = 40.0
"""Age in years at which a person without a date of birth is judged."""


def first_low_days(
    rows: Iterable[Sequence[str | None]], born: Mapping[str, datetime.date], *, male: Mapping[str, float]
) -> dict[str, datetime.date]:
    """Return the day of the first low IgM of every person with a dated IgM; the first of all where none is low.

    Low is below the row's own reference interval, or else below that of the reference curve for age and sex.

    Parameters
    ----------
    rows : iterable of (person, date, analyte, value, unit, reference_low)
        Of the table of samples.
    born : mapping of str to date
        Day of birth by person.
    male : mapping of str to float
        1 male, 0 female; those who are not in it are judged by the curve between the two.
    """
    from sigm_bayes.reference import load_curves

    people, days, levels, limits = _igm(rows)
    if not people:
        return {}
    ages = np.array(
        [(day - born[p]).days / DAYS_PER_YEAR if p in born else np.nan for p, day in zip(people, days, strict=True)]
    )
    age = np.clip(np.nan_to_num(ages, nan=ASSUMED_AGE), 0.0, 100.0)
    by_age = load_curves()["IgM"].lower_limit(age, np.array([male.get(person, 0.5) for person in people]))
    low = np.array(levels) < np.where(np.isnan(limits), by_age, limits)
    first: dict[str, datetime.date] = {}
    first_of_low: dict[str, datetime.date] = {}
    for person, day, is_low in zip(people, days, low.tolist(), strict=True):
        for found in (first, first_of_low) if is_low else (first,):
            if person not in found or day < found[person]:
                found[person] = day
    return first | first_of_low


def _igm(
    rows: Iterable[Sequence[str | None]],
) -> tuple[list[str], list[datetime.date], list[float], FloatArray]:
    """Return person, day, level and own lower limit (mg/dL, NaN where there is none) of every readable IgM."""
    people, days, levels, limits = [], [], [], []
    known: dict[tuple[str | None, str | None], float] = {}
    for person, date, analyte, value, unit, limit in rows:
        if analyte != "IgM" or person is None:
            continue
        day = read_day(date)
        for text in (value, limit):
            if (text, unit) not in known:
                known[text, unit] = _mg_dl(text, unit)
        if day is not None and not np.isnan(known[value, unit]):
            people.append(person)
            days.append(day)
            levels.append(known[value, unit])
            limits.append(known[limit, unit])
    return people, days, levels, np.array(limits)


def _mg_dl(value: str | None, unit: str | None) -> float:
    """Return a printed result in mg/dL, NaN where it is none; of `<20` the limit less the smallest step."""
    printed = read_printed(value or "", decimal=".")
    if not isinstance(printed, Printed):
        return float("nan")
    named = printed.unit or unit
    if named is None or named not in UNITS:
        return float("nan")
    level = float(printed.value * UNITS[named])
    return float(np.nextafter(level, 0.0)) if printed.comparator in ("<", "<=") else level
