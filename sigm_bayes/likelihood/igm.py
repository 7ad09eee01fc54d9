"""Serum IgM: an abnormal level is a shift of the person's own level, seen through a laboratory.

    t = ln(IgM / median) = t0 + d,   t0 ~ N(0, s^2),   d ~ N(-shift, tau^2)

A result is the interval of values that print as it does. Every sample may carry a transient dip whose probability
depends on its context. Repeated samples share t0 and d; at a later sample the shift may have gone (see `igm_series`).

Components (last axis `component`): 0 none (healthy), 1 partial shift of a defined immunodeficiency, 2 profound
shift, 3 partial shift after B-cell depletion and the like, 4 partial shift of the other causes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from sigm_bayes.likelihood.namespace import Array, Namespace, log_normal_interval, logaddexp

NONE, PARTIAL, PROFOUND, DEPLETION, SECONDARY = range(5)
N_COMPONENTS: Final = 5
LOG_FLOOR: Final = -700.0
"""Smallest log-likelihood of a result; below it the number carries no more information."""


@dataclass(frozen=True)
class SampleNoise:
    """Constants of one result: ln-SD of assay and within-person variation, and the size of a transient dip."""

    error_sd: float
    dip_shift: float
    dip_sd: float


@dataclass(frozen=True, eq=False)
class Samples:
    """The results of one person, as numbers.

    Attributes
    ----------
    log_low, log_high : (sample,)
        Bounds of ln IgM (mg/dL) that print as the result; finite sentinels stand for open ends.
    context : (sample,) int
        Index of the sample's context.
    """

    log_low: np.ndarray
    log_high: np.ndarray
    context: np.ndarray


def component_moments(xp: Namespace, shift: Array, tau: Array, median: Array, spread: Array) -> tuple[Array, Array]:
    """Mean and SD of the true ln IgM per component.

    Parameters
    ----------
    shift, tau : (..., shifted_component)
        Size (positive: downwards) and SD of the four shifts.
    median, spread : (...)
        ln median for age and sex, healthy ln-SD.

    Returns
    -------
    mean, sd : (..., component)
    """
    m = median[..., None]
    s = spread[..., None]
    mean = xp.concatenate([m, m - shift])
    sd = xp.concatenate([s, xp.sqrt(s * s + tau * tau)])
    return mean, sd


def log_single(
    xp: Namespace, *, samples: Samples, index: int, mean: Array, sd: Array, logit_dip: Array, noise: SampleNoise
) -> Array:
    """log P(result `index` | component), with the dip summed out; (..., component)."""
    logit = xp.take(logit_dip, int(samples.context[index]))[..., None]
    low, high = float(samples.log_low[index]), float(samples.log_high[index])
    return log_result(xp, low=low, high=high, mean=mean, sd=sd, logit_dip=logit, noise=noise)


def log_result(
    xp: Namespace, *, low: Array, high: Array, mean: Array, sd: Array, logit_dip: Array, noise: SampleNoise
) -> Array:
    """log P(ln low <= result < ln high | true ln IgM ~ N(mean, sd^2)), with the dip summed out; all broadcast."""
    plain = log_normal_interval(xp, low, high, mean, xp.sqrt(sd * sd + noise.error_sd**2))
    dipped = log_normal_interval(
        xp, low, high, mean - noise.dip_shift, xp.sqrt(sd * sd + noise.error_sd**2 + noise.dip_sd**2)
    )
    mixed = logaddexp(xp, plain - xp.softplus(logit_dip), dipped - xp.softplus(-logit_dip))
    return xp.maximum(mixed, LOG_FLOOR)


def log_below(xp: Namespace, log_threshold: Array, mean: Array, sd: Array, log_dip: Array, log_no_dip: Array,
              noise: SampleNoise) -> Array:  # fmt: skip
    """log P(one result below a threshold) for components with the given mean and SD (published shares)."""
    plain = xp.log_ndtr((log_threshold - mean) / xp.sqrt(sd * sd + noise.error_sd**2))
    dipped = xp.log_ndtr(
        (log_threshold - mean + noise.dip_shift) / xp.sqrt(sd * sd + noise.error_sd**2 + noise.dip_sd**2)
    )
    return logaddexp(xp, plain + log_no_dip, dipped + log_dip)
