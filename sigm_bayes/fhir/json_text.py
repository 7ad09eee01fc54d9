"""Strict JSON: no NaN, no key twice, no bottomless nesting; decimals keep the digits that were sent."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

MAX_BYTES = 64 * 1024 * 1024
"""A Bundle for one person, or one line of NDJSON, is never so long."""
DEEPEST = 64
"""No resource nests objects and lists so deep."""
_DECIMAL = re.compile(r'"\\u0000([-+0-9.eE]{1,40})"')


class NotJsonError(ValueError):
    """Why a text is not strict JSON; the message never quotes the text."""


def loads(data: str | bytes) -> Any:
    """Return the content of a JSON text; numbers with a decimal point are `Decimal`, as FHIR asks.

    Raises
    ------
    NotJsonError
        Not UTF-8, not JSON, NaN or infinity, a key that stands twice in one object, nested too deep, too long.
    """
    if len(data) > MAX_BYTES:
        raise NotJsonError(f"longer than {MAX_BYTES // 1024**2} MB")
    try:
        text = data.decode("utf-8-sig") if isinstance(data, bytes) else data
        document = _DECODER.decode(text)
    except UnicodeDecodeError:
        raise NotJsonError("no text in UTF-8") from None
    except NotJsonError:
        raise
    except json.JSONDecodeError as error:
        raise NotJsonError(f"{error.msg} (line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise NotJsonError("nested too deep") from None
    except ValueError:  # a whole number of thousands of digits
        raise NotJsonError("a number is too long") from None
    if text.count("{") + text.count("[") > DEEPEST and _deeper(document, DEEPEST):
        raise NotJsonError("nested too deep")
    return document


def _deeper(document: Any, limit: int) -> bool:
    """Return whether objects and lists stand in each other more than `limit` deep."""
    layer = [document] if isinstance(document, dict | list) else []
    for _ in range(limit):
        inner = (one for outer in layer for one in (outer.values() if isinstance(outer, dict) else outer))
        layer = [one for one in inner if isinstance(one, dict | list)]
        if not layer:
            return False
    return True


def dumps(document: Mapping[str, Any], *, indent: int | None = None) -> str:
    """Return JSON in which a `Decimal` is a number with exactly its digits (0.30 stays 0.30)."""
    separators = (",", ":") if indent is None else None
    text = json.dumps(document, default=_marked, allow_nan=False, indent=indent, separators=separators)
    return _DECIMAL.sub(r"\1", text)


def _marked(value: object) -> str:
    if isinstance(value, Decimal) and value.is_finite():
        return f"\0{value:f}"
    raise TypeError(f"{type(value).__name__} has no place in JSON")


def _no_constant(name: str) -> Any:
    raise NotJsonError(f"{name} is no JSON number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        raise NotJsonError("a key stands twice in one object")
    return read


_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_once)
