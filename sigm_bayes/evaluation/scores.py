"""Proper scores of class probabilities.

The classes have no order, so that the ranked probability score does not apply; the logarithmic and the quadratic
score are strictly proper (Gneiting and Raftery 2007, doi:10.1198/016214506000001437).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.evaluation.cases import IntArray

FloatArray = NDArray[np.float64]
FLOOR = 1e-12
"""A smaller probability of what turned out counts as this; how many there were is reported."""


def log_scores(p: FloatArray, truth: IntArray) -> FloatArray:
    """Return ln P(class that turned out) of every row, shape (row,); 0 is perfect, less is worse.

    Parameters
    ----------
    p : ndarray, shape (row, class)
    truth : ndarray of int, shape (row,)
    """
    return np.log(np.maximum(_of_truth(p, truth), FLOOR))


def floored(p: FloatArray, truth: IntArray) -> int:
    """Return how many rows gave what turned out a probability below `FLOOR`."""
    return int((_of_truth(p, truth) < FLOOR).sum())


def brier_scores(p: FloatArray, truth: IntArray) -> FloatArray:
    """Return sum over classes of (p - outcome)^2 of every row, shape (row,); 0 is perfect, 2 the worst."""
    return ((p - np.eye(p.shape[1])[truth]) ** 2).sum(axis=1)


def weighted_mean(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the mean of row values for every draw, shape (draw,); NaN where nobody was drawn.

    Parameters
    ----------
    values : ndarray, shape (row,)
    weights : ndarray, shape (draw, row)
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return (weights @ values) / weights.sum(axis=1)


def _of_truth(p: FloatArray, truth: IntArray) -> FloatArray:
    return p[np.arange(truth.size), truth]
