"""From published items to expected values: which function of the model each term of the evidence is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sigm_bayes.catalogue.priors import Priors
from sigm_bayes.errors import EvidenceError, Problem
from sigm_bayes.evidence import EvidenceItem
from sigm_bayes.likelihood.namespace import Array
from sigm_bayes.model import exposures, infections, levels
from sigm_bayes.model.context import Context
from sigm_bayes.model.labelled import Labelled

Function = Callable[[Context, Sequence[EvidenceItem]], Array]

PLAIN: dict[str, tuple[str, Function]] = {
    "low_given_exposure": ("low_given_exposure", levels.low_given_exposure),
    "odds_low_given_exposure": ("low_given_exposure", levels.odds_low_given_exposure),
    "igm_moment_exposed": ("level", levels.igm_moment_exposed),
    "igm_change_exposed": ("level", levels.igm_change_exposed),
    "low_igg_given_exposure": ("low_given_exposure", levels.low_igg_given_exposure),
    "tail_in_population": ("population", levels.tail_in_population),
    "low_in_tested": ("tested", levels.low_in_tested),
    "sex_difference": ("level", levels.sex_difference),
    "recovery": ("recovery", levels.recovery),
    "finding_background": ("background", infections.finding_background),
    "finding_in_tested": ("background", infections.finding_background),
    "infection_given_exposure": ("infection_rate", infections.infection_given_exposure),
    "infection_ratio_low_igm": ("ratio", infections.infection_ratio_low_igm),
    "exposure_background": ("exposure", exposures.exposure_background),
    "test_background": ("test", infections.test_background),
}
"""Term -> (family of study effects, expected value)."""

LABELLED: dict[str, str] = {
    "finding_in_labelled": "finding",
    "asymptomatic_in_labelled": "finding",
    "complication_in_labelled": "exposure",
    "test_in_labelled": "test",
    "esid_tests_normal": "test",
    "igm_moment_labelled": "level",
    "other_share_in_labelled": "cascade",
    "labelled_prevalence": "cascade",
    "solitary_given_low": "cascade",
    "no_cause_given_solitary": "cascade",
}
"""Term -> family; the expected value is the method of `Labelled` of that name."""


def family_of(term: str) -> str:
    """Family of study effects of a term."""
    return PLAIN[term][0] if term in PLAIN else LABELLED[term]


def expected_values(ctx: Context) -> tuple[tuple[EvidenceItem, ...], Array]:
    """Expected value of every used item, on the scale of its observation.

    Returns
    -------
    items : tuple of EvidenceItem
        In the order of the values (grouped by term).
    values : (item,)
        Logit of a proportion; ln of a level, ratio or rate; mg/dL or a fraction for a difference.

    Raises
    ------
    EvidenceError
        If an item has a term that the model does not know.
    """
    used = ctx.evidence.fitted
    unknown = [i for i in used if i.term not in PLAIN and i.term not in LABELLED]
    if unknown:
        raise EvidenceError(
            [Problem(i.item_id, i.term, "no such term in the model", "Use a term of vocabulary.py.") for i in unknown]
        )
    labelled = Labelled(ctx)
    ordered: list[EvidenceItem] = []
    values: list[Array] = []
    for term in (*PLAIN, *LABELLED):
        items = [i for i in used if i.term == term]
        if items:
            value = PLAIN[term][1](ctx, items) if term in PLAIN else getattr(labelled, term)(items)
            ordered.extend(items)
            values.append(value)
    return tuple(ordered), ctx.xp.concatenate(values)


@dataclass(frozen=True)
class Observations:
    """The published numbers as arrays, in the order of `expected_values`.

    Attributes
    ----------
    value, se : (item,)
        On the scale of the expected value.
    k, n : (item,)
        Counts of a proportion (n at most the constant `count_cap`), else 0.
    is_count : (item,)
        Binomial term; the others are normal on their scale.
    bound : (item,)
        0 two-sided, +1 the number bounds the model from above, -1 from below.
    item_sd : (item,)
        SD of the item's own effect; contains the study's where nothing is shared.
    group, shared_sd : (item,)
        Index of the shared study effect (0 where none) and its SD (0 where none).
    groups : tuple of str
        Names of the shared effects.
    """

    value: np.ndarray
    se: np.ndarray
    k: np.ndarray
    n: np.ndarray
    is_count: np.ndarray
    bound: np.ndarray
    item_sd: np.ndarray
    group: np.ndarray
    shared_sd: np.ndarray
    groups: tuple[str, ...]

    @property
    def total_sd(self) -> np.ndarray:
        """SD of a redrawn effect of a new study; (item,)."""
        return np.asarray(np.hypot(self.item_sd, self.shared_sd))


def observe(items: Sequence[EvidenceItem], priors: Priors) -> Observations:
    """Arrays of the published numbers and of their study effects."""
    families = [family_of(i.term) for i in items]
    effects = [priors.study_effects[f] for f in families]
    keys = [f"{i.overlap_group}|{f}" for i, f in zip(items, families, strict=True)]
    two_sided = [i.bound == "" for i in items]
    counts: dict[str, int] = {}
    for key, plain in zip(keys, two_sided, strict=True):
        counts[key] = counts.get(key, 0) + int(plain)
    groups = tuple(sorted(key for key, n in counts.items() if n > 1))
    typical, cap = (priors.constants[name] for name in ("typical_igm_mg_dl", "count_cap"))
    scale = np.array([typical if _is_difference(i) else 1.0 for i in items])
    shared = np.array([k in groups and plain for k, plain in zip(keys, two_sided, strict=True)])
    item_sd = np.array([e.item if s else e.total for e, s in zip(effects, shared, strict=True)])
    study_sd = np.array([e.study if s else 0.0 for e, s in zip(effects, shared, strict=True)])
    numbers = [_numbers(i, cap) for i in items]
    value, se, k, n, is_count = (np.array(column, dtype=float) for column in zip(*numbers, strict=True))
    return Observations(
        value=value, se=se, k=k, n=n, is_count=is_count > 0,
        bound=np.array([{"": 0.0, "upper": 1.0, "lower": -1.0}[i.bound] for i in items]),
        item_sd=item_sd * scale, shared_sd=study_sd * scale,
        group=np.array([groups.index(key) if s else 0 for key, s in zip(keys, shared, strict=True)]),
        groups=groups,
    )  # fmt: skip


def _is_difference(item: EvidenceItem) -> bool:
    """Whether the item is a difference of levels, whose study effect is in mg/dL."""
    return item.term == "sex_difference" or (item.term == "igm_change_exposed" and item.stat == "difference")


def _numbers(item: EvidenceItem, cap: float) -> tuple[float, float, float, float, float]:
    """Value, SE, k, n (at most `cap`) and whether the item is a count."""
    seen = item.observed
    assert seen is not None
    if seen.scale == "proportion":
        n = min(seen.n, cap)
        k = seen.value * n
        odds = seen.value / (1.0 - seen.value) if 0.0 < seen.value < 1.0 else (k + 0.5) / (n - k + 0.5)
        return float(np.log(odds)), seen.se, k, n, float(item.bound == "")
    if seen.scale == "mg_dl" and not _is_difference(item):
        return float(np.log(seen.value)), seen.se / seen.value, 0.0, 0.0, 0.0
    return seen.value, seen.se, 0.0, 0.0, 0.0
