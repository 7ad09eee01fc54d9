"""The patient file that says what a patient holds, and when two canonical forms are the same."""

from __future__ import annotations

import math


def sample_file(sample):
    out = {
        "value": sample.value_mg_dl,
        "comparator": sample.comparator,
        "unit": "mg/dL",
        "resolution": sample.resolution_mg_dl,
        "context": sample.context,
    }
    if sample.date is not None:
        out["date"] = sample.date
    if sample.reference_low_mg_dl is not None:
        out["reference_interval"] = [sample.reference_low_mg_dl, sample.reference_high_mg_dl]
    return out


def patient_file(patient):
    """The patient file that says what the patient holds."""
    states = {**patient.findings, **patient.invasive_flags}
    out = {
        "age_years": patient.age_years,
        "sex": patient.sex,
        "setting": patient.setting,
        "gestational_weeks": patient.gestational_weeks,
        "igg_status": patient.igg_status,
        "iga_status": patient.iga_status,
        "known_inborn_error": patient.known_inborn_error,
        "on_immunoglobulin": patient.on_immunoglobulin,
        "findings": {**states, "no_significant_infection": patient.no_significant_infection},
        "tests": dict(patient.tests),
        "causes": {
            id: {"state": e.state}
            | {
                name: getattr(e, name)
                for name in ("started", "last_dose", "igm_before", "igm_recovered_after_stop")
                if getattr(e, name) not in (None, "unknown")
            }
            for id, e in patient.causes.items()
        },
    }
    for name in ("igm", "igg", "iga"):
        if getattr(patient, name):
            out[name] = [sample_file(sample) for sample in getattr(patient, name)]
    if patient.invasive:
        out["invasive"] = [
            {
                key: value
                for key, value in (
                    ("site", list(e.sites)),
                    ("organism", e.organism),
                    ("severity", e.severity),
                    ("number", e.number),
                )
                if value
            }
            for e in patient.invasive
        ]
    return out


def near(one, other):
    """Whether two canonical forms are equal up to the last digits of numbers."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=0, abs_tol=1e-9)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(near(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(near(a, b) for a, b in zip(one, other, strict=True))
    return one == other
