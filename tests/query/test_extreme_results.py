"""Results at the ends of what can be printed: the answer stays a probability."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sigm_bayes.query.weighing import Weighing

SEED = 20261130


def igm(value: float, comparator: str = "=", **more: Any) -> dict[str, Any]:
    return {"value": value, "unit": "mg/dL", "comparator": comparator, **more}


RESULTS = {
    "beyond the highest level": [igm(6000)],
    "above the highest level": [igm(5000, ">")],
    "a paraprotein twice": [igm(6000), igm(5200, ">")],
    "the lowest that can be told": [igm(1, "<")],
    "the lowest twice": [igm(1, "<"), igm(1, "<")],
    "from nothing to everything": [igm(1, "<"), igm(6000)],
    "as coarse as it goes": [igm(10, resolution=10)],
    "anything": [igm(4900, "<"), igm(4900, "<")],
}


@pytest.mark.parametrize("name", RESULTS)
@pytest.mark.parametrize("age", [2.0, 40.0])
def test_any_result_gives_probabilities(
    name: str, age: float, prior_draws: Callable[..., Any], person: Callable[..., Any], encoder: Any
) -> None:
    p = prior_draws(50, seed=SEED)
    weighing = Weighing(p, encoder.encode(person(age_years=age, igm=RESULTS[name])))
    shares = weighing.probabilities()
    assert np.all(np.isfinite(shares))
    np.testing.assert_allclose(shares.sum(axis=-1), 1.0, rtol=1e-12)
    delay = weighing.delay_share()
    assert np.all((delay >= 0.0) & (delay <= 1.0))


def test_a_result_beyond_the_highest_level_reads_as_that_level(
    prior_draws: Callable[..., Any], person: Callable[..., Any], encoder: Any
) -> None:
    p = prior_draws(20, seed=SEED)
    shares = [Weighing(p, encoder.encode(person(igm=[igm(v)]))).probabilities() for v in (5500, 6000, 9000)]
    np.testing.assert_array_equal(shares[0], shares[1])
    np.testing.assert_array_equal(shares[0], shares[2])


@pytest.mark.parametrize("status", ["low", "normal", "high"])
def test_extreme_igg_and_iga_beside_it(
    status: str, prior_draws: Callable[..., Any], person: Callable[..., Any], encoder: Any
) -> None:
    p = prior_draws(20, seed=SEED)
    for value in (25, 60, 8000):
        given = {"igg": [{"value": value, "unit": "mg/dL"}], "iga_status": status}
        shares = Weighing(p, encoder.encode(person(**given))).probabilities()
        assert np.all(np.isfinite(shares))
