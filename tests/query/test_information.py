"""Expected information: sums, signs, and the same numbers by brute force."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigm_bayes import Patient
from sigm_bayes.likelihood.hypotheses import CLASSES
from sigm_bayes.patient import Exposure
from sigm_bayes.query import Model, unknown_exposures, unknowns
from sigm_bayes.query.draws import normalise
from sigm_bayes.query.explain import Explainer
from sigm_bayes.query.information import by_class, entropy_bits, gain_bits, joint_of, result_given_class
from sigm_bayes.query.next_steps import Next
from sigm_bayes.query.situation import Situation, situation
from sigm_bayes.query.weighing import Weighing

SEED = 20261204


def weighed(encoder: Any, parameters: Mapping[str, np.ndarray], patient: Patient) -> Weighing:
    return Weighing(parameters, encoder.encode(patient))


def seen(encoder: Any, parameters: Mapping[str, np.ndarray], patient: Patient) -> Situation:
    return situation(patient, weighed(encoder, parameters, patient), encoder=encoder)


def log_evidence(encoder: Any, parameters: Mapping[str, np.ndarray], patient: Patient) -> np.ndarray:
    """log P(everything known, hypothesis) from the likelihood, nothing shared."""
    w = weighed(encoder, parameters, patient)
    return w.log_joint(w.everything)


def entropy(p: np.ndarray) -> float:
    return float(-sum(x * np.log2(x) for x in p if x > 0.0))


# --- The arithmetic -----------------------------------------------------------------------------------------


def random_joint(numbers: list[float], rows: int) -> np.ndarray:
    table = np.array(numbers[: rows * 4]).reshape(rows, 4)
    return table / table.sum()


tables = st.integers(2, 6).flatmap(
    lambda rows: st.lists(st.floats(1e-6, 1.0), min_size=4 * rows, max_size=4 * rows).map(
        lambda numbers: random_joint(numbers, rows)
    )
)


@given(tables)
def test_gain_is_entropy_before_less_entropy_after(joint: np.ndarray) -> None:
    p_result, p_class = joint.sum(axis=1), joint.sum(axis=0)
    later = sum(p * entropy(row / row.sum()) for p, row in zip(p_result, joint, strict=True))
    assert gain_bits(joint) == pytest.approx(entropy(p_class) - later, abs=1e-12)
    assert 0.0 <= gain_bits(joint) <= entropy(p_class) + 1e-12


@given(st.lists(st.floats(1e-6, 1.0), min_size=3, max_size=3), st.lists(st.floats(1e-6, 1.0), min_size=4, max_size=4))
def test_independent_results_tell_nothing(results: list[float], classes: list[float]) -> None:
    a, b = np.array(results) / sum(results), np.array(classes) / sum(classes)
    assert gain_bits(np.outer(a, b)) == pytest.approx(0.0, abs=1e-12)


def test_a_result_that_names_the_class_tells_everything() -> None:
    p = np.array([0.5, 0.25, 0.125, 0.125])
    assert gain_bits(np.diag(p)) == pytest.approx(1.75)
    assert entropy_bits(p) == pytest.approx(1.75)


def test_classes_that_cannot_be_leave_no_trace() -> None:
    p = np.array([[0.0, 0.0, 1.0, 0.0, 0.0]])
    likelihood = np.array([[[0.3] * 5], [[0.7] * 5]])
    joint = joint_of(by_class(p)[0], result_given_class(p, likelihood))
    assert np.isfinite(joint).all()
    assert joint.sum() == pytest.approx(1.0)
    assert gain_bits(joint) == pytest.approx(0.0, abs=1e-12)


# --- The whole list -----------------------------------------------------------------------------------------


def plain_patient(rng: np.random.Generator, random_patient: Callable[..., dict[str, Any]]) -> Patient:
    count = int(rng.choice([1, 1, 2]))
    results = [{"value": int(rng.integers(3, 60)), "unit": "mg/dL"} for _ in range(count)]
    return Patient(**random_patient(rng, exposures=True), igm=results)


def assert_coherent(found: Next, answer: Mapping[str, Mapping[str, float]]) -> None:
    assert found.entropy_bits is not None
    for item in found.information:
        for row in (item.outcomes, item.grid):
            if not row:
                continue
            assert sum(o.probability for o in row) == pytest.approx(1.0, abs=1e-12)
            for name in CLASSES:
                averaged = sum(o.probability * o.after[name] for o in row)
                assert averaged == pytest.approx(answer[name]["mean"], abs=1e-9), (item.id, name)
            for o in row:
                assert 0.0 <= o.probability <= 1.0 + 1e-12
                assert sum(o.after.values()) == pytest.approx(1.0, abs=1e-9)
        assert 0.0 <= item.bits <= found.entropy_bits + 1e-9
    bits = [item.bits for item in found.information]
    assert bits == sorted(bits, reverse=True)
    assert len({item.id for item in found.information}) == len(bits)


@pytest.mark.parametrize("number", range(8))
def test_results_average_to_the_answer(
    model: Model, random_patient: Callable[..., dict[str, Any]], number: int
) -> None:
    patient = plain_patient(np.random.default_rng([SEED, number]), random_patient)
    answer = model.query(patient)
    assert answer.probability is not None
    assert_coherent(answer.next(), answer.probability)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(100))
def test_results_of_many_people_average_to_the_answer(
    encoder: Any, prior_draws: Callable[..., Any], random_person: Callable[..., Patient], model: Model, number: int
) -> None:
    patient = random_person(np.random.default_rng([SEED, 1, number]))
    p = prior_draws(10, seed=[SEED, number])
    w = weighed(encoder, p, patient)
    explainer = Explainer(patient, w, encoder=encoder, workup=model.workup)
    means = dict(zip(CLASSES, by_class(w.joint()).sum(axis=0), strict=True))
    assert_coherent(explainer.next(), {name: {"mean": float(value)} for name, value in means.items()})


def test_what_is_known_is_not_asked(model: Model) -> None:
    patient = Patient(
        age_years=40, igm=[{"value": 25, "unit": "mg/dL"}], igg_status="normal", findings={"asthma": "absent"},
        causes={"hiv": "absent"}, tests={"ige": "normal", "t_cells_cd4": "not_interpretable"},
    )  # fmt: skip
    ids = {item.id for item in model.next(patient).information}
    assert not ids & {"asthma", "hiv", "ige", "igg", "t_cells_cd4", "occult", "maternal_b_cell_depletion"}
    assert {"pneumonia", "clozapine", "b_cells_cd19", "iga", "repeat_igm"} <= ids


def test_replacement_takes_away_what_it_spoils(model: Model) -> None:
    patient = Patient(age_years=40, igm=[{"value": 25, "unit": "mg/dL"}], on_immunoglobulin=True)
    ids = {item.id for item in model.next(patient).information}
    assert not ids & {"igg", "igg_subclasses", "pneumococcal_response", "protein_vaccine_response"}
    assert "iga" in ids


# --- The likelihoods, against the model with the result put in ------------------------------------------------

FIRST = {"value": 22, "unit": "mg/dL", "date": "2026-01"}
KNOWN: dict[str, dict[str, Any]] = {
    "nothing else": {},
    "infections": {"findings": {"pneumonia": "present", "sinusitis": "absent", "asthma": "present"}},
    "some sites excluded": {"findings": {"meningitis": "absent", "gram_negative_sepsis": "absent"}},
    "on rituximab": {"causes": {"b_cell_depletion": "present"}, "findings": {"pneumonia": "present"}},
    "an infant": {"age_years": 1.2, "sex": "male", "findings": {"failure_to_thrive": "present"}},
}


@pytest.mark.parametrize("name", KNOWN)
def test_each_result_gives_what_the_model_says_once_it_is_put_in(
    name: str, encoder: Any, prior_draws: Callable[..., Any], person: Callable[..., Patient]
) -> None:
    p = prior_draws(4, seed=SEED)
    patient = person(igm=[FIRST], **KNOWN[name])
    s = seen(encoder, p, patient)
    put_in = []
    for id, rows in unknowns.findings(s, unknowns.unknown_findings(s)).items():
        for state, row in zip(("present", "absent"), rows, strict=True):
            put_in.append((patient.replace(findings={**patient.findings, id: state}), row))
    for id, rows in unknowns.tests(s, unknowns.unknown_tests(s)).items():
        for state, row in zip(("abnormal", "normal"), rows, strict=True):
            put_in.append((patient.replace(tests={**patient.tests, id: state}), row))
    assert len(put_in) > 40
    before = log_evidence(encoder, p, patient)
    for changed, row in put_in:
        # P(result | hypothesis, what is known), from two evaluations of the whole likelihood.
        exact = np.exp(log_evidence(encoder, p, changed) - before)
        np.testing.assert_allclose(row, exact, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("name", ["nothing else", "infections"])
def test_igg_and_iga_give_what_the_model_says_once_put_in(
    name: str, encoder: Any, prior_draws: Callable[..., Any], person: Callable[..., Patient]
) -> None:
    p = prior_draws(4, seed=SEED)
    patient = person(igm=[FIRST], iga_status="normal", **KNOWN[name])
    s = seen(encoder, p, patient)
    assert unknowns.unknown_analytes(s) == ["igg"]
    before = log_evidence(encoder, p, patient)
    rows = unknowns.analytes(s, ["igg"])["igg"]
    for status, row in zip(unknowns.STATUSES, rows, strict=True):
        exact = np.exp(log_evidence(encoder, p, patient.replace(igg_status=status)) - before)
        np.testing.assert_allclose(row, exact, rtol=1e-4, atol=1e-9)  # the three intervals are quadratures


@pytest.mark.parametrize("name", KNOWN)
def test_an_exposure_gives_what_the_model_says_once_it_is_put_in(
    name: str, encoder: Any, prior_draws: Callable[..., Any], person: Callable[..., Patient]
) -> None:
    p = prior_draws(6, seed=SEED)
    patient = person(igm=[FIRST], igg_status="normal", **KNOWN[name])
    s = seen(encoder, p, patient)
    odds = unknown_exposures.exposure_odds(s)
    assert len(odds.ids) > 20
    for id, found, gone in zip(odds.ids, odds.present, odds.absent, strict=True):
        for state, change in (("present", found), ("absent", gone)):
            exposure = Exposure(state=state)  # type: ignore[arg-type]
            changed = patient.replace(causes={**patient.causes, id: exposure})
            got = normalise(s.log_joint + change)
            want = weighed(encoder, p, changed).probabilities()
            np.testing.assert_allclose(got, want, atol=2e-3)


def test_a_rare_exposure_leaves_the_answer_that_it_will_give(
    encoder: Any, prior_draws: Callable[..., Any], person: Callable[..., Patient]
) -> None:
    """One draw: what is expected after "present" is what the answer says then."""
    p = dict(prior_draws(1, seed=SEED))
    p["logit_exposure"] = p["logit_exposure"] - 8.0
    patient = person(igm=[FIRST], igg_status="normal", findings={"pneumonia": "present"})
    s = seen(encoder, p, patient)
    for id, rows in unknown_exposures.exposures(unknown_exposures.exposure_odds(s)).items():
        joint = joint_of(s.answer, result_given_class(s.joint, rows))
        changed = patient.replace(causes={id: Exposure(state="present")})
        want = by_class(weighed(encoder, p, changed).probabilities())[0]
        np.testing.assert_allclose(joint[0] / joint[0].sum(), want, atol=0.01, err_msg=id)


def test_an_exposure_that_only_competes_is_enumerated_exactly(
    encoder: Any, prior_draws: Callable[..., Any], person: Callable[..., Patient]
) -> None:
    """Nothing known that an exposure explains, and no other exposure comes with it: the model's own probability."""
    p = prior_draws(5, seed=SEED)
    patient = person(igm=[FIRST], findings={"asthma": "present"})
    s = seen(encoder, p, patient)
    rows = unknown_exposures.exposures(unknown_exposures.exposure_odds(s))
    before = log_evidence(encoder, p, patient)
    for id in ("clozapine", "antiepileptic", "burns", "splenectomy"):
        for state, row in zip(("present", "absent"), rows[id], strict=True):
            changed = patient.replace(causes={id: Exposure(state=state)})  # type: ignore[arg-type]
            exact = np.exp(log_evidence(encoder, p, changed) - before)
            np.testing.assert_allclose(row, exact, rtol=1e-8, atol=1e-9)


def test_gain_equals_enumeration_of_the_whole_model(
    encoder: Any, prior_draws: Callable[..., Any], person: Callable[..., Patient]
) -> None:
    """One draw: every result of a finding put in, its probability from the likelihoods alone."""
    p = prior_draws(1, seed=SEED)
    patient = person(igm=[FIRST], findings={"pneumonia": "present"}, tests={"ige": "abnormal"})
    s = seen(encoder, p, patient)
    total = np.logaddexp.reduce(log_evidence(encoder, p, patient)[0])
    ids = unknowns.unknown_findings(s)
    likelihoods = unknowns.findings(s, ids)
    for id in ids:
        want = entropy(s.answer)
        for state in ("present", "absent"):
            joint = log_evidence(encoder, p, patient.replace(findings={**patient.findings, id: state}))[0]
            chance = np.exp(np.logaddexp.reduce(joint) - total)
            want -= chance * entropy(by_class(normalise(joint)))
        got = gain_bits(joint_of(s.answer, result_given_class(s.joint, likelihoods[id])))
        assert got == pytest.approx(want, abs=1e-9)
