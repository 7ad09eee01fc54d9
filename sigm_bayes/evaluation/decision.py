"""Decision curves: what acting on P(primary) above a threshold is worth, against acting on all and on none.

Net benefit at threshold t is TP / n - FP / n * t / (1 - t) (Vickers and Elkin 2006, doi:10.1177/0272989X06295361): the
threshold says how many needless work-ups one found case is worth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.evaluation.resampling import Bootstrap, interval

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
THRESHOLDS = tuple(round(0.01 * n, 2) for n in range(1, 51))
"""1% to 50%: beyond it nobody would wait for more than even odds before a work-up."""


@dataclass(frozen=True)
class Line:
    """Net benefit by threshold with its interval, shape (threshold,) each."""

    value: FloatArray
    lower: FloatArray
    upper: FloatArray

    def to_dict(self) -> dict[str, list[float]]:
        """Plain data."""
        return {"value": self.value.tolist(), "lower": self.lower.tolist(), "upper": self.upper.tolist()}


@dataclass(frozen=True)
class DecisionCurves:
    """Net benefit by threshold of every method, and of acting on everybody (on nobody it is 0).

    Attributes
    ----------
    thresholds : ndarray, shape (threshold,)
    methods : dict of str to Line
    gain : dict of str to Line
        The same less the better of acting on all and on none.
    everybody : Line
    """

    thresholds: FloatArray
    methods: dict[str, Line]
    gain: dict[str, Line]
    everybody: Line

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "thresholds": self.thresholds.tolist(),
            "methods": {name: line.to_dict() for name, line in self.methods.items()},
            "gain_over_all_and_none": {name: line.to_dict() for name, line in self.gain.items()},
            "everybody": self.everybody.to_dict(),
        }


def net_benefit(acted: BoolArray, event: BoolArray, thresholds: FloatArray, weights: FloatArray) -> FloatArray:
    """Return net benefit, shape (draw, threshold).

    Parameters
    ----------
    acted : ndarray of bool, shape (row, threshold)
    event : ndarray of bool, shape (row,)
    thresholds : ndarray, shape (threshold,)
        In the open interval (0, 1).
    weights : ndarray, shape (draw, row)
    """
    worth = event[:, None].astype(float) - (~event)[:, None] * (thresholds / (1.0 - thresholds))
    with np.errstate(invalid="ignore", divide="ignore"):
        return (weights @ (acted * worth)) / weights.sum(axis=1, keepdims=True)


def decision_curves(
    probability: Mapping[str, FloatArray],
    event: BoolArray,
    bootstrap: Bootstrap,
    *,
    acts: Mapping[str, BoolArray] | None = None,
    thresholds: tuple[float, ...] = THRESHOLDS,
) -> DecisionCurves:
    """Return the decision curves.

    Parameters
    ----------
    probability : mapping of str to ndarray, shape (row,)
        P(event) by method; a method acts where it is at or above the threshold.
    event : ndarray of bool, shape (row,)
    bootstrap : Bootstrap
    acts : mapping of str to ndarray of bool, shape (row,), optional
        What a rule does whatever the threshold, instead of its probability.
    thresholds : tuple of float
    """
    t = np.asarray(thresholds, dtype=float)
    everybody = np.ones((event.size, t.size), dtype=bool)
    ruled = acts or {}
    methods, gain = {}, {}
    for name, p in probability.items():
        acted = np.repeat(ruled[name][:, None], t.size, axis=1) if name in ruled else p[:, None] >= t

        def both(w: FloatArray, acted: BoolArray = acted) -> FloatArray:
            own = net_benefit(acted, event, t, w)
            return np.stack([own, own - np.maximum(net_benefit(everybody, event, t, w), 0.0)], axis=1)

        found, drawn = bootstrap.apply(both)
        methods[name], gain[name] = _line(found[0], drawn[:, 0]), _line(found[1], drawn[:, 1])
    found, drawn = bootstrap.apply(lambda w: net_benefit(everybody, event, t, w))
    return DecisionCurves(t, methods, gain, _line(found, drawn))


def _line(value: FloatArray, drawn: FloatArray) -> Line:
    lower, upper = interval(drawn) if drawn.size else (value, value)
    return Line(value, lower, upper)
