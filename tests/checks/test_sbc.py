"""Ranks and their bands, on models whose posterior is known in closed form; planted errors are caught."""

from __future__ import annotations

import numpy as np
import pytest

from sigm_bayes.checks.sbc import band, ranks, uniformity

REPLICATES, DRAWS, PEOPLE = 200, 99, 5


def normal_model(rng, *, sign=1.0, weight=1.0):
    """Rank of the truth in a normal model with known variance, posterior perhaps wrong."""
    truth = rng.standard_normal(3)
    data = truth + rng.standard_normal((PEOPLE, 3))
    precision = 1.0 + weight * PEOPLE
    mean = sign * weight * data.sum(axis=0) / precision
    draws = mean + rng.standard_normal((DRAWS, 3)) / np.sqrt(precision)
    return ranks(truth, draws, rng)


def truncated_model(rng, *, forget=False):
    """Data are seen only below a limit; the posterior on a grid, perhaps without dividing by P(selected)."""
    from scipy.stats import norm

    truth, limit = rng.standard_normal(), 0.3
    data = np.array([x for x in truth + rng.standard_normal(2000) if x < limit][:10])
    if not len(data):
        return ranks(np.array([truth]), rng.standard_normal((DRAWS, 1)), rng)
    grid = np.linspace(-5, 5, 801)
    log_p = -0.5 * grid**2 - 0.5 * ((data[:, None] - grid) ** 2).sum(axis=0)
    if not forget:
        log_p = log_p - len(data) * norm.logcdf(limit - grid)
    p = np.exp(log_p - log_p.max())
    draws = rng.choice(grid, DRAWS, p=p / p.sum()) + rng.uniform(-0.00625, 0.00625, DRAWS)
    return ranks(np.array([truth]), draws[:, None], rng)


def test_a_right_posterior_is_not_accused():
    rng = np.random.default_rng(1)
    placed = np.array([np.r_[normal_model(rng), truncated_model(rng)] for _ in range(REPLICATES)])
    assert uniformity(placed).family_wise() > 0.05


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("wrong sign", lambda rng: normal_model(rng, sign=-1.0)),
        ("wrong quadrature weight", lambda rng: normal_model(rng, weight=2.0)),
        ("forgotten truncation", lambda rng: truncated_model(rng, forget=True)),
    ],
)
def test_a_planted_error_is_caught(name, model):
    rng = np.random.default_rng(2)
    placed = np.array([model(rng) for _ in range(REPLICATES)])
    assert uniformity(placed).family_wise() < 0.01, name


def test_p_values_are_uniform_under_the_null():
    p = uniformity(np.random.default_rng(3).random((50, 4000))).p_value
    assert abs((p < 0.05).mean() - 0.05) < 0.015
    assert abs((p < 0.5).mean() - 0.5) < 0.06


def test_the_band_holds_the_whole_ecdf_as_often_as_it_says():
    n = 40
    low, high = band(n, 0.95)
    u = np.random.default_rng(4).random((4000, n))
    points = np.arange(1, 20) / 20
    ecdf = (u[:, :, None] <= points).mean(axis=1)
    inside = ((ecdf >= low - 1e-12) & (ecdf <= high + 1e-12)).all(axis=1).mean()
    assert 0.93 < inside < 0.985


def test_ties_are_spread_over_their_places():
    rng = np.random.default_rng(5)
    placed = np.array([ranks(np.zeros(1), np.zeros((9, 1)), rng)[0] for _ in range(4000)])
    assert abs(placed.mean() - 0.5) < 0.02
    assert placed.min() < 0.01
    assert placed.max() > 0.99


def test_extreme_ranks_stay_inside():
    rng = np.random.default_rng(6)
    draws = np.arange(9.0)[:, None]
    assert 0.0 <= ranks(np.array([-1.0]), draws, rng)[0] <= 0.1
    assert 0.9 <= ranks(np.array([99.0]), draws, rng)[0] <= 1.0
