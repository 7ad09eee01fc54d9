"""The baselines never learn from whom they predict, and the rule is the rule."""

import numpy as np
import pytest

from sigm_bayes.evaluation import baselines
from sigm_bayes.evaluation.baselines import METHODS, RULE, SHARES, class_shares, cross_validated, left_out
from sigm_bayes.evaluation.features import Features, cut_off_rule
from sigm_bayes.evaluation.scores import log_scores


@pytest.fixture
def features():
    """features(people, seed=..., **columns): people of whom little is known but what the test says."""

    def make(people, *, seed=1, **columns):
        rng = np.random.default_rng(seed)
        usual = {
            "z": rng.standard_normal((people, 3)),
            "limit": np.zeros(people, dtype=bool),
            "below": np.zeros((people, 3), dtype=bool),
            "normal": np.zeros((people, 3), dtype=bool),
            "age_years": rng.uniform(1, 90, people),
            "sex": rng.integers(-1, 2, people).astype(np.int8),
            "setting": rng.integers(0, 4, people).astype(np.int8),
            "states": rng.integers(-1, 2, (people, 6)).astype(np.int8),
            "infection": rng.random(people) < 0.5,
            "cause": rng.random(people) < 0.5,
            "settings": 4,
        }
        return Features(**usual | columns)

    return make


def test_left_out_parts_hold_everybody_once_and_whole_centres():
    centre = np.array([2, 0, 0, 1, 2, -1, 1, -1])
    seen = []
    for train, test, groups in left_out(centre, seed=1):
        assert not set(centre[train]) & set(centre[test])
        assert groups.size == train.size
        seen += test.tolist()
    assert sorted(seen) == list(range(8))


def test_one_centre_is_cut_into_parts():
    parts = list(left_out(np.zeros(23, dtype=int), seed=1))
    assert len(parts) == baselines.FOLDS
    assert sorted(np.concatenate([test for _, test, _ in parts])) == list(range(23))
    assert all(not set(train) & set(test) for train, test, _ in parts)


@pytest.mark.parametrize("name", list(METHODS))
def test_predictions_are_probabilities(features, name, monkeypatch):
    monkeypatch.setattr(baselines, "PENALTIES", (0.03,))
    monkeypatch.setattr(baselines, "METHODS", {name: METHODS[name]})
    f = features(120)
    truth = np.random.default_rng(2).choice(4, 120, p=[0.1, 0.3, 0.5, 0.1])
    p = cross_validated(f, truth, np.arange(120) % 3, classes=4, seed=1)[name]
    assert p.shape == (120, 4)
    assert p.sum(axis=1) == pytest.approx(np.ones(120))
    assert (p > 0.0).all()


@pytest.mark.parametrize("name", [name for name in METHODS if name not in (RULE, SHARES)])
def test_what_can_be_learnt_is_learnt_and_what_cannot_is_not(features, name, monkeypatch):
    """IgM tells the class: the method finds out. Labels at random: it does no better than class shares."""
    monkeypatch.setattr(baselines, "PENALTIES", (0.003, 0.1))
    monkeypatch.setattr(baselines, "METHODS", {name: METHODS[name], SHARES: METHODS[SHARES]})
    rng = np.random.default_rng(3)
    truth = rng.choice(4, 400, p=[0.2, 0.3, 0.3, 0.2])
    z = rng.standard_normal((400, 3))
    z[:, 0] = 2.0 * truth + 0.5 * z[:, 0]
    centre = np.arange(400) % 4
    told = cross_validated(features(400, z=z), truth, centre, classes=4, seed=1)
    blind = cross_validated(features(400), truth, centre, classes=4, seed=1)
    gain, none = (log_scores(p[name], truth).mean() - log_scores(p[SHARES], truth).mean() for p in (told, blind))
    assert gain > 0.3
    assert none < 0.02  # having learnt from those it predicts, it would be far above


def test_labels_of_the_predicted_centre_are_never_used(features, monkeypatch):
    monkeypatch.setattr(baselines, "PENALTIES", (0.01, 0.1))
    f, centre = features(90), np.arange(90) % 3
    truth = np.random.default_rng(4).choice(4, 90, p=[0.1, 0.3, 0.5, 0.1])
    changed = np.where(centre == 1, (truth + 1) % 4, truth)
    one, other = (cross_validated(f, t, centre, classes=4, seed=1) for t in (truth, changed))
    for name in METHODS:
        assert np.array_equal(one[name][centre == 1], other[name][centre == 1]), name
    assert not np.array_equal(one[SHARES][centre == 0], other[SHARES][centre == 0])


def test_a_class_that_the_other_centres_never_saw_keeps_a_small_probability(features, monkeypatch):
    monkeypatch.setattr(baselines, "PENALTIES", (0.03,))
    truth = np.array([0] * 5 + [2] * 25 + [1] * 15 + [2] * 15)
    p = cross_validated(features(60), truth, np.arange(60) // 30, classes=4, seed=1)
    for name in METHODS:
        assert (p[name][:30, 0] > 0.0).all(), name
        assert (p[name][:30, 0] < 0.2).all(), name


def test_class_shares_by_hand():
    assert class_shares(np.array([0, 2, 2]), 4) == pytest.approx([1.5 / 5, 0.5 / 5, 2.5 / 5, 0.5 / 5])


def test_the_rule_needs_all_its_parts(features):
    meets = {
        "below": np.array([[True, False, False]]), "normal": np.array([[False, True, True]]),
        "infection": np.array([True]), "cause": np.array([False]),
    }  # fmt: skip
    assert cut_off_rule(features(1, **meets)).tolist() == [True]
    for spoilt in (
        {"below": np.array([[False, False, False]])},
        {"normal": np.array([[False, False, True]])},
        {"normal": np.array([[False, True, False]])},
        {"infection": np.array([False])},
        {"cause": np.array([True])},
    ):
        assert cut_off_rule(features(1, **meets | spoilt)).tolist() == [False], spoilt
