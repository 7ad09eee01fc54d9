"""FHIR R4: a Bundle of one person in, a RiskAssessment out, with an account of every resource."""

from sigm_bayes.fhir.bundle import read_bundle, read_bundle_file
from sigm_bayes.fhir.reading import Reading
from sigm_bayes.fhir.risk import risk_assessment

__all__ = ["Reading", "read_bundle", "read_bundle_file", "risk_assessment"]
