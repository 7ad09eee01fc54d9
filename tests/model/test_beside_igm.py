"""Shares that speak about IgG and IgA beside IgM ("isolated", "any class") against people simulated from the story."""

import numpy as np
import pytest
from scipy import stats

from sigm_bayes.likelihood.person import kind_index
from sigm_bayes.model import levels
from sigm_bayes.model.immunoglobulins import log_both_normal, not_low_tested

PEOPLE = 400_000
SEED = 20261122
LIMIT = stats.norm.ppf(0.025)
COMMON = {
    "context": "well", "threshold_mg_dl": 40.0, "age_years": 50.0, "male_share": 0.5, "setting": "hospital",
    "window_years": None, "bound": "",
}  # fmt: skip


def expit(x):
    return 1.0 / (1.0 + np.exp(-x))


def within_noise(seen):
    return pytest.approx(seen, abs=4.0 * np.sqrt(seen * (1.0 - seen) / PEOPLE))


def igg_iga(ctx, ig_class, shift, rng):
    """z of IgG and IgA; `ig_class` is an index of the axis ig_class, -1 for the usual state; (person, 2)."""
    p = ctx.p
    pooled = np.where(ig_class > 0, p["ig_low_pooled"], 0.0)
    raised = (ig_class >= 0) & (rng.random(PEOPLE) < expit(p["logit_ig_high"][ig_class]))
    lowered = (ig_class >= 0) & ~raised & (rng.random(PEOPLE) < expit(p["logit_ig_low"][ig_class] + pooled))
    z = rng.standard_normal((PEOPLE, 2))
    low, high = (p[f"ig_{s}_z"] + np.exp(p[f"log_ig_{s}_sd"]) * z for s in ("low", "high"))
    return np.where(lowered[:, None], low, np.where(raised[:, None], high, z)) + shift


def measured(ctx, level, rng):
    c = ctx.priors.constants
    dip = rng.random(PEOPLE) < expit(ctx.p["logit_dip"][ctx.catalogue.context_index("well")])
    fall = np.where(dip, -c["dip_shift"] + c["dip_sd"] * rng.standard_normal(PEOPLE), 0.0)
    return level + fall + c["igm_error_sd"] * rng.standard_normal(PEOPLE)


@pytest.mark.parametrize("seed", [None, 3])
@pytest.mark.parametrize("cause", ["b_cell_depletion", "glucocorticoid", "none"])
def test_shares_of_the_exposed_are_those_of_simulated_people(context, item, exposed_people, inputs, cause, seed):
    names = ("", "isolated", "any_class", "igm_or_iga")
    items = [item("low_given_exposure", cause=cause, stat=s, **COMMON) for s in names]
    ctx = context(items, seed=seed, log_hazard=np.full(30, -1.0), log_occult_hazard=np.full(4, -2.0))
    rng = np.random.default_rng(SEED)
    level, origin = exposed_people(ctx, items[0], rng, PEOPLE)
    low = measured(ctx, level, rng) < np.log(40.0)
    classes = list(inputs.priors.coords["ig_class"])
    own = classes.index(cause) if cause != "none" else -1
    shift = ctx.p["exposure_ig_shift"][ctx.catalogue.cause_index(cause)] if cause != "none" else 0.0
    z = igg_iga(ctx, np.select([origin == 1, origin == 2], [own, classes.index("occult")], -1), shift, rng)
    igg, iga = (z < LIMIT).T
    seen = [low.mean(), (low & ~igg & ~iga).mean(), (low | igg | iga).mean(), (low | iga).mean()]
    got = expit(levels.low_given_exposure(ctx, items))
    for name, one, want in zip(names, got, seen, strict=True):
        assert one == within_noise(want), name


def test_the_statistics_are_ordered(context, item):
    names = ("isolated", "", "igm_or_iga", "any_class")
    items = [item("low_given_exposure", cause="clozapine", stat=s, **COMMON) for s in names]
    assert (np.diff(levels.low_given_exposure(context(items), items)) > 0.0).all()


def test_odds_of_any_class_compare_exposed_and_unexposed(context, item):
    ratio = item("odds_low_given_exposure", cause="antiepileptic", stat="any_class", **COMMON)
    shares = [item("low_given_exposure", cause=c, stat="any_class", **COMMON) for c in ("antiepileptic", "none")]
    ctx = context([ratio, *shares])
    exposed, unexposed = levels.low_given_exposure(ctx, shares)
    assert levels.odds_low_given_exposure(ctx, [ratio])[0] == pytest.approx(exposed - unexposed, abs=1e-12)


@pytest.mark.parametrize("seed", [None, 4])
def test_any_low_class_of_the_tested_is_that_of_simulated_people(context, item, inputs, seed):
    plain, any_class = (item("low_in_tested", stat=s, **COMMON) for s in ("", "any_class"))
    common = {"logit_primary": np.full(4, -2.0), "logit_other": np.full(4, -1.5), "log_occult_hazard": np.full(4, -1.5)}
    ctx = context([plain, any_class], seed=seed, **common)
    weights = np.exp(ctx.weights([ctx.record("hospital", 50.0, 0.5, "unknown")]))[0]
    rng = np.random.default_rng(SEED)
    who = rng.choice(len(weights), PEOPLE, p=weights / weights.sum())
    below = np.exp(levels.items_below(ctx, [plain]))[0, kind_index(ctx.depletion)]
    low = rng.random(PEOPLE) < below[who]
    z = igg_iga(ctx, np.select([who == 1, who > 2], [0, who - 2], -1), 0.0, rng)
    others_low = (z < LIMIT).any(axis=1) & (who != 0)  # primary is selective: IgG and IgA are not low
    got = expit(levels.low_in_tested(ctx, [plain, any_class]))
    assert weights.sum() == pytest.approx(1.0, abs=1e-9)
    assert got[0] == within_noise(low.mean())
    assert got[1] == within_noise((low | others_low).mean())


def test_both_normal_is_likelier_than_neither_low_under_no_hypothesis(context):
    ctx = context([])
    names = np.exp(log_both_normal(ctx)), not_low_tested(ctx)
    assert names[0].shape == names[1].shape == (3 + len(ctx.depletion),)
    assert names[1][0] == 1.0
    assert names[1][2] == pytest.approx(0.975**2, abs=1e-12)
    assert (names[1] > names[0] - 1e-3).all()
