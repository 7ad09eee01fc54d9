"""IgG and IgA beside IgM in published shares: both normal, none low, and what "isolated" and "any class" ask for.

Within a class IgM on one side, IgG and IgA on the other are independent; IgG and IgA share a state (see
`likelihood.immunoglobulins`). The assay error of IgG and IgA is left out: it is small beside their spread.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sigm_bayes.evidence import EvidenceItem
from sigm_bayes.likelihood import immunoglobulins as ig_
from sigm_bayes.likelihood.namespace import Array
from sigm_bayes.likelihood.person import ig_low_logits
from sigm_bayes.model.context import Context

IGG, IGA = np.array([1.0, 0.0]), np.array([0.0, 1.0])
USUAL = 1
ASKED = {"isolated": IGG + IGA, "any_class": IGG + IGA, "igm_or_iga": IGA}
"""Statistic of a share of low IgM -> the classes beside IgM that it speaks about."""


def log_both_normal(ctx: Context) -> Array:
    """log P(IgG and IgA both inside their reference limits | hypothesis); (hypothesis,)."""
    xp, p = ctx.xp, ctx.p
    low, high = xp.sum(p["ig_low_z"], axis=-1) / 2.0, xp.sum(p["ig_high_z"], axis=-1) / 2.0
    low_sd, high_sd = (xp.exp(xp.sum(p[name], axis=-1) / 2.0) for name in ("log_ig_low_sd", "log_ig_high_sd"))
    per_class = ig_.log_both_normal(
        xp, logit_low=ig_low_logits(xp, p), logit_high=p["logit_ig_high"], low=low, low_sd=low_sd, high=high,
        high_sd=high_sd,
    )  # fmt: skip
    usual = 2.0 * float(np.log(ig_.CENTRAL_SHARE))
    primary = usual - 2.0 * float(np.log(0.5 * (1.0 + ig_.CENTRAL_SHARE)))
    head = xp.asarray(np.array([primary, usual]))
    return xp.concatenate([head[:1], per_class[:1], head[1:], per_class[1:]])


def not_low_exposed(ctx: Context, items: Sequence[EvidenceItem], asked: np.ndarray) -> tuple[Array, Array, Array]:
    """P(no asked class is low) among people with one exposure: healthy, suppressed by it, by an occult cause.

    Parameters
    ----------
    asked : (item, ig)
        1 for IgG, IgA where the item asks for it.

    Returns
    -------
    healthy, by_cause, occult : (item,)
        The exposure shifts IgG and IgA in all three; without an exposure nothing does.
    """
    causes = ctx.catalogue.causes
    index = np.array([ctx.catalogue.cause_index(i.cause) if i.causes else 0 for i in items])
    exposed = np.array([float(bool(i.causes)) for i in items])
    per_state = _not_low(ctx, asked, exposed * ctx.xp.take(ctx.p["exposure_ig_shift"], index))
    per_class = per_state @ _state_weights(ctx).T
    return per_state[:, USUAL], per_class[np.arange(len(items)), index + 1], per_class[:, len(causes)]


def not_low_tested(ctx: Context) -> Array:
    """P(neither IgG nor IgA low | hypothesis), exposures not known; (hypothesis,).

    As in a query, exposures that nobody recorded do not shift IgG and IgA by themselves (docs/decisions/0010).
    """
    per_state = _not_low(ctx, (IGG + IGA)[None, :], np.zeros(1))
    per_class = (per_state @ _state_weights(ctx).T)[0]
    primary = ctx.xp.asarray(np.ones(1))  # selective: the true levels lie above the lower limits
    return ctx.xp.concatenate([primary, per_class[:1], per_state[0, USUAL : USUAL + 1], per_class[1:]])


def beside(items: Sequence[EvidenceItem], low: Array, not_low: Array) -> Array:
    """From P(IgM low) and P(asked classes not low) to what the item's statistic states; (item,) or (item, ...).

    `isolated`: IgM low and the others not. Otherwise IgM or another low; with nothing asked that is P(IgM low).
    """
    isolated = np.array([float(i.stat == "isolated") for i in items])
    if low.ndim > 1:
        isolated = isolated[:, None]
    return isolated * low * not_low + (1.0 - isolated) * (low + (1.0 - low) * (1.0 - not_low))


def asked_of(items: Sequence[EvidenceItem]) -> np.ndarray:
    """The classes beside IgM that each item speaks about; (item, ig)."""
    return np.array([ASKED.get(i.stat, 0.0 * IGG) for i in items])


def _not_low(ctx: Context, asked: np.ndarray, shift: Array) -> Array:
    """P(none of the asked classes below its limit | both lowered, as usual, both raised); (item, state)."""
    xp, p = ctx.xp, ctx.p
    low_sd, high_sd = xp.exp(p["log_ig_low_sd"]), xp.exp(p["log_ig_high_sd"])
    limit = ig_.LIMIT_Z - shift
    total: Array = 0.0
    for n in range(asked.shape[1]):
        lowered = xp.log_ndtr((p["ig_low_z"][n] - limit) / low_sd[n])
        raised = xp.log_ndtr((p["ig_high_z"][n] - limit) / high_sd[n])
        total = total + asked[:, n][:, None] * xp.stack([lowered, xp.log_ndtr(-limit), raised])
    return xp.exp(total)


def _state_weights(ctx: Context) -> Array:
    """P(both lowered, as usual, both raised | class); (ig_class, state)."""
    xp, p = ctx.xp, ctx.p
    return xp.exp(ig_.log_state_weights(xp, ig_low_logits(xp, p), p["logit_ig_high"]))
