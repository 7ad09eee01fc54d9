"""Dates as hospitals print them -> the interval of decimal years that they leave open."""

from __future__ import annotations

import calendar
import datetime
import re
from typing import Literal

Order = Literal["dmy", "mdy"]

_ISO = re.compile(r"(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?(?:[T ][0-9:.+Z ]{0,24})?")
_COMPACT = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})")
_DAY_LAST_YEAR = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})(?:[T ][0-9:.+Z ]{0,24})?")
_MONTH_YEAR = re.compile(r"(\d{1,2})[-/.](\d{4})")
_NAMED = re.compile(r"(\d{1,2})[- .]+([A-Za-z]{3})[a-z]*[- .]+(\d{4}|\d{2})")
_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")  # whatever the locale
_MONTHS = {name: number for number, name in enumerate(_NAMES, start=1)}

_HALF_A_DAY, _TWO_DAYS, _HALF_A_YEAR = 0.5 / 366, 2 / 365, 0.5

Interval = tuple[float, float]


def read_date(text: str, *, order: Order | None, until: int | None, years: tuple[int, int]) -> Interval | str:
    """Read a date, a month or a year.

    Parameters
    ----------
    text
        The cell, stripped.
    order
        Which of two small numbers is the day; None: ``03/04/2021`` is ambiguous (dots are read as day.month).
    until
        Last year that a two-digit year can mean (2026: 27 is 1927); None: two-digit years are not read.
    years
        First and last year that can be right.

    Returns
    -------
    (float, float) or str
        Start and end of the day, month or year in decimal years, or the kind of issue.
    """
    if len(text) > 40 or not text.isascii():
        return "date_not_readable"
    parts = _parts(text, order, until)
    if isinstance(parts, str):
        return parts
    year, month, day = parts
    if not years[0] <= year <= years[1]:
        return "date_out_of_range"
    try:
        first = datetime.date(year, month or 1, day or 1)
        last = datetime.date(year, month or 12, day or calendar.monthrange(year, month or 12)[1])
    except ValueError:  # also calendar.IllegalMonthError
        return "date_not_readable"
    return _decimal_year(first, 0), _decimal_year(last, 1)


def end_of_data(until: str | None) -> float:
    """Return the end of the day after which dates lie in the future, in decimal years.

    Parameters
    ----------
    until
        ISO date of the export; None: today.
    """
    return _decimal_year(datetime.date.today() if until is None else datetime.date.fromisoformat(until), 1)


def iso_text(low: float, high: float) -> str:
    """Return a day, a month or a year, given as an interval of decimal years, as ISO text.

    The inverse of `read_date`: ``iso_text(2026.0, 2027.0)`` is ``"2026"``.
    """
    year = int(low + _HALF_A_DAY)
    first = datetime.date(year, 1, 1) + datetime.timedelta(
        days=round((low - year) * (366 if calendar.isleap(year) else 365))
    )
    if high - low > _HALF_A_YEAR:
        return f"{year:04d}"
    if high - low > _TWO_DAYS:
        return f"{year:04d}-{first.month:02d}"
    return first.isoformat()


def _parts(text: str, order: Order | None, until: int | None) -> tuple[int, int | None, int | None] | str:
    """Return year, month and day (None where not given), or the kind of issue."""
    match = _COMPACT.fullmatch(text) or _ISO.fullmatch(text)
    if match:
        year, month, day = (None if part is None else int(part) for part in match.groups())
        return int(year or 0), month, day
    match = _MONTH_YEAR.fullmatch(text)
    if match:
        return int(match[2]), int(match[1]), None
    match = _NAMED.fullmatch(text)
    if match:
        named = _MONTHS.get(match[2].lower())
        year = _year(match[3], until)
        if named is None:
            return "date_not_readable"
        return "date_two_digit_year" if year is None else (year, named, int(match[1]))
    match = _DAY_LAST_YEAR.fullmatch(text)
    if match is None:
        return "date_not_readable"
    year = _year(match[4], until)
    if year is None:
        return "date_two_digit_year"
    first, second = int(match[1]), int(match[3])
    said = order or _told(first, second, match[2])
    if said is None:
        return "date_ambiguous"
    return (year, second, first) if said == "dmy" else (year, first, second)


def _told(first: int, second: int, mark: str) -> Order | None:
    """Return the order where the numbers or the dots settle it."""
    if mark == "." or first > 12 or first == second:
        return "dmy"
    return "mdy" if second > 12 else None


def _year(text: str, until: int | None) -> int | None:
    if len(text) == 4:
        return int(text)
    if until is None:
        return None
    year = until - until % 100 + int(text)
    return year if year <= until else year - 100


def _decimal_year(day: datetime.date, after: int) -> float:
    length = 366 if calendar.isleap(day.year) else 365
    return day.year + (day.timetuple().tm_yday - 1 + after) / length
