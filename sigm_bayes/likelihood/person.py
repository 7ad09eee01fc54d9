"""The joint log-likelihood of one person under every hypothesis, term by term.

Parameters arrive as a mapping of arrays named as in `priors.toml`, with any leading axes (draws) before the named
ones. Every function returns (..., hypothesis); a term that is unknown is a zero.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sigm_bayes.likelihood import exposures as exposures_
from sigm_bayes.likelihood import findings as findings_
from sigm_bayes.likelihood import igm as igm_
from sigm_bayes.likelihood import immunoglobulins as ig_
from sigm_bayes.likelihood import immunology as immunology_
from sigm_bayes.likelihood.case import Case, CurveRow
from sigm_bayes.likelihood.hypotheses import class_of_hypothesis
from sigm_bayes.likelihood.igm_series import (
    Configurations,
    log_node_weights,
    log_pairs,
    log_series,
    log_together,
)
from sigm_bayes.likelihood.namespace import Array, Namespace, logaddexp, logsumexp

Parameters = Mapping[str, Array]


def log_prior_odds(xp: Namespace, p: Parameters, *, setting: int, age_band: int, boy: float) -> tuple[Array, Array]:
    """Log odds of primary, and of other immunodeficiency, against the rest; each (...)."""
    primary = xp.take(p["logit_primary"], setting) + xp.take(p["primary_age"], age_band)
    other = xp.take(p["logit_other"], setting) + xp.take(p["other_age"], age_band) + boy * p["other_boy"]
    return primary, other


def exposure_logits(xp: Namespace, p: Parameters, *, setting: int, age_band: int, raised: np.ndarray) -> Array:
    """Logit of each recordable exposure among people without a defined immunodeficiency; (..., exposure)."""
    base = p["logit_exposure"] + xp.take(p["exposure_setting"], setting) + xp.take(p["exposure_age"], age_band)
    return base + p["co_exposure"][..., None] * raised


def log_weights(
    xp: Namespace, p: Parameters, *, setting: int, age_band: int, boy: float, state: exposures_.ExposureState
) -> Array:
    """log P(hypothesis, recorded exposures) before any laboratory value or finding; (..., hypothesis)."""
    primary, other = log_prior_odds(xp, p, setting=setting, age_band=age_band, boy=boy)
    logit_e = exposure_logits(xp, p, setting=setting, age_band=age_band, raised=state.raised)
    occult = xp.take(p["log_occult_hazard"], setting) + xp.take(p["occult_age"], age_band)
    return combine_weights(xp, p, primary=primary, other=other, logit_e=logit_e, log_occult=occult, state=state)


def combine_weights(
    xp: Namespace, p: Parameters, *, primary: Array, other: Array, logit_e: Array, log_occult: Array,
    state: exposures_.KnownExposures,
) -> Array:  # fmt: skip
    """`log_weights` from log prior odds (...), exposure logits (..., exposure) and the occult hazard (...)."""
    given = log_exposures(xp, p, logit_e=logit_e, log_occult=log_occult, state=state)
    return with_prior_odds(xp, given, primary=primary, other=other)


def log_exposures(
    xp: Namespace, p: Parameters, *, logit_e: Array, log_occult: Array, state: exposures_.KnownExposures
) -> Array:
    """log P(recorded exposures, and for the rest the cause | primary, other, rest); (..., hypothesis)."""
    complication = p["exposure_complication"]
    at_primary = exposures_.log_exposure_probability(xp, logit_e + xp.take(complication, 0), state)
    at_other = exposures_.log_exposure_probability(xp, logit_e + xp.take(complication, 1), state)
    normal, causes = exposures_.log_weights_rest(xp, logit_e, p["log_hazard"], log_occult, state)
    return xp.concatenate([xp.stack([at_primary, at_other, normal]), causes])


def with_prior_odds(xp: Namespace, given: Array, *, primary: Array, other: Array) -> Array:
    """Add the log prior probabilities of primary, other and the rest to `log_exposures`; (..., hypothesis)."""
    log_total = xp.log1p(xp.exp(primary) + xp.exp(other))
    head = xp.stack([xp.take(given, 0) + primary, xp.take(given, 1) + other])
    return xp.concatenate([head, given[..., 2:]]) - log_total[..., None]


def curve(xp: Namespace, coefficients: Array, row: CurveRow, log_spread_factor: Array | float) -> tuple[Array, Array]:
    """ln median and ln-SD of an immunoglobulin at this age and sex; each (...)."""
    if row.own_ln_median is not None and row.own_ln_sd is not None:
        factor = log_spread_factor + 0.0 * xp.take(coefficients, 0)
        return row.own_ln_median + 0.0 * factor, row.own_ln_sd * xp.exp(factor)
    median = xp.sum(coefficients * row.median, axis=-1)
    return median, xp.exp(xp.sum(coefficients * row.spread, axis=-1) + log_spread_factor)


def igm_components(xp: Namespace, p: Parameters, row: CurveRow) -> tuple[Array, Array]:
    """Mean and SD of true ln IgM per component; (..., component)."""
    median, spread = curve(xp, p["curve_igm"], row, p["log_spread_factor"])
    return igm_.component_moments(xp, xp.exp(p["log_shift"]), xp.exp(p["log_tau"]), median, spread)


def mix_components(xp: Namespace, p: Parameters, log_component: Array) -> Array:
    """From components to kinds of hypothesis: primary, other, normal, depletion-like, other cause; (..., 5)."""
    none, partial, profound, depletion, secondary = (xp.take(log_component, i) for i in range(igm_.N_COMPONENTS))
    primary = _mix(xp, p["logit_profound_primary"], profound, partial)
    other = _mix(xp, p["logit_other_affected"], primary, none)
    depleted = _mix(xp, p["logit_profound_depletion"], profound, depletion)
    return xp.stack([primary, other, none, depleted, secondary])


def kind_index(depletion: np.ndarray) -> np.ndarray:
    """Kind (see `mix_components`) of every hypothesis."""
    return np.concatenate([[0, 1, 2], np.where(depletion, 3, 4)]).astype(int)


def log_igm_first(xp: Namespace, p: Parameters, case: Case) -> Array:
    """log P(first IgM | hypothesis)."""
    mean, sd = igm_components(xp, p, case.curves[0])
    single = igm_.log_single(
        xp, samples=case.samples, index=0, mean=mean, sd=sd, logit_dip=p["logit_dip"], noise=case.noise
    )
    return xp.take(mix_components(xp, p, single), kind_index(case.depletion))


def log_igm_series(xp: Namespace, p: Parameters, case: Case, *, first_known: bool) -> tuple[Array, Array]:
    """log P(all IgM results | hypothesis), and the part of `normal` that is maturational delay (...)."""
    series = case.series
    assert series is not None
    table = series.full if first_known else series.later_only
    mean, sd = igm_components(xp, p, case.curves[0])
    rates = xp.exp(p["log_recovery_rate"])
    weights = log_node_weights(xp, table, p["logit_dip"])
    healthy_mean, healthy_sd = xp.take(mean, igm_.NONE), xp.take(sd, igm_.NONE)
    persistent = log_together(xp, table, weights, healthy_mean, healthy_sd)
    pairs = {c: _component_pairs(xp, table, weights, mean, sd, c) for c in range(1, igm_.N_COMPONENTS)}
    courses: dict[tuple[object, ...], Array] = {}
    columns = []
    for h, kind in enumerate(kind_index(case.depletion)):
        key = (tuple(series.rate[h]), tuple(series.fixed[h]))
        if key not in courses:
            gone = _gone(xp, rates, series.rate[h], series.elapsed, series.fixed[h])
            shifted = [persistent, *(log_series(xp, table, pairs[c], gone) for c in range(1, igm_.N_COMPONENTS))]
            courses[key] = mix_components(xp, p, xp.stack(shifted))
        columns.append(xp.take(courses[key], int(kind)))
    delay = xp.asarray(igm_.LOG_FLOOR) + 0.0 * healthy_mean
    if case.delay_share > 0.0:
        columns[2], delay = _with_delay(xp, case, table, weights, rates, persistent, healthy_mean, healthy_sd)
    return xp.stack(columns), delay


def _gone(xp: Namespace, rates: Array, rate: np.ndarray, elapsed: np.ndarray, fixed: np.ndarray) -> Array:
    """Probability that the shift has gone at each later sample; (..., later_sample)."""
    columns = []
    for j, index in enumerate(rate):
        known = xp.asarray(min(max(float(fixed[j]), _SURE), 1.0 - _SURE)) + 0.0 * xp.take(rates, 0)
        decayed = 1.0 - xp.exp(-xp.take(rates, int(index)) * float(elapsed[j])) if index >= 0 else known
        columns.append(xp.maximum(decayed, _SURE) if index >= 0 else known)
    capped = xp.stack(columns)
    return xp.where(capped > 1.0 - _SURE, 1.0 - _SURE, capped)


_SURE = 1e-4


def _component_pairs(
    xp: Namespace, table: Configurations, weights: tuple[Array, ...], mean: Array, sd: Array, component: int
) -> Array:
    """`log_pairs` of one shifted component; once the shift has gone the level is the person's own, t0."""
    m, d = xp.take(mean, component), xp.take(sd, component)
    healthy_mean, healthy_sd = xp.take(mean, igm_.NONE), xp.take(sd, igm_.NONE)
    variance = healthy_sd * healthy_sd
    slope = variance / (d * d)
    return log_pairs(
        xp, table, weights, mean=m, sd=d, mean_gone=healthy_mean, slope_gone=slope,
        sd_gone=xp.sqrt(variance * (1.0 - slope)),
    )  # fmt: skip


def _with_delay(
    xp: Namespace, case: Case, table: Configurations, weights: tuple[Array, ...], rates: Array, persistent: Array,
    mean: Array, sd: Array,
) -> tuple[Array, Array]:  # fmt: skip
    """Replace the late maturers among the healthy: their later level is a fresh draw once they have caught up.

    The cross-sectional reference curve already contains them, so a single value is N(0, s^2) with or without delay.
    """
    assert case.series is not None
    late_mean = mean - case.delay_shift_spreads * sd
    late_sd = case.delay_spread_ratio * sd
    maturation = np.full(case.series.elapsed.shape, 4)
    gone = _gone(xp, rates, maturation, case.series.elapsed, np.full(case.series.elapsed.shape, -1.0))
    pairs = log_pairs(xp, table, weights, mean=late_mean, sd=late_sd, mean_gone=mean, slope_gone=0.0 * mean, sd_gone=sd)
    log_share = float(np.log(case.delay_share))
    caught_up = log_share + log_series(xp, table, pairs, gone)
    stayed = log_share + log_together(xp, table, weights, late_mean, late_sd)
    remaining = persistent + xp.log(xp.maximum(1.0 - xp.exp(stayed - persistent), 1e-6))
    return logaddexp(xp, remaining, caught_up), caught_up


def log_delay_single(xp: Namespace, p: Parameters, case: Case) -> Array:
    """log P(first IgM, maturational delay | normal) for a single result; (...)."""
    mean, sd = igm_components(xp, p, case.curves[0])
    late_mean = xp.take(mean, 0) - case.delay_shift_spreads * xp.take(sd, 0)
    late_sd = case.delay_spread_ratio * xp.take(sd, 0)
    single = igm_.log_single(
        xp, samples=case.samples, index=0, mean=late_mean[..., None], sd=late_sd[..., None],
        logit_dip=p["logit_dip"], noise=case.noise,
    )  # fmt: skip
    return xp.take(single, 0) + float(np.log(case.delay_share))


def log_igg_iga(xp: Namespace, p: Parameters, case: Case, *, exposed: bool) -> Array:
    """log P(IgG, IgA | hypothesis); `exposed` False leaves the recorded exposures' own shift out."""
    states, selective = log_igg_iga_states(xp, p, case, exposed=exposed)
    mixed = logsumexp(xp, log_ig_state_weights(xp, p) + states[..., None, :])
    return ig_hypotheses(xp, states, selective, mixed)


def log_ig_state_weights(xp: Namespace, p: Parameters) -> Array:
    """log P(state of IgG and IgA) for other immunodeficiency, then each cause; (..., ig_class, 3)."""
    return ig_.log_state_weights(xp, ig_low_logits(xp, p), p["logit_ig_high"])


def ig_hypotheses(xp: Namespace, states: Array, selective: Array, mixed: Array) -> Array:
    """From states (..., 3), the selective level (...) and the mixtures (..., ig_class) to (..., hypothesis)."""
    head = xp.stack([selective, xp.take(mixed, 0), xp.take(states, 1)])
    return xp.concatenate([head, mixed[..., 1:]])


def log_igg_iga_states(xp: Namespace, p: Parameters, case: Case, *, exposed: bool) -> tuple[Array, Array]:
    """log P(IgG, IgA | both low, as usual, both raised) (..., 3), and of a selective deficiency (...)."""
    states: Array = 0.0
    selective: Array = 0.0
    shift = _of_present(xp, -p["exposure_ig_shift"], case.present if exposed else case.present[:0])
    rows = ((0, "curve_igg", case.igg, case.igg_error_sd), (1, "curve_iga", case.iga, case.iga_error_sd))
    for i, name, result, error in rows:
        if result is None:
            continue
        median, spread = curve(xp, p[name], case.curves[i + 1], 0.0)
        z, log_weight = ig_.place(xp, result, median, spread)
        seen, truncated = ig_.log_states(
            xp, z=z, log_weight=log_weight, spread=spread, shift=-shift, error_sd=error, **state_levels(xp, p, i)
        )
        states = states + seen
        selective = selective + truncated
    return states, selective


def state_levels(xp: Namespace, p: Parameters, i: int | None = None) -> dict[str, Array]:
    """z mean and SD of the lowered and the raised state of IgG (0) or IgA (1), or of both; (...) or (..., analyte)."""
    low, low_sd, high, high_sd = (
        p[name] if i is None else xp.take(p[name], i)
        for name in ("ig_low_z", "log_ig_low_sd", "ig_high_z", "log_ig_high_sd")
    )
    return {"low": low, "low_sd": xp.exp(low_sd), "high": high, "high_sd": xp.exp(high_sd)}


def ig_low_logits(xp: Namespace, p: Parameters) -> Array:
    """Logit of P(IgG and IgA both lowered) for other immunodeficiency, then each cause; (..., ig_class)."""
    own = p["logit_ig_low"]
    return xp.concatenate([own[..., :1], own[..., 1:] + p["ig_low_pooled"][..., None]])


def _of_present(xp: Namespace, size: Array, present: np.ndarray) -> Array:
    """Effect of the recorded exposures together, 0 without any; (..., exposure) -> (...)."""
    if not len(present):
        return 0.0 * xp.take(size, 0)
    return exposures_.together(xp, xp.take(size, present))


def finding_parameters(xp: Namespace, p: Parameters, case: Case, *, exposed: bool) -> tuple[Array, Array, Array]:
    """Logits (..., class4, finding), loadings (..., finding), log attributes need `log_findings`' state."""
    base = background_logits(xp, p, setting=case.setting, age_band=case.age_band, is_infection=case.is_infection)
    loading = xp.exp(p["log_loading"])
    shift = _of_present(xp, xp.exp(p["log_exposure_infection"]), case.present if exposed else case.present[:0])
    early = np.zeros((case.is_infection.shape[0], 1))
    early[case.all_findings.invasive] = case.infant
    effect = p["finding_effect"] + early * p["early_invasive"][..., None, :]
    logits = findings_.finding_logits(
        xp, base=base, loading=loading, proneness=p["proneness"], effect=effect, is_infection=case.is_infection,
        exposure=shift,
    )  # fmt: skip
    return logits, loading, shift


def background_logits(xp: Namespace, p: Parameters, *, setting: int, age_band: int, is_infection: np.ndarray) -> Array:
    """Logit of each finding at u = 0 in people without any deficiency; (..., finding)."""
    group = xp.take(p["setting_infection"], setting)[..., None] * is_infection + xp.take(p["setting_other"], setting)[
        ..., None
    ] * (1.0 - is_infection)
    return p["finding_base"] + xp.take(p["finding_age"], age_band) + group + xp.take(p["finding_setting"], setting)


def attribute_logits(xp: Namespace, p: Parameters) -> dict[str, Array]:
    """Logits of site, organism, severity and number of an invasive infection per class."""
    organism = p["invasive_organism"]
    effect = p["organism_effect"]
    rows = [organism + effect[..., c] for c in range(3)]
    per_class = findings_.stack_rows(xp, [rows[0], rows[1], organism, rows[2]])
    return {
        "site": p["invasive_site"],
        "organism": per_class,
        "severity": _with_normal(xp, p["invasive_severe"], p["invasive_severe_effect"]),
        "number": _with_normal(xp, p["invasive_repeated"], p["invasive_repeated_effect"]),
    }


def finding_terms(
    xp: Namespace, p: Parameters, case: Case, state: findings_.FindingState, *, exposed: bool
) -> dict[int, Array]:
    """P(finding | class, u) at the nodes of u, by finding; (..., class4, node). See `findings.node_terms`."""
    logits, loading, _ = finding_parameters(xp, p, case, exposed=exposed)
    attributes = findings_.log_attributes(xp, state=state, **attribute_logits(xp, p))
    return findings_.node_terms(xp, logits=logits, loading=loading, state=state, log_attributes=attributes)


def log_finding_product(xp: Namespace, case: Case, product: Array) -> Array:
    """From a product of `finding_terms` to log P(findings | hypothesis)."""
    return _to_hypotheses(xp, findings_.over_nodes(xp, product), len(case.depletion))


def log_findings(xp: Namespace, p: Parameters, case: Case, state: findings_.FindingState, *, exposed: bool) -> Array:
    """log P(findings of `state` | hypothesis)."""
    terms = finding_terms(xp, p, case, state, exposed=exposed)
    if not terms:
        return xp.take(p["logit_primary"], case.setting)[..., None] * np.zeros(3 + len(case.depletion))
    product: Array = 1.0
    for term in terms.values():
        product = product * term
    return log_finding_product(xp, case, product)


def test_logits(xp: Namespace, p: Parameters, setting: Array) -> Array:
    """Logit of an abnormal result of each test per class; (..., class4, test)."""
    base = p["test_base"] + xp.take(p["test_setting"], setting)[..., None]
    effect = p["test_effect"]
    rows = [base + effect[..., c] for c in range(3)]
    return findings_.stack_rows(xp, [rows[0], rows[1], base, rows[2]])


def log_tests(xp: Namespace, p: Parameters, case: Case) -> Array:
    """log P(test results | hypothesis)."""
    per_class = immunology_.log_tests(xp, test_logits(xp, p, case.setting), case.tests)
    return _to_hypotheses(xp, per_class, len(case.depletion))


def log_joint(xp: Namespace, p: Parameters, case: Case) -> Array:
    """log P(everything known, hypothesis); (..., hypothesis)."""
    total = log_weights(xp, p, setting=case.setting, age_band=case.age_band, boy=case.boy, state=case.exposures)
    total = total + (
        log_igm_first(xp, p, case) if case.series is None else log_igm_series(xp, p, case, first_known=True)[0]
    )
    if case.igg is not None or case.iga is not None:
        total = total + log_igg_iga(xp, p, case, exposed=True)
    total = total + log_findings(xp, p, case, case.all_findings, exposed=True)
    return total + log_tests(xp, p, case)


def _to_hypotheses(xp: Namespace, per_class: Array, n_causes: int) -> Array:
    return xp.take(per_class, np.array(class_of_hypothesis(n_causes)))


def _with_normal(xp: Namespace, base: Array, effect: Array) -> Array:
    """Logits for primary, other, normal, secondary from a base and three effects."""
    return xp.stack([base + effect[..., 0], base + effect[..., 1], base, base + effect[..., 2]])


def _mix(xp: Namespace, logit: Array, a: Array, b: Array) -> Array:
    """log of a mixture: `a` with probability expit(logit), else `b`."""
    return logaddexp(xp, a - xp.softplus(-logit), b - xp.softplus(logit))
