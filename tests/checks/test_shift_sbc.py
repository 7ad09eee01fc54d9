"""Simulator against the likelihood of people on a line; errors planted in that likelihood are caught."""

from __future__ import annotations

import numpy as np
import pytest

from sigm_bayes.checks.sbc import uniformity
from sigm_bayes.checks.shift_sbc import FINE, replicate, run, shifts
from sigm_bayes.likelihood import people_exposures, people_findings
from sigm_bayes.likelihood.people_joint import Scheme

REPLICATES = 10
BY_ID = {shift.id: shift for shift in shifts()}
NO_SELECTION = Scheme("all_tested", "ignored")


def p_value(subject, shift, **given):
    placed = [[replicate(subject, BY_ID[shift], n, **given)] for n in range(REPLICATES)]
    return uniformity(np.array(placed)).family_wise()


def test_shifts_move_parameters_of_the_model(subject):
    for shift in shifts():
        assert shift.size > 0.0
        truth = {name: values[0] for name, values in subject.model.parameters.items()}
        moved = shift.moved(truth, 2.0)
        for name in shift.parameters:
            np.testing.assert_allclose(moved[name] - truth[name], 2.0 * shift.size)
    assert FINE[0] == -FINE[-1]


def test_one_replicate_is_a_rank_and_the_same_again(subject):
    first = replicate(subject, BY_ID["spread"], 0)
    assert 0.0 < first < 1.0
    assert replicate(subject, BY_ID["spread"], 0) == first


@pytest.mark.slow
def test_ten_replicates_go_on_where_they_stopped(subject):
    first = run(subject, replicates=2)
    assert first.passed is None
    result = run(subject, replicates=REPLICATES)
    assert result.statistic["replicates"] == REPLICATES
    assert result.statistic["family_wise_p"] > 0.01
    assert "the shifts" in result.text


@pytest.mark.slow
def test_a_wrong_sign_is_caught(subject, monkeypatch):
    right = people_findings._group_logits

    def wrong(xp, p, people):
        return right(xp, {**p, "setting_infection": -p["setting_infection"]}, people)

    monkeypatch.setattr(people_findings, "_group_logits", wrong)
    assert p_value(subject, "infections") < 0.01


@pytest.mark.slow
def test_a_forgotten_truncation_is_caught(subject):
    assert p_value(subject, "causes", scheme=NO_SELECTION) < 0.01


@pytest.mark.slow
def test_a_wrong_quadrature_weight_is_caught(subject, monkeypatch):
    """Weights of [-1, 1] on [0, 1]: the probability of every cause doubles."""
    monkeypatch.setattr(people_exposures, "LOG_WEIGHTS", people_exposures.LOG_WEIGHTS + np.log(2.0))
    assert p_value(subject, "causes") < 0.01
