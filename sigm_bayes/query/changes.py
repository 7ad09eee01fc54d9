"""The same patient with one thing changed: what the answer would then say, from all draws.

Each function puts a change into a patient file and weighs it like any other patient, taking over the terms that the
change leaves alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sigm_bayes.likelihood.hypotheses import PRIMARY
from sigm_bayes.patient import Exposure, Patient, Sample
from sigm_bayes.query import unknowns
from sigm_bayes.query.draws import primary as primary_of
from sigm_bayes.query.encode import REPLACEMENT_TESTS
from sigm_bayes.query.encode_findings import INVASIVE
from sigm_bayes.query.situation import Situation
from sigm_bayes.query.unknown_exposures import ExposureOdds
from sigm_bayes.query.weighing import Weighing


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


def primary_after(s: Situation, change: Change, weighing: Weighing) -> float:
    """P(primary) of the answer once the change is put in; under the draws of the weighing."""
    new = changed_patient(s.patient, change)
    case = s.encoder.encode_changed(new, before=s.patient, case=weighing.case, kind=change.kind, limits=s.limits)
    return weighing.moved(case).primary()


def every_change(s: Situation, odds: ExposureOdds, *, asked: set[str]) -> list[Change]:
    """Every single finding, exposure, test, IgG or IgA in another state; unknowns only if `asked` for at this age."""
    return [*_findings(s, asked), *_exposures(s, odds, asked), *_tests(s, asked), *_analytes(s)]


def _findings(s: Situation, asked: set[str]) -> list[Change]:
    catalogue, out = s.encoder.catalogue, []
    rows = [f for f in catalogue.findings if s.patient.findings.get(f.id, "unknown") != "unknown" or f.id in asked]
    present = unknowns.present_given_class(s, [f.id for f in rows])
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
                ratio = np.maximum(likelihood[state], 1e-300) / np.maximum(before, 1e-300)
                out.append(Change(f.id, "finding", f.label, now, state, _primary(s.class_joint * ratio)))
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
                primary = float(primary_of(odds.situation.log_joint + change))
                out.append(Change(id, "exposure", labels[id], now, state, primary))
    for id, exposure in s.patient.causes.items():
        if exposure.state == "present":
            out.append(_reweighed(s, Change(id, "exposure", labels[id], "present", "absent", 0.0)))
    return out


def _reweighed(s: Situation, change: Change) -> Change:
    """The change with its P(primary) from the thinned draws."""
    return replace(change, roughly=primary_after(s, change, s.weighing))


def _tests(s: Situation, asked: set[str]) -> list[Change]:
    replaced = REPLACEMENT_TESTS if s.encoder.igg_replaced(s.patient) else ()
    states = {t.id: s.patient.tests.get(t.id, "not_done") for t in s.encoder.catalogue.tests if t.id not in replaced}
    states = {id: now for id, now in states.items() if now in ("normal", "abnormal") or id in asked}
    likelihoods, out = unknowns.abnormal_given_class(s, list(states)), []
    labels = {t.id: t.label for t in s.encoder.catalogue.tests}
    for id, now in states.items():
        likelihood = {"abnormal": likelihoods[id], "normal": 1.0 - likelihoods[id]}
        before = likelihood.get(now, np.ones(1))
        for state in ("abnormal", "normal"):
            if state != now:
                ratio = likelihood[state] / np.maximum(before, 1e-300)
                out.append(Change(id, "test", labels[id], now, state, _primary(s.class_joint * ratio)))
    return out


def _analytes(s: Situation) -> list[Change]:
    out = []
    for id, likelihood in s.kept("analytes", unknowns.open_analytes).items():
        for state, p in zip(unknowns.STATUSES, likelihood, strict=True):
            out.append(Change(id, "analyte", unknowns.ANALYTES[id], "unknown", state, _primary(s.joint * p)))
    return out


def _primary(joint: np.ndarray) -> float:
    """P(primary) from P(draw, class, change), (draw, class)."""
    return float(joint[:, PRIMARY].sum() / max(joint.sum(), 1e-300))


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
