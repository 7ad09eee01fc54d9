"""Recurrence is not a code: records of one condition -> episodes -> whether there are enough of them in the window.

What makes two records two episodes is said once, in `data/fhir/reading.toml`, for all readers of records.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from sigm_bayes.fhir.rules import load_rules
from sigm_bayes.fhir.timing import DAYS_PER_YEAR, episodes

EPISODE_GAP_DAYS = load_rules().days_apart
"""Records fewer days apart than this are of one episode."""


def count_episodes(days: Iterable[datetime.date], *, gap_days: int = EPISODE_GAP_DAYS) -> int:
    """Return how many episodes records on these days are: a record `gap_days` after the last one begins another."""
    return episodes(list(days), days_apart=gap_days)


def enough_episodes(
    days: Iterable[datetime.date],
    *,
    until: datetime.date,
    window_years: float | None,
    min_count: int,
    gap_days: int = EPISODE_GAP_DAYS,
) -> bool:
    """Return whether records are `min_count` episodes or more in the window that ends on a day.

    Parameters
    ----------
    days : iterable of date
        Of the records; those after `until` or before the window do not count.
    until : date
        Last day that counts: that of the first low IgM.
    window_years : float or None
        Length of the look-back window; None: ever.
    min_count : int
    gap_days : int
        Days between two records that make them two episodes.
    """
    days = [day for day in days if day <= until]
    if window_years is not None:
        days = [day for day in days if (until - day).days <= window_years * DAYS_PER_YEAR]
    return count_episodes(days, gap_days=gap_days) >= min_count


__all__ = ["DAYS_PER_YEAR", "EPISODE_GAP_DAYS", "count_episodes", "enough_episodes"]
