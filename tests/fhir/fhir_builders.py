"""Builders of FHIR resources about one made-up person."""

from __future__ import annotations

from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples" / "fhir"
SYSTEMS = {
    "loinc": "http://loinc.org",
    "snomed": "http://snomed.info/sct",
    "icd10": "http://hl7.org/fhir/sid/icd-10",
    "icd10cm": "http://hl7.org/fhir/sid/icd-10-cm",
    "atc": "http://www.whocc.no/atc",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "hpo": "http://human-phenotype-ontology.org",
    "ours": "urn:sigm-bayes",
}
IGM, IGG, IGA = "loinc 2472-9", "loinc 2465-3", "loinc 2458-8"
SUBJECT = {"reference": "Patient/p"}


def concept(*codes):
    """concept("icd10 J18.9", ...): a CodeableConcept."""
    pairs = [code.split(" ", 1) for code in codes]
    return {"coding": [{"system": SYSTEMS.get(system, system), "code": code} for system, code in pairs]}


def word(code):
    return {"coding": [{"code": code}]}


def patient(**more):
    return {"resourceType": "Patient", "id": "p", "gender": "female", "birthDate": "1990-01-01", **more}


def observation(id, code, value=None, unit="mg/dL", date="2026-01-01", **more):
    out = {"resourceType": "Observation", "id": id, "status": "final", "code": concept(code), "subject": SUBJECT}
    if date is not None:
        out["effectiveDateTime"] = date
    if value is not None:
        out["valueQuantity"] = {"value": value, "unit": unit}
    return {**out, **more}


def condition(id, *codes, onset=None, verified="confirmed", clinical=None, **more):
    out = {"resourceType": "Condition", "id": id, "code": concept(*codes), "subject": SUBJECT}
    if verified:
        out["verificationStatus"] = word(verified)
    if clinical:
        out["clinicalStatus"] = word(clinical)
    if onset:
        out["onsetDateTime"] = onset
    return {**out, **more}


def statement(id, *codes, status="active", start=None, end=None, **more):
    period = {name: day for name, day in (("start", start), ("end", end)) if day}
    out = {"resourceType": "MedicationStatement", "id": id, "status": status, "subject": SUBJECT}
    out["medicationCodeableConcept"] = concept(*codes)
    if period:
        out["effectivePeriod"] = period
    return {**out, **more}


def bundle(*resources, type="collection", **more):
    return {"resourceType": "Bundle", "type": type, "entry": [{"resource": r} for r in resources], **more}
