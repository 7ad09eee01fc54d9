"""Pairwise residual association: quiet where the model holds, whatever the margins; loud where findings go together."""

from __future__ import annotations

import numpy as np
import pytest

from sigm_bayes.checks.dependence import expected_both, pairwise_association

PEOPLE, FINDINGS = 4000, 6


def expit(x):
    return 1.0 / (1.0 + np.exp(-x))


@pytest.fixture
def made():
    """made(seed, loading=..., shift=...): findings of people of two classes, and what the model knows of them."""

    def make(seed, *, loading=0.8, shift=0.0, copied=0.0):
        rng = np.random.default_rng(seed)
        share = rng.dirichlet([1.0, 0.5, 3.0, 2.0], PEOPLE)
        logits = np.broadcast_to(np.linspace(-1.5, 0.5, FINDINGS), (PEOPLE, 4, FINDINGS)).copy()
        logits[:, 0] += 1.0
        logits[:, 3] += 0.4
        c = (share.cumsum(axis=1) < rng.random(PEOPLE)[:, None]).sum(axis=1)
        u = rng.standard_normal(PEOPLE)
        p = expit(logits[np.arange(PEOPLE), c] + shift + loading * u[:, None])
        x = (rng.random(p.shape) < p).astype(int)
        who = rng.random(PEOPLE) < copied
        x[who, 1] = x[who, 0]
        states = np.where(rng.random(x.shape) < 0.7, x, -1)
        return states, share, logits, np.full(FINDINGS, 0.8)

    return make


def test_quiet_on_data_from_the_model(made):
    flagged = [len(pairwise_association(*made(seed)).flagged) for seed in range(5)]
    assert sum(flagged) == 0


def test_residuals_are_standard_normal_under_the_model(made):
    z = np.concatenate([pairwise_association(*made(seed)).z for seed in range(10, 25)])
    assert abs(z.mean()) < 0.25
    assert 0.8 < z.std() < 1.2


def test_findings_commoner_than_expected_are_no_association(made):
    assert not pairwise_association(*made(3, shift=0.6)).flagged


def test_a_copied_finding_is_flagged_and_only_that_pair(made):
    found = pairwise_association(*made(4, copied=0.2))
    assert [found.pair[i] for i in found.flagged] == [(0, 1)]
    assert found.z[found.flagged[0]] > 0


def test_independence_against_a_model_with_proneness_is_flagged(made):
    found = pairwise_association(*made(5, loading=0.0))
    assert len(found.flagged) > 3
    assert all(found.z[i] < 0 for i in found.flagged)


@pytest.mark.parametrize("odds_ratio", [0.2, 1.0, 1.0000001, 7.0])
def test_expected_table_has_the_margins_and_the_odds_ratio(odds_ratio):
    both = expected_both(100.0, 30.0, 45.0, odds_ratio)
    assert both * (100 - 30 - 45 + both) / ((30 - both) * (45 - both)) == pytest.approx(odds_ratio, rel=1e-5)


def test_nothing_known_gives_no_pairs():
    found = pairwise_association(np.full((5, 3), -1), np.full((5, 4), 0.25), np.zeros((5, 4, 3)), np.ones(3))
    assert found.pair == ()
    assert found.flagged == []
