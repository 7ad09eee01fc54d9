"""Repeated IgM: several results of one person share the person's own level and the shift.

    t_j = t0 + d A_j,   A_first = 1,   P(A_j = 0) = gone[j]

Which samples the shift had left by is a *pattern*. In a pattern the results fall into two groups: those that see the
level with the shift (x1) and those that see it without (x0); x1 and x0 are jointly Gaussian. What a group says of its
level, dips summed out, is a `Factor`: a few Gaussians where the printed intervals are narrow, quadrature nodes where
they are wide ("<20" twice). Both are tabulated once per person; only the Gaussian algebra depends on parameters.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sigm_bayes.likelihood.igm import LOG_FLOOR, SampleNoise, Samples
from sigm_bayes.likelihood.namespace import NUMPY, Array, Namespace, log_normal_interval, log_normal_pdf, logsumexp
from sigm_bayes.likelihood.quadrature import gauss_legendre

_LOG_2PI = float(np.log(2.0 * np.pi))
MAX_SAMPLES = 5
MAX_GAUSSIANS = 64
"""A group needing more Gaussians than this is put on quadrature nodes instead."""
BIN_WIDTH = 0.75
"""Widest piece of an interval that stands for one Gaussian, in laboratory SDs: costs less than 1e-4 in the log."""
_LOWEST = float(np.log(0.02))
_HIGHEST = float(np.log(5000.0))
_GAUSS_X, _GAUSS_W = gauss_legendre(5)
_NEGLIGIBLE = 32.0
"""Levels less likely than the likeliest by this much in the log (8 SD) get no node."""
FIRST_PANEL, GROWTH, WIDEST_PANEL = 0.3, 1.4, 0.9
"""Widths (ln units) of the panels away from the ends of an interval, where only the spread of people matters."""
CACHED_NUMBERS = 32_768
"""Numbers that are worked on at once with NumPy: a quarter of a megabyte."""
_NEVER = -1e4
_TINY = 1e-300


@dataclass(frozen=True, eq=False)
class Factor:
    """What a group of results says of the true ln IgM x that they share: sum_k weight[k] N(centre[k]; x, variance[k]).

    Attributes
    ----------
    centre : (node,)
    variance : (node,) or (1,)
        0 for quadrature nodes.
    log_weight : (node, dip_pattern)
    dips, no_dips : (dip_pattern, context)
        Number of samples of each context with and without a dip.
    """

    centre: np.ndarray
    variance: np.ndarray
    log_weight: np.ndarray
    dips: np.ndarray
    no_dips: np.ndarray


@dataclass(frozen=True, eq=False)
class Configurations:
    """Everything about a series that does not depend on parameters.

    Attributes
    ----------
    factors : the distinct groups of results
    pairs : tuple of (factor of x1, factor of x0), -1 for an empty group; the first is "nothing has gone"
    pair_of : (pattern,) int
        Patterns that differ only in which of two equal results is meant share a pair.
    goes, stays : (pattern, later_sample)
        1 where the shift has gone / is still there.
    """

    factors: tuple[Factor, ...]
    pairs: tuple[tuple[int, int], ...]
    pair_of: np.ndarray
    goes: np.ndarray
    stays: np.ndarray


Result = tuple[float, float, int]
"""ln low, ln high, index of the context."""
Tabulated = dict[tuple[Result, ...], Factor]
"""Groups of results that have been tabulated."""


def configurations(
    samples: Samples, *, noise: SampleNoise, n_contexts: int, first_known: bool = True,
    tabulated: Tabulated | None = None,
) -> Configurations:  # fmt: skip
    """Tabulate a series of at most `MAX_SAMPLES` results.

    With `first_known` False the first result counts as not known (only its place in time remains). Groups that are in
    `tabulated` (under the same noise) are taken from there, and new ones put there.

    Raises
    ------
    ValueError
        With more samples; the caller chooses which to keep.
    """
    n = len(samples.log_low)
    if not 2 <= n <= MAX_SAMPLES:
        raise ValueError(f"a series has 2 to {MAX_SAMPLES} samples, not {n}")
    results: list[Result] = [
        (max(float(low), _LOWEST), min(float(high), _HIGHEST), int(context))
        for low, high, context in zip(samples.log_low, samples.log_high, samples.context, strict=True)
    ]
    factors: dict[tuple[Result, ...], int] = {}
    built: list[Factor] = []
    tabulated = {} if tabulated is None else tabulated
    pairs: dict[tuple[int, int], int] = {}
    patterns = np.array(list(itertools.product((0, 1), repeat=n - 1)))

    def number(group: list[Result]) -> int:
        key = tuple(sorted(group))
        if not key:
            return -1
        if key not in factors:
            if key not in tabulated:
                tabulated[key] = _factor(key, noise, n_contexts)
            factors[key] = len(built)
            built.append(tabulated[key])
        return factors[key]

    pair_of = []
    for goes in patterns:
        here = [results[0]] if first_known else []
        here += [r for r, gone in zip(results[1:], goes, strict=True) if not gone]
        away = [r for r, gone in zip(results[1:], goes, strict=True) if gone]
        pair_of.append(pairs.setdefault((number(here), number(away)), len(pairs)))
    goes = patterns.astype(float)
    return Configurations(tuple(built), tuple(pairs), np.array(pair_of), goes, 1.0 - goes)


def _factor(group: Sequence[Result], noise: SampleNoise, n_contexts: int) -> Factor:
    dipped = np.array(list(itertools.product((0, 1), repeat=len(group))))
    counts = np.zeros((len(dipped), 2, n_contexts))
    for j, (_, _, context) in enumerate(group):
        counts[np.arange(len(dipped)), dipped[:, j], context] += 1.0
    kinds, kind = np.unique(counts.reshape(len(dipped), -1), axis=0, return_inverse=True)
    kinds = kinds.reshape(-1, 2, n_contexts)
    bins = [max(1, int(np.ceil((high - low) / (BIN_WIDTH * noise.error_sd)))) for low, high, _ in group]
    few = np.prod(bins) * len(dipped) <= MAX_GAUSSIANS
    build = _gaussians if few else _nodes
    centre, variance, log_weight = build(group, bins, dipped, kind.ravel(), len(kinds), noise)
    return Factor(centre, variance, log_weight, dips=kinds[:, 1], no_dips=kinds[:, 0])


Table = tuple[np.ndarray, np.ndarray, np.ndarray]


def _gaussians(
    group: Sequence[Result], bins: list[int], dipped: np.ndarray, kind: np.ndarray, n_kinds: int, noise: SampleNoise
) -> Table:
    """One Gaussian for every combination of bins and dips; a bin adds the variance of a uniform."""
    steps = np.array([(high - low) / n for (low, high, _), n in zip(group, bins, strict=True)])
    middles = [low + step * (np.arange(n) + 0.5) for (low, _, _), step, n in zip(group, steps, bins, strict=True)]
    level = np.array(list(itertools.product(*middles)))
    centres, variances, logs, columns = [], [], [], []
    for dip, column in zip(dipped, kind, strict=True):
        variance = noise.error_sd**2 + dip * noise.dip_sd**2 + steps**2 / 12.0
        at = level + dip * noise.dip_shift
        precision = (1.0 / variance).sum()
        centre = (at / variance).sum(axis=1) / precision
        squares = (at**2 / variance).sum(axis=1) - precision * centre**2
        constant = -0.5 * (_LOG_2PI + np.log(variance)).sum() + 0.5 * (_LOG_2PI - np.log(precision))
        centres.append(centre)
        variances.append(np.full(len(centre), 1.0 / precision))
        logs.append(constant - 0.5 * squares + np.log(steps).sum())
        columns.append(np.full(len(centre), column))
    log_weight = np.full((sum(map(len, centres)), n_kinds), _NEVER)
    log_weight[np.arange(len(log_weight)), np.concatenate(columns)] = np.concatenate(logs)
    return np.concatenate(centres), np.concatenate(variances), log_weight


def _nodes(
    group: Sequence[Result], bins: list[int], dipped: np.ndarray, kind: np.ndarray, n_kinds: int, noise: SampleNoise
) -> Table:
    """Gauss-Legendre panels wherever the group leaves the level any chance: fine at the ends of the intervals."""

    def log_seen(x: np.ndarray) -> np.ndarray:
        plain = [log_normal_interval(NUMPY, low, high, x, noise.error_sd) for low, high, _ in group]
        sd = np.hypot(noise.error_sd, noise.dip_sd)
        lowered = [log_normal_interval(NUMPY, low, high, x - noise.dip_shift, sd) for low, high, _ in group]
        return np.array([plain, lowered])

    coarse = np.arange(_LOWEST - 0.5, _HIGHEST + 0.5, 0.02)
    bound = log_seen(coarse).max(axis=0).sum(axis=0)
    possible = coarse[bound > bound.max() - _NEGLIGIBLE]
    ends = [end for low, high, _ in group for end in (low, high) if _LOWEST < end < _HIGHEST]
    fine, reach = 3.0 * noise.error_sd / np.sqrt(len(group)), 4.5 * noise.error_sd
    panels = _panels(float(possible[0]), float(possible[-1]), ends, fine=fine, reach=reach)
    half, middle = 0.5 * (panels[:, 1] - panels[:, 0]), 0.5 * (panels[:, 1] + panels[:, 0])
    x = (middle[:, None] + half[:, None] * _GAUSS_X).ravel()
    log_w = np.log(half[:, None] * _GAUSS_W).ravel()
    seen = log_seen(x)
    log_weight = np.full((len(x), n_kinds), _NEVER)
    for dip, column in zip(dipped, kind, strict=True):
        log_f = log_w + seen[dip, np.arange(len(group))].sum(axis=0)
        log_weight[:, column] = np.logaddexp(log_weight[:, column], log_f)
    return x, np.zeros(1), log_weight


def _panels(low: float, high: float, ends: Sequence[float], *, fine: float, reach: float) -> np.ndarray:
    """Cut [low, high] into panels (panel, 2): `fine` within `reach` of an end, wider and wider away from it."""
    zones: list[list[float]] = []
    for end in sorted(ends):
        a, b = max(end - reach, low), min(end + reach, high)
        if a >= b:
            continue
        if zones and a <= zones[-1][1]:
            zones[-1][1] = b
        else:
            zones.append([a, b])
    edges = [low]
    for a, b in zones:
        gap = a - edges[-1]
        if len(edges) > 1:  # between two zones: from both towards the middle
            edges += [*_growing(edges[-1], 0.5 * gap), *(a - w for w in _growing(0.0, 0.5 * gap)[-2::-1])]
        else:
            edges += [a - w for w in _growing(0.0, gap)[-2::-1]]
        edges += list(np.linspace(a, b, max(1, int(np.ceil((b - a) / fine))) + 1))
    edges += _growing(edges[-1], high - edges[-1])
    points = np.unique(edges)
    return np.stack([points[:-1], points[1:]], axis=1)


def _growing(start: float, length: float) -> list[float]:
    """Edges from `start` over `length`, the first panel 0.3 wide, each half as wide again as the one before."""
    widths: list[float] = []
    while sum(widths) < length:
        widths.append(min(FIRST_PANEL * GROWTH ** len(widths), WIDEST_PANEL))
    return list(start + np.cumsum(widths) * (length / sum(widths))) if widths else []


def log_node_weights(xp: Namespace, table: Configurations, logit_dip: Array) -> tuple[Array, ...]:
    """log weight of the nodes of every factor, dips summed out; logit_dip (..., context) -> (..., node) each."""
    no, yes = xp.softplus(logit_dip), xp.softplus(-logit_dip)
    out = []
    for factor in table.factors:
        log_dips = -(yes @ factor.dips.T) - (no @ factor.no_dips.T)
        top = factor.log_weight.max(axis=1)
        scaled = np.exp(factor.log_weight - top[:, None])  # a product instead of a logsumexp over an axis this short
        out.append(xp.log(xp.exp(log_dips) @ scaled.T + _TINY) + top)
    return tuple(out)


def log_together(xp: Namespace, table: Configurations, weights: tuple[Array, ...], mean: Array, sd: Array) -> Array:
    """log P(all results | one level N(mean, sd^2) at all of them); (...)."""
    k = table.pairs[0][0]
    return xp.maximum(_one(xp, table.factors[k], weights[k], mean, sd * sd), LOG_FLOOR)


def log_pairs(
    xp: Namespace, table: Configurations, weights: tuple[Array, ...], *, mean: Array, sd: Array, mean_gone: Array,
    slope_gone: Array, sd_gone: Array,
) -> Array:  # fmt: skip
    """log P(all results | which ones the shift had left by); (..., pair).

    Parameters
    ----------
    weights : from `log_node_weights`
    mean, sd : (...)
        True ln IgM x1 while the shift is there.
    mean_gone, slope_gone, sd_gone : (...)
        Level x0 once it has gone, given x1: N(mean_gone + slope_gone (x1 - mean), sd_gone^2).
    """
    variance = sd * sd
    out = []
    for k, g in table.pairs:
        if g < 0:
            out.append(_one(xp, table.factors[k], weights[k], mean, variance))
        elif k < 0:
            total = sd_gone * sd_gone + slope_gone * slope_gone * variance
            out.append(_one(xp, table.factors[g], weights[g], mean_gone, total))
        else:
            here, away = table.factors[k], table.factors[g]
            seen = variance[..., None] + here.variance
            shrink = variance[..., None] / seen
            log_here = weights[k] + log_normal_pdf(xp, here.centre, mean[..., None], xp.sqrt(seen))
            slope = slope_gone[..., None]
            expected = mean_gone[..., None] + slope * shrink * (here.centre - mean[..., None])
            rest = (sd_gone * sd_gone)[..., None] + slope * slope * variance[..., None] * (1.0 - shrink)
            out.append(logsumexp(xp, log_here + _log_away(xp, away, weights[g], expected, rest)))
    return xp.stack(out)


def _one(xp: Namespace, factor: Factor, weight: Array, mean: Array, variance: Array) -> Array:
    sd = xp.sqrt(variance[..., None] + factor.variance)
    return logsumexp(xp, weight + log_normal_pdf(xp, factor.centre, mean[..., None], sd))


def _log_away(xp: Namespace, factor: Factor, weight: Array, expected: Array, variance: Array) -> Array:
    """log of the factor integrated over N(expected, variance); (..., here_node). The widest arrays are here."""
    total = variance[..., None] + factor.variance
    top = xp.max(weight, axis=-1)
    scaled = xp.exp(weight - top[..., None])
    nodes = len(factor.variance) == 1
    if nodes and xp.name == "numpy":
        mass = _mass(factor.centre, expected, 1.0 / np.sqrt(total), scaled)
        return top[..., None] + np.log(mass + _TINY) - 0.5 * (np.log(total)[..., 0] + _LOG_2PI)
    z = (factor.centre - expected[..., None]) * (1.0 / xp.sqrt(total))
    kernel = xp.exp(-0.5 * z * z)
    if nodes:
        mass = (kernel @ scaled[..., None])[..., 0]
        return top[..., None] + xp.log(mass + _TINY) - 0.5 * (xp.log(total)[..., 0] + _LOG_2PI)
    mass = xp.sum(kernel * (scaled[..., None, :] / xp.sqrt(total)), axis=-1)
    return top[..., None] + xp.log(mass + _TINY) - 0.5 * _LOG_2PI


def _mass(centre: np.ndarray, expected: np.ndarray, scale: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Sum over away nodes of exp(-z^2 / 2) weight, a few draws at a time so that z stays in the processor's cache."""
    lead = np.broadcast_shapes(expected.shape[:-1], scale.shape[:-2], weight.shape[:-1])
    if len(lead) != 1:
        z = (centre - expected[..., None]) * scale
        return np.asarray((np.exp(-0.5 * z * z) @ weight[..., None])[..., 0])
    out = np.empty((*lead, expected.shape[-1]))
    at_once = max(1, CACHED_NUMBERS // (expected.shape[-1] * len(centre)))
    for begin in range(0, lead[0], at_once):
        at = slice(begin, begin + at_once)
        z = centre - expected[at, :, None]
        z *= scale[at]
        np.multiply(z, z, out=z)
        z *= -0.5
        np.exp(z, out=z)
        np.matmul(z, weight[at, :, None], out=out[at, :, None])
    return out


def log_series(xp: Namespace, table: Configurations, pairs: Array, gone: Array) -> Array:
    """log P(all results | one hypothesis about the shift); (...).

    Parameters
    ----------
    pairs : (..., pair)
        From `log_pairs`.
    gone : (..., later_sample)
        Probability that the shift has gone at each later sample, strictly between 0 and 1.
    """
    log_pattern = xp.log(gone) @ table.goes.T + xp.log1p(-gone) @ table.stays.T
    return xp.maximum(logsumexp(xp, log_pattern + xp.take(pairs, table.pair_of)), LOG_FLOOR)
