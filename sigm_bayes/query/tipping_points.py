"""Tipping points: what would bring P(primary) above or below one half, or another threshold.

Each is put in like any other patient before it is told: the value said to flip the answer does, and its neighbour on
the other side does not.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sigm_bayes.errors import InputError, Problem
from sigm_bayes.likelihood.case import Series
from sigm_bayes.likelihood.hypotheses import PRIMARY
from sigm_bayes.patient import Patient
from sigm_bayes.query.changes import Change, every_change, primary_after, step_of, with_igm
from sigm_bayes.query.encode import Encoder
from sigm_bayes.query.encode_samples import first_samples, later_results, series_of
from sigm_bayes.query.situation import Situation
from sigm_bayes.query.summary import band
from sigm_bayes.query.tipping import prevalence_at, tipping
from sigm_bayes.query.unknown_exposures import ExposureOdds
from sigm_bayes.query.weighing import Weighing, normalise

HALF = 0.5
CURVE_FROM, CURVE_TO, CURVE_POINTS = 1e-4, 0.5, 25
"""Prevalences of the curve: from rarer than in any population screened to every second person tested."""
NEAR = 0.01
"""A change that comes so near the threshold with the thinned draws is put in with all of them."""
SCAN_POINTS, SCAN_DRAWS = 11, 100
"""IgM values at which P(primary) is looked at before the crossing is sought, and draws for the search; the printed
values on both sides of the crossing are put in with all draws."""
HIGHEST_LIMITS = 1.5
"""IgM values are tried up to this many times the upper reference limit."""


@dataclass(frozen=True)
class IgmTip:
    """The IgM that flips the answer.

    Attributes
    ----------
    value_mg_dl, text
        The printed first value nearest to the patient's with P(primary) on the other side of the threshold.
    direction
        `at_or_below` or `at_or_above`, seen from the patient's value.
    primary
        P(primary) with it.
    values_mg_dl
        All results: repeats change in proportion.
    until_mg_dl
        None where every value farther on flips it too; else the last of those tried that does (where an exposure
        competes, P(primary) need not be monotone).
    """

    value_mg_dl: float
    text: str
    direction: str
    primary: float
    values_mg_dl: tuple[float, ...]
    until_mg_dl: float | None = None


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
    primary = float(weighing.probabilities()[:, PRIMARY].mean())
    prevalence = tipping(weighing)
    changes = every_change(s, odds, asked=asked)
    exact: dict[Change, float] = {}

    def put_in(change: Change) -> float:
        if change not in exact:
            exact[change] = primary_after(s.patient, change, weighing, encoder=s.encoder)
        return exact[change]

    scan = _IgmScan(s, weighing)
    points = []
    for level in levels:
        singles, nearest = _singles(changes, level, primary, put_in)
        igm = scan.crossing(level, primary)
        points.append(TippingPoint(level, primary >= level, prevalence_at(weighing, level), igm, singles, nearest))
    now = prevalence["prevalence_now"]
    assert now is not None
    return Tipping(now, prevalence["prevalence_for_half"], primary, tuple(points), curve(weighing))


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


class _IgmScan:
    """P(primary) over the IgM, everything else as it is."""

    def __init__(self, s: Situation, weighing: Weighing) -> None:
        self.patient, self.encoder = s.patient, s.encoder
        self.thin = _Elsewhere(s.patient, s.encoder, s.thinned(SCAN_DRAWS))
        self.full = _Elsewhere(s.patient, s.encoder, weighing)
        first = s.patient.igm[0]
        self.step = step_of(first)
        self.now = max(first.value_mg_dl, self.step)
        lowest = max(s.encoder.catalogue.analyte("IgM").lowest_mg_dl, self.step)
        highest = max(HIGHEST_LIMITS * s.encoder.igm_limits(s.patient)[1], 2.0 * self.now)
        grid = {self._printed(v) for v in np.geomspace(lowest, highest, SCAN_POINTS)}
        self.values = sorted({v for v in grid if v >= lowest} | {self._printed(self.now)})
        self.rough: dict[float, float] = {}

    def _printed(self, value: float) -> float:
        return round(max(1.0, round(value / self.step)) * self.step, 6)

    def _rough(self, value: float) -> float:
        if value not in self.rough:
            self.rough[value] = self.thin.primary(value)
        return self.rough[value]

    def crossing(self, level: float, primary: float) -> IgmTip | None:
        """The nearest printed value on the other side of the threshold, in either direction."""
        above = primary >= level
        here = self.values.index(self._printed(self.now))
        found = []
        for walk in (self.values[here::-1], self.values[here:]):
            for near, far in itertools.pairwise(walk):
                if (self._rough(far) >= level) != above:
                    tip = self._between(near, far, level, above)
                    if tip is not None:
                        beyond = walk[walk.index(far) :]
                        found.append(replace(tip, until_mg_dl=self._until(beyond, level, above)))
                    break
        return min(found, key=lambda tip: abs(math.log(tip.value_mg_dl / self.now)), default=None)

    def _until(self, values: Sequence[float], level: float, above: bool) -> float | None:
        """The last of the values on the other side before one that is back on this; None if all are."""
        back = [n for n, value in enumerate(values) if (self._rough(value) >= level) == above]
        return values[back[0] - 1] if back else None

    def _between(self, near: float, far: float, level: float, above: bool) -> IgmTip | None:
        """Bisect on the thinned draws, widen with all of them until they differ at the ends, and bisect again."""
        way = math.copysign(self.step, far - near)
        while abs(far - near) > 1.5 * self.step:
            middle = self._printed(0.5 * (near + far))
            near, far = (near, middle) if (self._rough(middle) >= level) != above else (middle, far)

        def here(value: float) -> bool:
            return (self.full.primary(value) >= level) == above

        for n in range(_MOST_STEPS):
            if not here(far):
                break
            near, far = far, self._printed(far + way * 2**n)
        else:
            return None
        for n in range(_MOST_STEPS):
            if here(near):
                break
            near, far = self._printed(near - way * 2**n), near
        else:
            return None
        while abs(far - near) > 1.5 * self.step:
            middle = self._printed(0.5 * (near + far))
            near, far = (middle, far) if here(middle) else (near, middle)
        return self._tip(far, self.full.primary(far))

    def _tip(self, value: float, primary: float) -> IgmTip:
        patient = with_igm(self.patient, value)
        direction = "at_or_below" if value < self.now else "at_or_above"
        values = tuple(float(sample.value_mg_dl) for sample in patient.igm)
        return IgmTip(value, f"{value:g} mg/dL", direction, primary, values)


_MOST_STEPS = 12


class _Elsewhere:
    """The same patient with another IgM, under some draws; what does not depend on IgM is weighed once."""

    def __init__(self, patient: Patient, encoder: Encoder, weighed: Situation | Weighing) -> None:
        self.patient, self.encoder = patient, encoder
        self.single = weighed.case.series is None
        if isinstance(weighed, Weighing):
            self.parameters, self.case = weighed.p, weighed.case
            joint = weighed.log_joint(weighed.everything)
            own = weighed
        else:
            self.parameters, self.case, joint = weighed.parameters, weighed.case, weighed.log_joint
            own = Weighing(self.parameters, self.case)
        self.rest = joint - own.igm_term

    def _series(self, patient: Patient) -> Series:
        catalogue, priors = self.encoder.catalogue, self.encoder.priors
        later = later_results(patient, priors=priors, limits=self.encoder.igm_limits(patient))
        return series_of(
            patient.igm[0], later, self.case, catalogue=catalogue, priors=priors, without_first=False
        )  # fmt: skip

    def primary(self, value: float) -> float:
        """P(primary) with that first IgM."""
        patient = with_igm(self.patient, value)
        if self.single:
            case = replace(self.case, samples=first_samples(patient, catalogue=self.encoder.catalogue))
        else:
            first = first_samples(patient, catalogue=self.encoder.catalogue)
            case = replace(self.case, samples=first, series=self._series(patient))
        moved = Weighing(self.parameters, case)
        return float(normalise(self.rest + moved.igm_term)[:, PRIMARY].mean())


def curve(weighing: Weighing) -> tuple[CurvePoint, ...]:
    """P(primary) over the prevalence of primary among those tested in this setting."""
    start = normalise(weighing.start(exposures=False))[:, PRIMARY]
    posterior = weighing.probabilities()[:, PRIMARY]
    wanted = np.geomspace(CURVE_FROM, CURVE_TO, CURVE_POINTS)
    factors = np.linspace(math.log(1e-5), math.log(1e7), 241)[:, None]
    reached = _scaled(start, factors).mean(axis=1)
    at = np.interp(np.log(wanted), np.log(reached), factors[:, 0])[:, None]
    rows = _scaled(posterior, at)
    prevalences = _scaled(start, at).mean(axis=1)
    return tuple(CurvePoint(float(x), **band(row)) for x, row in zip(prevalences, rows, strict=True))


def _scaled(p: np.ndarray, log_factor: np.ndarray) -> np.ndarray:
    """Probabilities with their odds multiplied."""
    odds = np.exp(log_factor) * p / np.maximum(1.0 - p, 1e-300)
    return np.asarray(odds / (1.0 + odds))
