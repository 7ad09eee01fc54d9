"""Scores against numbers worked out by hand and against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss

from sigm_bayes.evaluation.scores import FLOOR, brier_scores, floored, log_scores, weighted_mean


def test_scores_of_two_people_by_hand():
    p = np.array([[0.5, 0.25, 0.25, 0.0], [0.1, 0.1, 0.8, 0.0]])
    truth = np.array([0, 1])
    assert log_scores(p, truth) == pytest.approx([np.log(0.5), np.log(0.1)])
    assert brier_scores(p, truth) == pytest.approx([0.25 + 2 * 0.0625, 0.01 + 0.81 + 0.64])


def test_scores_agree_with_scikit_learn(made):
    p, truth = made(500)
    assert log_scores(p, truth).mean() == pytest.approx(-log_loss(truth, p))
    assert brier_scores(p, truth).mean() == pytest.approx(brier_score_loss(truth, p, labels=[0, 1, 2, 3]))


def test_what_was_held_impossible_is_floored_and_counted():
    p = np.array([[1.0, 0.0], [1.0, 0.0], [0.5, 0.5]])
    truth = np.array([1, 0, 1])
    assert floored(p, truth) == 1
    assert log_scores(p, truth)[0] == np.log(FLOOR)


def test_the_true_probabilities_score_best(made):
    p, truth = made(5000)
    flatter = p**0.5 / (p**0.5).sum(axis=1, keepdims=True)
    sharper = p**2 / (p**2).sum(axis=1, keepdims=True)
    for other in (flatter, sharper, p[:, [1, 0, 2, 3]]):
        assert log_scores(p, truth).mean() > log_scores(other, truth).mean()
        assert brier_scores(p, truth).mean() < brier_scores(other, truth).mean()


def test_weighted_mean_repeats_rows():
    values = np.array([1.0, 2.0, 4.0])
    assert weighted_mean(values, np.array([[1.0, 1, 1], [0, 0, 3], [2, 1, 0]])) == pytest.approx([7 / 3, 4.0, 4 / 3])
    assert np.isnan(weighted_mean(values, np.zeros((1, 3)))[0])
