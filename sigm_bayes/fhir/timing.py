"""When something was there, against the look-back of a definition that ends at the last IgM."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from sigm_bayes.fhir.elements import Day
from sigm_bayes.fhir.facts import Statement

DAYS_PER_YEAR = 365.25
OPEN = datetime.date.max
"""End of what goes on."""


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when; the middle of a month or a year where only that is known."""

    start: datetime.date
    end: datetime.date


def span(statement: Statement) -> Span | None:
    """Return when it was there; None where no date says it. What goes on ends never; else it ends where it began."""
    first, last = statement.first, statement.last
    start = first or last
    if start is None:
        return None
    end = OPEN if statement.ongoing else (last or start).middle
    return Span(min(start.middle, end), end)


def looks_back(statement: Statement, *, until: Day, window_years: float | None, needs_date: bool) -> str | None:
    """Return why a statement is outside the look-back of a finding, or None where it counts.

    Parameters
    ----------
    until : Day
        The last IgM.
    window_years : float or None
        None: ever.
    needs_date : bool
        Whether an undated one is no evidence; one that goes on, or an "ever", needs none.
    """
    when = span(statement)
    if when is None:
        undated = needs_date and window_years is not None and not statement.ongoing
        return "date_missing" if undated else None
    if when.start > until.last:
        return "after_last_igm"
    if window_years is not None and (until.middle - when.end).days > window_years * DAYS_PER_YEAR:
        return "outside_window"
    return None


def episodes(starts: list[datetime.date], *, days_apart: int) -> int:
    """Return how many episodes records with these days are: one so many days after the last record begins another."""
    count, latest = 0, None
    for day in sorted(starts):
        if latest is None or (day - latest).days >= days_apart:
            count += 1
        latest = day
    return count
