"""With how many parameter draws a person is weighed: the first half of what is released, or all where that is too few.

Every draw has its weight by the person (`query/draws.py`), so that of the same draws more are left for one person than
for another. Most have enough with the first half, which is itself an even choice over all chains; the others take all,
which takes three times as long. Everything that is said of a person is said with the draws taken here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from sigm_bayes.likelihood.case import Case
from sigm_bayes.query.draws import classes, effective_draws, standard_error
from sigm_bayes.query.weighing import Weighing

USUAL_DRAWS = 1000
"""A person is weighed with these first; a release with fewer than twice as many is weighed whole."""
ENOUGH = 250.0
"""Effective draws below which all draws are taken: a choice. 12 of 250 lie beyond an end of the 90% interval."""
LARGEST_ERROR = 0.01
"""Monte Carlo standard error of the probability of a class above which all draws are taken: the last digit shown."""


def usual_draws(released: int) -> int:
    """How many of the released draws a person is weighed with first."""
    return USUAL_DRAWS if released >= 2 * USUAL_DRAWS else released


def weighed(
    case: Case, usual: Mapping[str, np.ndarray], every: Callable[[], Mapping[str, np.ndarray]], *, released: int
) -> Weighing:
    """Weigh one case with as many draws as it needs.

    Parameters
    ----------
    case : Case
    usual : mapping of arrays (draw, ...)
        Parameters of the first `usual_draws`.
    every : callable
        Gives the parameters of all draws; called where they are needed.
    released : int
        How many those are.
    """
    weighing = Weighing(usual, case)
    return weighing if weighing.draws == released or enough(weighing) else Weighing(every(), case)


def enough(weighing: Weighing) -> bool:
    """Whether the draws say enough of this person: effective draws, and error of every class probability."""
    weights = weighing.draw_weights
    if effective_draws(weights) < ENOUGH:
        return False
    return all(standard_error(p, weights) <= LARGEST_ERROR for p in classes(weighing.probabilities()).values())
