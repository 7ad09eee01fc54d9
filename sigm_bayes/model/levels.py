"""Expected values of published IgM levels: shares below a cut-off, means and changes, by exposure and setting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sigm_bayes.evidence import EvidenceItem
from sigm_bayes.evidence.vocabulary import NO_CAUSE
from sigm_bayes.likelihood import igm as igm_
from sigm_bayes.likelihood.namespace import Array, log_normal_pdf
from sigm_bayes.likelihood.person import kind_index, mix_components
from sigm_bayes.model.context import Context, logit
from sigm_bayes.model.immunoglobulins import IGG, asked_of, beside, not_low_exposed, not_low_tested

NORMAL_KIND, SECONDARY_KIND = 2, 4


def component_moments(ctx: Context, items: Sequence[EvidenceItem]) -> tuple[Array, Array]:
    """Mean and SD of true ln IgM; (item, component)."""
    rows = [ctx.igm_rows(i.age_years, i.male_share) for i in items]
    return moments_at(ctx, np.array([r[0] for r in rows]), np.array([r[1] for r in rows]))


def moments_at(ctx: Context, rows_median: np.ndarray, rows_spread: np.ndarray) -> tuple[Array, Array]:
    """Mean and SD of true ln IgM at given design rows; (row, component)."""
    p, xp = ctx.p, ctx.xp
    median = xp.sum(p["curve_igm"] * rows_median, axis=-1)
    spread = xp.exp(xp.sum(p["curve_igm"] * rows_spread, axis=-1) + p["log_spread_factor"])
    return igm_.component_moments(xp, xp.exp(p["log_shift"]), xp.exp(p["log_tau"]), median, spread)


def kinds_below(ctx: Context, log_threshold: np.ndarray, context: np.ndarray, mean: Array, sd: Array) -> Array:
    """log P(one result below a threshold) per kind of hypothesis; (item, kind)."""
    xp = ctx.xp
    dip = xp.take(ctx.p["logit_dip"], context)[..., None]
    below = igm_.log_below(xp, log_threshold[:, None], mean, sd, -xp.softplus(-dip), -xp.softplus(dip), ctx.noise)
    return mix_components(xp, ctx.p, below)


def items_below(ctx: Context, items: Sequence[EvidenceItem]) -> Array:
    """`kinds_below` at the items' own thresholds, ages and sample contexts; (item, kind).

    Computed once for all used items with a threshold: the graph stays small, hence quick to compile.
    """
    keys = [_below_key(i) for i in items]
    table = ctx.shared("below", lambda: _below_table(ctx))
    unique: list[tuple[object, ...]] = table[0]
    return table[1][np.array([unique.index(k) for k in keys])]


def _below_key(item: EvidenceItem) -> tuple[object, ...]:
    return (item.age_years, item.male_share, item.threshold_mg_dl, item.context or "well")


def _below_table(ctx: Context) -> tuple[list[tuple[object, ...]], Array]:
    chosen = {_below_key(i): i for i in ctx.evidence.fitted if i.threshold_mg_dl is not None}
    items = list(chosen.values())
    mean, sd = component_moments(ctx, items)
    contexts = np.array([ctx.catalogue.context_index(i.context or "well") for i in items])
    thresholds = np.log(np.array([i.threshold_mg_dl for i in items], dtype=float))
    return list(chosen), kinds_below(ctx, thresholds, contexts, mean, sd)


def exposed_weights(ctx: Context, items: Sequence[EvidenceItem]) -> tuple[Array, Array, Array, np.ndarray]:
    """Weights of people with one exposure: healthy, suppressed by it, suppressed by an occult cause; each (item,).

    The last value is the kind of hypothesis of the exposure.
    """
    xp, p = ctx.xp, ctx.p
    causes = ctx.catalogue.causes
    known = np.array([bool(i.causes) for i in items], dtype=float)
    index = np.array([ctx.catalogue.cause_index(i.cause) if i.causes else 0 for i in items])
    left = np.array([_hazard_left(ctx, i) for i in items])
    hazard = xp.exp(xp.take(p["log_hazard"], index)) * known * left
    occult = _occult_hazard(ctx, items)
    total = hazard + occult
    suppressed = 1.0 - xp.exp(-total)
    kind = np.array([3 if causes[i].depletion else SECONDARY_KIND for i in index])
    return xp.exp(-total), suppressed * hazard / total, suppressed * occult / total, kind


def _hazard_left(ctx: Context, item: EvidenceItem) -> float:
    """Share of the hazard that is left `window_years` after the exposure ended (1 where none is given)."""
    if item.term != "low_given_exposure" or item.window_years is None or not item.causes:
        return 1.0
    cause = ctx.catalogue.causes[ctx.catalogue.cause_index(item.cause)]
    months = max(0.0, 12.0 * item.window_years - cause.hold_months)
    return float(0.5 ** (months / cause.half_life_months))


def _occult_hazard(ctx: Context, items: Sequence[EvidenceItem]) -> Array:
    """Hazard of an occult cause where and at what age the items' people were tested; (item,)."""
    setting = np.array([ctx.catalogue.setting_index(i.setting) for i in items])
    band = np.array([ctx.band(i.age_years) for i in items])
    return ctx.xp.exp(ctx.xp.take(ctx.p["log_occult_hazard"], setting) + ctx.xp.take(ctx.p["occult_age"], band))


def exposed_parts(
    ctx: Context, items: Sequence[EvidenceItem], per_kind: Array
) -> tuple[tuple[Array, Array], tuple[Array, Array], tuple[Array, Array]]:
    """Weight and value of a (item, kind) array: healthy, suppressed by the exposure, suppressed by an occult cause."""
    healthy, by_cause, occult, kind = exposed_weights(ctx, items)
    of_cause = ctx.xp.sum(per_kind * np.eye(5)[kind], axis=-1)
    return (healthy, per_kind[:, NORMAL_KIND]), (by_cause, of_cause), (occult, per_kind[:, SECONDARY_KIND])


def _over_kinds(ctx: Context, items: Sequence[EvidenceItem], per_kind: Array) -> Array:
    """Average over healthy, exposure and occult of a (item, kind) array."""
    return sum(weight * value for weight, value in exposed_parts(ctx, items, per_kind))


def low_given_exposure(ctx: Context, items: Sequence[EvidenceItem]) -> Array:
    """Logit of P(IgM below the threshold | exposure), with what the item says of IgG and IgA beside it."""
    below = ctx.xp.exp(items_below(ctx, items))
    not_low = not_low_exposed(ctx, items, asked_of(items))
    parts = exposed_parts(ctx, items, below)
    return logit(ctx.xp, sum(w * beside(items, low, rest) for (w, low), rest in zip(parts, not_low, strict=True)))


def odds_low_given_exposure(ctx: Context, items: Sequence[EvidenceItem]) -> Array:
    """Log odds ratio of a low result (IgM, or any class) with and without the exposure."""
    unexposed = [replace(i, cause=NO_CAUSE) for i in items]
    return low_given_exposure(ctx, items) - low_given_exposure(ctx, unexposed)


def _kind_moments(ctx: Context, items: Sequence[EvidenceItem]) -> tuple[Array, Array, Array]:
    """E[IgM], E[IgM^2] (mg/dL) and E[ln IgM] per kind, with measurement noise; each (item, kind)."""
    xp = ctx.xp
    mean, sd = component_moments(ctx, items)
    variance = sd * sd + ctx.noise.error_sd**2
    first = mix_components(xp, ctx.p, mean + 0.5 * variance)
    second = mix_components(xp, ctx.p, 2.0 * mean + 2.0 * variance)
    none, partial, profound, depletion, secondary = (mean[:, i] for i in range(5))
    w_primary = xp.expit(ctx.p["logit_profound_primary"])
    w_other = xp.expit(ctx.p["logit_other_affected"])
    w_depletion = xp.expit(ctx.p["logit_profound_depletion"])
    primary = w_primary * profound + (1.0 - w_primary) * partial
    other = w_other * primary + (1.0 - w_other) * none
    depleted = w_depletion * profound + (1.0 - w_depletion) * depletion
    return xp.exp(first), xp.exp(second), xp.stack([primary, other, none, depleted, secondary])


def igm_moment_exposed(ctx: Context, items: Sequence[EvidenceItem]) -> Array:
    """ln of the mean, SD or median of IgM (mg/dL) among exposed people (the median by the geometric mean)."""
    xp = ctx.xp
    first, second, log_level = _kind_moments(ctx, items)
    mean = _over_kinds(ctx, items, first)
    spread = xp.sqrt(_over_kinds(ctx, items, second) - mean * mean)
    centre = _over_kinds(ctx, items, log_level)
    is_mean = np.array([float(i.stat == "mean") for i in items])
    is_sd = np.array([float(i.stat == "sd") for i in items])
    return is_mean * xp.log(mean) + is_sd * xp.log(spread) + (1.0 - is_mean - is_sd) * centre


def igm_change_exposed(ctx: Context, items: Sequence[EvidenceItem]) -> Array:
    """Change of mean IgM by the exposure: mg/dL, or a fraction of the level before it."""
    first, _, _ = _kind_moments(ctx, items)
    change = _over_kinds(ctx, items, first) - first[:, NORMAL_KIND]
    fraction = np.array([float(i.stat == "fraction") for i in items])
    return fraction * change / first[:, NORMAL_KIND] + (1.0 - fraction) * change


def _mixed_below(ctx: Context, items: Sequence[EvidenceItem]) -> Array:
    """P(IgM below the threshold, or any class low | tested in the setting, nothing known); (item,)."""
    below = ctx.xp.exp(items_below(ctx, items)[:, kind_index(ctx.depletion)])
    asked = np.array([[float(i.stat == "any_class")] for i in items])
    not_low = 1.0 - asked * (1.0 - not_low_tested(ctx))
    records = [ctx.record(i.setting, i.age_years, i.male_share, "unknown") for i in items]
    return ctx.xp.sum(beside(items, below, not_low) * ctx.xp.exp(ctx.weights(records)), axis=-1)


def low_in_tested(ctx: Context, items: Sequence[EvidenceItem]) -> Array:
    """Logit of P(IgM below the threshold, or any class low | tested in a setting)."""
    return logit(ctx.xp, _mixed_below(ctx, items))


def tail_in_population(ctx: Context, items: Sequence[EvidenceItem]) -> Array:
    """Logit of the share of a population beyond a threshold (below, or above by `stat`)."""
    sign = np.array([-1.0 if i.stat == "above" else 1.0 for i in items])
    return sign * logit(ctx.xp, _mixed_below(ctx, items))


def low_igg_given_exposure(ctx: Context, items: Sequence[EvidenceItem]) -> Array:
    """Logit of P(IgG below its lower limit | exposure)."""
    weights = exposed_weights(ctx, items)[:3]
    not_low = not_low_exposed(ctx, items, np.tile(IGG, (len(items), 1)))
    return -logit(ctx.xp, sum(w * rest for w, rest in zip(weights, not_low, strict=True)))


def truncated_density(ctx: Context, mean: Array, sd: Array, log_level: np.ndarray) -> Array:
    """Density of a measured ln IgM; mean, sd (item, component), levels (item, level) -> (item, level, kind)."""
    noisy = ctx.xp.sqrt(sd * sd + ctx.noise.error_sd**2)
    density = log_normal_pdf(ctx.xp, log_level[:, :, None], mean[:, None, :], noisy[:, None, :])
    return ctx.xp.exp(mix_components(ctx.xp, ctx.p, density))


def sex_difference(ctx: Context, items: Sequence[EvidenceItem]) -> Array:
    """Mean IgM of men minus women, mg/dL."""
    xp = ctx.xp

    def mean_of(male: float) -> Array:
        rows = [ctx.igm_rows(i.age_years, male) for i in items]
        mean, sd = moments_at(ctx, np.array([r[0] for r in rows]), np.array([r[1] for r in rows]))
        return xp.exp(mean[:, 0] + 0.5 * (sd[:, 0] * sd[:, 0] + ctx.noise.error_sd**2))

    return mean_of(1.0) - mean_of(0.0)


def recovery(ctx: Context, items: Sequence[EvidenceItem]) -> Array:
    """Logit of P(normal at a repeat | low at first), by the course of the cause; maturation where there is none."""
    xp = ctx.xp
    names = list(ctx.priors.coords["recovery"])
    index, cap = [], []
    for item in items:
        if not item.causes:
            index.append(names.index("maturation"))
            cap.append(ctx.late_share_of_low)
        else:
            index.append(names.index(ctx.catalogue.causes[ctx.catalogue.cause_index(item.cause)].recovers))
            cap.append(1.0)
    years = np.array([i.window_years for i in items], dtype=float)
    rate = xp.exp(xp.take(ctx.p["log_recovery_rate"], np.array(index)))
    return logit(xp, np.array(cap) * (1.0 - xp.exp(-rate * years)))
