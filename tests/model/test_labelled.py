"""Make-up of people labelled primary: against brute force over every exposure state, hypothesis and level."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, stats

from sigm_bayes.model.labelled import Labelled

NEVER = -60.0  # logit of an exposure that nobody has
IN_PLAY = {"b_cell_depletion": -1.0, "systemic_lupus": -1.5, "other_autoimmune_disease": -0.5}


def expit(x):
    return 1.0 / (1.0 + np.exp(-x))


@pytest.fixture
def few_exposures(inputs):
    """Parameters in which only three exposures exist, all common, so that 2^3 states can be enumerated."""
    ids = inputs.priors.coords["exposure"]
    logit = np.array([IN_PLAY.get(e, NEVER) for e in ids])
    return {
        "logit_exposure": logit,
        "exposure_setting": np.zeros((len(ids), 4)),
        "exposure_age": np.zeros((len(ids), 4)),
        "logit_primary": np.full(4, -3.0),
        "logit_other": np.full(4, -3.5),
    }


def component_tail(ctx, component, low, high, age, male):
    """P(low < measured ln IgM < high | component) with the dip of a well person."""
    p, c = ctx.p, ctx.priors.constants
    median_row, spread_row = ctx.curves["IgM"].design_row(age, male)
    mean = median_row @ p["curve_igm"]
    spread = np.exp(spread_row @ p["curve_igm"] + p["log_spread_factor"])
    if component is not None:
        i = list(ctx.priors.coords["shifted_component"]).index(component)
        mean, spread = mean - np.exp(p["log_shift"][i]), np.hypot(spread, np.exp(p["log_tau"][i]))
    dip = expit(p["logit_dip"][ctx.catalogue.context_index("well")])
    plain = stats.norm(mean, np.hypot(spread, c["igm_error_sd"]))
    dipped = stats.norm(mean - c["dip_shift"], np.sqrt(spread**2 + c["igm_error_sd"] ** 2 + c["dip_sd"] ** 2))
    return (1 - dip) * (plain.cdf(high) - plain.cdf(low)) + dip * (dipped.cdf(high) - dipped.cdf(low))


def level_share(ctx, hypothesis, low, high, age, male):
    """P(IgM between the cut-offs | hypothesis), hypothesis one of primary, other, normal or a cause."""
    p = ctx.p

    def tail(component):
        return component_tail(ctx, component, low, high, age, male)

    profound, affected = expit(p["logit_profound_primary"]), expit(p["logit_other_affected"])
    primary = profound * tail("profound") + (1 - profound) * tail("partial")
    if hypothesis == "primary":
        return primary
    if hypothesis == "other":
        return affected * primary + (1 - affected) * tail(None)
    if hypothesis == "normal":
        return tail(None)
    depleting = hypothesis != "occult" and ctx.depletion[ctx.catalogue.cause_index(hypothesis)]
    if not depleting:
        return tail("secondary")
    deep = expit(p["logit_profound_depletion"])
    return deep * tail("profound") + (1 - deep) * tail("depletion")


def both_normal(ctx, hypothesis):
    """P(IgG and IgA inside their limits | hypothesis)."""
    p = ctx.p
    usual = 0.95**2
    if hypothesis == "primary":
        return (0.95 / 0.975) ** 2  # truly above the lower limit already
    if hypothesis == "normal":
        return usual
    i = list(ctx.priors.coords["ig_class"]).index("other_immunodeficiency" if hypothesis == "other" else hypothesis)
    high = expit(p["logit_ig_high"][i])
    low = (1 - high) * expit(p["logit_ig_low"][i] + (p["ig_low_pooled"] if i > 0 else 0.0))

    def inside(mean, log_sd):
        d = stats.norm(p[mean].mean(), np.exp(p[log_sd].mean()))
        return (d.cdf(1.959963984540054) - d.cdf(-1.959963984540054)) ** 2

    return (
        low * inside("ig_low_z", "log_ig_low_sd")
        + high * inside("ig_high_z", "log_ig_high_sd")
        + (1 - low - high) * usual
    )


def brute_force_weights(ctx, group):
    """P(hypothesis and the study's definition) by summing over the 2^3 exposure states."""
    p, cat = ctx.p, ctx.catalogue
    setting, band = cat.setting_index(group.setting), ctx.band(group.age_years)
    ids = list(ctx.priors.coords["exposure"])
    allowed = {e: (not group.secondary_excluded) or cat.causes[cat.cause_index(e)].complication for e in IN_PLAY}
    odds = {
        "primary": np.exp(p["logit_primary"][setting] + p["primary_age"][band]),
        "other": np.exp(p["logit_other"][setting] + p["other_age"][band]),
        "rest": 1.0,
    }
    total = sum(odds.values())
    occult = np.exp(p["log_occult_hazard"][setting] + p["occult_age"][band])
    weights = {"primary": 0.0, "other": 0.0, "normal": 0.0, "occult": 0.0} | dict.fromkeys(IN_PLAY, 0.0)
    for state in itertools.product([0, 1], repeat=len(IN_PLAY)):
        if any(w and not allowed[e] for e, w in zip(IN_PLAY, state, strict=True)):
            continue

        def chance(column, state=state):
            out = 1.0
            for e, w in zip(IN_PLAY, state, strict=True):
                shift = 0.0 if column is None else p["exposure_complication"][ids.index(e), column]
                rate = expit(p["logit_exposure"][ids.index(e)] + shift)
                out *= rate if w else 1 - rate
            return out

        weights["primary"] += odds["primary"] / total * chance(0)
        weights["other"] += odds["other"] / total * chance(1)
        rest = odds["rest"] / total * chance(None)
        hazards = {e: np.exp(p["log_hazard"][ids.index(e)]) * w for e, w in zip(IN_PLAY, state, strict=True)}
        hazard = occult + sum(hazards.values())
        weights["normal"] += rest * np.exp(-hazard)
        weights["occult"] += rest * (1 - np.exp(-hazard)) * occult / hazard
        for e, h in hazards.items():
            weights[e] += rest * (1 - np.exp(-hazard)) * h / hazard
    low = np.log(0.5 if group.cutoff_low_mg_dl is None else group.cutoff_low_mg_dl)
    high = np.log(group.cutoff_high_mg_dl)
    for name in weights:
        weights[name] *= level_share(ctx, name, low, high, group.age_years, group.male_share)
        if group.igg_iga_normal:
            weights[name] *= both_normal(ctx, name)
    if group.other_excluded:
        weights["other"] *= ctx.priors.constants["other_left_after_exclusion"]
    return weights


@pytest.fixture
def group(inputs):
    base = next(g for g in inputs.evidence.labelled_studies if g.labelled_id == "G06")
    return replace(base, age_years=45.0, male_share=0.5, cutoff_low_mg_dl=None, cutoff_high_mg_dl=40.0)


@pytest.mark.parametrize("secondary_excluded", [True, False])
@pytest.mark.parametrize("asked", [True, False])
def test_make_up_is_that_of_brute_force(context, item, group, few_exposures, inputs, secondary_excluded, asked):
    group = replace(group, secondary_excluded=secondary_excluded, igg_iga_normal=asked, other_excluded=asked)
    one = item("labelled_prevalence", labelled_id="G06")
    selection = np.zeros(len(inputs.priors.coords["labelled_study"]))
    selection[0] = 0.9
    ctx = context([one], groups=[group], label_selection=selection[:1], **few_exposures)
    labelled = Labelled(ctx)
    weights = brute_force_weights(ctx, group)
    prevalence = expit(labelled.labelled_prevalence([one])[0])
    assert prevalence == pytest.approx(sum(weights.values()), rel=1e-7)
    favoured = {n: w * (np.exp(0.9) if n in ("primary", "other") else 1.0) for n, w in weights.items()}
    total = sum(favoured.values())
    secondary = sum(w for n, w in favoured.items() if n not in ("primary", "other", "normal"))
    expected = np.array([favoured["primary"], favoured["other"], favoured["normal"], secondary]) / total
    np.testing.assert_allclose(labelled.share[0], expected, rtol=1e-6)


def test_moments_of_the_labelled_are_those_of_the_truncated_mixture(context, item, group, few_exposures):
    items = [item("igm_moment_labelled", labelled_id="G06", stat=s) for s in ("mean", "sd")]
    narrow = few_exposures | {"logit_dip": np.full(7, -60.0)}  # the moments leave the dip out
    ctx = context(items, groups=[group], label_selection=np.array([0.5]), **narrow)

    def share_below(level):
        weights = brute_force_weights(ctx, replace(group, cutoff_high_mg_dl=float(np.exp(level))))
        return sum(w * (np.exp(0.5) if n in ("primary", "other") else 1.0) for n, w in weights.items())

    # E[f(X)] by parts over the distribution function of the labelled.
    top = np.log(40.0)
    whole = share_below(top)
    grid = np.linspace(np.log(0.5), top, 101)
    cdf = np.array([share_below(x) for x in grid]) / whole
    first = 40.0 - integrate.simpson(cdf * np.exp(grid), x=grid)
    second = 1600.0 - integrate.simpson(cdf * 2.0 * np.exp(2.0 * grid), x=grid)
    mean, sd = np.exp(Labelled(ctx).igm_moment_labelled(items))
    assert mean == pytest.approx(first, rel=1e-5)
    assert sd == pytest.approx(np.sqrt(second - first**2), rel=1e-4)


def test_shares_sum_to_one_and_selection_favours_the_defined_diseases(inputs, point):
    from sigm_bayes.likelihood.namespace import NUMPY
    from sigm_bayes.model.context import Context

    p = point(3)
    plain = Context(NUMPY, p, inputs.catalogue, inputs.priors, inputs.evidence, inputs.curves)
    more = Context(
        NUMPY, p | {"label_selection": p["label_selection"] + 1.0}, inputs.catalogue, inputs.priors,
        inputs.evidence, inputs.curves,
    )  # fmt: skip
    before, after = Labelled(plain).share, Labelled(more).share
    np.testing.assert_allclose(before.sum(-1), 1.0, atol=1e-12)
    odds = [s[:, :2].sum(-1) / s[:, 2:].sum(-1) for s in (before, after)]
    np.testing.assert_allclose(odds[1] / odds[0], np.e, rtol=1e-9)


def test_every_esid_test_normal_is_the_product_over_the_esid_tests(context, item, group, few_exposures):
    one = item("esid_tests_normal", labelled_id="G06", stat="")
    others = [item("test_in_labelled", labelled_id="G06", test=t) for t in ("pneumococcal_response", "ige")]
    ctx = context([one, *others], groups=[group], label_selection=np.array([0.0]), **few_exposures)
    labelled = Labelled(ctx)
    effect = ctx.p["test_effect"]
    base = ctx.p["test_base"] + ctx.p["test_setting"][ctx.catalogue.setting_index(group.setting)]
    abnormal = expit(np.stack([base + effect[:, 0], base + effect[:, 1], base, base + effect[:, 2]]))
    esid = [n for n, t in enumerate(ctx.catalogue.tests) if t.esid]
    normal = np.prod(1.0 - abnormal[:, esid], axis=-1)
    assert expit(labelled.esid_tests_normal([one])[0]) == pytest.approx(labelled.share[0] @ normal, rel=1e-12)
    tests = [ctx.catalogue.test_index(i.test) for i in others]
    np.testing.assert_allclose(
        expit(labelled.test_in_labelled(others)), [labelled.share[0] @ abnormal[:, t] for t in tests], rtol=1e-12
    )
