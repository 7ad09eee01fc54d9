"""The weight of single findings, exposures and tests: the change of log10 odds when one alone becomes unknown."""

from __future__ import annotations

from collections.abc import Mapping

from sigm_bayes.patient import Patient
from sigm_bayes.query.draws import log10_odds
from sigm_bayes.query.encode import Encoder
from sigm_bayes.query.weighing import (
    EXPOSURES,
    INFECTIONS,
    OTHER_FINDINGS,
    TESTS,
    Weighing,
)

Detail = dict[str, object]


def details(patient: Patient, weighing: Weighing, *, encoder: Encoder) -> dict[str, list[Detail]]:
    """Single weights per ledger group; they need not sum to the group."""
    whole = log10_odds(weighing.class_log_everything)
    catalogue = encoder.catalogue
    out: dict[str, list[Detail]] = {INFECTIONS: [], OTHER_FINDINGS: [], EXPOSURES: [], TESTS: []}

    limits = encoder.igm_limits(patient)

    def without(kind: str, changed: Patient) -> float:
        case = encoder.encode_changed(changed, before=patient, case=weighing.case, kind=kind, limits=limits)
        return whole - log10_odds(weighing.moved(case).class_log_everything)

    labels = {f.id: f.label for f in catalogue.findings}
    for id, state in _first(patient.findings):
        group = INFECTIONS if catalogue.findings[catalogue.finding_index(id)].infection else OTHER_FINDINGS
        value = whole - _odds_without_finding(weighing, catalogue.finding_index(id))
        out[group].append(_detail(id, labels[id], state, value))
    for cause in catalogue.causes:
        exposure = patient.causes.get(cause.id)
        if exposure is not None and exposure.state == "present":
            causes = {id: e for id, e in patient.causes.items() if id != cause.id}
            value = without("exposure", patient.replace(causes=causes))
            out[EXPOSURES].append(_detail(cause.id, cause.label, "present", value))
    for test in catalogue.tests:
        state = patient.tests.get(test.id, "not_done")
        if state in ("normal", "abnormal"):
            tests = {id: v for id, v in patient.tests.items() if id != test.id}
            out[TESTS].append(_detail(test.id, test.label, state, without("test", patient.replace(tests=tests))))
    return out


def _odds_without_finding(weighing: Weighing, k: int) -> float:
    """log10 odds with one finding unknown; with the invasive infection goes all that is recorded of it."""
    found = weighing.found(weighing.everything)
    assert found is not None
    return log10_odds(weighing.class_log_everything - found + weighing.found_without(k))


def _first(findings: Mapping[str, str]) -> list[tuple[str, str]]:
    known = [(id, state) for id, state in findings.items() if state != "unknown"]
    return sorted(known, key=lambda pair: pair[1] != "present")


def _detail(id: str, label: str, state: str, change: float) -> Detail:
    return {"id": id, "label": label, "state": state, "log10_change": change}
