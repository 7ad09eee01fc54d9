"""IgM, IgG and IgA: digits, comparators, units, limits, dates; nothing is guessed."""

from __future__ import annotations

import json

import pytest
from fhir_builders import IGA, IGG, IGM, SUBJECT, bundle, concept, observation, patient, word

from sigm_bayes.errors import InputError
from sigm_bayes.fhir import read_bundle
from sigm_bayes.fhir.json_text import loads


def test_digits_survive(catalogue):
    text = json.dumps(bundle(patient(), observation("igm", IGM, 0.25, "g/L"))).replace("0.25", "0.30")
    reading = read_bundle(loads(text), catalogue=catalogue)
    sample = reading.patient(catalogue=catalogue).igm[0]
    assert (sample.low_mg_dl, sample.high_mg_dl) == (29.5, 30.5)


@pytest.mark.parametrize(
    ("quantity", "interval"),
    [
        ({"value": 25, "unit": "mg/dL", "system": "http://unitsofmeasure.org", "code": "mg/dL"}, (24.5, 25.5)),
        ({"value": 25, "unit": "mg/dl", "code": "mg/dl"}, (24.5, 25.5)),
        ({"value": 250, "unit": "mg/L"}, (24.95, 25.05)),
        ({"value": 0.3, "unit": "g/L", "code": "g/L"}, (25, 35)),
        ({"value": 20, "comparator": "<", "unit": "mg/dL"}, (0, 20)),
        ({"value": 0.2, "comparator": "<=", "unit": "g/L"}, (0, 25)),
        ({"value": 300, "comparator": ">", "unit": "mg/dL"}, (300, float("inf"))),
        ({"value": 25, "unit": "MG/DL"}, (24.5, 25.5)),
    ],
)
def test_quantities(read, catalogue, quantity, interval):
    sample = read(observation("igm", IGM, valueQuantity=quantity)).patient(catalogue=catalogue).igm[0]
    assert (sample.low_mg_dl, sample.high_mg_dl) == pytest.approx(interval)


@pytest.mark.parametrize(
    ("text", "interval"), [("< 0.20 g/L", (0, 20)), ("25 mg/dL", (24.5, 25.5)), ("≤20 mg/dl", (0, 20.5))]
)
def test_printed_text(read, catalogue, text, interval):
    sample = read(observation("igm", IGM, valueString=text)).patient(catalogue=catalogue).igm[0]
    assert (sample.low_mg_dl, sample.high_mg_dl) == pytest.approx(interval)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"valueQuantity": {"value": 25}}, "no unit; units are never guessed"),
        ({"valueQuantity": {"value": 25, "unit": "[IU]/mL"}}, "none of mass per volume"),
        ({"valueQuantity": {"value": 25, "code": "MG/DL", "system": "http://unitsofmeasure.org"}}, "none of mass"),
        ({"valueQuantity": {"value": 25, "unit": "mg/dL", "code": "g/L"}}, "say different things"),
        ({"valueQuantity": {"value": "25", "unit": "mg/dL"}}, "no number"),
        ({"valueQuantity": {"value": True, "unit": "mg/dL"}}, "no number"),
        ({"valueQuantity": {"value": 1e300, "unit": "mg/dL"}}, "no number"),
        ({"valueQuantity": {"value": 25, "unit": "mg/dL", "comparator": "ad"}}, "comparator is none of"),
        ({"valueQuantity": {"unit": "mg/dL"}}, "has no value"),
        ({"valueQuantity": [25]}, "no number"),
        ({"valueString": "<20"}, "no unit"),
        ({"valueString": "not detected"}, "no number"),
        ({"valueString": "< twenty mg/dL"}, "no number"),
        ({"valueString": "25 mg/dL (haemolysed)"}, "none of mass per volume"),
        ({"valueBoolean": True}, "no number"),
        ({}, "has no value"),
        ({"effectiveDateTime": None, "valueQuantity": {"value": 25, "unit": "mg/dL"}}, "has no date"),
        ({"effectiveDateTime": "01.02.2026", "valueQuantity": {"value": 25, "unit": "mg/dL"}}, "no FHIR date"),
        ({"effectiveDateTime": "2026-02-31", "valueQuantity": {"value": 25, "unit": "mg/dL"}}, "no FHIR date"),
        ({"status": None, "valueQuantity": {"value": 25, "unit": "mg/dL"}}, "status is missing"),
        ({"subject": None, "valueQuantity": {"value": 25, "unit": "mg/dL"}}, "whose it is"),
        ({"subject": {"reference": "#p"}, "valueQuantity": {"value": 25, "unit": "mg/dL"}}, "contained Patient"),
        ({"modifierExtension": [{"url": "x"}], "valueQuantity": {"value": 25, "unit": "mg/dL"}}, "modifier"),
    ],
)
def test_an_igm_that_cannot_be_used_stops_the_answer(refused, more, told):
    message = refused(observation("igm-7", IGM, **more), observation("igm-8", IGM, 25))
    assert told in message
    assert "Observation/igm-7" in message


def test_values_beyond_belief_name_their_resource(read, catalogue):
    reading = read(observation("low", IGM, 0.25, "mg/dL"), observation("igg", IGG, -3, "g/L"))
    with pytest.raises(InputError) as caught:
        reading.patient(catalogue=catalogue)
    assert "Observation/low (igm[0].value)" in str(caught.value)
    assert "Observation/igg (igg[0].value)" in str(caught.value)


def test_igg_that_cannot_be_read_is_unknown_and_told(read, kinds):
    reading = read(observation("igg", IGG, 9, "IU/mL"), observation("iga", IGA, date=None, value=1))
    assert "igg" not in reading.mapping
    assert "iga" not in reading.mapping
    assert kinds(reading)["Observation/igg"] == "unit_unknown"
    assert kinds(reading)["Observation/iga"] == "date_missing"
    assert [c["code"] for c in reading.cautions] == ["fhir_not_used"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [("entered-in-error", "entered_in_error"), ("cancelled", "not_done"), ("preliminary", "not_final")],
)
def test_results_that_do_not_count(read, kinds, status, kind):
    reading = read(observation("a", IGM, 3, status=status), observation("b", IGM, 25))
    assert kinds(reading)["Observation/a"] == kind
    assert len(reading.mapping["igm"]) == 1


def test_no_value_with_its_reason(read, kinds):
    reading = read(observation("a", IGM, dataAbsentReason=word("not-performed")), observation("b", IGM, 25))
    assert kinds(reading)["Observation/a"] == "data_absent"


def test_no_usable_igm_says_what_was_left_out(refused):
    message = refused(observation("a", IGM, 25, status="entered-in-error"))
    assert "no usable IgM result (Observation/a: entered in error)" in message


def test_no_igm_at_all(catalogue):
    with pytest.raises(InputError, match="no IgM result in the Bundle"):
        read_bundle(bundle(patient(), observation("igg", IGG, 9, "g/L")), catalogue=catalogue)


def test_components_and_release_date(read):
    panel = {
        "resourceType": "Observation",
        "id": "panel",
        "status": "final",
        "code": {"text": "immunoglobulins"},
        "subject": SUBJECT,
        "issued": "2026-05-04T10:11:12.123+02:00",
        "component": [
            {"code": concept(IGM), "valueQuantity": {"value": 25, "unit": "mg/dL"}},
            {"code": concept(IGG), "valueQuantity": {"value": 9.1, "unit": "g/L"}},
        ],
    }
    reading = read(panel)
    assert reading.mapping["igm"][0]["date"] == "2026-05-04"
    assert [s["value"] for s in reading.mapping["igg"]] == ["9.1"]
    assert any("dated by its release" in entry.says for entry in reading.entries)
    assert reading.basis == ("Observation/panel", "Patient/p")


def test_a_broken_component_is_named(refused):
    panel = observation("panel", "loinc 1-1", component=[{"code": concept(IGM), "valueQuantity": {"value": 25}}])
    assert "Observation/panel component[0]: IgM: the value has no unit" in refused(panel)


def test_reference_interval_only_in_the_unit_of_the_value(read, catalogue):
    limits = [{"low": {"value": 40, "unit": "mg/dL"}, "high": {"value": 230, "unit": "mg/dL"}}]
    sample = read(observation("a", IGM, 25, referenceRange=limits)).patient(catalogue=catalogue).igm[0]
    assert (sample.reference_low_mg_dl, sample.reference_high_mg_dl) == (40, 230)
    other = [{"low": {"value": 0.4, "unit": "g/L"}, "high": {"value": 2.3, "unit": "g/L"}}]
    reading = read(observation("a", IGM, 25, referenceRange=other))
    assert "reference_interval" not in reading.mapping["igm"][0]
    assert any("its unit is not that of the value" in entry.says for entry in reading.entries)
    several = [*limits, {"low": {"value": 50, "unit": "mg/dL"}, "high": {"value": 300, "unit": "mg/dL"}}]
    assert "reference_interval" not in read(observation("a", IGM, 25, referenceRange=several)).mapping["igm"][0]


def test_repeats_are_in_order_and_copies_count_once(read, kinds):
    reading = read(
        observation("late", IGM, 30, date="2026-06-01"),
        observation("early", IGM, 25, date="2026-01"),
        observation("copy", IGM, 30, date="2026-06-01T08:00:00Z"),
        observation("same-day", IGM, 31, date="2026-06-01"),
    )
    assert [s["value"] for s in reading.mapping["igm"]] == ["25", "30", "31"]
    assert kinds(reading)["Observation/copy"] == "result_twice"


def test_context(read, refused):
    extension = [{"url": "urn:sigm-bayes:context", "valueCode": "intensive_care"}]
    assert read(observation("a", IGM, 25, extension=extension)).mapping["igm"][0]["context"] == "intensive_care"
    assert "context" in refused(observation("a", IGM, 25, extension=[{**extension[0], "valueCode": "ill"}]))
