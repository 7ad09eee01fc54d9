"""The density of the checks against the PyMC graph, and leave-one-out weights against a refit."""

from __future__ import annotations

import numpy as np
import pytest

from sigm_bayes.checks.density import STUDY_EFFECT, EvidenceDensity, Prior
from sigm_bayes.checks.leave_study_out import resample
from sigm_bayes.checks.prior_sbc import simulate
from sigm_bayes.checks.sampling import diagnostics, sample


@pytest.fixture(scope="module")
def density(few_items):
    return EvidenceDensity(few_items, whole_counts=False)


def test_the_flat_vector_names_every_free_variable_once(density):
    assert len(density.labels) == len(set(density.labels)) == density.n_dim
    assert density.places[STUDY_EFFECT].stop == density.n_dim
    assert "logit_primary[community]" in density.labels


def test_parameters_at_zero_are_the_prior_means(density):
    at_zero = density.parameters(np.zeros(density.n_dim))
    for p in density.inputs.priors.parameters:
        assert at_zero[p.name] == pytest.approx(p.mean)
    assert at_zero["curve_igm"] == pytest.approx(density.inputs.curves["IgM"].mean)


def test_parameters_take_draws_and_a_moved_prior(density):
    z = np.random.default_rng(1).standard_normal((3, density.n_dim))
    many = density.parameters(z)
    one = density.parameters(z[1])
    for name, values in one.items():
        assert many[name][1] == pytest.approx(values)
    moved = density.parameters(z, Prior(density.prior.mean + 1.0, density.prior.sd))
    assert moved["log_spread_factor"] == pytest.approx(many["log_spread_factor"] + 1.0)


def test_leaving_items_out_sets_their_weight(density):
    ids = {density.items[0].item_id}
    weight = density.without(ids).weight
    assert weight[0] == 0.0
    assert weight[1:].all()


def test_resampling_keeps_weights():
    rng = np.random.default_rng(2)
    weights = np.array([0.5, 0.25, 0.125, 0.125])
    counts = np.bincount(resample(np.repeat(weights / 100, 100), rng), minlength=400).reshape(4, 100).sum(axis=1)
    assert counts == pytest.approx(400 * weights, abs=2)
    assert resample(np.array([0.0, 1.0]), rng).tolist() == [1, 1]


def test_importance_weights_leave_one_out_as_the_closed_form():
    """Normal mean with known variance: the posterior without one datum, by weights."""
    from arviz_stats.base import array_stats

    rng = np.random.default_rng(3)
    y = np.r_[rng.standard_normal(20), 1.5]
    draws = y.sum() / 22 + rng.standard_normal(4000) / np.sqrt(22)
    log_w, k_hat = array_stats.psislw(-0.5 * (y[-1] - draws) ** 2)
    w = np.exp(log_w - log_w.max())
    kept = draws[resample(w / w.sum(), rng)]
    assert k_hat < 0.7
    assert kept.mean() == pytest.approx(y[:-1].sum() / 21, abs=0.02)
    assert kept.std() == pytest.approx(1 / np.sqrt(21), rel=0.06)


def test_diagnostics_see_chains_apart():
    z = np.random.default_rng(4).standard_normal((2, 200, 3))
    assert diagnostics(z)[0] < 1.05
    z[1, :, 2] += 3.0
    assert diagnostics(z)[0] > 1.5


@pytest.mark.slow
def test_the_density_is_that_of_the_pymc_graph(density):
    """Written apart, over the same expected values: the value against PyMC, the gradient against differences."""
    from sigm_bayes.model.graph import build_graph

    i = density.inputs
    graph = build_graph(catalogue=i.catalogue, priors=i.priors, evidence=i.evidence, curves=i.curves).model
    logp = graph.compile_logp(mode="JAX")  # compiles quickest
    names = {(name if name == STUDY_EFFECT else f"{name}_z"): name for name in density.places}
    assert density.seen.groups, "no shared study effect among these items"
    mine = density.log_density(density.published)
    rng = np.random.default_rng(5)
    constant = -0.5 * density.n_dim * np.log(2 * np.pi)
    for _ in range(3):
        z = 0.7 * rng.standard_normal(density.n_dim)
        point = {rv.name: z[density.places[names[rv.name]]] for rv in graph.free_RVs}
        point = {rv.name: point[rv.name] if rv.ndim else point[rv.name][0] for rv in graph.free_RVs}
        value, gradient = mine(z)
        assert value + constant == pytest.approx(float(logp(point)), abs=1e-8)
        along = rng.standard_normal(density.n_dim)
        slope = (mine(z + 1e-5 * along)[0] - mine(z - 1e-5 * along)[0]) / 2e-5
        assert gradient @ along == pytest.approx(slope, rel=1e-5, abs=1e-5)


@pytest.mark.slow
def test_sampling_simulation_and_study_likelihood(density):
    """A few made-up numbers are fitted again; a group's likelihood integrates its shared effect."""
    rng = np.random.default_rng(6)
    truth = rng.standard_normal(density.n_dim)
    numbers = simulate(density, truth, rng)
    seen = density.seen
    assert set(np.unique(numbers.bound[seen.bound != 0])) <= {-1.0, 1.0}
    assert (numbers.k[seen.is_count] <= np.round(seen.n[seen.is_count])).all()
    drawn = sample(density.log_density(numbers), density.n_dim, seed=1, chains=1, draws=150, tune=150)
    assert drawn.flat.shape == (150, density.n_dim)
    assert drawn.divergences == 0
    expected, pointwise = density.pointwise(drawn.flat[:5])
    by_study = density.by_study(expected)
    assert by_study.shape == (5, len(density.groups))
    alone = [g for g, ids in density.groups.items() if len(ids) == 1]
    place = {item.item_id: n for n, item in enumerate(density.items)}
    for group in alone:
        column = by_study[:, list(density.groups).index(group)]
        assert column == pytest.approx(pointwise[:, place[density.groups[group][0]]])
