"""How well predictions order people: c-statistic of one class against the rest or another, polytomous index."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.evaluation.cases import IntArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def c_statistic(score: FloatArray, event: BoolArray, weights: FloatArray) -> FloatArray:
    """Return P(an event scores higher than a non-event), ties one half; shape (draw,), NaN without one of them.

    Parameters
    ----------
    score : ndarray, shape (row,)
    event : ndarray of bool, shape (row,)
    weights : ndarray, shape (draw, row)
    """
    won, pairs = _won_and_pairs(score, event, weights)
    with np.errstate(invalid="ignore", divide="ignore"):
        return won / pairs


def within_c(score: FloatArray, event: BoolArray, group: IntArray, weights: FloatArray) -> FloatArray:
    """Return the c-statistic over pairs of people of the same group, shape (draw,).

    Where a method learns with one group left out at a time, it expects the less of a class the more of it the group
    has, so that comparing people of different groups punishes it, and a constant scores below one half.

    Parameters
    ----------
    score : ndarray, shape (row,)
    event : ndarray of bool, shape (row,)
    group : ndarray of int, shape (row,)
    weights : ndarray, shape (draw, row)
    """
    won, pairs = np.zeros(weights.shape[0]), np.zeros(weights.shape[0])
    for number in np.unique(group):
        here = group == number
        own = _won_and_pairs(score[here], event[here], weights[:, here])
        won, pairs = won + own[0], pairs + own[1]
    with np.errstate(invalid="ignore", divide="ignore"):
        return won / pairs


def _won_and_pairs(score: FloatArray, event: BoolArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return how many pairs of an event and a non-event the event wins, and how many there are; shape (draw,) each."""
    events, others = weights[:, event], weights[:, ~event]
    below, tied = _below_and_tied(score[event], score[~event], others)
    return (events * (below + 0.5 * tied)).sum(axis=1), events.sum(axis=1) * others.sum(axis=1)


def pairwise_c(p: FloatArray, truth: IntArray, first: int, second: int, weights: FloatArray) -> FloatArray:
    """Return the c-statistic of class `first` against class `second` among people of these two; shape (draw,).

    The score is P(first | first or second), which is p_first / (p_first + p_second).
    """
    two = (truth == first) | (truth == second)
    both = p[two, first] + p[two, second]
    score = np.divide(p[two, first], both, out=np.full(both.size, 0.5), where=both > 0.0)
    return c_statistic(score, truth[two] == first, weights[:, two])


def polytomous_index(p: FloatArray, truth: IntArray, weights: FloatArray) -> FloatArray:
    """Return the polytomous discrimination index, shape (draw,); 1 is perfect, 1 / classes no information.

    For a set of one person a class, it is the chance that the person of class k has the highest p_k of the set,
    averaged over k; ties are split evenly (Van Calster et al. 2012, doi:10.1002/sim.5321).  The mean over
    all sets is a product over classes, so that no set is listed.

    Parameters
    ----------
    p : ndarray, shape (row, class)
    truth : ndarray of int, shape (row,)
    weights : ndarray, shape (draw, row)
    """
    classes = p.shape[1]
    # A tie of T others is won with chance 1 / (1 + T) = integral of t^T over [0, 1]: a polynomial, exact by quadrature.
    nodes, shares = np.polynomial.legendre.leggauss(classes // 2 + 1)
    nodes, shares = 0.5 * (nodes + 1.0), 0.5 * shares
    total = np.zeros(weights.shape[0])
    with np.errstate(invalid="ignore", divide="ignore"):
        for k in range(classes):
            own = truth == k
            won = np.ones((nodes.size, weights.shape[0], int(own.sum())))
            for j in range(classes):
                if j != k:
                    rivals = weights[:, truth == j]
                    below, tied = _below_and_tied(p[own, k], p[truth == j, k], rivals)
                    size = rivals.sum(axis=1)[:, None]
                    won *= (below + nodes[:, None, None] * tied) / size
            chance = np.einsum("t,tdr->dr", shares, won)
            total += (weights[:, own] * chance).sum(axis=1) / weights[:, own].sum(axis=1)
        return total / classes


def _below_and_tied(score: FloatArray, rival: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the weight of rivals below and at each score, shape (draw, score) each; weights (draw, rival)."""
    order = np.argsort(rival, kind="stable")
    running = np.concatenate([np.zeros((weights.shape[0], 1)), np.cumsum(weights[:, order], axis=1)], axis=1)
    first = np.searchsorted(rival[order], score, side="left")
    last = np.searchsorted(rival[order], score, side="right")
    return running[:, first], running[:, last] - running[:, first]
