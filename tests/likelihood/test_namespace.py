"""Special functions of both namespaces against mpmath (50 digits) over wide ranges."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from sigm_bayes.likelihood.namespace import (
    NUMPY,
    erfcx,
    log_normal_interval,
    logaddexp,
    logsumexp,
    pytensor_namespace,
)

mpmath.mp.dps = 50
RELATIVE = 1e-13
SEED = 20261122


def evaluate(function, *arrays):
    """The function of PyTensor variables, compiled and evaluated."""
    import pytensor
    import pytensor.tensor as pt

    inputs = [pt.tensor(dtype="float64", shape=np.shape(a)) for a in arrays]
    compiled = pytensor.function(inputs, function(*inputs), mode="FAST_COMPILE")
    return compiled(*(np.asarray(a, float) for a in arrays))


@pytest.fixture(params=["numpy", "pytensor"])
def apply(request):
    """apply(lambda xp, *arrays: ..., *arrays) in one of the two namespaces."""
    if request.param == "numpy":
        return lambda function, *arrays: function(NUMPY, *(np.asarray(a, float) for a in arrays))
    xp = pytensor_namespace()
    return lambda function, *arrays: evaluate(lambda *v: function(xp, *v), *arrays)


def exact(function, *arrays):
    return np.array([float(function(*map(mpmath.mpf, values))) for values in zip(*arrays, strict=True)])


def test_erfcx_over_fifteen_decades():
    x = np.concatenate([[0.0], np.geomspace(1e-12, 1e3, 4001), np.linspace(0.0, 12.0, 2001)])
    want = exact(lambda v: mpmath.exp(v * v) * mpmath.erfc(v), x)
    np.testing.assert_allclose(erfcx(x), want, rtol=3e-15)


def log_ndtr_exact(x):
    # By the smaller tail: 1 - (a tail of 1e-300) needs more digits than are carried.
    if x > 0:
        return mpmath.log1p(-mpmath.erfc(x / mpmath.sqrt(2)) / 2)
    return mpmath.log(mpmath.erfc(-x / mpmath.sqrt(2)) / 2)


def test_log_ndtr_in_both_tails(apply):
    x = np.concatenate([np.linspace(-38.0, 8.0, 1201), [-1.0, np.nextafter(-1, 0), -1e-12, 0.0, 1e-12, -200.0]])
    got = apply(lambda xp, v: xp.log_ndtr(v), x)
    np.testing.assert_allclose(got, exact(log_ndtr_exact, x), rtol=RELATIVE)


def test_log_ndtr_far_right_is_a_vanishing_negative_number(apply):
    # Beyond 8 SD the answer is -1e-16 and less: only its size matters, and that it is never positive.
    got = apply(lambda xp, v: xp.log_ndtr(v), np.array([8.5, 12.0, 40.0, 1e6]))
    assert np.all((got <= 0.0) & (got > -1e-15))


def test_log1mexp_near_zero_and_far_away(apply):
    x = -np.concatenate([np.geomspace(1e-14, 40.0, 801), [0.6931471805599453, 0.6931471805599454]])
    got = apply(lambda xp, v: xp.log1mexp(v), x)
    np.testing.assert_allclose(got, exact(lambda v: mpmath.log(-mpmath.expm1(v)), x), rtol=RELATIVE)


def test_softplus_and_expit(apply):
    x = np.concatenate([np.linspace(-60.0, 60.0, 601), [0.0, 1e-14, -1e-14, 700.0, -700.0]])
    np.testing.assert_allclose(
        apply(lambda xp, v: xp.softplus(v), x), exact(lambda v: mpmath.log1p(mpmath.exp(v)), x), rtol=RELATIVE
    )
    np.testing.assert_allclose(
        apply(lambda xp, v: xp.expit(v), x), exact(lambda v: 1 / (1 + mpmath.exp(-v)), x), rtol=RELATIVE, atol=1e-16
    )


def interval_exact(low, high, mean, sd):
    a, b = (low - mean) / sd, (high - mean) / sd
    root = mpmath.sqrt(2)
    if a > 0:
        return mpmath.log((mpmath.erfc(a / root) - mpmath.erfc(b / root)) / 2)
    return mpmath.log((mpmath.erfc(-b / root) - mpmath.erfc(-a / root)) / 2)


def test_log_normal_interval_at_every_width_and_place(apply):
    # The difference of two logs of size L loses eps * L / (width * hazard): 1e-13 holds for widths from 0.01 SD.
    rng = np.random.default_rng(SEED)
    n = 1500
    middle, width = rng.uniform(-30.0, 30.0, n), np.exp(rng.uniform(np.log(1e-2), np.log(30.0), n))
    mean, sd = rng.uniform(-3.0, 3.0, n), np.exp(rng.uniform(-2.0, 1.0, n))
    low, high = mean + sd * (middle - 0.5 * width), mean + sd * (middle + 0.5 * width)
    got = apply(lambda xp, *v: log_normal_interval(xp, *v), low, high, mean, sd)
    # The bounds are themselves rounded: z^2 eps is what any double precision answer must lose.
    lost = 1e-13 + 8.0 * np.finfo(float).eps * np.maximum(np.abs(low - mean), np.abs(high - mean)) ** 2 / sd**2
    want = exact(interval_exact, low, high, mean, sd)
    assert np.max(np.abs(got - want) / (lost * np.maximum(1.0, 1.0 / width))) < 1.0


def test_log_normal_interval_with_one_end_or_both_far_away(apply):
    # Open ends are given as finite sentinels: there the answer is one tail, or everything.
    low, high = np.array([-900.0, -900.0, 1.0, -900.0]), np.array([-2.0, 30.0, 900.0, 900.0])
    got = apply(lambda xp, a, b: log_normal_interval(xp, a, b, 0.0, 1.0), low, high)
    want = [float(log_ndtr_exact(mpmath.mpf(z))) for z in (-2.0, 30.0, -1.0)]
    np.testing.assert_allclose(got, [*want, 0.0], rtol=RELATIVE, atol=1e-15)


def test_intervals_that_tile_the_line_sum_to_one(apply):
    edges = np.concatenate([[-40.0], np.linspace(-6.0, 6.0, 241), [40.0]])
    got = apply(lambda xp, a, b: logsumexp(xp, log_normal_interval(xp, a, b, 0.3, 1.7)), edges[:-1], edges[1:])
    assert abs(float(got)) < 1e-13


def test_logsumexp_and_logaddexp_over_a_thousand_orders_of_magnitude(apply):
    rng = np.random.default_rng(SEED)
    x = rng.uniform(-1400.0, 700.0, (40, 7))
    want = np.array([float(mpmath.log(sum(mpmath.exp(mpmath.mpf(v)) for v in row))) for row in x])
    np.testing.assert_allclose(apply(lambda xp, v: logsumexp(xp, v), x), want, rtol=RELATIVE)
    np.testing.assert_allclose(apply(lambda xp, v: logsumexp(xp, v, axis=-2), x.T), want, rtol=RELATIVE)
    pair = np.array([float(mpmath.log(mpmath.exp(mpmath.mpf(a)) + mpmath.exp(mpmath.mpf(b)))) for a, b in x[:, :2]])
    np.testing.assert_allclose(apply(lambda xp, a, b: logaddexp(xp, a, b), x[:, 0], x[:, 1]), pair, rtol=RELATIVE)


def test_log_prod_is_the_sum_of_the_logs(apply):
    x = np.random.default_rng(SEED).uniform(1e-8, 1.0, (50, 28))
    np.testing.assert_allclose(apply(lambda xp, v: xp.log_prod(v), x), np.log(x).sum(axis=-1), rtol=RELATIVE)


def test_log_ndtr_agrees_with_scipy(apply):
    special = pytest.importorskip("scipy.special")
    x = np.linspace(-37.0, 7.0, 881)
    np.testing.assert_allclose(apply(lambda xp, v: xp.log_ndtr(v), x), special.log_ndtr(x), rtol=1e-12)
