"""Read a JSON body defensively: its type, its shape and its size, before anything looks at its meaning."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from sigm_bayes.fhir.json_text import NotJsonError, loads
from sigm_bayes.web.shield import Refused

MAX_DEPTH, MAX_ENTRIES, MAX_TEXT = 40, 100, 2_000
"""Levels, entries of one table or list, and characters of one text in a patient's JSON."""


async def json_body(request: Request, *, max_entries: int = MAX_ENTRIES) -> Any:
    """Return the parsed body.

    Parameters
    ----------
    request
        With the content type application/json.
    max_entries
        Entries that one table or list may have.

    Raises
    ------
    Refused
        415 for another content type, 400 for what is no standard JSON, 413 for what is too large or too deep.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/json", "application/fhir+json"):
        raise Refused(415, "Send JSON with the content type application/json.")
    try:
        read = loads(await request.body())
    except NotJsonError as error:
        raise Refused(400, f"The body is not standard JSON: {error}.") from None
    _check_shape(read, max_entries=max_entries)
    return read


def _check_shape(read: Any, *, max_entries: int) -> None:
    """Walk without recursion, so that depth is a number and not a crash."""
    level = [read]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for value in level:
            if isinstance(value, str) and len(value) > MAX_TEXT:
                raise Refused(413, f"A text is longer than {MAX_TEXT:,} characters.")
            if isinstance(value, dict | list) and len(value) > max_entries:
                raise Refused(413, f"A table or list has more than {max_entries:,} entries.")
            if isinstance(value, dict):
                below += [*value.keys(), *value.values()]
            elif isinstance(value, list):
                below += value
        if not below:
            return
        level = below
    raise Refused(413, f"The JSON is nested deeper than {MAX_DEPTH} levels.")
