"""Weighted logistic regression of few coefficients, for every bootstrap draw at once.

A library fits one data set at a time; here a thousand draws share one design.  Tests hold it to statsmodels and
scikit-learn.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.evaluation.cases import IntArray

FloatArray = NDArray[np.float64]
STEPS = 50
TOLERANCE = 1e-8
LARGEST = 30.0
"""A coefficient beyond this has run away: the outcome is separated and no finite estimate exists."""
LONGEST_STEP = 5.0
TINY = 1e-10
CELLS = 200_000
"""Numbers of one intermediate array that are held at a time."""


def fit_logistic(
    design: FloatArray, event: FloatArray, weights: FloatArray, *, offset: FloatArray | None = None
) -> FloatArray:
    """Return maximum-likelihood coefficients of a logistic regression, shape (draw, coef).

    Parameters
    ----------
    design : ndarray, shape (row, coef)
    event : ndarray, shape (row,)
        1 or 0.
    weights : ndarray, shape (draw, row)
    offset : ndarray, shape (row,), optional
        Added to the linear predictor.

    Returns
    -------
    ndarray, shape (draw, coef)
        NaN in draws without a finite, unique estimate.
    """
    at_once = max(1, CELLS // max(design.shape[0], 1))
    parts = [
        _newton_logistic(design, event, weights[start : start + at_once], 0.0 if offset is None else offset)
        for start in range(0, weights.shape[0], at_once)
    ]
    return np.concatenate(parts) if parts else np.empty((0, design.shape[1]))


def _newton_logistic(
    design: FloatArray, event: FloatArray, weights: FloatArray, offset: FloatArray | float
) -> FloatArray:
    coef = np.zeros((weights.shape[0], design.shape[1]))
    outer = (design[:, :, None] * design[:, None, :]).reshape(design.shape[0], -1)
    for _ in range(STEPS):
        fitted = _expit(coef @ design.T + offset)
        gradient = (weights * (event - fitted)) @ design
        hessian = ((weights * fitted * (1.0 - fitted)) @ outer).reshape(*coef.shape, design.shape[1])
        coef, moved = _step(coef, gradient, hessian)
        if not moved:
            break
    return _settled(coef, gradient, hessian, weights)


def fit_multinomial(log_p: FloatArray, truth: IntArray, weights: FloatArray, *, slope: bool) -> FloatArray:
    """Return the recalibration ``softmax(a + b ln p)`` that fits best, shape (draw, class - 1 + slope).

    Parameters
    ----------
    log_p : ndarray, shape (row, class)
        ln of the predicted probabilities.
    truth : ndarray of int, shape (row,)
    weights : ndarray, shape (draw, row)
    slope : bool
        Whether `b` is fitted too, as the last coefficient; else it is 1.

    Returns
    -------
    ndarray, shape (draw, coef)
        `a` of every class but the first, whose is 0 (then `b`); NaN without a finite, unique estimate.
    """
    at_once = max(1, CELLS // max(log_p.size, 1))
    parts = [
        _newton_multinomial(log_p, truth, weights[start : start + at_once], slope)
        for start in range(0, weights.shape[0], at_once)
    ]
    return np.concatenate(parts) if parts else np.empty((0, log_p.shape[1] - 1 + slope))


def _newton_multinomial(log_p: FloatArray, truth: IntArray, weights: FloatArray, slope: bool) -> FloatArray:
    free = log_p.shape[1] - 1
    coef = np.zeros((weights.shape[0], free + slope))
    coef[:, free:] = 1.0
    outcome = np.eye(log_p.shape[1])[truth]
    for _ in range(STEPS):
        share = _shares(log_p, coef[:, :free], coef[:, free:] if slope else None)
        residual = weights[:, :, None] * (outcome - share)
        gradient = residual[:, :, 1:].sum(axis=1)
        if slope:
            gradient = np.concatenate([gradient, np.einsum("dnk,nk->d", residual, log_p)[:, None]], axis=1)
        hessian = _information(log_p, share, weights, slope=slope)
        coef, moved = _step(coef, gradient, hessian)
        if not moved:
            break
    return _settled(coef, gradient, hessian, weights)


def _shares(log_p: FloatArray, a: FloatArray, b: FloatArray | None) -> FloatArray:
    """Return softmax(a + b ln p), shape (draw, row, class)."""
    linear = np.broadcast_to(log_p, (a.shape[0], *log_p.shape)) * (1.0 if b is None else b[:, :, None])
    linear[:, :, 1:] += a[:, None, :]
    share = np.exp(linear - linear.max(axis=2, keepdims=True))
    return share / share.sum(axis=2, keepdims=True)


def _information(log_p: FloatArray, share: FloatArray, weights: FloatArray, *, slope: bool) -> FloatArray:
    """Return minus the second derivatives of the log-likelihood, shape (draw, coef, coef)."""
    free = log_p.shape[1] - 1
    own = weights[:, :, None] * share[:, :, 1:]
    out = np.zeros((weights.shape[0], free + slope, free + slope))
    out[:, :free, :free] = -np.matmul(own.transpose(0, 2, 1), share[:, :, 1:])
    out[:, range(free), range(free)] += own.sum(axis=1)
    if slope:
        centred = log_p - (share * log_p).sum(axis=2, keepdims=True)
        out[:, :free, free] = out[:, free, :free] = (own * centred[:, :, 1:]).sum(axis=1)
        out[:, free, free] = np.einsum("dn,dnk,dnk->d", weights, share, centred**2)
    return out


def _step(coef: FloatArray, gradient: FloatArray, hessian: FloatArray) -> tuple[FloatArray, bool]:
    """Return the coefficients after one Newton step of bounded length, and whether any draw still moves."""
    ridge = TINY * np.eye(coef.shape[1])
    step = np.linalg.solve(hessian + ridge, gradient[..., None])[..., 0]
    size = np.abs(step).max(axis=1, keepdims=True, initial=0.0)
    step *= np.minimum(1.0, LONGEST_STEP / np.maximum(size, TINY))
    away = np.abs(coef).max(axis=1, keepdims=True, initial=0.0) > LARGEST
    step = np.where(away, 0.0, step)
    return coef + step, bool((np.abs(step) > TOLERANCE).any())


def _settled(coef: FloatArray, gradient: FloatArray, hessian: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the coefficients, NaN in draws that ran away or whose estimate is not unique."""
    total = np.maximum(weights.sum(axis=1), 1.0)
    flat = np.abs(gradient).max(axis=1, initial=0.0) <= 1e-5 * total
    curved = np.linalg.eigvalsh(hessian)[:, 0] > 1e-9 * total
    near = np.abs(coef).max(axis=1, initial=0.0) <= LARGEST
    return np.where((flat & curved & near)[:, None], coef, np.nan)


def _expit(x: FloatArray) -> FloatArray:
    return 1.0 / (1.0 + np.exp(-np.clip(x, -500.0, 500.0)))
