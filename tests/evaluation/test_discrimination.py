"""c-statistics against scikit-learn and the polytomous index against listing every set."""

from itertools import product

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from sigm_bayes.evaluation.discrimination import c_statistic, pairwise_c, polytomous_index, within_c


def ones(people):
    return np.ones((1, people))


@pytest.mark.parametrize("decimals", [1, 12], ids=["many ties", "no ties"])
def test_c_agrees_with_scikit_learn(made, decimals):
    p, truth = made(400)
    rng = np.random.default_rng(3)
    weights = rng.integers(0, 4, size=(3, 400)).astype(float)
    score = np.round(p[:, 0], decimals)
    found = c_statistic(score, truth == 0, np.concatenate([ones(400), weights]))
    assert found[0] == pytest.approx(roc_auc_score(truth == 0, score))
    for n in range(3):
        assert found[n + 1] == pytest.approx(roc_auc_score(truth == 0, score, sample_weight=weights[n]))


def test_c_by_hand():
    # events 3 and 1; others 1 and 0: three won of four pairs, one tied
    found = c_statistic(np.array([3.0, 1, 1, 0]), np.array([True, True, False, False]), ones(4))
    assert found[0] == pytest.approx((1 + 1 + 0.5 + 1) / 4)


def test_c_without_an_event_is_not_a_number():
    assert np.isnan(c_statistic(np.array([0.1, 0.2]), np.array([False, False]), ones(2))[0])


def test_pairwise_looks_at_two_classes_only(made):
    p, truth = made(400)
    two = (truth == 1) | (truth == 3)
    expected = roc_auc_score(truth[two] == 1, p[two, 1] / (p[two, 1] + p[two, 3]))
    assert pairwise_c(p, truth, 1, 3, ones(400))[0] == pytest.approx(expected)


def test_c_within_groups_looks_at_pairs_of_one_group(made):
    p, truth = made(300)
    group, event = np.arange(300) % 3, truth == 1
    won = pairs = 0.0
    for g in range(3):
        for i, j in product(np.flatnonzero(event & (group == g)), np.flatnonzero(~event & (group == g))):
            pairs += 1
            won += (p[i, 1] > p[j, 1]) + 0.5 * (p[i, 1] == p[j, 1])
    assert within_c(p[:, 1], event, group, ones(300))[0] == pytest.approx(won / pairs)


def test_a_constant_learnt_with_a_group_left_out_is_guessing_within_groups_only():
    event = np.array([True] * 8 + [False] * 2 + [True] * 2 + [False] * 8)
    group = np.repeat([0, 1], 10)
    learnt = np.where(group == 0, 0.2, 0.8)  # what the other group teaches
    assert c_statistic(learnt, event, ones(20))[0] < 0.3
    assert within_c(learnt, event, group, ones(20))[0] == pytest.approx(0.5)


def listed_index(p, truth):
    """The index from its definition: every set of one person a class, ties split evenly."""
    classes = p.shape[1]
    total, sets = 0.0, 0
    for people in product(*(np.flatnonzero(truth == k) for k in range(classes))):
        sets += 1
        for k in range(classes):
            column = p[list(people), k]
            if column[k] == column.max():
                total += 1.0 / (column == column.max()).sum()
    return total / sets / classes


@pytest.mark.parametrize("decimals", [1, 12], ids=["many ties", "no ties"])
@pytest.mark.parametrize("classes", [2, 3, 4])
def test_polytomous_index_is_that_of_all_sets(made, classes, decimals):
    p, truth = made(32, seed=classes)
    keep = truth < classes
    p, truth = np.round(p[keep][:, :classes], decimals), truth[keep]
    assert polytomous_index(p, truth, ones(truth.size))[0] == pytest.approx(listed_index(p, truth))


def test_polytomous_index_with_weights_repeats_people(made):
    p, truth = made(50)
    times = np.random.default_rng(5).integers(0, 3, size=50)
    again = np.repeat(np.arange(50), times)
    weighted = polytomous_index(p, truth, times[None].astype(float))
    assert weighted[0] == pytest.approx(polytomous_index(p[again], truth[again], ones(again.size))[0])


def test_polytomous_index_at_its_ends():
    truth = np.array([0, 1, 2, 3] * 5)
    assert polytomous_index(np.eye(4)[truth], truth, ones(20))[0] == pytest.approx(1.0)
    assert polytomous_index(np.full((20, 4), 0.25), truth, ones(20))[0] == pytest.approx(0.25)
