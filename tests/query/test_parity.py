"""NumPy = PyTensor: the same person under the same parameters to 1e-10, and the query's own bookkeeping.

The parameters are the inputs of one function for a group of people, run without compiling (the Python linker).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sigm_bayes.likelihood import person as person_
from sigm_bayes.likelihood.case import Case
from sigm_bayes.likelihood.namespace import NUMPY, pytensor_namespace
from sigm_bayes.query.draws import normalise
from sigm_bayes.query.weighing import EXPOSURES, IGM, REPEATS, Weighing

SEED = 20261128
TOLERANCE = 1e-10


def in_pytensor(cases: list[Case], p: dict[str, np.ndarray]) -> np.ndarray:
    """log_joint of every case under every draw; (case, draw, hypothesis)."""
    import pytensor
    import pytensor.tensor as pt
    from pytensor.compile.mode import Mode

    xp = pytensor_namespace()
    inputs = {name: pt.tensor(name, dtype="float64", shape=value.shape[1:]) for name, value in p.items()}
    outputs = [person_.log_joint(xp, inputs, case) for case in cases]
    function = pytensor.function(
        list(inputs.values()), outputs, mode=Mode(linker="py", optimizer=None), on_unused_input="ignore"
    )
    draws = len(next(iter(p.values())))
    return np.array([function(*(value[d] for value in p.values())) for d in range(draws)]).swapaxes(0, 1)


def in_numpy(cases: list[Case], p: dict[str, np.ndarray]) -> np.ndarray:
    return np.array([person_.log_joint(NUMPY, p, case) for case in cases])


def assert_equal(cases: list[Case], p: dict[str, np.ndarray]) -> None:
    want, got = in_pytensor(cases, p), in_numpy(cases, p)
    assert np.all(np.isfinite(want))
    # What cannot be (log weight of -690 and less) need only be so in both.
    possible = want > -600.0
    assert possible.mean() > 0.2
    assert np.all(got[~possible] < -590.0)
    np.testing.assert_allclose(got[possible], want[possible], rtol=TOLERANCE, atol=TOLERANCE)


FULL = {
    "age_years": 3.0,
    "sex": "male",
    "setting": "allergy_immunology_clinic",
    "igm": [
        {"value": 20, "unit": "mg/dL", "comparator": "<", "context": "acute_infection", "date": "2024-03"},
        {"value": 31, "unit": "mg/dL", "date": "2025-03"},
    ],
    "igg": [{"value": 640, "unit": "mg/dL"}],
    "iga_status": "normal",
    "findings": {"otitis_media": "present", "pneumonia": "absent", "meningitis": "absent", "asthma": "present"},
    "causes": {"nephrotic_syndrome": {"state": "present", "started": "after_low_igm"}, "hiv": "absent"},
    "tests": {"pneumococcal_response": "normal", "ige": "abnormal"},
}
ADULT = {
    "age_years": 61,
    "igm": [{"value": 0.3, "unit": "g/L", "resolution": 0.1, "reference_interval": [0.4, 2.3]}],
    "findings": {"meningitis": "present", "sepsis": "present", "invasive_encapsulated": "present"},
    "causes": {
        "b_cell_depletion": {"state": "present", "started": "before_low_igm", "igm_before": "normal"},
        "lymphoma": "present",
    },
}


def test_three_people_agree(person: Callable[..., Any], prior_draws: Callable[..., Any], encoder: Any) -> None:
    cases = [encoder.encode(p) for p in (person(), person(**FULL), person(**ADULT))]
    assert_equal(cases, prior_draws(3, seed=SEED))


@pytest.mark.slow
@pytest.mark.parametrize("group", range(5))
def test_random_people_agree(
    group: int, random_person: Callable[..., Any], prior_draws: Callable[..., Any], encoder: Any
) -> None:
    cases = [encoder.encode(random_person(np.random.default_rng([SEED, group, n]))) for n in range(8)]
    assert_equal(cases, prior_draws(4, seed=group))


@pytest.mark.slow
def test_gradients_of_the_whole_joint_are_finite_and_right(
    person: Callable[..., Any], prior_draws: Callable[..., Any], encoder: Any
) -> None:
    """What a fit to patients would climb: d log P(person) / d parameter, against central differences in NumPy."""
    import pytensor
    import pytensor.tensor as pt
    from pytensor.compile.mode import Mode

    xp = pytensor_namespace()
    p = {name: value[0] for name, value in prior_draws(1, seed=SEED).items()}
    for case in (encoder.encode(person(**FULL)), encoder.encode(person(**ADULT))):
        inputs = {name: pt.tensor(name, dtype="float64", shape=value.shape) for name, value in p.items()}
        total = pt.logsumexp(person_.log_joint(xp, inputs, case))
        slopes = pt.grad(total, list(inputs.values()), disconnected_inputs="ignore")
        function = pytensor.function(
            list(inputs.values()), slopes, mode=Mode(linker="py", optimizer=None), on_unused_input="ignore"
        )
        rng = np.random.default_rng(SEED)
        direction = {name: rng.standard_normal(value.shape) for name, value in p.items()}
        got = dict(zip(p, function(*p.values()), strict=True))
        assert all(np.all(np.isfinite(value)) for value in got.values())
        along = sum(float(np.sum(got[name] * direction[name])) for name in p)

        def value(step: float, case: Case = case, direction: dict[str, np.ndarray] = direction) -> float:
            moved = {name: value + step * direction[name] for name, value in p.items()}
            return float(np.logaddexp.reduce(person_.log_joint(NUMPY, moved, case)))

        assert along == pytest.approx((value(1e-5) - value(-1e-5)) / 2e-5, rel=1e-5)


def test_draws_together_equal_draws_one_by_one(
    random_person: Callable[..., Any], prior_draws: Callable[..., Any], encoder: Any
) -> None:
    """The leading axis of draws changes nothing."""
    p = prior_draws(5, seed=SEED)
    for n in range(6):
        case = encoder.encode(random_person(np.random.default_rng([SEED, 9, n])))
        together = person_.log_joint(NUMPY, p, case)
        single = [person_.log_joint(NUMPY, {k: v[d] for k, v in p.items()}, case) for d in range(5)]
        np.testing.assert_allclose(together, single, rtol=1e-12, atol=1e-11)


def test_the_weighing_of_everything_is_the_joint(
    random_person: Callable[..., Any], prior_draws: Callable[..., Any], encoder: Any
) -> None:
    p = prior_draws(6, seed=SEED)
    for n in range(12):
        case = encoder.encode(random_person(np.random.default_rng([SEED, 8, n])))
        weighing = Weighing(p, case)
        got = weighing.probabilities()
        np.testing.assert_allclose(got, normalise(person_.log_joint(NUMPY, p, case)), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(got.sum(axis=-1), 1.0, rtol=1e-12)
        evidence = np.exp(person_.log_joint(NUMPY, p, case)).sum(axis=-1)  # P(everything known | draw)
        np.testing.assert_allclose(weighing.draw_weights, evidence / evidence.sum(), rtol=1e-8, atol=1e-12)


def test_a_group_left_out_is_unknown_not_absent(
    person: Callable[..., Any], prior_draws: Callable[..., Any], encoder: Any
) -> None:
    p = prior_draws(6, seed=SEED)
    file = {**FULL, "causes": {"hiv": "absent", "nephrotic_syndrome": "absent"}}
    weighing = Weighing(p, encoder.encode(person(**file)))
    without = Weighing(p, encoder.encode(person(**{**file, "causes": {}})))
    np.testing.assert_allclose(
        weighing.probabilities(weighing.everything - {EXPOSURES}), without.probabilities(), rtol=1e-10
    )
    one = Weighing(p, encoder.encode(person(**{**file, "igm": FULL["igm"][:1]})))
    np.testing.assert_allclose(weighing.probabilities(weighing.everything - {REPEATS}), one.probabilities(), rtol=1e-10)
    assert IGM in weighing.known
