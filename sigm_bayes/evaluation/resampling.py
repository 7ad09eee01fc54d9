"""Uncertainty by drawing people again: weights a draw, and estimates with their interval or a reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.evaluation.cases import IntArray
from sigm_bayes.query.summary import INTERVAL_LEVEL

FloatArray = NDArray[np.float64]
DRAWS = 500
SEED = 20261122
BLOCK = 2_000_000
"""Weights that are held at a time (16 MB)."""
FEWEST_SHARE = 0.9
"""Share of the draws in which a quantity must exist for an interval to be shown."""


@dataclass(frozen=True)
class Estimate:
    """A number with its bootstrap interval, or the reason why there is none.

    Attributes
    ----------
    value, lower, upper : float or None
        Equal-tailed interval of level `sigm_bayes.query.summary.INTERVAL_LEVEL`.
    reason : str
        Why there is no number (or no interval); empty where there is.
    """

    value: float | None
    lower: float | None = None
    upper: float | None = None
    reason: str = ""

    def to_dict(self) -> dict[str, float | str | None]:
        """Plain data; without `reason` where there is none."""
        out: dict[str, float | str | None] = {"value": self.value, "lower": self.lower, "upper": self.upper}
        return {**out, "reason": self.reason} if self.reason else out


@dataclass(frozen=True)
class Bootstrap:
    """Draws of people with replacement, each as how often every row is drawn.

    Attributes
    ----------
    person : ndarray of int, shape (row,)
        Rows of one person are drawn together.
    draws, seed : int
    """

    person: IntArray
    draws: int = DRAWS
    seed: int = SEED

    def blocks(self) -> Iterator[FloatArray]:
        """Yield weights, shape (draw, row), some draws at a time; the same whenever it is called."""
        if not self.draws:
            return
        people, size = int(self.person.max(initial=-1)) + 1, self.person.size
        rng = np.random.default_rng(self.seed)
        at_once = max(1, BLOCK // max(size, 1))
        for start in range(0, self.draws, at_once):
            count = min(at_once, self.draws - start)
            drawn = rng.integers(0, people, size=(count, people)) + people * np.arange(count)[:, None]
            times = np.bincount(drawn.ravel(), minlength=count * people).reshape(count, people)
            yield times[:, self.person].astype(float)

    def apply(self, measure: Callable[[FloatArray], FloatArray]) -> tuple[FloatArray, FloatArray]:
        """Return a measure of the rows as they are, and of every draw.

        Parameters
        ----------
        measure : callable
            From weights, shape (draw, row), to values, shape (draw, ...); NaN where the quantity does not exist.

        Returns
        -------
        value : ndarray, shape (...)
        drawn : ndarray, shape (draw, ...)
        """
        value = measure(np.ones((1, self.person.size)))[0]
        parts = [measure(weights) for weights in self.blocks()]
        return value, np.concatenate(parts) if parts else np.empty((0, *np.shape(value)))

    def estimate(
        self, measure: Callable[[FloatArray], FloatArray], *, undefined: str = "it is not defined"
    ) -> Estimate:
        """Return a measure with its interval.

        Parameters
        ----------
        measure : callable
            From weights, shape (draw, row), to values, shape (draw,).
        undefined : str
            The reason to give where the measure is NaN.
        """
        value, drawn = self.apply(measure)
        return summarise(float(value), drawn, undefined=undefined)


def summarise(value: float, drawn: FloatArray, *, undefined: str = "it is not defined") -> Estimate:
    """Return a value with the interval of its draws, shape (draw,); NaN draws are those where it does not exist."""
    if not np.isfinite(value):
        return Estimate(None, reason=undefined)
    there = drawn[np.isfinite(drawn)]
    if not drawn.size:
        return Estimate(value, reason="no bootstrap draws were asked for")
    if there.size < FEWEST_SHARE * drawn.size:
        return Estimate(value, reason="no interval: in many bootstrap draws it is not defined")
    lower, upper = interval(there)
    return Estimate(value, float(lower), float(upper))


def interval(drawn: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the ends of the equal-tailed interval over the first axis, NaN left out; shape (...) each."""
    tail = 0.5 * (1.0 - INTERVAL_LEVEL)
    lower, upper = np.nanquantile(drawn, [tail, 1.0 - tail], axis=0)
    return np.asarray(lower), np.asarray(upper)


def proportion(events: int, people: int) -> Estimate:
    """Return a share with its Wilson interval, which holds for few people and for none or all of them."""
    if not people:
        return Estimate(None, reason="nobody")
    from scipy.stats import binomtest

    found = binomtest(events, people).proportion_ci(INTERVAL_LEVEL, method="wilson")
    return Estimate(events / people, float(found.low), float(found.high))
