"""P(normal) and P(primary) as IgM rises, over random patients.

Under each draw, and so under any fixed weights of them, P(primary) hardly rises with IgM. The answer weighs the draws
anew at every value, which alone can lift it; where few draws count, by nearly two points.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sigm_bayes import Patient
from sigm_bayes.likelihood.hypotheses import PRIMARY
from sigm_bayes.query import Model
from sigm_bayes.query.draws import classes
from sigm_bayes.query.weighing import Weighing

SEED = 20261122
GRID = 20
DRAWS = 400


def along_igm(model: Model, known: dict[str, Any], context: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """P(normal), P(primary), P(primary) with the weights of the lowest value held; IgM from 2 mg/dL to the median."""
    median = float(model.encoder.curves["IgM"].median(known["age_years"], 0.5))
    values = np.unique(np.round(np.geomspace(2.0, 0.95 * median, GRID)).astype(int))
    whole = [Patient(**known, igm=[{"value": int(v), "unit": "mg/dL", "context": context}]) for v in values]
    first = model.weigh(whole[0]).thinned(DRAWS)
    normal, primary, held = [], [], []
    for patient in whole:
        weighing = Weighing(first.p, model.encoder.encode(patient), log_draw=first.log_draw)
        shares = classes(weighing.joint())
        normal.append(shares["normal"].sum())
        primary.append(shares["primary"].sum())
        held.append(first.draw_weights @ weighing.probabilities()[:, PRIMARY])
    return np.array(normal), np.array(primary), np.array(held)


def rise(p: np.ndarray) -> float:
    """How far above its lowest value so far it gets."""
    return float((p - np.minimum.accumulate(p)).max())


@pytest.mark.parametrize("number", range(40))
def test_monotone(model: Model, random_patient: Callable[..., dict[str, Any]], number: int) -> None:
    rng = np.random.default_rng([SEED, number])
    exposures = number % 2 == 0
    known = random_patient(rng, exposures=exposures)
    context = str(rng.choice(model.catalogue.ids("context")))
    normal, primary, held = along_igm(model, known, context)
    assert np.all(np.diff(normal) >= -1e-9), "P(normal) rose as IgM fell"
    if "present" not in known["causes"].values():
        assert rise(held) <= 0.02, f"P(primary) rose by {rise(held):.3f} as IgM rose, parameters as they are"
        assert rise(primary) <= 0.02, f"P(primary) rose by {rise(primary):.3f} as IgM rose"
