"""How numbers are printed: whole percentages, intervals, signed weights and bars."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sigm_bayes.units import in_unit_of

FULL_BLOCK, LEFT_HALF, RIGHT_HALF = "█", "▌", "▐"
ASCII_BLOCK = "#"
GLUE = "\ue000"
"""A space that a line must not break at.  Line setting treats every Unicode space as a place to break, so it
is a private character until the page is done."""


def percent(probability: float) -> str:
    """Return a probability as a whole percentage, with `<1%` and `>99%` at the ends.

    Parameters
    ----------
    probability : float
        Between 0 and 1.

    Raises
    ------
    ValueError
        If it is not a number between 0 and 1.
    """
    return percent_digits(probability) + "%"


def percent_digits(probability: float) -> str:
    """Return :func:`percent` without its sign, for use inside an interval."""
    if not 0.0 <= probability <= 1.0:
        raise ValueError(f"a probability must lie between 0 and 1, got {probability!r}")
    if probability < 0.01:
        return "<1"
    if probability > 0.99:
        return ">99"
    return str(math.floor(100.0 * probability + 0.5))


def fine_percent(share: float) -> str:
    """Return a prevalence, which may be well below 1%, with two significant digits."""
    return f"{100 * share:.2g}%" if share < 0.1 else percent(share)


def interval(band: Mapping[str, float], *, pad: int = 0) -> str:
    """Return the interval of a ``{"lower", "upper"}`` band, such as ``(66 to 88)``.

    Parameters
    ----------
    band : mapping
        ``lower`` and ``upper``, probabilities.
    pad : int
        Right-align each end to this many characters, so that a column of intervals lines up.
    """
    return f"({percent_digits(band['lower']):>{pad}} to {percent_digits(band['upper']):>{pad}})"


def with_interval(band: Mapping[str, float]) -> str:
    """Return ``10% (5 to 18)`` for a ``{"mean", "lower", "upper"}`` band, glued so that no line breaks in it.

    The page turns :data:`GLUE` into spaces once the lines are set.
    """
    return f"{percent(band['mean'])} {interval(band)}".replace(" ", GLUE)


def signed(weight: float) -> str:
    """Return a log10 weight with its sign and one decimal; what rounds to nothing is ``0.0``."""
    text = f"{weight:+.1f}"
    return "0.0" if text in {"+0.0", "-0.0"} else text


def one_decimal(value: float) -> str:
    """Return a percentage of the reference curve: one decimal, bounded at both ends."""
    if 1.0 <= value <= 99.0:
        return f"{value:.1f}".removesuffix(".0")
    if value > 99.0:
        return "more than 99.9" if value > 99.9 else f"{value:.1f}"
    return "less than 0.1" if value < 0.1 else f"{value:.1f}"


def share_below(igm: Mapping[str, float]) -> str:
    """Return `99.6% (98.2 to 99.9)` of a position on the curve; at the very end the end alone, said once.

    Parameters
    ----------
    igm : mapping
        The `position` of an answer: `lower_than_percent`, `centile_lower`, `centile_upper`.
    """
    share, low, high = (
        one_decimal(x) for x in (igm["lower_than_percent"], 100.0 - igm["centile_upper"], 100.0 - igm["centile_lower"])
    )
    return f"{share}%" if low == high else f"{share}% ({low} to {high})"


def level(value: float) -> str:
    """Return a concentration in mg/dL: whole from 10 up, one decimal below."""
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}".removesuffix(".0")


def limit_of(position: Mapping[str, Any]) -> str:
    """Return the lower limit of a `position` block, in the unit in which the result was printed."""
    return in_unit_of(position["value_text"], level(position["low_limit_mg_dl"]))


def bar(fraction: float, *, width: int, ascii_only: bool = False) -> str:
    """Return a horizontal bar of at most `width` characters, to half a character.

    Parameters
    ----------
    fraction : float
        Share of the full width, between 0 and 1.
    width : int
        Characters of a full bar.
    ascii_only : bool
        Draw with ``#`` where the stream cannot encode block characters.
    """
    halves = round(2 * width * min(max(fraction, 0.0), 1.0))
    if ascii_only:
        return ASCII_BLOCK * round(halves / 2)
    return FULL_BLOCK * (halves // 2) + LEFT_HALF * (halves % 2)


def signed_bar(weight: float, *, per_character: float, ascii_only: bool = False) -> tuple[str, str]:
    """Return the two halves of a bar about an axis: what stands left of it and what stands right.

    Parameters
    ----------
    weight : float
        Signed length, in the unit of `per_character`.
    per_character : float
        How much one character stands for.
    """
    halves = round(2 * abs(weight) / per_character)
    if ascii_only:
        drawn = ASCII_BLOCK * round(halves / 2)
        return (drawn, "") if weight < 0 else ("", drawn)
    if weight < 0:
        return RIGHT_HALF * (halves % 2) + FULL_BLOCK * (halves // 2), ""
    return "", FULL_BLOCK * (halves // 2) + LEFT_HALF * (halves % 2)


def thousands(count: int) -> str:
    """Return an integer with separators, such as ``1,000``."""
    return f"{count:,}"


def counted(count: int, singular: str) -> str:
    """Return ``1 finding``, ``31 findings``."""
    return f"{thousands(count)} {singular}" + ("" if count == 1 else "s")
