"""Natural spline, design rows and band mixtures against closed forms and SciPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq
from scipy.stats import norm

from sigm_bayes.reference import normal
from sigm_bayes.reference.bands import band_nodes, mixture_moments, mixture_quantile
from sigm_bayes.reference.design import Design
from sigm_bayes.reference.splines import natural_basis

KNOTS = np.array([-2.3, -1.2, -0.1, 0.7, 2.0, 4.4])
DESIGN = Design(
    knots_median_years=(0.0, 0.3, 2.0, 10.0, 60.0),
    knots_spread_years=(0.0, 1.0, 40.0),
    shift_years=0.1,
    sex_child_years=5.0,
    sex_adult_years=18.0,
)


def test_basis_equals_scipys_natural_spline():
    values = np.array([2.0, 3.3, 3.1, 4.0, 4.6, 4.5])
    x = np.linspace(-2.3, 4.4, 301)
    expected = CubicSpline(KNOTS, values, bc_type="natural")(x)
    np.testing.assert_allclose(natural_basis(x, KNOTS) @ values, expected, atol=1e-12)


def test_basis_is_linear_beyond_the_knots_and_continues_the_slope():
    spline = CubicSpline(KNOTS, np.eye(KNOTS.size), bc_type="natural")
    for end, step in ((KNOTS[0], -0.7), (KNOTS[-1], 0.9)):
        expected = spline(end) + step * spline(end, 1)
        np.testing.assert_allclose(natural_basis(end + step, KNOTS), expected, atol=1e-12)


@given(st.floats(-5.0, 8.0))
def test_basis_reproduces_straight_lines(x):
    np.testing.assert_allclose(natural_basis(x, KNOTS) @ (1.5 - 0.4 * KNOTS), 1.5 - 0.4 * x, atol=1e-10)


def test_knots_must_increase():
    with pytest.raises(ValueError, match="increasing"):
        natural_basis(0.0, [0.0, 1.0, 1.0])


def test_rows_hold_zeros_where_a_coefficient_is_not_used():
    median, spread = DESIGN.rows([0.2, 30.0], 1.0)
    assert median.shape == spread.shape == (2, DESIGN.size) == (2, len(DESIGN.names))
    assert np.all(median[:, 7:] == 0.0)
    assert np.all(spread[:, :7] == 0.0)


def test_sex_effect_grows_from_birth_and_is_the_difference_of_men_and_women():
    ages = np.array([0.0, 5.0, 18.0, 60.0])
    difference = DESIGN.rows(ages, 1.0)[0] - DESIGN.rows(ages, 0.0)[0]
    np.testing.assert_allclose(difference[:, 5], [0.0, 1.0, 0.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(difference[:, 6], [0.0, 0.0, 1.0, 1.0], atol=1e-12)
    assert np.all(DESIGN.rows(ages, 0.5)[0][:, 5:7] == 0.0)


@pytest.mark.parametrize(("age", "male"), [(-0.1, 0.5), (float("nan"), 0.5), (3.0, 2.0), (3.0, float("nan"))])
def test_rows_refuse_impossible_age_and_sex(age, male):
    with pytest.raises(ValueError, match=r"age_years|male"):
        DESIGN.rows(age, male)


def test_normal_functions_match_scipy():
    z = np.linspace(-12.0, 6.0, 91)
    np.testing.assert_allclose(normal.cdf(z), norm.cdf(z), rtol=1e-12)
    np.testing.assert_allclose(normal.quantile([0.025, 0.5, 0.9]), norm.ppf([0.025, 0.5, 0.9]), rtol=1e-12)


@pytest.mark.parametrize("probability", [0.025, 0.05, 0.95, 0.975])
def test_mixture_quantile_equals_the_root_of_the_mixture(probability):
    # The widest band of the tables: birth to 3 years, in which IgM rises nine-fold.
    nodes = band_nodes([0.0, 18.0], [3.0, 70.0], nodes=8)
    mu = np.log(100.0) - 2.2 * np.exp(-2.0 * nodes.ages_years)
    sd = np.full(mu.shape, 0.42)
    z = np.full(2, norm.ppf(probability))
    found = mixture_quantile(mu, sd, nodes.weights, z, steps=3)
    for row in range(2):

        def gap(x, row=row):
            return nodes.weights @ norm.cdf((x - mu[row]) / sd[row]) - probability

        assert found[row] == pytest.approx(brentq(gap, 0.0, 8.0), abs=1e-4)


def test_mixture_moments_are_those_of_simulated_people():
    rng = np.random.default_rng(3)
    nodes = band_nodes([0.0], [1.0], nodes=8)
    mu, sd = 3.0 + nodes.ages_years, np.full((1, 8), 0.4)
    mean, spread = mixture_moments(mu, sd, nodes.weights)
    ages = rng.uniform(0.0, 1.0, 400_000)
    levels = 3.0 + ages + 0.4 * rng.standard_normal(ages.size)
    assert mean[0] == pytest.approx(levels.mean(), abs=4 * spread[0] / np.sqrt(ages.size))
    assert spread[0] == pytest.approx(levels.std(), rel=0.01)
