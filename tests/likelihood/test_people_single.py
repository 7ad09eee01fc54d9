"""The people's term in single precision, as a fit computes it, against double precision."""

from __future__ import annotations

import numpy as np
import pytest

from sigm_bayes.fit.encode import encode_rows
from sigm_bayes.fit.rows import Entry, encode_row
from sigm_bayes.likelihood.exposures import together
from sigm_bayes.likelihood.namespace import NUMPY, jax_namespace
from sigm_bayes.likelihood.people_joint import Scheme, log_person
from sigm_bayes.model.registry import arrays, with_arrays

SEED = 20261201
NO_BOXES = np.array([], dtype=int)
CENTRES = 3


@pytest.mark.parametrize("seed", range(2))
def test_single_precision_is_enough(seed, random_person, encoder, prior_draws):
    """1e-3 in the log for anybody and 1e-5 for most, and no result that is not a number."""
    import jax
    import jax.numpy as jnp

    rng = np.random.default_rng(seed)
    entries = [Entry(f"P{i}", random_person(rng), centre=i % CENTRES, threshold_mg_dl=60.0) for i in range(60)]
    boxes = np.array([0, 5])
    people = encode_rows([encode_row(e, encoder, boxes=boxes) for e in entries], encoder, boxes=boxes).people
    p = {name: values[0] for name, values in prior_draws(1, seed=SEED + seed).items()}
    p |= {
        "centre_prevalence": 0.3 * rng.standard_normal(CENTRES), "centre_background": rng.standard_normal(CENTRES),
        "assay_offset": 0.1 * rng.standard_normal((CENTRES, 3)), "label_logit": 2.0 * np.eye(4),
        "logit_ticked": np.ones(2),
    }  # fmt: skip
    scheme = Scheme("low_igm", "noisy")
    want = log_person(NUMPY, p, people, scheme)
    with jax.enable_x64(False):
        single = {name: jnp.asarray(values, dtype="float32") for name, values in p.items()}
        data = {name: jnp.asarray(values) for name, values in arrays(people).items()}
        got = jax.jit(lambda p, data: log_person(jax_namespace(), p, with_arrays(people, data), scheme))(single, data)
    assert got.dtype == np.float32
    off = np.abs(np.asarray(got, dtype=float) - want)[people.weight > 0]
    assert off.max() < 1e-3
    assert np.median(off) < 1e-5


def test_exposures_together():
    """One counts in full, two equal ones 2^(1/4) times; what would help counts as nothing; the order is free."""
    assert together(NUMPY, np.array([0.7])) == pytest.approx(0.7, rel=1e-14)
    assert together(NUMPY, np.array([0.7, 0.7])) == pytest.approx(0.7 * 2**0.25, rel=1e-14)
    assert together(NUMPY, np.array([0.7, -3.0, 0.0])) == pytest.approx(0.7, rel=1e-14)
    assert together(NUMPY, np.array([-1.0, 0.0])) == 0.0
    assert together(NUMPY, np.zeros((2, 0))).tolist() == [0.0, 0.0]
    rng = np.random.default_rng(SEED)
    some = np.abs(rng.standard_normal((50, 4)))
    found = together(NUMPY, some)
    np.testing.assert_allclose(found, together(NUMPY, some[:, ::-1]), rtol=1e-13)
    assert np.all(found >= some.max(axis=1))
    assert np.all(found <= some.max(axis=1) * 4**0.25 * (1 + 1e-12))
    # Joining two groups and then the groups is the same as joining all.
    halves = np.stack([together(NUMPY, some[:, :2]), together(NUMPY, some[:, 2:])], axis=-1)
    np.testing.assert_allclose(together(NUMPY, halves), found, rtol=1e-13)


def test_the_gradient_without_any_exposure_is_finite():
    import jax
    import jax.numpy as jnp

    xp = jax_namespace()
    slope = jax.grad(lambda x: jnp.sum(together(xp, jnp.array([[0.0, 0.0], [1.0, 0.0]]) * x)))(jnp.array([0.5, 0.5]))
    np.testing.assert_allclose(slope, [1.0, 0.0], atol=1e-6)
