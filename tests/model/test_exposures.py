"""Shares of exposed people: one exposure, a union, and both among people labelled primary."""

import numpy as np
import pytest

from sigm_bayes.model.exposures import exposure_background
from sigm_bayes.model.labelled import Labelled

IMMUNE = ("systemic_lupus", "other_autoimmune_disease", "coeliac_disease")
PEOPLE = 400_000
SEED = 20261122


def expit(x):
    return 1.0 / (1.0 + np.exp(-x))


def logits(ctx, causes, setting, age):
    p, where, band = ctx.p, ctx.catalogue.setting_index(setting), ctx.band(age)
    index = [ctx.catalogue.cause_index(c) for c in causes]
    return p["logit_exposure"][index] + p["exposure_setting"][index, where] + p["exposure_age"][index, band]


@pytest.mark.parametrize("causes", [("glucocorticoid",), IMMUNE])
def test_a_union_is_that_of_simulated_people(context, item, causes):
    one = item("exposure_background", cause=";".join(causes), setting="hospital", age_years=70.0)
    ctx = context([one], seed=2)
    rng = np.random.default_rng(SEED)
    has = rng.random((PEOPLE, len(causes))) < expit(logits(ctx, causes, "hospital", 70.0))
    seen = has.any(axis=1).mean()
    noise = 4.0 * np.sqrt(seen * (1.0 - seen) / PEOPLE)
    assert expit(exposure_background(ctx, [one])[0]) == pytest.approx(seen, abs=noise)


def test_one_exposure_has_its_own_logit_and_unions_do_not_mix(context, item):
    items = [
        item("exposure_background", cause=c, setting=s, age_years=a)
        for c, s, a in (("thymoma", "community", 40.0), (";".join(IMMUNE), "hospital", 6.0), ("hiv", "hospital", 40.0))
    ]
    ctx = context(items, seed=3)
    together = exposure_background(ctx, items)
    assert together[0] == pytest.approx(logits(ctx, ["thymoma"], "community", 40.0)[0], abs=1e-9)
    assert together[2] == pytest.approx(logits(ctx, ["hiv"], "hospital", 40.0)[0], abs=1e-12)
    assert together[1] == pytest.approx(exposure_background(ctx, [items[1]])[0], abs=1e-12)


def test_complications_are_a_union_within_every_class(context, item, inputs):
    group = next(g for g in inputs.evidence.labelled_studies if g.labelled_id == "LF19")
    one = item("complication_in_labelled", labelled_id="LF19", cause=";".join(IMMUNE), age_years=45.0)
    ctx = context([one], groups=[group], label_selection=np.array([1.0]), logit_primary=np.full(4, -1.0))
    labelled = Labelled(ctx)
    base = logits(ctx, IMMUNE, group.setting, 45.0)
    index = [ctx.catalogue.cause_index(c) for c in IMMUNE]
    shift = ctx.p["exposure_complication"][index].T
    any_of = [1.0 - np.prod(1.0 - expit(base + s)) for s in (shift[0], shift[1], 0.0, 0.0)]
    assert expit(labelled.complication_in_labelled([one])[0]) == pytest.approx(labelled.share[0] @ any_of, rel=1e-10)
    assert any_of[0] > any_of[2]  # these also follow a primary deficiency
