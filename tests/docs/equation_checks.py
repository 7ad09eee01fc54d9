"""What the checks of the equations share: their register, the printed formula by name, random input."""

from __future__ import annotations

import numpy as np
from sigm_docs.equations import EQUATIONS

CHECKS = {}


def check(function):
    """A check gives what the printed formula and what the code make of the same random input."""
    CHECKS[function.__name__] = function
    return function


def f(name, *arguments):
    return EQUATIONS[name].function(*arguments)


def expit(x):
    return 1.0 / (1.0 + np.exp(-x))


def draw_of(rng, prior_draws):
    """One draw of every parameter from its prior, with its draw axis."""
    return prior_draws(1, seed=int(rng.integers(1 << 30)))
