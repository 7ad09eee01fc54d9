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
"""Draws for what comes next, every 5th of 1,000: the answer itself, which all results must average to, has them all."""
T = TypeVar("T")


@dataclass(frozen=True)
class Situation:
    """A patient, all that is known of them weighed under about `DRAWS` draws.

    Attributes
    ----------
    weighing : Weighing
        Of everything known, under the thinned draws.
    p : (draw, hypothesis)
        P(hypothesis | everything known).
    answer : (class,)
        The answer, from all draws, in the order of `CLASSES`.
    """

    patient: Patient
    encoder: Encoder
    weighing: Weighing
    p: np.ndarray
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
        """log P(everything known, hypothesis), (draw, hypothesis)."""
        return self.weighing.log_joint(self.weighing.everything)

    @cached_property
    def p_class(self) -> np.ndarray:
        """P(class | everything known); (draw, class)."""
        return by_class(self.p)

    def thinned(self, draws: int) -> Situation:
        """The same with fewer draws, evenly spaced."""
        every = stride(len(self.p), draws)
        if every == 1:
            return self
        return Situation(self.patient, self.encoder, self.weighing.thinned(every), self.p[::every], self.answer)

    def kept(self, name: str, work: Callable[[Situation], T]) -> T:
        """What `work` makes of this situation, made once."""
        if name not in self._kept:
            self._kept[name] = work(self)
        made: T = self._kept[name]
        return made


def stride(available: int, wanted: int) -> int:
    """Step that leaves about `wanted` of `available` draws."""
    return max(1, available // wanted)


def situation(patient: Patient, weighing: Weighing, *, encoder: Encoder, draws: int = DRAWS) -> Situation:
    """Take over what the answer has weighed."""
    p = weighing.probabilities()
    whole = Situation(patient, encoder, weighing, p, by_class(p).mean(axis=0))
    return whole.thinned(draws)
