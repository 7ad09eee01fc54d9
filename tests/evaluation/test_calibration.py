"""Calibration of predictions that are right, shifted, too extreme, and the same for everybody."""

import numpy as np
import pytest

from sigm_bayes.evaluation.calibration import (
    bin_numbers,
    calibrate,
    calibration_error,
    expit,
    logit,
    recalibrate,
    spline,
)
from sigm_bayes.evaluation.resampling import Bootstrap

CLASSES = ("a", "b", "c", "d")


def boot(people, draws=100):
    return Bootstrap(np.arange(people), draws, 7)


def two_class(people, *, seed=4):
    rng = np.random.default_rng(seed)
    p = expit(1.5 * rng.standard_normal(people) - 1.0)
    return p, rng.random(people) < p


def test_right_predictions_are_calibrated():
    p, event = two_class(3000)
    found = calibrate(p, event, boot(3000, draws=60))
    assert found.slope.lower < 1.0 < found.slope.upper
    assert found.intercept.lower < 0.0 < found.intercept.upper
    assert found.ratio.lower < 1.0 < found.ratio.upper
    assert found.error.value < 0.02
    inside = (found.curve.lower <= found.curve.predicted) & (found.curve.predicted <= found.curve.upper)
    assert inside.mean() > 0.8
    assert sum(b.people for b in found.bins) == 3000
    assert sum(b.events for b in found.bins) == found.events == event.sum()


@pytest.mark.parametrize(("shift", "scale"), [(1.0, 1.0), (0.0, 2.0), (-0.5, 0.5)])
def test_intercept_and_slope_undo_what_was_done(shift, scale):
    p, event = two_class(8000)
    found = calibrate(expit(scale * logit(p) + shift), event, boot(8000, draws=20))
    assert found.slope.value == pytest.approx(1.0 / scale, rel=0.08)  # about two standard errors
    if scale == 1.0:
        assert found.intercept.value == pytest.approx(-shift, abs=0.08)
    observed = np.interp(0.3, found.curve.predicted, found.curve.observed)
    assert observed == pytest.approx(expit((logit(np.array([0.3]))[0] - shift) / scale), abs=0.03)


def test_the_same_for_everybody_has_no_slope_and_no_curve():
    event = np.arange(200) % 4 == 0
    found = calibrate(np.full(200, 0.1), event, boot(200))
    assert found.slope.value is None
    assert "same" in found.slope.reason
    assert found.curve is None
    assert found.curve_reason
    assert found.intercept.value == pytest.approx(logit(np.array([0.25]))[0] - logit(np.array([0.1]))[0])
    assert found.ratio.value == pytest.approx(2.5)


def test_separated_predictions_have_a_reason_instead_of_a_slope():
    event = np.arange(100) < 30
    found = calibrate(np.where(event, 0.999, 0.001), event, boot(100))
    assert found.slope.value is None
    assert "separate" in found.slope.reason


def test_error_by_hand():
    p, y = np.array([0.1, 0.1, 0.6, 0.6]), np.array([0.0, 1, 1, 1])
    place = bin_numbers(p)
    assert place.tolist() == [0, 0, 1, 1]
    assert calibration_error(p, y, place, np.ones((1, 4)))[0] == pytest.approx(0.5 * 0.4 + 0.5 * 0.4)


def test_bins_hold_equal_numbers_and_keep_equal_predictions_together():
    assert np.bincount(bin_numbers(np.arange(1000) / 1000)).tolist() == [100] * 10
    tied = np.array([0.2] * 70 + [0.5] * 30)
    assert np.bincount(bin_numbers(tied)).tolist() == [70, 30]


def test_the_spline_is_straight_beyond_its_outer_knots():
    knots = np.array([-2.0, -0.5, 0.5, 2.0])
    for x in (np.linspace(-9, -2, 20), np.linspace(2, 9, 20)):
        assert np.abs(np.diff(spline(x, knots), n=2, axis=0)).max() < 1e-9
    inside = np.diff(spline(np.linspace(-1, 1, 20), knots), n=2, axis=0)
    assert np.abs(inside).max() > 1e-4


def test_recalibration_of_all_classes(made):
    p, truth = made(4000)
    right = recalibrate(p, truth, CLASSES, boot(4000, draws=40))
    assert right.slope.lower < 1.0 < right.slope.upper
    assert all(e.lower < 0.05 and e.upper > -0.05 for e in right.intercepts.values())
    sharp = p**2 / (p**2).sum(axis=1, keepdims=True)
    assert recalibrate(sharp, truth, CLASSES, boot(4000, draws=20)).slope.value == pytest.approx(0.5, abs=0.03)


def test_recalibration_without_a_class(made):
    p, truth = made(500)
    found = recalibrate(p, np.where(truth == 3, 2, truth), CLASSES, boot(500, draws=30))
    assert found.intercepts["d"].value is None
    assert found.intercepts["d"].reason == "nobody has this class"
    assert found.slope.value is not None
    alone = recalibrate(p, np.full(500, 1), CLASSES, boot(500, draws=30))
    assert alone.slope.reason == "only one class occurs"
