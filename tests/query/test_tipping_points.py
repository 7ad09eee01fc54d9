"""Tipping points: what is said to flip the answer flips it when it is put in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from sigm_bayes import Patient
from sigm_bayes.errors import InputError
from sigm_bayes.patient import Exposure
from sigm_bayes.query import Model
from sigm_bayes.query.changes import with_igm
from sigm_bayes.query.draws import normalise
from sigm_bayes.query.tipping_points import Tipping, TippingPoint
from sigm_bayes.query.weighing import Weighing

SEED = 20261206
THRESHOLDS = (0.1, 0.02)
SICK = {
    "age_years": 40, "setting": "allergy_immunology_clinic", "igg_status": "normal", "iga_status": "normal",
    "findings": {"pneumonia": "present", "sinusitis": "present", "asthma": "absent"},
}  # fmt: skip
PATIENTS: dict[str, dict[str, Any]] = {
    "one value": {**SICK, "igm": [{"value": 25, "unit": "mg/dL"}]},
    "repeats": {**SICK, "igm": [{"value": 15, "unit": "mg/dL"}, {"value": 18, "unit": "mg/dL"}]},
    "in g/L, fine": {**SICK, "igm": [{"value": "0.182", "unit": "g/L"}]},
    "below a limit": {**SICK, "igm": [{"value": 20, "unit": "mg/dL", "comparator": "<"}]},
    "after rituximab": {
        "age_years": 60, "igm": [{"value": 20, "unit": "mg/dL"}], "causes": {"b_cell_depletion": "present"},
    },
    "a child": {"age_years": 4, "sex": "male", "igm": [{"value": 15, "unit": "mg/dL"}], "findings": SICK["findings"]},
}  # fmt: skip


SLOW = ("in g/L, fine", "below a limit", "after rituximab")
NAMES = [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in PATIENTS]


def primary(model: Model, patient: Patient, *, like: Patient | None = None) -> float:
    """P(primary) as answered; with `like`, under the draws that this person is weighed with (`query/enough.py`)."""
    if like is not None:
        return Weighing(model.weigh(like).p, model.encoder.encode(patient)).primary()
    probability = model.query(patient).probability
    assert probability is not None
    return probability["primary"]["mean"]


@pytest.fixture(scope="module")
def tipped(model: Model) -> Callable[[str], tuple[Patient, Tipping]]:
    """tipped(name): the patient and their tipping points, found once."""

    @cache
    def of(name: str) -> tuple[Patient, Tipping]:
        patient = Patient(**PATIENTS[name])
        found = model.query(patient).tipping(thresholds=THRESHOLDS)
        assert found is not None
        return patient, found

    return of


Tipped = Callable[[str], tuple[Patient, Tipping]]


@pytest.mark.parametrize("name", NAMES)
def test_one_half_comes_first_and_the_answer_is_the_answer(model: Model, tipped: Tipped, name: str) -> None:
    patient, found = tipped(name)
    assert [p.threshold for p in found.points] == [0.5, *THRESHOLDS]
    assert found.primary_now == pytest.approx(primary(model, patient), abs=1e-12)
    assert all(p.above_now == (found.primary_now >= p.threshold) for p in found.points)
    assert found.prevalence_for_half == found.points[0].prevalence


@pytest.mark.parametrize("name", NAMES)
def test_the_prevalence_flips_the_answer(model: Model, tipped: Tipped, name: str) -> None:
    patient, found = tipped(name)
    weighing = model.weigh(patient)

    def with_prevalence(wanted: float) -> float:
        """P(primary) with every draw's prior odds multiplied so that the mean prevalence is as wanted."""
        low, high = -20.0, 20.0
        for _ in range(80):
            middle = 0.5 * (low + high)
            p = {**weighing.p, "logit_primary": weighing.p["logit_primary"] + middle}
            moved = Weighing(p, weighing.case)
            mean = normalise(moved.start(exposures=False))[:, 0].mean()
            low, high = (middle, high) if mean < wanted else (low, middle)
        return moved.primary()

    for point in found.points[:1] if name != "one value" else found.points:
        assert point.prevalence is not None
        assert with_prevalence(point.prevalence) == pytest.approx(point.threshold, abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_the_igm_flips_the_answer_and_its_neighbour_does_not(model: Model, tipped: Tipped, name: str) -> None:
    patient, found = tipped(name)
    seen = 0
    for point in found.points:
        if point.igm is None:
            continue
        seen += 1
        entered = Patient(**{**PATIENTS[name], "igm": _results(patient, point)})
        at = primary(model, entered, like=patient)
        assert at == pytest.approx(point.igm.primary, abs=1e-9)
        assert primary(model, entered) == pytest.approx(at, abs=0.02)  # perhaps with other draws
        assert (at >= point.threshold) != point.above_now
        step = patient.igm[0].resolution_mg_dl
        towards = step if point.igm.direction == "at_or_below" else -step
        neighbour = with_igm(patient, point.igm.value_mg_dl + towards)
        assert (primary(model, neighbour, like=patient) >= point.threshold) == point.above_now
    assert seen or name in ("after rituximab", "a child")


def _results(patient: Patient, point: TippingPoint) -> list[dict[str, Any]]:
    """The results of a tipping point as a person would enter them."""
    assert point.igm is not None
    pairs = zip(patient.igm, point.igm.values_mg_dl, strict=True)
    return [{"value": v, "unit": "mg/dL", "resolution": s.resolution_mg_dl, "context": s.context} for s, v in pairs]


@pytest.mark.parametrize("name", NAMES)
def test_a_single_change_flips_the_answer(model: Model, tipped: Tipped, name: str) -> None:
    patient, found = tipped(name)
    for point in found.points:
        assert (point.nearest is None) == bool(point.singles)
        tips = point.singles or (point.nearest,)
        for tip in tips[:3] + tips[-2:]:
            assert tip is not None
            changed = _put_in(patient, tip.kind, tip.id, tip.to_state)
            p = primary(model, changed, like=patient)
            assert primary(model, changed) == pytest.approx(p, abs=0.02)  # perhaps with other draws
            assert p == pytest.approx(tip.primary, abs=1e-9)
            assert ((p >= point.threshold) != point.above_now) == bool(point.singles)


def _put_in(patient: Patient, kind: str, id: str, state: str) -> Patient:
    if kind == "finding":
        return patient.replace(findings={**patient.findings, id: state})
    if kind == "exposure":
        return patient.replace(causes={**patient.causes, id: Exposure(state=state)})  # type: ignore[arg-type]
    if kind == "test":
        return patient.replace(tests={**patient.tests, id: state})
    return patient.replace(**{f"{id}_status": state})


@pytest.mark.slow
def test_no_change_that_flips_is_left_out(model: Model, tipped: Tipped) -> None:
    """Every finding in both states, through the whole answer."""
    patient, found = tipped("one value")
    for point in found.points:
        want = set()
        for finding in model.catalogue.findings:
            now = patient.findings.get(finding.id, "unknown")
            for state in {"present", "absent"} - {now}:
                p = primary(model, _put_in(patient, "finding", finding.id, state), like=patient)
                if (p >= point.threshold) != point.above_now:
                    want.add((finding.id, state))
        got = {(t.id, t.to_state) for t in point.singles if t.kind == "finding"}
        assert got == want - {("failure_to_thrive", "present"), ("failure_to_thrive", "absent")}


def test_an_invasive_infection_taken_back_takes_its_sites_along(model: Model) -> None:
    sick = {**SICK, "igm": [{"value": 25, "unit": "mg/dL"}], "invasive": [{"site": "meningitis"}]}
    patient = Patient(**sick)
    found = model.query(patient).tipping(thresholds=(0.2,))
    assert found is not None
    tips = [t for p in found.points for t in p.singles if t.id == "invasive_infection"]
    without = Patient(**{**sick, "invasive": [], "findings": {**SICK["findings"], "invasive_infection": "absent"}})
    assert tips
    assert tips[0].primary == pytest.approx(primary(model, without, like=patient), abs=1e-9)


def test_the_curve_over_the_prevalence_rises_through_the_answer(model: Model, tipped: Tipped) -> None:
    patient, found = tipped("one value")
    x, y = np.array([p.prevalence for p in found.curve]), np.array([p.mean for p in found.curve])
    assert np.all(np.diff(x) > 0.0)
    assert np.all(np.diff(y) > 0.0)
    assert np.all([p.lower <= p.mean <= p.upper for p in found.curve])
    assert x[0] == pytest.approx(1e-4, rel=0.02)
    assert x[-1] == pytest.approx(0.5, rel=0.02)
    at_now = np.interp(np.log(found.prevalence_now), np.log(x), y)
    assert at_now == pytest.approx(primary(model, patient), abs=0.02)


@pytest.mark.parametrize("threshold", [0.0, 1.0, -0.1, 2.0, float("nan"), float("inf")])
def test_a_threshold_that_is_no_probability_is_refused(model: Model, threshold: float) -> None:
    answer = model.query(Patient(**PATIENTS["one value"]))
    with pytest.raises(InputError, match="threshold"):
        answer.tipping(thresholds=(0.1, threshold))


def test_the_same_threshold_twice_is_one(model: Model) -> None:
    found = model.query(Patient(**PATIENTS["one value"])).tipping(thresholds=(0.5, 0.1, 0.1))
    assert found is not None
    assert [p.threshold for p in found.points] == [0.5, 0.1]


@pytest.mark.slow
@pytest.mark.parametrize("number", range(20))
def test_tipping_points_of_random_people(model: Model, random_person: Callable[..., Patient], number: int) -> None:
    patient = random_person(np.random.default_rng([SEED, number]))
    answer = model.query(patient)
    found = answer.tipping(thresholds=THRESHOLDS)
    assert found is not None
    for point in found.points:
        if point.igm is not None:
            at = primary(model, with_igm(patient, point.igm.value_mg_dl), like=patient)
            assert (at >= point.threshold) != point.above_now
        for tip in point.singles:
            if tip.id == "invasive_infection":
                continue
            at = primary(model, _put_in(patient, tip.kind, tip.id, tip.to_state), like=patient)
            assert (at >= point.threshold) != point.above_now


def test_settings_are_the_answers_of_the_same_person_elsewhere(model: Model) -> None:
    patient = Patient(**PATIENTS["one value"])
    settings = model.query(patient).settings()
    assert settings is not None
    assert [s.id for s in settings] == [s.id for s in model.catalogue.settings]
    assert [s.id for s in settings if s.current] == ["allergy_immunology_clinic"]
    for row in settings:
        elsewhere = model.query(patient.replace(setting=row.id))
        assert elsewhere.probability is not None
        want = elsewhere.probability["primary"]["mean"]
        # Elsewhere a quarter of the draws is used.
        assert row.probability["primary"]["mean"] == pytest.approx(want, abs=1e-12 if row.current else 0.02)
        tipping = elsewhere.to_dict()["tipping"]
        assert row.prevalence == pytest.approx(tipping["prevalence_now"], rel=1e-12)


def test_changed_samples_print_as_they_did(model: Model) -> None:
    patient = Patient(
        age_years=40, igm=[{"value": 20, "unit": "mg/dL"}, {"value": 30, "unit": "mg/dL", "resolution": 5}]
    )
    changed = with_igm(patient, 10.0)
    assert [(s.value_mg_dl, s.low_mg_dl, s.high_mg_dl) for s in changed.igm] == [(10.0, 9.5, 10.5), (15.0, 12.5, 17.5)]
    limit = patient.replace(igm=(patient.igm[0], replace(patient.igm[1], comparator="<", low_mg_dl=0.0)))
    assert [(s.low_mg_dl, s.high_mg_dl) for s in with_igm(limit, 40.0).igm] == [(39.5, 40.5), (0.0, 60.0)]
