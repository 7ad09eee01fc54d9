"""Read single fields of a patient file; what does not fit becomes a problem, never an exception."""

from __future__ import annotations

import datetime
import math
import numbers
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from sigm_bayes.catalogue import Limits
from sigm_bayes.catalogue.tables import nearest
from sigm_bayes.errors import Problem


class Problems:
    """Gathers the problems of one file."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def add(self, field: str, value: object, message: str, remedy: str) -> None:
        """Note one problem."""
        self.found.append(Problem(field, value, message, remedy))


def choice(problems: Problems, field: str, value: Any, options: Iterable[str], *, what: str) -> str | None:
    """Read one of a few words; ``None`` (and a problem) for anything else."""
    names = tuple(options)
    listed = " | ".join(names)
    if not isinstance(value, str):
        remedy = f'Write "{names[0]}" in quotes, or another of: {listed}.'
        problems.add(field, value, f"expected {what} as a text, not {_kind(value)}", remedy)
        return None
    if value in names:
        return value
    near = nearest(value, names)
    remedy = f'Did you mean "{near}"? ' if near else ""
    problems.add(field, value, f"is no {what}", f"{remedy}Use one of: {listed}.")
    return None


def number(problems: Problems, field: str, value: Any, *, example: str) -> float | None:
    """Read a finite number; ``None`` (and a problem) for text, true or false, NaN or infinity."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real | Decimal):
        hint = " Write it without quotes." if isinstance(value, str) else ""
        problems.add(field, value, f"expected a number, not {_kind(value)}", f"For example {example}.{hint}")
        return None
    try:
        plain = float(value)
    except (OverflowError, ValueError, TypeError):
        plain = math.inf
    if not math.isfinite(plain):
        shown = "not a number (NaN)" if math.isnan(plain) else "infinite"
        problems.add(field, value, f"is {shown}", f"Give a number, for example {example}, or leave it out.")
        return None
    return plain


def truth(problems: Problems, field: str, value: Any) -> bool | None:
    """Read true or false."""
    if isinstance(value, bool):
        return value
    problems.add(field, value, f"expected true or false, not {_kind(value)}", "Write true or false without quotes.")
    return None


def table(problems: Problems, field: str, value: Any, *, example: str) -> dict[str, Any]:
    """Read a table with text keys; an empty one (and a problem) for anything else. Nulls are left out."""
    if not isinstance(value, Mapping):
        problems.add(field, value, f"expected a table, not {_kind(value)}", f"For example {example}.")
        return {}
    read: dict[str, Any] = {}
    for key, entry in _items(problems, field, value):
        if not isinstance(key, str):
            problems.add(field, key, "expected a text as key", "Put the key in quotes.")
        elif entry is not None:
            read[key] = entry
    return read


def _items(problems: Problems, field: str, value: Mapping[Any, Any]) -> Iterator[tuple[Any, Any]]:
    try:
        yield from tuple(value.items())
    except Exception:  # a mapping of foreign make that cannot be read is a bad input, not a crash
        problems.add(field, None, "cannot be read as a table", "Give a plain dictionary.")


def rows(problems: Problems, field: str, value: Any, *, example: str) -> tuple[Any, ...]:
    """Read a list of tables; a single table counts as a list of one."""
    if isinstance(value, Mapping):
        return (value,)
    if isinstance(value, list | tuple):
        return tuple(value)
    problems.add(field, value, f"expected a list of tables, not {_kind(value)}", f"For example {example}.")
    return ()


def unknown_keys(problems: Problems, field: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Note every key that has no meaning here, with the nearest one that has."""
    names = tuple(known)
    for key in given:
        if key not in names:
            near = nearest(key, names)
            remedy = f"Did you mean {near}?" if near else f"Known keys: {', '.join(names)}."
            problems.add(f"{field}.{key}" if field else key, None, "unknown key", remedy)


_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


def date(problems: Problems, field: str, value: Any, *, limits: Limits) -> tuple[str, float, float] | None:
    """Read a date: ``2026``, ``2026-01`` or ``2026-01-15``, as text, TOML date or (a year) a whole number.

    Returns
    -------
    tuple of str, float, float, or None
        The date as ISO text, and start and end of that day, month or year as decimal years.
    """
    if isinstance(value, datetime.date):  # also datetime.datetime
        text = f"{value.year:04d}-{value.month:02d}-{value.day:02d}"
    elif isinstance(value, int) and not isinstance(value, bool):
        text = f"{value:04d}" if 0 <= value < 10_000 else ""
    else:
        text = value.strip() if isinstance(value, str) else ""
    match = _DATE.fullmatch(text, 0, 10) if text.isascii() else None
    remedy = 'Write "2026-01-15", or only "2026-01" or "2026".'
    if match is None or len(text) > 10:
        problems.add(field, value, "is no ISO date", remedy)
        return None
    year, month, day = (None if part is None else int(part) for part in match.groups())
    assert year is not None
    if not limits.earliest_year <= year <= limits.latest_year:
        span = f"{limits.earliest_year} to {limits.latest_year}"
        problems.add(field, value, f"expected a year from {span}", "Correct the year.")
        return None
    import calendar  # with locale and more behind it: only a dated sample pays for it

    try:
        first = datetime.date(year, month or 1, day or 1)
        last = datetime.date(year, month or 12, day or calendar.monthrange(year, month or 12)[1])
    except ValueError:
        problems.add(field, value, "is no day of the calendar", "Correct month and day.")
        return None
    return text, _decimal_year(first), _decimal_year(last, after=True)


def _decimal_year(day: datetime.date, *, after: bool = False) -> float:
    """Return the start (or, with `after`, the end) of a day as a decimal year."""
    length = (datetime.date(day.year, 12, 31) - datetime.date(day.year, 1, 1)).days + 1
    return day.year + (day.timetuple().tm_yday - (0 if after else 1)) / length


def _kind(value: object) -> str:
    """Name the kind of a value in plain words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return "a text"
    if isinstance(value, numbers.Number):
        return "a number"
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list"
    return type(value).__name__
