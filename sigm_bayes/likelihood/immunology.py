"""Immunology tests: normal or abnormal, independent given the class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sigm_bayes.likelihood.namespace import Array, Namespace


@dataclass(frozen=True, eq=False)
class TestState:
    """Catalogue indices of the tests with an abnormal and with a normal result."""

    __test__ = False

    abnormal: np.ndarray
    normal: np.ndarray


def log_tests(xp: Namespace, logit_abnormal: Array, state: TestState) -> Array:
    """log P(known test results | class); (..., class4, test) -> (..., class4)."""
    total: Array = 0.0 * xp.take(logit_abnormal, 0)
    for known, sign in ((state.abnormal, 1.0), (state.normal, -1.0)):
        if len(known):
            total = total - xp.sum(xp.softplus(-sign * xp.take(logit_abnormal, known)), axis=-1)
    return total
