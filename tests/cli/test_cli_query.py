"""`sigm query`: doors in, forms out, and every error with its field, its value and its remedy."""

import json
from pathlib import Path

import pytest

from sigm_bayes.catalogue import default_catalogue

ADULT = ("query", "--age", "34", "--sex", "female")
IGM = ("--igm", "25 mg/dL")

EXAMPLES = sorted(path.name for path in (Path(__file__).parents[2] / "examples" / "patients").iterdir())


def test_a_file_gives_a_page(run, model, patients):
    result = run("query", patients / "adult-sinopulmonary.toml")
    assert result.code == 0, result.err
    assert "low normal variant" in result.out
    assert "\x1b" not in result.out
    assert model.asked[0].age_years == 34
    assert model.folders == [None]


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_is_read(run, model, patients, name):
    result = run("query", patients / name, "--json")
    assert result.code == 0, result.err
    assert len(model.asked) == 1


def test_json_is_valid_and_complete(run, model, patients):
    result = run("query", patients / "healthy-toddler.json", "--json")
    assert json.loads(result.out) == model.answer


def test_standard_input_is_json(run, model, patients):
    text = (patients / "healthy-toddler.json").read_text(encoding="utf-8")
    assert run("query", "-", stdin=text).code == 0
    assert model.asked[0].age_years == 3


def test_flags_and_file_are_the_same_patient(run, model, tmp_path):
    file = tmp_path / "patient.toml"
    file.write_text(
        """
        age_years = 34
        sex = "female"
        setting = "hospital"
        iga_status = "normal"
        [[igm]]
        value = "0.25"
        unit = "g/L"
        date = "2026-01"
        context = "well"
        reference_interval = [0.4, 2.3]
        [[igm]]
        value = "<20"
        unit = "mg/dL"
        date = "2026-06"
        [[igg]]
        value = "9.8"
        unit = "g/L"
        [findings]
        recurrent_urti = "present"
        pneumonia = "present"
        otitis_media = "absent"
        meningitis = "absent"
        [[invasive]]
        site = "bloodstream"
        organism = "encapsulated"
        [causes]
        clozapine = "present"
        lymphoma = "absent"
        b_cell_depletion = { state = "present", started = "before_low_igm", last_dose = "2025-09" }
        [tests]
        pneumococcal_response = "normal"
        ige = "not_done"
        """,
        encoding="utf-8",
    )
    flags = (
        *(*ADULT, "--setting", "hospital", "--iga", "normal", "--igg", "9.8 g/L"),
        *(
            "--igm",
            "0.25 g/L, date=2026-01, context=well, reference=0.4-2.3",
            "--igm",
            "<20 mg/dL; date=2026-06",
        ),
        *(
            "--present",
            "recurrent_urti,pneumonia,clozapine",
            "--absent",
            "otitis_media",
            "--absent",
            "meningitis",
        ),
        *("--invasive", "site=bloodstream, organism=encapsulated", "--cause", "lymphoma=absent"),
        *("--cause", "b_cell_depletion=present, started=before_low_igm, last_dose=2025-09"),
        *("--test", "pneumococcal_response=normal, ige=not_done"),
    )
    assert run("query", file).code == 0
    by_flags = run(*flags)
    assert by_flags.code == 0, by_flags.err
    assert model.asked[0].canonical() == model.asked[1].canonical()


def test_one_flag_says_that_no_other_cause_is_there(run, model):
    result = run(*ADULT, *IGM, "--cause", "clozapine", "--no-other-cause", "--no-infection")
    assert result.code == 0, result.err
    states = {name: exposure.state for name, exposure in model.asked[0].causes.items()}
    recordable = {cause.id for cause in default_catalogue().causes if cause.recordable}
    assert states.pop("clozapine") == "present"
    assert set(states) >= recordable - {"clozapine"} - {"maternal_b_cell_depletion"}
    assert set(states.values()) == {"absent"}
    assert model.asked[0].findings["pneumonia"] == "absent"


def test_switches_reach_the_patient(run, model):
    assert run(*ADULT, *IGM, "--on-immunoglobulin", "--known-inborn-error").code == 0
    assert model.asked[0].on_immunoglobulin
    assert model.asked[0].known_inborn_error


def test_an_infant_in_months_and_weeks(run, model):
    result = run("query", "--age-months", "8", "--gestational-weeks", "30", *IGM)
    assert result.code == 0, result.err
    assert model.asked[0].age_years == pytest.approx(8 / 12)
    assert model.asked[0].gestational_weeks == 30


def test_full_lists_what_is_not_known_with_labels(run, model, patients):
    page = run("query", patients / "adult-sinopulmonary.toml", "--full").out
    assert "recurrent otitis media (otitis_media)" in page


def test_a_model_folder_is_passed_on(run, model, patients, tmp_path):
    run("query", patients / "adult-sinopulmonary.toml", "--model", tmp_path)
    assert model.folders == [tmp_path]


BAD_FLAGS = {
    "unit missing": ((*ADULT, "--igm", "25"), ("igm", "unit", "mg/dL")),
    "unit unknown": ((*ADULT, "--igm", "25 stones"), ("igm", "stones", "mg/dL")),
    "wrong unit": ((*ADULT, "--igm", "0.25 mg/dL"), ("igm", "0.25", "g/L")),
    "negative": ((*ADULT, "--igm=-25 mg/dL"), ("igm", "-25", "negative")),
    "not a number": ((*ADULT, "--igm", "nan mg/dL"), ("igm", "nan", "laboratory result")),
    "decimal comma": ((*ADULT, "--igm", "0,25 g/L"), ("igm", "0,25", "decimal point")),
    "empty result": ((*ADULT, "--igm", ""), ("--igm", "''", "25 mg/dL")),
    "age in words": (("query", "--age", "old", *IGM), ("--age", "'old'", "number")),
    "impossible age": (("query", "--age", "200", *IGM), ("age_years", "200", "120")),
    "age is NaN": (("query", "--age", "nan", *IGM), ("age_years", "nan", "number")),
    "no age": (("query", *IGM), ("age", "age_months")),
    "no igm": (ADULT, ("igm", "value")),
    "sex": (("query", "--age", "34", "--sex", "femal", *IGM), ("sex", "femal", "female")),
    "setting": ((*ADULT, *IGM, "--setting", "hospitl"), ("setting", "hospitl", "hospital")),
    "finding misspelt": ((*ADULT, *IGM, "--present", "pnemonia"), ("pnemonia", "Did you mean pneumonia?")),
    "cause misspelt": ((*ADULT, *IGM, "--cause", "clozapin"), ("clozapin", "clozapine")),
    "test without result": ((*ADULT, *IGM, "--test", "ige"), ("--test", "'ige'", "=normal")),
    "test result": ((*ADULT, *IGM, "--test", "ige=fine"), ("ige", "fine", "normal")),
    "stated twice": (
        (*ADULT, *IGM, "--present", "pneumonia", "--absent", "pneumonia"),
        ("--absent", "pneumonia", "Keep one"),
    ),
    "contradiction": (
        (*ADULT, *IGM, "--no-infection", "--present", "pneumonia"),
        ("no_significant_infection",),
    ),
    "reference": ((*ADULT, "--igm", "25 mg/dL, reference=low"), ("--igm", "'low'", "reference=")),
    "resolution": ((*ADULT, "--igm", "25 mg/dL, resolution=fine"), ("--igm", "'fine'", "number")),
    "pair": ((*ADULT, "--igm", "25 mg/dL, context=well, well"), ("--igm", "'well'", "key=value")),
    "file and flags": (("query", "patient.toml", "--age", "3"), ("FILE", "patient.toml", "only flags")),
    "nothing": (("query",), ("FILE", "no patient", "--age 34")),
    "no such file": (("query", "nowhere.toml"), ("nowhere.toml", "not there", "Check the path")),
    "not a patient file": (("query", "people.csv"), ("people.csv", ".toml", "convert")),
}


@pytest.mark.parametrize("case", BAD_FLAGS, ids=lambda case: case.replace(" ", "-"))
def test_bad_input_names_field_value_and_remedy(run, model, case):
    arguments, words = BAD_FLAGS[case]
    result = run(*arguments)
    assert result.code == 2, result.err
    assert result.out == ""
    assert result.err.startswith("sigm: ")
    for word in words:
        assert word in result.err
    assert "Traceback" not in result.err
    assert model.asked == []


def test_all_problems_are_reported_together(run, model):
    result = run("query", "--age", "old", "--igm", "25 mg/dL, resolution=x", "--test", "ige")
    assert result.code == 2
    assert [flag in result.err for flag in ("--age", "--igm", "--test")] == [True, True, True]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ("standard input", "empty", "JSON")),
        ("{", ("standard input", "line 1", "Correct")),
        ("[1, 2]", ("table",)),
        ('{"age_years": NaN, "igm": [{"value": 25, "unit": "mg/dL"}]}', ("age_years", "nan")),
        ('{"age_years": 34, "igm": [{"value": true, "unit": "mg/dL"}]}', ("igm", "True", "number")),
    ],
)
def test_bad_standard_input(run, model, text, words):
    result = run("query", "-", stdin=text)
    assert result.code == 2
    for word in words:
        assert word in result.err


def test_an_empty_file_is_said_to_be_empty(run, model, tmp_path):
    file = tmp_path / "empty.toml"
    file.write_text("", encoding="utf-8")
    result = run("query", file)
    assert result.code == 2
    assert "empty" in result.err
