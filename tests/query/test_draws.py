"""Each draw counts by the person: brute sums, closed forms, and what is predicted is what is answered."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sigm_bayes import Patient
from sigm_bayes.likelihood import person as person_
from sigm_bayes.likelihood.hypotheses import CLASSES
from sigm_bayes.likelihood.namespace import NUMPY
from sigm_bayes.patient import Exposure
from sigm_bayes.query import Model
from sigm_bayes.query.draws import effective_draws, joint, picks, split
from sigm_bayes.query.explain import Explainer
from sigm_bayes.query.information import by_class, joint_of, result_given_class
from sigm_bayes.query.situation import situation
from sigm_bayes.query.unknown_exposures import exposure_odds, exposures
from sigm_bayes.query.weighing import Weighing

SEED = 20261215
IGM = [{"value": 22, "unit": "mg/dL", "context": "well"}]
KNOWN: dict[str, dict[str, Any]] = {
    "nothing else": {},
    "infections": {"findings": {"pneumonia": "present", "sinusitis": "absent", "asthma": "present"}},
    "on rituximab": {"causes": {"b_cell_depletion": "present"}, "findings": {"pneumonia": "present"}},
}
Draws = Callable[..., dict[str, np.ndarray]]


def by_sums(encoder: Any, p: dict[str, np.ndarray], patient: Patient) -> np.ndarray:
    """P(class, patient) summed over the draws, from the shared likelihood; (class,)."""
    return by_class(np.exp(person_.log_joint(NUMPY, p, encoder.encode(patient)))).sum(axis=0)


# --- The arithmetic ---------------------------------------------------------------------------------------------


def test_a_binary_class_of_unknown_prevalence_has_its_closed_form() -> None:
    """theta ~ Beta(2, 5), class ~ Bernoulli(theta), a sign in 80% of the class and in 30% of the others."""
    theta = np.random.default_rng(SEED).beta(2.0, 5.0, 400_000)
    p, weights = split(np.log(np.column_stack([0.8 * theta, 0.3 * (1.0 - theta)])))
    mean, square = 2.0 / 7.0, 2.0 * 3.0 / (7.0 * 8.0)
    seen = 0.8 * mean + 0.3 * (1.0 - mean)
    assert weights @ p[:, 0] == pytest.approx(0.8 * mean / seen, abs=0.002)
    assert p[:, 0].mean() < 0.8 * mean / seen - 0.02  # the mean over draws all alike is another number
    # and the parameter given the person: E[theta | sign]
    assert weights @ theta == pytest.approx((0.8 * square + 0.3 * (mean - square)) / seen, abs=0.002)


def test_the_joint_is_the_split() -> None:
    log_joint = 3.0 * np.random.default_rng(SEED).standard_normal((9, 5)) - 800.0
    p, weights = split(log_joint)
    np.testing.assert_allclose(p * weights[:, None], joint(log_joint), rtol=1e-12)
    np.testing.assert_allclose(p.sum(axis=1), 1.0, rtol=1e-12)
    assert joint(log_joint).sum() == pytest.approx(1.0)


def test_a_draw_that_cannot_be_counts_for_nothing_and_breaks_nothing() -> None:
    p, weights = split(np.array([[-5.0, -6.0], [-5000.0, -5001.0]]))
    assert weights.tolist() == [1.0, 0.0]
    np.testing.assert_allclose(p[0], p[1])


def test_effective_draws() -> None:
    assert effective_draws(np.full(50, 0.02)) == pytest.approx(50.0)
    assert effective_draws(np.array([1.0, 0.0, 0.0])) == 1.0
    assert effective_draws(np.array([0.5, 0.5, 0.0])) == pytest.approx(2.0)


def test_picks_are_in_proportion_to_the_weights() -> None:
    rng = np.random.default_rng(SEED)
    weights = rng.gamma(0.3, size=200)
    weights /= weights.sum()
    along = rng.random(200)
    at, times = picks(weights, along, 60)
    assert times.sum() == 60
    assert np.all(np.diff(at) > 0)
    got = np.zeros(200)
    got[at] = times
    assert np.all(np.abs(got - 60 * weights) < 1.0 + 1e-9)
    order = np.argsort(along)  # and so is every stretch along the way
    assert np.all(np.abs(np.cumsum(got[order]) - 60 * np.cumsum(weights[order])) < 1.0)


# --- The answer ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(6))
def test_the_answer_is_a_ratio_of_sums_over_the_draws(
    number: int, encoder: Any, prior_draws: Draws, random_person: Callable[..., Patient]
) -> None:
    p, patient = prior_draws(9, seed=[SEED, number]), random_person(np.random.default_rng([SEED, number]))
    w = Weighing(p, encoder.encode(patient))
    total = by_sums(encoder, p, patient)
    np.testing.assert_allclose(by_class(w.joint()).sum(axis=0), total / total.sum(), rtol=1e-8, atol=1e-14)
    assert w.primary() == pytest.approx(total[0] / total.sum(), rel=1e-8)


def test_parameters_weighed_by_the_person_are_those_given_the_person(
    encoder: Any, prior_draws: Draws, person: Callable[..., Patient]
) -> None:
    """The importance weights of one more observation, from its likelihood alone."""
    p, patient = prior_draws(30, seed=SEED), person(igm=IGM, **KNOWN["infections"])
    likelihood = np.array(
        [
            np.exp(person_.log_joint(NUMPY, {k: v[d] for k, v in p.items()}, encoder.encode(patient))).sum()
            for d in range(30)
        ]
    )
    w = Weighing(p, encoder.encode(patient)).draw_weights
    for name in ("logit_primary", "log_spread_factor", "proneness"):
        want = np.tensordot(likelihood, p[name], axes=1) / likelihood.sum()
        np.testing.assert_allclose(np.tensordot(w, p[name], axes=1), want, rtol=1e-9)


def test_the_document_says_how_many_draws_count(model: Model) -> None:
    patient = Patient(age_years=34, igm=IGM, findings={"pneumonia": "present"})
    interval = model.query(patient).to_dict()["interval"]
    w = model.weigh(patient).draw_weights
    assert interval["draws"] == len(w)
    assert interval["effective_draws"] == pytest.approx(1.0 / sum(x * x for x in w))
    assert 1.0 < interval["effective_draws"] < interval["draws"]


def test_an_unusual_person_is_told_that_few_draws_count(model: Model) -> None:
    usual = model.query(Patient(age_years=34, igm=IGM))
    everything = {f.id: "present" for f in model.catalogue.findings if f.id != "no_significant_infection"}
    unusual = model.query(Patient(age_years=34, igm=IGM, findings=everything))
    assert "few_effective_draws" not in {c["code"] for c in usual.cautions}
    told = [c for c in unusual.cautions if c["code"] == "few_effective_draws"]
    assert [c["severity"] for c in told] == ["info"]
    assert f"about {round(unusual.to_dict()['interval']['effective_draws'])} of" in told[0]["message"]


# --- What is predicted is what is then answered ---------------------------------------------------------------------


@pytest.mark.parametrize("name", KNOWN)
def test_the_answer_after_a_result_is_the_one_that_was_predicted(
    name: str, encoder: Any, prior_draws: Draws, person: Callable[..., Patient], model: Model
) -> None:
    """All draws: every finding, test, IgG and IgA that is open, with each result entered."""
    p = prior_draws(12, seed=SEED)
    patient = person(igm=IGM, igg_status=None, iga_status=None, **KNOWN[name])
    w = Weighing(p, encoder.encode(patient))
    before, seen = by_sums(encoder, p, patient).sum(), set()
    for item in Explainer(patient, w, encoder=encoder, workup=model.workup).next().information:
        seen.add(item.kind)
        for o in item.outcomes:
            if item.kind == "finding":
                entered = patient.replace(findings={**patient.findings, item.id: o.result})
            elif item.kind == "test":
                entered = patient.replace(tests={**patient.tests, item.id: o.result})
            elif item.kind == "analyte":
                entered = patient.replace(**{f"{item.id}_status": o.result})
            else:
                continue
            total = by_sums(encoder, p, entered)
            tolerance = {"rel": 1e-4, "abs": 1e-7} if item.kind == "analyte" else {"rel": 1e-8, "abs": 1e-12}
            assert o.probability == pytest.approx(total.sum() / before, **tolerance), item.id
            assert list(o.after.values()) == pytest.approx(list(total / total.sum()), **tolerance), item.id
            after = by_class(Weighing(p, encoder.encode(entered)).joint()).sum(axis=0)
            assert list(o.after.values()) == pytest.approx(list(after), **tolerance), item.id
    assert {"finding", "test", "analyte"} <= seen


def test_an_exposure_that_only_competes_is_answered_as_predicted(
    encoder: Any, prior_draws: Draws, person: Callable[..., Patient]
) -> None:
    p, patient = prior_draws(12, seed=SEED), person(igm=IGM, findings={"asthma": "present"})
    s = situation(patient, Weighing(p, encoder.encode(patient)), encoder=encoder)
    rows = exposures(exposure_odds(s))
    for id in ("clozapine", "antiepileptic", "burns", "splenectomy"):
        told = joint_of(s.answer, result_given_class(s.joint, rows[id]))
        for state, row in zip(("present", "absent"), told, strict=True):
            entered = patient.replace(causes={id: Exposure(state=state)})  # type: ignore[arg-type]
            total = by_sums(encoder, p, entered)
            np.testing.assert_allclose(row / row.sum(), total / total.sum(), rtol=1e-7, atol=1e-9)


def test_answers_average_to_the_answer_over_what_several_tests_may_show(
    encoder: Any, prior_draws: Draws, person: Callable[..., Patient]
) -> None:
    """Calibration in small: eight possible reports, each with its probability and the answer that it would get."""
    p, patient = prior_draws(15, seed=SEED), person(igm=IGM, **KNOWN["infections"])
    tests = ("ige", "b_cells_cd19", "pneumococcal_response")
    now = by_class(Weighing(p, encoder.encode(patient)).joint()).sum(axis=0)
    before, later, plain = by_sums(encoder, p, patient).sum(), np.zeros(len(CLASSES)), np.zeros(len(CLASSES))
    for results in itertools.product(("normal", "abnormal"), repeat=3):
        entered = patient.replace(tests=dict(zip(tests, results, strict=True)))
        chance = by_sums(encoder, p, entered).sum() / before
        w = Weighing(p, encoder.encode(entered))
        later += chance * by_class(w.joint()).sum(axis=0)
        plain += chance * by_class(w.probabilities()).mean(axis=0)
    np.testing.assert_allclose(later, now, rtol=1e-9)
    assert np.abs(plain - by_class(Weighing(p, encoder.encode(patient)).probabilities()).mean(axis=0)).max() > 1e-3


def test_thinned_draws_count_alike_and_give_nearly_the_answer(model: Model) -> None:
    patient = Patient(age_years=34, igm=IGM, setting="hospital", findings={"pneumonia": "present"})
    w = model.weigh(patient)
    few = w.thinned(100)
    at = w._picked(100)[0]
    np.testing.assert_allclose(few.p["logit_primary"], w.p["logit_primary"][at])
    np.testing.assert_allclose(few.draw_weights * 100, np.round(few.draw_weights * 100), atol=1e-9)
    assert few.primary() == pytest.approx(w.primary(), abs=0.003)
    assert w.thinned(10**6) is w
