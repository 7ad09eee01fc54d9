"""Order statistics against closed forms, numerical integration and simulation."""

import numpy as np
import pytest
from scipy.integrate import dblquad, quad
from scipy.stats import norm

from sigm_bayes.reference.bands import mixture_cdf
from sigm_bayes.reference.observe import log_normal_sd
from sigm_bayes.reference.order_statistics import log_all_below, log_floor_max, log_min_max


def test_uniform_pair_has_the_textbook_density():
    # n = 5 uniforms: n (n - 1) (b - a)^(n - 2) at a = 0.2, b = 0.9.
    found = log_min_max(log_density_min=0.0, log_density_max=0.0, mass_between=0.7, n=5.0)
    assert found == pytest.approx(np.log(20.0 * 0.7**3), abs=1e-12)


@pytest.mark.parametrize("n", [2.0, 12.0, 14.5, 30.0])
def test_min_max_density_integrates_to_one(n):
    def density(b, a):
        return np.exp(
            log_min_max(
                log_density_min=norm.logpdf(a),
                log_density_max=norm.logpdf(b),
                mass_between=norm.cdf(b) - norm.cdf(a),
                n=n,
            )
        )

    total, _ = dblquad(density, -7.0, 7.0, lambda a: a, 7.0, epsabs=1e-6)
    assert total == pytest.approx(1.0, abs=1e-4)


def test_floor_parts_and_exact_pairs_share_all_probability():
    # All at or below the floor, or the maximum above it with the minimum below, or both above it.
    floor, n = 0.3, 6.0

    def with_floor(b):
        return np.exp(
            log_floor_max(log_density_max=norm.logpdf(b), cdf_max=norm.cdf(b), cdf_floor=norm.cdf(floor), n=n)
        )

    below = np.exp(log_all_below(cdf_max=norm.cdf(floor), n=n))
    mixed, _ = quad(with_floor, floor, 9.0)
    above = norm.sf(floor) ** n
    assert below + mixed + above == pytest.approx(1.0, abs=1e-8)


def test_floor_and_maximum_match_simulation():
    rng = np.random.default_rng(11)
    people = rng.standard_normal((200_000, 8))
    floor, low, high = -1.0, 1.0, 1.2
    hit = (people.min(axis=1) <= floor) & (people.max(axis=1) >= low) & (people.max(axis=1) < high)
    expected, _ = quad(
        lambda b: np.exp(
            log_floor_max(log_density_max=norm.logpdf(b), cdf_max=norm.cdf(b), cdf_floor=norm.cdf(floor), n=8.0)
        ),
        low,
        high,
    )
    assert hit.mean() == pytest.approx(expected, abs=4 * np.sqrt(expected / people.shape[0]))


def test_likelihood_of_n_peaks_near_the_number_of_people():
    rng = np.random.default_rng(5)
    people = rng.standard_normal((3_000, 30))
    a, b = people.min(axis=1), people.max(axis=1)
    sizes = np.array([10.0, 15.0, 20.0, 25.0, 30.0, 36.0, 45.0, 60.0])
    total = [
        log_min_max(
            log_density_min=norm.logpdf(a),
            log_density_max=norm.logpdf(b),
            mass_between=norm.cdf(b) - norm.cdf(a),
            n=n,
        ).sum()
        for n in sizes
    ]
    assert sizes[int(np.argmax(total))] == 30.0


def test_log_density_of_a_mixture_stays_finite_far_away():
    mu, sd = np.array([[0.0, 1.0]]), np.array([[0.1, 0.1]])
    cdf, log_density = mixture_cdf(np.array([-9.0]), mu, sd, np.array([0.5, 0.5]))
    assert cdf[0] == 0.0
    assert log_density[0] == pytest.approx(norm.logpdf(-9.0, 0.0, 0.1) + np.log(0.5), rel=1e-12)


def test_spread_from_arithmetic_sd_recovers_the_log_normal():
    s = np.array([0.2, 0.45, 0.8])
    ratio = np.exp(s**2 / 2.0) * np.sqrt(np.expm1(s**2))
    ln_s, variance = log_normal_sd(ratio)
    np.testing.assert_allclose(np.exp(ln_s), s, rtol=1e-12)
    # A normal sample (s near 0) has variance 1 / (2 n) of the ln SD; skewness makes it larger.
    assert log_normal_sd(np.array([1e-4]))[1][0] == pytest.approx(0.5, rel=1e-3)
    assert np.all(np.diff(variance) > 0)
