"""The answer as JSON, complete and strict."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def to_json(answer: Mapping[str, Any], *, indent: int | None = 2) -> str:
    """Return the answer document as standard JSON.

    Parameters
    ----------
    answer : mapping
        ``Answer.to_dict()``.
    indent : int or None
        Spaces per level; None for one line.

    Raises
    ------
    ValueError
        If the answer holds NaN or an infinity, which JSON does not have.
    """
    return json.dumps(answer, indent=indent, ensure_ascii=False, allow_nan=False)
