"""Prior of a curve's coefficients: one wide level, then changes from knot to knot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.reference.design import Design
from sigm_bayes.reference.rows import RowArrays

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class CoefficientPrior:
    """Prior of the coefficients: mean + factor @ z with z standard normal.

    One knot of each curve is the anchor (`level_*`: its position); the other knots follow by changes from
    knot to knot in both directions, so the anchor's z moves the whole curve.

    Attributes
    ----------
    mean : ndarray, shape (coef,)
    factor : ndarray, shape (coef, coef)
        The prior covariance is ``factor @ factor.T``.
    level_median, level_spread : int
    """

    mean: FloatArray
    factor: FloatArray
    level_median: int
    level_spread: int


def coefficient_prior(analyte: str, design: Design, settings: dict[str, Any]) -> CoefficientPrior:
    """Prior of one analyte's coefficients, from the settings."""
    median, spread, sex = settings["median"], settings["spread"], settings["sex"]
    m = len(design.knots_median_years)
    mean, factor = np.zeros(design.size), np.zeros((design.size, design.size))
    anchor = design.knots_median_years.index(float(median["anchor"]["knot_years"]))
    mean[:m] = np.log(median["anchor"][analyte]["mg_dl"])
    factor[:m, :m] = _walk(anchor, median["anchor"][analyte]["sd"], median["change_sd"])
    other = design.knots_spread_years.index(float(spread["anchor"]["knot_years"]))
    mean[m + 2 :] = np.log(spread["anchor"]["sd"])
    factor[m + 2 :, m + 2 :] = _walk(other, spread["anchor"]["ln_sd"], spread["change_sd"])
    adult, child = sex[analyte]["adult_sd"], sex[analyte]["child_sd"]
    factor[m + 1, m + 1], factor[m, m] = adult, child
    factor[m, m + 1] = sex["child_share_of_adult"] * adult
    return CoefficientPrior(mean=mean, factor=factor, level_median=anchor, level_spread=m + 2 + other)


def _walk(anchor: int, level_sd: float, change_sd: Sequence[float]) -> FloatArray:
    """Factor of a random walk that starts at knot `anchor` and goes both ways, shape (knot, knot)."""
    size = len(change_sd) + 1
    factor = np.zeros((size, size))
    factor[:, anchor] = level_sd
    for knot in range(anchor + 1, size):
        factor[knot:, knot] = change_sd[knot - 1]
    for knot in range(anchor):
        factor[: knot + 1, knot] = change_sd[knot]
    return factor


def crude_start(data: RowArrays, prior: CoefficientPrior) -> FloatArray:
    """Return a z that leads the curve through the middle of the tables: where sampling starts."""
    both = data.where(lambda r: r.low_mg_dl is not None and r.high_mg_dl is not None)
    middle = np.array([np.log(data.rows[i].low_mg_dl * data.rows[i].high_mg_dl) / 2.0 for i in both])
    rows = (data.rows_median[both] * data.nodes.weights[:, None]).sum(axis=1)
    at, spread = rows @ prior.factor, 0.2
    gram = at.T @ at / spread**2 + np.eye(prior.mean.size)
    nudge = 0.1  # the sampler refuses a start where a slope is exactly 0, as for a sex effect without data
    return np.linalg.solve(gram, at.T @ (middle - rows @ prior.mean) / spread**2) + nudge
