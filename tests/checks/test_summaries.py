"""Verdicts on made-up results: what passes, what does not, and what is too little to judge."""

from __future__ import annotations

import numpy as np
import pytest

from sigm_bayes.checks import compare, leave_study_out, predictive, prior_sbc
from sigm_bayes.checks.density import EvidenceDensity
from sigm_bayes.release.evidence_fit import FitRow


@pytest.fixture(scope="module")
def density(few_items):
    return EvidenceDensity(few_items)


@pytest.fixture
def left_out(density):
    """left_out(share): every group finished, the first items inside, the others outside."""

    def make(share, groups=None):
        ids = [i.item_id for i in density.items if i.bound == ""]
        inside = set(ids[: round(share * len(ids))])
        found = []
        for group, members in list(density.groups.items())[:groups]:
            items = [
                {"item_id": m, "published": 1.0, "median": 2.0, "low": 0.5, "high": 3.0, "unit": "%", "subject": "x",
                 "inside": m in inside or m not in ids, "two_sided": m in ids}
                for m in members
            ]  # fmt: skip
            found.append({"group": group, "method": "importance weights", "k_hat": 0.3, "items": items})
        return found

    return make


def test_coverage_must_be_neither_low_nor_complete(left_out, density):
    n = sum(i.bound == "" for i in density.items)
    right = round(0.9 * n) / n
    assert 0.8 <= right <= 0.97
    assert leave_study_out.summarise(left_out(right), density).passed is True
    assert leave_study_out.summarise(left_out(0.3), density).passed is False
    assert leave_study_out.summarise(left_out(1.0), density).passed is False


def test_some_groups_judge_nothing(left_out, density):
    assert leave_study_out.summarise(left_out(0.9, groups=2), density).passed is None


def test_items_outside_are_listed_with_their_notes(left_out, density):
    result = leave_study_out.summarise(left_out(0.0), density)
    assert len(result.table.rows) == result.statistic["items"]
    notes = {i.item_id: i.note or i.note_source for i in density.items}
    assert all(row[-1] == notes[row[0]] for row in result.table.rows)
    assert result.figure.startswith("<svg")


def test_posterior_coverage_below_the_least_does_not_pass(density):
    def rows(inside):
        return tuple(
            FitRow(
                item=i, subject="x", unit="%", published=1.0, median=1.0, low=0.5, high=2.0, inside=inside, effect_sd=1
            )
            for i in density.items
        )

    assert predictive.summarise(rows(False), rows(True)).passed is True
    surprised = predictive.summarise(rows(True), rows(False))
    assert surprised.passed is False
    assert surprised.statistic["prior_coverage"] == 1.0


def names(density):
    return [*density.labels, "log-likelihood", *(f"P(primary) of {n}" for n in range(10))]


def replicates(density, n, *, shifted=None):
    rng = np.random.default_rng(1)
    placed = rng.random((n, len(names(density))))
    if shifted is not None:
        placed[:, shifted] **= 3.0
    return [{"ranks": row.tolist(), "divergences": 0, "ess": 200.0} for row in placed]


def judged(found, density):
    return prior_sbc.summarise(found, names(density), name="sbc", story="It was simulated", shown=[0])


def test_uniform_ranks_pass_and_one_shifted_quantity_does_not(density):
    assert judged(replicates(density, 100), density).passed is True
    wrong = judged(replicates(density, 100, shifted=3), density)
    assert wrong.passed is False
    assert wrong.table.rows[0][0] == density.labels[3]


def test_few_replicates_judge_nothing(density):
    assert judged(replicates(density, 10), density).passed is None


def test_variants_hold_their_parameters(density):
    z = np.random.default_rng(2).standard_normal(density.n_dim)
    assert (density.parameters(z, compare.without_trait(density))["log_loading"] == compare.OFF).all()
    assert (density.parameters(z, compare.without_complications(density))["exposure_complication"] == 0.0).all()
    own = density.parameters(z, compare.without_own_shifts(density))
    assert np.ptp(own["log_shift"]) == 0.0
    assert density.parameters(z, compare.without_profound(density))["logit_profound_primary"] == compare.OFF
    assert own["finding_base"] == pytest.approx(density.parameters(z)["finding_base"])


def test_log_mean_is_the_log_of_a_weighted_mean():
    values, weights = np.array([0.1, 0.4, 0.9]), np.array([1.0, 2.0, 5.0])
    found = compare.log_mean(np.log(values) - 900.0, np.log(weights) + 300.0)
    assert found == pytest.approx(np.log(np.average(values, weights=weights)) - 900.0)


def test_a_clear_difference_is_told():
    rng = np.random.default_rng(3)
    base = rng.normal(-3.0, 1.0, 80)
    found = {
        name: {"elpd": base - (0.5 if name == "without the latent trait" else 0.0) + 0.01 * rng.standard_normal(80),
               "k_hat": np.full(80, 0.2), "r_hat": np.array(1.0), "divergences": np.array(0)}
        for name in compare.VARIANTS
    }  # fmt: skip
    result = compare.summarise(found, 173)
    assert "standard errors: without the latent trait" in result.text
    assert result.passed is None
