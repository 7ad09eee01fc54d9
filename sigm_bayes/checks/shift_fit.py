"""A fit in small: a few shifts of parameters at once, all else known, with the likelihood of `sigm fit`.

It needs no compiled model and takes seconds, so that a notebook can show what a wrong belief about a registry does.
The intervals of `sigm fit`, where everything is unknown, are wider.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sigm_bayes.checks.shift_sbc import FINE, Shift, line_posterior
from sigm_bayes.fit.encode import Encoded
from sigm_bayes.likelihood.namespace import NUMPY
from sigm_bayes.likelihood.people_joint import Scheme, log_person

STEP = 0.1
"""Of the second differences, in SDs of the prior."""


@dataclass(frozen=True)
class ShiftFit:
    """Normal approximation of the posterior of shifts, in SDs of their priors.

    Attributes
    ----------
    mean, sd : (shift,)
    """

    mean: np.ndarray
    sd: np.ndarray


def fit_shifts(shifts: Sequence[Shift], known: Mapping[str, Any], encoded: Encoded, scheme: Scheme) -> ShiftFit:
    """Find the mode and the curvature there.

    Parameters
    ----------
    known
        Parameters and centre effects without the shifts.
    encoded
        The registry, see `encode_registry`.
    scheme
        How it is believed to be collected, and what its labels are believed to be worth.
    """
    from scipy.optimize import minimize

    people = encoded.people

    def negative(by: np.ndarray) -> float:
        p = dict(known)
        for shift, one in zip(shifts, by, strict=True):
            p = shift.moved(p, one)
        return 0.5 * float(by @ by) - float(log_person(NUMPY, p, people, scheme) @ people.weight)

    found = minimize(negative, np.zeros(len(shifts)), method="BFGS", options={"gtol": 1e-2, "eps": 1e-3})
    mode = np.asarray(found.x)
    covariance = np.linalg.inv(_second_differences(negative, mode))
    return ShiftFit(mode, np.sqrt(np.diag(covariance)))


def interval(
    shift: Shift, known: Mapping[str, Any], encoded: Encoded, scheme: Scheme, *, level: float = 0.9
) -> tuple[float, float, float]:  # fmt: skip
    """Mean, lower and upper end of the exact posterior of one shift, in SDs of its prior."""
    p = line_posterior(shift, known, encoded, scheme)
    total = np.cumsum(p)
    low, high = (float(FINE[np.searchsorted(total, q)]) for q in ((1 - level) / 2, (1 + level) / 2))
    return float(p @ FINE), low, high


def _second_differences(function: Any, at: np.ndarray) -> np.ndarray:
    """Matrix of second derivatives by central differences."""
    n = len(at)
    steps = STEP * np.eye(n)
    out = np.empty((n, n))
    middle = function(at)
    for i in range(n):
        out[i, i] = (function(at + steps[i]) - 2.0 * middle + function(at - steps[i])) / STEP**2
        for j in range(i):
            corners = [function(at + a * steps[i] + b * steps[j]) for a in (1, -1) for b in (1, -1)]
            out[i, j] = out[j, i] = (corners[0] - corners[1] - corners[2] + corners[3]) / (4.0 * STEP**2)
    return out
