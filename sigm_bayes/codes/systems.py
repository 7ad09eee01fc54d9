"""Names of the code systems, as FHIR and OMOP write them."""

from __future__ import annotations

SYSTEMS = (
    *("ICD10", "ICD10CM", "SNOMED", "LOINC", "ATC", "RXNORM", "HPO", "OMOP"),
    *("MONDO", "ORPHA", "UMLS", "GARD", "ICD9CM"),
)
"""Systems of the table of codes."""
_URIS = {
    "http://hl7.org/fhir/sid/icd-10": "ICD10",
    "http://hl7.org/fhir/sid/icd-10-cm": "ICD10CM",
    "http://hl7.org/fhir/sid/icd-9-cm": "ICD9CM",
    "http://snomed.info/sct": "SNOMED",
    "http://loinc.org": "LOINC",
    "http://www.whocc.no/atc": "ATC",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RXNORM",
    "http://human-phenotype-ontology.org": "HPO",
    "http://purl.obolibrary.org/obo/hp.owl": "HPO",
    "http://purl.obolibrary.org/obo/hp.fhir": "HPO",
    "urn:oid:2.16.840.1.113883.6.3": "ICD10",
    "urn:oid:2.16.840.1.113883.6.90": "ICD10CM",
    "urn:oid:2.16.840.1.113883.6.96": "SNOMED",
    "urn:oid:2.16.840.1.113883.6.1": "LOINC",
    "urn:oid:2.16.840.1.113883.6.73": "ATC",
    "urn:oid:2.16.840.1.113883.6.88": "RXNORM",
}
_VOCABULARIES = {"ICD10": "ICD10", "ICD10CM": "ICD10CM", "SNOMED": "SNOMED", "LOINC": "LOINC", "ATC": "ATC"} | {
    "RxNorm": "RXNORM",
    "HPO": "HPO",
    "ICD9CM": "ICD9CM",
}
"""`vocabulary_id` of an OMOP table of concepts -> system."""


def system_of_uri(uri: str) -> str | None:
    """Return the system that a FHIR `system` names, whatever its case or last slash; None where it is another one."""
    return _URIS.get(uri.strip().lower().rstrip("/").replace("https://", "http://"))


def uri_of_system(system: str) -> str | None:
    """Return the first address by which FHIR names a system; None where there is none here."""
    return next((uri for uri, name in _URIS.items() if name == system), None)


def vocabularies() -> dict[str, str]:
    """Return `vocabulary_id` of OMOP -> system."""
    return dict(_VOCABULARIES)
