"""The distance of an answer from what exact quadrature and endless draws would give.

The latent proneness is integrated at 1,001 nodes instead of the likelihood's own rule; the Monte Carlo error of the
answer, a mean over the released draws weighed by the person, is estimated from the draws and checked on two halves.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sigm_bayes.checks.patients import ReferencePatient, reference_patients
from sigm_bayes.checks.result import CheckResult, CheckTable
from sigm_bayes.checks.subject import Subject
from sigm_bayes.likelihood import exposures, findings, person
from sigm_bayes.likelihood.hypotheses import PRIMARY
from sigm_bayes.likelihood.namespace import NUMPY
from sigm_bayes.query.draws import effective_draws, standard_error
from sigm_bayes.query.enough import USUAL_DRAWS
from sigm_bayes.query.weighing import Weighing

NAME = "accuracy"
TITLE = "Accuracy of an answer: quadrature and number of draws"
FINE = findings.proneness_rule(1001, -9.0, 9.0)
WORST_LOG = 1e-6
"""Largest error in log-likelihood (DESIGN section 1: within 1e-6 of 1,001 nodes on [-9, 9])."""
WORST_POINT = 0.01
"""Largest Monte Carlo standard error of a reported probability: one percentage point, the last digit that is shown."""
BATCHES = 25
DRAWS = 50
"""Draws for which the fine rule is computed."""


def run(subject: Subject) -> CheckResult:
    """Compare for the reference patients."""
    patients = reference_patients(subject.model.catalogue)
    rows, quadrature, monte_carlo, taken = [], [], [], set()
    for n, p in enumerate(patients):
        subject.tell(f"{NAME}: {p.id}", n, len(patients))
        weighing = subject.model.weigh(p.patient)
        error = quadrature_error(weighing)
        order = along_chains(weighing.draws)
        drawn, weights = np.asarray(weighing.probabilities())[order, PRIMARY], weighing.draw_weights[order]
        mcse, halves = monte_carlo_error(drawn, weights)
        taken.add(weighing.draws)
        quadrature.append(error)
        monte_carlo.append(mcse)
        rows.append(_row(p, weights, weighing.primary(), error, mcse, halves))
    exposure = exposure_error(subject)
    passed = max(quadrature) < WORST_LOG and exposure < WORST_LOG and max(monte_carlo) < WORST_POINT
    text = (
        f"Ten reference patients: the rule for the latent proneness errs by at most {max(quadrature):.1g} in "
        f"log-likelihood, that for unknown exposures by {exposure:.1g} (asked for: below {WORST_LOG:g}); "
        f"{' or '.join(f'{n:,}' for n in sorted(taken))} draws give P(primary) with a standard error of at most "
        f"{100 * max(monte_carlo):.2f} points (below {100 * WORST_POINT:g})."
    )
    table = CheckTable(
        ("patient", "P(primary)", "quadrature error, log", "effective draws", "of draws",
         "Monte Carlo standard error, points", "difference of the two halves, points"), tuple(rows),
    )  # fmt: skip
    statistic = {
        "largest_quadrature_error_log": max(quadrature), "exposure_quadrature_error_log": exposure,
        "largest_standard_error_points": 100 * max(monte_carlo), "draws": max(taken),
    }  # fmt: skip
    return CheckResult(NAME, bool(passed), statistic, table, "", text)


def quadrature_error(weighing: Weighing, *, rule: tuple[np.ndarray, np.ndarray] | None = None) -> float:
    """Largest difference in log P(findings | class) between a rule (default: the likelihood's) and 1,001 nodes."""
    case = weighing.case
    every = max(1, len(weighing.p["logit_primary"]) // DRAWS)
    p = {name: values[::every] for name, values in weighing.p.items()}
    logits, loading, _ = person.finding_parameters(NUMPY, p, case, exposed=True)
    attributes = findings.log_attributes(NUMPY, state=case.all_findings, **person.attribute_logits(NUMPY, p))
    given: dict[str, Any] = {
        "logits": logits, "loading": loading, "state": case.all_findings, "log_attributes": attributes,
    }  # fmt: skip
    coarse, fine = (log_findings(given, r) for r in (findings.proneness_rule() if rule is None else rule, FINE))
    return float(np.abs(coarse - fine).max())


def log_findings(given: dict[str, Any], rule: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """log P(findings | class) by a rule over the proneness; 0 where nothing is known."""
    terms = findings.node_terms(NUMPY, rule=rule, **given)
    if not terms:
        return np.zeros(1)
    product: Any = 1.0
    for term in terms.values():
        product = product * term
    return np.asarray(findings.over_nodes(NUMPY, product, rule=rule))


def exposure_error(subject: Subject) -> float:
    """Largest difference in log P(exposures, cause) between the likelihood's rule over s and 60 nodes."""
    worst = 0.0
    every = max(1, subject.model.posterior.draws // DRAWS)
    p = {name: values[::every] for name, values in subject.model.parameters.items()}
    for patient in reference_patients(subject.model.catalogue):
        case = subject.model.encoder.encode(patient.patient)
        logit_e = (
            p["logit_exposure"] + p["exposure_setting"][:, :, case.setting] + p["exposure_age"][:, :, case.age_band]
        )
        occult = p["log_occult_hazard"][:, case.setting] + p["occult_age"][:, case.age_band]
        own = exposures.log_weights_rest(NUMPY, logit_e, p["log_hazard"], occult, case.exposures)
        fine = fine_weights(logit_e, p["log_hazard"], occult, case.exposures)
        worst = max(
            worst, *(float(np.abs(a - b)[np.asarray(b) > LEAST_LOG].max()) for a, b in zip(own, fine, strict=True))
        )
    return worst


LEAST_LOG = -100.0
"""Causes that age or the record rules out have a floored weight, which is no integral."""


def fine_weights(
    logit_e: np.ndarray, log_hazard: np.ndarray, log_occult: np.ndarray, state: exposures.ExposureState
) -> tuple[np.ndarray, np.ndarray]:
    """log P(recorded exposures, cause) of the rest with 60 nodes over s, written apart from the likelihood.

    The hazards compete over s in [0, 1]; each unknown exposure is there with its own probability (DESIGN section 1).

    Returns
    -------
    log_normal : (draw,)
    log_cause : (draw, cause)
        The recordable causes, then occult.
    """
    from numpy.polynomial.legendre import leggauss

    node, weight = leggauss(60)
    s, w = 0.5 * (node + 1.0), 0.5 * weight
    e = 1.0 / (1.0 + np.exp(-logit_e))
    recorded = np.where(state.state == 1, np.log(e), np.where(state.state == 0, np.log1p(-e), 0.0)).sum(axis=1)
    there = np.where(state.state == 1, 1.0, np.where(state.state == 0, 0.0, e * state.possible))
    hazard, occult = np.exp(log_hazard) * state.hazard_factor, np.exp(log_occult)
    kept = 1.0 - there[:, None, :] * -np.expm1(-s[:, None] * hazard[:, None, :])  # (draw, node, cause)
    alive = np.prod(kept, axis=2) * np.exp(-s * occult[:, None])
    acting = there[:, None, :] * hazard[:, None, :] * np.exp(-s[:, None] * hazard[:, None, :]) / kept
    by_cause = ((alive * w)[:, :, None] * acting).sum(axis=1)
    by_occult = (alive * w).sum(axis=1) * occult
    normal = np.prod(1.0 - there * -np.expm1(-hazard), axis=1) * np.exp(-occult)
    with np.errstate(divide="ignore"):
        causes = np.log(np.column_stack([by_cause, by_occult])) + recorded[:, None]
        return np.log(normal) + recorded, causes


def along_chains(draws: int) -> np.ndarray:
    """Places of the draws that a person was weighed with, in the order in which they were sampled.

    A release is ordered in two halves, each of which goes through all chains (`thin_draws`): neighbours of a chain are
    half a release apart, unless the first half alone was taken.
    """
    whole = draws >= 2 * USUAL_DRAWS and draws % 2 == 0
    return np.arange(draws).reshape(2, -1).T.ravel() if whole else np.arange(draws)


def monte_carlo_error(drawn: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Standard error of a weighted mean over draws, and the difference between alternate halves.

    The larger of two: that of independent draws, and by leaving out one of 25 batches in turn, which sees draws that
    depend on each other.

    Parameters
    ----------
    drawn, weights : (draw,)
        The weights sum to 1.
    """
    mean = float(weights @ drawn)
    independent = standard_error(drawn, weights)
    parts = np.array_split(np.arange(len(drawn)), BATCHES)
    without = np.array([(mean - weights[b] @ drawn[b]) / (1.0 - weights[b].sum()) for b in parts])
    jackknife = float(np.sqrt((BATCHES - 1) / BATCHES * ((without - without.mean()) ** 2).sum()))
    first, second = (float(np.average(drawn[half], weights=weights[half])) for half in (np.s_[::2], np.s_[1::2]))
    return max(independent, jackknife), first - second


def _row(
    p: ReferencePatient, weights: np.ndarray, primary: float, error: float, mcse: float, halves: float
) -> tuple[str, ...]:
    return (
        p.id, f"{100 * primary:.2f}%", f"{error:.1e}", f"{effective_draws(weights):.0f}",
        f"{len(weights)}", f"{100 * mcse:.2f}", f"{100 * halves:+.2f}",
    )  # fmt: skip
