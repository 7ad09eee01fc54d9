"""The sampler of nearly normal posteriors, on densities whose answer is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from nutpie.compiled_pyfunc import from_pyfunc
from scipy import stats

from sigm_bayes.errors import ModelError
from sigm_bayes.inference import CompiledModel
from sigm_bayes.inference.hmc import MOST_STEPS, TURN, UNEVEN, _StepSearch, pilot, sample_nearly_normal
from sigm_bayes.inference.whitening import DOUBT, Whitening, mended, whiten

DRAWS = 2000


def handle_of(density: Callable[[np.ndarray], tuple[float, np.ndarray]], n: int) -> CompiledModel:
    """A model with the parameters ``x`` (parameter,) and nothing else."""
    compiled = from_pyfunc(
        ndim=n, make_logp_fn=lambda: density, make_expand_fn=lambda *_: lambda x: {"x": x.copy(), "first": x[0]},
        expanded_dtypes=[np.dtype("float64")] * 2, expanded_shapes=[(n,), ()], expanded_names=["x", "first"],
        coords={"parameter": [f"p{i}" for i in range(n)]}, dims={"x": ("parameter",)},
    )  # fmt: skip
    return CompiledModel(model=None, compiled=compiled)


def normal(x):
    return -0.5 * float(x @ x), -x


def log_gamma(x):
    """ln of a gamma variable of shape 3, in each parameter: skewed, with a steep side."""
    e = np.exp(x)
    return float((3.0 * x - e).sum()), 3.0 - e


def funnel(x):
    """The second parameter is as wide as the first one says: N(0, exp(x0 / 2))."""
    spread = np.exp(x[0])
    return (
        float(-0.5 * x[0] ** 2 / 0.25 - 0.5 * x[1] ** 2 / spread - 0.5 * x[0]),
        np.array([-x[0] / 0.25 + 0.5 * x[1] ** 2 / spread - 0.5, -x[1] / spread]),
    )


def drawn(density, n, *, seed=1, whitening=None, **changes):
    handle = whiten(handle_of(density, n), whitening or Whitening(np.zeros(n), np.eye(n)))
    settings = {"chains": 4, "draws": DRAWS, "tune": 150, "seed": seed} | changes
    return sample_nearly_normal(handle, **settings)


def z_of_mean(values, expected):
    """Distance of a mean from what it should be, in standard errors that know of autocorrelation; (chain, draw)."""
    import arviz as az

    return float((values.mean() - expected) / (values.std() / np.sqrt(az.ess(values))))


def test_a_normal_is_forgotten_in_one_trajectory():
    tree = drawn(normal, 30)
    x = tree["posterior"]["x"].to_numpy()
    again = np.mean([np.corrcoef(x[c, 1:, i], x[c, :-1, i])[0, 1] for c in range(4) for i in range(30)])
    assert abs(again) < 0.02
    assert float(tree["sample_stats"]["mean_tree_accept"].mean()) == pytest.approx(1.0)  # followed exactly
    assert stats.kstest(x.ravel()[::3], "norm").pvalue > 1e-3


def test_a_skewed_density_is_drawn_from_rightly():
    scale = Whitening(np.full(5, np.log(3.0)), np.eye(5) / np.sqrt(3.0))
    x = drawn(log_gamma, 5, whitening=scale)["posterior"]["x"].to_numpy()
    expected = stats.loggamma(3.0)
    for i in range(5):
        assert abs(z_of_mean(x[:, :, i], expected.mean())) < 4.0
        assert abs(z_of_mean((x[:, :, i] - expected.mean()) ** 2, expected.var())) < 4.0
        assert abs(z_of_mean((x[:, :, i] > expected.ppf(0.95)).astype(float), 0.05)) < 4.0


def test_a_width_that_is_itself_unknown_is_drawn_from_rightly():
    x = drawn(funnel, 2, draws=4000)["posterior"]["x"].to_numpy()
    assert abs(z_of_mean(x[:, :, 0], 0.0)) < 4.0
    assert abs(z_of_mean(x[:, :, 0] ** 2, 0.25)) < 4.0
    assert abs(z_of_mean(x[:, :, 1] ** 2, np.exp(0.125))) < 4.0


def test_the_whitening_does_not_change_what_is_drawn_from():
    rng = np.random.default_rng(4)
    skew = Whitening(np.log(3.0) + rng.normal(0, 0.3, 3), np.eye(3) * [0.4, 0.6, 0.9] + 0.1 * rng.normal(size=(3, 3)))
    x = drawn(log_gamma, 3, whitening=skew)["posterior"]["x"].to_numpy()
    for i in range(3):
        assert abs(z_of_mean(x[:, :, i], stats.loggamma(3.0).mean())) < 4.0


def test_names_labels_and_settings_are_in_the_tree():
    tree = drawn(normal, 2, draws=20, chains=2)
    assert dict(tree["posterior"].sizes) == {"chain": 2, "draw": 20, "parameter": 2}
    assert list(tree["posterior"]["parameter"].to_numpy()) == ["p0", "p1"]
    assert tree["posterior"]["first"].dims == ("chain", "draw")
    assert np.array_equal(tree["posterior"]["first"], tree["posterior"]["x"][..., 0])
    assert {"energy", "diverging", "n_steps"} <= set(tree["sample_stats"].data_vars)
    assert '"draws": 20' in tree.attrs["sampler"]


def test_the_same_seed_gives_the_same_draws_and_another_chain_others():
    one, same, other = (drawn(normal, 2, draws=5, chains=1, first_chain=k)["posterior"]["x"] for k in (0, 0, 1))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    both = drawn(normal, 2, draws=5, chains=2)["posterior"]["x"]
    assert np.array_equal(both[0], one[0])
    assert np.array_equal(both[1], other[0])


def test_a_trajectory_is_a_quarter_turn_and_harder_densities_take_more_steps():
    easy, hard = (drawn(log_gamma, n, draws=50, seed=2)["sample_stats"] for n in (2, 200))
    assert float(hard["n_steps"].mean()) > float(easy["n_steps"].mean())
    assert int(hard["n_steps"].max()) <= MOST_STEPS
    length = (hard["step_size"] * hard["n_steps"]).to_numpy()
    nearest = 1.0 + 0.5 / hard["n_steps"].to_numpy().min()  # whole steps
    assert np.all(length <= TURN * nearest * (1 + UNEVEN))
    assert np.all(length >= TURN / nearest * (1 - UNEVEN))


@pytest.mark.parametrize("first", [0.05, 0.3, 1.2])
@pytest.mark.parametrize("target", [0.7, 0.9])
def test_the_step_found_by_few_trajectories_is_accepted_as_asked(target, first):
    handle = whiten(handle_of(log_gamma, 200), Whitening(np.full(200, np.log(3.0)), np.eye(200) / np.sqrt(3.0)))
    stats_ = sample_nearly_normal(
        handle, seed=3, chains=4, draws=200, tune=40, target_accept=target, first_step=first
    )["sample_stats"]  # fmt: skip
    assert float(stats_["mean_tree_accept"].mean()) == pytest.approx(target, abs=0.05)
    assert stats_["step_size"].mean("draw").to_numpy().std() < 0.2 * float(stats_["step_size"].mean())


def test_steps_that_are_all_refused_become_short():
    search = _StepSearch(0.8, 0.3)
    for _ in range(200):
        search.learn(search.step(), 0.0)
    assert 0.0 < search.step() < 0.01


def test_a_place_of_no_probability_is_never_kept():
    def half(x):
        return normal(x) if x[0] > -1.0 else (-np.inf, np.full_like(x, np.nan))

    tree = drawn(half, 2, whitening=Whitening(np.array([1.0, 0.0]), np.eye(2)))
    x = tree["posterior"]["first"].to_numpy()
    assert x.min() > -1.0
    assert bool(tree["sample_stats"]["diverging"].any()), "an end at minus infinity is a divergence"
    assert abs(z_of_mean(x, stats.truncnorm(-1.0, np.inf).mean())) < 4.0


def test_no_start_is_an_error_that_says_so():
    with pytest.raises(ModelError, match="not finite at the start"):
        drawn(lambda x: (np.nan, x), 2)


def test_progress_counts_every_draw():
    seen: list[tuple[int, int]] = []
    drawn(normal, 2, draws=10, tune=5, chains=2, cores=1, told=lambda done, whole: seen.append((done, whole)))
    assert seen == [(k, 30) for k in range(1, 31)]


def test_a_whitening_is_mended_by_draws():
    truth = Whitening(np.array([2.0, 0.0, -1.0]), np.diag([3.0, 1.0, 0.7]))  # at 0.5 a quarter turn of z is half of one

    def density(x):
        z = (x - truth.centre) / np.diag(truth.scale)
        return -0.5 * float(z @ z), -z / np.diag(truth.scale)

    first = Whitening(np.array([1.5, 0.0, -1.0]), np.eye(3))
    places, step = pilot(whiten(handle_of(density, 3), first), seed=3, chains=2, draws=400, tune=100)
    assert places.shape == (800, 3)
    found = mended(first, places, step=step)
    assert found.step == step
    assert found.centre == pytest.approx(truth.centre, abs=0.35)
    sure = 800 / (800 + DOUBT)
    assert np.diag(found.scale) == pytest.approx(np.sqrt(sure * np.diag(truth.scale) ** 2 + 1 - sure), rel=0.1)
    assert found.scale[1, 1] == 1.0, "a width within the error of its estimate is left alone"
