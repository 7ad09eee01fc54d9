"""P(result | hypothesis, what is known) for everything about the patient that is not known.

Each function returns the likelihoods of the results of several unknowns, by catalogue id; a likelihood is an array
(result, draw, hypothesis) that sums to 1 over results.
"""

from __future__ import annotations

import numpy as np

from sigm_bayes.likelihood import person
from sigm_bayes.likelihood.namespace import NUMPY
from sigm_bayes.query.encode import REPLACEMENT_TESTS
from sigm_bayes.query.igg_iga import igg_iga_term
from sigm_bayes.query.proneness import present_given_others
from sigm_bayes.query.situation import Situation

Likelihoods = dict[str, np.ndarray]
ANALYTES = {"igg": "IgG", "iga": "IgA"}
STATUSES = ("low", "normal", "high")


def unknown_findings(s: Situation) -> list[str]:
    """Findings of which nothing is known."""
    return [f.id for f in s.encoder.catalogue.findings if s.patient.findings.get(f.id, "unknown") == "unknown"]


def unknown_tests(s: Situation) -> list[str]:
    """Tests not done that can be read: immunoglobulin replacement takes some of them away."""
    replaced = REPLACEMENT_TESTS if s.encoder.igg_replaced(s.patient) else ()
    tests = [t.id for t in s.encoder.catalogue.tests if t.id not in replaced]
    return [id for id in tests if s.patient.tests.get(id, "not_done") == "not_done"]


def unknown_analytes(s: Situation) -> list[str]:
    """`igg` and `iga` where nothing is known of them and they can be read."""
    igg = s.case.igg is None and not s.encoder.igg_replaced(s.patient)
    return [name for name, open_ in (("igg", igg), ("iga", s.case.iga is None)) if open_]


def findings(s: Situation, ids: list[str]) -> Likelihoods:
    """present, absent; given the other findings, through the proneness that they share."""
    return {id: _two(p[:, s.weighing.columns]) for id, p in present_given_class(s, ids).items()}


def present_given_class(s: Situation, ids: list[str]) -> dict[str, np.ndarray]:
    """P(finding present | class, what is known of all the others); (draw, class4) by id.

    For a finding that is itself known, that is what it would be if it were not.
    """
    made: dict[str, np.ndarray] = s.kept("present", lambda _: {})
    e, state = s.weighing.effects(exposed=s.exposed), s.case.all_findings
    for id in ids:
        if id not in made:
            k = s.encoder.catalogue.finding_index(id)
            made[id] = present_given_others(e, s.weighing.node_weights, k, state)
    return {id: made[id] for id in ids}


def tests(s: Situation, ids: list[str]) -> Likelihoods:
    """abnormal, normal; independent of all else given the class."""
    return {id: _two(p[:, s.weighing.columns]) for id, p in abnormal_given_class(s, ids).items()}


def abnormal_given_class(s: Situation, ids: list[str]) -> dict[str, np.ndarray]:
    """P(test abnormal | class); (draw, class4) by id."""
    index = s.encoder.catalogue.test_index
    abnormal = NUMPY.expit(person.test_logits(NUMPY, s.parameters, s.case.setting))
    return {id: abnormal[:, :, index(id)] for id in ids}


def open_analytes(s: Situation) -> Likelihoods:
    """`analytes` of all that are not known."""
    return analytes(s, unknown_analytes(s))


def analytes(s: Situation, ids: list[str]) -> Likelihoods:
    """low, normal, high against the limits of age; given the other class of immunoglobulin."""
    out = {}
    for name in ids:
        log_p = []
        for status in STATUSES:
            told = s.patient.replace(**{f"{name}_status": status})
            case = s.encoder.encode_changed(told, before=s.patient, case=s.case, kind="analyte", limits=s.limits)
            log_p.append(igg_iga_term(s.parameters, case, exposed=s.exposed))
        p = np.exp(np.array(log_p) - np.max(log_p, axis=0))
        out[name] = p / p.sum(axis=0)
    return out


def _two(p: np.ndarray) -> np.ndarray:
    return np.array([p, 1.0 - p])
