"""Do findings go together more than the model says? Pairwise residual association, given everything but the findings.

For every pair the expected two-by-two table comes from the class weights of each person (without the findings) and the
latent proneness. Compared is the log odds ratio at the observed margins, so that a finding which is merely commoner or
rarer than the model says is no association. The check must flag people in whom two findings are recorded together, and
stay quiet on people from the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from sigm_bayes.checks.cohort import AGES, Records, patients_of, record
from sigm_bayes.checks.result import CheckResult, CheckTable
from sigm_bayes.checks.subject import Subject
from sigm_bayes.likelihood import person
from sigm_bayes.likelihood.findings import proneness_rule
from sigm_bayes.likelihood.namespace import NUMPY
from sigm_bayes.simulate.people import simulate_people

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sigm_bayes.patient import Patient
    from sigm_bayes.query.model import Model

NAME = "dependence"
TITLE = "Conditional dependence: do two findings go together more than the model says?"
PEOPLE, QUICK_PEOPLE = 3000, 800
FAMILY = 0.01
"""Chance that any pair of a data set from the model is flagged (Bonferroni)."""
FEWEST = 5.0
"""Smallest expected count of a cell for a pair to be judged."""
COPIED = 0.3
"""Share of people in whom bronchitis is recorded whenever sinusitis is, in the data set that must be flagged."""
PAIR = ("sinusitis", "bronchitis")
SETTING = "allergy_immunology_clinic"
AT_ONCE = 200


@dataclass(frozen=True)
class Association:
    """Residual association of every pair that has enough people.

    Attributes
    ----------
    pair : tuple of (int, int)
        Findings.
    people : ndarray, shape (pair,)
        In whom both are known.
    log_odds_ratio, expected : ndarray, shape (pair,)
        Observed (half a person added to each cell), and that of the model.
    z : ndarray, shape (pair,)
        People with both, less those expected at the observed margins, in standard errors.
    """

    pair: tuple[tuple[int, int], ...]
    people: np.ndarray
    log_odds_ratio: np.ndarray
    expected: np.ndarray
    z: np.ndarray

    @property
    def limit(self) -> float:
        """|z| from which on a pair is flagged."""
        return NormalDist().inv_cdf(1.0 - 0.5 * FAMILY / max(len(self.pair), 1))

    @property
    def flagged(self) -> list[int]:
        """Positions of the flagged pairs, the strongest first."""
        order = np.argsort(-np.abs(self.z))
        return [int(i) for i in order if abs(self.z[i]) > self.limit]


def pairwise_association(
    states: np.ndarray, class_weight: np.ndarray, logits: np.ndarray, loading: np.ndarray
) -> Association:
    """Compare every pair of findings with what the model expects of these people.

    Parameters
    ----------
    states : ndarray of int, shape (person, finding)
        1 present, 0 absent, -1 unknown.
    class_weight : ndarray, shape (person, class4)
        P(class | everything but the findings).
    logits : ndarray, shape (person, class4, finding)
        At the average proneness.
    loading : ndarray, shape (finding,)
    """
    known = states >= 0
    both, one = _expected_sums(known, class_weight, logits, loading)
    present = (states == 1).astype(float)
    n = known.astype(float).T @ known
    observed = present.T @ present
    first = present.T @ known  # j present, k known
    found: list[tuple[tuple[int, int], float, float, float, float]] = []
    for j in range(states.shape[1]):
        for k in range(j + 1, states.shape[1]):
            table = _table(n[j, k], first[j, k], first[k, j], observed[j, k])
            model = _table(n[j, k], one[j, k], one[k, j], both[j, k])
            if min(model) <= 0.0 or n[j, k] <= 0.0:
                continue
            theta = np.log(model[0] * model[3] / (model[1] * model[2]))
            centre = expected_both(n[j, k], first[j, k], first[k, j], float(np.exp(theta)))
            cells = _table(n[j, k], first[j, k], first[k, j], centre)
            if min(cells) < FEWEST:
                continue
            error = 1.0 / np.sqrt(sum(1.0 / c for c in cells))
            half = [c + 0.5 for c in table]
            log_or = float(np.log(half[0] * half[3] / (half[1] * half[2])))
            found.append(((j, k), n[j, k], log_or, float(theta), float((observed[j, k] - centre) / error)))
    pairs = tuple(f[0] for f in found)
    columns = [np.array([f[i] for f in found], dtype=float) for i in range(1, 5)]
    return Association(pairs, *columns)


def _table(n: float, first: float, second: float, both: float) -> tuple[float, float, float, float]:
    return both, first - both, second - both, n - first - second + both


def expected_both(n: float, first: float, second: float, odds_ratio: float) -> float:
    """Count of the first cell of a two-by-two table with these margins and this odds ratio."""
    if abs(odds_ratio - 1.0) < 1e-9:
        return first * second / n
    b = n + (odds_ratio - 1.0) * (first + second)
    root = np.sqrt(max(b * b - 4.0 * odds_ratio * (odds_ratio - 1.0) * first * second, 0.0))
    return float((b - root) / (2.0 * (odds_ratio - 1.0)))


def _expected_sums(
    known: np.ndarray, class_weight: np.ndarray, logits: np.ndarray, loading: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Expected people with both findings, and with the first one, among those in whom both are known."""
    u, log_w = proneness_rule()
    weight = np.exp(log_w)
    findings = known.shape[1]
    both, one = np.zeros((findings, findings)), np.zeros((findings, findings))
    for start in range(0, len(known), AT_ONCE):
        rows = slice(start, start + AT_ONCE)
        there = known[rows].astype(float)
        p = NUMPY.expit(logits[rows][..., None] + loading[:, None] * u)  # (person, class, finding, node)
        weighed = p * (class_weight[rows][:, :, None, None] * weight)
        joint = np.einsum("icjn,ickn->ijk", weighed, p)
        single = weighed.sum(axis=(1, 3))
        both += np.einsum("ijk,ij,ik->jk", joint, there, there)
        one += np.einsum("ij,ij,ik->jk", single, there, there)
    return both, one


def model_expectations(
    model: Model, parameters: Mapping[str, np.ndarray], patients: Sequence[Patient]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Class weights without the findings, logits and loadings, under one parameter draw with an axis of length 1."""
    from sigm_bayes.query.draws import classes
    from sigm_bayes.query.weighing import INFECTIONS, OTHER_FINDINGS, Weighing

    weights, logits = [], []
    for patient in patients:
        weighing = Weighing(parameters, model.encoder.encode(patient))
        p = classes(weighing.probabilities(weighing.everything - {INFECTIONS, OTHER_FINDINGS}))
        weights.append([p[name][0] for name in ("primary", "other_immunodeficiency", "normal", "secondary")])
        found, loading, _ = person.finding_parameters(NUMPY, parameters, weighing.case, exposed=True)
        logits.append(np.asarray(found)[0])
    return np.array(weights), np.array(logits), np.asarray(loading)[0]


def run(subject: Subject) -> CheckResult:
    """Ask of a data set from the model, and of one in which two findings are recorded together."""
    model = subject.model
    people = QUICK_PEOPLE if subject.quick else PEOPLE
    parameters = {name: values[:1] for name, values in model.parameters.items()}
    truth = {name: np.array(values[0], dtype=float) for name, values in model.parameters.items()}
    rng = np.random.default_rng(subject.seed)
    simulated = simulate_people(
        truth, catalogue=model.catalogue, priors=model.priors, curves=model.encoder.curves, n=people, settings=SETTING,
        ages=rng.uniform(18.0, AGES[1], people), seed=subject.seed, contexts="well",
    )  # fmt: skip
    records = record(simulated, rng)
    subject.tell(NAME, 0, 2)
    expectations = model_expectations(model, parameters, patients_of(model, simulated, records))
    ids = model.catalogue.ids("finding")
    subject.tell(NAME, 1, 2)
    quiet = pairwise_association(records.findings, *expectations)
    copied = pairwise_association(recorded_together(records, ids, rng).findings, *expectations)
    return summarise(quiet, copied, ids, people)


def recorded_together(records: Records, ids: tuple[str, ...], rng: np.random.Generator) -> Records:
    """The same people, in a share of whom the second finding of `PAIR` is what the first one is."""
    first, second = (ids.index(name) for name in PAIR)
    findings = records.findings.copy()
    who = rng.random(len(findings)) < COPIED
    findings[who, second] = findings[who, first]
    return replace(records, findings=findings)


def summarise(quiet: Association, copied: Association, ids: tuple[str, ...], people: int) -> CheckResult:
    """Passed where the first is quiet and the copied pair is flagged in the second."""
    wanted = tuple(sorted(ids.index(name) for name in PAIR))
    caught = any(copied.pair[i] == wanted for i in copied.flagged)
    rows = [
        (name, " and ".join(ids[k] for k in a.pair[i]), f"{a.people[i]:.0f}", f"{np.exp(a.log_odds_ratio[i]):.2f}",
         f"{np.exp(a.expected[i]):.2f}", f"{a.z[i]:+.1f}", "flagged" if abs(a.z[i]) > a.limit else "")
        for name, a in (("from the model", quiet), ("recorded together", copied))
        for i in np.argsort(-np.abs(a.z))[:5]
    ]  # fmt: skip
    text = (
        f"Of {len(quiet.pair)} pairs of findings in {people:,} simulated people {len(quiet.flagged)} are flagged in "
        f"data from the model (asked for: none) and {len(copied.flagged)} where {PAIR[1]} copies {PAIR[0]} in "
        f"{COPIED:.0%} of people (asked for: that pair; it {'is' if caught else 'is not'} among them). "
        f"Limit |z| {quiet.limit:.1f}."
    )
    return CheckResult(
        NAME, bool(caught and not quiet.flagged),
        {"pairs": len(quiet.pair), "flagged_from_the_model": len(quiet.flagged),
         "flagged_recorded_together": len(copied.flagged), "largest_z_from_the_model": float(np.abs(quiet.z).max())},
        CheckTable(("people", "findings", "both known", "odds ratio", "of the model", "z", ""), tuple(rows),
                   note="The five strongest pairs of each data set."), "", text,
    )  # fmt: skip
