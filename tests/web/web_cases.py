"""What the tests of this room type into the form, and the example patients."""

from pathlib import Path

PATIENTS = Path(__file__).parents[2] / "examples" / "patients"

ADULT = {
    "age": "34",
    "sex": "female",
    "setting": "allergy_immunology_clinic",
    "igm[0].value": "25",
    "igm[0].unit": "mg/dL",
    "igg_status": "normal",
    "iga_status": "normal",
    "findings.pneumonia": "present",
}
