"""Patient files: TOML and JSON say the same, bad files say why."""

from __future__ import annotations

import json

import pytest

from sigm_bayes.errors import InputError
from sigm_bayes.patient import read_patient

INTERFACE = """
age_years = 34                          # or age_months; at the first IgM below
sex = "female"
setting = "allergy_immunology_clinic"
igm = [{ value = 25, unit = "mg/dL", comparator = "=", resolution = 1, date = "2026-01", context = "well", \
reference_interval = [40, 230] }]
igg = [{ value = 9.8, unit = "g/L" }]
iga = [{ value = 160, unit = "mg/dL" }]
[findings]
recurrent_urti = "present"
meningitis = "absent"
[causes]
clozapine = "absent"
b_cell_depletion = { state = "present", started = "before_low_igm", last_dose = "2025-09", \
igm_before = "normal", igm_recovered_after_stop = "unknown" }
[tests]
pneumococcal_response = "normal"
"""

AS_JSON = {
    "age_years": 34,
    "sex": "female",
    "setting": "allergy_immunology_clinic",
    "igm": [
        {
            "value": 25,
            "unit": "mg/dL",
            "comparator": "=",
            "resolution": 1,
            "date": "2026-01",
            "context": "well",
            "reference_interval": [40, 230],
        }
    ],
    "igg": [{"value": 9.8, "unit": "g/L"}],
    "iga": [{"value": 160, "unit": "mg/dL"}],
    "findings": {"recurrent_urti": "present", "meningitis": "absent"},
    "causes": {
        "clozapine": "absent",
        "b_cell_depletion": {
            "state": "present",
            "started": "before_low_igm",
            "last_dose": "2025-09",
            "igm_before": "normal",
            "igm_recovered_after_stop": "unknown",
        },
    },
    "tests": {"pneumococcal_response": "normal"},
}


def write(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_the_agreed_file_reads_in_both_formats(tmp_path):
    from_toml = read_patient(write(tmp_path, "ann.toml", INTERFACE))
    from_json = read_patient(write(tmp_path, "ann.json", json.dumps(AS_JSON)))
    assert from_toml == from_json
    assert from_toml.sha256() == from_json.sha256()
    assert from_toml.igm[0].context == "well"
    assert from_toml.invasive_flags == {"meningitis": "absent"}
    assert from_toml.tests == {"pneumococcal_response": "normal"}


def test_a_path_may_be_text_and_a_file_may_start_with_a_byte_order_mark(tmp_path):
    path = write(tmp_path, "ann.toml", b"\xef\xbb\xbf" + INTERFACE.encode())
    assert read_patient(str(path)).age_years == 34


def test_unquoted_toml_dates_are_dates(tmp_path):
    text = 'age_years = 34\nigm = [{ value = 25, unit = "mg/dL", date = 2026-01-15 }]'
    assert read_patient(write(tmp_path, "ann.toml", text)).igm[0].date == "2026-01-15"


def test_igm_may_be_an_array_of_tables(tmp_path):
    text = 'age_years = 34\n[[igm]]\nvalue = 25\nunit = "mg/dL"\n[[igm]]\nvalue = 30\nunit = "mg/dL"'
    assert len(read_patient(write(tmp_path, "ann.toml", text)).igm) == 2


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("ann.toml", b"", "is empty"),
        ("ann.toml", b" \n\n", "is empty"),
        ("ann.json", b"", "is empty"),
        ("ann.toml", b"# only a comment", "is empty"),
        ("ann.json", b"{}", "is empty"),
        ("ann.json", b"null", "expected a table"),
        ("ann.json", b"[]", "expected a table"),
        ("ann.json", b"{", "is not valid JSON"),
        ("ann.toml", b"age_years = ", "is not valid TOML"),
        ("ann.toml", b"age_years = 1\nage_years = 2", "is not valid TOML"),
        ("ann.json", b'{"age_years": 1, "age_years": 2}', "'age_years' stands twice"),
        ("ann.toml", b"\xff\xfe\x00", "not text in UTF-8"),
        ("ann.yaml", b"age_years: 34", "neither .toml nor .json"),
        ("ann.json", b"[" * 200_000, "is no patient file|is not valid JSON"),
        ("ann.toml", b"age_years = " + b"[" * 200_000, "is no patient file|is not valid TOML"),
        ("ann.json", b'{"age_years": ' + b"9" * 5000 + b"}", "is no patient file"),
        ("ann.json", b'{"age_years": NaN}', "not a number"),
        ("ann.json", b'{"age_years": 1e999}', "infinite"),
        ("ann.toml", b"age_years = inf", "infinite"),
    ],
)
def test_a_bad_file_says_why_and_is_named(tmp_path, name, content, said):
    path = write(tmp_path, name, content)
    with pytest.raises(InputError, match=said) as caught:
        read_patient(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_and_a_folder_say_so(tmp_path):
    with pytest.raises(InputError, match="is not there"):
        read_patient(tmp_path / "nobody.toml")
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(InputError, match="cannot be read"):
        read_patient(tmp_path / "folder.toml")
