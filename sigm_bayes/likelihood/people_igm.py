"""IgM of many people: first results, second results, and the probability of a first result below a threshold."""

from __future__ import annotations

import numpy as np

from sigm_bayes.likelihood import igm as igm_
from sigm_bayes.likelihood.namespace import Array, Namespace, log_normal_interval, log_normal_pdf, logaddexp, logsumexp
from sigm_bayes.likelihood.people import People, Repeats, spread
from sigm_bayes.likelihood.person import Parameters, kind_index, mix_components

SURE = 1e-4
"""Nothing is surer than this about whether a shift has gone (the same as for one person)."""
TINY = 1e-36
"""In place of 0 in a logarithm; single precision holds it."""
NO_YES = np.array([0.0, 1.0])
ABSENT = 1e9
"""Taken from the log of a piece that there is not."""
MATURATION = 4
"""Recovery rate of maturational delay."""


def curve(
    xp: Namespace, p: Parameters, people: People, i: int, name: str, log_factor: Array | float
) -> tuple[Array, Array]:
    """ln median and ln-SD of IgM (0), IgG (1) or IgA (2), as the person's laboratory measures; each (person,)."""
    own = people.own[:, i]
    median = xp.sum(p[name] * people.median_rows[i], axis=-1)
    if "assay_offset" in p:
        median = median + p["assay_offset"][people.centre, i]
    spread = xp.exp(xp.sum(p[name] * people.spread_rows[i], axis=-1) + log_factor)
    factor = xp.exp(log_factor + 0.0 * median)
    return (
        own * people.own_ln_median[:, i] + (1.0 - own) * median,
        own * people.own_ln_sd[:, i] * factor + (1.0 - own) * spread,
    )


def moments(xp: Namespace, p: Parameters, people: People) -> tuple[Array, Array]:
    """Mean and SD of true ln IgM; (person, component)."""
    median, spread = curve(xp, p, people, 0, "curve_igm", p["log_spread_factor"])
    return igm_.component_moments(xp, xp.exp(p["log_shift"]), xp.exp(p["log_tau"]), median, spread)


def log_first(xp: Namespace, p: Parameters, people: People, mean: Array, sd: Array) -> Array:
    """log P(first result | hypothesis) as a Gaussian with the variance of a uniform; (person, hypothesis)."""
    low, high, noise = people.igm_low[:, None], people.igm_high[:, None], people.noise
    logit = p["logit_dip"][people.igm_context][:, None]
    width = high - low
    middle, variance = 0.5 * (low + high), sd * sd + noise.error_sd**2 + width * width / 12.0
    plain = log_normal_pdf(xp, middle, mean, xp.sqrt(variance))
    dipped = log_normal_pdf(xp, middle, mean - noise.dip_shift, xp.sqrt(variance + noise.dip_sd**2))
    mixed = logaddexp(xp, plain - xp.softplus(logit), dipped - xp.softplus(-logit)) + xp.log(width)
    return _by_hypothesis(xp, p, people, xp.maximum(mixed, igm_.LOG_FLOOR))


def log_open(xp: Namespace, p: Parameters, people: People, mean: Array, sd: Array) -> Array:
    """log P(first result | hypothesis) of people whose only result is wide, exactly; (open, hypothesis)."""
    who = people.igm_open
    result = igm_.log_result(
        xp, low=people.igm_low[who][:, None], high=people.igm_high[who][:, None], mean=mean[who], sd=sd[who],
        logit_dip=p["logit_dip"][people.igm_context[who]][:, None], noise=people.noise,
    )  # fmt: skip
    return _by_hypothesis(xp, p, people, result)


def _by_hypothesis(xp: Namespace, p: Parameters, people: People, log_component: Array) -> Array:
    return spread(mix_components(xp, p, log_component), kind_index(people.depletion))


def log_first_below(
    xp: Namespace, p: Parameters, people: People, mean: Array, sd: Array, log_threshold: Array
) -> Array:
    """log P(first result < threshold | hypothesis); (person, hypothesis)."""
    logit = p["logit_dip"][people.igm_context][:, None]
    below = igm_.log_below(
        xp, log_threshold[:, None], mean, sd, -xp.softplus(-logit), -xp.softplus(logit), people.noise
    )
    return _by_hypothesis(xp, p, people, below)


def log_igm(xp: Namespace, p: Parameters, people: People, mean: Array, sd: Array) -> Array:
    """log P(all IgM results | hypothesis); (person, hypothesis)."""
    terms = (log_first, log_open, log_repeats)
    parts = [term(xp, p, people, mean, sd) for term in terms]
    return xp.settled(xp.rows([xp.settled(part) for part in parts])[people.igm_row])


def log_repeats(xp: Namespace, p: Parameters, people: People, mean: Array, sd: Array) -> Array:
    """log P(first and second result | hypothesis); (repeat, hypothesis).

    The same quantities as `igm_series` for two results: the first in Gaussian pieces, the second given the first.
    """
    r = people.repeats
    m, s = mean[r.person], sd[r.person]
    m0, s0 = m[:, :1], s[:, :1]
    late = (
        xp.concatenate([m, m0 - people.delay_shift_spreads * s0]),
        xp.concatenate([s, people.delay_spread_ratio * s0]),
    )
    # Covariance of the level with the shift and without it: the person's own level; none for those who catch up.
    shared = xp.concatenate([s0 * s0 + 0.0 * m, 0.0 * s0])
    stay, gone = _two_results(xp, p, people, *late, shared)
    away = 1.0 - xp.exp(-xp.exp(p["log_recovery_rate"]) * r.elapsed[:, None])
    chance = _clip(xp, _away(xp, away, r))
    kinds = kind_index(people.depletion)
    here = spread(mix_components(xp, p, stay[:, : igm_.N_COMPONENTS]), kinds)
    none_stays = xp.concatenate([stay[:, :1], gone[:, 1 : igm_.N_COMPONENTS]])
    there = spread(mix_components(xp, p, none_stays), kinds)
    total = logaddexp(xp, here + xp.log1p(-chance), there + xp.log(chance))
    normal = _with_delay(xp, r, _clip(xp, away[:, MATURATION]), stay[:, 0], stay[:, -1], gone[:, -1])
    return xp.concatenate([total[:, :2], normal[:, None], total[:, 3:]])


def _away(xp: Namespace, away: Array, r: Repeats) -> Array:
    """P(shift absent at the second result | hypothesis) from the rates' (repeat, rate); (repeat, hypothesis)."""
    return xp.where(r.told > 0.0, r.fixed, away.reshape((-1,))[r.rate])


def _clip(xp: Namespace, chance: Array) -> Array:
    floored = xp.maximum(chance, SURE)
    return xp.where(floored > 1.0 - SURE, 1.0 - SURE, floored)


def _with_delay(xp: Namespace, r: Repeats, caught_up: Array, persistent: Array, late: Array, fresh: Array) -> Array:
    """log P(results | normal) with the late maturers among the healthy; (repeat,). See `person._with_delay`."""
    log_share = xp.log(xp.maximum(r.delay_share, TINY))
    series = log_share + logaddexp(xp, xp.log1p(-caught_up) + late, xp.log(caught_up) + fresh)
    remaining = persistent + xp.log(xp.maximum(1.0 - xp.exp(log_share + late - persistent), 1e-6))
    return xp.maximum(logaddexp(xp, remaining, series), igm_.LOG_FLOOR)


def _two_results(
    xp: Namespace, p: Parameters, people: People, mean: Array, sd: Array, shared: Array
) -> tuple[Array, Array]:
    """log P(both results) if the shift is still there, and if it has gone; each (repeat, component).

    `shared` is the covariance of the first true level with the one after the shift has gone.
    """
    r, noise = people.repeats, people.noise
    # Axes: (second dipped, shift gone, first dipped, piece, component).
    again, dip = NO_YES[:, None, None, None, None], NO_YES[:, None, None]
    first = _log_dip(xp, p["logit_dip"][people.igm_context[r.person]][r.repeat][:, None], dip)
    second = _log_dip(xp, p["logit_dip"][r.context][r.repeat][:, None], again)
    m, v, shared = mean[r.repeat], (sd * sd)[r.repeat], shared[r.repeat]
    none = 0.0 * m
    seen = v + noise.error_sd**2 + dip * noise.dip_sd**2 + r.bin_variance[:, None]
    residual = r.centre[:, None] - (m - dip * noise.dip_shift)
    log_first_piece = r.log_width[:, None] + log_normal_pdf(xp, residual, 0.0, xp.sqrt(seen)) + first
    centre, variance, cov = (
        xp.rows([stays[None, None], goes[None, None]])
        for stays, goes in ((m, m[:, :1] + none), (v, v[:, :1] + none), (v, shared))
    )
    slope = cov / seen
    spread = variance - cov * slope + noise.error_sd**2 + again * noise.dip_sd**2
    at = centre + slope * residual - again * noise.dip_shift
    each = log_first_piece + _second(xp, r, xp.settled(at), xp.settled(spread)) + second
    over_first = logaddexp(xp, each[:, :, 0], each[:, :, 1])
    over_both = logaddexp(xp, over_first[0], over_first[1])
    summed = logsumexp(xp, over_both[:, r.piece] - ABSENT * r.none[:, :, None], axis=-2)
    both = xp.maximum(summed, igm_.LOG_FLOOR)
    return both[0], both[1]


def _log_dip(xp: Namespace, logit: Array, dip: Array) -> Array:
    """log P(no dip) where `dip` is 0, log P(dip) where it is 1."""
    return dip * logit - xp.softplus(logit)


def _second(xp: Namespace, r: Repeats, mean: Array, variance: Array) -> Array:
    """log P(second result | the first); (..., piece, component)."""
    low, high, narrow = (x[r.repeat][:, None] for x in (r.low, r.high, r.narrow))
    width = high - low
    sd = xp.sqrt(variance + narrow * width * width / 12.0)
    piece = log_normal_pdf(xp, 0.5 * (low + high), mean, sd) + xp.log(width)
    # Not taken where narrow, but its gradient has to be finite there too.
    interval = log_normal_interval(xp, low, high + narrow, mean, sd)
    return xp.where(narrow > 0.0, piece, interval)
