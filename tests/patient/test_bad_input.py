"""Each bad input gives a clear error that names field, value and remedy; all of a file together."""

from __future__ import annotations

import math

import pytest

from sigm_bayes.errors import InputError
from sigm_bayes.patient import Patient, parse_patient

IGM = "igm[0].value"


@pytest.mark.parametrize(
    ("entry", "field", "said", "remedy"),
    [
        ({"value": 25}, "igm[0].unit", "never guessed", 'Add unit = "mg/dL"'),
        ({"value": 25, "unit": "stone"}, "igm[0].unit", "no known unit", "mg/dL, g/L"),
        ({"value": 25, "unit": "IU/mL"}, "igm[0].unit", "no known unit", "International units"),
        ({"value": 25, "unit": 1}, "igm[0].unit", "no known unit", "mg/dL, g/L"),
        ({"unit": "mg/dL"}, IGM, "missing", "value = 25"),
        ({"value": -25, "unit": "mg/dL"}, IGM, "negative", "Correct"),
        ({"value": "-25", "unit": "mg/dL"}, IGM, "no laboratory result", "cannot be negative"),
        ({"value": 0, "unit": "mg/dL"}, IGM, "not a result", "limit of quantification"),
        ({"value": 0.25, "unit": "mg/dL"}, IGM, "IgM of 0.25 mg/dL", "Did you mean 0.25 g/L?"),
        ({"value": "<0.20", "unit": "mg/dL"}, IGM, "below 1 mg/dL", "Did you mean 0.20 g/L?"),
        ({"value": 250, "unit": "g/L"}, IGM, "IgM of 25000 mg/dL", "Did you mean 250 mg/dL?"),
        ({"value": 1e300, "unit": "g/L"}, IGM, "cannot be believed", "Check value and unit"),
        ({"value": math.nan, "unit": "mg/dL"}, IGM, "NaN", "leave it out"),
        ({"value": math.inf, "unit": "mg/dL"}, IGM, "infinite", "leave it out"),
        ({"value": 10**400, "unit": "mg/dL"}, IGM, "infinite", "leave it out"),
        ({"value": True, "unit": "mg/dL"}, IGM, "not true or false", "For example 25"),
        ({"value": [25], "unit": "mg/dL"}, IGM, "not a list", "For example 25"),
        ({"value": "0,25", "unit": "g/L"}, IGM, "no laboratory result", "decimal point"),
        ({"value": "low", "unit": "g/L"}, IGM, "no laboratory result", '"<20"'),
        ({"value": "", "unit": "g/L"}, IGM, "no laboratory result", '"<20"'),
        ({"value": "1e5", "unit": "g/L"}, IGM, "no laboratory result", '"<20"'),
        ({"value": "٢٥", "unit": "mg/dL"}, IGM, "no laboratory result", '"<20"'),
        ({"value": "9" * 50, "unit": "g/L"}, IGM, "no laboratory result", '"<20"'),
        ({"value": 25, "unit": "mg/dL", "resolution": 0}, "igm[0].resolution", "above 0", "step"),
        (
            {"value": 25, "unit": "mg/dL", "resolution": "1"},
            "igm[0].resolution",
            "not a text",
            "without quotes",
        ),
        ({"value": 0.25, "unit": "g/L", "resolution": 1}, "igm[0].resolution", "coarser", "that unit"),
        ({"value": 25, "unit": "mg/dL", "comparator": "~"}, "igm[0].comparator", "no comparator", "= | <"),
        ({"value": "<25", "unit": "mg/dL", "comparator": ">"}, "igm[0].comparator", "contradicts", "once"),
        ({"value": 25, "unit": "mg/dL", "date": "01/2026"}, "igm[0].date", "no ISO date", "2026-01"),
        ({"value": 25, "unit": "mg/dL", "date": "2026-02-30"}, "igm[0].date", "no day", "Correct"),
        ({"value": 25, "unit": "mg/dL", "date": "0026"}, "igm[0].date", "1950 to 2100", "Correct"),
        ({"value": 25, "unit": "mg/dL", "context": "wel"}, "igm[0].context", "no context", '"well"'),
        (
            {"value": 25, "unit": "mg/dL", "reference_interval": [230, 40]},
            "igm[0].reference_interval",
            "low <",
            "[",
        ),
        ({"value": 25, "unit": "mg/dL", "reference_interval": 40}, "igm[0].reference_interval", "two", "["),
        (
            {"value": 25, "unit": "mg/dL", "reference_interval": [0.4, 2.3]},
            "igm[0].reference_interval",
            "unit",
            "one",
        ),
        (
            {"value": 0.3, "unit": "g/L", "reference_interval": [40, 230]},
            "igm[0].reference_interval",
            "unit",
            "one",
        ),
        (
            {"value": 25, "unit": "mg/dL", "reference_interval": [40, "x"]},
            "igm[0].reference_interval[1]",
            "expected a number",
            "quotes",
        ),
        ({"value": 25, "units": "mg/dL"}, "igm[0].units", "unknown key", "Did you mean unit?"),
        ({}, "igm[0]", "no value and no unit", "value = 25"),
        (25, "igm[0]", "expected a table", "value = 25"),
    ],
)
def test_bad_result(person, problems_of, entry, field, said, remedy):
    problem = problems_of(person(igm=[entry]))[field]
    assert said in problem.message
    assert remedy in problem.remedy


@pytest.mark.parametrize(
    ("more", "field", "said", "remedy"),
    [
        ({"age_years": ...}, "age_years", "missing", "age_months"),
        ({"age_years": -1}, "age_years", "no possible age", "Correct"),
        ({"age_years": 121}, "age_years", "expected 0 to 120", "age_months"),
        ({"age_years": 1e6}, "age_years", "no possible age", "Correct"),
        ({"age_years": math.nan}, "age_years", "NaN", "leave it out"),
        ({"age_years": "34"}, "age_years", "not a text", "without quotes"),
        ({"age_years": True}, "age_years", "not true or false", "For example 34"),
        ({"age_months": 18}, "age_months", "beside age_years", "one of the two"),
        ({"age_years": ..., "age_months": 1441}, "age_months", "0 to 1440", "Correct"),
        ({"gestational_weeks": 12}, "gestational_weeks", "21 to 45", "completed weeks"),
        ({"gestational_weeks": "32"}, "gestational_weeks", "not a text", "quotes"),
        ({"sex": "femal"}, "sex", "is no sex", 'Did you mean "female"?'),
        ({"sex": 1}, "sex", "not a number", '"female"'),
        ({"setting": "clinic"}, "setting", "is no setting", "allergy_immunology_clinic"),
        ({"igm": ...}, "igm", "missing", 'unit = "mg/dL"'),
        ({"igm": []}, "igm", "empty list", "value = 25"),
        ({"igm": 25}, "igm", "expected a list of tables", "value = 25"),
        ({"igm": "25 mg/dL"}, "igm", "expected a list of tables", "value = 25"),
        ({"igg": [{"value": 9.8, "unit": "mg/dL"}]}, "igg[0].value", "below 20", "9.8 g/L"),
        ({"igg": [{"value": 980, "unit": "g/L"}]}, "igg[0].value", "above 20000", "980 mg/dL"),
        ({"iga": [{"value": 0.16, "unit": "mg/dL"}]}, "iga[0].value", "below 1", "0.16 g/L"),
        ({"igg_status": "fine"}, "igg_status", "is no status", "normal | low | high"),
        (
            {"igg_status": "low", "igg": [{"value": 9.8, "unit": "g/L"}]},
            "igg_status",
            "beside a result",
            "Give one",
        ),
        ({"findings": ["sinusitis"]}, "findings", "expected a table", "[findings]"),
        ({"findings": {"sinusitus": "present"}}, "findings.sinusitus", "unknown finding", "sinusitis"),
        ({"findings": {"meningitides": "present"}}, "findings.meningitides", "unknown finding", "meningitis"),
        ({"findings": {"sinusitis": True}}, "findings.sinusitis", "not true or false", '"present"'),
        ({"findings": {"sinusitis": 1}}, "findings.sinusitis", "not a number", '"present"'),
        (
            {"findings": {"sinusitis": "yes"}},
            "findings.sinusitis",
            "is no state",
            "present | absent | unknown",
        ),
        ({"findings": {"sinusitis": "Present"}}, "findings.sinusitis", "is no state", '"present"'),
        ({"findings": {"clozapine": "present"}}, "findings.clozapine", "unknown finding", "[causes]"),
        ({"findings": {"rituximab": "present"}}, "findings.rituximab", "unknown finding", "b_cell_depletion"),
        ({"findings": {1: "present"}}, "findings", "text as key", "quotes"),
        ({"causes": {"rituximab": "present"}}, "causes.rituximab", "unknown cause", "b_cell_depletion"),
        ({"causes": {"occult": "present"}}, "causes.occult", "cannot be stated", "Leave it out"),
        ({"causes": {"hiv": 0}}, "causes.hiv", "not a number", '"present"'),
        ({"causes": {"hiv": {}}}, "causes.hiv.state", "missing", "state ="),
        (
            {"causes": {"hiv": {"state": "present", "begun": "x"}}},
            "causes.hiv.begun",
            "unknown key",
            "Known keys",
        ),
        (
            {"causes": {"hiv": {"state": "present", "started": "before"}}},
            "causes.hiv.started",
            "is no started",
            "before_low_igm",
        ),
        (
            {"causes": {"hiv": {"state": "present", "last_dose": "last year"}}},
            "causes.hiv.last_dose",
            "no ISO date",
            "2026-01",
        ),
        ({"tests": {"ige": "high"}}, "tests.ige", "no test result", "abnormal"),
        (
            {"tests": {"pneumococcal": "normal"}},
            "tests.pneumococcal",
            "unknown test",
            "pneumococcal_response",
        ),
        ({"tests": {"sinusitis": "present"}}, "tests.sinusitis", "unknown test", "[findings]"),
        ({"invasive": [{"site": "brain"}]}, "invasive[0].site", "is no site", "meningitis"),
        ({"invasive": [{"site": []}]}, "invasive[0].site", "empty list", "Leave it out"),
        ({"invasive": [{"organism": "pneumococcus"}]}, "invasive[0].organism", "no organism", "encapsulated"),
        ({"invasive": [{"where": "lung"}]}, "invasive[0].where", "unknown key", "site"),
        ({"invasive": "meningitis"}, "invasive", "expected a list of tables", "[[invasive]]"),
        ({"known_inborn_error": "no"}, "known_inborn_error", "true or false", "without quotes"),
        ({"on_immunoglobulin": 0}, "on_immunoglobulin", "true or false", "without quotes"),
        ({"weight_kg": 70}, "weight_kg", "unknown key", "Known keys"),
        ({"settings": "hospital"}, "settings", "unknown key", "Did you mean setting?"),
        ({"sinusitis": "present"}, "sinusitis", "unknown key", "[findings]"),
        ({"clozapine": "absent"}, "clozapine", "unknown key", "[causes]"),
    ],
)
def test_bad_field(person, problems_of, more, field, said, remedy):
    problem = problems_of(person(**more))[field]
    assert said in problem.message
    assert remedy in problem.remedy


@pytest.mark.parametrize(
    ("more", "field", "said"),
    [
        (
            {"findings": {"no_significant_infection": "present", "pneumonia": "present"}},
            "findings.no_significant_infection",
            "findings.pneumonia",
        ),
        (
            {"findings": {"no_significant_infection": "present", "sepsis": "present"}},
            "findings.no_significant_infection",
            "findings.sepsis",
        ),
        (
            {"findings": {"no_significant_infection": "present"}, "invasive": [{}, {"site": "lung"}]},
            "findings.no_significant_infection",
            "invasive[1]",
        ),
        (
            {"findings": {"invasive_infection": "absent", "meningitis": "present"}},
            "findings.invasive_infection",
            "findings.meningitis",
        ),
        (
            {"findings": {"invasive_infection": "absent"}, "invasive": [{"site": "lung"}]},
            "findings.invasive_infection",
            "invasive[0]",
        ),
        (
            {"findings": {"meningitis": "absent"}, "invasive": [{"site": ["bloodstream", "meningitis"]}]},
            "findings.meningitis",
            "invasive[0]",
        ),
        (
            {"findings": {"invasive_encapsulated": "absent"}, "invasive": [{"organism": "encapsulated"}]},
            "findings.invasive_encapsulated",
            "invasive[0]",
        ),
        (
            {"findings": {"sepsis": "absent", "gram_negative_sepsis": "present"}},
            "findings.sepsis",
            "findings.gram_negative_sepsis",
        ),
        (
            {"causes": {"clozapine": {"state": "absent", "last_dose": "2025-09"}}},
            "causes.clozapine.state",
            "last_dose",
        ),
        (
            {"causes": {"clozapine": {"state": "unknown", "started": "before_low_igm"}}},
            "causes.clozapine.state",
            "started",
        ),
        (
            {"causes": {"clozapine": {"state": "present", "started": "after_low_igm", "igm_before": "normal"}}},
            "causes.clozapine.igm_before",
            "IgM was low before it",
        ),
        (
            {
                "igm": [{"value": 25, "unit": "mg/dL", "date": "2026-01"}],
                "causes": {"clozapine": {"state": "present", "started": "after_low_igm", "last_dose": "2024"}},
            },
            "causes.clozapine.last_dose",
            "before the first IgM",
        ),
        (
            {"causes": {"maternal_b_cell_depletion": "present"}},
            "causes.maternal_b_cell_depletion",
            "up to 1 years",
        ),
        (
            {
                "igm": [
                    {"value": 25, "unit": "mg/dL", "date": "2026-01"},
                    {"value": 30, "unit": "mg/dL", "date": "2025-03"},
                ]
            },
            "igm[1].date",
            "lies before 2026-01",
        ),
    ],
)
def test_contradiction(person, problems_of, more, field, said):
    assert said in problems_of(person(**more))[field].message


@pytest.mark.parametrize(
    "more",
    [
        {"findings": {"sepsis": "present", "gram_negative_sepsis": "absent"}},
        {"findings": {"osteomyelitis": "absent"}, "invasive": [{"site": "bone_or_joint"}]},
        {"findings": {"gram_negative_sepsis": "absent"}, "invasive": [{"site": "bloodstream"}]},
        {"findings": {"no_significant_infection": "present", "asthma": "present"}},
        {"findings": {"no_significant_infection": "absent", "pneumonia": "absent"}},
        {"causes": {"clozapine": {"state": "absent", "started": "unknown"}}},
        {
            "igm": [
                {"value": 25, "unit": "mg/dL", "date": "2026-01-20"},
                {"value": 30, "unit": "mg/dL", "date": "2026-01"},
                {"value": 30, "unit": "mg/dL"},
                {"value": 30, "unit": "mg/dL", "date": "2026"},
            ]
        },
        {
            "igm": [{"value": 25, "unit": "mg/dL", "date": "2026"}],
            "causes": {"clozapine": {"state": "present", "started": "after_low_igm", "last_dose": "2026-01"}},
        },
        {"age_years": 0.9, "causes": {"maternal_b_cell_depletion": "present"}},
    ],
)
def test_what_only_looks_like_a_contradiction_is_accepted(person, more):
    assert parse_patient(person(**more)).age_years > 0


def test_every_infection_absent_contradicts_a_significant_one(person, problems_of):
    absent = dict.fromkeys(Patient(**person(findings={"no_significant_infection": "present"})).findings, "absent")
    problems = problems_of(person(findings={**absent, "no_significant_infection": "absent"}))
    assert "every infection is absent" in problems["findings.no_significant_infection"].message


def test_all_problems_of_a_file_stand_in_one_error():
    with pytest.raises(InputError) as caught:
        parse_patient(
            {
                "age_years": -3,
                "sex": "f",
                "igm": [{"value": 0.25, "unit": "mg/dL"}, {"value": 25}],
                "findings": {"sinusitus": "present", "pneumonia": 1},
                "causes": {"rituximab": "present"},
                "tests": {"ige": "high"},
            },
            source="ann.toml",
        )
    assert [problem.field for problem in caught.value.problems] == [
        "age_years",
        "sex",
        "igm[0].value",
        "igm[1].unit",
        "findings.sinusitus",
        "findings.pneumonia",
        "causes.rituximab",
        "tests.ige",
    ]
    assert str(caught.value).splitlines()[0] == "ann.toml: 8 problems"
    assert "(given: 0.25)" in str(caught.value)


@pytest.mark.parametrize("empty", [{}, {"age_years": None}])
def test_an_empty_patient(empty):
    with pytest.raises(InputError, match=r"is empty.*at least an age and one igm"):
        parse_patient(empty)


@pytest.mark.parametrize("wrong", [None, [], "age_years = 34", 34])
def test_something_that_is_no_table(wrong):
    with pytest.raises(InputError, match="expected a table"):
        parse_patient(wrong)


def test_the_python_door_raises_the_same_error():
    with pytest.raises(InputError, match="igm: missing"):
        Patient(age_years=34)
