"""The ESID definition beside the probability: which criteria are met, not met, not documented.

Criteria of the working definition of selective IgM deficiency: IgM repeatedly below the limit of age, IgG and IgA
normal, normal vaccine responses, normal IgG subclasses, no T-cell defect, causes of hypogammaglobulinaemia excluded.
An undocumented criterion is never met.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.likelihood import person
from sigm_bayes.likelihood.igm import PARTIAL, PROFOUND
from sigm_bayes.likelihood.namespace import NUMPY
from sigm_bayes.patient import Patient
from sigm_bayes.query import wording
from sigm_bayes.query.encode import Encoder
from sigm_bayes.query.encode_samples import kept_results
from sigm_bayes.query.summary import band
from sigm_bayes.query.weighing import Weighing

MET, NOT_MET, OPEN = "met", "not_met", "not_documented"
VACCINE = ("pneumococcal_response", "protein_vaccine_response")
SUBCLASSES = ("igg_subclasses",)
T_CELLS = ("t_cells_cd4", "t_cell_proliferation")


@dataclass(frozen=True)
class Criterion:
    """One criterion and its state."""

    id: str
    label: str
    state: str
    detail: str


def criteria(patient: Patient, *, encoder: Encoder, iga_state: str, igg_state: str) -> list[Criterion]:
    """All criteria for a patient; `igg_state` and `iga_state` are low, normal, high or unknown."""
    low_limit, _ = encoder.igm_limits(patient)
    results = kept_results(patient)
    low = [s.high_mg_dl <= low_limit for s in results]
    not_low = [s.low_mg_dl >= low_limit for s in results]
    if any(not_low):
        igm = Criterion("igm_low_repeatedly", wording.ESID_IGM, NOT_MET, wording.ESID_IGM_NOT_LOW)
    elif len(low) > 1 and all(low):
        igm = Criterion("igm_low_repeatedly", wording.ESID_IGM, MET, wording.ESID_IGM_LOW.format(n=len(low)))
    else:
        igm = Criterion("igm_low_repeatedly", wording.ESID_IGM, OPEN, wording.ESID_IGM_ONCE)
    return [
        igm,
        _others(igg_state, iga_state),
        _tests(patient, VACCINE, "vaccine_responses", wording.ESID_VACCINES),
        _tests(patient, SUBCLASSES, "igg_subclasses", wording.ESID_SUBCLASSES),
        _tests(patient, T_CELLS, "no_t_cell_defect", wording.ESID_T_CELLS),
        _causes(patient, encoder.catalogue),
    ]


def _others(igg: str, iga: str) -> Criterion:
    label = wording.ESID_CLASSES
    if "low" in (igg, iga) or "high" in (igg, iga):
        which = [f"{name} {state}" for name, state in (("IgG", igg), ("IgA", iga)) if state in ("low", "high")]
        return Criterion("igg_iga_normal", label, NOT_MET, ", ".join(which))
    if igg == iga == "normal":
        return Criterion("igg_iga_normal", label, MET, "")
    missing = [name for name, state in (("IgG", igg), ("IgA", iga)) if state == "unknown"]
    return Criterion("igg_iga_normal", label, OPEN, wording.ESID_NOT_KNOWN.format(which=" and ".join(missing)))


def _tests(patient: Patient, ids: tuple[str, ...], id: str, label: str) -> Criterion:
    values = [patient.tests.get(test, "not_done") for test in ids]
    if "abnormal" in values:
        return Criterion(id, label, NOT_MET, ", ".join(t for t, v in zip(ids, values, strict=True) if v == "abnormal"))
    if all(v == "normal" for v in values):
        return Criterion(id, label, MET, "")
    missing = [t for t, v in zip(ids, values, strict=True) if v != "normal"]
    return Criterion(id, label, OPEN, wording.ESID_OPEN.format(tests=", ".join(missing)))


def _causes(patient: Patient, catalogue: Catalogue) -> Criterion:
    label = wording.ESID_CAUSES
    present = [
        c.label for c in catalogue.causes
        if (e := patient.causes.get(c.id)) is not None and e.state == "present" and e.started != "after_low_igm"
    ]  # fmt: skip
    if present:
        return Criterion("causes_excluded", label, NOT_MET, ", ".join(present))
    possible = [c for c in catalogue.causes if c.recordable and _possible(c, patient.age_years)]
    absent = [c for c in possible if (e := patient.causes.get(c.id)) is not None and e.state == "absent"]
    if len(absent) == len(possible):
        return Criterion("causes_excluded", label, MET, wording.ESID_ALL_ABSENT)
    told = wording.ESID_SOME_ABSENT.format(n=len(absent), of=len(possible))
    return Criterion("causes_excluded", label, OPEN, told)


def _possible(cause: object, age: float) -> bool:
    low, high = getattr(cause, "min_age_years", None), getattr(cause, "max_age_years", None)
    return (low is None or age >= low) and (high is None or age <= high)


def status(found: list[Criterion]) -> str:
    """met, not_met or possible."""
    if any(c.state == NOT_MET for c in found):
        return "not_met"
    return "met" if all(c.state == MET for c in found) else "possible"


def esid(
    patient: Patient, weighing: Weighing, *, encoder: Encoder, igg_state: str, iga_state: str
) -> dict[str, object]:
    """The ESID block of an answer.

    P(ESID criteria) = P(primary | y) P(true level below the limit | y, primary) times, for each ESID test, 1 if known
    normal, 0 if abnormal, P(normal | primary) if unknown.
    """
    found = criteria(patient, encoder=encoder, igg_state=igg_state, iga_state=iga_state)
    primary = weighing.probabilities()[:, 0]
    draws = primary * _below_limit(patient, weighing, encoder=encoder) * _tests_normal(patient, weighing, encoder)
    return {
        "probability": band(draws, weighing.draw_weights),
        "status": status(found),
        "documented": sum(c.state != OPEN for c in found),
        "criteria": [{"id": c.id, "label": c.label, "state": c.state, "detail": c.detail} for c in found],
    }


def _below_limit(patient: Patient, weighing: Weighing, *, encoder: Encoder) -> np.ndarray:
    """P(true IgM below the lower limit | results, primary) per draw, from the mean of the logged results."""
    case = weighing.case
    mean, sd = person.igm_components(NUMPY, weighing.p, case.curves[0])
    results = kept_results(patient)
    middle = [np.log(max(0.5 * (s.low_mg_dl + min(s.high_mg_dl, 2.0 * s.low_mg_dl + 1.0)), 0.02)) for s in results]
    y, noise = float(np.mean(middle)), case.noise.error_sd**2 / len(results)
    limit = float(np.log(encoder.igm_limits(patient)[0]))
    log_seen, below = [], []
    for component in (PARTIAL, PROFOUND):
        m, v = mean[:, component], sd[:, component] ** 2
        shrink = v / (v + noise)
        centre, spread = m + shrink * (y - m), np.sqrt(noise * shrink)
        below.append(np.exp(NUMPY.log_ndtr((limit - centre) / spread)))
        log_seen.append(-0.5 * (y - m) ** 2 / (v + noise) - 0.5 * np.log(v + noise))
    logit = weighing.p["logit_profound_primary"] + log_seen[1] - log_seen[0]
    profound = NUMPY.expit(logit)
    return np.asarray(profound * below[1] + (1.0 - profound) * below[0])


def _tests_normal(patient: Patient, weighing: Weighing, encoder: Encoder) -> np.ndarray:
    logits = person.test_logits(NUMPY, weighing.p, weighing.case.setting)[:, 0]
    out = np.ones(len(logits))
    for n, test in enumerate(encoder.catalogue.tests):
        if not test.esid:
            continue
        value = patient.tests.get(test.id, "not_done")
        if value == "abnormal":
            out = out * 0.0
        elif value != "normal":
            out = out * NUMPY.expit(-logits[:, n])
    return np.asarray(out)
