"""Quadrature and Monte Carlo error are found where there are any."""

from __future__ import annotations

import numpy as np
import pytest

from sigm_bayes.checks import accuracy
from sigm_bayes.checks.patients import reference_patients
from sigm_bayes.likelihood.findings import proneness_rule


@pytest.fixture(scope="module")
def weighing(subject):
    patient = next(p for p in reference_patients(subject.model.catalogue) if p.id == "sinopulmonary-20")
    return subject.model.weigh(patient.patient)


def test_the_rule_of_the_likelihood_is_fine(weighing):
    assert accuracy.quadrature_error(weighing) < accuracy.WORST_LOG


def test_a_coarse_rule_is_found_out(weighing):
    assert accuracy.quadrature_error(weighing, rule=proneness_rule(7)) > 100 * accuracy.WORST_LOG


def test_exposure_weights_agree_with_a_formula_written_apart(subject):
    assert accuracy.exposure_error(subject) < accuracy.WORST_LOG


def test_monte_carlo_error_sees_dependent_draws():
    rng = np.random.default_rng(1)
    free, alike = rng.random(1000), np.full(1000, 0.001)
    slow = np.repeat(rng.random(20), 50)
    assert accuracy.monte_carlo_error(free, alike)[0] == pytest.approx(0.29 / np.sqrt(1000), rel=0.4)
    assert accuracy.monte_carlo_error(slow, alike)[0] > 3 * accuracy.monte_carlo_error(free, alike)[0]


def test_draws_are_put_in_the_order_of_their_chains():
    """As `thin_draws` takes them: 2,000 of two chains with 1,000 draws each."""
    chains = [np.arange(1000), 1000 + np.arange(1000)]
    released = np.concatenate([chain[half::2] for half in (0, 1) for chain in chains])
    np.testing.assert_array_equal(released[accuracy.along_chains(2000)], np.arange(2000))
    np.testing.assert_array_equal(released[accuracy.along_chains(1000)], np.arange(0, 2000, 2))


def test_monte_carlo_error_is_that_of_many_samples():
    """Means weighed by a second quantity, over 400 samples of 500 draws, against what each sample says of its error."""
    rng = np.random.default_rng(2)
    found, said = [], []
    for _ in range(400):
        drawn, weights = rng.random(500), rng.gamma(0.5, size=500)
        weights = weights * np.exp(drawn)
        weights /= weights.sum()
        found.append(weights @ drawn)
        said.append(accuracy.monte_carlo_error(drawn, weights)[0])
    assert np.mean(said) == pytest.approx(np.std(found), rel=0.2)


def test_the_check_passes_on_the_released_model(subject):
    result = accuracy.run(subject)
    assert result.passed is True
    assert len(result.table.rows) == 10
    assert result.statistic["largest_quadrature_error_log"] < accuracy.WORST_LOG
    assert result.statistic["exposure_quadrature_error_log"] < accuracy.WORST_LOG
    assert 0.0 < result.statistic["largest_standard_error_points"] < 1.0
    effective = [float(row[3]) for row in result.table.rows]
    assert all(100.0 < n <= result.statistic["draws"] for n in effective)
