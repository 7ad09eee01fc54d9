"""FHIR R4 bulk NDJSON -> the two flat tables of a registry."""

from sigm_bayes.registry.fhir.read import read_fhir

__all__ = ["read_fhir"]
