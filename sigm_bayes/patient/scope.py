"""Who gets no probability, why, and which work-up is usually considered instead."""

from __future__ import annotations

from dataclasses import dataclass

from sigm_bayes.catalogue import Catalogue, default_catalogue
from sigm_bayes.patient.person import Patient
from sigm_bayes.units import MONTHS_PER_YEAR


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why there is no probability.

    Attributes
    ----------
    code
        ``under_six_months`` or ``known_inborn_error``.
    message
        The reason, as a person reads it.
    workup
        What is usually considered instead, most pressing first.
    urgent
        Whether it must not wait.
    """

    code: str
    message: str
    workup: tuple[str, ...]
    urgent: bool = False


_INFANT = (
    "Repeat IgG, IgA and IgM from {months:g} months of age, and compare with limits for age.",
    "Blood count with lymphocyte count.",
    "Ask for medicines of the mother in pregnancy, B-cell depletion above all.",
    "Family history: immunodeficiency, early deaths, parents related.",
)
_URGENT_INFANT = (
    "Lymphocyte count and subsets (T, B and NK cells, naive T cells) without delay.",
    "IgG, IgA and IgM; result of newborn screening (TREC, KREC) where there is one.",
    "Until these defects are excluded: no live vaccines; blood products irradiated and CMV-safe.",
    "Same-day advice of a paediatric immunologist.",
)
_INBORN_ERROR = (
    "Follow the guidance for the known defect.",
    "IgG, IgA and IgM at the intervals that it asks for.",
)


def scope(patient: Patient, *, catalogue: Catalogue | None = None) -> Refusal | None:
    """Say whether the model answers for this person.

    Returns
    -------
    Refusal or None
        ``None`` where it answers. Infants under 6 months of corrected age and people with a known inborn
        error of immunity are refused.
    """
    limits = (catalogue or default_catalogue()).limits
    if patient.corrected_age_years < limits.answered_from_years:
        return _infant(patient, catalogue or default_catalogue())
    if patient.known_inborn_error:
        return Refusal(
            code="known_inborn_error",
            message="An inborn error of immunity is known. What is compared here are explanations of an "
            "unexplained low IgM, so no probability is given.",
            workup=_INBORN_ERROR,
        )
    return None


def _infant(patient: Patient, catalogue: Catalogue) -> Refusal:
    limits = catalogue.limits
    months = limits.answered_from_years * MONTHS_PER_YEAR
    corrected = " (corrected age)" if patient.corrected_age_years != patient.age_years else ""
    message = (
        f"Under {months:g} months{corrected} no probability is given: the infant's own IgM is still rising "
        "and IgG is the mother's, so that a low IgM cannot be read."
    )
    signs = [
        catalogue.findings[catalogue.finding_index(id)].label
        for id in limits.urgent_in_infants
        if patient.findings.get(id) == "present"
    ]
    workup = tuple(line.format(months=months) for line in _INFANT)
    if not signs:
        return Refusal(code="under_six_months", message=message, workup=workup)
    message += (
        f" With {_listed(signs)}, severe combined immunodeficiency and agammaglobulinaemia are to be excluded urgently."
    )
    return Refusal(code="under_six_months", message=message, workup=_URGENT_INFANT + workup, urgent=True)


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
