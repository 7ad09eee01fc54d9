"""From log P(hypothesis, everything known | draw) to probabilities: each parameter draw counts by the person.

The draws d are a sample of p(parameters | evidence). A person is one more piece of evidence on the parameters, so that
given all that is known of them, y, a draw has the weight

    w_d = P(y | d) / sum_d P(y | d),    P(y | d) = sum_h P(h, y | d),

and the answer is P(h | y) = sum_d w_d P(h | y, d) = sum_d P(h, y | d) / sum_d P(y | d): exact, for the draws at hand.
"""

from __future__ import annotations

import numpy as np

from sigm_bayes.likelihood.hypotheses import NORMAL, OTHER, PRIMARY


def split(log_joint: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """P(hypothesis | what is known, draw), and the weights of the draws.

    Parameters
    ----------
    log_joint : (draw, hypothesis)

    Returns
    -------
    p : (draw, hypothesis)
        Sums to 1 in every draw.
    weights : (draw,)
        Sum to 1.
    """
    top = log_joint.max(axis=-1, keepdims=True)
    p = np.exp(log_joint - top)
    total = p.sum(axis=-1, keepdims=True)
    p /= total
    log_weight = (top + np.log(total))[:, 0]
    weights = np.exp(log_weight - log_weight.max())
    return p, weights / weights.sum()


def joint(log_joint: np.ndarray) -> np.ndarray:
    """P(draw, hypothesis | what is known); sums to 1 over the last two axes (..., draw, hypothesis)."""
    shifted = np.exp(log_joint - log_joint.max(axis=(-2, -1), keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=(-2, -1), keepdims=True))


def effective_draws(weights: np.ndarray) -> float:
    """How many draws of equal weight would say as much: 1 / sum w^2 (Kish; see doi:10.1111/insr.12500)."""
    return float(1.0 / (weights**2).sum())


def standard_error(values: np.ndarray, weights: np.ndarray) -> float:
    """Of a weighted mean over independent draws (draw,), a ratio of sums (Owen 2013, Monte Carlo theory, 9.2)."""
    deviation = weights * (values - weights @ values)
    return float(np.sqrt(deviation @ deviation))


def picks(weights: np.ndarray, along: np.ndarray, wanted: int) -> tuple[np.ndarray, np.ndarray]:
    """Fewer draws, taken in proportion to their weight by systematic resampling.

    Parameters
    ----------
    weights : (draw,)
        Sum to 1.
    along : (draw,)
        Draws are put in this order first, so that every part of its range is taken as often as it weighs.
    wanted : int
        How many; one taken several times comes once.

    Returns
    -------
    at : (pick,) int
        Places of the draws, rising.
    times : (pick,) int
        How often each was taken; sums to `wanted`.
    """
    order = np.argsort(along, kind="stable")
    reached = np.cumsum(weights[order])
    position = (np.arange(wanted) + 0.5) / wanted * reached[-1]
    taken = order[np.minimum(np.searchsorted(reached, position), len(order) - 1)]
    at, times = np.unique(taken, return_counts=True)
    return at, times


def normalise(log_joint: np.ndarray) -> np.ndarray:
    """Softmax over the last axis."""
    shifted = np.exp(log_joint - log_joint.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


def classes(p: np.ndarray) -> dict[str, np.ndarray]:
    """Class probabilities from hypothesis probabilities; each (...)."""
    return {
        "primary": p[..., PRIMARY],
        "secondary": p[..., NORMAL + 1 :].sum(axis=-1),
        "normal": p[..., NORMAL],
        "other_immunodeficiency": p[..., OTHER],
    }


def by_class_log(log_p: np.ndarray) -> np.ndarray:
    """Sum hypotheses to classes in logarithms; (draw, hypothesis) -> (draw, class4)."""
    causes = log_p[:, NORMAL + 1 :]
    top = causes.max(axis=-1, keepdims=True)
    secondary = np.log(np.exp(causes - top).sum(axis=-1, keepdims=True)) + top
    return np.concatenate([log_p[:, : NORMAL + 1], secondary], axis=-1)


def primary(log_joint: np.ndarray) -> np.ndarray:
    """P(primary | what is known); (..., draw, hypothesis) -> (...)."""
    return np.asarray(joint(log_joint)[..., PRIMARY].sum(axis=-1))


def log10_odds(log_joint: np.ndarray) -> float:
    """log10 odds of primary against the rest, given what is known; (draw, hypothesis)."""
    summed = np.exp(log_joint - log_joint.max()).sum(axis=0)
    return float(np.log10(summed[PRIMARY] / summed[PRIMARY + 1 :].sum()))
