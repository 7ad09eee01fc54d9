"""The data types of FHIR that are read here: codings, dates, periods, references; whatever does not fit is None."""

from __future__ import annotations

import calendar
import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sigm_bayes.codes import system_of_uri

_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})?)?)?)?")
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Coding:
    """One code with its system and, if sent, its name."""

    system: str
    code: str
    display: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    """A date of FHIR: a day, a month or a year (the time of day is left out).

    Attributes
    ----------
    text : str
        ISO text: ``2026-03-05``, ``2026-03`` or ``2026``.
    first, last : datetime.date
        The days that it leaves open.
    """

    text: str
    first: datetime.date
    last: datetime.date

    @property
    def middle(self) -> datetime.date:
        """The middle of the days that it leaves open."""
        return self.first + (self.last - self.first) // 2

    @property
    def partial(self) -> bool:
        """Whether the day is not known."""
        return self.first != self.last


def read_day(value: object) -> Day | None:
    """Return the day, month or year of a FHIR date or dateTime; None where it is none."""
    return _day(value) if isinstance(value, str) and len(value) <= 40 and value.isascii() else None


@lru_cache(maxsize=65_536)
def _day(value: str) -> Day | None:
    match = _DATE.fullmatch(value)
    if match is None:
        return None
    year, month, day = (None if part is None else int(part) for part in match.groups())
    assert year is not None
    try:
        first = datetime.date(year, month or 1, day or 1)
        last = datetime.date(year, month or 12, day or calendar.monthrange(year, month or 12)[1])
    except ValueError:  # also calendar.IllegalMonthError
        return None
    text = "-".join(part for part in match.groups() if part is not None)
    return Day(text, first, last)


def decimal_year(day: datetime.date, *, after: bool = False) -> float:
    """Return the start (or, with `after`, the end) of a day as a decimal year."""
    length = 366 if calendar.isleap(day.year) else 365
    return day.year + (day.timetuple().tm_yday - (0 if after else 1)) / length


def objects(holder: object, name: str) -> list[dict[str, Any]]:
    """Return the objects in a repeating element; those that are none are left out."""
    value = holder.get(name) if isinstance(holder, dict) else None
    listed = value if isinstance(value, list) else [value]
    return [entry for entry in listed if isinstance(entry, dict)]


def single(holder: object, name: str) -> dict[str, Any] | None:
    """Return the object in an element, or None."""
    value = holder.get(name) if isinstance(holder, dict) else None
    return value if isinstance(value, dict) else None


def word(holder: object, name: str) -> str | None:
    """Return the text in an element, stripped, or None where there is none."""
    value = holder.get(name) if isinstance(holder, dict) else None
    return value.strip() or None if isinstance(value, str) else None


def codings(concept: object) -> tuple[Coding, ...]:
    """Return the codings of a CodeableConcept that have system and code."""
    found = []
    for entry in objects(concept, "coding"):
        system, code = word(entry, "system"), word(entry, "code")
        if system is not None and code is not None:
            found.append(Coding(system, code, word(entry, "display") or ""))
    return tuple(found)


def codes_in(concept: object) -> tuple[str, ...]:
    """Return the bare codes of a CodeableConcept (of a status, whose system is fixed by FHIR)."""
    return tuple(code for entry in objects(concept, "coding") if (code := word(entry, "code")) is not None)


def named(concept: object) -> str:
    """Return how a CodeableConcept is shown: its codes with name, else its text."""
    parts = []
    for coding in codings(concept):
        system = system_of_uri(coding.system) or coding.system.rstrip("/").rpartition("/")[2]
        parts.append(f"{system} {coding.code}" + (f" ({coding.display})" if coding.display else ""))
    return clipped("; ".join(parts) or (word(concept, "text") or ""))


def clipped(text: str) -> str:
    """Return a text on one line, printable, of at most 60 characters."""
    plain = text if text.isprintable() else "".join(mark if mark.isprintable() else " " for mark in text)
    return plain if len(plain) <= _SHOWN else plain[: _SHOWN - 3] + "..."


def extensions(holder: object, url: str) -> Iterator[dict[str, Any]]:
    """Yield the extensions with this address."""
    for entry in objects(holder, "extension"):
        if entry.get("url") == url:
            yield entry


def reference(holder: object, name: str) -> str | None:
    """Return the literal reference in an element, or None."""
    return word(single(holder, name), "reference")
