"""Days as OMOP writes them."""

from __future__ import annotations

import datetime


def read_day(text: str | None) -> datetime.date | None:
    """Return the day of an ISO date or time, or of 20260115; None where it is neither."""
    if text is None:
        return None
    plain = f"{text[:4]}-{text[4:6]}-{text[6:8]}" if len(text) == 8 and text.isdigit() else text[:10]
    try:
        return datetime.date.fromisoformat(plain)
    except ValueError:
        return None
