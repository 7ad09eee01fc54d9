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
    free = rng.random(1000)
    slow = np.repeat(rng.random(20), 50)
    assert accuracy.monte_carlo_error(free)[0] == pytest.approx(0.29 / np.sqrt(1000), rel=0.4)
    assert accuracy.monte_carlo_error(slow)[0] > 3 * accuracy.monte_carlo_error(free)[0]


def test_the_check_passes_on_the_released_model(subject):
    result = accuracy.run(subject)
    assert result.passed is True
    assert len(result.table.rows) == 10
