"""Units of concentration and time. Concentrations are held in mg/dL, times in years.

Conversion is exact decimal arithmetic, so that 0.25 g/L and 25 mg/dL are the same number to the last digit.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

MONTHS_PER_YEAR = 12
WEEKS_PER_YEAR = 52.18
"""Mean length of the Gregorian year, 365.2425 days, in weeks (rounded to two decimals)."""

UNITS: Mapping[str, Decimal] = MappingProxyType(
    {
        "mg/dL": Decimal(1),
        "g/L": Decimal(100),
        "mg/L": Decimal("0.1"),
        "mg/mL": Decimal(100),
        "g/dL": Decimal(1000),
        "ug/mL": Decimal("0.1"),
        "ug/dL": Decimal("0.001"),
    }
)
"""Accepted units of mass concentration, and how many mg/dL one of each is."""

_SPELLINGS: Mapping[str, str] = MappingProxyType(
    {
        **{name.lower(): name for name in UNITS},
        "mg/100ml": "mg/dL",
        "mg%": "mg/dL",
        "mcg/ml": "ug/mL",
        "mcg/dl": "ug/dL",
    }
)


def canonical_unit(text: str) -> str | None:
    """Return the accepted name of a unit however it is spelt, or ``None`` where it is not one.

    Case, blanks and the two signs for micro do not matter: ``"G/l"`` is ``"g/L"``, ``"µg/ml"`` is
    ``"ug/mL"``.
    """
    plain = "".join(text.split()).lower().replace("\u00b5", "u").replace("\u03bc", "u")
    return _SPELLINGS.get(plain)


def exact(number: float | str | Decimal) -> Decimal:
    """Return the decimal number as it was written (0.1 is one tenth, not its nearest binary fraction).

    Raises
    ------
    decimal.InvalidOperation
        If `number` is text that is no number.
    """
    return Decimal(repr(number)) if isinstance(number, float) else Decimal(number)


def to_mg_dl(value: float | str | Decimal, unit: str) -> Decimal:
    """Convert a mass concentration to mg/dL exactly.

    Parameters
    ----------
    value
        The concentration in `unit`.
    unit
        A name in `UNITS`; see `canonical_unit` for other spellings.

    Raises
    ------
    KeyError
        If `unit` is not in `UNITS`.
    """
    return exact(value) * UNITS[unit]


def from_mg_dl(value: float | str | Decimal, unit: str) -> Decimal:
    """Convert mg/dL to another unit (`UNITS`) exactly; the inverse of `to_mg_dl`."""
    return exact(value) / UNITS[unit]


def in_unit_of(printed: str, value_mg_dl: float | str | Decimal) -> str:
    """Return a level in the unit of a printed result, so that both can be compared at a glance.

    Parameters
    ----------
    printed
        A result as shown, ``"<0.20 g/L"``; where its last word is no unit, mg/dL is meant.
    value_mg_dl
        With the digits that are to be shown.
    """
    unit = canonical_unit(printed.rsplit(" ", 1)[-1]) or "mg/dL"
    return f"{from_mg_dl(value_mg_dl, unit).normalize():f} {unit}"
