"""Several IgM results of one person under all draws, without logarithms where none are needed.

The numbers are those of `person.log_igm_series` (a test holds both to 1e-11). What a group of results says of the level
that it shares is a `Factor`: nodes within 32 of the likeliest in the log, so that the sum over them can be taken as it
is. Late maturers are one more shift.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sigm_bayes.likelihood import person
from sigm_bayes.likelihood.case import Case, Series
from sigm_bayes.likelihood.hypotheses import NORMAL
from sigm_bayes.likelihood.igm import LOG_FLOOR, N_COMPONENTS, NONE
from sigm_bayes.likelihood.igm_series import Configurations, Factor, log_series
from sigm_bayes.likelihood.namespace import NUMPY, logaddexp

SHIFTS = N_COMPONENTS - 1
MATURATION = 4
"""Place of maturation among the recoveries of `priors.toml`, as in `person.log_igm_series`."""
SURE = 1e-4
"""No shift is surer than this to have gone, or to be there, at a later sample."""
CACHED_NUMBERS = 32_768
"""Numbers worked on at once: a quarter of a megabyte."""
_SMALLEST_REST = 1e-6
_TINY = 1e-300
_LOG_SQRT_2PI = 0.5 * math.log(2.0 * math.pi)


@dataclass(frozen=True, eq=False)
class Shift:
    """Level x while a shift is there, N(mean, sd^2), and once it has gone; (draw,) each.

    The latter is N(mean_gone + slope_gone (x - mean), sd_gone^2).
    """

    mean: np.ndarray
    sd: np.ndarray
    mean_gone: np.ndarray
    slope_gone: np.ndarray
    sd_gone: np.ndarray


@dataclass(frozen=True, eq=False)
class Weighted:
    """A group of results with the dips summed out: the weight of every node is `weight` exp(`log_scale`)."""

    factor: Factor
    weight: np.ndarray
    log_scale: float


def log_igm_results(p: Mapping[str, np.ndarray], case: Case, *, first_known: bool) -> tuple[np.ndarray, np.ndarray]:
    """log P(all IgM results | hypothesis) (draw, hypothesis), and the part of `normal` that is maturational delay."""
    series = case.series
    assert series is not None
    table = series.full if first_known else series.later_only
    mean, sd = person.igm_components(NUMPY, p, case.curves[0])
    groups = [_weighted(factor, p["logit_dip"]) for factor in table.factors]
    together = groups[table.pairs[0][0]]
    persistent = np.maximum(_one(together, mean[:, NONE], sd[:, NONE] ** 2), LOG_FLOOR)
    shifts = _shifts(mean, sd, case)
    pairs = np.array([_pairs(table, groups, shift) for shift in shifts])
    rates = np.exp(p["log_recovery_rate"])
    kinds, courses = person.kind_index(case.depletion), _courses(series)
    out = np.empty((len(mean), len(kinds)))
    for (rate, fixed), members in courses.items():
        gone = _gone(rates, rate, series.elapsed, fixed)
        shifted = log_series(NUMPY, table, pairs[:SHIFTS], gone)
        by_kind = person.mix_components(NUMPY, p, np.stack([persistent, *shifted], axis=-1))
        out[:, members] = by_kind[:, kinds[members]]
    if len(shifts) == SHIFTS:
        return out, np.full(len(mean), LOG_FLOOR)
    later = len(series.elapsed)
    gone = _gone(rates, (MATURATION,) * later, series.elapsed, (-1.0,) * later)
    log_share = math.log(case.delay_share)
    caught_up = log_share + log_series(NUMPY, table, pairs[SHIFTS], gone)
    stayed = log_share + np.maximum(_one(together, shifts[SHIFTS].mean, shifts[SHIFTS].sd ** 2), LOG_FLOOR)
    rest = persistent + np.log(np.maximum(1.0 - np.exp(stayed - persistent), _SMALLEST_REST))
    out[:, NORMAL] = logaddexp(NUMPY, rest, caught_up)
    return out, caught_up


def _shifts(mean: np.ndarray, sd: np.ndarray, case: Case) -> list[Shift]:
    """The four shifts, after which the level is the person's own; late maturation, after which it is a fresh draw."""
    healthy_mean, healthy_sd = mean[:, NONE], sd[:, NONE]
    variance = healthy_sd * healthy_sd
    out = []
    for c in range(1, N_COMPONENTS):
        slope = variance / (sd[:, c] * sd[:, c])
        out.append(Shift(mean[:, c], sd[:, c], healthy_mean, slope, np.sqrt(variance * (1.0 - slope))))
    if case.delay_share > 0.0:
        late_mean = healthy_mean - case.delay_shift_spreads * healthy_sd
        late_sd = case.delay_spread_ratio * healthy_sd
        out.append(Shift(late_mean, late_sd, healthy_mean, 0.0 * healthy_mean, healthy_sd))
    return out


def _weighted(factor: Factor, logit_dip: np.ndarray) -> Weighted:
    log_dips = -(NUMPY.softplus(-logit_dip) @ factor.dips.T) - (NUMPY.softplus(logit_dip) @ factor.no_dips.T)
    log_scale = float(factor.log_weight.max())
    return Weighted(factor, np.exp(log_dips) @ np.exp(factor.log_weight - log_scale).T, log_scale)


def _pairs(table: Configurations, groups: list[Weighted], s: Shift) -> np.ndarray:
    """log P(all results | which ones the shift had left by); (draw, pair)."""
    variance = s.sd * s.sd
    out = []
    for here, away in table.pairs:
        if away < 0:
            out.append(_one(groups[here], s.mean, variance))
        elif here < 0:
            total = s.sd_gone * s.sd_gone + s.slope_gone * s.slope_gone * variance
            out.append(_one(groups[away], s.mean_gone, total))
        else:
            out.append(_two(groups[here], groups[away], s, variance))
    return np.stack(out, axis=-1)


def _one(group: Weighted, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """log P(a group of results | level N(mean, variance)); (draw,)."""
    density, log_sd = _density(group.factor, mean[:, None], variance[:, None])
    if log_sd.shape[-1] > 1:
        density *= np.exp(-log_sd)
        log_sd = np.zeros((1, 1))
    mass = np.einsum("dn,dn->d", density, group.weight)
    return np.asarray(np.log(mass + _TINY) + group.log_scale - log_sd[:, 0] - _LOG_SQRT_2PI)


def _density(factor: Factor, mean: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """exp(-z^2 / 2) at the nodes (draw, node), and ln SD (draw, node) or (draw, 1) where all nodes have the same."""
    total = variance + factor.variance
    z = factor.centre - mean
    z *= np.sqrt(0.5 / total)
    np.multiply(z, z, out=z)
    np.negative(z, out=z)
    return np.exp(z, out=z), 0.5 * np.log(total)


def _two(here: Weighted, away: Weighted, s: Shift, variance: np.ndarray) -> np.ndarray:
    """log P(one group of results sees the shift, the other one no longer); (draw,)."""
    seen = variance[:, None] + here.factor.variance
    shrink = variance[:, None] / seen
    density, log_sd = _density(here.factor, s.mean[:, None], variance[:, None])
    density *= here.weight
    density *= np.exp(-log_sd)
    expected = s.mean_gone[:, None] + s.slope_gone[:, None] * shrink * (here.factor.centre - s.mean[:, None])
    rest = (s.sd_gone**2)[:, None] + (s.slope_gone**2 * variance)[:, None] * (1.0 - shrink)
    mass = np.einsum("dk,dk->d", density, _away(away, expected, rest))
    return np.asarray(np.log(mass + _TINY) + here.log_scale + away.log_scale - 2.0 * _LOG_SQRT_2PI)


def _away(group: Weighted, expected: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """sqrt(2 pi) P(group | level N(expected, variance)) at every node of the other group; (draw, here_node)."""
    factor, out = group.factor, np.empty(np.broadcast_shapes(expected.shape, variance.shape))
    expected, variance = np.broadcast_to(expected, out.shape), np.broadcast_to(variance, (len(out), variance.shape[1]))
    at_once = max(1, CACHED_NUMBERS // (out.shape[1] * len(factor.centre)))
    for begin in range(0, len(out), at_once):
        at = slice(begin, begin + at_once)
        total = variance[at, :, None] + factor.variance
        z = factor.centre - expected[at, :, None]
        z *= np.sqrt(0.5 / total)
        np.multiply(z, z, out=z)
        np.negative(z, out=z)
        np.exp(z, out=z)
        if total.shape[-1] > 1:
            z /= np.sqrt(total)
        np.matmul(z, group.weight[at, :, None], out=out[at, :, None])
        if total.shape[-1] == 1:
            out[at] /= np.sqrt(total[..., 0])
    return out


def _courses(series: Series) -> dict[tuple[tuple[int, ...], tuple[float, ...]], list[int]]:
    """Hypotheses by how their shift may have gone at the later samples."""
    out: dict[tuple[tuple[int, ...], tuple[float, ...]], list[int]] = {}
    for h, (rate, fixed) in enumerate(zip(series.rate.tolist(), series.fixed.tolist(), strict=True)):
        out.setdefault((tuple(rate), tuple(fixed)), []).append(h)
    return out


def _gone(rates: np.ndarray, rate: tuple[int, ...], elapsed: np.ndarray, fixed: tuple[float, ...]) -> np.ndarray:
    """P(the shift has gone at each later sample); (draw, later_sample)."""
    index = np.array(rate)
    decayed = 1.0 - np.exp(-rates[:, np.maximum(index, 0)] * elapsed)
    return np.clip(np.where(index >= 0, decayed, np.array(fixed)), SURE, 1.0 - SURE)
