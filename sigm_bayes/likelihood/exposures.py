"""Class weights before any laboratory value: prevalences, exposures and causes as competing hazards.

With `s` in [0, 1], the hazards of the exposures a person has compete; the first to act is the cause:

    normal      | rest, w : exp(-H(w)),   H(w) = h_occult + sum_m h[m] w[m]
    secondary:m | rest, w : integral_0^1 h[m] w[m] exp(-s H(w)) ds

Unknown exposures are summed out: under the integral the sum over their 2^M states is a product over causes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sigm_bayes.likelihood.namespace import Array, Namespace
from sigm_bayes.likelihood.quadrature import gauss_legendre

_NODES, _WEIGHTS = gauss_legendre(12)
TIME_NODES = 0.5 * (_NODES + 1.0)
TIME_LOG_WEIGHTS = np.log(0.5 * _WEIGHTS)

UNKNOWN, ABSENT, PRESENT = -1, 0, 1


class KnownExposures(Protocol):
    """Exposures as numbers: 1 where recorded present or absent; the other two as in `ExposureState`."""

    @property
    def present(self) -> Array:
        """1 where recorded present; (..., recordable_cause)."""

    @property
    def absent(self) -> Array:
        """1 where recorded absent; (..., recordable_cause)."""

    @property
    def hazard_factor(self) -> Array:
        """Multiplier of the hazard if exposed."""

    @property
    def possible(self) -> Array:
        """0 where age rules the exposure out."""


@dataclass(frozen=True)
class ExposureState:
    """What is known of the exposures of one person (or of a group of identical people).

    Attributes
    ----------
    state : (..., recordable_cause) int
        -1 unknown, 0 absent, 1 present.
    hazard_factor : (..., recordable_cause) float
        Multiplier of the hazard if exposed: 1 at full strength, 0 for an exposure that began after the first
        low IgM, between them when the effect has decayed since the last dose.
    possible : (..., recordable_cause) float
        0 where age rules the exposure out (maternal drugs in an adult); then unknown weighs nothing.
    raised : (..., recordable_cause) float
        1 where a recorded exposure makes this one likelier (rituximab in lymphoma), else 0.
    """

    state: np.ndarray
    hazard_factor: np.ndarray
    possible: np.ndarray
    raised: np.ndarray

    @property
    def present(self) -> np.ndarray:
        """1 where the exposure is recorded present; (..., recordable_cause)."""
        return np.asarray(self.state == PRESENT, dtype=float)

    @property
    def absent(self) -> np.ndarray:
        """1 where it is recorded absent; (..., recordable_cause)."""
        return np.asarray(self.state == ABSENT, dtype=float)

    @classmethod
    def unknown(cls, n_recordable: int) -> ExposureState:
        """Nothing recorded."""
        return cls(
            state=np.full(n_recordable, UNKNOWN),
            hazard_factor=np.ones(n_recordable),
            possible=np.ones(n_recordable),
            raised=np.zeros(n_recordable),
        )


def together(xp: Namespace, effects: Array) -> Array:
    """Effect of several exposures at once, each at least 0: their 4-norm; (..., exposure) -> (...).

    One exposure counts in full; two equal ones 1.19 times, three 1.32 times; beside a strong one a weak one does not
    matter. A judgement, smooth where the plain largest effect has a kink (docs/decisions/0015).
    """
    some = xp.maximum(effects, 0.0)
    square = some * some
    total = xp.sum(square * square, axis=-1)
    safe = xp.where(total > 0.0, total, 1.0)
    return xp.where(total > 0.0, xp.sqrt(xp.sqrt(safe)), 0.0)


def log_exposure_probability(xp: Namespace, logit_e: Array, exposures: KnownExposures) -> Array:
    """log P(recorded exposures): sum over the known ones; (..., recordable_cause) -> (...)."""
    positive = xp.softplus(-logit_e)
    return -xp.sum(exposures.present * positive + exposures.absent * (positive + logit_e), axis=-1)


def log_weights_rest(
    xp: Namespace, logit_e: Array, log_hazard: Array, log_hazard_occult: Array, exposures: KnownExposures
) -> tuple[Array, Array]:
    """log P(recorded exposures, cause) for people without a defined immunodeficiency.

    Parameters
    ----------
    logit_e : (..., recordable_cause)
        Logit of the probability of each exposure in this person's setting and age.
    log_hazard : (..., recordable_cause)
    log_hazard_occult : (...)

    Returns
    -------
    log_normal : (...)
    log_cause : (..., cause)
        The recordable causes, then occult. Together with `log_normal` they sum to P(recorded exposures).
    """
    present = exposures.present
    unknown = (1.0 - present - exposures.absent) * exposures.possible
    known = log_exposure_probability(xp, logit_e, exposures)
    e = xp.expit(logit_e)
    hazard = xp.exp(log_hazard) * exposures.hazard_factor
    occult = xp.exp(log_hazard_occult)

    # Arrays (..., node, recordable_cause). `left` is E[exp(-s h w)] given what is known of w, and `acting` its part
    # with w = 1; a recorded exposure's probability is taken out (it is the same for every class: `known`).
    decay = xp.exp(-TIME_NODES[:, None] * hazard[..., None, :])
    some = (present + unknown * e)[..., None, :]
    left = (1.0 - some) + some * decay
    log_survive = xp.log_prod(left) - TIME_NODES * occult[..., None]
    survive = xp.exp(log_survive + TIME_LOG_WEIGHTS)
    share = xp.sum(survive[..., None] * decay / left, axis=-2) * hazard * (present + unknown * e)
    log_cause = xp.log(share + _TINY) + known[..., None]
    log_occult = xp.log(xp.sum(survive, axis=-1)) + log_hazard_occult + known
    some_at_one = present + unknown * e
    at_one = (1.0 - some_at_one) + some_at_one * xp.exp(-hazard)
    log_normal = xp.log_prod(at_one) - occult + known
    return log_normal, xp.concatenate([log_cause, log_occult[..., None]])


_TINY = 1e-300
