"""From a measured level to what a laboratory prints: rounded in its unit, `<` below the limit of quantification."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from sigm_bayes.units import UNITS, exact, from_mg_dl

PRINTED_UNITS = ("mg/dL", "g/L")
_ONE_MG_DL = 1.0


@dataclass(frozen=True)
class Printed:
    """Results of one analyte as printed.

    Attributes
    ----------
    value_mg_dl : (result,)
        The printed number in mg/dL; the limit of quantification where censored; NaN where there is no result.
    censored : (result,) bool
    text : list of str
        As on the report: ``"27"``, ``"0.3"``, ``"<20"``; blank where there is no result.
    unit : list of str
    """

    value_mg_dl: np.ndarray
    censored: np.ndarray
    text: list[str]
    unit: list[str]


def printing_step(resolution_mg_dl: float, unit: str) -> Decimal:
    """Step between two printed numbers, in `unit`.

    The digits of a printed number say how it was rounded; in mg/dL none but steps of 1 or less can be told from them.
    """
    finest = min(resolution_mg_dl, _ONE_MG_DL) if UNITS[unit] == UNITS["mg/dL"] else resolution_mg_dl
    return from_mg_dl(exact(float(finest)).normalize(), unit)


def round_and_print(
    level_mg_dl: np.ndarray, *, unit: Sequence[str], resolution_mg_dl: float, quantified_from_mg_dl: float
) -> Printed:
    """Print results.

    Parameters
    ----------
    level_mg_dl : (result,)
        Measured, assay offset included; NaN where there is no result.
    unit : (result,) of `PRINTED_UNITS`
    resolution_mg_dl : float
        Rounding of the laboratory in g/L; at most 1 mg/dL where it prints mg/dL.
    quantified_from_mg_dl : float
        Levels below it are printed as ``<`` it.
    """
    level = np.asarray(level_mg_dl, dtype=float)
    units = np.asarray(unit)
    missing = np.isnan(level)
    censored = ~missing & (level < quantified_from_mg_dl)
    value = np.full(level.shape, np.nan)
    text = np.full(level.shape, "", dtype=object)
    for name in PRINTED_UNITS:
        step = printing_step(resolution_mg_dl, name)
        here = (units == name) & ~missing
        steps = np.rint(level[here & ~censored] / float(step * UNITS[name])).astype(int)
        distinct, back = np.unique(steps, return_inverse=True)
        numbers = [int(k) * step for k in distinct]
        text[here & ~censored] = np.array([f"{number:f}" for number in numbers], dtype=object)[back]
        value[here & ~censored] = np.array([float(number * UNITS[name]) for number in numbers])[back]
        limit = from_mg_dl(float(quantified_from_mg_dl), name).normalize()
        text[here & censored] = f"<{limit:f}"
    value[censored] = quantified_from_mg_dl
    return Printed(value, censored, text.tolist(), ["" if m else str(u) for m, u in zip(missing, units, strict=True)])


def below(printed: Printed, cut_off_mg_dl: float) -> np.ndarray:
    """Whether the printed result is below a cut-off: a number below it, or `<` a limit that is not above it."""
    limit = printed.censored & (printed.value_mg_dl <= cut_off_mg_dl)
    return limit | (~printed.censored & (printed.value_mg_dl < cut_off_mg_dl))
