"""The regressions against statsmodels and a general optimiser."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.optimize import minimize

from sigm_bayes.evaluation.regression import fit_logistic, fit_multinomial


def test_logistic_agrees_with_statsmodels(made):
    p, truth = made(300)
    x = np.log(p[:, 0] / (1 - p[:, 0]))
    design, event = np.column_stack([np.ones(300), x, x**2]), (truth == 0).astype(float)
    weights = np.random.default_rng(1).integers(0, 3, size=(2, 300)).astype(float)
    found = fit_logistic(design, event, weights)
    for n in range(2):
        fitted = sm.GLM(event, design, family=sm.families.Binomial(), freq_weights=weights[n]).fit()
        assert found[n] == pytest.approx(fitted.params, abs=1e-6)


def test_logistic_with_an_offset_agrees_with_statsmodels(made):
    p, truth = made(300)
    x, event = np.log(p[:, 2] / (1 - p[:, 2])), (truth == 2).astype(float)
    found = fit_logistic(np.ones((300, 1)), event, np.ones((1, 300)), offset=0.5 * x)
    fitted = sm.GLM(event, np.ones((300, 1)), family=sm.families.Binomial(), offset=0.5 * x).fit()
    assert found[0] == pytest.approx(fitted.params, abs=1e-6)


@pytest.mark.parametrize(
    ("x", "event"),
    [([-2.0, -1, 1, 2], [0, 0, 1, 1]), ([-2.0, -1, 1, 2], [0, 0, 0, 0]), ([1.0, 1, 1, 1], [0, 1, 0, 1])],
    ids=["separated", "no event", "no slope"],
)
def test_no_finite_unique_estimate_is_not_a_number(x, event):
    design = np.column_stack([np.ones(4), x])
    assert np.isnan(fit_logistic(design, np.array(event, dtype=float), np.ones((1, 4)))).all()


def test_separation_in_one_draw_leaves_the_others_alone():
    design = np.column_stack([np.ones(6), [-3.0, -2, -1, 1, 2, 3]])
    event = np.array([0.0, 0, 1, 0, 1, 1])
    weights = np.array([[1.0] * 6, [1, 1, 0, 0, 1, 1]])
    found = fit_logistic(design, event, weights)
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1]).all()


@pytest.mark.parametrize("slope", [False, True])
def test_multinomial_agrees_with_a_general_optimiser(made, slope):
    p, truth = made(400)
    p = p ** np.array([0.6, 0.6, 0.6, 0.6]) * np.array([1.0, 2.0, 0.7, 1.5])
    log_p = np.log(p / p.sum(axis=1, keepdims=True))
    weights = np.random.default_rng(2).integers(0, 3, size=(1, 400)).astype(float)

    def loss(coef):
        linear = (coef[3] if slope else 1.0) * log_p + np.concatenate([[0.0], coef[:3]])
        log_share = linear - np.logaddexp.reduce(linear, axis=1, keepdims=True)
        return -(weights[0] * log_share[np.arange(400), truth]).sum()

    start = np.zeros(4 if slope else 3)
    best = minimize(loss, start, method="BFGS", options={"gtol": 1e-6})
    assert fit_multinomial(log_p, truth, weights, slope=slope)[0] == pytest.approx(best.x, abs=1e-3)


def test_multinomial_without_a_class_is_not_a_number(made):
    p, truth = made(200)
    assert np.isnan(fit_multinomial(np.log(p), np.where(truth == 3, 2, truth), np.ones((1, 200)), slope=True)).all()
