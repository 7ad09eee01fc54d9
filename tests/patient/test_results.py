"""A printed result becomes the interval of levels that print like it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigm_bayes.patient import Patient

HUNDREDTHS = st.integers(min_value=1, max_value=1500)


def sample(analyte="igm", **entry):
    content = {"age_years": 34, "igm": [{"value": 25, "unit": "mg/dL"}]}
    return getattr(Patient(**{**content, analyte: [entry]}), analyte)[0]


def interval(analyte="igm", **entry):
    read = sample(analyte, **entry)
    return read.low_mg_dl, read.high_mg_dl


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"value": 25, "unit": "mg/dL"}, (24.5, 25.5)),
        ({"value": 25, "unit": "mg/dL", "resolution": 1}, (24.5, 25.5)),
        ({"value": 25, "unit": "mg/dL", "resolution": 0.1}, (24.95, 25.05)),
        ({"value": 25, "unit": "mg/dL", "resolution": 10}, (20.0, 30.0)),
        ({"value": 0.25, "unit": "g/L"}, (24.5, 25.5)),
        ({"value": 0.3, "unit": "g/L"}, (29.5, 30.5)),
        ({"value": "0.3", "unit": "g/L"}, (25.0, 35.0)),
        ({"value": "0.30", "unit": "g/L"}, (29.5, 30.5)),
        ({"value": "0.300", "unit": "g/L"}, (29.95, 30.05)),
        ({"value": "25", "unit": "mg/dL"}, (24.5, 25.5)),
        ({"value": "25.0", "unit": "mg/dL"}, (24.95, 25.05)),
        ({"value": 0.3, "unit": "g/L", "resolution": 0.1}, (25.0, 35.0)),
        ({"value": "0.3", "unit": "g/L", "resolution": 0.01}, (29.5, 30.5)),
        ({"value": 20, "unit": "mg/dL", "comparator": "<"}, (0.0, 20.0)),
        ({"value": "<20", "unit": "mg/dL"}, (0.0, 20.0)),
        ({"value": "< 0.20", "unit": "g/L"}, (0.0, 20.0)),
        ({"value": "<=20", "unit": "mg/dL"}, (0.0, 20.5)),
        ({"value": "≤20", "unit": "mg/dL"}, (0.0, 20.5)),
        ({"value": "=20", "unit": "mg/dL"}, (19.5, 20.5)),
        ({"value": 300, "unit": "mg/dL", "comparator": ">"}, (300.0, math.inf)),
        ({"value": "≥300", "unit": "mg/dL"}, (299.5, math.inf)),
        ({"value": 1, "unit": "mg/dL", "resolution": 1}, (0.5, 1.5)),
        ({"value": 25, "unit": "mg/dL", "resolution": 1e-9}, (24.995, 25.005)),
    ],
)
def test_interval_of_an_igm_result(entry, expected):
    assert interval(**entry) == expected


def test_default_resolution_of_igg_is_a_tenth_of_a_gram_per_litre():
    assert interval("igg", value=9.8, unit="g/L") == (975.0, 985.0)
    assert interval("igg", value=980, unit="mg/dL") == (975.0, 985.0)
    assert interval("iga", value=160, unit="mg/dL") == (159.5, 160.5)


def test_the_lower_end_is_never_negative():
    low, high = interval("iga", value=1, unit="mg/dL", resolution=1)
    assert (low, high) == (0.5, 1.5)
    assert interval("igm", value="<1", unit="mg/dL") == (0.0, 1.0)


@given(hundredths=HUNDREDTHS)
def test_grams_per_litre_and_milligrams_per_decilitre_agree_to_the_last_digit(hundredths):
    in_mg_dl = sample(value=hundredths, unit="mg/dL")
    in_g_l = sample(value=hundredths / 100, unit="g/L")
    in_g_dl = sample(value=hundredths / 1000, unit="g/dL")
    in_mg_l = sample(value=hundredths * 10, unit="mg/L")
    bounds = {(s.low_mg_dl, s.high_mg_dl, s.value_mg_dl) for s in (in_mg_dl, in_g_l, in_g_dl, in_mg_l)}
    assert bounds == {(hundredths - 0.5, hundredths + 0.5, float(hundredths))}


@given(hundredths=HUNDREDTHS, step=st.sampled_from([1, 2, 5, 10]))
def test_stated_resolution_and_reference_interval_convert_with_the_value(hundredths, step):
    step = min(step, hundredths)
    a = sample(value=hundredths, unit="mg/dL", resolution=step, reference_interval=[40, 230])
    b = sample(value=hundredths / 100, unit="g/L", resolution=step / 100, reference_interval=[0.4, 2.3])
    assert (a.low_mg_dl, a.high_mg_dl, a.resolution_mg_dl) == (b.low_mg_dl, b.high_mg_dl, b.resolution_mg_dl)
    assert (b.reference_low_mg_dl, b.reference_high_mg_dl) == (40.0, 230.0)


@given(hundredths=HUNDREDTHS)
def test_censored_results_agree_in_both_units(hundredths):
    a = sample(value=hundredths, unit="mg/dL", comparator="<")
    b = sample(value=f"<{hundredths / 100:.2f}", unit="g/L")
    assert (a.low_mg_dl, a.high_mg_dl) == (b.low_mg_dl, b.high_mg_dl) == (0.0, float(hundredths))


@given(value=st.integers(2, 9999), digits=st.integers(0, 2), resolution=st.sampled_from([None, 0.5, 1, 2]))
def test_the_interval_holds_the_value_and_is_as_wide_as_the_resolution(value, digits, resolution):
    entry = {"value": value / 10**digits, "unit": "mg/dL"}
    if entry["value"] < 2:
        entry["value"] = float(value)
    if resolution is not None:
        entry["resolution"] = resolution
    read = sample(**entry)
    assert 0 <= read.low_mg_dl < read.value_mg_dl < read.high_mg_dl
    assert read.high_mg_dl - read.low_mg_dl == pytest.approx(resolution or 1, rel=1e-12)


@given(value=st.integers(1, 14_000))
def test_adjacent_printed_results_leave_no_gap_and_no_overlap(value):
    below, above = interval(value=value, unit="mg/dL"), interval(value=value + 1, unit="mg/dL")
    assert below[1] == above[0]


@pytest.mark.parametrize(
    ("date", "text", "years"),
    [
        ("2026", "2026", 2026.5),
        (2026, "2026", 2026.5),
        ("2026-01", "2026-01", 2026 + 15.5 / 365),
        ("2026-01-01", "2026-01-01", 2026 + 0.5 / 365),
        ("2024-12-31", "2024-12-31", 2024 + 365.5 / 366),
        ("2024-02-29", "2024-02-29", 2024 + 59.5 / 366),
    ],
)
def test_a_partial_date_is_the_middle_of_its_period(date, text, years):
    read = sample(value=25, unit="mg/dL", date=date)
    assert read.date == text
    assert read.date_years == pytest.approx(years, abs=1e-9)


def test_the_result_is_shown_as_it_was_printed():
    assert sample(value="<0.20", unit="g/l").text == "<0.20 g/L"
    assert sample(value=25, unit="mg/dl").text == "25 mg/dL"
    assert sample(value=25.0, unit="mg/dL").text == "25 mg/dL"
    assert sample(value=0.25, unit="G/L").text == "0.25 g/L"


def test_context_is_unknown_unless_stated():
    assert sample(value=25, unit="mg/dL").context == "unknown"
    assert sample(value=25, unit="mg/dL", context="well").context == "well"
