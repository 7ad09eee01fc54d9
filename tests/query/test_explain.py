"""The explanation as a whole: shape, laziness, uncertainty, refusals."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigm_bayes import Patient
from sigm_bayes.query import Answer, Model
from sigm_bayes.query.draws import normalise
from sigm_bayes.query.uncertainty import uncertainty

SEED = 20261207
IGM = [{"value": 25, "unit": "mg/dL"}]
SICK = {"age_years": 40, "setting": "allergy_immunology_clinic", "findings": {"pneumonia": "present"}, "igm": IGM}


@pytest.mark.parametrize("number", range(6))
def test_the_document_is_plain_data(model: Model, random_patient: Callable[..., dict[str, Any]], number: int) -> None:
    rng = np.random.default_rng([SEED, number])
    patient = Patient(**random_patient(rng, exposures=True), igm=[{"value": int(rng.integers(3, 60)), "unit": "mg/dL"}])
    answer = model.query(patient)
    told = answer.explain(thresholds=(0.1,), repeat_months=6).to_dict()
    document = answer.to_dict() | told
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert set(told) == {"next", "tipping", "settings", "uncertainty"}
    assert set(told["next"]) == {"workup", "information", "entropy_bits", "draws"}
    for item in told["next"]["information"]:
        assert {"id", "kind", "bits", "outcomes"} <= set(item)
        assert all({"result", "probability", "after"} <= set(o) for o in item["outcomes"])
        assert (item["months"] is not None) == (item["kind"] == "repeat") == bool(item["grid"])
    before = model.query(patient).to_dict()["tipping"]
    assert {key: told["tipping"][key] for key in before} == before


def test_an_answer_explains_the_same_as_the_model(model: Model) -> None:
    patient = Patient(**SICK)
    answer = model.query(patient)
    assert answer.next() == model.next(patient) == answer.explain().next
    assert answer.uncertainty() == answer.explain().uncertainty


def test_keeping_what_was_weighed_changes_nothing(model: Model) -> None:
    patient = Patient(**SICK)
    kept, again = model.query(patient, explain=True), model.query(patient)
    assert kept.document == again.document
    assert kept.explain(thresholds=(0.2,)) == again.explain(thresholds=(0.2,))


def test_a_plain_query_explains_nothing_and_imports_nothing_for_it(model: Model) -> None:
    code = (
        "import sys\n"
        "from sigm_bayes import Patient, load_model\n"
        "answer = load_model().query(Patient(age_years=34, igm=[{'value': 25, 'unit': 'mg/dL'}]))\n"
        "answer.to_dict()\n"
        "rooms = ('explain', 'next_steps', 'tipping_points', 'workup', 'uncertainty', 'information', 'changes')\n"
        "assert not [m for m in sys.modules if m.rpartition('.')[2] in rooms and m.startswith('sigm_bayes.query')]\n"
        "answer.uncertainty()\n"
        "assert 'sigm_bayes.query.explain' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert "next" not in model.query(Patient(**SICK)).to_dict()


def test_an_answer_without_its_model_says_so(model: Model) -> None:
    copied = Answer(model.query(Patient(**SICK)).document)
    with pytest.raises(TypeError, match="query"):
        copied.next()


@pytest.mark.parametrize("given_", [{"age_months": 3}, {"age_years": 30, "known_inborn_error": True}])
def test_a_refusal_keeps_its_work_up_and_gives_no_number(model: Model, given_: dict[str, Any]) -> None:
    answer = model.query(Patient(**given_, igm=IGM))
    assert answer.refused is not None
    told = answer.explain(thresholds=(0.1,)).to_dict()
    assert [item["label"] for item in told["next"]["workup"]] == answer.refused["workup"]
    assert told["next"]["information"] == []
    assert told["tipping"] is told["settings"] is told["uncertainty"] is None
    assert answer.tipping() is answer.settings() is answer.uncertainty() is None


# --- Uncertainty ----------------------------------------------------------------------------------------------


def test_one_set_of_parameters_leaves_no_parameter_uncertainty() -> None:
    found = uncertainty(np.array([[0.5, 0.0, 0.25, 0.125, 0.125]] * 3), np.array([0.2, 0.7, 0.1]))
    assert found.total_bits == pytest.approx(1.5)
    assert found.parameter_bits == pytest.approx(0.0, abs=1e-12)
    assert found.primary_share == pytest.approx(0.0, abs=1e-12)


def test_parameters_that_each_know_the_class_leave_nothing_else() -> None:
    found = uncertainty(np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]), np.array([0.5, 0.5]))
    assert found.total_bits == pytest.approx(1.0)
    assert found.remaining_bits == pytest.approx(0.0, abs=1e-12)
    assert found.parameter_share == pytest.approx(1.0)
    assert found.primary_share == pytest.approx(1.0)
    assert "100%" in found.message


@given(st.integers(0, 10_000), st.floats(0.1, 5.0))
def test_the_parts_add_up(seed: int, width: float) -> None:
    rng = np.random.default_rng(seed)
    p, weights = normalise(width * rng.standard_normal((7, 9))), normalise(width * rng.standard_normal(7))
    found = uncertainty(p, weights)
    mean = [sum(w * row[k] for w, row in zip(weights, p, strict=True)) for k in range(3)]
    mean.append(1.0 - sum(mean))
    assert found.total_bits == pytest.approx(-sum(x * math.log2(x) for x in mean), abs=1e-9)
    assert found.total_bits == pytest.approx(found.remaining_bits + found.parameter_bits, abs=1e-12)
    assert 0.0 <= found.remaining_bits <= found.total_bits <= 2.0 + 1e-12
    assert 0.0 <= found.parameter_share <= 1.0
    assert 0.0 <= found.primary_share <= 1.0


def test_more_draws_that_agree_say_that_the_patient_is_what_is_open(model: Model) -> None:
    found = model.query(Patient(**SICK)).uncertainty()
    assert found is not None
    assert found.remaining_bits > found.parameter_bits > 0.0
    assert f"{100 * found.parameter_share:.0f}%" in found.message
