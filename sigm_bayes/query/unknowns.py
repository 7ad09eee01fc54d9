"""P(result | hypothesis, what is known) for everything about the patient that is not known.

Each function returns the likelihoods of the results of several unknowns, by catalogue id; a likelihood is an array
(result, draw, hypothesis) that sums to 1 over results.
"""

from __future__ import annotations

import numpy as np

from sigm_bayes.likelihood import person
from sigm_bayes.likelihood.findings import SMALLEST, proneness_rule
from sigm_bayes.likelihood.hypotheses import class_of_hypothesis
from sigm_bayes.likelihood.namespace import NUMPY
from sigm_bayes.query.encode import REPLACEMENT_TESTS
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
    present = present_given_class(s, ids)
    columns = class_of_hypothesis(len(s.case.depletion))
    return {id: _two(p[:, columns]) for id, p in present.items()}


def present_given_class(s: Situation, ids: list[str]) -> dict[str, np.ndarray]:
    """P(finding present | class, what is known of all the others); (draw, class4) by id.

    For a finding that is itself known, that is what it would be if it were not.
    """
    if not ids:
        return {}
    case, catalogue = s.case, s.encoder.catalogue
    u, log_w = proneness_rule()
    terms = person.finding_terms(NUMPY, s.parameters, case, case.all_findings, exposed=s.exposed)
    logits, loading, _ = person.finding_parameters(NUMPY, s.parameters, case, exposed=s.exposed)
    product: np.ndarray = np.exp(log_w)
    for term in terms.values():
        product = product * term
    product = np.broadcast_to(product, (*logits.shape[:2], len(u)))
    out = {}
    for id in ids:
        k = catalogue.finding_index(id)
        here, others = NUMPY.expit(logits[:, :, k, None] + u * loading[:, None, k, None]), product
        possible = 1.0
        if k in terms:
            others = product / terms[k]
        if k == case.all_findings.invasive and case.all_findings.invasive_partial:
            # Some sites are excluded: what is left of "present" is what the term leaves besides "absent".
            here, possible = np.maximum(here - (1.0 - terms[k]), 0.0), terms[k]
        out[id] = (others * here).sum(axis=-1) / ((others * possible).sum(axis=-1) + SMALLEST)
    return out


def tests(s: Situation, ids: list[str]) -> Likelihoods:
    """abnormal, normal; independent of all else given the class."""
    columns = class_of_hypothesis(len(s.case.depletion))
    index = s.encoder.catalogue.test_index
    abnormal = NUMPY.expit(person.test_logits(NUMPY, s.parameters, s.case.setting))
    return {id: _two(abnormal[:, columns, index(id)]) for id in ids}


def analytes(s: Situation, ids: list[str]) -> Likelihoods:
    """low, normal, high against the limits of age; given the other class of immunoglobulin."""
    out = {}
    for name in ids:
        log_p = []
        for status in STATUSES:
            case = s.encoder.encode(s.patient.replace(**{f"{name}_status": status}), series=False)
            log_p.append(person.log_igg_iga(NUMPY, s.parameters, case, exposed=s.exposed))
        p = np.exp(np.array(log_p) - np.max(log_p, axis=0))
        out[name] = p / p.sum(axis=0)
    return out


def _two(p: np.ndarray) -> np.ndarray:
    return np.array([p, 1.0 - p])
