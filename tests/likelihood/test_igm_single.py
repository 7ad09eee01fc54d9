"""One IgM result: against numerical convolution of level, shift, dip and assay; and the theorem."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from sigm_bayes.likelihood import person as person_
from sigm_bayes.likelihood.igm import (
    DEPLETION,
    NONE,
    PARTIAL,
    PROFOUND,
    SECONDARY,
    SampleNoise,
    Samples,
    component_moments,
    log_single,
)
from sigm_bayes.likelihood.namespace import NUMPY
from sigm_bayes.query.weighing import Weighing

SEED = 20261123
N_CONTEXTS = 7
NOISE = SampleNoise(error_sd=0.075, dip_shift=0.65, dip_sd=0.4)
STEP = 0.005
AXIS = STEP * np.arange(-3200, 3201)  # 16 to either side


def density(mean, sd):
    z = (AXIS - mean) / sd
    return np.exp(-0.5 * z * z) / (sd * np.sqrt(2.0 * np.pi))


def convolve(*densities):
    """Density of the sum of independent variables on AXIS (by FFT, padded)."""
    size = 4 * len(AXIS)
    product = np.fft.rfft(densities[0], size)
    total = len(AXIS) // 2
    for other in densities[1:]:
        product *= np.fft.rfft(other, size) * STEP
        total += len(AXIS) // 2
    whole = np.fft.irfft(product, size)
    start = total - len(AXIS) // 2
    return whole[start : start + len(AXIS)]


def mass(f, low, high):
    """Integral of a tabulated density between two bounds; its log is nearly straight between the points."""
    fine = np.linspace(low, high, 4001)
    values = np.exp(np.interp(fine, AXIS, np.log(np.maximum(f, 1e-15))))
    return np.sum(0.5 * (values[1:] + values[:-1])) * (fine[1] - fine[0])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("bounds", [(24.5, 25.5), (0.02, 20.0), (40.0, 5000.0), (2.5, 3.5)])
def test_single_result_equals_the_convolution_of_level_shift_dip_and_assay(seed, bounds):
    rng = np.random.default_rng([SEED, seed])
    median, spread = rng.uniform(3.0, 5.0), rng.uniform(0.25, 0.8)
    shift, tau = rng.uniform(0.2, 2.8, 4), rng.uniform(0.15, 1.2, 4)
    logit_dip = rng.uniform(-4.0, 1.5, N_CONTEXTS)
    context = int(rng.integers(N_CONTEXTS))
    low, high = np.log(bounds)
    mean, sd = component_moments(NUMPY, shift, tau, np.array(median), np.array(spread))
    samples = Samples(np.array([low]), np.array([high]), np.array([context]))
    got = log_single(NUMPY, samples=samples, index=0, mean=mean, sd=sd, logit_dip=logit_dip, noise=NOISE)
    p_dip = 1.0 / (1.0 + np.exp(-logit_dip[context]))
    for component in range(5):
        parts = [density(0.0, spread), density(0.0, NOISE.error_sd)]
        if component != NONE:
            parts.append(density(-shift[component - 1], tau[component - 1]))
        plain = convolve(*parts)
        dipped = convolve(*parts, density(-NOISE.dip_shift, NOISE.dip_sd))
        want = (1.0 - p_dip) * mass(plain, low - median, high - median) + p_dip * mass(
            dipped, low - median, high - median
        )
        assert np.exp(got[component]) == pytest.approx(want, rel=2e-4, abs=1e-10)


def test_results_that_tile_the_axis_have_probability_one(prior_draws, person, encoder):
    p = prior_draws(5, seed=SEED)
    case = encoder.encode(person())
    edges = np.log(np.concatenate([[0.02], np.arange(0.5, 400.5, 1.0), [5000.0]]))
    mean, sd = person_.igm_components(NUMPY, p, case.curves[0])
    given = {"index": 0, "mean": mean, "sd": sd, "logit_dip": p["logit_dip"], "noise": case.noise}
    total = np.zeros(mean.shape)
    for low, high in itertools.pairwise(edges):
        samples = Samples(np.array([low]), np.array([high]), np.array([1]))
        total += np.exp(log_single(NUMPY, samples=samples, **given))
    np.testing.assert_allclose(total[:, [NONE, PARTIAL, DEPLETION, SECONDARY]], 1.0, atol=1e-5)
    assert np.all(total[:, PROFOUND] > 0.9999)  # a profound shift reaches below the lowest level, 0.02 mg/dL
    assert np.all(total < 1.0 + 1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_theorem_the_lower_the_igm_the_less_likely_normal(seed, prior_draws, random_person, encoder):
    """For one result without dips, in every single draw: DESIGN section 1, "a theorem ... hence a test"."""
    rng = np.random.default_rng([SEED, seed])
    p = prior_draws(40, seed=seed)
    p["logit_dip"] = np.full_like(p["logit_dip"], -50.0)
    someone = random_person(rng)
    case = replace(encoder.encode(someone.replace(igm=someone.igm[:1])), series=None)
    mean, _ = person_.curve(NUMPY, p["curve_igm"], case.curves[0], p["log_spread_factor"])
    middle = np.linspace(1.0, 0.99 * float(np.exp(mean.min())), 40)
    for half in (0.05, 0.5):
        shares = []
        for value in middle:
            one = Samples(np.log([value - half]), np.log([value + half]), case.samples.context)
            shares.append(Weighing(p, replace(case, samples=one)).probabilities()[:, 2])
        rise = np.diff(np.array(shares), axis=0)
        assert rise.min() > -1e-12
        assert rise.max() > 1e-9  # and it does rise
