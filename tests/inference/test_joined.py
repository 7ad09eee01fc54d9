"""Parts of one posterior, and the change of variables: the same distribution as the whole, sampled plainly."""

from __future__ import annotations

import numpy as np
import pymc as pm
import pytest

from sigm_bayes.errors import ModelError
from sigm_bayes.inference import compile_model
from sigm_bayes.inference.joined import compile_joined
from sigm_bayes.inference.whitening import find_whitening, log_density, measured_again, whiten

Y = np.array([1.0, 2.0])
W = np.array([0.3, 0.4])
COORDS = {"k": ["x", "y", "z"], "item": [0, 1], "centre": ["c", "d"]}


def _shared():
    z = pm.Normal("a_z", shape=3)
    return z, pm.Deterministic("a", 1.0 + 2.0 * z, dims="k")


def _first(a):
    effect = pm.Normal("study_effect", dims="item")
    pm.Normal("first", a.sum() + effect, 0.5, observed=Y, dims="item")


def _second(a):
    c = pm.Normal("c_z", dims="centre")
    data = pm.Data("w", W, dims="centre")
    pm.Normal("second", a[:2] * c, 0.5, observed=data, dims="centre")


def build(*pieces):
    with pm.Model(coords=COORDS) as model:
        _, a = _shared()
        for piece in pieces:
            piece(a)
    return model


@pytest.fixture(scope="module")
def joined():
    return compile_joined([build(_first), build(_second)])


@pytest.fixture(scope="module")
def whole():
    return compile_model(build(_first, _second), backend="jax")


def test_the_density_is_that_of_the_whole(joined, whole):
    """Up to a constant, with its gradient; both have a_z, study_effect, c_z in this order."""
    assert list(joined.free) == ["a_z", "study_effect", "c_z"]
    rng = np.random.default_rng(1)
    points = rng.standard_normal((6, 7))
    a = [log_density(joined.handle)(x) for x in points]
    b = [log_density(whole)(x) for x in points]
    difference = np.array([x[0] - y[0] for x, y in zip(a, b, strict=True)])
    np.testing.assert_allclose(difference, difference[0], atol=1e-10)
    for x, y in zip(a, b, strict=True):
        np.testing.assert_allclose(x[1], y[1], atol=1e-10)


def test_data_go_to_the_part_that_has_them(joined):
    moved = joined.with_data(w=W + 1.0)
    x = np.full(7, 0.3)
    assert log_density(moved.handle)(x)[0] != log_density(joined.handle)(x)[0]
    with pytest.raises(ModelError, match="nothing"):
        joined.with_data(nothing=W)


def test_whitened_draws_are_of_the_same_posterior(joined, whole):
    """Means and SDs agree with plain sampling within four Monte Carlo errors."""
    found = find_whitening(joined.handle)
    settings = {"seed": 3, "chains": 4, "draws": 1000, "tune": 500, "progress": False}
    moved = whiten(joined.handle, found).sample(**settings)["posterior"]
    plain = whole.sample(**settings)["posterior"]
    for name in ("a", "study_effect"):
        a, b = (tree[name].to_numpy().reshape(4000, -1) for tree in (moved, plain))
        np.testing.assert_allclose(a.mean(axis=0), b.mean(axis=0), atol=4.0 * b.std(axis=0).max() / np.sqrt(1000.0))
        np.testing.assert_allclose(a.std(axis=0), b.std(axis=0), rtol=0.12)


def test_rows_of_the_curvature_are_measured_again_under_other_data():
    """Without the people of a centre its effect is as wide as its prior; a normal posterior, so that both are exact."""
    with pm.Model(coords={"centre": ["c", "d"]}) as model:
        mean, effect = pm.Normal("mean_z"), pm.Normal("effect_z", dims="centre")
        weight = pm.Data("w", np.full(2, 50.0), dims="centre")
        pm.Potential("seen", (-0.5 * weight * (mean + effect - 0.3) ** 2).sum())
    joined = compile_joined([model])
    found = find_whitening(joined.handle)
    less = joined.with_data(w=np.array([0.0, 50.0])).handle
    again = measured_again(found, less, np.array([1]))
    precision = np.linalg.inv(again.scale @ again.scale.T)
    np.testing.assert_allclose(precision[1], [0.0, 1.0, 0.0], atol=1e-6)
    np.testing.assert_allclose(precision[[0, 2]][:, [0, 2]], [[101.0, 50.0], [50.0, 51.0]], rtol=1e-6)
    assert again.step == found.step


def test_a_poor_change_of_variables_changes_nothing_but_the_path(joined):
    """The density over z is that over theta, whatever the scale."""
    found = find_whitening(joined.handle)
    z = np.random.default_rng(2).standard_normal((3, 7))
    density, inner = log_density(whiten(joined.handle, found)), log_density(joined.handle)
    for point in z:
        value, gradient = density(point)
        want, slope = inner(found.centre + found.scale @ point)
        np.testing.assert_allclose(value, want, atol=1e-10)
        np.testing.assert_allclose(gradient, found.scale @ slope, atol=1e-9)


def test_a_variable_on_another_scale_is_refused():
    with pm.Model() as model:
        pm.Normal("wide", 0.0, 2.0)
    with pytest.raises(ModelError, match="wide"):
        compile_joined([model])
