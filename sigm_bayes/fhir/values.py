"""Quantities of FHIR: number with its digits, comparator, UCUM unit, reference range."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sigm_bayes.fhir.elements import codes_in, objects, single, word
from sigm_bayes.fhir.facts import Refused
from sigm_bayes.units import UNITS, canonical_unit

UCUM = "http://unitsofmeasure.org"
COMPARATORS = ("<", "<=", ">=", ">")
_LONGEST = 24
_PRINTED = re.compile(r"(<=|>=|≤|≥|<|>)?\s*([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*(\S.{0,20})?")
_SIGNS = {"≤": "<=", "≥": ">="}
_UCUM = {form: name for name in UNITS for form in (name, name.replace("L", "l"))}
"""UCUM is case-sensitive: mg/dL and mg/dl are units, MG/DL is none."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A result as sent: its digits, its unit by `sigm_bayes.units`, and its comparator or None."""

    text: str
    unit: str
    comparator: str | None


def read_value(holder: dict[str, Any]) -> Quantity | Refused:
    """Return the value of an Observation, or the kind of reason and details why there is none."""
    quantity = single(holder, "valueQuantity")
    if quantity is not None:
        return _quantity(quantity)
    text = word(holder, "valueString")
    if text is not None:
        return _printed(text)
    others = [name for name in holder if name.startswith("value") and name != "valueQuantity"]
    if "valueQuantity" in holder or others:
        return Refused("value_not_a_number", ", ".join(others)[:40])
    return Refused("value_missing", "")


def _quantity(quantity: dict[str, Any]) -> Quantity | Refused:
    if quantity.get("value") is None:
        return Refused("value_missing", "")
    text = digits(quantity["value"])
    if text is None:
        return Refused("value_not_a_number", "")
    comparator = quantity.get("comparator")
    if comparator is not None and comparator not in COMPARATORS:
        return Refused("comparator_unknown", "")
    unit = read_unit(quantity)
    return Quantity(text, unit, comparator) if isinstance(unit, str) else unit


def digits(value: object) -> str | None:
    """Return a JSON number as text with the digits that were sent; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    if isinstance(value, Decimal) and abs(value.adjusted()) > _LONGEST:
        return None
    text = f"{value:f}" if isinstance(value, Decimal) else str(value) if abs(value) < 10**_LONGEST else ""
    return text if 0 < len(text) <= _LONGEST else None


def read_unit(quantity: dict[str, Any]) -> str | Refused:
    """Return the unit by its name in `sigm_bayes.units`, or why it is not known; never guessed."""
    code, plain = word(quantity, "code"), word(quantity, "unit")
    if code is None and plain is None:
        return Refused("unit_missing", "")
    written = None if plain is None else canonical_unit(plain)
    if code is None:
        return written if written is not None else Refused("unit_unknown", (plain or "")[:30])
    if word(quantity, "system") not in (UCUM, None):
        coded = canonical_unit(code)
    else:
        coded = _UCUM.get(code)
    if coded is None:
        return Refused("unit_unknown", code[:30])
    if written is not None and written != coded:
        return Refused("unit_conflict", f"{(plain or '')[:20]} against {code[:20]}")
    return coded


def _printed(text: str) -> Quantity | Refused:
    """Read a result that came as text: ``< 0.20 g/L``; its unit must stand in it."""
    match = _PRINTED.fullmatch(text) if len(text) <= 40 else None
    if match is None:
        return Refused("value_not_a_number", "text")
    sign, number, tail = match.groups()
    if not tail:
        return Refused("unit_missing", "")
    unit = canonical_unit(tail)
    if unit is None:
        return Refused("unit_unknown", tail[:30])
    return Quantity(number, unit, _SIGNS.get(sign, sign) if sign else None)


def limits(holder: dict[str, Any], *, unit: str, compare: bool = True) -> tuple[tuple[str, str] | None, str]:
    """Return low and high of the one normal reference range in the unit of the value, and a note if it is not used.

    Parameters
    ----------
    holder : dict
        Observation or component.
    unit : str
        Of the value: a name in `sigm_bayes.units`, or with `compare` false the unit as sent.
    compare : bool
        Whether units are concentrations that are known; else they must be spelt alike.
    """
    found = []
    for entry in objects(holder, "referenceRange"):
        kinds = codes_in(entry.get("type"))
        if kinds and "normal" not in kinds:
            continue
        ends = (single(entry, "low"), single(entry, "high"))
        if ends[0] is None or ends[1] is None:
            continue
        found.append((ends[0], ends[1]))
    if not found:
        return None, ""
    read: set[tuple[str, str] | None] = set()
    for low, high in found:
        texts = (digits(low.get("value")), digits(high.get("value")))
        units = [
            (read_unit(end) if compare else word(end, "code") or word(end, "unit") or unit)
            if word(end, "code") or word(end, "unit")
            else unit
            for end in (low, high)
        ]
        good = texts[0] is not None and texts[1] is not None and units == [unit, unit]
        read.add((texts[0] or "", texts[1] or "") if good else None)
    if len(read) > 1:
        return None, "several reference ranges: none used"
    only = read.pop()
    return only, "" if only is not None else "reference range not used: its unit is not that of the value"
