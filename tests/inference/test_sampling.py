"""nutpie on a conjugate model: the answer, other data without compiling, interruption, pointwise density."""

import json
import time

import numpy as np
import pytest
from scipy import stats

from sigm_bayes.errors import ModelError
from sigm_bayes.inference import add_log_likelihood, add_log_prior, compile_model, gate

pytestmark = pytest.mark.slow
SEED = 11


@pytest.fixture(scope="module", params=["numba", "jax"])
def handle(request):
    import pymc as pm

    with pm.Model(coords={"clinic": ["a", "b"], "visit": range(3)}) as model:
        positive = pm.Data("positive", np.array([7, 30]), dims="clinic")
        tested = pm.Data("tested", np.array([20, 40]), dims="clinic")
        level = pm.Data("level", np.array([0.1, 0.2, 0.3]), dims="visit")
        rate = pm.Beta("rate", 2.0, 3.0, dims="clinic")
        mean = pm.Normal("mean")
        pm.Binomial("count", n=tested, p=rate, observed=positive, dims="clinic")
        pm.Normal("measured", mean, 1.0, observed=level, dims="visit")
    return compile_model(model, backend=request.param)


def draw(handle, **options):
    return handle.sample(**({"seed": SEED, "draws": 1000, "tune": 500, "progress": False} | options))


def assert_is_beta(draws, alpha, beta):
    exact = stats.beta(alpha, beta)
    ess = 1000  # 4,000 draws of two independent parameters; a lower bound on what NUTS reaches here
    assert abs(draws.mean() - exact.mean()) < 4 * exact.std() / np.sqrt(ess)
    assert abs(draws.std() - exact.std()) < 4 * exact.std() / np.sqrt(2 * ess)


def test_the_conjugate_answer_and_the_gate(handle):
    tree = draw(handle)
    assert gate(tree, expected_draws=1000, chains=4).passed
    assert_is_beta(tree["posterior"]["rate"].sel(clinic="a").to_numpy(), 2 + 7, 3 + 13)
    assert json.loads(tree.attrs["sampler"])["seed"] == SEED
    assert set(tree.children) == {"posterior", "sample_stats"}


def test_the_same_seed_gives_the_same_draws(handle):
    options = {"draws": 50, "tune": 50, "chains": 2}
    first, second, other = (draw(handle, **options, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first["posterior"]["rate"], second["posterior"]["rate"])
    assert not np.array_equal(first["posterior"]["rate"], other["posterior"]["rate"])


def test_other_data_without_compiling_and_the_first_handle_unchanged(handle):
    changed = handle.with_data(positive=[2, 30])
    function = "compiled_logp_func" if hasattr(handle.compiled, "compiled_logp_func") else "_make_logp_func"
    assert getattr(changed.compiled, function) is getattr(handle.compiled, function)
    assert_is_beta(draw(changed)["posterior"]["rate"].sel(clinic="a").to_numpy(), 2 + 2, 3 + 18)
    assert_is_beta(draw(handle)["posterior"]["rate"].sel(clinic="a").to_numpy(), 2 + 7, 3 + 13)


def test_more_rows_where_no_variable_is_stored_over_them(handle):
    levels = np.full(200, 3.0)
    tree = draw(handle.with_data(level=levels))
    assert float(tree["posterior"]["mean"].mean()) == pytest.approx(200 * 3.0 / 201, abs=0.02)


def test_data_that_do_not_fit_are_refused(handle):
    with pytest.raises(ModelError, match=r"unknown data 'postive': this model has level, positive, tested"):
        handle.with_data(postive=[1, 2])
    with pytest.raises(ModelError, match=r"'positive' has 2 dimensions, expected 1"):
        handle.with_data(positive=[[1, 2]])
    with pytest.raises(ModelError, match=r"'tested' has 2 along 'clinic', but 'positive' has 3"):
        handle.with_data(positive=[1, 2, 3])
    with pytest.raises(ModelError, match=r"compiled with 2 and stores 'rate' over it"):
        handle.with_data(positive=[1, 2, 3], tested=[4, 5, 6])


def test_pointwise_densities_use_the_data_that_were_sampled(handle):
    changed = handle.with_data(positive=[2, 30])
    tree = draw(changed, draws=20, tune=100, chains=2)
    add_log_likelihood(changed, tree)
    add_log_prior(changed, tree)
    rate = tree["posterior"]["rate"].to_numpy()
    expected = stats.binom.logpmf([2, 30], [20, 40], rate)
    np.testing.assert_allclose(tree["log_likelihood"]["count"], expected, atol=1e-10)
    np.testing.assert_allclose(tree["log_prior"]["rate"], stats.beta.logpdf(rate, 2, 3), atol=1e-6)
    assert handle.model["positive"].get_value().tolist() == [7, 30]


def test_a_run_that_was_interrupted_does_not_pass(handle):
    import nutpie

    running = nutpie.sample(
        handle.compiled,
        draws=200_000,
        tune=100,
        chains=2,
        cores=2,
        seed=SEED,
        progress_bar=False,
        blocking=False,
    )
    time.sleep(0.5)
    report = gate(running.abort(), expected_draws=200_000, chains=2)
    assert "draws" in {failure.check for failure in report.failures}


def test_a_start_without_finite_density_says_which_term(handle):
    impossible = handle.with_data(level=[np.nan, 0.2, 0.3])
    with pytest.raises(ModelError, match="sampler stopped"):
        draw(impossible)
