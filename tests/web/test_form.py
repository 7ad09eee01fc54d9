"""The form says the same as a patient file, and tells everything that is wrong beside its control."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from web_cases import ADULT

from sigm_bayes.catalogue import default_catalogue
from sigm_bayes.patient import parse_patient
from sigm_bayes.web.fill import form_values
from sigm_bayes.web.form import MAX_ROWS, control_names, read_form
from sigm_bayes.web.names import control_id, control_of

CATALOGUE = default_catalogue()
RICH = {
    "age_months": 18,
    "sex": "male",
    "setting": "hospital",
    "gestational_weeks": 31,
    "igm": [
        {"value": "<20", "unit": "mg/dL", "date": "2025-03", "context": "acute_infection"},
        {"value": 0.4, "unit": "g/L", "date": "2025-09-02", "context": "well", "reference_interval": [0.3, 1.6]},
        {"value": 300, "unit": "mg/L", "comparator": ">", "resolution": 10, "date": "2026"},
    ],
    "igg": [{"value": 6.1, "unit": "g/L", "context": "on_immunoglobulin"}, {"value": "6.30", "unit": "g/L"}],
    "iga_status": "low",
    "findings": {"pneumonia": "present", "asthma": "absent", "no_significant_infection": "absent", "sepsis": "absent"},
    "invasive": [
        {"site": ["meningitis", "bone_or_joint"], "organism": "encapsulated"},
        {"severity": "life_threatening", "number": "two_or_more"},
    ],
    "causes": {
        "clozapine": "absent",
        "maternal_b_cell_depletion": "unknown",
        "b_cell_depletion": {"state": "present", "started": "before_low_igm", "last_dose": "2024-11"},
    },
    "tests": {"ige": "abnormal", "igg_subclasses": "not_interpretable"},
    "on_immunoglobulin": True,
}


def pairs(values):
    return [(name, text) for name, texts in values.items() for text in texts]


def again(document):
    """The patient that a document becomes once it has gone through the form."""
    return read_form(pairs(form_values(document, catalogue=CATALOGUE)), catalogue=CATALOGUE)


def test_every_example_comes_back_from_the_form_as_the_same_patient(examples):
    for name, document in examples.items():
        filled = again(document)
        assert filled.problems == [], name
        assert filled.patient.sha256() == parse_patient(document, catalogue=CATALOGUE).sha256(), name


def test_everything_a_file_can_say_comes_back_from_the_form():
    filled = again(RICH)
    assert filled.problems == []
    assert filled.patient.sha256() == parse_patient(RICH, catalogue=CATALOGUE).sha256()
    assert filled.patient.igg[1].resolution_mg_dl == 1.0  # "6.30" g/L keeps its last digit


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_states_come_back_from_the_form(data):
    state = st.sampled_from(["present", "absent", "unknown"])
    findings = data.draw(st.dictionaries(st.sampled_from([f.id for f in CATALOGUE.findings]), state))
    causes = [c.id for c in CATALOGUE.causes if c.recordable and c.max_age_years is None]
    document = {
        "age_years": data.draw(st.floats(20, 100, allow_nan=False).map(lambda x: round(x, 3))),
        "igm": [{"value": data.draw(st.integers(5, 400)), "unit": "mg/dL"}],
        "findings": findings,
        "causes": data.draw(st.dictionaries(st.sampled_from(causes), state)),
        "tests": data.draw(
            st.dictionaries(
                st.sampled_from(CATALOGUE.ids("test")),
                st.sampled_from(["normal", "abnormal", "not_done", "not_interpretable"]),
            )
        ),
    }
    filled = again(document)
    assert filled.problems == []
    assert filled.patient.sha256() == parse_patient(document, catalogue=CATALOGUE).sha256()


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.sampled_from(sorted(control_names(CATALOGUE))), st.sampled_from(list(ADULT)), st.text()),
            st.one_of(st.text(), st.sampled_from(["present", "yes", "1e9", "-3", "٣٤", "NaN", "25", "<20", "2026-13"])),
        ),
        max_size=12,
    )
)
def test_whatever_is_typed_gives_a_patient_or_problems(typed):
    filled = read_form(typed, catalogue=CATALOGUE)
    assert (filled.patient is None) == bool(filled.problems)


def test_digits_as_typed_are_the_resolution():
    filled = read_form(list({**ADULT, "igm[0].value": "0.3", "igm[0].unit": "g/L"}.items()), catalogue=CATALOGUE)
    sample = filled.patient.igm[0]
    assert (sample.low_mg_dl, sample.high_mg_dl) == (25.0, 35.0)


def test_nothing_that_is_left_alone_is_read_as_absent():
    filled = read_form([("age", "40"), ("igm[0].value", "25"), ("igm[0].unit", "mg/dL")], catalogue=CATALOGUE)
    assert filled.mapping == {"age_years": 40, "igm": [{"value": "25", "unit": "mg/dL"}]}
    assert filled.patient.findings == {}
    assert filled.patient.causes == {}


def test_the_rest_of_a_group_is_absent_only_where_that_is_ticked():
    sent = {**ADULT, "rest.respiratory": "yes", "rest.causes.drug": "yes", "causes.clozapine.state": "present"}
    patient = read_form(list(sent.items()), catalogue=CATALOGUE).patient
    respiratory = {f.id for f in CATALOGUE.findings if f.group == "respiratory"}
    assert {id for id, state in patient.findings.items() if state == "absent"} == respiratory - {"pneumonia"}
    drugs = {c.id for c in CATALOGUE.causes if c.group == "drug"}
    assert {id for id, e in patient.causes.items() if e.state == "absent"} == drugs - {"clozapine"}
    assert patient.causes["clozapine"].state == "present"


def test_an_episode_outweighs_the_rest_of_its_group():
    sent = {**ADULT, "rest.invasive": "yes", "invasive[0].site": "meningitis"}
    filled = read_form(list(sent.items()), catalogue=CATALOGUE)
    assert filled.problems == []
    assert filled.patient.findings["invasive_infection"] == "present"


def test_all_problems_are_told_at_once_each_at_its_control():
    sent = {
        **ADULT,
        "age": "thirty",
        "igm[0].value": "0,25",
        "igm[2].value": "30",
        "igm[2].unit": "mg/dL",
        "igm[2].date": "2026-13",
        "igm[2].reference_low": "40",
        "gestational_weeks": "400",
        "causes.clozapine.last_dose": "2020",
        "findings.no_significant_infection": "present",
    }
    filled = read_form(list(sent.items()), catalogue=CATALOGUE)
    assert filled.patient is None
    controls = [problem.control for problem in filled.problems]
    expected = {
        "age", "igm[0].value", "igm[2].date", "igm[2].reference_high", "gestational_weeks", "causes.clozapine.state",
        "findings.no_significant_infection",
    }  # fmt: skip
    assert expected <= set(controls)
    assert not [p for p in filled.problems if "thirty" in p.message or "0,25" in p.message]


def test_controls_of_another_form_are_not_dropped_silently():
    filled = read_form([*ADULT.items(), ("findings.no_such_finding", "present")], catalogue=CATALOGUE)
    assert filled.patient is None
    assert "do not belong" in filled.problems[0].message


@pytest.mark.parametrize(
    ("field", "control"),
    [
        ("age_years", "age"),
        ("igm", "igm[1].value"),
        ("igm[1].unit", "igm[4].unit"),
        ("igm[0].reference_interval", "igm[1].reference_low"),
        ("igm[0].reference_interval[1]", "igm[1].reference_high"),
        ("causes.clozapine", "causes.clozapine.state"),
        ("causes.clozapine.last_dose", "causes.clozapine.last_dose"),
        ("invasive[0].organism", "invasive[3].organism"),
        ("findings.asthma", "findings.asthma"),
    ],
)
def test_a_field_of_the_file_finds_its_control(field, control):
    assert control_of(field, {"igm": [1, 4], "invasive": [3]}) == control


def test_ids_of_controls_differ():
    names = [*control_names(CATALOGUE), *(f"igm[{n}].value" for n in range(MAX_ROWS))]
    assert len({control_id(name) for name in names}) == len(names)


@pytest.mark.parametrize(
    "document", [None, 7, [], "text", {"igm": "25"}, {"findings": [1]}, {"causes": {"x": {"y": {}}}}]
)
def test_a_file_of_any_shape_fills_the_form_without_failing(document):
    form_values(document, catalogue=CATALOGUE)
