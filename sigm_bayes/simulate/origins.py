"""Who a person is: the defined class, exposures, and for the rest which exposure lowered IgM first.

The same story as `likelihood.exposures`, told forwards: with hazard h[m] of each exposure present and h of occult
causes, times T[m] ~ Exp(h[m]) compete; the first below 1 is the cause, none below 1 leaves a normal person.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.errors import ModelError
from sigm_bayes.likelihood import person
from sigm_bayes.likelihood.hypotheses import FIRST_CAUSE, NORMAL
from sigm_bayes.likelihood.namespace import NUMPY
from sigm_bayes.simulate.groups import Group
from sigm_bayes.simulate.parameters import Truth


@dataclass(frozen=True)
class Origins:
    """Hypothesis (see `likelihood.hypotheses`) and exposures of people.

    Attributes
    ----------
    hypothesis : (person,) int
    exposures : (person, exposure) bool
        The recordable causes a person has; all are current at the first sample.
    """

    hypothesis: np.ndarray
    exposures: np.ndarray


def simulate_origins(
    truth: Truth, group: Group, *, age_years: np.ndarray, boy: np.ndarray, catalogue: Catalogue,
    rng: np.random.Generator,
) -> Origins:  # fmt: skip
    """Draw class, exposures and cause of people of one setting and age band.

    Parameters
    ----------
    age_years, boy : (person,)
        `boy` is 1 for a male below 18 years, else 0.
    """
    n = len(age_years)
    # A girl's log-odds and a boy's: `log_prior_odds` takes one of them at a time.
    girls, boys = (
        np.array(person.log_prior_odds(NUMPY, truth, setting=group.setting, age_band=group.age_band, boy=b))
        for b in (0.0, 1.0)
    )
    primary, other = np.where(boy > 0.0, boys[:, None], girls[:, None])
    total = 1.0 + np.exp(primary) + np.exp(other)
    u = rng.random(n)
    p_primary, p_other = np.exp(primary) / total, np.exp(other) / total
    defined = np.where(u < p_primary, 0, np.where(u < p_primary + p_other, 1, 2))
    exposures = _exposures(truth, group, defined=defined, age_years=age_years, catalogue=catalogue, rng=rng)
    hypothesis = np.where(defined < NORMAL, defined, _first_to_act(truth, group, exposures, rng))
    return Origins(hypothesis, exposures)


def _exposures(
    truth: Truth, group: Group, *, defined: np.ndarray, age_years: np.ndarray, catalogue: Catalogue,
    rng: np.random.Generator,
) -> np.ndarray:  # fmt: skip
    """Exposures, those first that make others likelier; (person, exposure) bool."""
    recordable = [c for c in catalogue.causes if c.recordable]
    position = {c.id: m for m, c in enumerate(recordable)}
    complication = np.concatenate([truth["exposure_complication"].T, np.zeros((1, len(recordable)))])
    out = np.zeros((len(defined), len(recordable)), dtype=bool)
    done: set[str] = set()
    while len(done) < len(recordable):
        ready = [c for c in recordable if c.id not in done and set(c.raised_with) & set(position) <= done]
        if not ready:
            raise ModelError("causes raise one another in a circle (raised_with); simulate cannot order them")
        for cause in ready:
            m = position[cause.id]
            parents = [position[id] for id in cause.raised_with if id in position]
            raised = out[:, parents].any(axis=1).astype(float)
            base = person.exposure_logits(
                NUMPY, truth, setting=group.setting, age_band=group.age_band, raised=np.zeros(len(recordable))
            )[m]
            logit = base + truth["co_exposure"] * raised + complication[defined, m]
            low = 0.0 if cause.min_age_years is None else cause.min_age_years
            high = np.inf if cause.max_age_years is None else cause.max_age_years
            possible = (age_years >= low) & (age_years <= high)
            out[:, m] = possible & (rng.random(len(defined)) < NUMPY.expit(logit))
        done |= {c.id for c in ready}
    return out


def _first_to_act(truth: Truth, group: Group, exposures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Hypothesis of people without a defined immunodeficiency: normal, or the cause whose time came first."""
    occult = truth["log_occult_hazard"][group.setting] + truth["occult_age"][group.age_band]
    hazard = np.append(np.exp(truth["log_hazard"]), np.exp(occult))
    acting = np.concatenate([exposures, np.ones((len(exposures), 1), dtype=bool)], axis=1)
    times = np.where(acting, rng.exponential(size=acting.shape) / hazard, np.inf)
    first = times.argmin(axis=1)
    return np.where(times.min(axis=1) < 1.0, FIRST_CAUSE + first, NORMAL)
