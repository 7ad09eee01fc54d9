"""What IgG and IgA say of every hypothesis, from what all patients share."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sigm_bayes.likelihood import person
from sigm_bayes.likelihood.case import Case
from sigm_bayes.likelihood.namespace import NUMPY

IG_STATE_WEIGHTS = "ig_state_weights"
"""P(state of IgG and IgA | class, cause), (draw, ig_class, 3): no parameter, but what all patients share of them."""


def with_state_weights(p: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
    """Parameters with what follows from them alone, computed once a model instead of once a patient."""
    if IG_STATE_WEIGHTS in p:
        return p
    return {**p, IG_STATE_WEIGHTS: np.exp(person.log_ig_state_weights(NUMPY, p))}


def igg_iga_term(p: Mapping[str, np.ndarray], case: Case, *, exposed: bool) -> np.ndarray:
    """`person.log_igg_iga` with the weights of the states from `with_state_weights`; (..., draw, hypothesis)."""
    states, selective = person.log_igg_iga_states(NUMPY, p, case, exposed=exposed)
    top = states.max(axis=-1, keepdims=True)
    mixed = (p[IG_STATE_WEIGHTS] @ np.exp(states - top)[..., None])[..., 0]
    return np.asarray(person.ig_hypotheses(NUMPY, states, selective, np.log(mixed) + top))
