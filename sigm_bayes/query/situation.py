"""One patient seen under a thinned set of draws: what the explanation works on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sigm_bayes.likelihood.case import Case
from sigm_bayes.patient import Patient
from sigm_bayes.query.encode import Encoder
from sigm_bayes.query.information import by_class
from sigm_bayes.query.weighing import Weighing

DRAWS = 200
"""Draws for what comes next, every 5th of 1,000: the answer itself, which all results must average to, has them all."""


@dataclass(frozen=True)
class Situation:
    """A patient, all that is known of them weighed under about `DRAWS` draws.

    Attributes
    ----------
    parameters : mapping of (draw, ...)
    case : Case
        Everything known.
    log_joint : (draw, hypothesis)
        log P(everything known, hypothesis), each draw up to a constant.
    p : (draw, hypothesis)
        P(hypothesis | everything known).
    answer : (class,)
        The answer, from all draws, in the order of `CLASSES`.
    """

    patient: Patient
    encoder: Encoder
    parameters: Mapping[str, np.ndarray]
    case: Case
    log_joint: np.ndarray
    p: np.ndarray
    answer: np.ndarray

    @property
    def exposed(self) -> bool:
        """Whether a recorded exposure acts on infections, IgG and IgA."""
        return len(self.case.present) > 0

    def thinned(self, draws: int) -> Situation:
        """The same with fewer draws, evenly spaced."""
        every = stride(len(self.p), draws)
        parameters = {name: values[::every] for name, values in self.parameters.items()}
        return Situation(
            self.patient, self.encoder, parameters, self.case, self.log_joint[::every], self.p[::every], self.answer
        )


def stride(available: int, wanted: int) -> int:
    """Step that leaves about `wanted` of `available` draws."""
    return max(1, available // wanted)


def situation(patient: Patient, weighing: Weighing, *, encoder: Encoder, draws: int = DRAWS) -> Situation:
    """Take over what the answer has weighed."""
    joint = weighing.log_joint(weighing.everything)
    shifted = np.exp(joint - joint.max(axis=-1, keepdims=True))
    p = shifted / shifted.sum(axis=-1, keepdims=True)
    whole = Situation(patient, encoder, weighing.p, weighing.case, joint, p, by_class(p).mean(axis=0))
    return whole.thinned(draws)
