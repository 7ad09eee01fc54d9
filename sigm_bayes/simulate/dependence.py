"""Findings of many people under one parameter draw: the latent trait of the model, naive Bayes, and what lies between.

Both have the same share of every finding in every class; they differ only in how findings go together. Known are
1 (present), 0 (absent), -1 (unknown); unknown is summed out. An invasive infection is present or absent, without its
attributes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sigm_bayes.likelihood import person
from sigm_bayes.likelihood.findings import proneness_rule
from sigm_bayes.likelihood.namespace import NUMPY
from sigm_bayes.query.weighing import Weighing

BISECTIONS = 50
FARTHEST = 60.0
"""No logit of a conditional probability lies farther from 0."""
PRESENT, ABSENT, UNKNOWN = 1, 0, -1
SMALLEST = 1e-300


@dataclass(frozen=True)
class FindingShares:
    """Shares of findings in every class and their dependence.

    Attributes
    ----------
    logits : (..., class4, finding)
        At the average proneness; classes are primary, other immunodeficiency, normal, secondary.
    loading : (..., finding)
        On the latent proneness; 0 is independence.
    """

    logits: np.ndarray
    loading: np.ndarray

    def draw(self, index: int) -> FindingShares:
        """One parameter draw."""
        return FindingShares(self.logits[index], self.loading[index])

    @property
    def marginal(self) -> np.ndarray:
        """P(finding | class), the proneness averaged out; (..., class4, finding)."""
        u, log_w = proneness_rule()
        at_nodes = NUMPY.expit(self.logits[..., None] + self.loading[..., None, :, None] * u)
        return np.asarray(at_nodes @ np.exp(log_w))

    def with_loadings(self, factor: float) -> FindingShares:
        """Loadings times a factor, every marginal share kept.

        Parameters
        ----------
        factor : float
            0 makes the findings independent given the class (naive Bayes), 1 changes nothing.
        """
        u, log_w = proneness_rule()
        weights, loading = np.exp(log_w), factor * self.loading
        wanted = self.marginal
        low, high = np.full(wanted.shape, -FARTHEST), np.full(wanted.shape, FARTHEST)
        for _ in range(BISECTIONS):
            middle = 0.5 * (low + high)
            below = NUMPY.expit(middle[..., None] + loading[..., None, :, None] * u) @ weights < wanted
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return FindingShares(0.5 * (low + high), loading)


def finding_shares(weighing: Weighing) -> FindingShares:
    """Return the shares in people like the patient who was weighed (age, setting); (draw, class4, finding)."""
    logits, loading, _ = person.finding_parameters(NUMPY, weighing.p, weighing.case, exposed=False)
    return FindingShares(np.asarray(logits), np.asarray(loading))


def log_findings(
    shares: FindingShares, known: np.ndarray, *, recorded: tuple[float, float] | None = None
) -> np.ndarray:
    """log P(known findings | class) under one draw.

    Parameters
    ----------
    shares : FindingShares
        Of one draw: (class4, finding) and (finding,).
    known : (person, finding) int
        1 present, 0 absent, -1 unknown.
    recorded : (float, float), optional
        Missing not at random: the probability that a finding which is present, and one which is absent, is recorded.
        Unknown is then a likelihood too. By default missingness says nothing.

    Returns
    -------
    ndarray, shape (person, class4)

    Raises
    ------
    ValueError
        If a probability of recording is not between 0 and 1.
    """
    u, log_w = proneness_rule()
    classes, findings = shares.logits.shape
    at = shares.logits[:, :, None] + shares.loading[:, None] * u
    parts = _log_states(at, recorded)  # (class4, finding, node) each
    total = np.zeros((len(known), classes * len(u)))
    for state, part in parts.items():
        total += (known == state).astype(float) @ np.moveaxis(part, 1, 0).reshape(findings, -1)
    total = total.reshape(len(known), classes, len(u)) + log_w
    top = total.max(axis=-1)
    return np.asarray(top + np.log(np.exp(total - top[..., None]).sum(axis=-1)))


def _log_states(at: np.ndarray, recorded: tuple[float, float] | None) -> dict[int, np.ndarray]:
    """log P(recorded as present, recorded as absent, unknown | class, u) from the logit."""
    log_yes, log_no = -np.logaddexp(0.0, -at), -np.logaddexp(0.0, at)
    if recorded is None:
        return {PRESENT: log_yes, ABSENT: log_no}
    if not all(0.0 <= r <= 1.0 for r in recorded):
        raise ValueError(f"expected two probabilities of recording between 0 and 1, got {recorded}")
    yes, no = recorded
    unknown = (1.0 - yes) * np.exp(log_yes) + (1.0 - no) * np.exp(log_no)
    return {
        PRESENT: log_yes + np.log(max(yes, SMALLEST)),
        ABSENT: log_no + np.log(max(no, SMALLEST)),
        UNKNOWN: np.log(np.maximum(unknown, SMALLEST)),
    }


def simulate_findings(shares: FindingShares, class_index: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw the findings of people whose class is known, under one draw of the parameters.

    Parameters
    ----------
    shares : FindingShares
        Of one draw.
    class_index : (person,) int
        In the order of the class axis.

    Returns
    -------
    ndarray of int, shape (person, finding)
        1 present, 0 absent.
    """
    u = rng.standard_normal(len(class_index))
    p = NUMPY.expit(shares.logits[class_index] + shares.loading * u[:, None])
    return (rng.random(p.shape) < p).astype(int)
