"""Every weight of an answer names the studies and the priors that it rests on."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from sigm_bayes import Patient
from sigm_bayes.evidence import load_evidence
from sigm_bayes.query import Answer, Model
from sigm_bayes.query.sources import PRIORS, PRIORS_OF_ONE, TERMS, Sources, reference_studies
from sigm_bayes.query.weighing import GROUPS

FULL = Patient(
    age_years=50, sex="male", setting="hospital",
    igm=[{"value": 25, "unit": "mg/dL"}, {"value": 22, "unit": "mg/dL"}], igg_status="normal", iga_status="normal",
    findings={"pneumonia": "present", "asthma": "absent"}, tests={"ige": "normal"},
    causes={"b_cell_depletion": "present", "clozapine": "absent"},
)  # fmt: skip


def test_the_start_every_group_and_every_single_weight_has_a_basis(model: Model) -> None:
    answer = model.query(FULL)
    document, sources = answer.to_dict(), answer.sources()
    assert json.loads(json.dumps(sources, allow_nan=False)) == sources
    told = [(basis["group"], basis["id"]) for basis in sources]
    wanted = [("start", "")]
    for item in document["ledger"]["items"]:
        wanted += [(item["group"], ""), *((item["group"], detail["id"]) for detail in item["details"])]
    assert told == wanted
    assert {group for group, _ in told} == {"start", *GROUPS}
    assert all(basis["studies"] or basis["priors"] for basis in sources)


def test_a_study_is_named_with_its_people_and_its_numbers(model: Model) -> None:
    by = {(b["group"], b["id"]): b for b in model.query(FULL).sources()}
    robinson = {study["study"]: study for study in by["exposures", "b_cell_depletion"]["studies"]}["ROB15"]
    item = next(i for i in load_evidence().items if i.item_id == "ROB15-low")
    assert robinson["n"] == item.study.n == 243
    assert robinson["citation"] == item.study.citation
    (number,) = robinson["numbers"]
    assert (number["item"], number["k"], number["n"]) == ("ROB15-low", 141, 243)
    used = {i.item_id for i in load_evidence().items if i.used and "pneumonia" in i.findings}
    found = {n["item"] for study in by["infections", "pneumonia"]["studies"] for n in study["numbers"]}
    assert found == used
    curves = {study["study"] for study in by["igm", ""]["studies"]}
    assert "bayram_2019" in curves  # a reference table
    assert {p["parameter"] for p in by["start", ""]["priors"]} >= {"logit_primary", "logit_other"}


def test_every_kind_of_term_and_every_prior_named_exists(model: Model) -> None:
    """A renamed term or parameter would leave a weight without its basis."""
    used = {item.term for item in load_evidence().items if item.used}
    assert {term for terms in TERMS.values() for term in terms} <= used
    names = {p.name for p in model.priors.parameters}
    assert {name for table in (PRIORS, PRIORS_OF_ONE) for names_ in table.values() for name in names_} <= names


def test_a_model_of_other_evidence_tells_its_priors_alone(model: Model) -> None:
    basis = Sources(model.priors, None, {}).of("infections", "pneumonia")
    assert basis.studies == ()
    assert [p.parameter for p in basis.priors] == list(PRIORS_OF_ONE["infections"])


def test_a_refusal_has_no_weights_to_source(model: Model) -> None:
    assert model.query(Patient(age_months=3, igm=[{"value": 12, "unit": "mg/dL"}])).sources() == []


def test_an_answer_without_its_model_says_so(model: Model) -> None:
    with pytest.raises(TypeError, match="query"):
        Answer(model.query(FULL).document).sources()


def test_a_plain_query_reads_no_evidence() -> None:
    code = (
        "import sys\n"
        "from sigm_bayes import Patient, load_model\n"
        "answer = load_model().query(Patient(age_years=34, igm=[{'value': 25, 'unit': 'mg/dL'}]))\n"
        "assert 'sigm_bayes.query.sources' not in sys.modules\n"
        "assert answer.sources()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_reference_study_can_be_named() -> None:
    for studies in reference_studies().values():
        for study in studies:
            assert study.citation.strip(" ,_")
