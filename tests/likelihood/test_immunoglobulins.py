"""IgG and IgA: against numerical integration over the true level; what is selective integrates to one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sigm_bayes.likelihood import immunoglobulins as ig
from sigm_bayes.likelihood import person as person_
from sigm_bayes.likelihood.immunoglobulins import (
    LIMIT_Z,
    Result,
    log_state_weights,
    log_states,
    place,
    result_nodes,
)
from sigm_bayes.likelihood.namespace import NUMPY
from sigm_bayes.query import encode

SEED = 20261126
STEP = 0.001


def seen_states(result, q, *, error_sd=0.065):
    """`log_states` of a result for the quantities that `draw` gives."""
    z, log_weight = place(NUMPY, result, q["median"], q["spread"])
    rest = {name: value for name, value in q.items() if name != "median"}
    return log_states(NUMPY, z=z, log_weight=log_weight, error_sd=error_sd, **rest)


Z = LIMIT_Z + STEP * np.arange(-28_000, 32_001)
AT_LIMIT = 28_000


def pdf(x, mean=0.0, sd=1.0):
    u = (x - mean) / sd
    return np.exp(-0.5 * u * u) / (sd * np.sqrt(2.0 * np.pi))


def cdf(x):
    return np.exp(NUMPY.log_ndtr(x))


def draw(rng):
    return {
        "median": np.array(rng.uniform(4.5, 7.0)), "spread": np.array(rng.uniform(0.2, 0.6)),
        "shift": np.array(-rng.choice([0.0, 1.5])), "low": np.array(rng.uniform(-4.5, -1.5)),
        "low_sd": np.array(rng.uniform(0.8, 3.0)), "high": np.array(rng.uniform(1.0, 3.5)),
        "high_sd": np.array(rng.uniform(0.9, 3.0)),
    }  # fmt: skip


def integrate(q, error_sd, low, high, *, on_z_scale):
    """P(result in [low, high] | both low, usual, raised, selective) by integrating over the true z."""
    to_z = (lambda x: x) if on_z_scale else (lambda x: (x - q["median"]) / q["spread"])
    error = error_sd / q["spread"]
    seen = cdf((to_z(high) - q["shift"] - Z) / error) - cdf((to_z(low) - q["shift"] - Z) / error)
    truths = [pdf(Z, q["low"], q["low_sd"]), pdf(Z), pdf(Z, q["high"], q["high_sd"])]
    whole = [np.sum(seen * truth) * STEP for truth in truths]
    above = seen * pdf(Z) / cdf(np.array(-LIMIT_Z))  # Z has a point at the limit: the trapezoid rule begins there
    selective = (np.sum(above[Z > LIMIT_Z + 0.5 * STEP]) + 0.5 * above[AT_LIMIT]) * STEP
    return np.array([*whole, selective])


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("bounds", [(895.0, 905.0), (595.0, 605.0), (295.0, 305.0), (0.05, 200.0), (50.0, 75.0)])
def test_a_concentration_equals_integration_over_the_true_level(seed, bounds):
    rng = np.random.default_rng([SEED, seed])
    q = draw(rng)
    low, high = np.log(bounds)
    states, selective = seen_states(result_nodes(low, high, on_z_scale=False), q)
    want = integrate(q, 0.065, low, high, on_z_scale=False)
    np.testing.assert_allclose(np.exp([*states, selective]), want, rtol=2e-5, atol=1e-9)


@pytest.mark.parametrize("status", ["low", "normal", "high"])
def test_a_status_equals_integration_over_the_true_level(status):
    q = draw(np.random.default_rng(SEED))
    low, high = encode._STATUS_Z[status]
    states, selective = seen_states(result_nodes(low, high, on_z_scale=True), q)
    want = integrate(q, 0.065, low, high, on_z_scale=True)
    np.testing.assert_allclose(np.exp([*states, selective]), want, rtol=2e-5, atol=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_every_density_integrates_to_one(seed):
    q = draw(np.random.default_rng([SEED, seed]))
    wide = result_nodes(float(q["median"]) - 12.0, float(q["median"]) + 12.0, on_z_scale=False)
    states, selective = seen_states(wide, q)
    np.testing.assert_allclose([*states, selective], 0.0, atol=1e-6)


def test_low_normal_and_high_are_everything(prior_draws, person, encoder):
    """For nearly every draw: the states reach further than words can say only in the widest."""
    p = prior_draws(500, seed=SEED)
    total = 0.0
    for status in ("low", "normal", "high"):
        case = encoder.encode(person(igg_status=status))
        total = total + np.exp(person_.log_igg_iga(NUMPY, p, case, exposed=True))
    assert np.all(total < 1.0 + 1e-6)
    np.testing.assert_allclose(total[:, :3:2], 1.0, atol=1e-6)  # primary and normal
    assert np.quantile(total, 0.01) > 0.9995
    assert total.min() > 0.99


def test_state_weights_are_two_switches():
    low, high = np.array([0.3, -2.0]), np.array([-1.0, 1.5])
    weights = np.exp(log_state_weights(NUMPY, low, high))
    p_low, p_high = 1 / (1 + np.exp(-low)), 1 / (1 + np.exp(-high))
    np.testing.assert_allclose(weights.sum(axis=-1), 1.0, rtol=1e-14)
    np.testing.assert_allclose(weights[:, 0], (1 - p_high) * p_low, rtol=1e-13)
    np.testing.assert_allclose(weights[:, 2], p_high, rtol=1e-13)


def test_both_normal_share_equals_the_mixture(prior_draws):
    p = prior_draws(5, seed=SEED)
    given = {
        "low": p["ig_low_z"][:, :1], "low_sd": np.exp(p["log_ig_low_sd"][:, :1]), "high": p["ig_high_z"][:, :1],
        "high_sd": np.exp(p["log_ig_high_sd"][:, :1]),
    }  # fmt: skip
    got = np.exp(ig.log_both_normal(NUMPY, logit_low=p["logit_ig_low"], logit_high=p["logit_ig_high"], **given))
    weights = np.exp(log_state_weights(NUMPY, p["logit_ig_low"], p["logit_ig_high"]))

    def inside(mean, sd):
        return cdf((-LIMIT_Z - mean) / sd) - cdf((LIMIT_Z - mean) / sd)

    want = (
        weights[..., 0] * inside(given["low"], given["low_sd"]) ** 2
        + weights[..., 1] * 0.95**2
        + weights[..., 2] * inside(given["high"], given["high_sd"]) ** 2
    )
    np.testing.assert_allclose(got, want, rtol=1e-9)


def test_igg_and_iga_share_their_state(prior_draws, person, encoder):
    """Both low is one piece of evidence: likelier together than apart in whoever may have the low state."""
    p = prior_draws(100, seed=SEED)

    def term(**given):
        return person_.log_igg_iga(NUMPY, p, encoder.encode(person(**given)), exposed=True)

    igg, iga = term(igg_status="low"), term(iga_status="low")
    both = term(igg_status="low", iga_status="low")
    assert np.all(both[:, 1] > igg[:, 1] + iga[:, 1])
    np.testing.assert_allclose(both[:, 0], igg[:, 0] + iga[:, 0], rtol=1e-12)  # primary: independent
    np.testing.assert_allclose(both[:, 2], igg[:, 2] + iga[:, 2], rtol=1e-12)


def test_a_low_igg_speaks_against_selective_and_never_makes_it_impossible(prior_draws, person, encoder):
    p = prior_draws(100, seed=SEED)
    terms = []
    for value in (900, 500, 300, 100, 20):
        case = encoder.encode(person(igg=[{"value": value, "unit": "mg/dL"}]))
        terms.append(person_.log_igg_iga(NUMPY, p, case, exposed=True))
    terms = np.array(terms)
    assert np.all(np.isfinite(terms))
    against = terms[..., 0] - terms[..., 1]  # primary against another immunodeficiency
    assert np.all(np.diff(against, axis=0)[:3] < 0.0)
    assert terms.min() >= -1400.0


def test_a_recorded_drug_moves_what_is_usual(prior_draws, person, encoder):
    p = prior_draws(50, seed=SEED)
    p["exposure_ig_shift"] = np.minimum(p["exposure_ig_shift"], -0.5)
    case = encoder.encode(person(igg=[{"value": 500, "unit": "mg/dL"}], causes={"transplant": "present"}))
    with_drug = person_.log_igg_iga(NUMPY, p, case, exposed=True)
    without = person_.log_igg_iga(NUMPY, p, case, exposed=False)
    assert (with_drug[:, 2] - without[:, 2]).mean() > 0.5
    bare = person_.log_igg_iga(NUMPY, p, replace(case, present=case.present[:0]), exposed=True)
    np.testing.assert_array_equal(without, bare)


def test_nodes_integrate_a_constant_over_any_interval():
    for low, high in ((3.0, 3.01), (-9.0, LIMIT_Z), (0.0, 5.0)):
        nodes: Result = result_nodes(low, high, on_z_scale=True)
        assert np.exp(nodes.log_weight).sum() == pytest.approx(high - low, rel=1e-13)
        assert low < nodes.node.min()
        assert nodes.node.max() < high
