"""Conditions, drugs and tests: windows, counts, refutations, courses; unknown is never absent."""

from __future__ import annotations

import pytest
from fhir_builders import IGM, SUBJECT, concept, condition, observation, patient, statement, word

LOW = {"interpretation": [word("L")]}
NORMAL = {"interpretation": [word("N")]}


def findings(reading):
    return reading.mapping.get("findings", {})


def causes(reading):
    return reading.mapping.get("causes", {})


def test_nothing_said_is_nothing_known(read):
    mapping = read().mapping
    assert set(mapping) == {"sex", "igm", "age_years"}
    assert mapping["age_years"] == pytest.approx(36, abs=0.01)


@pytest.mark.parametrize(
    ("resource", "kind"),
    [
        (condition("c", "icd10 J18.9", onset="2025-03"), "used"),
        (condition("c", "icd10 J18.9", onset="2015-03"), "outside_window"),
        (condition("c", "icd10 J18.9", onset="2026-02"), "after_last_igm"),
        (condition("c", "icd10 J18.9"), "date_missing"),
        (condition("c", "icd10 J18.9", recordedDate="2025-03-01"), "used"),
        (condition("c", "icd10 J18.9", onset="last year"), "date_unreadable"),
        (condition("c", "icd10 J18.9", onset="2025-03", verified="provisional"), "not_asserted"),
        (condition("c", "icd10 J18.9", onset="2025-03", verified="entered-in-error"), "entered_in_error"),
        (condition("c", "icd10 J18.9", onset="2025-03", verified="maybe"), "status_missing"),
        (condition("c", "icd10 J01.9", onset="2025-03"), "too_few_episodes"),
        (condition("c", "icd10 Q99999"), "date_missing"),
        (condition("c", "icd10 Z00.0"), "code_unknown"),
        (condition("c", "http://example.org/codes A"), "system_unknown"),
        (condition("c", "icd10 D80.4"), "code_is_question"),
        (condition("c", "icd10 Z83.2"), "code_is_wider"),
        (condition("c", "snomed 195708003"), "code_is_wider"),
        (condition("c", "icd10 J18.9", "icd10 J45.9", onset="2025-03"), "code_ambiguous"),
        (condition("c", "hpo HP:0002850"), "phenotype"),
        (condition("c"), "code_missing"),
        (condition("c", "ours sinusitus"), "code_unknown"),
    ],
)
def test_why_a_condition_is_used_or_not(read, kinds, resource, kind):
    reading = read(resource)
    got = kinds(reading)["Condition/c"]
    assert got == kind or (kind == "date_missing" and "chromosomal_or_syndromic" in findings(reading))
    if got != "used":
        assert "pneumonia" not in findings(reading)
        assert all(state != "absent" for state in findings(reading).values())


def test_translations_of_one_thing_agree(read):
    reading = read(condition("c", "snomed 233604007", "icd10 J18.9", "http://local.example X", onset="2025-03"))
    assert findings(reading) == {"pneumonia": "present"}


@pytest.mark.parametrize(
    ("days", "state"),
    [
        (["2025-01-10", "2025-05-10", "2025-09-10"], "present"),
        (["2025-01-10", "2025-01-20", "2025-02-01", "2025-02-20"], None),  # one illness, seen four times
        (["2020-01-10", "2025-05-10", "2025-09-10"], None),
    ],
)
def test_recurrence_is_counted(read, days, state):
    reading = read(*(condition(f"c{i}", "icd10 H66.9", onset=day) for i, day in enumerate(days)))
    assert findings(reading).get("otitis_media") == state


@pytest.mark.parametrize(
    ("code", "finding"),
    [
        ("icd10 J32.0", "sinusitis"),
        ("icd10cm J01.01", "sinusitis"),
        ("hpo HP:0000403", "otitis_media"),
        ("icd10 H66.2", "otitis_media"),
        ("icd10 J42", "bronchitis"),
        ("hpo HP:0000010", "urinary_tract_infection"),
    ],
)
def test_codes_that_say_recurrent_or_chronic(read, code, finding):
    assert findings(read(condition("c", code, onset="2025-11-01"))) == {finding: "present"}


def test_refuted_is_absent_where_one_code_is_the_whole(read, kinds):
    reading = read(
        condition("a", "icd10 J18.9", verified="refuted"),
        condition("b", "icd10 M32.9", verified="refuted"),
        condition("c", "icd10 C50.9", verified="refuted"),
        condition("d", "icd10 J06.9", verified="refuted"),
    )
    assert findings(reading) == {"pneumonia": "absent"}
    assert causes(reading) == {"systemic_lupus": "absent"}
    assert kinds(reading)["Condition/c"] == kinds(reading)["Condition/d"] == "one_episode_refuted"


def test_refuted_and_confirmed(read, refused, kinds):
    sick = condition("sick", "icd10 J18.9", onset="2024-05-01")
    other = condition("other", "icd10 J18.1", onset="2025-06-01", verified="refuted")
    reading = read(sick, other)
    assert findings(reading) == {"pneumonia": "present"}
    assert kinds(reading)["Condition/other"] == "present_elsewhere"
    same = condition("same", "icd10 J18.1", onset="2024-05", verified="refuted")
    message = refused(sick, same)
    assert "Condition/same: pneumonia is refuted; Condition/sick says otherwise" in message
    assert "systemic_lupus is refuted" in refused(
        condition("a", "icd10 M32.9", onset="2020"), condition("b", "icd10 M32.1", verified="refuted")
    )


def test_one_illness_is_one_episode(read):
    reading = read(
        condition("a", "icd10 A39.0", onset="2024-03-01"),
        condition("b", "icd10 A40.3", onset="2024-03-04"),
        condition("c", "icd10 A41.5", onset="2020-03-04"),
    )
    assert reading.mapping["invasive"] == [
        {"site": ["bloodstream"], "organism": "gram_negative"},
        {"site": ["meningitis", "bloodstream"], "organism": "encapsulated"},
    ]


def test_a_pneumococcal_pneumonia_is_not_invasive_by_itself(read):
    reading = read(condition("a", "icd10 J13", onset="2025-03-01"))
    assert findings(reading) == {"pneumonia": "present"}
    assert "invasive" not in reading.mapping


def test_known_inborn_error(read, kinds):
    assert read(condition("a", "icd10 D83.1", onset="2020")).mapping["known_inborn_error"] is True
    reading = read(condition("a", "icd10 D83.1", verified="refuted"))
    assert "known_inborn_error" not in reading.mapping
    assert kinds(read(condition("a", "icd10 D83.1", verified="provisional")))["Condition/a"] == "not_asserted"


def test_local_codes_say_the_whole(read):
    reading = read(
        condition("a", "ours sinusitis"),
        condition("b", "ours recurrent_urti", verified="refuted"),
        condition("c", "ours b_cell_depletion", verified="refuted"),
        condition("d", "ours meningitis", verified="refuted"),
        observation("e", "ours no_significant_infection", valueBoolean=False),
        observation("f", "ours on_immunoglobulin", valueBoolean=False),
        observation("g", "ours pneumonia", valueBoolean=True),
    )
    assert findings(reading) == {
        "sinusitis": "present", "recurrent_urti": "absent", "meningitis": "absent", "pneumonia": "present",
        "no_significant_infection": "absent",
    }  # fmt: skip
    assert causes(reading) == {"b_cell_depletion": "absent"}
    assert reading.mapping["on_immunoglobulin"] is False


def test_course_of_a_drug(read):
    rituximab = statement("r", "atc L01FA01", status="completed", start="2024-03-01", end="2025-02-01")
    assert causes(read(rituximab)) == {
        "b_cell_depletion": {"state": "present", "started": "before_low_igm", "last_dose": "2025-02-01"}
    }
    later = statement("r", "atc L01FA01", start="2026-02-01")
    assert causes(read(later)) == {"b_cell_depletion": {"state": "present", "started": "after_low_igm"}}
    undated = statement("r", "atc L01FA01")
    assert causes(read(undated)) == {"b_cell_depletion": "present"}


def test_a_normal_igm_before_the_drug_is_said_as_such(read, kinds):
    drug = statement("r", "atc N05AH02", start="2024-03-01")
    before = observation("before", IGM, 110, date="2023-05-01", **NORMAL)
    reading = read(before, observation("after", IGM, 25, **LOW), drug)
    assert causes(reading)["clozapine"] == {
        "state": "present", "started": "before_low_igm", "igm_before": "normal"
    }  # fmt: skip
    assert [s["value"] for s in reading.mapping["igm"]] == ["25"]
    assert kinds(reading)["Observation/before"] == "used"
    low = read(observation("before", IGM, 20, date="2023-05-01", **LOW), observation("after", IGM, 25, **LOW), drug)
    assert causes(low)["clozapine"] == {"state": "present", "started": "after_low_igm", "igm_before": "low"}
    assert len(low.mapping["igm"]) == 2


def test_an_igm_before_the_drug_that_is_neither_low_nor_normal_is_a_doubt(read):
    drug = statement("r", "atc N05AH02", start="2024-03-01")
    reading = read(observation("before", IGM, 60, date="2023-05-01"), observation("after", IGM, 25), drug)
    assert causes(reading) == {"clozapine": "present"}
    assert [c["code"] for c in reading.cautions] == ["before_unclear"]


@pytest.mark.parametrize(
    ("resource", "kind"),
    [
        (statement("r", "atc L01FA01", status="not-taken"), "not_taken"),
        (statement("r", "atc L01FA01", status="intended"), "not_taken"),
        (statement("r", "atc L01FA01", status="entered-in-error"), "entered_in_error"),
        (statement("r", "atc L01FA01", status="whatever"), "status_missing"),
        (statement("r", "rxnorm 8640"), "route_missing"),
        (statement("r", "rxnorm 8640", dosage=[{"route": word("6064005")}]), "route_local"),
        (statement("r", "rxnorm 8640", dosage=[{"route": word("26643006")}]), "used"),
        (statement("r", "atc H02AB06", status="completed", start="2025-01-01", end="2025-01-05"), "too_short"),
        (statement("r", "atc H02AB06", status="completed", start="2025-01-01", end="2025-03-05"), "used"),
        (statement("r", "atc Z99"), "code_unknown"),
    ],
)
def test_why_a_drug_is_used_or_not(read, kinds, resource, kind):
    reading = read(resource)
    assert kinds(reading)["MedicationStatement/r"] == kind
    assert (kind == "used") == bool(causes(reading))


def test_drugs_by_reference(read, kinds):
    held = {"resourceType": "Medication", "id": "m", "code": concept("atc N05AH02")}
    by_entry = statement("a", medicationReference={"reference": "Medication/m"})
    by_entry.pop("medicationCodeableConcept")
    contained = {**by_entry, "id": "b", "contained": [held], "medicationReference": {"reference": "#m"}}
    lost = {**by_entry, "id": "c", "medicationReference": {"reference": "#elsewhere"}}
    reading = read(held, by_entry, contained, lost)
    got = kinds(reading)
    assert [got[f"MedicationStatement/{id}"] for id in "abc"] == ["used", "used", "reference_unresolved"]


def test_requests_and_administrations(read, kinds):
    request = {
        "resourceType": "MedicationRequest", "id": "r", "status": "active", "intent": "order", "subject": SUBJECT,
        "medicationCodeableConcept": concept("atc N05AH02"), "authoredOn": "2024-01-01",
    }  # fmt: skip
    assert causes(read(request))["clozapine"]["started"] == "before_low_igm"
    assert kinds(read({**request, "intent": "proposal"}))["MedicationRequest/r"] == "not_taken"
    given = {
        "resourceType": "MedicationAdministration", "status": "completed", "subject": SUBJECT,
        "medicationCodeableConcept": concept("atc L01FA01"),
    }  # fmt: skip
    doses = [{**given, "id": f"d{i}", "effectiveDateTime": day} for i, day in enumerate(("2024-03-01", "2025-03-01"))]
    assert causes(read(*doses))["b_cell_depletion"]["last_dose"] == "2025-03-01"


def test_illness_long_before_the_igm(read, kinds):
    reading = read(condition("c", "icd10 R57.0", onset="2020-01-01", abatementDateTime="2020-01-09"))
    assert kinds(reading)["Condition/c"] == "too_long_ago"
    near = read(condition("c", "icd10 R57.0", onset="2025-12-20", abatementDateTime="2025-12-29"))
    assert "critical_illness" in causes(near)


def test_a_sample_soon_after_an_acute_infection(read):
    near = read(condition("c", "icd10 J18.9", onset="2025-12-10", abatementDateTime="2025-12-20"))
    assert near.mapping["igm"][0]["context"] == "acute_infection"
    far = read(condition("c", "icd10 J18.9", onset="2025-10-10", abatementDateTime="2025-10-20"))
    assert "context" not in far.mapping["igm"][0]
    unclear = read(condition("c", "icd10 J18.9", onset="2025-12"))
    assert "context" not in unclear.mapping["igm"][0]


def test_immunoglobulin_replacement(read):
    reading = read(statement("i", "atc J06BA02", start="2025-06-01"))
    assert reading.mapping["on_immunoglobulin"] is True
    assert reading.mapping["igm"][0]["context"] == "on_immunoglobulin"
    before = read(statement("i", "atc J06BA02", status="completed", start="2020-06-01", end="2021-01-01"))
    assert "on_immunoglobulin" not in before.mapping


def test_immunology_tests(read, kinds):
    count = {"valueQuantity": {"value": 0.05, "unit": "10*9/L"}, "referenceRange": [
        {"low": {"value": 0.1, "unit": "10*9/L"}, "high": {"value": 0.5, "unit": "10*9/L"}}
    ]}  # fmt: skip
    reading = read(
        observation("cd19", "loinc 8116-6", **count),
        observation("ige", "loinc 19113-0", interpretation=[word("L")]),
        observation("titre", "loinc 51407-5", 1.0, "ug/mL"),
        observation("igg1", "loinc 2466-1", interpretation=[word("N")]),
        observation("igg2", "loinc 2467-9", interpretation=[word("N")]),
        observation("old", "ours t_cells_cd4", interpretation=[word("A")], date="2020-01-01"),
        observation("new", "ours t_cells_cd4", interpretation=[word("N")], date="2025-01-01"),
        observation("none", "ours protein_vaccine_response", dataAbsentReason=word("not-performed")),
    )
    assert reading.mapping["tests"] == {
        "b_cells_cd19": "abnormal", "ige": "normal", "t_cells_cd4": "normal", "protein_vaccine_response": "not_done",
    }  # fmt: skip
    got = kinds(reading)
    assert got["Observation/titre"] == "result_unclear"
    assert got["Observation/igg1"] == "incomplete_set"
    assert got["Observation/old"] == "older_result"


@pytest.mark.parametrize(
    ("birth", "age", "cautions"),
    [("1990-01-01", 36.0, 0), ("1990", 35.5, 1), ("1990-01", 35.96, 0), ("2025", 0.5, 1), ("2026", 0.0, 0)],
)
def test_age_at_the_first_igm(read, birth, age, cautions):
    reading = read(patient(birthDate=birth))
    assert reading.mapping["age_years"] == pytest.approx(age, abs=0.02)
    assert [c["code"] for c in reading.cautions] == ["age_from_partial_date"] * cautions


def test_every_resource_is_in_the_account_once(read):
    reading = read(
        patient(),
        observation("igm", IGM, 25),
        condition("a", "icd10 J18.9", onset="2025-01-01"),
        condition("b", "icd10 Z00.0"),
        {"resourceType": "Flag", "id": "f", "subject": SUBJECT},
        {"resourceType": "Organization", "id": "o"},
        {"id": "nothing"},
    )
    names = [entry.resource for entry in reading.entries]
    assert sorted(names) == sorted(set(names))
    assert set(names) == {
        "Patient/p", "Observation/igm", "Condition/a", "Condition/b", "Flag/f", "Organization/o", "entry[6]",
    }  # fmt: skip
