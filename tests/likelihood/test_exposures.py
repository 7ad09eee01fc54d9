"""Class weights: against enumeration of all exposure states, closed forms, and many more nodes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from sigm_bayes.likelihood import exposures
from sigm_bayes.likelihood import person as person_
from sigm_bayes.likelihood.exposures import ABSENT, PRESENT, UNKNOWN, ExposureState, log_weights_rest
from sigm_bayes.likelihood.namespace import NUMPY

SEED = 20261124


def expit(x):
    return 1.0 / (1.0 + np.exp(-x))


def random_state(rng, m):
    state = rng.choice([UNKNOWN, ABSENT, PRESENT], m, p=[0.6, 0.2, 0.2])
    return ExposureState(
        state=state,
        hazard_factor=np.where(state == PRESENT, rng.choice([0.0, 0.3, 1.0], m), 1.0),
        possible=np.where((state == UNKNOWN) & (rng.random(m) < 0.2), 0.0, 1.0),
        raised=np.zeros(m),
    )


def enumerate_weights(e, h, occult, state):
    """P(normal, recorded exposures) and P(cause, recorded exposures) by summing over all 2^M states."""
    m = len(e)
    normal, causes = 0.0, np.zeros(m + 1)
    for w in itertools.product((0, 1), repeat=m):
        w = np.array(w)
        if np.any((state.state != UNKNOWN) & (w != state.state)):
            continue
        if np.any((state.possible == 0) & (state.state == UNKNOWN) & (w == 1)):
            continue
        asked = (state.state != UNKNOWN) | (state.possible == 1)
        probability = np.prod(np.where(asked, np.where(w == 1, e, 1.0 - e), 1.0))
        acting = np.append(h * state.hazard_factor * w, occult)
        total = acting.sum()
        normal += probability * np.exp(-total)
        causes += probability * -np.expm1(-total) * acting / total
    return normal, causes


@pytest.mark.parametrize("seed", range(30))
def test_six_exposures_against_all_sixty_four_states(seed):
    rng = np.random.default_rng([SEED, seed])
    logit_e, log_h, log_occult = rng.uniform(-6.0, 2.0, 6), rng.uniform(-5.0, 1.5, 6), rng.uniform(-6.0, 0.0)
    state = random_state(rng, 6)
    normal, causes = log_weights_rest(NUMPY, logit_e, log_h, np.array(log_occult), state)
    want_normal, want_causes = enumerate_weights(expit(logit_e), np.exp(log_h), np.exp(log_occult), state)
    assert np.exp(normal) == pytest.approx(want_normal, rel=1e-10)
    np.testing.assert_allclose(np.exp(causes), want_causes, rtol=1e-9, atol=1e-30)


@pytest.mark.parametrize("seed", range(10))
def test_twenty_eight_large_hazards_against_two_hundred_nodes(seed, monkeypatch):
    # log_hazard up to 3 (prior draws reach 3.05): H of a person with several exposures is about 60.
    rng = np.random.default_rng([SEED, seed])
    logit_e, log_h = rng.uniform(-6.0, -1.0, 28), rng.uniform(-4.0, 3.0, 28)
    state = ExposureState(
        np.where(rng.random(28) < 0.1, PRESENT, np.where(rng.random(28) < 0.5, UNKNOWN, ABSENT)),
        np.ones(28), np.ones(28), np.zeros(28),
    )  # fmt: skip
    got = log_weights_rest(NUMPY, logit_e, log_h, np.array(-4.0), state)
    x, w = np.polynomial.legendre.leggauss(200)
    monkeypatch.setattr(exposures, "TIME_NODES", 0.5 * (x + 1.0))
    monkeypatch.setattr(exposures, "TIME_LOG_WEIGHTS", np.log(0.5 * w))
    want = log_weights_rest(NUMPY, logit_e, log_h, np.array(-4.0), state)
    possible = np.append(state.state != ABSENT, True)
    np.testing.assert_allclose(got[0], want[0], atol=1e-12)
    np.testing.assert_allclose(got[1][possible], want[1][possible], atol=1e-4)
    known = exposures.log_exposure_probability(NUMPY, logit_e, state)
    np.testing.assert_allclose(np.exp(got[1] - known), np.exp(want[1] - known), atol=1e-6)


def test_prior_draws_need_no_more_nodes(prior_draws, random_person, encoder, monkeypatch):
    p = prior_draws(40, seed=SEED)
    cases = [encoder.encode(random_person(np.random.default_rng([SEED, n]))) for n in range(10)]

    def weights():
        return [
            np.exp(person_.log_weights(NUMPY, p, setting=c.setting, age_band=c.age_band, boy=c.boy, state=c.exposures))
            for c in cases
        ]

    few = weights()
    x, w = np.polynomial.legendre.leggauss(200)
    monkeypatch.setattr(exposures, "TIME_NODES", 0.5 * (x + 1.0))
    monkeypatch.setattr(exposures, "TIME_LOG_WEIGHTS", np.log(0.5 * w))
    for a, b in zip(few, weights(), strict=True):
        share = np.abs(a - b) / b.sum(axis=-1, keepdims=True)
        assert share.max() < 1e-6


@pytest.mark.parametrize("seed", range(5))
def test_weights_sum_to_the_probability_of_what_is_recorded(seed, prior_draws, random_person, encoder):
    p = prior_draws(50, seed=seed)
    case = encoder.encode(random_person(np.random.default_rng([SEED, seed])))
    logit_e = person_.exposure_logits(
        NUMPY, p, setting=case.setting, age_band=case.age_band, raised=case.exposures.raised
    )
    occult = p["log_occult_hazard"][:, case.setting]
    normal, causes = log_weights_rest(NUMPY, logit_e, p["log_hazard"], occult, case.exposures)
    known = exposures.log_exposure_probability(NUMPY, logit_e, case.exposures)
    total = np.exp(normal - known) + np.exp(causes - known[:, None]).sum(axis=-1)
    np.testing.assert_allclose(total, 1.0, rtol=1e-6)


def test_nothing_recorded_gives_the_prevalences(prior_draws, person, encoder):
    p = prior_draws(50, seed=SEED)
    case = encoder.encode(person())
    joint = np.exp(
        person_.log_weights(NUMPY, p, setting=case.setting, age_band=case.age_band, boy=case.boy, state=case.exposures)
    )
    np.testing.assert_allclose(joint.sum(axis=-1), 1.0, rtol=1e-9)
    primary, other = person_.log_prior_odds(NUMPY, p, setting=case.setting, age_band=case.age_band, boy=0.0)
    np.testing.assert_allclose(joint[:, 0] / (1.0 - joint[:, :2].sum(axis=1)), np.exp(primary), rtol=1e-9)
    np.testing.assert_allclose(joint[:, 1] / (1.0 - joint[:, :2].sum(axis=1)), np.exp(other), rtol=1e-9)


def test_competing_hazards_have_their_closed_form():
    log_h, occult = np.log([0.5, 2.0, 0.1]), 0.2
    state = ExposureState(np.array([PRESENT, PRESENT, ABSENT]), np.ones(3), np.ones(3), np.zeros(3))
    logit_e = np.array([0.3, -1.0, -2.0])
    normal, causes = log_weights_rest(NUMPY, logit_e, log_h, np.log(occult), state)
    recorded = expit(0.3) * expit(-1.0) * (1.0 - expit(-2.0))
    total = 0.5 + 2.0 + occult
    assert np.exp(normal) == pytest.approx(recorded * np.exp(-total), rel=1e-12)
    for got, hazard in zip(causes, (0.5, 2.0, 0.0, occult), strict=True):
        assert np.exp(got) == pytest.approx(recorded * -np.expm1(-total) * hazard / total, rel=1e-10, abs=1e-200)


def test_an_exposure_that_began_afterwards_is_recorded_but_cannot_be_the_cause(prior_draws, person, encoder):
    p = prior_draws(30, seed=SEED)
    told = {"state": "present", "started": "after_low_igm"}
    cases = {
        "after": encoder.encode(person(causes={"clozapine": told})),
        "absent": encoder.encode(person(causes={"clozapine": "absent"})),
    }
    k = [c.id for c in encoder.catalogue.causes].index("clozapine")
    weights = {
        name: person_.log_weights(NUMPY, p, setting=c.setting, age_band=c.age_band, boy=c.boy, state=c.exposures)
        for name, c in cases.items()
    }
    assert cases["after"].exposures.hazard_factor[k] == 0.0
    assert weights["after"][:, 3 + k].max() < -300.0
    # Otherwise it differs from "absent" by the odds of being exposed, the same for every other hypothesis.
    difference = np.delete(weights["after"] - weights["absent"], 3 + k, axis=1)
    np.testing.assert_allclose(difference, difference[:, :1] * np.ones(difference.shape[1]), atol=1e-10)
    logit_e = person_.exposure_logits(NUMPY, p, setting=2, age_band=cases["absent"].age_band, raised=np.zeros(28))
    np.testing.assert_allclose(difference[:, 0], logit_e[:, k], atol=1e-10)


def test_what_age_rules_out_weighs_nothing(prior_draws, person, encoder):
    """Maternal drugs in an adult: not a cause, and no factor that only some of the classes carry."""
    p = prior_draws(30, seed=SEED)
    p["logit_exposure"][:] = -4.0
    ids = [c.id for c in encoder.catalogue.causes]
    maternal = ids.index("maternal_b_cell_depletion")
    p["logit_exposure"][:, maternal] = 0.0  # so that a stray factor of 1/2 would show
    case = encoder.encode(person())
    assert case.exposures.possible[maternal] == 0.0
    joint = np.exp(
        person_.log_weights(NUMPY, p, setting=case.setting, age_band=case.age_band, boy=case.boy, state=case.exposures)
    )
    np.testing.assert_allclose(joint.sum(axis=-1), 1.0, rtol=1e-9)
    assert joint[:, 3 + maternal].max() < 1e-200
