"""What would change the answer: the prevalence at which primary reaches one half, and the other settings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.likelihood.hypotheses import PRIMARY
from sigm_bayes.query.summary import Band, class_bands
from sigm_bayes.query.weighing import Weighing, classes, normalise

LARGEST_FACTOR = 1e6
ELSEWHERE_DRAWS = 250
"""Draws for the settings that were not asked about: a quarter is enough to compare them."""


def tipping(weighing: Weighing) -> dict[str, float | None]:
    """Prevalence of primary among those tested in this setting: as assumed, and where P(primary) is one half."""
    start = normalise(weighing.start(exposures=False))[:, PRIMARY]
    return {"prevalence_now": float(start.mean()), "prevalence_for_half": prevalence_at(weighing, 0.5)}


def prevalence_at(weighing: Weighing, threshold: float) -> float | None:
    """Prevalence at which P(primary) is the threshold; None where no change of a millionfold takes it there."""
    start = normalise(weighing.start(exposures=False))[:, PRIMARY]
    posterior = weighing.probabilities()[:, PRIMARY]

    def at(log_factor: float) -> float:
        odds = np.exp(log_factor) * posterior / (1.0 - posterior)
        return float((odds / (1.0 + odds)).mean())

    low, high = -np.log(LARGEST_FACTOR), np.log(LARGEST_FACTOR)
    if at(low) > threshold or at(high) < threshold:
        return None
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if at(middle) < threshold else (low, middle)
    odds = np.exp(0.5 * (low + high)) * start / (1.0 - start)
    return float((odds / (1.0 + odds)).mean())


def by_setting(weighing: Weighing, *, catalogue: Catalogue) -> dict[str, dict[str, Band]]:
    """Class probabilities had the same person been tested in each setting."""
    out = {}
    for index, setting in enumerate(catalogue.settings):
        if index == weighing.case.setting:
            moved = weighing
        else:
            moved = weighing.thinned(ELSEWHERE_DRAWS, case=replace(weighing.case, setting=index))
        out[setting.id] = class_bands(classes(moved.probabilities()))
    return out


def settings_start(weighing: Weighing, *, setting: int) -> np.ndarray:
    """P(hypothesis) before anything but age and sex is known, in a setting; (draw, hypothesis)."""
    here = setting == weighing.case.setting
    moved = weighing if here else weighing.thinned(ELSEWHERE_DRAWS, case=replace(weighing.case, setting=setting))
    return normalise(moved.start(exposures=False))
