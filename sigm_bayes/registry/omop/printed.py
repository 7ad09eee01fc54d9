"""A measurement's number, comparator, unit and printed text -> the result as printed, with its unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from sigm_bayes.registry.results import Printed, read_printed
from sigm_bayes.units import UNITS, canonical_unit


@dataclass(frozen=True)
class Raw:
    """The five columns of a measurement that say a result, each None where blank.

    Attributes
    ----------
    number, text, operator, unit, unit_text : str or None
        ``value_as_number``, ``value_source_value``, ``operator_concept_id``, ``unit_concept_id``,
        ``unit_source_value``.
    """

    number: str | None
    text: str | None
    operator: str | None
    unit: str | None
    unit_text: str | None


def as_printed(raw: Raw, *, units: Mapping[str, str], operators: Mapping[str, str]) -> tuple[str, str]:
    """Return value and unit as cells of the table of samples.

    What contradicts itself is put in words that no reader takes for a number or a unit, so that the row is listed
    with them and not used.

    Parameters
    ----------
    raw : Raw
    units, operators : mapping of str to str
        Concept id -> unit, comparator.
    """
    unit = _unit(raw, units)
    sign = "" if raw.operator in (None, "0") else operators.get(str(raw.operator))
    if sign is None:
        return f"{raw.number or raw.text} with operator_concept_id {raw.operator}", unit
    printed = read_printed(raw.text, decimal=".") if raw.text is not None else None
    if raw.number is None:
        return _text_alone(raw.text or "", printed, sign), unit
    number = _plain_number(raw.number)
    if number is None:
        return raw.number, unit
    if isinstance(printed, Printed):
        if printed.comparator != "=" and sign not in ("", printed.comparator):
            return f"{raw.text} with the comparator {sign}", unit
        if printed.unit is not None and unit in UNITS and printed.unit != unit:
            same = printed.value * UNITS[printed.unit] == Decimal(number) * UNITS[unit]
            return (str(raw.text) if same else f"{raw.text} beside {number} {unit}"), unit
        if printed.value == Decimal(number):
            shown = str(raw.text).strip()
            return (shown if printed.comparator != "=" or sign in ("", "=") else sign + shown.lstrip("= ")), unit
        sign = sign or printed.comparator
    return ("" if sign == "=" else sign) + number, unit


def _text_alone(text: str, printed: Printed | str | None, sign: str) -> str:
    """Return the text where there is no number; the operator stands before it unless the text has its own."""
    if not isinstance(printed, Printed) or sign in ("", "=", printed.comparator):
        return text if not isinstance(printed, Printed) or printed.comparator == "=" or sign != "=" else f"{text} ="
    return sign + text.lstrip("= ") if printed.comparator == "=" else f"{text} with the comparator {sign}"


def _plain_number(text: str) -> str | None:
    """Return a number without exponent and without decimals that are all zero; None where it is none."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    if not value.is_finite() or abs(value.adjusted()) > 15:
        return None
    plain = f"{value:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain and not plain.split(".")[1].strip("0") else plain


def _unit(raw: Raw, units: Mapping[str, str]) -> str:
    """Return the unit; a concept and a text that say different units, and a concept that is none, are said in words."""
    stated = None if raw.unit_text is None else canonical_unit(raw.unit_text)
    if raw.unit in (None, "0"):
        return stated or raw.unit_text or ""
    meant = units.get(str(raw.unit))
    if meant is None:
        return f"unit_concept_id {raw.unit}"
    if stated is not None and stated != meant:
        return f"{meant} by its concept, {raw.unit_text} by its text"
    return meant
