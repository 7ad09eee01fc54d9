"""The released model, loaded once, and random patients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sigm_bayes import load_model
from sigm_bayes.query import Model

AGES = (0.7, 1.5, 3.0, 4.5, 8.0, 15.0, 30.0, 50.0, 80.0)


@pytest.fixture(scope="session")
def model() -> Model:
    """The model that ships."""
    return load_model()


@pytest.fixture(scope="session")
def random_patient(model: Model) -> Callable[..., dict[str, Any]]:
    """A maker of random patients without IgM: `random_patient(rng, exposures=...)`."""

    def make(rng: np.random.Generator, *, exposures: bool) -> dict[str, Any]:
        return _random_patient(model, rng, exposures=exposures)

    return make


def _random_patient(model: Model, rng: np.random.Generator, *, exposures: bool) -> dict[str, Any]:
    """A random patient without IgM."""
    catalogue = model.catalogue
    age = float(rng.choice(AGES))
    known: dict[str, Any] = {
        "age_years": age,
        "sex": str(rng.choice(["male", "female", "unknown"])),
        "setting": str(rng.choice(catalogue.ids("setting"))),
        "findings": {
            id: str(rng.choice(["present", "absent"], p=[0.3, 0.7]))
            for id in catalogue.ids("finding")
            if rng.random() < 0.4
        },
        "causes": {},
        "tests": {
            id: str(rng.choice(["normal", "abnormal"], p=[0.8, 0.2]))
            for id in catalogue.ids("test")
            if rng.random() < 0.3
        },
    }
    for cause in catalogue.causes:
        if not cause.recordable or (cause.max_age_years is not None and age > cause.max_age_years):
            continue
        if exposures and rng.random() < 0.06:
            known["causes"][cause.id] = "present"
        elif rng.random() < 0.3:
            known["causes"][cause.id] = "absent"
    if rng.random() < 0.7:
        known["igg_status"] = str(rng.choice(["normal", "low", "high"], p=[0.7, 0.2, 0.1]))
        known["iga_status"] = str(rng.choice(["normal", "low"], p=[0.8, 0.2]))
    return known
