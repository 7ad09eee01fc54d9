"""One patient seen under a thinned set of draws: what the explanation works on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from sigm_bayes.likelihood.case import Case
from sigm_bayes.patient import Patient
from sigm_bayes.query.encode import Encoder
from sigm_bayes.query.information import by_class
from sigm_bayes.query.weighing import Weighing

DRAWS = 200
"""Draws for what comes next, picked in proportion to their weight. The answer itself, to which results must average,
has them all."""
T = TypeVar("T")


@dataclass(frozen=True)
class Situation:
    """A patient, all that is known of them weighed under about `DRAWS` draws.

    Attributes
    ----------
    weighing : Weighing
        Of everything known, under the thinned draws.
    joint : (draw, hypothesis)
        P(draw, hypothesis | everything known); sums to 1.
    answer : (class,)
        The answer, from all draws, in the order of `CLASSES`.
    """

    patient: Patient
    encoder: Encoder
    weighing: Weighing
    joint: np.ndarray
    answer: np.ndarray
    _kept: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def parameters(self) -> Mapping[str, np.ndarray]:
        """Parameters of these draws, (draw, ...)."""
        return self.weighing.p

    @property
    def case(self) -> Case:
        """Everything known."""
        return self.weighing.case

    @property
    def exposed(self) -> bool:
        """Whether a recorded exposure acts on infections, IgG and IgA."""
        return len(self.case.present) > 0

    @cached_property
    def limits(self) -> tuple[float, float]:
        """Reference limits of IgM, mg/dL."""
        return self.encoder.igm_limits(self.patient)

    @cached_property
    def log_joint(self) -> np.ndarray:
        """log P(draw, everything known, hypothesis) but for a constant; (draw, hypothesis)."""
        return self.weighing.log_joint(self.weighing.everything)

    @cached_property
    def class_joint(self) -> np.ndarray:
        """P(draw, class | everything known); (draw, class), sums to 1."""
        return by_class(self.joint)

    def thinned(self, draws: int) -> Situation:
        """The same with at most so many draws."""
        few = self.weighing.thinned(draws)
        return self if few is self.weighing else Situation(self.patient, self.encoder, few, few.joint(), self.answer)

    def kept(self, name: str, work: Callable[[Situation], T]) -> T:
        """What `work` makes of this situation, made once."""
        if name not in self._kept:
            self._kept[name] = work(self)
        made: T = self._kept[name]
        return made


def situation(patient: Patient, weighing: Weighing, *, encoder: Encoder, draws: int = DRAWS) -> Situation:
    """Take over what the answer has weighed."""
    joint = weighing.joint()
    return Situation(patient, encoder, weighing, joint, by_class(joint).sum(axis=0)).thinned(draws)
