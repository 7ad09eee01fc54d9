"""Expected information about the class: what a result would tell before it is known.

For one unknown with results r, the joint of result and class is the sum over the parameter draws d

    J(r, c) = sum_d P(d, c) P(r | c, d),

everything given what is known of the patient. Its margins give the predictive probability of each result and, again,
the answer; P(c | r) = J(r, c) / P(r) is the answer once r is entered; and the expected information gain is the mutual
information of result and class in bits, which cannot be negative (Lindley 1956, doi:10.1214/aoms/1177728069).

The sum is taken over fewer draws than the answer: J is then brought to the answer as its margin, class by class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sigm_bayes.likelihood.hypotheses import CLASSES, NORMAL

_SMALLEST = 1e-300


@dataclass(frozen=True)
class Outcome:
    """One possible result.

    Attributes
    ----------
    result
        `present`, `absent`, `abnormal`, `normal`, `low`, `high`, or `still_low`.
    probability
        How likely this result is, given all that is known.
    after
        Class -> probability once the result is known.
    """

    result: str
    label: str
    probability: float
    after: Mapping[str, float]


@dataclass(frozen=True)
class GridPoint:
    """Printed results of a repeat from `low_mg_dl` to below `high_mg_dl` (None: no upper end)."""

    low_mg_dl: float
    high_mg_dl: float | None
    probability: float
    after: Mapping[str, float]


@dataclass(frozen=True)
class Information:
    """What is to be expected of one unknown.

    Attributes
    ----------
    id
        Catalogue id, `igg`, `iga` or `repeat_igm`.
    kind
        `finding`, `exposure`, `test`, `analyte` or `repeat`.
    bits, share
        Expected information gain about the class, and as a share of what is open.
    first
        On the first list: among the largest gains, or not to be missed.
    reason
        Why it must not be missed; empty otherwise.
    months, grid
        Only of the repeat: months after the last sample, and the results in fine steps. `bits` is that of `grid`;
        what the two or three `outcomes` alone would tell is a little less.
    """

    id: str
    kind: str
    label: str
    help: str
    bits: float
    share: float
    first: bool
    must_not_miss: bool
    reason: str
    outcomes: tuple[Outcome, ...]
    months: float | None = None
    grid: tuple[GridPoint, ...] = ()


def entropy_bits(p: np.ndarray) -> np.ndarray:
    """Entropy over the last axis in bits; 0 log 0 = 0."""
    p = np.asarray(p, dtype=float)
    return np.asarray(-(p * np.log2(np.maximum(p, _SMALLEST))).sum(axis=-1))


def by_class(p_hypothesis: np.ndarray) -> np.ndarray:
    """Sum hypotheses to classes in the order of `CLASSES`; (..., hypothesis) -> (..., class).

    Four columns are classes already: one cause, or all of them together.
    """
    if p_hypothesis.shape[-1] == len(CLASSES):
        return p_hypothesis
    head = p_hypothesis[..., : NORMAL + 1]
    return np.concatenate([head, p_hypothesis[..., NORMAL + 1 :].sum(axis=-1, keepdims=True)], axis=-1)


def result_given_class(joint: np.ndarray, likelihood: np.ndarray) -> np.ndarray:
    """P(result | class, what is known).

    Parameters
    ----------
    joint : (draw, hypothesis) or (draw, class)
        P(draw, hypothesis | what is known).
    likelihood : (result, draw, hypothesis) or (result, draw, class)
        P(result | hypothesis, what is known, draw); sums to 1 over results.

    Returns
    -------
    (result, class)
    """
    share = by_class(joint).sum(axis=0)
    told = by_class(joint * likelihood).sum(axis=1)
    return np.asarray((told + _SMALLEST / len(told)) / (share + _SMALLEST))


def joint_of(p_class: np.ndarray, given_class: np.ndarray) -> np.ndarray:
    """J(result, class) with the answer (class,) as its margin; (result, class)."""
    return p_class * given_class / given_class.sum(axis=0)


def gain_bits(joint: np.ndarray) -> float:
    """Mutual information of the two axes of a joint distribution, in bits."""
    independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    ratio = np.maximum(joint, _SMALLEST) / np.maximum(independent, _SMALLEST)
    return max(0.0, float((joint * np.log2(ratio)).sum()))  # below 0 by rounding only


def after(joint: np.ndarray) -> tuple[np.ndarray, list[dict[str, float]]]:
    """Predictive probability (result,) of each result, and class probabilities after each."""
    probability = joint.sum(axis=1)
    given = joint / np.maximum(probability, _SMALLEST)[:, None]
    return probability, [dict(zip(CLASSES, map(float, row), strict=True)) for row in given]


def outcomes(joint: np.ndarray, named: Sequence[tuple[str, str]]) -> tuple[Outcome, ...]:
    """The rows of a joint as outcomes; `named` gives result and label of each."""
    probability, given = after(joint)
    return tuple(
        Outcome(result, label, float(p), row) for (result, label), p, row in zip(named, probability, given, strict=True)
    )
