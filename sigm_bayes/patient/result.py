"""From a printed laboratory result to the interval of levels that print like it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from sigm_bayes import units
from sigm_bayes.catalogue import Analyte, Catalogue
from sigm_bayes.patient import fields
from sigm_bayes.patient.fields import Problems
from sigm_bayes.patient.records import Comparator, Sample

_KEYS = ("value", "unit", "comparator", "resolution", "date", "context", "reference_interval")
_COMPARATORS = ("=", "<", "<=", ">", ">=")
_PRINTED = re.compile(r"(<=|>=|≤|≥|<|>|=)?\s*([0-9]{1,12}(?:\.[0-9]{1,12})?)")
_SIGNS = {"≤": "<=", "≥": ">="}


@dataclass(frozen=True)
class _Printed:
    """A result as printed: comparator, number, and the step that its digits imply (text only)."""

    comparator: str | None
    value: Decimal
    step: Decimal | None


def read_sample(problems: Problems, field: str, given: Any, *, analyte: Analyte, catalogue: Catalogue) -> Sample | None:
    """Read one result; ``None`` (and problems) where it cannot be used.

    Parameters
    ----------
    given
        Table with ``value`` and ``unit`` and perhaps ``comparator``, ``resolution``, ``date``, ``context``
        and ``reference_interval``. A number is taken to be printed with the analyser's default resolution; a
        text keeps its digits, so that ``"0.3"`` in g/L is anything from 0.25 to 0.35 g/L.
    """
    example = f'{{ value = 25, unit = "{analyte.usual_unit}" }}'
    before = len(problems.found)
    entry = fields.table(problems, field, given, example=example)
    if not entry:
        if len(problems.found) == before:
            problems.add(field, None, "has no value and no unit", f"For example {example}.")
        return None
    fields.unknown_keys(problems, field, entry, _KEYS)
    unit = _unit(problems, f"{field}.unit", entry.get("unit"), analyte)
    printed = _value(problems, f"{field}.value", entry.get("value"))
    comparator = _comparator(problems, f"{field}.comparator", entry.get("comparator"), printed)
    context = "unknown"
    if "context" in entry:
        options = catalogue.ids("context")
        context = fields.choice(problems, f"{field}.context", entry["context"], options, what="context") or ""
    dated = None
    if "date" in entry:
        dated = fields.date(problems, f"{field}.date", entry["date"], limits=catalogue.limits)
    if unit is None or printed is None or comparator is None:
        return None
    value_mg_dl = units.to_mg_dl(printed.value, unit)
    believed = _believed(problems, f"{field}.value", entry["value"], value_mg_dl, comparator, unit, analyte)
    resolution = _resolution(
        problems,
        f"{field}.resolution",
        entry.get("resolution"),
        printed,
        unit,
        comparator,
        analyte,
        catalogue,
    )
    reference = _reference(problems, f"{field}.reference_interval", entry.get("reference_interval"), unit, analyte)
    if not believed or resolution is None or len(problems.found) > before:
        return None
    low, high = _interval(value_mg_dl, comparator, resolution)
    sign = "" if comparator == "=" else comparator
    return Sample(
        low_mg_dl=low,
        high_mg_dl=high,
        value_mg_dl=float(value_mg_dl),
        comparator=cast(Comparator, comparator),
        resolution_mg_dl=float(resolution),
        text=f"{sign}{printed.value:f} {unit}",
        date=dated[0] if dated else None,
        date_years=(dated[1] + dated[2]) / 2 if dated else None,
        context=context,
        reference_low_mg_dl=reference[0] if reference else None,
        reference_high_mg_dl=reference[1] if reference else None,
    )


def _interval(value: Decimal, comparator: str, resolution: Decimal) -> tuple[float, float]:
    """Return the levels in mg/dL that print as this result; never below 0."""
    half = resolution / 2
    low, high = {
        "=": (value - half, value + half),
        "<": (Decimal(0), value),
        "<=": (Decimal(0), value + half),
        ">": (value, None),
        ">=": (value - half, None),
    }[comparator]
    return float(max(low, Decimal(0))), math.inf if high is None else float(high)


def _unit(problems: Problems, field: str, given: Any, analyte: Analyte) -> str | None:
    accepted = ", ".join(units.UNITS)
    if given is None:
        remedy = f'Add unit = "{analyte.usual_unit}" (or another of {accepted}).'
        problems.add(field, None, "missing; a result without a unit is never guessed", remedy)
        return None
    unit = units.canonical_unit(given) if isinstance(given, str) else None
    if unit is None:
        remedy = f"Use one of: {accepted}."
        if isinstance(given, str) and "iu" in given.lower():
            remedy += " International units depend on the laboratory: ask it for the mass concentration."
        problems.add(field, given, "is no known unit of concentration", remedy)
    return unit


def _value(problems: Problems, field: str, given: Any) -> _Printed | None:
    if given is None:
        problems.add(field, None, "missing", "Give the printed result, for example value = 25.")
        return None
    if isinstance(given, str):
        match = _PRINTED.fullmatch(given.strip()) if len(given) <= 40 else None
        if match is None:
            hint = "Write a decimal point, not a comma." if "," in given else 'For example 25, "0.30" or "<20".'
            if given.strip().startswith("-"):
                hint = "A concentration cannot be negative."
            problems.add(field, given, "is no laboratory result", hint)
            return None
        sign = match[1] and _SIGNS.get(match[1], match[1])
        value = Decimal(match[2])
        return _Printed(sign, value, Decimal(1).scaleb(int(value.as_tuple().exponent)))
    plain = fields.number(problems, field, given, example="25")
    if plain is None:
        return None
    if plain < 0:
        problems.add(field, given, "is negative", "Correct the value.")
        return None
    return _Printed(None, units.exact(int(plain) if plain.is_integer() else plain), None)


def _comparator(problems: Problems, field: str, given: Any, printed: _Printed | None) -> str | None:
    inside = printed.comparator if printed else None
    if given is None:
        return inside or "="
    stated = fields.choice(problems, field, given, _COMPARATORS, what="comparator")
    if stated is not None and inside is not None and stated != inside:
        problems.add(field, given, f"contradicts the {inside!r} in the value", "Give it once.")
        return None
    return stated


def _believed(
    problems: Problems, field: str, given: Any, value: Decimal, comparator: str, unit: str, analyte: Analyte
) -> bool:
    """Refuse results that only the wrong unit or a slip can explain."""
    censored = comparator in ("<", "<=")
    lowest = exact_limit(analyte.lowest_limit_mg_dl if censored else analyte.lowest_mg_dl)
    highest = exact_limit(analyte.highest_mg_dl)
    if lowest <= value <= highest:
        return True
    shown, above = f"{value.normalize():f} mg/dL", value > highest
    if value == 0:
        remedy = 'Give the limit of quantification instead, for example comparator = "<", value = 5.'
        problems.add(field, given, f"{analyte.id} of 0 is not a result", remedy)
        return False
    number_given = value / units.UNITS[unit]
    others = ("mg/dL", "g/L") if unit != "mg/dL" else ("g/L", "mg/L")
    meant = [u for u in others if u != unit and lowest <= units.to_mg_dl(number_given, u) <= highest]
    remedy = f"Did you mean {number_given:f} {meant[0]}?" if meant else "Check value and unit."
    if not above:
        lowest_limit = exact_limit(analyte.lowest_limit_mg_dl)
        remedy += f' If it is truly so low, write it as "<" a limit of {lowest_limit:f} mg/dL or more.'
    beyond = f"above {highest:f}" if above else f"below {lowest:f}"
    problems.add(field, given, f"{analyte.id} of {shown} is {beyond} mg/dL and cannot be believed", remedy)
    return False


def exact_limit(limit: float) -> Decimal:
    """Return a limit of the catalogue as the decimal that stands in its file."""
    return units.exact(limit).normalize() + 0


def _resolution(
    problems: Problems,
    field: str,
    given: Any,
    printed: _Printed,
    unit: str,
    comparator: str,
    analyte: Analyte,
    catalogue: Catalogue,
) -> Decimal | None:
    """Return the step of the printed result in mg/dL: stated, from the digits of a text, or the default."""
    if given is None and printed.step is not None:
        resolution = units.to_mg_dl(printed.step, unit)
    elif given is None:
        resolution = units.exact(analyte.default_resolution_mg_dl)
    else:
        plain = fields.number(problems, field, given, example="1")
        if plain is None:
            return None
        if plain <= 0:
            problems.add(field, given, "must be above 0", "Give the step of the printed result.")
            return None
        resolution = units.to_mg_dl(plain, unit)
        if comparator == "=" and units.exact(plain) > printed.value:
            message = f"is coarser than the value itself; it is in the unit of the value, {unit}"
            problems.add(field, given, message, "Give the step of the printed result in that unit.")
            return None
    return max(resolution, units.exact(catalogue.limits.finest_resolution_mg_dl))


def _reference(problems: Problems, field: str, given: Any, unit: str, analyte: Analyte) -> tuple[float, float] | None:
    """Return the laboratory's reference interval in mg/dL."""
    if given is None:
        return None
    if not isinstance(given, list | tuple) or len(given) != 2:
        problems.add(field, given, "expected two numbers", "Write [low, high], for example [40, 230].")
        return None
    ends = [fields.number(problems, f"{field}[{i}]", end, example="40") for i, end in enumerate(given)]
    if ends[0] is None or ends[1] is None:
        return None
    low, high = ends[0], ends[1]
    if not 0 <= low < high:
        problems.add(field, given, "expected 0 <= low < high", "Write [low, high] in order.")
        return None
    low_mg_dl, high_mg_dl = (float(units.to_mg_dl(end, unit)) for end in (low, high))
    if not analyte.lowest_upper_limit_mg_dl <= high_mg_dl <= analyte.highest_mg_dl:
        message = f"is no reference interval of {analyte.id} in {unit}, the unit of the value"
        problems.add(field, given, message, "Give value and interval in one unit.")
        return None
    return low_mg_dl, high_mg_dl
