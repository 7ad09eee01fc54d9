"""Tipping points: what would bring P(primary) above or below one half, or another threshold.

Each is put in like any other patient before it is told: the value said to flip the answer does, and its neighbour on
the other side does not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sigm_bayes.errors import InputError, Problem
from sigm_bayes.query.changes import Change, every_change, primary_after
from sigm_bayes.query.igm_scan import IgmScan, IgmTip
from sigm_bayes.query.situation import Situation
from sigm_bayes.query.summary import bands
from sigm_bayes.query.tipping import prevalence, prevalence_by_draw, prevalences_at
from sigm_bayes.query.unknown_exposures import ExposureOdds
from sigm_bayes.query.weighing import Weighing

HALF = 0.5
CURVE_FROM, CURVE_TO, CURVE_POINTS = 1e-4, 0.5, 25
"""Prevalences of the curve: from rarer than in any population screened to every second person tested."""
NEAR = 0.01
"""A change that comes so near the threshold with the thinned draws is put in with all of them."""


@dataclass(frozen=True)
class SingleTip:
    """One statement changed, and P(primary) with it."""

    id: str
    kind: str
    label: str
    from_state: str
    to_state: str
    primary: float


@dataclass(frozen=True)
class TippingPoint:
    """What crosses one threshold.

    Attributes
    ----------
    prevalence
        Prevalence of primary among those tested in this setting at which P(primary) is the threshold; None if none.
    singles
        Every single change that crosses it, the farthest first.
    nearest
        Where none crosses: the one that comes nearest.
    """

    threshold: float
    above_now: bool
    prevalence: float | None
    igm: IgmTip | None
    singles: tuple[SingleTip, ...]
    nearest: SingleTip | None


@dataclass(frozen=True)
class CurvePoint:
    """P(primary) had the prevalence been another."""

    prevalence: float
    mean: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Tipping:
    """All tipping points, one half first; and P(primary) over the prevalence."""

    prevalence_now: float
    prevalence_for_half: float | None
    primary_now: float
    points: tuple[TippingPoint, ...]
    curve: tuple[CurvePoint, ...]


def check_thresholds(thresholds: Sequence[float]) -> tuple[float, ...]:
    """One half, then the others without repeats.

    Raises
    ------
    InputError
        If one is not a number between 0 and 1.
    """
    problems = [
        Problem("threshold", t, "expected a probability between 0 and 1", "Give for example 0.1, or 10%.")
        for t in thresholds
        if not (math.isfinite(t) and 0.0 < t < 1.0)
    ]
    if problems:
        raise InputError(problems)
    return tuple(dict.fromkeys((HALF, *thresholds)))


def tipping_points(
    s: Situation, weighing: Weighing, *, odds: ExposureOdds, asked: set[str], thresholds: Sequence[float] = ()
) -> Tipping:
    """Tipping points of a patient in scope.

    Parameters
    ----------
    s, weighing
        The patient under thinned and under all draws.
    asked
        Unknowns that can be read at this age.
    thresholds
        Probabilities of primary, beside one half.
    """
    levels = check_thresholds(thresholds)
    primary = weighing.primary()
    changes = every_change(s, odds, asked=asked)
    exact: dict[Change, float] = {}

    def put_in(change: Change) -> float:
        if change not in exact:
            exact[change] = primary_after(s, change, weighing)
        return exact[change]

    scan = IgmScan(s, weighing)
    points = []
    prevalences = prevalences_at(weighing, levels)
    for level, at in zip(levels, prevalences, strict=True):
        singles, nearest = _singles(changes, level, primary, put_in)
        igm = scan.crossing(level, primary)
        points.append(TippingPoint(level, primary >= level, at, igm, singles, nearest))
    now = float(prevalence_by_draw(weighing).mean())
    return Tipping(now, prevalences[0], primary, tuple(points), curve(weighing))


def _singles(
    changes: Sequence[Change], level: float, primary: float, put_in: Callable[[Change], float]
) -> tuple[tuple[SingleTip, ...], SingleTip | None]:
    above = primary >= level

    def beyond(p: float) -> float:
        """How far on the other side of the threshold; negative on this side."""
        return level - p if above else p - level

    ranked = sorted(changes, key=lambda change: -beyond(change.roughly))
    candidates = [change for change in ranked if beyond(change.roughly) > -NEAR] or ranked[:1]
    told = [
        SingleTip(c.id, c.kind, c.label, c.from_state, c.to_state, put_in(c))
        for c in candidates
    ]  # fmt: skip
    crossing = [tip for tip in told if (tip.primary < level) == above]
    crossing.sort(key=lambda tip: -beyond(tip.primary))
    if crossing or not told:
        return tuple(crossing), None
    return (), max(told, key=lambda tip: beyond(tip.primary))


def curve(weighing: Weighing) -> tuple[CurvePoint, ...]:
    """P(primary) over the prevalence of primary among those tested in this setting."""
    world = prevalence(weighing)
    wanted = np.geomspace(CURVE_FROM, CURVE_TO, CURVE_POINTS)
    factors = np.linspace(math.log(1e-5), math.log(1e7), 241)
    at = np.interp(np.log(wanted), np.log(world.among_tested(factors)), factors)
    primary, rest = world.joint(at)
    by_draw = primary + rest
    rows = bands(primary / np.maximum(by_draw, 1e-300), by_draw / by_draw.sum(axis=1, keepdims=True))
    return tuple(CurvePoint(float(x), **row) for x, row in zip(world.among_tested(at), rows, strict=True))
