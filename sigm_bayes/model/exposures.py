"""Expected shares of exposed people: a single exposure, or a union of exposures that are independent within a class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sigm_bayes.evidence import EvidenceItem
from sigm_bayes.likelihood.namespace import Array
from sigm_bayes.model.context import Context


@dataclass(frozen=True)
class Unions:
    """Every exposure of every item, one after the other.

    Attributes
    ----------
    cause : (entry,)
        Index of the exposure.
    member : (item, entry)
        1 where the exposure belongs to the item.
    logit : (entry,)
        Logit of the exposure among people without a defined immunodeficiency.
    """

    cause: np.ndarray
    member: np.ndarray
    logit: Array


def unions(ctx: Context, items: Sequence[EvidenceItem], settings: Sequence[str]) -> Unions:
    """The exposures that the items name, in people of the items' ages tested in these settings."""
    p, catalogue = ctx.p, ctx.catalogue
    entries = [(n, catalogue.cause_index(cause)) for n, item in enumerate(items) for cause in item.causes]
    row, cause = (np.array(column) for column in zip(*entries, strict=True))
    setting = np.array([catalogue.setting_index(s) for s in settings])[row]
    band = np.array([ctx.band(i.age_years) for i in items])[row]
    logit = p["logit_exposure"][cause] + p["exposure_setting"][cause, setting] + p["exposure_age"][cause, band]
    return Unions(cause, (np.arange(len(items))[:, None] == row).astype(float), logit)


def log_nothing(ctx: Context, of: Unions, shift: Array | float = 0.0) -> Array:
    """log P(none of the item's exposures); `shift` (entry,) moves their logits; (item,)."""
    return -(of.member @ ctx.xp.softplus(of.logit + shift))


def exposure_background(ctx: Context, items: Sequence[EvidenceItem]) -> Array:
    """Logit of the share exposed to any of the item's causes in a setting."""
    nothing = log_nothing(ctx, unions(ctx, items, [i.setting for i in items]))
    return ctx.xp.log1mexp(nothing) - nothing
