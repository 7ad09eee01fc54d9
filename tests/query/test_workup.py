"""The work-up that is due: for whom, in which order, what is known of it; and bad tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sigm_bayes import Patient
from sigm_bayes.errors import ModelError
from sigm_bayes.paths import models_dir
from sigm_bayes.posterior.provenance import model_digest
from sigm_bayes.query import Model, wording
from sigm_bayes.query.next_steps import Next
from sigm_bayes.query.workup import load_workup, workup_items

IGM = [{"value": 25, "unit": "mg/dL"}]


def states(model: Model, **known: Any) -> dict[str, str]:
    patient = Patient(**{"age_years": 40, "igm": IGM} | known)
    return {item.id: item.state for item in workup_items(model.workup, patient)}


def test_the_order_for_an_adult(model: Model) -> None:
    assert list(states(model)) == [
        "repeat", "drugs", "count", "monoclonal", "loss", "hiv", "lymphocytes", "vaccines",
    ]  # fmt: skip
    assert set(states(model).values()) == {"due"}


def test_every_item_has_a_reason_and_a_source(model: Model) -> None:
    for row in (*model.workup.due, *model.workup.must_not_miss):
        assert len(row.reason) > 15
        assert row.source


@pytest.mark.parametrize("age", [0.7, 1.5, 6.0, 17.0, 18.0, 80.0])
def test_the_short_list_of_the_answer_is_the_same_work_up(model: Model, age: float) -> None:
    """`due` of the plain answer names it in short; the table adds what is only for some."""
    patient = Patient(age_years=age, igm=IGM)
    labels = {item.label for item in workup_items(model.workup, patient)}
    short = set(wording.due(age_years=age, repeated=False))
    assert short - labels <= {wording.DUE_VACCINES} if age < 2 else short == labels


def test_a_boy_with_small_platelets_and_eczema(model: Model) -> None:
    findings = {"thrombocytopenia_small_platelets": "present", "chronic_dermatitis": "present"}
    boy = Patient(age_years=3, sex="male", igm=IGM, findings=findings)
    first = workup_items(model.workup, boy)[0]
    assert first.id == "platelets_boy"
    assert first.urgent
    for other in ({"sex": "female"}, {"age_years": 30}, {"findings": {"chronic_dermatitis": "present"}}):
        known = {"age_years": 3, "sex": "male", "findings": findings, **other}
        assert "platelets_boy" not in states(model, **known)


def test_an_infant_who_does_not_thrive(model: Model) -> None:
    item = workup_items(model.workup, Patient(age_years=1, igm=IGM, findings={"failure_to_thrive": "present"}))[0]
    assert (item.id, item.urgent) == ("combined_infant", True)


def test_what_is_known_is_done(model: Model) -> None:
    known = states(
        model, igm=[*IGM, {"value": 24, "unit": "mg/dL", "context": "well"}],
        causes=dict.fromkeys(("hiv", "mgus", "nephrotic_syndrome", "protein_losing_enteropathy"), "absent"),
        tests={"pneumococcal_response": "normal"},
    )  # fmt: skip
    assert known["repeat"] == known["hiv"] == known["loss"] == "done"
    assert known["monoclonal"] == known["vaccines"] == "partly"
    assert known["count"] == known["lymphocytes"] == "due"


def test_a_repeat_in_acute_illness_is_no_repeat_when_well(model: Model) -> None:
    ill = {"value": 24, "unit": "mg/dL", "context": "intensive_care"}
    assert states(model, igm=[*IGM, ill])["repeat"] == "due"


def information(model: Model, **known: Any) -> Next:
    return model.next(Patient(**{"age_years": 40, "igm": IGM} | known))


def test_what_must_not_be_missed_stays_on_the_first_list(model: Model) -> None:
    found = {item.id: item for item in information(model, age_years=60).information}
    for id in ("myeloma_or_paraprotein", "chronic_lymphocytic_leukaemia", "lymphoma", "thymoma", "hiv"):
        assert found[id].first
        assert found[id].must_not_miss
        assert found[id].reason
    ranks = list(found)
    assert any(ranks.index(id) >= model.workup.first for id in ("thymoma", "hiv"))
    assert sum(item.first for item in found.values()) <= model.workup.first + 5
    assert all(found[id].first for id in ranks[: model.workup.first])


def test_once_known_it_is_on_no_list(model: Model) -> None:
    ids = {item.id for item in information(model, causes={"myeloma_or_paraprotein": "absent"}).information}
    assert "myeloma_or_paraprotein" not in ids


def test_a_child_is_not_asked_what_cannot_be_read(model: Model) -> None:
    infant = {item.id for item in information(model, age_years=1).information}
    assert not infant & {"pneumococcal_response", "igg_subclasses", "clozapine", "mgus"} - {"clozapine", "mgus"}
    assert "failure_to_thrive" in infant
    adult = {item.id for item in information(model).information}
    assert "failure_to_thrive" not in adult
    assert {"pneumococcal_response", "igg_subclasses"} <= adult


# --- The table ------------------------------------------------------------------------------------------------


def test_the_table_is_no_part_of_the_model(tmp_path: Path) -> None:
    for name in ("model.toml", "priors.toml"):
        (tmp_path / name).write_bytes((models_dir() / "sigm" / name).read_bytes())
    assert model_digest(tmp_path) == model_digest(models_dir() / "sigm")


def load(tmp_path: Path, catalogue: Any, text: str) -> Any:
    (tmp_path / "workup.toml").write_text(text, encoding="utf-8")
    return load_workup(tmp_path, catalogue=catalogue)


SHIPPED = (models_dir() / "sigm" / "workup.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "hiv"\nlabel', "label", "missing"),
        ('answers = ["hiv"]', 'answers = ["hvi"]', "Did you mean hiv"),
        ("first = 5", "first = -1", "list.first"),
        ("first = 5", 'first = "five"', "whole number"),
        ("from_years = 18", 'from_years = "18"', "expected a number"),
        ("from_years = 18", "from_yeers = 18", "Did you mean from_years"),
        ('id = "loss"', 'id = "count"', "twice"),
        ("[list]", "[list", "not valid|cannot be read"),
        ('id = "thymoma"', 'id = "thymome"', "thymoma"),
        ("reason = ", "grund = ", "unknown key"),
    ],
)
def test_a_bad_table_names_place_and_remedy(tmp_path: Path, catalogue: Any, old: str, new: str, said: str) -> None:
    assert old in SHIPPED
    with pytest.raises(ModelError, match=said):
        load(tmp_path, catalogue, SHIPPED.replace(old, new, 1))


@pytest.mark.parametrize("text", ["", "\ufeff", "due = 1", "[[due]]", "[list]\nfirst = 5", "\x00"])
def test_no_table_is_an_error(tmp_path: Path, catalogue: Any, text: str) -> None:
    with pytest.raises(ModelError):
        load(tmp_path, catalogue, text)
    with pytest.raises(ModelError, match=r"workup\.toml"):
        load_workup(tmp_path / "nowhere", catalogue=catalogue)


def test_all_problems_are_told_together(tmp_path: Path, catalogue: Any) -> None:
    bad = SHIPPED.replace("first = 5", "first = -1").replace('answers = ["hiv"]', 'answers = ["hvi"]')
    with pytest.raises(ModelError) as told:
        load(tmp_path, catalogue, bad)
    assert len(told.value.problems) == 2
