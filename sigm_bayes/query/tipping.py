"""What would change the answer: the prevalence at which primary reaches one half, and the other settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.likelihood import person
from sigm_bayes.likelihood.hypotheses import CLASSES, PRIMARY
from sigm_bayes.likelihood.namespace import NUMPY
from sigm_bayes.query import draws as draws_
from sigm_bayes.query.summary import Band, class_bands
from sigm_bayes.query.weighing import Weighing

LARGEST_FACTOR = 1e6
HALVINGS = 50
"""Of the interval of log factors: beyond double precision."""
ELSEWHERE_DRAWS = 250
"""Draws for the settings that were not asked about: a quarter is enough to compare them."""


@dataclass(frozen=True)
class Prevalence:
    """P(primary) were its prior odds multiplied by one factor in every draw.

    Attributes
    ----------
    start : (draw,)
        Prevalence of primary among people of this age and sex tested in this setting.
    primary, rest : (draw,)
        P(draw, primary | what is known) and P(draw, not primary | what is known); together they sum to 1.
    """

    start: np.ndarray
    primary: np.ndarray
    rest: np.ndarray

    def among_tested(self, log_factor: np.ndarray) -> np.ndarray:
        """Prevalence at each factor, all draws alike; (factor,)."""
        raised = np.exp(log_factor)[:, None] * self.start
        return np.asarray((raised / (raised + 1.0 - self.start)).mean(axis=1))

    def joint(self, log_factor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """P(draw, primary) and P(draw, rest) at each factor, not normalised; (factor, draw) each.

        Where primary is commoner everything else is rarer: the prior probabilities of a draw go on summing to 1.
        """
        factor = np.exp(log_factor)[:, None]
        total = 1.0 + (factor - 1.0) * self.start
        return factor * self.primary / total, self.rest / total

    def answer(self, log_factor: np.ndarray) -> np.ndarray:
        """P(primary) of the person at each factor; (factor,)."""
        primary, rest = (part.sum(axis=1) for part in self.joint(log_factor))
        return np.asarray(primary / (primary + rest))


def prevalence(weighing: Weighing) -> Prevalence:
    """The prevalence as it is assumed, and the answer by draw."""
    joint = draws_.joint(weighing.class_log_everything)
    return Prevalence(prevalence_by_draw(weighing), joint[:, PRIMARY], joint[:, PRIMARY + 1 :].sum(axis=1))


def prevalence_by_draw(weighing: Weighing, *, setting: int | None = None) -> np.ndarray:
    """Prevalence of primary among people of this age and sex tested in a setting; (draw,)."""
    c = weighing.case
    at = c.setting if setting is None else setting
    log_odds = person.log_prior_odds(NUMPY, weighing.p, setting=at, age_band=c.age_band, boy=c.boy)
    primary, other = (np.exp(np.asarray(x)) for x in log_odds)
    return np.asarray(primary / (1.0 + primary + other))


def tipping(weighing: Weighing) -> dict[str, float | None]:
    """Prevalence of primary among those tested in this setting: as assumed, and where P(primary) is one half."""
    now = float(prevalence_by_draw(weighing).mean())
    return {"prevalence_now": now, "prevalence_for_half": prevalences_at(weighing, [0.5])[0]}


def prevalences_at(weighing: Weighing, thresholds: Sequence[float]) -> list[float | None]:
    """Prevalence at which P(primary) is each threshold; None where no change of a millionfold takes it there."""
    world = prevalence(weighing)
    wanted = np.asarray(thresholds, dtype=float)
    low = np.full(len(wanted), -np.log(LARGEST_FACTOR))
    high = -low
    possible = (world.answer(low) <= wanted) & (world.answer(high) >= wanted)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        below = world.answer(middle) < wanted
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    found = world.among_tested(0.5 * (low + high))
    return [float(value) if is_possible else None for value, is_possible in zip(found, possible, strict=True)]


def by_setting(weighing: Weighing, *, catalogue: Catalogue) -> dict[str, dict[str, Band]]:
    """Class probabilities had the same person been tested in each setting."""
    moved = [weighing.elsewhere(n, draws=ELSEWHERE_DRAWS) for n in range(len(catalogue.settings))]
    out = {}
    for setting, there in zip(catalogue.settings, moved, strict=True):
        p, weights = draws_.split(there.class_log_everything)
        out[setting.id] = class_bands(dict(zip(CLASSES, p.T, strict=True)), weights)
    return out
