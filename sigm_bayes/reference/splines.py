"""Natural cubic spline whose coefficients are its values at the knots (cardinal basis)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


def age_axis(age_years: ArrayLike, *, shift_years: float) -> FloatArray:
    """Return the transformed age ln(age + shift).

    Parameters
    ----------
    age_years : array_like, shape (...)
        Decimal years since birth, >= 0.
    shift_years : float
        Shift in years, > 0: how much of the axis early infancy gets.

    Returns
    -------
    ndarray, shape (...)
    """
    return np.asarray(np.log(np.asarray(age_years, dtype=float) + shift_years))


def natural_basis(x: ArrayLike, knots: ArrayLike) -> FloatArray:
    """Cardinal basis of the natural cubic spline through `knots`, linear beyond the outer knots.

    Column k is the spline that is 1 at knot k and 0 at the others, so a coefficient is a value of the curve.

    Parameters
    ----------
    x : array_like, shape (...)
        Positions on the axis of the knots.
    knots : array_like, shape (knot,)
        Increasing, at least 3.

    Returns
    -------
    ndarray, shape (..., knot)

    Raises
    ------
    ValueError
        When the knots do not increase or are fewer than 3.

    Notes
    -----
    Green & Silverman (1994), *Nonparametric Regression and Generalized Linear Models*, section 2.1.
    """
    t = np.asarray(knots, dtype=float)
    if t.ndim != 1 or t.size < 3 or np.any(np.diff(t) <= 0):
        raise ValueError(f"knots must be at least 3 increasing numbers, got {t.tolist()}")
    second = _second_derivatives(t)
    at = np.asarray(x, dtype=float)
    inside = np.clip(at, t[0], t[-1])
    left = np.clip(np.searchsorted(t, inside, side="right") - 1, 0, t.size - 2)
    width = t[left + 1] - t[left]
    b = ((inside - t[left]) / width)[..., None]
    a = 1.0 - b
    identity = np.eye(t.size)
    curve = a * identity[left] + b * identity[left + 1]
    bend = (a**3 - a) * second[left] + (b**3 - b) * second[left + 1]
    basis = curve + bend * (width**2 / 6.0)[..., None]
    slope_low = (identity[1] - identity[0]) / (t[1] - t[0]) - (t[1] - t[0]) / 6.0 * second[1]
    slope_high = (identity[-1] - identity[-2]) / (t[-1] - t[-2]) + (t[-1] - t[-2]) / 6.0 * second[-2]
    below = np.minimum(at - t[0], 0.0)[..., None] * slope_low
    above = np.maximum(at - t[-1], 0.0)[..., None] * slope_high
    return np.asarray(basis + below + above)


def _second_derivatives(t: FloatArray) -> FloatArray:
    """Map knot values to second derivatives at the knots, (knot, knot); zero in the outer rows."""
    size, h = t.size, np.diff(t)
    values = np.zeros((size - 2, size))
    band = np.zeros((size - 2, size - 2))
    for i in range(size - 2):
        values[i, i : i + 3] = 1.0 / h[i], -1.0 / h[i] - 1.0 / h[i + 1], 1.0 / h[i + 1]
        band[i, i] = (h[i] + h[i + 1]) / 3.0
        if i + 1 < size - 2:
            band[i, i + 1] = band[i + 1, i] = h[i + 1] / 6.0
    second = np.zeros((size, size))
    second[1:-1] = np.linalg.solve(band, values)
    return second
