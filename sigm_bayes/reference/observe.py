"""How printed numbers enter the graph: limits, extremes, moments, and published items beside the tables.

A central range is observed as its centre (mean of the two ln limits) and its half-width, a minimum and a
maximum as order statistics, a geometric mean and an SD by their sampling errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.reference import normal
from sigm_bayes.reference import order_statistics as extremes
from sigm_bayes.reference.bands import band_nodes, mixture_cdf, mixture_moments, mixture_quantile
from sigm_bayes.reference.design import Design
from sigm_bayes.reference.rows import RowArrays
from sigm_bayes.reference.tables import TableRow

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Parts:
    """What the observation terms share; `mu` and `sd` of ln level are (row, node)."""

    pm: Any
    pt: Any
    ops: Any
    data: RowArrays
    settings: dict[str, Any]
    mu: Any
    sd: Any
    sigma_centre: Any
    sigma_half: Any

    def rounding(self, at: NDArray[np.int64], levels: FloatArray) -> FloatArray:
        """SD of ln level that rounding to the printed resolution adds."""
        step = np.array([self.data.rows[i].resolution_mg_dl for i in at])
        return np.asarray(step / levels / np.sqrt(12.0))

    def quantile(self, at: NDArray[np.int64], z: FloatArray) -> Any:
        """ln limit of the rows `at` at the deviates `z`."""
        steps = self.settings["bands"]["newton_steps"]
        weights = self.data.nodes.weights
        return mixture_quantile(self.mu[at], self.sd[at], weights, z, steps=steps, ops=self.ops)


def observe_limits(p: Parts) -> None:
    """Central ranges: centre and half-width where both limits are printed, else the one limit, or a bound."""
    nu = p.settings["residual"]["student_nu"]
    central = p.data.where(lambda r: r.statistic != "minmax")
    rows = [p.data.rows[i] for i in central]
    z = np.array([row.z for row in rows])
    quantiles = p.quantile(np.tile(central, 2), np.concatenate([-z, z]))
    expected = {"low": quantiles[: z.size], "high": quantiles[z.size :]}
    seen = {side: np.array([getattr(row, f"{side}_mg_dl") or np.nan for row in rows], dtype=float) for side in expected}
    rounding = {side: p.rounding(central, seen[side]) for side in expected}
    centre, half = (
        sigma[p.data.infant[central]] * p.data.inflation[central] for sigma in (p.sigma_centre, p.sigma_half)
    )

    def rows_where(low: str, high: str) -> NDArray[np.int64]:
        return np.flatnonzero([(not low or r.low_as == low) and (not high or r.high_as == high) for r in rows])

    k = rows_where("exact", "exact")
    low, high = np.log(seen["low"][k]), np.log(seen["high"][k])
    shared = np.hypot(rounding["low"][k], rounding["high"][k]) / 2.0
    q_low, q_high = expected["low"][k], expected["high"][k]
    scale = p.pt.sqrt(centre[k] ** 2 + shared**2)
    p.pm.StudentT("centre", nu=nu, mu=(q_low + q_high) / 2.0, sigma=scale, observed=(low + high) / 2.0)
    scale = p.pt.sqrt(half[k] ** 2 + shared**2)
    p.pm.StudentT("half_width", nu=nu, mu=(q_high - q_low) / 2.0, sigma=scale, observed=(high - low) / 2.0)
    alone = {
        "low": np.setdiff1d(rows_where("exact", ""), k),
        "high": np.setdiff1d(rows_where("", "exact"), k),
    }
    bounds = {"low": np.array([], dtype=int), "high": rows_where("", "lower_bound")}
    for side in expected:
        for name, at in (("limit", alone[side]), ("bound", bounds[side])):
            if not at.size:
                continue
            scale = p.pt.sqrt(centre[at] ** 2 + half[at] ** 2 + rounding[side][at] ** 2)
            ln_seen = np.log(seen[side][at])
            if name == "limit":
                p.pm.StudentT(f"{side}_limit", nu=nu, mu=expected[side][at], sigma=scale, observed=ln_seen)
            else:
                share = normal.cdf((expected[side][at] - ln_seen) / scale, ops=p.ops)
                p.pm.Potential(f"{side}_bound", p.pt.log(share + 1e-12).sum())


def observe_extremes(p: Parts) -> None:
    """Minima, maxima, geometric means and SDs of n people; the band's centre has a residual of its own."""
    at = p.data.where(lambda r: r.statistic == "minmax")
    if not at.size:
        return
    pm, pt, data = p.pm, p.pt, p.data
    rows = [data.rows[i] for i in at]
    residual = pm.Normal("z_band", shape=at.size) * p.sigma_centre[data.infant[at]] * data.inflation[at]
    mu, sd, weights = p.mu[at] + residual[:, None], p.sd[at], data.nodes.weights
    n = _band_sizes(p, rows, data.table[at])
    limits = np.log(np.array([[row.low_mg_dl, row.high_mg_dl] for row in rows], dtype=float))
    both, log_density = mixture_cdf(pt.constant(limits.T), mu, sd, weights, ops=p.ops)
    cdf_low, cdf_high = both[0], both[1]
    density_low, density_high = log_density[0], log_density[1]
    kinds = {
        "min_max": [r.low_as == "exact" for r in rows],
        "floor_max": [r.low_as == "floor" and r.high_as == "exact" for r in rows],
        "all_floor": [r.low_as == "floor" and r.high_as == "floor" for r in rows],
    }
    for name, mask in kinds.items():
        k = np.flatnonzero(mask)
        if not k.size:
            continue
        if name == "min_max":
            between = cdf_high[k] - cdf_low[k]
            value = extremes.log_min_max(
                log_density_min=density_low[k],
                log_density_max=density_high[k],
                mass_between=between,
                n=n[k],
                ops=p.ops,
            )
        elif name == "floor_max":
            value = extremes.log_floor_max(
                log_density_max=density_high[k], cdf_max=cdf_high[k], cdf_floor=cdf_low[k], n=n[k], ops=p.ops
            )
        else:
            value = extremes.log_all_below(cdf_max=cdf_high[k], n=n[k], ops=p.ops)
        pm.Potential(name, value.sum())
    _observe_moments(p, rows, *mixture_moments(mu, sd, weights, ops=p.ops), n)


def _band_sizes(p: Parts, rows: Sequence[TableRow], table: NDArray[np.int64]) -> Any:
    """People in each band: as printed, or a guess times a factor shared by the table."""
    scale = {"printed": 0.0, "implied": "n_ln_sd_implied", "unknown": "n_ln_sd_unknown"}
    residual = p.settings["residual"]
    ln_sd = np.zeros(len(p.data.tables))
    for row, index in zip(rows, table, strict=True):
        key = scale[row.n_source]
        ln_sd[index] = residual[key] if isinstance(key, str) else 0.0
    factor = p.pt.exp(p.pm.Normal("z_n", shape=len(p.data.tables)) * ln_sd)
    return np.array([row.n for row in rows], dtype=float) * factor[table]


def _observe_moments(p: Parts, rows: Sequence[TableRow], mean: Any, spread: Any, n: Any) -> None:
    """Geometric means, and arithmetic SDs turned into SDs of ln level."""
    centre = [i for i, row in enumerate(rows) if row.centre_mg_dl is not None]
    seen = np.array([np.log(row.centre_mg_dl) for row in rows if row.centre_mg_dl is not None])
    p.pm.Normal("geometric_mean", mu=mean[centre], sigma=spread[centre] / p.pt.sqrt(n[centre]), observed=seen)
    both = [i for i in centre if rows[i].sd_mg_dl is not None]
    ratio = np.array([(rows[i].sd_mg_dl or 0.0) / (rows[i].centre_mg_dl or 1.0) for i in both])
    ln_sd, variance = log_normal_sd(ratio)
    factor = p.settings["residual"]["sd_variance_factor"]
    scale = p.pt.sqrt(factor * variance / n[both])
    p.pm.Normal("sd", mu=p.pt.log(spread[both]), sigma=scale, observed=ln_sd)


def log_normal_sd(ratio: FloatArray) -> tuple[FloatArray, FloatArray]:
    """SD of ln level from (arithmetic SD / geometric mean) of a log-normal, and n times its variance.

    Parameters
    ----------
    ratio : ndarray, shape (row,)
        Arithmetic SD / geometric mean = sqrt(w (w - 1)) with w = exp(s^2).

    Returns
    -------
    ln_s, variance : ndarray, shape (row,)
        ln of the SD s of ln level; n times the large-sample variance of ln(arithmetic SD), which is
        (kurtosis - 1) / 4.
    """
    w = (1.0 + np.sqrt(1.0 + 4.0 * ratio**2)) / 2.0
    kurtosis = w**4 + 2.0 * w**3 + 3.0 * w**2 - 3.0
    return np.log(np.sqrt(np.log(w))), (kurtosis - 1.0) / 4.0


def observe_published(p: Parts, design: Design, coef: Any, tau_median: Any, item: dict[str, Any]) -> None:
    """One published number beside the tables: a quantile at an age, or men minus women."""
    pm, pt, name = p.pm, p.pt, item["item_id"]
    nodes = band_nodes([item["age_from_years"]], [item["age_to_years"]], nodes=p.settings["bands"]["nodes"])
    if item["kind"] == "quantile":
        rows_median, rows_spread = design.rows(nodes.ages_years[0], 0.5)
        mu, sd = pt.dot(rows_median, coef), pt.exp(pt.dot(rows_spread, coef))
        mean, spread = (weighted[0] for weighted in mixture_moments(mu[None, :], sd[None, :], nodes.weights, ops=p.ops))
        expected = mean + float(normal.quantile(item["probability"])) * spread
        scale = pt.sqrt(tau_median**2 + p.sigma_centre[0] ** 2)
        pm.Normal(name, mu=expected, sigma=scale, observed=np.log(item["value_mg_dl"]))
    elif item["kind"] == "mean_difference_men_minus_women":
        means = []
        for male in (1.0, 0.0):
            rows_median, rows_spread = design.rows(nodes.ages_years[0], male)
            sd = pt.exp(pt.dot(rows_spread, coef))
            means.append((nodes.weights * pt.exp(pt.dot(rows_median, coef) + sd**2 / 2.0)).sum())
        scale = (item["high_mg_dl"] - item["low_mg_dl"]) / (2.0 * 1.959963984540054)
        pm.Normal(name, mu=means[0] - means[1], sigma=scale, observed=item["value_mg_dl"])
    else:
        raise ValueError(f"{name}: kind {item['kind']!r} is not quantile or mean_difference_men_minus_women")
