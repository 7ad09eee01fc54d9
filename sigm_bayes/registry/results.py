"""Printed results: comparator, number with point or comma, digits, and perhaps a unit in the cell."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from sigm_bayes.units import canonical_unit

Decimals = Literal[".", ",", "auto"]

_RESULT = re.compile(r"(<=|>=|≤|≥|<|>|=)?\s*([+-]?)\s*([0-9][0-9.,]{0,17})\s*([a-zA-Zµμ%][a-zA-Zµμ%0-9/ ]{0,9})?")
_SIGNS = {"≤": "<=", "≥": ">=", None: "=", "": "="}
_GROUPS = re.compile(r"[0-9]{1,3}([.,])[0-9]{3}(?:\1[0-9]{3})*")


@dataclass(frozen=True)
class Printed:
    """A result as printed.

    Attributes
    ----------
    comparator : str
        ``=``, ``<``, ``<=``, ``>`` or ``>=``.
    value : Decimal
    decimals : int
        Digits after the decimal sign.
    unit : str or None
        Unit in the cell itself.
    comma : bool
        Whether a comma was read as decimal sign.
    """

    comparator: str
    value: Decimal
    decimals: int
    unit: str | None
    comma: bool


def decimal_sign(words: Iterable[str]) -> Decimals:
    """Return the decimal sign that the unambiguous numbers of a column use; ``auto`` where both occur or none does."""
    seen = set()
    for word in words:
        match = _RESULT.fullmatch(word) if len(word) <= 40 else None
        if match is None:
            continue
        digits = match[3]
        if ("," in digits) == ("." in digits) or _GROUPS.fullmatch(digits):
            continue
        seen.add("," if "," in digits else ".")
    if len(seen) == 1:
        return "," if "," in seen else "."
    return "auto"


def read_printed(text: str, *, decimal: Decimals) -> Printed | str:
    """Read a printed result.

    Parameters
    ----------
    text
        The cell, stripped.
    decimal
        The decimal sign of the column, or ``auto``.

    Returns
    -------
    Printed or str
        The result, or the kind of issue that it has.
    """
    match = _RESULT.fullmatch(text) if len(text) <= 40 else None
    if match is None:
        return "value_not_a_number"
    sign, minus, digits, tail = match.groups()
    plain = _plain(digits, decimal)
    if plain is None:
        return "value_ambiguous" if _GROUPS.fullmatch(digits) else "value_not_a_number"
    if minus == "-":
        return "value_negative"
    unit = canonical_unit(tail) if tail else None
    if tail and unit is None:
        return "value_not_a_number"
    value = Decimal(plain)
    after = len(plain) - plain.index(".") - 1 if "." in plain else 0
    comma = "," in digits and "." in plain and digits.rfind(",") > digits.rfind(".")
    return Printed(_SIGNS.get(sign, sign or "="), value, after, unit, comma)


def _plain(digits: str, decimal: Decimals) -> str | None:
    """Return the number with a decimal point and no grouping; None where it is no number or can be two."""
    if digits.isdigit():
        return digits
    if "," in digits and "." in digits:
        last = max(digits.rfind(","), digits.rfind("."))
        head, mark = digits[:last], digits[last]
        other = "." if mark == "," else ","
        grouped = mark not in head and re.fullmatch(rf"[0-9]{{1,3}}(?:\{other}[0-9]{{3}})+", head)
        return f"{head.replace(other, '')}.{digits[last + 1 :]}" if grouped and digits[last + 1 :] else None
    mark = "," if "," in digits else "."
    if digits.count(mark) > 1:
        return digits.replace(mark, "") if _GROUPS.fullmatch(digits) else None
    if digits.endswith(mark):
        return None
    if mark == "," and decimal != ",":
        if _GROUPS.fullmatch(digits):
            return digits.replace(",", "") if decimal == "." and not digits.startswith("0") else None
        return digits.replace(",", ".")
    if mark == "." and decimal == "," and _GROUPS.fullmatch(digits) and not digits.startswith("0"):
        return digits.replace(".", "")
    return digits.replace(",", ".")
