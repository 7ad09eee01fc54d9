"""The normal distribution without SciPy, for NumPy arrays and PyTensor graphs alike."""

from __future__ import annotations

import math
from functools import cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

_SQRT2 = math.sqrt(2.0)
_SQRT_2PI = math.sqrt(2.0 * math.pi)


@cache
def _standard() -> Any:
    """The standard normal of the standard library, imported when a quantile is asked for: a query asks for none."""
    from statistics import NormalDist

    return NormalDist()


class Ops(Protocol):
    """The few functions that differ between NumPy and PyTensor."""

    def exp(self, x: Any) -> Any:
        """Exponential."""

    def log(self, x: Any) -> Any:
        """Natural logarithm."""

    def log1p(self, x: Any) -> Any:
        """ln(1 + x)."""

    def expm1(self, x: Any) -> Any:
        """exp(x) - 1."""

    def sqrt(self, x: Any) -> Any:
        """Square root."""

    def erfc(self, x: Any) -> Any:
        """Complementary error function."""

    def max(self, x: Any, *, axis: int) -> Any:
        """Largest along an axis."""

    def clip(self, x: Any, low: Any, high: Any) -> Any:
        """Limit to [low, high]."""


class NumpyOps:
    """NumPy's side of `Ops` (NumPy itself has no error function)."""

    exp = staticmethod(np.exp)
    log = staticmethod(np.log)
    log1p = staticmethod(np.log1p)
    expm1 = staticmethod(np.expm1)
    sqrt = staticmethod(np.sqrt)
    clip = staticmethod(np.clip)

    @staticmethod
    def max(x: Any, *, axis: int) -> Any:
        """Largest along an axis."""
        return np.max(x, axis=axis)

    erfc = staticmethod(np.vectorize(math.erfc, otypes=[float]))


NUMPY: Ops = NumpyOps()


def cdf(z: Any, *, ops: Ops = NUMPY) -> Any:
    """Standard normal distribution function; accurate in the lower tail."""
    return 0.5 * ops.erfc(-z / _SQRT2)


def pdf(z: Any, *, ops: Ops = NUMPY) -> Any:
    """Standard normal density."""
    return ops.exp(-0.5 * z * z) / _SQRT_2PI


def quantile(probability: ArrayLike) -> NDArray[np.float64]:
    """Standard normal quantile (NumPy only).

    Parameters
    ----------
    probability : array_like, shape (...)
        In the open interval (0, 1).

    Returns
    -------
    ndarray, shape (...)
    """
    p = np.asarray(probability, dtype=float)
    return np.asarray(np.vectorize(_standard().inv_cdf, otypes=[float])(p))
