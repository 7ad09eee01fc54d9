"""Repeated IgM: several results of one person share the person's own level and the shift.

    t_j = t0 + d A_j,   A_first = 1,   P(A_j = 0) = gone[j]

Given which samples dipped and at which the shift had gone, everything is Gaussian and the integral over (t0, d) is
closed. A result's interval is cut into bins about as wide as the laboratory error, each a Gaussian with the variance of
the uniform bin added; the sum over bins, dips and departures is a sum over `Configurations`, tabulated once.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from sigm_bayes.likelihood.igm import LOG_FLOOR, SampleNoise, Samples
from sigm_bayes.likelihood.namespace import Array, Namespace, log_normal_pdf, logsumexp

_LOG_2PI = float(np.log(2.0 * np.pi))
MAX_SAMPLES = 5
BIN_WIDTH = 1.25
"""Widest bin in units of the laboratory error: the sum of bins then ripples by less than 1e-5."""
_LOWEST = float(np.log(0.02))
_HIGHEST = float(np.log(5000.0))


@dataclass(frozen=True)
class Configurations:
    """Everything about a series that does not depend on parameters; one row a configuration.

    Attributes
    ----------
    centre_here, variance_here : (configuration,)
        The samples at which the shift is present, as one Gaussian observation of the level x1.
    centre_gone, variance_gone : (configuration,)
        The same for the samples at which it has gone (level x0).
    any_here, any_gone : (configuration,)
        0 where no sample is informative about that level.
    log_constant : (configuration,)
        What is left of the product of Gaussians, and the widths of the bins.
    dips, no_dips : (configuration, context)
        Number of samples of each context with and without a dip.
    goes, stays : (configuration, later_sample)
        1 where the shift has gone / is still there.
    """

    centre_here: np.ndarray
    variance_here: np.ndarray
    centre_gone: np.ndarray
    variance_gone: np.ndarray
    any_here: np.ndarray
    any_gone: np.ndarray
    log_constant: np.ndarray
    dips: np.ndarray
    no_dips: np.ndarray
    goes: np.ndarray
    stays: np.ndarray


def _bins(low: float, high: float, width: float) -> tuple[np.ndarray, float]:
    low, high = max(low, _LOWEST), min(high, _HIGHEST)
    n = max(1, int(np.ceil((high - low) / width)))
    step = (high - low) / n
    return low + step * (np.arange(n) + 0.5), step


def configurations(
    samples: Samples, *, noise: SampleNoise, n_contexts: int, first_known: bool = True
) -> Configurations:
    """Tabulate the configurations of a series of at most `MAX_SAMPLES` results.

    With `first_known` False the first result counts as not known (only its place in time remains).

    Raises
    ------
    ValueError
        With more samples; the caller chooses which to keep.
    """
    n = len(samples.log_low)
    if not 2 <= n <= MAX_SAMPLES:
        raise ValueError(f"a series has 2 to {MAX_SAMPLES} samples, not {n}")
    binned = [_bins(samples.log_low[j], samples.log_high[j], BIN_WIDTH * noise.error_sd) for j in range(n)]
    informative = np.ones(n)
    if not first_known:
        informative[0] = 0.0
        binned[0] = (np.zeros(1), 1.0)
    index = np.array(list(itertools.product(*(range(len(centres)) for centres, _ in binned))))
    centres = np.stack([binned[j][0][index[:, j]] for j in range(n)], axis=1)
    steps = np.array([step for _, step in binned])
    rows: dict[str, list[np.ndarray]] = {name: [] for name in Configurations.__dataclass_fields__}
    for dipped in itertools.product(*((0, 1) if known else (0,) for known in informative)):
        dip = np.array(dipped, dtype=float)
        variance = noise.error_sd**2 + dip * noise.dip_sd**2 + steps**2 / 12.0
        level = centres + dip * noise.dip_shift
        counts = np.zeros((2, n_contexts))
        for j in range(n):
            counts[dipped[j], samples.context[j]] += informative[j]
        for gone_later in itertools.product((0, 1), repeat=n - 1):
            gone = np.array((0, *gone_later), dtype=float)
            here = _combine(level, variance, informative * (1.0 - gone))
            away = _combine(level, variance, informative * gone)
            size = len(level)
            rows["centre_here"].append(here[0])
            rows["variance_here"].append(here[1])
            rows["centre_gone"].append(away[0])
            rows["variance_gone"].append(away[1])
            rows["any_here"].append(np.full(size, float((informative * (1.0 - gone)).any())))
            rows["any_gone"].append(np.full(size, float(gone.any())))
            rows["log_constant"].append(here[2] + away[2] + np.log(steps).sum())
            rows["no_dips"].append(np.tile(counts[0], (size, 1)))
            rows["dips"].append(np.tile(counts[1], (size, 1)))
            rows["goes"].append(np.tile(gone[1:], (size, 1)))
            rows["stays"].append(np.tile(1.0 - gone[1:], (size, 1)))
    return Configurations(**{name: np.concatenate(parts) for name, parts in rows.items()})


def _combine(level: np.ndarray, variance: np.ndarray, member: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Product over the member samples of N(level_j; x, variance_j) = constant times N(centre; x, variance)."""
    if not member.any():
        size = len(level)
        return np.zeros(size), np.ones(size), np.zeros(size)
    precision = (member / variance).sum()
    centre = (level * member / variance).sum(axis=1) / precision
    squares = (level**2 * member / variance).sum(axis=1) - precision * centre**2
    logs = -0.5 * (member * (_LOG_2PI + np.log(variance))).sum() + 0.5 * (_LOG_2PI - np.log(precision))
    return centre, np.full(len(level), 1.0 / precision), logs - 0.5 * squares


def log_dip_probability(xp: Namespace, table: Configurations, logit_dip: Array) -> Array:
    """log P(which samples dipped); logit_dip (..., context) -> (..., configuration)."""
    return -(xp.softplus(-logit_dip) @ table.dips.T) - (xp.softplus(logit_dip) @ table.no_dips.T)


def log_series(
    xp: Namespace, *, table: Configurations, mean: Array, sd: Array, mean_gone: Array, slope_gone: Array,
    sd_gone: Array, gone: Array, log_dips: Array,
) -> Array:  # fmt: skip
    """log P(all results | one hypothesis about the shift).

    Parameters
    ----------
    mean, sd : (...)
        True ln IgM x1 while the shift is there.
    mean_gone, slope_gone, sd_gone : (...)
        Level once it has gone, given x1: N(mean_gone + slope_gone (x1 - mean), sd_gone^2).
    gone : (..., later_sample)
        Probability that the shift has gone at each later sample, strictly between 0 and 1.
    log_dips : (..., configuration)
        From `log_dip_probability`.
    """
    m, v = mean[..., None], (sd * sd)[..., None]
    total_variance = v + table.variance_here
    log_here = table.any_here * log_normal_pdf(xp, table.centre_here, m, xp.sqrt(total_variance))
    shrink = table.any_here * v / total_variance
    slope = slope_gone[..., None]
    expected = mean_gone[..., None] + slope * shrink * (table.centre_here - m)
    variance = (sd_gone * sd_gone)[..., None] + table.variance_gone + slope * slope * v * (1.0 - shrink)
    log_gone = table.any_gone * log_normal_pdf(xp, table.centre_gone, expected, xp.sqrt(variance))
    log_gone_prior = xp.log(gone) @ table.goes.T + xp.log1p(-gone) @ table.stays.T
    total = logsumexp(xp, table.log_constant + log_here + log_gone + log_dips + log_gone_prior)
    return xp.maximum(total, LOG_FLOOR)
