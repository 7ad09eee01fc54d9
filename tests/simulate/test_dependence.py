"""Findings under the latent trait and under naive Bayes: same shares, other dependence."""

from __future__ import annotations

import numpy as np
import pytest

from sigm_bayes import Patient, load_model
from sigm_bayes.likelihood.hypotheses import CLASSES, class_of_hypothesis
from sigm_bayes.query.weighing import INFECTIONS
from sigm_bayes.simulate.dependence import UNKNOWN, FindingShares, finding_shares, log_findings, simulate_findings

SEED = 20261122
PERSON = {"age_years": 40, "sex": "female", "setting": "hospital", "igm": [{"value": 25, "unit": "mg/dL"}]}


@pytest.fixture(scope="module")
def model():
    return load_model()


@pytest.fixture(scope="module")
def shares(model) -> FindingShares:
    return finding_shares(model.weigh(Patient(**PERSON)))


def test_agrees_with_the_query(model, shares):
    """Closed against the likelihood of one person: present, absent and unknown findings in every class."""
    stated = {"sinusitis": "present", "pneumonia": "present", "otitis_media": "absent"}
    weighing = model.weigh(Patient(**PERSON, findings=stated))
    known = np.full((1, shares.loading.shape[1]), UNKNOWN)
    for id, state in stated.items():
        known[0, model.catalogue.finding_index(id)] = int(state == "present")
    expected = weighing.log_joint(frozenset({INFECTIONS})) - weighing.log_joint(frozenset())
    place = np.array(class_of_hypothesis(len(model.catalogue.causes)))
    for draw in (0, 499):
        ours = log_findings(shares.draw(draw), known)[0]
        np.testing.assert_allclose(ours[place], expected[draw], atol=1e-9)


@pytest.mark.parametrize("factor", [0.0, 0.5, 2.0])
def test_scaled_loadings_keep_every_share(shares, factor):
    one = shares.draw(3)
    np.testing.assert_allclose(one.with_loadings(factor).marginal, one.marginal, atol=1e-10)


def test_without_loadings_findings_multiply(shares):
    naive = shares.draw(0).with_loadings(0.0)
    known = np.full((1, len(naive.loading)), UNKNOWN)
    known[0, [0, 2, 4]] = [1, 0, 1]
    p = naive.marginal
    expected = np.log(p[:, 0]) + np.log1p(-p[:, 2]) + np.log(p[:, 4])
    np.testing.assert_allclose(log_findings(naive, known)[0], expected, atol=1e-9)


def test_nothing_known_says_nothing(shares):
    known = np.full((2, shares.loading.shape[1]), UNKNOWN)
    np.testing.assert_allclose(log_findings(shares.draw(0), known), 0.0, atol=1e-12)


@pytest.mark.parametrize("recorded", [(1.0, 1.0), (0.7, 0.2), (0.8, 0.0)])
def test_recorded_states_of_one_finding_sum_to_one(shares, recorded):
    one = FindingShares(shares.logits[0][:, :1], shares.loading[0][:1])
    states = np.array([[1], [0], [UNKNOWN]])
    np.testing.assert_allclose(np.exp(log_findings(one, states, recorded=recorded)).sum(axis=0), 1.0, atol=1e-9)


def test_missing_at_random_does_not_move_the_classes(shares):
    one = shares.draw(0)
    known = np.full((1, len(one.loading)), UNKNOWN)
    known[0, :3] = [1, 0, 1]
    without, at_random = (log_findings(one, known, recorded=r)[0] for r in (None, (0.4, 0.4)))
    np.testing.assert_allclose(at_random - at_random[0], without - without[0], atol=1e-9)


def test_a_probability_of_recording_must_be_one(shares):
    with pytest.raises(ValueError, match="between 0 and 1"):
        log_findings(shares.draw(0), np.full((1, shares.loading.shape[1]), UNKNOWN), recorded=(1.2, 0.0))


def test_simulated_findings_have_the_shares_and_go_together(shares):
    one, n = shares.draw(0), 40_000
    normal = np.full(n, CLASSES.index("normal"))
    found = simulate_findings(one, normal, np.random.default_rng(SEED))
    expected = one.marginal[CLASSES.index("normal")]
    error = np.sqrt(expected * (1 - expected) / n)
    assert (np.abs(found.mean(axis=0) - expected) < 5 * error).all()  # 23 findings: five SE
    a, b = np.argsort(-expected * (one.loading > 0.8))[:2]
    assert found[:, a] @ found[:, b] / n > expected[a] * expected[b] * 1.05
