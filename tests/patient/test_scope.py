"""Who gets no probability, and what is said instead."""

from __future__ import annotations

import pytest

from sigm_bayes.catalogue import default_catalogue
from sigm_bayes.patient import parse_patient, scope


def refusal(person, **more):
    return scope(parse_patient(person(**more)))


@pytest.mark.parametrize("age", [0.5, 1, 34, 100])
def test_from_six_months_on_there_is_an_answer(person, age):
    assert refusal(person, age_years=age) is None


def test_a_four_month_old_gets_the_reason(person):
    said = refusal(person, age_years=..., age_months=4)
    assert said.code == "under_six_months"
    assert "Under 6 months no probability is given" in said.message
    assert not said.urgent
    assert any("Repeat IgG, IgA and IgM from 6 months" in line for line in said.workup)


@pytest.mark.parametrize("finding", default_catalogue().limits.urgent_in_infants)
def test_serious_infection_or_failure_to_thrive_makes_it_urgent(person, finding):
    said = refusal(person, age_years=0.3, findings={finding: "present"})
    assert said.urgent
    assert "severe combined immunodeficiency and agammaglobulinaemia are to be excluded urgently" in said.message
    assert "without delay" in said.workup[0]


@pytest.mark.parametrize("more", [{"findings": {"sepsis": "present"}}, {"invasive": [{"site": "meningitis"}]}])
def test_an_episode_counts_however_it_is_written(person, more):
    assert refusal(person, age_years=0.3, **more).urgent


def test_a_cold_is_not_urgent(person):
    assert not refusal(person, age_years=0.3, findings={"recurrent_urti": "present"}).urgent


def test_prematurity_counts(person):
    assert refusal(person, age_years=0.6) is None
    assert refusal(person, age_years=0.6, gestational_weeks=40) is None
    said = refusal(person, age_years=0.6, gestational_weeks=30)
    assert "corrected age" in said.message


def test_a_known_inborn_error_is_refused(person):
    said = refusal(person, known_inborn_error=True)
    assert said.code == "known_inborn_error"
    assert said.workup
    assert refusal(person, known_inborn_error=False) is None


def test_a_young_infant_with_a_known_inborn_error_keeps_the_urgent_message(person):
    said = refusal(person, age_years=0.2, known_inborn_error=True, findings={"pneumonia": "present"})
    assert said.urgent


@pytest.mark.parametrize(
    "more",
    [
        {"age_years": 0.3},
        {"age_years": 0.3, "findings": {"pneumonia": "present"}},
        {"known_inborn_error": True},
    ],
)
def test_no_sentence_speaks_of_diagnosis(person, more):
    said = refusal(person, **more)
    assert "diagnos" not in " ".join((said.message, *said.workup)).lower()
