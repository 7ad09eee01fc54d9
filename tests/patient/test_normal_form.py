"""The normal form: what the rest of the package reads, however the person was written down."""

from __future__ import annotations

import pickle

import pytest

from sigm_bayes import Patient as PublicPatient
from sigm_bayes.catalogue import default_catalogue
from sigm_bayes.patient import Episode, Exposure, Patient, doubts, parse_patient

CATALOGUE = default_catalogue()
INFECTIONS = {finding.id for finding in CATALOGUE.findings if finding.infection}
FLAGS = {flag.id for flag in CATALOGUE.invasive.flags}


def test_the_smallest_patient(person):
    patient = parse_patient(person())
    assert patient.age_years == 34
    assert patient.sex == "unknown"
    assert patient.setting is None
    assert patient.igg == patient.iga == ()
    assert (patient.igg_status, patient.iga_status) == (None, None)
    assert patient.findings == patient.causes == patient.tests == patient.invasive_flags == {}
    assert patient.known_inborn_error is False
    assert patient.on_immunoglobulin is None


def test_the_public_name_is_the_same_class(person):
    assert PublicPatient is Patient
    assert Patient(**person()) == parse_patient(person())


def test_null_counts_as_not_given(person):
    given = person(sex=None, setting=None, igg=None, findings={"sinusitis": None}, tests=None)
    assert parse_patient(given) == parse_patient(person())


def test_months_are_years():
    patient = Patient(age_months=18, igm={"value": 25, "unit": "mg/dL"})
    assert patient.age_years == 1.5


@pytest.mark.parametrize(
    ("age", "weeks", "corrected"),
    [(0.7, 30, 0.7 - 10 / 52.18), (0.7, 37, 0.7), (0.7, None, 0.7), (2, 30, 2), (40, 30, 40)],
)
def test_age_is_corrected_in_preterm_infants_only(person, age, weeks, corrected):
    patient = parse_patient(person(age_years=age, gestational_weeks=weeks))
    assert patient.corrected_age_years == pytest.approx(corrected, abs=1e-12)
    assert patient.age_years == age


def test_no_significant_infection_makes_every_infection_absent(person):
    patient = parse_patient(person(findings={"no_significant_infection": "present"}))
    assert patient.findings == dict.fromkeys(INFECTIONS, "absent")
    assert patient.invasive_flags == dict.fromkeys(FLAGS, "absent")
    assert patient.episodes == ()


def test_an_infection_stated_unknown_stays_unknown_beside_no_significant_infection(person):
    patient = parse_patient(person(findings={"no_significant_infection": "present", "otitis_media": "unknown"}))
    assert patient.findings["otitis_media"] == "unknown"
    assert patient.findings["sinusitis"] == "absent"


@pytest.mark.parametrize("flag", sorted(FLAGS))
def test_a_flat_key_makes_the_invasive_infection_present_and_is_kept(person, flag):
    patient = parse_patient(person(findings={flag: "present"}))
    assert patient.findings == {"invasive_infection": "present"}
    assert patient.invasive_flags == {flag: "present"}
    assert len(patient.episodes) == 1


def test_absent_flat_keys_leave_the_invasive_infection_unknown(person):
    patient = parse_patient(person(findings=dict.fromkeys(FLAGS, "absent")))
    assert "invasive_infection" not in patient.findings
    assert patient.episodes == ()


def test_a_meningococcal_septic_meningitis_is_one_episode(person):
    ticks = dict.fromkeys(("meningitis", "sepsis", "invasive_encapsulated"), "present")
    assert parse_patient(person(findings=ticks)).episodes == (
        Episode(sites=("meningitis", "bloodstream"), organism="encapsulated"),
    )


def test_two_organisms_are_two_episodes(person):
    ticks = dict.fromkeys(("meningitis", "gram_negative_sepsis", "invasive_encapsulated"), "present")
    assert parse_patient(person(findings=ticks)).episodes == (
        Episode(sites=("meningitis",), organism="encapsulated"),
        Episode(sites=("bloodstream",), organism="gram_negative"),
    )


def test_gram_negative_sepsis_is_in_the_bloodstream(person):
    ticks = {"sepsis": "present", "gram_negative_sepsis": "present"}
    assert parse_patient(person(findings=ticks)).episodes == (
        Episode(sites=("bloodstream",), organism="gram_negative"),
    )


def test_listed_episodes_are_taken_as_they_are(person):
    listed = [
        {"site": ["bloodstream", "meningitis"], "organism": "encapsulated", "severity": "life_threatening"},
        {"site": "lung", "number": "two_or_more"},
        {},
    ]
    patient = parse_patient(person(invasive=listed, findings={"meningitis": "present"}))
    first, second, third = patient.invasive
    assert first.sites == ("meningitis", "bloodstream")
    assert first.site == ("meningitis", "bloodstream")
    assert (second.site, second.number) == ("lung", "two_or_more")
    assert (third.site, third.organism, third.severity) == (None, None, None)
    assert patient.episodes == patient.invasive
    assert patient.findings["invasive_infection"] == "present"


def test_a_cause_is_a_state_or_a_table(person):
    patient = parse_patient(
        person(
            causes={
                "clozapine": "absent",
                "b_cell_depletion": {
                    "state": "present",
                    "started": "before_low_igm",
                    "last_dose": "2025-07",
                    "igm_before": "normal",
                    "igm_recovered_after_stop": "no",
                },
            }
        )
    )
    assert patient.causes["clozapine"] == Exposure(state="absent")
    exposure = patient.causes["b_cell_depletion"]
    assert (exposure.state, exposure.started, exposure.igm_before) == ("present", "before_low_igm", "normal")
    assert exposure.igm_recovered_after_stop == "no"
    assert exposure.last_dose == "2025-07"
    assert exposure.last_dose_years == pytest.approx(2025 + 196.5 / 365, abs=1e-9)


def test_spelling_does_not_change_the_hash(person):
    one = parse_patient(
        person(sex="unknown", findings={"asthma": "unknown", "sinusitis": "present", "otitis_media": "absent"})
    )
    other = Patient(
        igm={"value": 0.25, "unit": "g/L", "resolution": 0.01, "context": "unknown"},
        age_months=34 * 12,
        findings={"otitis_media": "absent", "sinusitis": "present"},
        causes={"hiv": "unknown"},
    )
    assert one.canonical() == other.canonical()
    assert one.sha256() == other.sha256()
    assert len(one.sha256()) == 64


@pytest.mark.parametrize(
    "more",
    [
        {"age_years": 35},
        {"sex": "female"},
        {"setting": "hospital"},
        {"igm": [{"value": 26, "unit": "mg/dL"}]},
        {"igm": [{"value": "<25", "unit": "mg/dL"}]},
        {"igm": [{"value": ">25", "unit": "mg/dL"}]},
        {"igm": [{"value": 25, "unit": "mg/dL", "context": "well"}]},
        {"igm": [{"value": 25, "unit": "mg/dL", "date": "2026"}]},
        {"igm": [{"value": 25, "unit": "mg/dL", "reference_interval": [40, 230]}]},
        {"igg_status": "normal"},
        {"iga": [{"value": 160, "unit": "mg/dL"}]},
        {"findings": {"sinusitis": "absent"}},
        {"findings": {"meningitis": "absent"}},
        {"findings": {"no_significant_infection": "absent"}},
        {"invasive": [{"site": "lung"}]},
        {"causes": {"hiv": "absent"}},
        {"causes": {"hiv": {"state": "present", "igm_before": "low"}}},
        {"tests": {"ige": "normal"}},
        {"known_inborn_error": True},
        {"on_immunoglobulin": False},
    ],
)
def test_whatever_can_change_the_answer_changes_the_hash(person, more):
    assert parse_patient(person(**more)).sha256() != parse_patient(person()).sha256()


def test_a_copy_with_changes_leaves_the_original(person):
    patient = parse_patient(person(findings={"sinusitis": "present"}))
    changed = patient.replace(findings={}, setting="hospital")
    assert (changed.findings, changed.setting) == ({}, "hospital")
    assert (patient.findings, patient.setting) == ({"sinusitis": "present"}, None)
    assert changed.igm == patient.igm
    with pytest.raises(TypeError, match="has no attribute igmm"):
        patient.replace(igmm=())


def test_a_patient_is_frozen_and_travels_between_processes(person):
    patient = parse_patient(person(causes={"hiv": "absent"}))
    with pytest.raises(AttributeError):
        patient.age_years = 3
    assert pickle.loads(pickle.dumps(patient)) == patient


@pytest.mark.parametrize(
    ("more", "codes"),
    [
        ({}, []),
        ({"igm": [{"value": 2, "unit": "mg/dL"}]}, ["check_unit"]),
        ({"igm": [{"value": "<2", "unit": "mg/dL"}]}, []),
        ({"igm": [{"value": 3, "unit": "mg/dL"}]}, []),
        ({"igg": [{"value": 40, "unit": "mg/dL"}]}, ["check_unit"]),
        ({"findings": {"no_significant_infection": "absent"}}, ["infection_not_named"]),
        ({"findings": {"no_significant_infection": "absent", "sepsis": "present"}}, []),
        ({"age_years": 6, "causes": {"mgus": "present"}}, ["unusual_age_for_cause"]),
        ({"age_years": 6, "causes": {"mgus": "absent", "lymphoma": "present"}}, []),
    ],
)
def test_possible_slips_are_cautions_not_errors(person, more, codes):
    found = doubts(parse_patient(person(**more)))
    assert [doubt.code for doubt in found] == codes
    assert all(doubt.severity == "caution" for doubt in found)
