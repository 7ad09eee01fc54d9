"""Minimum and maximum of n people as order statistics, with an assay floor.

For n independent values with density f and distribution function F the joint density of the extremes a < b is
n (n - 1) f(a) f(b) (F(b) - F(a))^(n - 2) (David & Nagaraja 2003, *Order Statistics*, section 2.2). n need not
be a whole number here: where a table does not print it, it is a parameter. All functions return
log-likelihoods, shape (row,).
"""

from __future__ import annotations

from typing import Any

from sigm_bayes.reference.normal import NUMPY, Ops

TINY = 1e-200
"""Keeps a logarithm finite far from the data, where a mass underflows to 0."""


def log_min_max(*, log_density_min: Any, log_density_max: Any, mass_between: Any, n: Any, ops: Ops = NUMPY) -> Any:
    """Log density of the pair (minimum, maximum).

    Parameters
    ----------
    log_density_min, log_density_max : shape (row,)
        ln f(a), ln f(b), per unit of the scale on which the extremes are given.
    mass_between : shape (row,)
        F(b) - F(a).
    n : shape (row,)
        People in the band, > 1.
    ops : Ops
        NumPy or PyTensor.
    """
    return ops.log(n) + ops.log(n - 1.0) + log_density_min + log_density_max + (n - 2.0) * ops.log(mass_between + TINY)


def log_floor_max(*, log_density_max: Any, cdf_max: Any, cdf_floor: Any, n: Any, ops: Ops = NUMPY) -> Any:
    """Log density of the maximum together with "the minimum lies at or below the assay floor".

    n f(b) [F(b)^(n-1) - (F(b) - F(floor))^(n-1)]: at least one of the others below the floor.
    """
    others_above = (n - 1.0) * ops.log1p(-cdf_floor / (cdf_max + TINY))
    at_least_one = ops.log(TINY - ops.expm1(others_above))
    return ops.log(n) + log_density_max + (n - 1.0) * ops.log(cdf_max + TINY) + at_least_one


def log_all_below(*, cdf_max: Any, n: Any, ops: Ops = NUMPY) -> Any:
    """Log probability that all n lie at or below the floor: n ln F(b)."""
    return n * ops.log(cdf_max + TINY)
