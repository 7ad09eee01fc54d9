"""The weight of single findings, exposures and tests: the change of log10 odds when one alone becomes unknown."""

from __future__ import annotations

from collections.abc import Mapping

from sigm_bayes.patient import Patient
from sigm_bayes.query.encode import Encoder
from sigm_bayes.query.weighing import (
    EXPOSURES,
    INFECTIONS,
    OTHER_FINDINGS,
    TESTS,
    Weighing,
    log10_odds,
    normalise,
)

Detail = dict[str, object]


def details(patient: Patient, weighing: Weighing, *, encoder: Encoder) -> dict[str, list[Detail]]:
    """Single weights per ledger group; they need not sum to the group."""
    joint = weighing.log_joint(weighing.everything)
    whole = log10_odds(normalise(joint))
    catalogue = encoder.catalogue
    out: dict[str, list[Detail]] = {INFECTIONS: [], OTHER_FINDINGS: [], EXPOSURES: [], TESTS: []}
    labels = {f.id: f.label for f in catalogue.findings}
    for id, state in _first(patient.findings):
        group = INFECTIONS if catalogue.findings[catalogue.finding_index(id)].infection else OTHER_FINDINGS
        without = weighing.findings_term(weighing.everything, without=catalogue.finding_index(id))
        new = joint - weighing.findings_term(weighing.everything) + without
        out[group].append(_detail(id, labels[id], state, whole - log10_odds(normalise(new))))
    for cause in catalogue.causes:
        exposure = patient.causes.get(cause.id)
        if exposure is None or exposure.state != "present":
            continue
        causes = {id: e for id, e in patient.causes.items() if id != cause.id}
        changed = Weighing(weighing.p, encoder.encode(patient.replace(causes=causes)))
        if exposure.igm_before == exposure.igm_recovered_after_stop == "unknown" and exposure.last_dose is None:
            changed.share_igm(weighing)
        value = log10_odds(changed.probabilities())
        out[EXPOSURES].append(_detail(cause.id, cause.label, "present", whole - value))
    for test in catalogue.tests:
        state = patient.tests.get(test.id, "not_done")
        if state not in ("normal", "abnormal"):
            continue
        tests = {id: v for id, v in patient.tests.items() if id != test.id}
        changed = Weighing(weighing.p, encoder.encode(patient.replace(tests=tests)))
        new = joint - weighing.tests_term + changed.tests_term
        out[TESTS].append(_detail(test.id, test.label, state, whole - log10_odds(normalise(new))))
    return out


def _first(findings: Mapping[str, str]) -> list[tuple[str, str]]:
    known = [(id, state) for id, state in findings.items() if state != "unknown"]
    return sorted(known, key=lambda pair: pair[1] != "present")


def _detail(id: str, label: str, state: str, change: float) -> Detail:
    return {"id": id, "label": label, "state": state, "log10_change": change}
