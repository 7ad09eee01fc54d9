"""A table prints limits for a band of ages: the log-normal mixture over the band, its moments and quantiles.

Shapes: `row` is a table row, `node` an age inside its band. Written once for NumPy and PyTensor (`ops`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sigm_bayes.reference import normal
from sigm_bayes.reference.normal import NUMPY, Ops

LN_SQRT_2PI = 0.5 * np.log(2.0 * np.pi)
TINY = 1e-200


@dataclass(frozen=True)
class BandNodes:
    """Ages inside each band, people spread evenly over it.

    Attributes
    ----------
    ages_years : ndarray, shape (row, node)
    weights : ndarray, shape (node,)
        Sum to 1.
    """

    ages_years: NDArray[np.float64]
    weights: NDArray[np.float64]


def band_nodes(low_years: ArrayLike, high_years: ArrayLike, *, nodes: int) -> BandNodes:
    """Gauss-Legendre nodes over each band [low, high)."""
    low, high = np.asarray(low_years, dtype=float), np.asarray(high_years, dtype=float)
    points, weights = np.polynomial.legendre.leggauss(nodes)
    ages = low[..., None] + (high - low)[..., None] * (points + 1.0) / 2.0
    return BandNodes(ages_years=ages, weights=weights / 2.0)


def mixture_moments(mu: Any, sd: Any, weights: Any, *, ops: Ops = NUMPY) -> tuple[Any, Any]:
    """Mean and SD of ln level in a band.

    Parameters
    ----------
    mu, sd : shape (row, node)
        Mean and SD of ln level at each age of the band.
    weights : shape (node,)
    ops : Ops
        NumPy or PyTensor.

    Returns
    -------
    mean, sd : shape (row,)
    """
    mean = (weights * mu).sum(axis=-1)
    variance = (weights * (sd**2 + (mu - mean[..., None]) ** 2)).sum(axis=-1)
    return mean, ops.sqrt(variance)


def mixture_cdf(x: Any, mu: Any, sd: Any, weights: Any, *, ops: Ops = NUMPY) -> tuple[Any, Any]:
    """Distribution function and log density of the band's mixture at x (ln level).

    Parameters
    ----------
    x : shape (..., row)
    mu, sd : shape (row, node)
    weights : shape (node,)
    ops : Ops
        NumPy or PyTensor.

    Returns
    -------
    cdf, log_density : shape (..., row)
        The log density stays finite where the density underflows.
    """
    z = (x[..., None] - mu) / sd
    lower = (weights * normal.cdf(z, ops=ops)).sum(axis=-1)
    terms = np.log(weights) - 0.5 * z**2 - ops.log(sd) - LN_SQRT_2PI
    top = ops.max(terms, axis=-1)
    return lower, top + ops.log(ops.exp(terms - top[..., None]).sum(axis=-1))


def mixture_quantile(mu: Any, sd: Any, weights: Any, z: Any, *, steps: int, ops: Ops = NUMPY) -> Any:
    """Quantile of ln level in a band.

    Parameters
    ----------
    mu, sd : shape (row, node)
    weights : shape (node,)
    z : ndarray, shape (row,)
        The wanted quantile as a standard normal deviate (-1.96 for the 2.5th centile); constants.
    steps : int
        Newton steps on the log of the tail probability, from the moment-matched start.
    ops : Ops
        NumPy or PyTensor.

    Returns
    -------
    shape (row,)
        ln of the limit. The log of a normal tail is concave, so the steps approach the root from one side.
    """
    side = np.where(np.asarray(z) > 0.0, -1.0, 1.0)
    tail = np.log(normal.cdf(-np.abs(z)))
    mean, spread = mixture_moments(mu, sd, weights, ops=ops)
    reflected = mu * side[..., None]
    x = mean * side - spread * np.abs(z)
    for _ in range(steps):
        deviate = (x[..., None] - reflected) / sd
        lower = (weights * normal.cdf(deviate, ops=ops)).sum(axis=-1)
        density = (weights * normal.pdf(deviate, ops=ops) / sd).sum(axis=-1)
        step = (ops.log(lower + TINY) - tail) * lower / (density + TINY)
        x = x - ops.clip(step, -spread, spread)
    return x * side
