"""Codes of health records (ICD-10, SNOMED CT, LOINC, ATC, OMOP ...) <-> findings, causes, tests and analytes."""

from sigm_bayes.codes.omop_terms import OmopTerms, load_omop_terms
from sigm_bayes.codes.systems import system_of_uri, uri_of_system
from sigm_bayes.codes.table import LAB_TESTS, Code, CodeTable, load_codes

__all__ = [
    "LAB_TESTS",
    "Code",
    "CodeTable",
    "OmopTerms",
    "load_codes",
    "load_omop_terms",
    "system_of_uri",
    "uri_of_system",
]
