"""What IgG and IgA say of every hypothesis, from what all patients share.

The numbers are those of `likelihood.immunoglobulins` (a test holds both to 1e-12). They are floored above the smallest
double, so that the sums over the nodes of a result need no logarithms; and the truncation of a selective deficiency is
worked out only where a level is near enough the limit for the assay to hide on which side it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from sigm_bayes.likelihood import person
from sigm_bayes.likelihood.case import Case
from sigm_bayes.likelihood.exposures import together
from sigm_bayes.likelihood.igm import LOG_FLOOR
from sigm_bayes.likelihood.immunoglobulins import LIMIT_Z, Result
from sigm_bayes.likelihood.namespace import NUMPY, erfcx

IG_STATE_WEIGHTS = "ig_state_weights"
"""P(state of IgG and IgA | class, cause), (draw, ig_class, 3): no parameter, but what all patients share of them."""


def with_state_weights(p: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
    """Parameters with what follows from them alone, computed once a model instead of once a patient."""
    if IG_STATE_WEIGHTS in p:
        return p
    return {**p, IG_STATE_WEIGHTS: np.exp(person.log_ig_state_weights(NUMPY, p))}


def igg_iga_term(p: Mapping[str, np.ndarray], case: Case, *, exposed: bool) -> np.ndarray:
    """`person.log_igg_iga` with the weights of the states from `with_state_weights`; (..., draw, hypothesis)."""
    states, selective = _states(p, case, exposed=exposed)
    top = states.max(axis=-1, keepdims=True)
    mixed = (p[IG_STATE_WEIGHTS] @ np.exp(states - top)[..., None])[..., 0]
    return np.asarray(person.ig_hypotheses(NUMPY, states, selective, np.log(mixed) + top))


CERTAIN = 8.3
"""SDs beyond which a normal distribution function is 1 in double precision."""
_ABOVE_LIMIT = 0.975
"""Share of healthy people above the lower reference limit, the 2.5th centile."""
_SQRT_2PI = math.sqrt(2.0 * math.pi)
_SMALLEST = 1e-307


def _states(p: Mapping[str, np.ndarray], case: Case, *, exposed: bool) -> tuple[np.ndarray, np.ndarray]:
    """`person.log_igg_iga_states`: (..., draw, 3), and (..., draw) of a selective deficiency."""
    present = case.present if exposed else case.present[:0]
    lowered = together(NUMPY, np.take(-p["exposure_ig_shift"], present, axis=-1)) if len(present) else 0.0
    states: np.ndarray | float = 0.0
    selective: np.ndarray | float = 0.0
    rows = ((0, "curve_igg", case.igg, case.igg_error_sd), (1, "curve_iga", case.iga, case.iga_error_sd))
    for i, name, result, error_sd in rows:
        if result is not None:
            median, spread = person.curve(NUMPY, p[name], case.curves[i + 1], 0.0)
            z, weight = _placed(result, median, spread, lowered)
            levels = person.state_levels(NUMPY, p, i)
            seen, truncated = _seen(z, weight, error=error_sd / spread, levels=levels)
            states, selective = states + seen, selective + truncated
    return np.asarray(states), np.asarray(selective)


def _placed(
    result: Result, median: np.ndarray, spread: np.ndarray, lowered: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray]:
    """Nodes (..., node) in healthy spreads from the median, without what exposures took; and weights (..., node)."""
    weight = np.exp(result.log_weight)
    if result.on_z_scale:
        z = result.node + 0.0 * spread[:, None]
    else:
        z, weight = (result.node - median[:, None]) / spread[:, None], weight / spread[:, None]
    return z + np.asarray(lowered)[..., None], weight


def _seen(
    z: np.ndarray, weight: np.ndarray, *, error: np.ndarray, levels: Mapping[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """`immunoglobulins.log_states`; error : (draw,)."""

    def summed(density: np.ndarray, sd: np.ndarray) -> np.ndarray:
        total = np.sum(density * weight, axis=-1) if weight.ndim > 1 else density @ weight
        floored: np.ndarray = np.maximum(np.log(np.maximum(total / (sd * _SQRT_2PI), _SMALLEST)), LOG_FLOOR)
        return floored

    def density(mean: np.ndarray | float, sd: np.ndarray) -> np.ndarray:
        q = (z - np.asarray(mean)[..., None]) if np.ndim(mean) else z.copy()
        q *= (math.sqrt(0.5) / sd)[:, None]
        np.multiply(q, q, out=q)
        np.negative(q, out=q)
        return np.exp(q, out=q)

    low_sd, high_sd = (np.hypot(levels[name], error) for name in ("low_sd", "high_sd"))
    usual_sd = np.hypot(1.0, error)
    usual = density(0.0, usual_sd)
    low, high = summed(density(levels["low"], low_sd), low_sd), summed(density(levels["high"], high_sd), high_sd)
    states = np.stack(np.broadcast_arrays(low, summed(usual, usual_sd), high), axis=-1)
    above = _above(z, usual_sd=usual_sd, error=error)
    usual[..., : above.shape[-1]] *= above
    return states, np.maximum(summed(usual, usual_sd) - math.log(_ABOVE_LIMIT), LOG_FLOOR)


def _above(z: np.ndarray, *, usual_sd: np.ndarray, error: np.ndarray) -> np.ndarray:
    """P(true level above the lower limit | seen at z), for the nodes up to the first where that is certain."""
    edge = LIMIT_Z + CERTAIN * error / usual_sd  # of z / usual_sd^2
    uncertain = (z < (edge * usual_sd**2)[:, None]).any(axis=tuple(range(z.ndim - 1)))
    near = z[..., : int(np.flatnonzero(uncertain).max(initial=-1)) + 1]
    at = (near / (usual_sd**2)[:, None] - LIMIT_Z) * (usual_sd / error)[:, None]
    tail = 0.5 * erfcx(np.abs(at) * math.sqrt(0.5)) * np.exp(-0.5 * at * at)
    return np.where(at < 0.0, tail, 1.0 - tail)
