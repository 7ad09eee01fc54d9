"""Whatever the mapping holds, parsing ends in a patient or in an InputError, never in another exception."""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Mapping
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sigm_bayes.catalogue import default_catalogue
from sigm_bayes.errors import InputError
from sigm_bayes.patient import Patient, parse_patient, scope
from sigm_bayes.patient.normal_form import KEYS

CATALOGUE = default_catalogue()
WORDS = st.sampled_from(
    [
        *KEYS,
        *CATALOGUE.ids("finding"),
        *CATALOGUE.ids("cause"),
        *CATALOGUE.ids("test"),
        *CATALOGUE.ids("context"),
        *(flag.id for flag in CATALOGUE.invasive.flags),
        *[
            "present",
            "absent",
            "unknown",
            "normal",
            "low",
            "high",
            "female",
            "male",
            "value",
            "unit",
            "date",
            "state",
            "started",
            "mg/dL",
            "g/L",
            "<",
            ">",
            "<20",
        ],
        *[
            "no_significant_infection",
            "before_low_igm",
            "last_dose",
            "site",
            "organism",
            "meningitis",
            "2026",
            "2026-01",
            "0.3",
        ],
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    WORDS,
    st.binary(max_size=4),
    st.dates(),
    st.decimals(),
    st.complex_numbers(),
    st.sampled_from([np.float64(25), np.float32("nan"), np.int64(3), np.zeros(3), object(), len, b"", 10**400]),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(WORDS | st.text(max_size=4) | st.integers(), inner, max_size=4),
    ),
    max_leaves=12,
)
ENTRY = st.dictionaries(
    st.sampled_from(["value", "unit", "comparator", "resolution", "date", "context", "reference_interval"]),
    ANYTHING,
    max_size=7,
)


def only_input_errors(mapping):
    """Parse; a failure that is no InputError is not caught and fails the test."""
    problems = ()
    try:
        return parse_patient(mapping)
    except InputError as error:
        problems = (*error.problems, str(error))
    assert len(problems) >= 2
    return None


@settings(max_examples=400)
@given(ANYTHING)
def test_anything_at_all(mapping):
    only_input_errors(mapping)


@settings(max_examples=400)
@given(st.dictionaries(st.sampled_from(KEYS), ANYTHING))
@example({"igm": np.float64(25.0)})  # comparing it with an empty list is an error of its own
def test_right_keys_with_anything_below(mapping):
    only_input_errors(mapping)


@settings(max_examples=300)
@given(
    age=SCALARS,
    igm=st.lists(ENTRY, max_size=3),
    igg=ENTRY,
    causes=st.dictionaries(WORDS, ANYTHING, max_size=3),
)
def test_results_of_any_content(age, igm, igg, causes):
    only_input_errors({"age_years": age, "igm": igm, "igg": [igg], "causes": causes})


STATES = st.sampled_from(["present", "absent", "unknown"])
PLAUSIBLE = st.fixed_dictionaries(
    {
        "age_years": st.floats(0, 120),
        "igm": st.lists(
            st.fixed_dictionaries(
                {"value": st.floats(1, 1000), "unit": st.sampled_from(["mg/dL", "g/L"])},
                optional={
                    "comparator": st.sampled_from(["<", ">", "=", "<=", ">="]),
                    "resolution": st.floats(1e-6, 10),
                    "context": st.sampled_from(CATALOGUE.ids("context")),
                },
            ),
            min_size=1,
            max_size=3,
        ),
    },
    optional={
        "sex": st.sampled_from(["female", "male", "unknown"]),
        "findings": st.dictionaries(
            st.sampled_from(
                [
                    *CATALOGUE.ids("finding"),
                    *(flag.id for flag in CATALOGUE.invasive.flags),
                    "no_significant_infection",
                ]
            ),
            STATES,
        ),
        "causes": st.dictionaries(st.sampled_from(CATALOGUE.ids("cause")[:-1]), STATES),
        "gestational_weeks": st.floats(22, 44),
    },
)


@settings(max_examples=300)
@given(PLAUSIBLE)
def test_the_normal_form_keeps_its_promises(mapping):
    patient = only_input_errors(mapping)
    if patient is None:
        return
    assert 0 <= patient.age_years <= 120
    assert patient.corrected_age_years <= patient.age_years
    assert all(0 <= s.low_mg_dl < s.high_mg_dl for s in patient.igm)
    assert all(s.low_mg_dl <= s.value_mg_dl <= s.high_mg_dl for s in patient.igm)
    assert set(patient.findings) <= set(CATALOGUE.ids("finding"))
    assert ("present" in patient.invasive_flags.values()) <= (patient.findings.get("invasive_infection") == "present")
    assert bool(patient.episodes) <= (patient.findings.get("invasive_infection") == "present")
    text = json.dumps(patient.canonical(), allow_nan=False)
    assert json.loads(text) == patient.canonical()
    assert (scope(patient) is None) == (patient.corrected_age_years >= 0.5)


class BrokenMapping(Mapping):
    def __getitem__(self, key):
        raise RuntimeError("no")

    def __iter__(self):
        raise RuntimeError("no")

    def __len__(self):
        return 1


@pytest.mark.parametrize("where", [(), ("igm",), ("findings",), ("causes",), ("causes", "hiv"), ("invasive",)])
def test_a_mapping_that_breaks_when_read(where):
    mapping = BrokenMapping()
    for key in reversed(where):
        mapping = {key: mapping}
    with pytest.raises(InputError, match="cannot be read as a table"):
        parse_patient(mapping)


def test_a_list_that_holds_itself():
    loop = []
    loop.append(loop)
    with pytest.raises(InputError):
        parse_patient({"age_years": 34, "igm": loop, "findings": {"sinusitis": loop}})


@pytest.mark.parametrize(
    ("value", "read"), [(np.float64(25), 25.0), (np.int64(25), 25.0), (Decimal("25.0"), 25.0), (25.0, 25.0)]
)
def test_numbers_of_other_libraries_are_numbers(value, read):
    assert Patient(age_years=np.int32(34), igm={"value": value, "unit": "mg/dL"}).igm[0].value_mg_dl == read


def test_a_number_too_long_to_print_is_still_a_problem_with_a_name():
    with pytest.raises(InputError, match=r"age_years: is infinite \(given: <int>\)"):
        parse_patient({"age_years": 10**5000, "igm": {"value": 25, "unit": "mg/dL"}})


def test_dates_with_a_time_are_dates():
    when = datetime.datetime(2026, 1, 15, 12, 30)
    assert Patient(age_years=1, igm={"value": 25, "unit": "mg/dL", "date": when}).igm[0].date == "2026-01-15"
    assert math.isclose(
        Patient(age_years=1, igm={"value": 25, "unit": "mg/dL", "date": when.date()}).igm[0].date_years,
        2026 + 14.5 / 365,
    )
