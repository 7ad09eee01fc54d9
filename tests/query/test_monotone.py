"""P(normal) and P(primary) as IgM rises, over random patients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sigm_bayes import Patient
from sigm_bayes.query import Model
from sigm_bayes.query.weighing import Weighing, classes

SEED = 20261122
GRID = 20
DRAWS = slice(0, None, 10)


def along_igm(model: Model, known: dict[str, Any], context: str) -> tuple[np.ndarray, np.ndarray]:
    """P(normal) and P(primary) on rising IgM from 2 mg/dL to the median."""
    median = float(model.encoder.curves["IgM"].median(known["age_years"], 0.5))
    values = np.unique(np.round(np.geomspace(2.0, 0.95 * median, GRID)).astype(int))
    parameters = {name: draws[DRAWS] for name, draws in model.parameters.items()}
    normal, primary = [], []
    for value in values:
        patient = Patient(**known, igm=[{"value": int(value), "unit": "mg/dL", "context": context}])
        shares = classes(Weighing(parameters, model.encoder.encode(patient)).probabilities())
        normal.append(shares["normal"].mean())
        primary.append(shares["primary"].mean())
    return np.array(normal), np.array(primary)


@pytest.mark.parametrize("number", range(40))
def test_monotone(model: Model, random_patient: Callable[..., dict[str, Any]], number: int) -> None:
    rng = np.random.default_rng([SEED, number])
    exposures = number % 2 == 0
    known = random_patient(rng, exposures=exposures)
    context = str(rng.choice(model.catalogue.ids("context")))
    normal, primary = along_igm(model, known, context)
    assert np.all(np.diff(normal) >= -1e-9), "P(normal) rose as IgM fell"
    if "present" not in known["causes"].values():
        rise = (primary - np.minimum.accumulate(primary)).max()
        assert rise <= 0.02, f"P(primary) rose by {rise:.3f} as IgM rose"
