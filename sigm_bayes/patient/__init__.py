"""One person as given: file, parsing, normal form, scope."""

from sigm_bayes.patient.doubts import Doubt, doubts
from sigm_bayes.patient.person import Patient
from sigm_bayes.patient.read import parse_patient, read_patient
from sigm_bayes.patient.records import Episode, Exposure, Sample
from sigm_bayes.patient.scope import Refusal, scope

__all__ = [
    "Doubt",
    "Episode",
    "Exposure",
    "Patient",
    "Refusal",
    "Sample",
    "doubts",
    "parse_patient",
    "read_patient",
    "scope",
]
