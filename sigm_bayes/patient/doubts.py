"""Statements that are possible but deserve a second look: cautions about the input itself."""

from __future__ import annotations

from dataclasses import dataclass

from sigm_bayes.catalogue import Catalogue, default_catalogue
from sigm_bayes.patient.person import Patient


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """A caution about the input."""

    code: str
    severity: str
    message: str


def doubts(patient: Patient, *, catalogue: Catalogue | None = None) -> tuple[Doubt, ...]:
    """Return what in a valid input may still be a slip.

    Codes: ``check_unit`` (a result so low that the unit may be wrong), ``infection_not_named`` (significant
    infections are stated, none is named), ``unusual_age_for_cause``.
    """
    catalogue = catalogue or default_catalogue()
    found = []
    for analyte in catalogue.analytes:
        for sample in getattr(patient, analyte.id.lower()):
            if sample.comparator == "=" and sample.value_mg_dl < analyte.check_unit_below_mg_dl:
                message = f"{analyte.id} {sample.text} is very low. Check that the unit is right."
                found.append(Doubt(code="check_unit", severity="caution", message=message))
    infections = (finding.id for finding in catalogue.findings if finding.infection)
    if patient.no_significant_infection == "absent" and not any(
        patient.findings.get(id) == "present" for id in infections
    ):
        message = "Significant infections are stated but none is named; unnamed ones are read as not known."
        found.append(Doubt(code="infection_not_named", severity="caution", message=message))
    for cause in catalogue.causes:
        exposure = patient.causes.get(cause.id)
        youngest = cause.min_age_years
        if exposure is None or exposure.state != "present" or youngest is None:
            continue
        if patient.age_years < youngest:
            message = f"{cause.label} is unusual under {youngest:g} years. Check cause and age."
            found.append(Doubt(code="unusual_age_for_cause", severity="caution", message=message))
    return tuple(found)
