"""Do predicted probabilities come true: intercept, slope, smooth curve, bins, for one class against the rest.

Definitions as in Van Calster et al. 2019 (doi:10.1186/s12916-019-1466-7).  The intercept is that with the slope held
at 1: above 0, the class is commoner than predicted.  A slope below 1 says that predictions are too extreme.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.evaluation.cases import IntArray
from sigm_bayes.evaluation.regression import fit_logistic, fit_multinomial
from sigm_bayes.evaluation.resampling import Bootstrap, Estimate, interval, proportion, summarise

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
LOWEST = 1e-6
"""Probabilities are kept this far from 0 and 1 where their logit is taken."""
BINS = 10
GRID = 60
KNOT_QUANTILES = (0.05, 0.35, 0.65, 0.95)
"""Knots of the curve: four, at the quantiles of Harrell 2015 (doi:10.1007/978-3-319-19425-7), section 2.4.6."""
CURVE_RANGE = (0.01, 0.99)
"""Quantiles of the predictions between which the curve is drawn."""
SEPARATED = "predictions separate the class from the rest, so that no finite estimate exists"
FEW_VALUES = "too few different predictions for a curve; see the bins"


@dataclass(frozen=True)
class Curve:
    """Smooth calibration curve: predicted probability, the share that turned out, its interval; shape (point,)."""

    predicted: FloatArray
    observed: FloatArray
    lower: FloatArray
    upper: FloatArray


@dataclass(frozen=True)
class Bin:
    """People with similar predictions: how many, how many of the class, mean prediction, observed share."""

    people: int
    events: int
    predicted: float
    observed: Estimate


@dataclass(frozen=True)
class Calibration:
    """Calibration of one class against the rest.

    Attributes
    ----------
    events : int
    expected : float
        Sum of the predictions.
    ratio : Estimate
        Observed over expected.
    intercept, slope : Estimate
        Of the logistic recalibration; the intercept with the slope at 1.
    error : Estimate
        Expected calibration error: mean distance of observed share and mean prediction over `bins`, by people.
    bins : tuple of Bin
    curve : Curve or None
    curve_reason : str
        Why there is no curve.
    """

    events: int
    expected: float
    ratio: Estimate
    intercept: Estimate
    slope: Estimate
    error: Estimate
    bins: tuple[Bin, ...]
    curve: Curve | None
    curve_reason: str

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        curve = None if self.curve is None else {k: v.tolist() for k, v in vars(self.curve).items()}
        return {
            "events": self.events,
            "expected": self.expected,
            "observed_over_expected": self.ratio.to_dict(),
            "intercept": self.intercept.to_dict(),
            "slope": self.slope.to_dict(),
            "expected_calibration_error": self.error.to_dict(),
            "bins": [{**vars(b), "observed": b.observed.to_dict()} for b in self.bins],
            "curve": curve,
            **({"curve_reason": self.curve_reason} if self.curve_reason else {}),
        }


def calibrate(p: FloatArray, event: BoolArray, bootstrap: Bootstrap) -> Calibration:
    """Return the calibration of one class against the rest.

    Parameters
    ----------
    p : ndarray, shape (row,)
        P(class).
    event : ndarray of bool, shape (row,)
    bootstrap : Bootstrap
    """
    x, y = logit(p), event.astype(float)
    one = np.ones((p.size, 1))
    line = np.column_stack([one[:, 0], x])
    found, drawn = bootstrap.apply(
        lambda w: np.column_stack(
            [ratio(p, y, w), fit_logistic(one, y, w, offset=x)[:, 0], fit_logistic(line, y, w)[:, 1]]
        )
    )
    place = bin_numbers(p)
    curve, reason = smooth_curve(p, event, bootstrap)
    return Calibration(
        events=int(event.sum()),
        expected=float(p.sum()),
        ratio=summarise(float(found[0]), drawn[:, 0]),
        intercept=summarise(float(found[1]), drawn[:, 1], undefined=SEPARATED),
        slope=summarise(float(found[2]), drawn[:, 2], undefined=_no_slope(x)),
        error=bootstrap.estimate(lambda w: calibration_error(p, y, place, w)),
        bins=make_bins(p, event, place),
        curve=curve,
        curve_reason=reason,
    )


def _no_slope(x: FloatArray) -> str:
    return "all predictions are the same: there is no slope" if np.ptp(x) < 1e-9 else SEPARATED


def logit(p: FloatArray) -> FloatArray:
    """Return ln(p / (1 - p)), p kept `LOWEST` away from 0 and 1."""
    kept = np.clip(p, LOWEST, 1.0 - LOWEST)
    return np.log(kept) - np.log1p(-kept)


def ratio(p: FloatArray, y: FloatArray, weights: FloatArray) -> FloatArray:
    """Return observed over expected events, shape (draw,)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return (weights @ y) / (weights @ p)


def bin_numbers(p: FloatArray) -> IntArray:
    """Return the bin of every row: tenths of the people by prediction, equal predictions together; shape (row,)."""
    last = (p.size * np.arange(1, BINS) + BINS - 1) // BINS - 1  # in order of prediction, the last of each tenth
    edges = np.unique(np.sort(p)[last])
    return np.unique(np.searchsorted(edges, p, side="left"), return_inverse=True)[1].astype(np.int64)


def calibration_error(p: FloatArray, y: FloatArray, place: IntArray, weights: FloatArray) -> FloatArray:
    """Return the mean over people of |observed share - mean prediction| of their bin, shape (draw,)."""
    member = np.eye(int(place.max()) + 1)[place]
    gap = np.abs((weights * (y - p)) @ member).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return gap / weights.sum(axis=1)


def make_bins(p: FloatArray, event: BoolArray, place: IntArray) -> tuple[Bin, ...]:
    """Return the bins with their counts, the lowest predictions first."""
    out = []
    for number in range(int(place.max()) + 1):
        here = place == number
        people, events = int(here.sum()), int((event & here).sum())
        out.append(Bin(people, events, float(p[here].mean()), proportion(events, people)))
    return tuple(out)


def smooth_curve(p: FloatArray, event: BoolArray, bootstrap: Bootstrap) -> tuple[Curve | None, str]:
    """Return the share that turned out as a smooth function of the prediction, or why there is none.

    A logistic regression on a restricted cubic spline of the logit of the prediction.
    """
    x = logit(p)
    knots = np.unique(np.quantile(x, KNOT_QUANTILES))
    if knots.size < len(KNOT_QUANTILES) or np.diff(knots).min() < 1e-3:
        return None, FEW_VALUES
    low, high = np.quantile(x, CURVE_RANGE)
    grid = np.linspace(low, high, GRID)
    basis, triangle = np.linalg.qr(spline(x, knots))  # the columns as they are nearly depend on each other
    basis, at = basis * np.sqrt(x.size), np.linalg.solve(triangle.T, spline(grid, knots).T).T * np.sqrt(x.size)
    coef, drawn = bootstrap.apply(lambda w: fit_logistic(basis, event.astype(float), w))
    if not np.isfinite(coef).all():
        return None, SEPARATED
    shares = expit(drawn[np.isfinite(drawn).all(axis=1)] @ at.T)
    lower, upper = interval(shares) if shares.size else (np.full(GRID, np.nan), np.full(GRID, np.nan))
    return Curve(expit(grid), expit(at @ coef), lower, upper), ""


def spline(x: FloatArray, knots: FloatArray) -> FloatArray:
    """Return the restricted cubic spline basis (linear beyond the outer knots), shape (row, knot).

    The columns are 1, x and knot - 2 curved ones (Harrell 2015, doi:10.1007/978-3-319-19425-7, equation 2.24).
    """
    last, before = knots[-1], knots[-2]
    columns = [np.ones_like(x), x]

    def cubed(knot: float) -> FloatArray:
        return np.maximum(x - knot, 0.0) ** 3

    for knot in knots[:-2]:
        columns.append(
            (
                cubed(knot)
                - cubed(before) * (last - knot) / (last - before)
                + cubed(last) * (before - knot) / (last - before)
            )
            / (last - knots[0]) ** 2
        )
    return np.column_stack(columns)


def expit(x: FloatArray) -> FloatArray:
    """Return 1 / (1 + exp(-x))."""
    return 1.0 / (1.0 + np.exp(-np.clip(x, -500.0, 500.0)))


@dataclass(frozen=True)
class Recalibration:
    """All classes at once: ``softmax(a + b ln p)`` fitted to what turned out.

    Attributes
    ----------
    intercepts : dict of str to Estimate
        `a` of every class against `reference`, with `b` at 1; above 0, the class is commoner than predicted.
    slope : Estimate
        `b`, fitted with `a`; below 1, predictions are too extreme.
    reference : str
    """

    intercepts: dict[str, Estimate]
    slope: Estimate
    reference: str

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "reference": self.reference,
            "intercepts": {name: value.to_dict() for name, value in self.intercepts.items()},
            "slope": self.slope.to_dict(),
        }


def recalibrate(p: FloatArray, truth: IntArray, classes: tuple[str, ...], bootstrap: Bootstrap) -> Recalibration:
    """Return the multinomial recalibration over the classes that occur; the commonest is the reference.

    Parameters
    ----------
    p : ndarray, shape (row, class)
    truth : ndarray of int, shape (row,)
    classes : tuple of str
    bootstrap : Bootstrap
    """
    counts = np.bincount(truth, minlength=len(classes))
    there = [int(k) for k in np.argsort(-counts, kind="stable") if counts[k] > 0]
    absent = {name: Estimate(None, reason="nobody has this class") for k, name in enumerate(classes) if not counts[k]}
    reference = classes[there[0]]
    if len(there) < 2:
        return Recalibration(absent, Estimate(None, reason="only one class occurs"), reference)
    log_p = np.log(np.maximum(p[:, there], LOWEST))
    code = np.array([there.index(k) if k in there else -1 for k in range(len(classes))])[truth]
    shift, shifts = bootstrap.apply(lambda w: fit_multinomial(log_p, code, w, slope=False))
    both, boths = bootstrap.apply(lambda w: fit_multinomial(log_p, code, w, slope=True))
    found = {classes[k]: summarise(float(shift[n]), shifts[:, n], undefined=SEPARATED) for n, k in enumerate(there[1:])}
    slope = summarise(float(both[-1]), boths[:, -1], undefined="no finite, unique estimate exists")
    return Recalibration({**found, **absent}, slope, reference)
