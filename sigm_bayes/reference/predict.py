"""What the curves predict for a printed limit of a new source: offset and residual redrawn (NumPy only)."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.reference.bands import band_nodes, mixture_quantile
from sigm_bayes.reference.curves import AnalyteCurve, Curves
from sigm_bayes.reference.tables import TableRow, Tables

FloatArray = NDArray[np.float64]
LEVEL = 0.9
COLUMNS = (
    "row",
    "source_id",
    "analyte",
    "sex",
    "age_from_years",
    "age_to_years",
    "statistic",
    "limit",
    "printed_mg_dl",
)
SEX = {1.0: "male", 0.0: "female", 0.5: "any"}


@dataclass(frozen=True)
class LimitCheck:
    """One printed limit beside its predictive interval (mg/dL)."""

    row: TableRow
    side: str
    printed: float
    lower: float
    centre: float
    upper: float

    @property
    def inside(self) -> bool:
        """Whether the printed limit lies in its predictive interval."""
        return self.lower <= self.printed <= self.upper


def check_limits(
    curve: AnalyteCurve, rows: Sequence[TableRow], *, settings: dict[str, Any], draws: int = 400, seed: int
) -> tuple[LimitCheck, ...]:
    """Predict every exact limit of `rows` as if it came from a new source.

    Parameters
    ----------
    curve : AnalyteCurve
    rows : sequence of TableRow
        Rows of that analyte.
    settings : dict
        ``settings.toml``.
    draws : int
        Predictive draws.
    seed : int

    Returns
    -------
    tuple of LimitCheck
        With the central 90% predictive interval. Members of a family are not widened: each is one source.
    """
    rng = np.random.default_rng(seed)
    nodes = band_nodes(
        [row.age_from_years for row in rows],
        [row.age_to_years for row in rows],
        nodes=settings["bands"]["nodes"],
    )
    at_median, at_spread = curve.design_rows(nodes.ages_years, np.array([row.male for row in rows])[:, None])
    coef, scales = curve.draws(draws, seed=seed), curve.between_source
    shape = (draws, len(rows))
    sources = sorted({row.source_id for row in rows})
    source = np.array([sources.index(row.source_id) for row in rows])
    offset = rng.normal(0.0, scales["median_sd"], (draws, len(sources)))[:, source]
    widening = rng.normal(0.0, scales["spread_sd"], (draws, len(sources)))[:, source]
    mu = np.einsum("rnc,dc->drn", at_median, coef) + offset[..., None]
    sd = np.exp(np.einsum("rnc,dc->drn", at_spread, coef) + widening[..., None])
    middle = np.array([(row.age_from_years + row.age_to_years) / 2.0 for row in rows])
    infant = (middle < settings["bands"]["infant_below_years"]).astype(int)
    centre = np.array(scales["residual_centre_sd"])[infant]
    half = np.array(scales["residual_half_width_sd"])[infant]
    nu = settings["residual"]["student_nu"]
    shift, stretch = centre * rng.standard_t(nu, shape), half * rng.standard_t(nu, shape)
    steps, weights = settings["bands"]["newton_steps"], nodes.weights
    extreme = np.array([row.statistic == "minmax" for row in rows])
    z = np.array([0.0 if row.statistic == "minmax" else row.z for row in rows])
    people = _people(rows, shape, settings=settings, rng=rng)
    smallest, largest = _extreme_deviates(mu, sd, weights, people, rng=rng)
    found: list[LimitCheck] = []
    for side, sign, order in (("low", -1.0, smallest), ("high", 1.0, largest)):
        limit = mixture_quantile(mu, sd, weights, sign * np.maximum(z, 1e-6), steps=steps) + sign * stretch
        predicted = np.exp(np.where(extreme, order, limit) + shift)
        quantiles = np.quantile(predicted, [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2], axis=0)
        for i, row in enumerate(rows):
            if getattr(row, f"{side}_as") == "exact":
                lower, central, upper = (float(q) for q in quantiles[:, i])
                found.append(LimitCheck(row, side, getattr(row, f"{side}_mg_dl"), lower, central, upper))
    return tuple(found)


def _people(
    rows: Sequence[TableRow], shape: tuple[int, int], *, settings: dict[str, Any], rng: np.random.Generator
) -> FloatArray:
    """People in each band, a draw of the unknown factor where n is a guess; shape (draw, row)."""
    residual = settings["residual"]
    scale = {"printed": 0.0, "implied": residual["n_ln_sd_implied"], "unknown": residual["n_ln_sd_unknown"]}
    ln_sd = np.array([scale[row.n_source] for row in rows])
    n = np.array([row.n or 2.0 for row in rows])
    return np.maximum(2.0, n * np.exp(ln_sd * rng.standard_normal((shape[0], 1))))


def _extreme_deviates(
    mu: FloatArray, sd: FloatArray, weights: FloatArray, people: FloatArray, *, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Draw a minimum and a maximum of ln level among n people of the band, shape (draw, row) each."""
    smallest, largest = np.full(people.shape, np.inf), np.full(people.shape, -np.inf)
    for person in range(int(people.max())):
        node = rng.choice(weights.size, size=people.shape, p=weights / weights.sum())
        at = node[..., None]
        level = np.take_along_axis(mu, at, -1)[..., 0]
        level = level + np.take_along_axis(sd, at, -1)[..., 0] * rng.standard_normal(people.shape)
        here = person < people
        smallest = np.where(here, np.minimum(smallest, level), smallest)
        largest = np.where(here, np.maximum(largest, level), largest)
    return smallest, largest


def check_tables(curves: Curves, tables: Tables, *, draws: int = 400, seed: int = 20261122) -> tuple[LimitCheck, ...]:
    """Check every fitted exact limit of every analyte."""
    return tuple(
        check
        for name, curve in curves.analyte.items()
        for check in check_limits(curve, tables.of(name), settings=tables.settings, draws=draws, seed=seed)
    )


def write_checks(checks: Sequence[LimitCheck], path: Path) -> None:
    """Write the checks as CSV, a limit a line."""
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow([*COLUMNS, "predicted_5_mg_dl", "predicted_50_mg_dl", "predicted_95_mg_dl", "inside_90"])
        for c in checks:
            r = c.row
            place = [
                r.number,
                r.source_id,
                r.analyte,
                SEX[r.male],
                f"{r.age_from_years:g}",
                f"{r.age_to_years:g}",
            ]
            numbers = [f"{value:.4g}" for value in (c.lower, c.centre, c.upper)]
            writer.writerow([*place, r.statistic, c.side, f"{c.printed:g}", *numbers, int(c.inside)])
