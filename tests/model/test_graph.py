"""The compiled evidence model: leave a study out by its weights, without compiling again."""

import numpy as np
import pytest

pytestmark = pytest.mark.slow
SEED = 7
SHORT = {"seed": SEED, "draws": 60, "tune": 100, "chains": 2, "progress": False}


@pytest.fixture(scope="module")
def fitted(inputs):
    from sigm_bayes.inference import compile_model

    evidence_model = inputs.graph()
    return evidence_model, compile_model(evidence_model.model, backend="jax", var_names=["expected"])


def log_density(handle, point):
    logp = handle.compiled._make_logp_func()
    return logp(point, **handle.compiled._shared_data)[0]


def test_weight_zero_takes_exactly_the_terms_of_the_study_out(fitted, inputs):
    evidence_model, handle = fitted
    point = 0.1 * np.random.default_rng(SEED).standard_normal(handle.compiled.n_dim)
    everything = log_density(handle, point)
    studies = [i.study_id for i in evidence_model.items]
    weight = np.array([s != "SURV21" for s in studies], dtype=float)
    assert 0 < (weight == 0).sum() < 5
    without = log_density(handle.with_data(weight=weight), point)
    only = log_density(handle.with_data(weight=1.0 - weight), point)
    nothing = log_density(handle.with_data(weight=np.zeros(len(studies))), point)
    assert everything - without == pytest.approx(only - nothing, rel=1e-9)
    assert everything != pytest.approx(without, rel=1e-6)
    assert log_density(handle, point) == everything  # the first handle is as it was


def test_a_study_that_is_left_out_no_longer_pulls(fitted, inputs):
    """SURV21 is all that says how many adults lie above 230 mg/dL: without it the prior's spread returns."""
    evidence_model, handle = fitted
    items = [i.item_id for i in evidence_model.items]
    weight = np.array([i.study_id != "SURV21" for i in evidence_model.items], dtype=float)
    runs = [h.sample(**SHORT) for h in (handle, handle.with_data(weight=weight))]
    j = items.index("SURV21-high")
    full, without = (run["posterior"]["expected"].to_numpy()[..., j].ravel() for run in runs)
    assert np.isfinite(full).all()
    assert np.isfinite(without).all()
    assert without.std() > 1.2 * full.std()


def test_every_parameter_that_is_released_is_in_the_graph(fitted, inputs):
    evidence_model, _ = fitted
    names = set(evidence_model.model.named_vars)
    assert set(inputs.released) <= names
    assert not {"label_selection", "study_effect", "expected"} & set(inputs.released)
