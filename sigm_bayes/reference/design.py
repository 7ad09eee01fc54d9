"""From age and sex to the rows of the curve: one coefficient vector holds median, sex effect and spread.

Coefficients, in this order: ln median (mg/dL) at each median knot; the sex effects `sex_child`, `sex_adult`,
each ln(men / women); ln of the SD of ln level at each spread knot. Sex unknown
counts as half male, half female.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sigm_bayes.reference.splines import age_axis, natural_basis

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Design:
    """Knots of one curve.

    Attributes
    ----------
    knots_median_years, knots_spread_years : tuple of float
    shift_years : float
        The age axis is ln(age + shift).
    sex_child_years, sex_adult_years : float
        The sex effect is 0 at birth, `sex_child` and `sex_adult` at these ages, linear between (on the age
        axis), constant after.
    """

    knots_median_years: tuple[float, ...]
    knots_spread_years: tuple[float, ...]
    shift_years: float
    sex_child_years: float
    sex_adult_years: float

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coefficients, in order."""
        median = tuple(f"ln_median[{knot:g}y]" for knot in self.knots_median_years)
        spread = tuple(f"ln_sd[{knot:g}y]" for knot in self.knots_spread_years)
        return (*median, "sex_child", "sex_adult", *spread)

    @property
    def size(self) -> int:
        """Number of coefficients."""
        return len(self.knots_median_years) + 2 + len(self.knots_spread_years)

    def rows(self, age_years: ArrayLike, male: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Design rows of ln median and of ln SD.

        Parameters
        ----------
        age_years : array_like, shape (...)
            Decimal years, >= 0.
        male : array_like, shape (...)
            1 male, 0 female, 0.5 unknown; broadcasts against the age.

        Returns
        -------
        row_median, row_spread : ndarray, shape (..., coef)
            ``row @ coef`` is ln median (mg/dL) and ln of the SD of ln level.
        """
        age, sex = np.broadcast_arrays(np.asarray(age_years, dtype=float), np.asarray(male, dtype=float))
        if np.any(~(age >= 0.0)):
            raise ValueError("age_years must be numbers >= 0; give decimal years since birth")
        if np.any(~((sex >= 0.0) & (sex <= 1.0))):
            raise ValueError("male must lie in [0, 1]: 1 male, 0 female, 0.5 unknown")
        x = age_axis(age, shift_years=self.shift_years)
        median = natural_basis(x, age_axis(self.knots_median_years, shift_years=self.shift_years))
        spread = natural_basis(x, age_axis(self.knots_spread_years, shift_years=self.shift_years))
        effect = self._sex_rows(x) * (sex - 0.5)[..., None]
        rows_median = np.concatenate([median, effect, np.zeros_like(spread)], axis=-1)
        rows_spread = np.concatenate([np.zeros_like(median), np.zeros_like(effect), spread], axis=-1)
        return rows_median, rows_spread

    def _sex_rows(self, x: FloatArray) -> FloatArray:
        """Weights of `sex_child` and `sex_adult`, shape (..., 2)."""
        ages = (0.0, self.sex_child_years, self.sex_adult_years)
        at = age_axis(ages, shift_years=self.shift_years)
        child = np.interp(x, at, (0.0, 1.0, 0.0))
        adult = np.interp(x, at, (0.0, 0.0, 1.0))
        return np.stack([child, adult], axis=-1)
