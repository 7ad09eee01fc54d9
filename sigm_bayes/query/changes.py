"""The same patient with one thing changed: what the answer would then say, from all draws.

Each function puts a change into a patient file and weighs it like any other patient, taking over the terms that the
change leaves alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sigm_bayes.likelihood.hypotheses import PRIMARY, class_of_hypothesis
from sigm_bayes.patient import Exposure, Patient, Sample
from sigm_bayes.query import unknowns
from sigm_bayes.query.encode import REPLACEMENT_TESTS, Encoder
from sigm_bayes.query.encode_findings import INVASIVE
from sigm_bayes.query.situation import Situation
from sigm_bayes.query.unknown_exposures import ExposureOdds
from sigm_bayes.query.weighing import Weighing, normalise


@dataclass(frozen=True)
class Change:
    """One statement about the patient changed.

    Attributes
    ----------
    kind : `finding`, `exposure`, `test` or `analyte`
    roughly : P(primary) after the change, from the thinned draws
    """

    id: str
    kind: str
    label: str
    from_state: str
    to_state: str
    roughly: float


def changed_patient(patient: Patient, change: Change) -> Patient:
    """The patient with the change put in."""
    if change.kind == "finding":
        # An episode told, or sites excluded, belong to "present" and "unknown": they go with them.
        gone: dict[str, Any] = {"invasive": (), "episodes": (), "invasive_flags": {}} if change.id == INVASIVE else {}
        kept = gone if change.from_state == "present" else {}
        return patient.replace(findings={**patient.findings, change.id: change.to_state}, **kept)
    if change.kind == "exposure":
        return patient.replace(causes={**patient.causes, change.id: Exposure(state=change.to_state)})  # type: ignore[arg-type]
    if change.kind == "test":
        return patient.replace(tests={**patient.tests, change.id: change.to_state})
    return patient.replace(**{f"{change.id}_status": change.to_state})


def primary_after(patient: Patient, change: Change, weighing: Weighing, *, encoder: Encoder) -> float:
    """P(primary) of the answer once the change is put in; all draws."""
    new = changed_patient(patient, change)
    if change.kind == "exposure" and _told(patient.causes.get(change.id)):
        moved = Weighing(weighing.p, encoder.encode(new))
    else:
        moved = Weighing(weighing.p, replace(encoder.encode(new, series=False), series=weighing.case.series))
        moved.share_igm(weighing)
    if change.kind != "exposure":
        moved.share_start(weighing)
    return float(moved.probabilities()[:, PRIMARY].mean())


def _told(exposure: Exposure | None) -> bool:
    """Whether an exposure brings statements about other IgM results with it."""
    if exposure is None or exposure.state != "present":
        return False
    told = exposure.igm_before != "unknown" or exposure.igm_recovered_after_stop != "unknown"
    return told or exposure.last_dose_years is not None


def every_change(s: Situation, odds: ExposureOdds, *, asked: set[str]) -> list[Change]:
    """Every single finding, exposure, test, IgG or IgA in another state; unknowns only if `asked` for at this age."""
    return [*_findings(s, asked), *_exposures(s, odds, asked), *_tests(s, asked), *_analytes(s)]


def _findings(s: Situation, asked: set[str]) -> list[Change]:
    catalogue, out = s.encoder.catalogue, []
    rows = [f for f in catalogue.findings if s.patient.findings.get(f.id, "unknown") != "unknown" or f.id in asked]
    present = unknowns.present_given_class(s, [f.id for f in rows])
    columns = class_of_hypothesis(len(s.case.depletion))
    for f in rows:
        now = s.patient.findings.get(f.id, "unknown")
        if f.id == INVASIVE and now == "present":  # its sites and organisms go with it
            out.append(_reweighed(s, Change(f.id, "finding", f.label, now, "absent", 0.0)))
            continue
        p = present[f.id]
        likelihood = {"present": p, "absent": 1.0 - p}
        before = likelihood.get(now, np.ones(1))
        for state in ("present", "absent"):
            if state != now:
                ratio = (np.maximum(likelihood[state], 1e-300) / np.maximum(before, 1e-300))[:, columns]
                out.append(Change(f.id, "finding", f.label, now, state, _primary(s.p * ratio)))
    return out


def _exposures(s: Situation, odds: ExposureOdds, asked: set[str]) -> list[Change]:
    labels = {c.id: c.label for c in s.encoder.catalogue.causes}
    out = []
    for id, found, gone in zip(odds.ids, odds.present, odds.absent, strict=True):
        exposure = s.patient.causes.get(id)
        now = "unknown" if exposure is None else exposure.state
        if now == "unknown" and id not in asked:
            continue
        for state, change in (("present", found), ("absent", gone)):
            if state != now:
                p = normalise(odds.situation.log_joint + change)
                out.append(Change(id, "exposure", labels[id], now, state, float(p[:, PRIMARY].mean())))
    for id, exposure in s.patient.causes.items():
        if exposure.state == "present":
            out.append(_reweighed(s, Change(id, "exposure", labels[id], "present", "absent", 0.0)))
    return out


def _reweighed(s: Situation, change: Change) -> Change:
    """The change with its P(primary) from the thinned draws."""
    moved = Weighing(s.parameters, s.encoder.encode(changed_patient(s.patient, change)))
    return replace(change, roughly=float(moved.probabilities()[:, PRIMARY].mean()))


def _tests(s: Situation, asked: set[str]) -> list[Change]:
    replaced = REPLACEMENT_TESTS if s.encoder.igg_replaced(s.patient) else ()
    states = {t.id: s.patient.tests.get(t.id, "not_done") for t in s.encoder.catalogue.tests if t.id not in replaced}
    states = {id: now for id, now in states.items() if now in ("normal", "abnormal") or id in asked}
    likelihoods, out = unknowns.tests(s, list(states)), []
    labels = {t.id: t.label for t in s.encoder.catalogue.tests}
    for id, now in states.items():
        likelihood = dict(zip(("abnormal", "normal"), likelihoods[id], strict=True))
        before = likelihood.get(now, np.ones(1))
        for state in ("abnormal", "normal"):
            if state != now:
                ratio = likelihood[state] / np.maximum(before, 1e-300)
                out.append(Change(id, "test", labels[id], now, state, _primary(s.p * ratio)))
    return out


def _analytes(s: Situation) -> list[Change]:
    out = []
    for id, likelihood in unknowns.analytes(s, unknowns.unknown_analytes(s)).items():
        for state, p in zip(unknowns.STATUSES, likelihood, strict=True):
            out.append(Change(id, "analyte", unknowns.ANALYTES[id], "unknown", state, _primary(s.p * p)))
    return out


def _primary(weights: np.ndarray) -> float:
    total = weights.sum(axis=-1)
    return float((weights[:, PRIMARY] / np.maximum(total, 1e-300)).mean())


def with_igm(patient: Patient, value_mg_dl: float) -> Patient:
    """The patient with another first IgM; repeats change in proportion, each printed as its laboratory prints."""
    first = patient.igm[0]
    factor = value_mg_dl / max(first.value_mg_dl, first.resolution_mg_dl)
    rest = tuple(_printed(s, _on_step(s, factor * s.value_mg_dl), exact=False) for s in patient.igm[1:])
    return patient.replace(igm=(_printed(first, value_mg_dl, exact=True), *rest))


def step_of(sample: Sample) -> float:
    """Step of printed values, mg/dL."""
    return sample.resolution_mg_dl


def _on_step(sample: Sample, value: float) -> float:
    step = step_of(sample)
    return max(step, round(value / step) * step)


def _printed(sample: Sample, value: float, *, exact: bool) -> Sample:
    """The sample with another printed value; `exact` makes a limit ("<20") a measured value."""
    half = 0.5 * step_of(sample)
    if exact or sample.comparator == "=":
        return replace(
            sample, comparator="=", value_mg_dl=value, low_mg_dl=max(0.0, value - half), high_mg_dl=value + half,
            text=f"{value:g} mg/dL",
        )  # fmt: skip
    below = sample.comparator.startswith("<")
    return replace(
        sample, value_mg_dl=value, low_mg_dl=0.0 if below else value, high_mg_dl=value if below else math.inf,
        text=f"{sample.comparator}{value:g} mg/dL",
    )  # fmt: skip
