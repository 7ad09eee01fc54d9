"""Made-up predictions whose calibration is known, and small registries."""

import numpy as np
import pytest

SEED = 20261122


@pytest.fixture(scope="session")
def made():
    """made(people, sharpness=..., seed=...): probabilities of four classes and outcomes drawn from exactly those."""

    def make(people, *, sharpness=1.5, seed=SEED, shift=(0.0, 0.5, 1.5, -0.2)):
        rng = np.random.default_rng(seed)
        linear = sharpness * rng.standard_normal((people, 4)) + np.array(shift)
        p = np.exp(linear) / np.exp(linear).sum(axis=1, keepdims=True)
        truth = (p.cumsum(axis=1) < rng.random(people)[:, None]).sum(axis=1)
        return p, truth

    return make
