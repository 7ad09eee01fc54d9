"""The course of exposures: when they began and ended, and IgM before and after them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.registry.choices import read_choice
from sigm_bayes.registry.issues import Account, BoolArray, IntArray
from sigm_bayes.registry.mapping import Choice, Course, Mapping
from sigm_bayes.registry.tables import Table

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue

FloatArray = NDArray[np.float64]
Int8Array = NDArray[np.int8]
STARTED = ("before_low_igm", "after_low_igm")
IGM_BEFORE = ("normal", "low")
RECOVERED = ("no", "yes")
COURSE = ("person", "cause", "started", "last_dose_low", "last_dose_high", "igm_before", "igm_recovered_after_stop")
"""Columns of `sigm_bayes.registry.people.Registry.exposures`."""
_WORDS = ("started", "igm_before", "igm_recovered_after_stop")


@dataclass(frozen=True)
class Courses:
    """What is said of the course of exposures, one entry a row and cause of which anything is said.

    Attributes
    ----------
    row, cause : ndarray of int, shape (entry,)
    started, igm_before, igm_recovered_after_stop : ndarray of int
        Position in `STARTED`, `IGM_BEFORE`, `RECOVERED`; -1 where not known.
    started_low, started_high, last_dose_low, last_dose_high : ndarray
        Start and end of the day, month or year in decimal years; NaN where not known.
    """

    row: IntArray
    cause: IntArray
    started: Int8Array
    igm_before: Int8Array
    igm_recovered_after_stop: Int8Array
    started_low: FloatArray
    started_high: FloatArray
    last_dose_low: FloatArray
    last_dose_high: FloatArray

    def take(self, keep: BoolArray) -> Courses:
        """Return the chosen entries."""
        return Courses(*(getattr(self, f.name)[keep] for f in fields(self)))


def cause_ids(catalogue: Catalogue) -> tuple[str, ...]:
    """Return the causes that a registry can record."""
    return tuple(cause.id for cause in catalogue.causes if cause.recordable)


def read_courses(
    table: Table,
    mapping: Mapping,
    *,
    causes: Int8Array,
    dates: Callable[[str | None], tuple[FloatArray, FloatArray]],
    catalogue: Catalogue,
    account: Account,
) -> Courses:
    """Read the course of every exposure, and set exposures present that have a course and no state.

    Parameters
    ----------
    table : Table
    mapping : Mapping
    causes : ndarray of int, shape (row, cause)
        States; changed in place.
    dates : callable
        Reads a column of dates.
    catalogue : Catalogue
    account : Account
    """
    ids = cause_ids(catalogue)
    parts = [_read(table, course, ids.index(course.cause), causes, dates, account) for course in mapping.courses]
    names = [f.name for f in fields(Courses)]
    if not parts:
        whole, small, real = np.zeros(0, np.int64), np.zeros(0, np.int8), np.zeros(0)
        return Courses(whole, whole, small, small, small, real, real, real, real)
    return Courses(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _read(
    table: Table,
    course: Course,
    cause: int,
    causes: Int8Array,
    dates: Callable[[str | None], tuple[FloatArray, FloatArray]],
    account: Account,
) -> Courses:
    used = ~account.rejected

    def words(choice: Choice | None, ids: tuple[str, ...]) -> Int8Array:
        if choice is None:
            return np.broadcast_to(np.int8(-1), (table.rows,))
        return read_choice(table, choice, ids, account=account, rows=used)

    started, before = words(course.started, STARTED), words(course.igm_before, IGM_BEFORE)
    recovered = words(course.igm_recovered_after_stop, RECOVERED)
    began, last = dates(course.started_on), dates(course.last_dose)
    said = (started >= 0) | (before >= 0) | (recovered >= 0) | ~np.isnan(began[0]) | ~np.isnan(last[0])
    name = next((column for _, column in course.columns()), "")
    state = causes[:, cause]
    account.add("course_of_absent", said & used & (state == 0), column=name)
    account.add("exposure_from_course", said & used & (state < 0), column=name)
    said &= used & (state != 0)
    causes[said, cause] = 1
    row = np.flatnonzero(said)
    which = np.full(row.size, cause, dtype=np.int64)
    return Courses(
        row, which, started[row], before[row], recovered[row], began[0][row], began[1][row], last[0][row], last[1][row]
    )


def merge_courses(
    found: Courses,
    index: IntArray,
    low_igm: Callable[[], tuple[FloatArray, FloatArray]],
    first_igm: Callable[[], FloatArray],
    account: Account,
    columns: Sequence[str],
) -> dict[str, NDArray[np.generic]]:
    """Bring together what several rows say of one exposure of one person.

    Parameters
    ----------
    found : Courses
    index : ndarray of int, shape (row,)
        Person of each row, -1 where it is rejected.
    low_igm : callable
        Start and end of the date of each person's first low IgM, shape (person,) each; NaN where not known.
    first_igm : callable
        Middle of the date of each person's first IgM, shape (person,); NaN where not known.
    account : Account
        Receives what differs or contradicts.
    columns : sequence of str
        Column that tells the course of each cause, for the account.

    Returns
    -------
    dict
        Columns `COURSE`, one entry a person and exposure of which anything is known.
    """
    found = found.take(index[found.row] >= 0)
    person = index[found.row]
    key, place = np.unique(person * 1_000 + found.cause, return_inverse=True)
    out: dict[str, NDArray[np.generic]] = {"person": key // 1_000, "cause": (key % 1_000).astype(np.int16)}
    differs = np.zeros(key.size, dtype=bool)
    words: dict[str, Int8Array] = {}
    for name in _WORDS:
        values = getattr(found, name)
        known = values >= 0
        low, high = np.full(key.size, 99, dtype=np.int8), np.full(key.size, -1, dtype=np.int8)
        np.minimum.at(low, place[known], values[known])
        np.maximum.at(high, place[known], values[known])
        odd = (high >= 0) & (low != high)
        differs |= odd
        words[name] = np.where(odd, -1, high).astype(np.int8)
    last_low, last_high = extreme_dates(found.last_dose_low, found.last_dose_high, place, key.size, latest=True)
    if found.row.size:
        began = extreme_dates(found.started_low, found.started_high, place, key.size, latest=False)
        words["started"] = _order(words["started"], began, low_igm(), key // 1_000)
    after = words["started"] == STARTED.index("after_low_igm")
    early = after & (last_high <= first_igm()[key // 1_000]) if found.row.size else after
    wrong = early | (after & (words["igm_before"] == IGM_BEFORE.index("normal")))
    words["started"] = np.where(wrong, -1, words["started"]).astype(np.int8)
    for kind, which in (("course_differs", differs), ("course_contradicts", wrong)):
        for cause in np.unique(found.cause[which[place]]):
            rows = np.zeros(index.size, dtype=bool)
            rows[found.row[which[place] & (found.cause == cause)]] = True
            account.add(kind, rows, column=columns[cause])
    out |= words | {"last_dose_low": last_low, "last_dose_high": last_high}
    known = ~np.isnan(last_low)
    for name in _WORDS:
        known |= words[name] >= 0
    return {name: out[name][known] for name in COURSE}


def extreme_dates(
    low: FloatArray, high: FloatArray, place: IntArray, size: int, *, latest: bool
) -> tuple[FloatArray, FloatArray]:
    """Return the latest (or earliest) of the dates of each place, NaN where none is known; shape (size,) each."""
    known = np.flatnonzero(~np.isnan(low))
    order = known[np.argsort((low[known] + high[known]) * (1.0 if latest else -1.0), kind="stable")]
    out = np.full(size, np.nan), np.full(size, np.nan)
    out[0][place[order]], out[1][place[order]] = low[order], high[order]
    return out


def _order(
    started: Int8Array, began: tuple[FloatArray, FloatArray], low_igm: tuple[FloatArray, FloatArray], person: IntArray
) -> Int8Array:
    """Tell from the dates whether an exposure began before the first low IgM, where no word says it."""
    with np.errstate(invalid="ignore"):
        before = began[1] <= low_igm[0][person]
        after = began[0] >= low_igm[1][person]
    told = np.where(before, STARTED.index("before_low_igm"), np.where(after, STARTED.index("after_low_igm"), -1))
    return np.where(started >= 0, started, told).astype(np.int8)
