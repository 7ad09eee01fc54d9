"""Each published number beside what the fitted model predicts for a new study like it.

The study effect is redrawn from its prior SD, never taken from the posterior: with the fitted effect every item
would lie in its interval and coverage would say nothing. The sampling noise of the study's own size is added.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sigm_bayes.evidence import EvidenceItem
from sigm_bayes.evidence.vocabulary import NO_CAUSE
from sigm_bayes.model.terms import Observations

LEVEL = 0.90
"""Of the predictive intervals; equal-tailed."""

COLUMNS = (
    "item_id", "study_id", "role", "term", "subject", "unit", "published", "predicted_median", "predicted_lower",
    "predicted_upper", "inside", "recalled", "n", "study_effect_sd",
)  # fmt: skip


@dataclass(frozen=True)
class FitRow:
    """One item of the evidence and its prediction, on the natural scale.

    Attributes
    ----------
    item : EvidenceItem
    subject : str
        What the number is about: cause, findings, test or threshold.
    unit : str
        %, mg/dL, fraction, ratio, or per 1,000 person-years.
    published : float
    median, low, high : float
        Of the posterior predictive distribution; `low` and `high` are the ends of the 90% interval.
    inside : bool
        Fitted item: the published number lies in the interval. Bound: the interval reaches the allowed side of it.
    effect_sd : float
        SD of the redrawn study effect on the scale of the term.
    """

    item: EvidenceItem
    subject: str
    unit: str
    published: float
    median: float
    low: float
    high: float
    inside: bool
    effect_sd: float

    @property
    def two_sided(self) -> bool:
        """Whether the item counts for coverage."""
        return self.item.bound == ""


def predictive(items: Sequence[EvidenceItem], seen: Observations, expected: np.ndarray, *, seed: int) -> np.ndarray:
    """Draw what new studies of the same kind and size would have published.

    Parameters
    ----------
    items
        In the order of `expected`.
    seen
        Their observations.
    expected : ndarray, shape (draw, item)
        Posterior draws of the expected values, on the scale of the terms.
    seed
        Of study effects and sampling noise.

    Returns
    -------
    ndarray, shape (draw, item)
        On the natural scale: proportions in [0, 1], mg/dL, ratios, rates per person-year.
    """
    rng = np.random.default_rng(seed)
    centre = expected + seen.total_sd * rng.standard_normal(expected.shape)
    out = np.empty_like(centre)
    for j, item in enumerate(items):
        out[:, j] = _noisy(item, seen, j, centre[:, j], rng)
    return out


def _noisy(item: EvidenceItem, seen: Observations, j: int, centre: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    assert item.observed is not None
    if item.observed.scale == "proportion":
        n = max(1, round(item.observed.n))
        return rng.binomial(n, 1.0 / (1.0 + np.exp(-centre))) / n
    return _natural(item)(centre + seen.se[j] * rng.standard_normal(centre.shape))


def _natural(item: EvidenceItem) -> Callable[[np.ndarray], np.ndarray]:
    """From the scale of the term (not a proportion) to that of the printed number."""
    assert item.observed is not None
    on_ln = item.observed.scale in ("ln_ratio", "ln_rate") or (
        item.observed.scale == "mg_dl" and item.stat in ("mean", "sd", "median")
    )
    return np.exp if on_ln else np.asarray


def published_value(item: EvidenceItem) -> float:
    """Published number on the natural scale (see `predictive`)."""
    assert item.observed is not None
    value = item.observed.value
    return float(np.exp(value)) if item.observed.scale in ("ln_ratio", "ln_rate") else value


UNITS = {
    "proportion": ("%", 100.0),
    "mg_dl": ("mg/dL", 1.0),
    "fraction": ("% of baseline", 100.0),
    "ln_ratio": ("ratio", 1.0),
    "ln_rate": ("per 1,000 person-years", 1000.0),
}
"""Scale of the observation -> unit of the table and factor to it."""


def subject_of(item: EvidenceItem) -> str:
    """What the number is about, in a few words."""
    cause = "no exposure" if item.cause == NO_CAUSE else " or ".join(item.causes)
    parts = [cause, " or ".join(item.findings), item.test]
    if item.stat and item.stat not in ("", "rate_per_10000_per_year", "rate_per_100py", "share"):
        parts.append(item.stat)
    if item.threshold_mg_dl is not None:
        parts.append(f"IgM {'above' if item.stat == 'above' else 'below'} {item.threshold_mg_dl:g}")
    return ", ".join(part for part in parts if part).replace("_", " ")


def evidence_fit(
    items: Sequence[EvidenceItem], seen: Observations, expected: np.ndarray, *, seed: int
) -> tuple[FitRow, ...]:
    """Put every used item beside its prediction; the arguments are those of `predictive`."""
    drawn = predictive(items, seen, expected, seed=seed)
    tail = (1.0 - LEVEL) / 2.0
    quantiles = np.quantile(drawn, [tail, 0.5, 1.0 - tail], axis=0)
    rows = []
    for j, item in enumerate(items):
        assert item.observed is not None
        unit, factor = UNITS[item.observed.scale]
        low, median, high = quantiles[:, j]
        published = published_value(item)
        inside = {
            "": bool(low <= published <= high),
            "upper": bool(low <= published),
            "lower": bool(published <= high),
        }[item.bound]
        rows.append(
            FitRow(
                item=item, subject=subject_of(item), unit=unit, published=published * factor,
                median=float(median) * factor, low=float(low) * factor, high=float(high) * factor,
                inside=inside, effect_sd=float(seen.total_sd[j]),
            )
        )  # fmt: skip
    return tuple(rows)


def coverage(rows: Sequence[FitRow]) -> tuple[int, int]:
    """Fitted items inside their interval, and all fitted items (bounds do not count)."""
    fitted = [row for row in rows if row.two_sided]
    return sum(row.inside for row in fitted), len(fitted)


@dataclass(frozen=True)
class Disagreement:
    """Items about the same quantity whose published numbers cannot both be right by chance alone.

    Attributes
    ----------
    rows : tuple of FitRow
        All items of the group, from the lowest to the highest published number relative to the model.
    spread : float
        Distance between the two extremes that is left when each has its 90% sampling interval and the model has
        accounted for differences of definition; on the scale of the term (logit or ln).
    """

    rows: tuple[FitRow, ...]
    spread: float


def disagreements(rows: Sequence[FitRow], seen: Observations, expected: np.ndarray) -> tuple[Disagreement, ...]:
    """Groups of fitted items on one quantity that do not overlap, the widest first.

    Items are compared as residuals from the model's median, so that a different threshold, age or setting is no
    disagreement; their intervals hold sampling noise only, no study effect.

    Parameters
    ----------
    rows
        From `evidence_fit`, in the order of `seen` and `expected`.
    """
    residual = seen.value - np.median(expected, axis=0)
    half = 1.6448536269514722 * np.array([row.item.observed.se if row.item.observed else np.nan for row in rows])
    logged = np.array([_natural(row.item) is np.exp and row.unit == "mg/dL" for row in rows])
    half = np.where(logged, 1.6448536269514722 * seen.se, half)
    groups: dict[tuple[str, ...], list[int]] = {}
    for j, row in enumerate(rows):
        if row.two_sided:
            i = row.item
            groups.setdefault((i.term, i.cause, ";".join(i.findings), i.test, i.stat), []).append(j)
    found = []
    for members in groups.values():
        members.sort(key=lambda j: float(residual[j]))
        gap = max(residual[j] - half[j] for j in members) - min(residual[j] + half[j] for j in members)
        if len(members) > 1 and gap > 0.0:
            found.append(Disagreement(tuple(rows[j] for j in members), float(gap)))
    return tuple(sorted(found, key=lambda d: -d.spread))


def write_csv(rows: Sequence[FitRow], path: Path) -> None:
    """Write ``evidence_fit.csv``: one row an item, four significant digits."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in rows:
            item = row.item
            role = item.role if item.bound == "" else f"bound ({item.bound})"
            numbers = (row.published, row.median, row.low, row.high)
            seen = item.observed
            n = "" if seen is None or np.isnan(seen.n) else f"{seen.n:.6g}"
            writer.writerow(
                (
                    item.item_id, item.study_id, role, item.term, row.subject, row.unit,
                    *(f"{value:.4g}" for value in numbers), "yes" if row.inside else "no",
                    "yes" if item.flag == "recalled" else "no", n, f"{row.effect_sd:.3g}",
                )
            )  # fmt: skip
