"""Which results look as if in another unit than stated, judged over all analytes of one blood draw together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.registry.issues import BoolArray, IntArray

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue
    from sigm_bayes.reference.curves import Curves
    from sigm_bayes.registry.measurements import Measurements

FloatArray = NDArray[np.float64]
ANALYTES = ("IgM", "IgG", "IgA")
NEVER = -60.0
"""Log density of a result that the catalogue says cannot be believed."""


@dataclass(frozen=True)
class Rules:
    """Choices of the unit check.

    Attributes
    ----------
    factors : tuple of float
        By what a result would have to be multiplied; the first is 1 (as stated).  Ten times too small is not among
        them: no usual pair of units does that, and a person with low IgM, IgG and IgA would look like it.
    start : tuple of float
        Shares of draws in that unit before the data are seen, for draws with several analytes.
    single : float
        Chance that one result of a draw alone is 100 times off.
    abnormal : float
        Share of results that belong to no healthy person: they follow a broad log-normal.
    broad_mean, broad_sd : tuple of float
        Of that log-normal for IgM, IgG, IgA, on the scale ln(level / median).
    limit_mean_mg_dl, limit_sd : tuple of float, float
        Where limits of quantification (``<20``) are: median for IgM, IgG, IgA, and SD of ln.
    extra_sd : float
        Added to the healthy spread: assays differ.
    suspect_above : float
        Probability above which a result is suspected.
    """

    factors: tuple[float, ...] = (1.0, 100.0, 0.01, 0.1, 0.001)
    start: tuple[float, ...] = (0.976, 0.01, 0.01, 0.002, 0.002)
    single: float = 0.001
    abnormal: float = 0.15
    broad_mean: tuple[float, float, float] = (-0.5, -0.3, -0.5)
    broad_sd: tuple[float, float, float] = (1.5, 1.0, 1.5)
    limit_mean_mg_dl: tuple[float, float, float] = (20.0, 100.0, 15.0)
    limit_sd: float = 1.0
    extra_sd: float = 0.15
    suspect_above: float = 0.5


def suspected_factor(
    found: Measurements,
    group: IntArray,
    *,
    age_years: FloatArray,
    male: FloatArray,
    catalogue: Catalogue,
    curves: Curves,
    rules: Rules | None = None,
) -> FloatArray:
    """Return by what each result would have to be multiplied to look right; 1 where it looks right as stated.

    A mixture over units: all results of a draw are in the same other unit, or one of them is 100 times off.
    The share of each unit is estimated from the table itself, from draws with two analytes or more only,
    because a registry of low IgM would otherwise look like a registry in another unit.

    Parameters
    ----------
    found : Measurements
    group : ndarray of int, shape (sample,)
        Which results are of one draw: 0, 1, ...
    age_years, male : ndarray, shape (sample,)
        Age (NaN: 40 years is assumed) and 1 male, 0 female, 0.5 not known.
    catalogue : Catalogue
        Results that can be believed.
    curves : Curves
        Reference curves.
    rules : Rules, optional
    """
    rules = rules or Rules()
    if not found.value.size:
        return np.ones(0)
    median, sd = _reference(found.analyte, age_years, male, curves)
    density = np.stack([_log_density(found, f, median, sd, catalogue, rules) for f in rules.factors], axis=1)
    groups = int(group.max()) + 1
    size = np.bincount(group, minlength=groups)
    together = np.stack(
        [np.bincount(group, weights=density[:, i], minlength=groups) for i in range(len(rules.factors))], axis=1
    )
    together[size == 1, 3] = NEVER * 10  # ten times off is never said of a single result
    share = _shares(together[size > 1], np.log(rules.start), floor=np.array(rules.start) / 10)
    whole = together + share  # (draw, factor)
    alone = together[group, :1] - density[:, :1] + density[:, 1:3] + np.log(rules.single)  # (sample, 2)
    alone = np.where((size[group] > 1)[:, None], alone, -np.inf)
    top = whole.max(axis=1)
    np.maximum.at(top, group, alone.max(axis=1))
    own = np.exp(alone - top[group][:, None])
    every = np.bincount(group, weights=own.sum(axis=1), minlength=groups)[group]
    weights = np.exp(whole - top[:, None])[group]
    weights[:, 0] += np.maximum(every - own.sum(axis=1), 0.0)  # another result of the draw is off, this one is not
    weights[:, 1:3] += own
    best = weights.argmax(axis=1)
    sure = 1.0 - weights[:, 0] / weights.sum(axis=1) > rules.suspect_above
    best = np.where(sure, weights[:, 1:].argmax(axis=1) + 1, best)
    return np.where(sure, np.array(rules.factors)[best], 1.0)


def _reference(
    analyte: NDArray[np.int8], age_years: FloatArray, male: FloatArray, curves: Curves
) -> tuple[FloatArray, FloatArray]:
    """Return ln median and SD of every result's person, evaluated once per twentieth of a year and sex."""
    age = np.round(np.clip(np.nan_to_num(age_years, nan=40.0), 0.0, 100.0) * 20).astype(np.int64)
    key = age * 3 + np.round(male * 2).astype(np.int64)
    distinct, place = np.unique(key, return_inverse=True)
    ages, sexes = distinct // 3 / 20, distinct % 3 / 2
    median = np.stack([curves[name].ln_median(ages, sexes) for name in ANALYTES])
    sd = np.stack([curves[name].sd(ages, sexes) for name in ANALYTES])
    return median[analyte, place], sd[analyte, place]


def _log_density(
    found: Measurements, factor: float, median: FloatArray, sd: FloatArray, catalogue: Catalogue, rules: Rules
) -> FloatArray:
    """Return the log density of ln(result) if it is to be multiplied by `factor`, shape (sample,)."""
    level = found.value * factor
    with np.errstate(divide="ignore"):
        ln_level = np.where(level > 0, np.log(level), NEVER)
    t = ln_level - median
    healthy = np.log1p(-rules.abnormal) + _normal(t, 0.0, np.hypot(sd, rules.extra_sd))
    broad_mean, broad_sd = np.array(rules.broad_mean)[found.analyte], np.array(rules.broad_sd)[found.analyte]
    broad = np.log(rules.abnormal) + _normal(t, broad_mean, broad_sd)
    limit = _normal(ln_level, np.log(rules.limit_mean_mg_dl)[found.analyte], np.full(t.size, rules.limit_sd))
    below = (found.comparator == 1) | (found.comparator == 2)
    out = np.where(below, limit, np.logaddexp(healthy, broad))
    return np.where(believed(found, catalogue, factor=factor), np.maximum(out, NEVER), NEVER)


def _normal(x: FloatArray, mean: FloatArray | float, sd: FloatArray) -> FloatArray:
    return -0.5 * ((x - mean) / sd) ** 2 - np.log(sd) - 0.9189385332046727


def believed(found: Measurements, catalogue: Catalogue, *, factor: float = 1.0) -> BoolArray:
    """Return which results lie in the range of the catalogue once multiplied by `factor`, shape (sample,)."""
    rows = [catalogue.analyte(name) for name in ANALYTES]
    below = (found.comparator == 1) | (found.comparator == 2)
    lowest = np.where(
        below,
        np.array([row.lowest_limit_mg_dl for row in rows])[found.analyte],
        np.array([row.lowest_mg_dl for row in rows])[found.analyte],
    )
    level = np.round(found.value * factor, 9)
    return np.asarray((level >= lowest) & (level <= np.array([row.highest_mg_dl for row in rows])[found.analyte]))


def _shares(together: FloatArray, start: FloatArray, *, floor: FloatArray) -> FloatArray:
    """Return the log shares of the units by expectation-maximisation, never below `floor`; shape (factor,)."""
    share = start
    if not together.shape[0]:
        return share
    for _ in range(15):
        weight = together + share
        weight = np.exp(weight - weight.max(axis=1, keepdims=True))
        found = (weight / weight.sum(axis=1, keepdims=True)).mean(axis=0)
        share = np.log(np.maximum(found, floor))
    return share
