"""What a reader must know before the numbers: cautions, each with a code."""

from __future__ import annotations

from dataclasses import dataclass

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.likelihood.igm_series import MAX_SAMPLES
from sigm_bayes.patient import Patient, doubts
from sigm_bayes.query import wording
from sigm_bayes.query.encode_findings import INVASIVE

CVID_FROM_YEARS = 4.0
"""Common variable immunodeficiency is not considered before this age (ESID working definitions, Seidel et al. 2019,
doi:10.1016/j.jaip.2019.02.004): before it a low IgG has other explanations."""
INFANT_YEARS = 2.0
"""Below this age a combined immunodeficiency and agammaglobulinaemia usually first show (as for failure to thrive)."""
SPIKE_FACTOR = 2.0
"""A result this many times those before and after it is doubted: ln 2 is 6.5 SDs of the difference of two results under
`igm_error_sd` of ``priors.toml`` (0.075); the factor is a choice."""
FEWEST_EFFECTIVE_DRAWS = 100.0
"""Below this many effective draws the end of a 90% interval rests on fewer than five draws (5% of 100): a choice."""


@dataclass(frozen=True)
class Caution:
    """One caution; severity is info, caution or warning."""

    code: str
    severity: str
    message: str


@dataclass(frozen=True)
class Facts:
    """What the cautions depend on besides the patient.

    `extrapolated`, `low_normal` and `primary_advice` are by constants of `priors.toml`.
    """

    igg: str
    iga: str
    igm_low: bool
    igg_replaced: bool
    extrapolated: bool
    low_normal: bool
    primary_advice: bool
    effective_draws: float


def cautions(patient: Patient, facts: Facts, *, catalogue: Catalogue) -> list[Caution]:
    """All cautions of a patient in scope."""
    out = [Caution(d.code, d.severity, d.message) for d in doubts(patient, catalogue=catalogue)]
    out += _samples(patient, facts, catalogue)
    out += _other_classes(patient, facts)
    out += _patterns(patient, facts)
    if patient.setting is None:
        out.append(Caution("setting_assumed", "caution", wording.SETTING_ASSUMED))
    if facts.extrapolated:
        out.append(Caution("extrapolated", "caution", wording.EXTRAPOLATED))
    if facts.effective_draws < FEWEST_EFFECTIVE_DRAWS:
        out.append(
            Caution("few_effective_draws", "info", wording.FEW_DRAWS.format(n=max(1, round(facts.effective_draws))))
        )
    if facts.low_normal and facts.igm_low:
        out.append(Caution("low_normal", "info", wording.LOW_NORMAL))
    if facts.primary_advice:
        out.append(Caution("no_immunoglobulin", "info", wording.NO_IMMUNOGLOBULIN))
        out.append(Caution("recheck_yearly", "info", wording.RECHECK_YEARLY))
    return out


def _samples(patient: Patient, facts: Facts, catalogue: Catalogue) -> list[Caution]:
    out = []
    contexts = {s.context for s in patient.igm}
    if "acute_infection" in contexts or "intensive_care" in contexts:
        out.append(Caution("acute_illness", "warning", wording.ACUTE_ILLNESS))
    elif len(patient.igm) == 1:
        out.append(Caution("single_value", "caution", wording.SINGLE_VALUE))
    if "pregnant" in contexts:
        out.append(Caution("pregnancy", "caution", wording.PREGNANCY))
    if "after_plasma_exchange_or_transfusion" in contexts:
        out.append(Caution("after_exchange", "warning", wording.AFTER_EXCHANGE))
    if facts.igg_replaced:
        out.append(Caution("immunoglobulin_replacement", "caution", wording.REPLACEMENT))
    if not facts.igm_low:
        out.append(Caution("igm_not_low", "caution", wording.IGM_NOT_LOW))
    around = zip(patient.igm, patient.igm[1:], patient.igm[2:], strict=False)
    if any(now.low_mg_dl > SPIKE_FACTOR * max(a.high_mg_dl, b.high_mg_dl) for a, now, b in around):
        out.append(Caution("igm_spike", "warning", wording.SPIKE))
    if len(patient.igm) > MAX_SAMPLES:
        text = wording.TOO_MANY_RESULTS.format(n=len(patient.igm), kept=MAX_SAMPLES - 1)
        out.append(Caution("some_results_left_out", "caution", text))
    return out


def _other_classes(patient: Patient, facts: Facts) -> list[Caution]:
    out = []
    low = [name for name, state in (("IgG", facts.igg), ("IgA", facts.iga)) if state == "low"]
    high = [name for name, state in (("IgG", facts.igg), ("IgA", facts.iga)) if state == "high"]
    if low:
        kept = facts.igg in ("normal", "high")
        words = wording.NOT_SELECTIVE_IGG_KEPT if kept else wording.NOT_SELECTIVE
        if patient.age_years < CVID_FROM_YEARS:
            words = wording.NOT_SELECTIVE_YOUNG
        text = words.format(which=" and ".join(low), verb="are" if len(low) > 1 else "is")
        out.append(Caution("not_selective", "warning", text))
    if high:
        text = wording.PARAPROTEIN.format(which=" and ".join(high), verb="are" if len(high) > 1 else "is")
        out.append(Caution("possible_paraprotein", "warning", text))
    if facts.igm_low and (facts.igg == "unknown" or facts.iga == "unknown"):
        missing = [name for name, state in (("IgG", facts.igg), ("IgA", facts.iga)) if state == "unknown"]
        out.append(Caution("igg_iga_unknown", "caution", wording.CLASSES_UNKNOWN.format(which=" and ".join(missing))))
    return out


def _patterns(patient: Patient, facts: Facts) -> list[Caution]:
    out = []
    found = patient.findings
    abnormal = {test for test, value in patient.tests.items() if value == "abnormal"}
    if abnormal & {"t_cells_cd4", "t_cell_proliferation"}:
        out.append(Caution("t_cell_defect", "warning", wording.T_CELL_DEFECT))
    if abnormal & {"b_cells_cd19"}:
        out.append(Caution("b_cells_low", "warning", wording.B_CELLS_LOW))
    if found.get("chromosomal_or_syndromic") == "present":
        out.append(Caution("syndromic", "caution", wording.SYNDROMIC))
    if found.get("thrombocytopenia_small_platelets") == "present":
        boy = patient.sex == "male" and patient.age_years < 18
        eczema = found.get("chronic_dermatitis") == "present"
        text = wording.WISKOTT_ALDRICH if boy and eczema else wording.SMALL_PLATELETS
        out.append(Caution("small_platelets", "warning", text))
    mono = patient.causes.get("myeloma_or_paraprotein"), patient.causes.get("mgus")
    if any(e is not None and e.state == "present" for e in mono):
        out.append(Caution("monoclonal", "caution", wording.MONOCLONAL))
    if patient.age_years < INFANT_YEARS and found.get("failure_to_thrive") == "present":
        out.append(Caution("failure_to_thrive", "warning", wording.FAILURE_TO_THRIVE))
    if patient.age_years < INFANT_YEARS and facts.igg == "low" and found.get(INVASIVE) == "present":
        out.append(Caution("severe_infection_infant", "warning", wording.SEVERE_INFECTION_INFANT))
    return out
