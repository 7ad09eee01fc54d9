"""Published levels against people simulated from the generative story, and against closed forms."""

import numpy as np
import pytest
from scipy import stats

from sigm_bayes.model import levels

PEOPLE = 400_000
SEED = 20261122


def expit(x):
    return 1.0 / (1.0 + np.exp(-x))


def logit(x):
    return np.log(x) - np.log1p(-x)


def measured(ctx, item, level, rng):
    constants = ctx.priors.constants
    dip = rng.random(PEOPLE) < expit(ctx.p["logit_dip"][ctx.catalogue.context_index(item.context)])
    size = -constants["dip_shift"] + constants["dip_sd"] * rng.standard_normal(PEOPLE)
    return level + np.where(dip, size, 0.0) + constants["igm_error_sd"] * rng.standard_normal(PEOPLE)


@pytest.mark.parametrize(
    ("cause", "where", "threshold"),
    [
        ("b_cell_depletion", "well", 40.0),
        ("b_cell_depletion", "well", 20.0),
        ("systemic_lupus", "intensive_care", 40.0),
    ],
)
def test_share_below_a_threshold_is_that_of_simulated_people(context, item, exposed_people, cause, where, threshold):
    one = item(
        "low_given_exposure", cause=cause, context=where, threshold_mg_dl=threshold, age_years=42.0, male_share=0.3,
        setting="hospital", window_years=None, bound="",
    )  # fmt: skip
    ctx = context([one])
    rng = np.random.default_rng(SEED)
    level, _ = exposed_people(ctx, one, rng, PEOPLE)
    seen = np.mean(measured(ctx, one, level, rng) < np.log(threshold))
    expected = expit(levels.low_given_exposure(ctx, [one])[0])
    assert expected == pytest.approx(seen, abs=4.0 * np.sqrt(seen * (1.0 - seen) / PEOPLE))


def test_moments_of_the_exposed_are_those_of_simulated_people(context, item, exposed_people):
    stats_wanted = ("mean", "sd", "median")
    items = [
        item("igm_moment_exposed", cause="b_cell_depletion", stat=s, age_years=42.0, male_share=0.3, setting="hospital")
        for s in stats_wanted
    ]
    ctx = context(items)
    rng = np.random.default_rng(SEED)
    level, _ = exposed_people(ctx, items[0], rng, PEOPLE)
    value = level + ctx.priors.constants["igm_error_sd"] * rng.standard_normal(PEOPLE)
    mean, sd, middle = np.exp(levels.igm_moment_exposed(ctx, items))
    assert mean == pytest.approx(np.exp(value).mean(), rel=0.01)
    assert sd == pytest.approx(np.exp(value).std(), rel=0.02)
    assert middle == pytest.approx(np.exp(value.mean()), rel=0.01)  # stands in for the median


def test_change_by_an_exposure_in_mg_dl_and_as_a_fraction_of_the_level_before(context, item):
    common = {"cause": "b_cell_depletion", "age_years": 42.0, "male_share": 0.3, "setting": "hospital"}
    items = [item("igm_change_exposed", stat=s, **common) for s in ("difference", "fraction")]
    moments = [item("igm_moment_exposed", stat="mean", **common)]
    ctx = context([*items, *moments])
    difference, fraction = levels.igm_change_exposed(ctx, items)
    after = np.exp(levels.igm_moment_exposed(ctx, moments)[0])
    assert difference < 0.0
    assert after - difference == pytest.approx(difference / fraction, rel=1e-12)


def test_without_exposure_and_occult_causes_the_share_is_the_tail_of_the_curve(context, item, inputs):
    one = item(
        "low_given_exposure", cause="none", context="well", threshold_mg_dl=40.0, age_years=50.0, male_share=0.5,
        setting="community", window_years=None,
    )  # fmt: skip
    ctx = context([one], log_occult_hazard=np.full(4, -40.0), logit_dip=np.full(7, -40.0))
    curve = inputs.curves["IgM"]
    sd = np.hypot(curve.sd(50.0, 0.5), inputs.priors.constants["igm_error_sd"])
    exact = stats.norm.cdf((np.log(40.0) - curve.ln_median(50.0, 0.5)) / sd)
    assert expit(levels.low_given_exposure(ctx, [one])[0]) == pytest.approx(exact, abs=1e-12)


def test_odds_ratio_compares_exposed_and_unexposed(context, item):
    common = {
        "context": "well", "threshold_mg_dl": 40.0, "age_years": 43.0, "male_share": 0.5, "setting": "hospital",
        "window_years": None, "stat": "",
    }  # fmt: skip
    ratio = item("odds_low_given_exposure", cause="clozapine", **common)
    shares = [item("low_given_exposure", cause=c, **common) for c in ("clozapine", "none")]
    ctx = context([ratio, *shares])
    exposed, unexposed = levels.low_given_exposure(ctx, shares)
    assert levels.odds_low_given_exposure(ctx, [ratio])[0] == pytest.approx(exposed - unexposed, abs=1e-12)
    assert exposed > unexposed


def test_above_is_the_complement_of_below(context, item):
    common = {"threshold_mg_dl": 90.0, "age_years": 50.0, "male_share": 0.5, "setting": "community", "context": "well"}
    below, above = (item("tail_in_population", stat=s, **common) for s in ("below", "above"))
    ctx = context([below, above])
    low, high = expit(levels.tail_in_population(ctx, [below, above]))
    assert low + high == pytest.approx(1.0, abs=1e-12)
    assert low == pytest.approx(0.5, abs=0.1)  # 90 mg/dL is near the median of adults


def test_hazard_after_the_end_decays_by_hold_and_half_life(context, item, inputs):
    cause = inputs.catalogue.causes[inputs.catalogue.cause_index("chemo_or_radiotherapy")]
    common = {"cause": cause.id, "threshold_mg_dl": 40.0, "age_years": 8.0, "male_share": 0.5, "setting": "hospital"}
    halved = (cause.hold_months + cause.half_life_months) / 12.0
    now, later, within = (
        item("low_given_exposure", context="well", window_years=w, **common)
        for w in (None, halved, cause.hold_months / 12.0)
    )
    ctx = context([now, later, within])
    half = context([now], log_hazard=ctx.p["log_hazard"] - np.log(2.0))
    values = levels.low_given_exposure(ctx, [now, later, within])
    assert values[2] == pytest.approx(values[0], abs=1e-12)
    assert values[1] == pytest.approx(levels.low_given_exposure(half, [now])[0], abs=1e-12)


def test_low_igg_of_the_exposed_is_that_of_simulated_people(context, item, inputs):
    one = item("low_igg_given_exposure", cause="transplant", setting="hospital", age_years=50.0)
    ctx = context([one])
    p, rng = ctx.p, np.random.default_rng(SEED)
    classes = list(inputs.priors.coords["ig_class"])
    own = rng.exponential(1.0 / np.exp(p["log_hazard"][ctx.catalogue.cause_index("transplant")]), PEOPLE)
    setting, band = ctx.catalogue.setting_index("hospital"), ctx.band(50.0)
    occult = rng.exponential(1.0 / np.exp(p["log_occult_hazard"][setting] + p["occult_age"][band]), PEOPLE)
    suppressed = np.minimum(own, occult) < 1.0
    of = np.where(own < occult, classes.index("transplant"), classes.index("occult"))
    raised = suppressed & (rng.random(PEOPLE) < expit(p["logit_ig_high"][of]))
    lowered = suppressed & ~raised & (rng.random(PEOPLE) < expit(p["logit_ig_low"][of] + p["ig_low_pooled"]))
    z = rng.standard_normal(PEOPLE)
    z = np.where(lowered, p["ig_low_z"][0] + np.exp(p["log_ig_low_sd"][0]) * z, z)
    z = np.where(raised, p["ig_high_z"][0] + np.exp(p["log_ig_high_sd"][0]) * z, z)
    z = z + p["exposure_ig_shift"][ctx.catalogue.cause_index("transplant")]
    seen = np.mean(z < stats.norm.ppf(0.025))
    assert expit(levels.low_igg_given_exposure(ctx, [one])[0]) == pytest.approx(
        seen, abs=4.0 * np.sqrt(seen * (1.0 - seen) / PEOPLE)
    )


def test_men_less_women_follows_the_sex_coefficient(context, item):
    one = item("sex_difference", age_years=40.0)
    ctx = context([one])
    rows = [ctx.curves["IgM"].design_row(40.0, male) for male in (1.0, 0.0)]
    spread = [np.exp(r[1] @ ctx.p["curve_igm"]) for r in rows]
    error = ctx.priors.constants["igm_error_sd"]
    means = [np.exp(r[0] @ ctx.p["curve_igm"] + 0.5 * (s**2 + error**2)) for r, s in zip(rows, spread, strict=True)]
    assert levels.sex_difference(ctx, [one])[0] == pytest.approx(means[0] - means[1], rel=1e-12)
    assert means[0] < means[1]  # women have more IgM


def test_recovery_follows_the_rate_of_the_cause_and_maturation_is_capped(context, item):
    slow = item("recovery", cause="systemic_lupus", window_years=4.0, stat="any_class")
    late = item("recovery", cause="none", window_years=1000.0, stat="any_class")
    ctx = context([slow, late])
    gone, matured = expit(levels.recovery(ctx, [slow, late]))
    rate = np.exp(ctx.p["log_recovery_rate"][list(ctx.priors.coords["recovery"]).index("slow")])
    assert gone == pytest.approx(1.0 - np.exp(-4.0 * rate), rel=1e-12)
    constants = ctx.priors.constants
    late_z = (stats.norm.ppf(0.025) + constants["delay_shift_spreads"]) / constants["delay_spread_ratio"]
    assert matured == pytest.approx(constants["delay_share"] * stats.norm.cdf(late_z) / 0.025, rel=1e-9)
