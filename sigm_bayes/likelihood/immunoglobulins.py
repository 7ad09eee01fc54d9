"""IgG and IgA beside a low IgM, on the scale z = (ln level - ln median) / spread.

Primary deficiency is *selective*: the true IgG and IgA lie above the lower reference limit (a truncated normal seen
through the assay). Secondary deficiency and other immunodeficiencies may lower both, some causes raise them; the
three states (both low, both as usual, both raised) are shared by the two classes so that they count once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sigm_bayes.likelihood.igm import LOG_FLOOR
from sigm_bayes.likelihood.namespace import Array, Namespace, log_normal_interval, log_normal_pdf, logaddexp, logsumexp
from sigm_bayes.likelihood.quadrature import gauss_legendre

LIMIT_Z = -1.959963984540054
"""The lower reference limit: the 2.5th centile."""
CENTRAL_SHARE = 0.95


@dataclass(frozen=True, eq=False)
class Result:
    """One IgG or IgA result as quadrature nodes over the interval of values that print as it does.

    Attributes
    ----------
    on_z_scale : bool
        True for "low / normal / high" (nodes are z), False for a concentration (nodes are ln mg/dL).
    node, log_weight : (node,)
    """

    on_z_scale: bool
    node: np.ndarray
    log_weight: np.ndarray


def result_nodes(low: float, high: float, *, on_z_scale: bool, widest: float = 0.25) -> Result:
    """Gauss-Legendre nodes over [low, high], five to each piece no wider than `widest`."""
    x, w = gauss_legendre(5)
    edges = np.linspace(low, high, max(1, int(np.ceil((high - low) / widest))) + 1)
    half = 0.5 * np.diff(edges)[:, None]
    middle = 0.5 * (edges[:-1] + edges[1:])[:, None]
    return Result(
        on_z_scale=on_z_scale,
        node=(middle + half * x).ravel(),
        log_weight=np.log(half * w).ravel(),
    )


def place(xp: Namespace, result: Result, median: Array, spread: Array) -> tuple[Array, Array]:
    """Nodes of a result in healthy spreads from the median, and their log weights on that scale; each (..., node)."""
    s = spread[..., None]
    if result.on_z_scale:
        return xp.asarray(result.node) + 0.0 * s, result.log_weight + 0.0 * s
    return (result.node - median[..., None]) / s, result.log_weight - xp.log(s)


def log_states(
    xp: Namespace, *, z: Array, log_weight: Array, spread: Array, shift: Array, error_sd: Array | float, low: Array,
    low_sd: Array, high: Array, high_sd: Array,
) -> tuple[Array, Array]:  # fmt: skip
    """log P(result | state), and log P(result | truly above the lower limit).

    Parameters
    ----------
    z, log_weight : (..., node)
        The result, from `place`.
    spread : (...)
        ln-SD of the class for age and sex.
    shift : (...)
        z shift by the recorded exposures (negative: lower), whatever the class.
    error_sd
        ln-SD of the assay, against (..., 1).
    low, low_sd, high, high_sd : (...)
        z mean and SD of the low and the raised state.

    Returns
    -------
    states : (..., 3)
        both low, as usual, both raised.
    selective : (...)
    """
    s = spread[..., None]
    z = z - shift[..., None]
    error = error_sd / s
    usual_sd = xp.sqrt(1.0 + error * error)

    def seen(mean: Array, sd: Array) -> Array:
        m, d = mean[..., None], sd[..., None]
        return logsumexp(xp, log_normal_pdf(xp, z, m, xp.sqrt(d * d + error * error)) + log_weight)

    usual = logsumexp(xp, log_normal_pdf(xp, z, 0.0, usual_sd) + log_weight)
    above = xp.log_ndtr((z / (usual_sd * usual_sd) - LIMIT_Z) * usual_sd / error)
    truncated = log_normal_pdf(xp, z, 0.0, usual_sd) + above - xp.log_ndtr(xp.asarray(-LIMIT_Z))
    selective = logsumexp(xp, truncated + log_weight)
    states = xp.stack([seen(low, low_sd), usual, seen(high, high_sd)])
    return xp.maximum(states, LOG_FLOOR), xp.maximum(selective, LOG_FLOOR)


def log_state_weights(xp: Namespace, logit_low: Array, logit_high: Array) -> Array:
    """log P(state) from two independent switches: raised, else low, else as usual; (..., 3)."""
    log_high = -xp.softplus(-logit_high)
    log_not_high = -xp.softplus(logit_high)
    return xp.stack([log_not_high - xp.softplus(-logit_low), log_not_high - xp.softplus(logit_low), log_high])


def log_both_normal(
    xp: Namespace, *, logit_low: Array, logit_high: Array, low: Array, low_sd: Array, high: Array, high_sd: Array
) -> Array:
    """log P(IgG and IgA both inside their reference limits) for a class with the three states (published shares)."""
    weights = log_state_weights(xp, logit_low, logit_high)
    usual = xp.asarray(2.0 * float(np.log(CENTRAL_SHARE)))

    def inside(mean: Array, sd: Array) -> Array:
        return 2.0 * log_normal_interval(xp, LIMIT_Z, -LIMIT_Z, mean, sd)

    lowered = xp.take(weights, 0) + inside(low, low_sd)
    raised = xp.take(weights, 2) + inside(high, high_sd)
    return logaddexp(xp, logaddexp(xp, lowered, xp.take(weights, 1) + usual), raised)
