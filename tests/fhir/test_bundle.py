"""Bundles: whose they are, what stands twice, what is no Bundle; hostile text and shapes."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from fhir_builders import IGM, SUBJECT, bundle, condition, observation, patient

from sigm_bayes.errors import InputError
from sigm_bayes.fhir import read_bundle, read_bundle_file
from sigm_bayes.fhir.json_text import MAX_BYTES, NotJsonError, dumps, loads


@pytest.fixture
def told(tmp_path, catalogue):
    """told(text): the error that a file of this text gives."""

    def make(text):
        path = tmp_path / "bundle.json"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with pytest.raises(InputError) as caught:
            read_bundle_file(path, catalogue=catalogue)
        return str(caught.value)

    return make


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no JSON"),
        ("not json", "is no JSON"),
        ('{"a": NaN}', "NaN is no JSON number"),
        ('{"a": -Infinity}', "-Infinity is no JSON number"),
        ('{"a": 1, "a": 2}', "a key stands twice"),
        ("[" * 200_000, "nested too deep"),
        ("[" * 100 + "]" * 100, "nested too deep"),
        ('{"a":' * 70 + "1" + "}" * 70, "nested too deep"),
        ('{"a": ' + "9" * 5000 + "}", "a number is too long"),
        (b"\xff\xfe\x00", "no text in UTF-8"),
        ("[]", "has no resourceType"),
        ("null", "has no resourceType"),
        ('"Bundle"', "has no resourceType"),
        ('{"resourceType": ["Bundle"]}', "has no resourceType"),
        ('{"resourceType": "Patient", "id": "p"}', "is a Patient, expected a FHIR R4 Bundle"),
        ('{"resourceType": "Bundle"}', "Bundle.type: is missing"),
        ('{"resourceType": "Bundle", "type": "history", "entry": [{}]}', "Bundle.type"),
        ('{"resourceType": "Bundle", "type": "collection"}', "holds no entries"),
        ('{"resourceType": "Bundle", "type": "collection", "entry": {}}', "holds no entries"),
        ('{"resourceType": "Bundle", "type": "collection", "entry": [null, 3, [], {}]}', "Patient: is missing"),
    ],
)
def test_what_is_no_bundle(told, text, message):
    assert message in told(text)


def test_files(tmp_path, catalogue, monkeypatch):
    with pytest.raises(InputError, match="is not there"):
        read_bundle_file(tmp_path / "none.json", catalogue=catalogue)
    with pytest.raises(InputError, match="cannot be read"):
        read_bundle_file(tmp_path, catalogue=catalogue)
    monkeypatch.setattr("sigm_bayes.fhir.bundle.MAX_BYTES", 10)
    path = tmp_path / "long.json"
    path.write_text(json.dumps(bundle(patient())))
    with pytest.raises(InputError, match="longer than"):
        read_bundle_file(path, catalogue=catalogue)
    assert MAX_BYTES > 10**6


def test_error_messages_never_quote_the_text(told):
    assert "Doe" not in told('{"resourceType": "Bundle", "name": "Doe" "x"}')


def test_two_people(refused):
    message = refused(patient(), patient(id="q"), observation("igm", IGM, 25))
    assert "2 people in one Bundle: Patient/p, Patient/q" in message
    other = observation("igm", IGM, 25, subject={"reference": "Patient/q"})
    assert "is about somebody who is not the Patient" in refused(other, observation("mine", IGM, 25))
    lost = condition("c", "icd10 J18.9", onset="2025", subject={"reference": "urn:uuid:0"})
    assert "Condition/c: is about somebody" in refused(lost)


@pytest.mark.parametrize(
    ("url", "reference", "fits"),
    [
        (None, "Patient/p", True),
        (None, "Patient/p/_history/3", True),
        (None, "https://hospital.example/fhir/Patient/p", True),
        ("https://hospital.example/fhir/Patient/p", "https://hospital.example/fhir/Patient/p", True),
        ("https://hospital.example/fhir/Patient/p", "Patient/p", True),
        ("https://hospital.example/fhir/Patient/p", "https://other.example/fhir/Patient/p", False),
        ("urn:uuid:6f9619ff-8b86-d011-b42d-00c04fc964ff", "urn:uuid:6f9619ff-8b86-d011-b42d-00c04fc964ff", True),
        (None, "p", False),
        (None, "Group/p", False),
    ],
)
def test_references(catalogue, url, reference, fits):
    document = bundle(patient(), observation("igm", IGM, 25, subject={"reference": reference}))
    if url is not None:
        document["entry"][0]["fullUrl"] = url
    if fits:
        assert read_bundle(document, catalogue=catalogue).subject == "Patient/p"
    else:
        with pytest.raises(InputError, match="somebody who is not the Patient"):
            read_bundle(document, catalogue=catalogue)


def test_the_same_twice_and_twice_different(read, refused, kinds):
    igm = observation("igm", IGM, 25)
    reading = read(igm, dict(igm))
    assert len(reading.mapping["igm"]) == 1
    assert sorted(entry.kind for entry in reading.entries if entry.resource == "Observation/igm") == [
        "duplicate",
        "used",
    ]
    assert "stands twice with different content" in refused(igm, observation("igm", IGM, 95))


def test_birth_date_is_needed_and_read(refused):
    assert "has no birthDate" in refused({"resourceType": "Patient", "id": "p"})
    assert "birthDate is no FHIR date" in refused(patient(birthDate="1 May 1990"))
    assert "birthDate is no FHIR date" in refused(patient(birthDate=1990))


def test_an_age_that_cannot_be_is_refused(read, catalogue):
    with pytest.raises(InputError, match="no possible age"):
        read(patient(birthDate="2030-01-01")).patient(catalogue=catalogue)


def test_all_problems_in_one_report(refused):
    message = refused(
        patient(birthDate=None),
        observation("a", IGM, 25, unit="furlong"),
        observation("b", IGM, 25, date=None),
        condition("c", "icd10 J18.9", onset="2025", subject={"reference": "Patient/other"}),
    )
    for place in ("Patient/p", "Observation/a", "Observation/b", "Condition/c"):
        assert place in message


def test_a_page_of_several_is_said(read):
    codes = [c["code"] for c in read(link=[{"relation": "next", "url": "x"}]).cautions]
    assert codes == ["fhir_page"]


def test_setting_comes_from_the_caller_or_the_local_code(read, catalogue):
    document = bundle(patient(), observation("igm", IGM, 25))
    reading = read_bundle(document, catalogue=catalogue, setting="primary_care")
    assert reading.patient(catalogue=catalogue).setting == "primary_care"
    visit = {
        "resourceType": "Encounter", "id": "e", "status": "finished", "subject": SUBJECT,
        "type": [{"coding": [{"system": "urn:sigm-bayes", "code": "community"}]}],
    }  # fmt: skip
    assert read(visit).mapping["setting"] == "community"


def test_unicode_and_odd_ids(read):
    reading = read(
        condition("c", "icd10 J18.9", onset="2025-01-01", code={"coding": [], "text": "肺炎 \u202e\u0000 ñ" * 50}),
        {**condition("x", "icd10 Z00"), "id": "not an id component[zz"},
        {**condition("x", "icd10 Z00"), "id": {"a": 1}},
    )
    lines = list(reading.lines())
    assert all(line.isprintable() for line in lines)
    assert max(len(line) for line in lines) < 300


def test_digits_round_trip():
    text = '{"a":0.30,"b":[1,2.50],"c":"0.30","d":null}'
    assert dumps(loads(text)) == text
    assert loads(text)["a"] == Decimal("0.30")
    with pytest.raises(ValueError, match="JSON"):
        dumps({"a": float("nan")})
    with pytest.raises(TypeError):
        dumps({"a": Decimal("NaN")})
    with pytest.raises(NotJsonError):
        loads(b"[1,]")
