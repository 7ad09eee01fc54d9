"""What would change the answer: the prevalence at which primary reaches one half, and the other settings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.likelihood.hypotheses import CLASSES, PRIMARY
from sigm_bayes.query.summary import Band, class_bands
from sigm_bayes.query.weighing import Weighing, normalise

LARGEST_FACTOR = 1e6
HALVINGS = 50
"""Of the interval of log factors: beyond double precision."""
ELSEWHERE_DRAWS = 250
"""Draws for the settings that were not asked about: a quarter is enough to compare them."""


def tipping(weighing: Weighing) -> dict[str, float | None]:
    """Prevalence of primary among those tested in this setting: as assumed, and where P(primary) is one half."""
    start = normalise(weighing.start(exposures=False))[:, PRIMARY]
    return {"prevalence_now": float(start.mean()), "prevalence_for_half": prevalences_at(weighing, [0.5])[0]}


def prevalences_at(weighing: Weighing, thresholds: Sequence[float]) -> list[float | None]:
    """Prevalence at which P(primary) is each threshold; None where no change of a millionfold takes it there."""
    start = normalise(weighing.start(exposures=False))[:, PRIMARY]
    posterior = weighing.probabilities()[:, PRIMARY]
    now, before = posterior / (1.0 - posterior), start / (1.0 - start)

    def at(log_factor: np.ndarray, odds: np.ndarray) -> np.ndarray:
        odds = np.exp(log_factor)[:, None] * odds
        return np.asarray((odds / (1.0 + odds)).mean(axis=1))

    wanted = np.asarray(thresholds, dtype=float)
    low = np.full(len(wanted), -np.log(LARGEST_FACTOR))
    high = -low
    possible = (at(low, now) <= wanted) & (at(high, now) >= wanted)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        below = at(middle, now) < wanted
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    found = at(0.5 * (low + high), before)
    return [float(value) if is_possible else None for value, is_possible in zip(found, possible, strict=True)]


def by_setting(weighing: Weighing, *, catalogue: Catalogue) -> dict[str, dict[str, Band]]:
    """Class probabilities had the same person been tested in each setting."""
    moved = [weighing.elsewhere(n, draws=ELSEWHERE_DRAWS) for n in range(len(catalogue.settings))]
    return {
        setting.id: class_bands(dict(zip(CLASSES, normalise(there.class_log_everything).T, strict=True)))
        for setting, there in zip(catalogue.settings, moved, strict=True)
    }


def settings_start(weighing: Weighing, *, setting: int) -> np.ndarray:
    """P(hypothesis) before anything but age and sex is known, in a setting; (draw, hypothesis)."""
    return normalise(weighing.elsewhere(setting, draws=ELSEWHERE_DRAWS).start(exposures=False))
