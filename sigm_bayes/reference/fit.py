"""Fit the reference curves to the published tables and write ``curves.json`` (needs the extra ``[fit]``).

Run as ``python -m sigm_bayes.reference.fit``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.errors import GateError
from sigm_bayes.paths import data_dir
from sigm_bayes.reference.curves import FORMAT, read_curves
from sigm_bayes.reference.graph import build_model
from sigm_bayes.reference.predict import check_tables, write_checks
from sigm_bayes.reference.rows import design_of
from sigm_bayes.reference.tables import Tables, load_tables

ANALYTES = ("IgM", "IgG", "IgA")
R_HAT, ESS, BFMI = 1.01, 400.0, 0.3
TARGET_ACCEPT = 0.95


@dataclass(frozen=True)
class AnalyteFit:
    """Posterior of one analyte.

    Attributes
    ----------
    coef : ndarray, shape (draw, coef)
    scales : mapping of str to ndarray
        Between-source and residual SDs, first axis draw.
    offsets : mapping of str to (float, float)
        Posterior mean offset of each vote group in ln median and in ln SD.
    diagnostics : mapping
    """

    analyte: str
    coef: NDArray[np.float64]
    scales: Mapping[str, NDArray[np.float64]]
    offsets: Mapping[str, tuple[float, float]]
    diagnostics: Mapping[str, Any]


def fit_reference_curves(
    *,
    folder: Path | None = None,
    out: Path | None = None,
    seed: int = 20261122,
    chains: int = 4,
    draws: int = 2000,
    tune: int = 1000,
    cores: int = 2,
    use_recalled: bool = False,
    progress: bool = True,
    release: bool = True,
) -> dict[str, AnalyteFit]:
    """Fit all three analytes and, when every diagnostic passes, write the curves.

    Parameters
    ----------
    folder : Path, optional
        Tables and settings; by default the packaged ``data/reference``.
    out : Path, optional
        Where to write; by default ``curves.json`` in `folder`. ``coverage.csv`` (every printed limit beside
        its predictive interval) goes beside it.
    seed, chains, draws, tune, cores
        Of the sampler (nutpie).
    use_recalled : bool
        Also fit the rows flagged `recalled` (sensitivity run, not for release).
    progress : bool
        Show the sampler's progress.
    release : bool
        False: fit and gate, write nothing.

    Returns
    -------
    dict of str to AnalyteFit

    Raises
    ------
    GateError
        When R-hat, effective sample size, divergences or BFMI miss their thresholds; nothing is written.
    """
    folder = folder or data_dir() / "reference"
    tables = load_tables(folder, use_recalled=use_recalled)
    sampler = {
        "seed": seed,
        "chains": chains,
        "draws": draws,
        "tune": tune,
        "cores": cores,
        "progress_bar": progress,
    }
    fits = {analyte: fit_analyte(tables, analyte, **sampler) for analyte in ANALYTES}
    failures = [f"{name}: {text}" for name, fit in fits.items() for text in fit.diagnostics["failures"]]
    if failures:
        raise GateError("no curves written: " + "; ".join(failures))
    if release:
        document = curves_document(tables, fits, sampler=sampler, use_recalled=use_recalled)
        target = out or folder / "curves.json"
        target.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        write_checks(check_tables(read_curves(target), tables), target.with_name("coverage.csv"))
    return fits


def fit_analyte(tables: Tables, analyte: str, **sampler: Any) -> AnalyteFit:
    """Sample one analyte's model with nutpie; `diagnostics["failures"]` says what misses a threshold."""
    import nutpie

    settings = tables.settings
    published = [item for item in settings["published"] if item["analyte"] == analyte]
    model = build_model(tables.of(analyte), analyte=analyte, settings=settings, published=published)
    compiled = nutpie.compile_pymc_model(model, jitter_rvs={rv for rv in model.free_RVs if rv.name != "z_coef"})
    tree = nutpie.sample(
        compiled,
        draws=sampler["draws"],
        tune=sampler["tune"],
        chains=sampler["chains"],
        cores=sampler["cores"],
        seed=sampler["seed"],
        adaptation="low_rank",  # a curve's level trades off against its sources' offsets
        target_accept=sampler.get("target_accept", TARGET_ACCEPT),
        progress_bar=sampler["progress_bar"],
    )
    diagnostics = diagnose(tree, expected_draws=sampler["draws"])
    posterior = tree["posterior"].dataset.stack(draw_all=("chain", "draw"))

    def take(name: str) -> NDArray[np.float64]:
        return np.asarray(posterior[name].transpose("draw_all", ...).values, dtype=float)

    scales = {name: take(name) for name in ("tau_median", "tau_spread", "sigma_centre", "sigma_half")}
    median, spread = take("offset_median").mean(axis=0), take("offset_spread").mean(axis=0)
    groups = [str(name) for name in posterior["group"].values]
    offsets = {g: (float(m), float(s)) for g, m, s in zip(groups, median, spread, strict=True)}
    return AnalyteFit(analyte, take("coef"), scales, offsets, diagnostics)


def diagnose(tree: Any, *, expected_draws: int) -> dict[str, Any]:
    """R-hat, bulk and tail ESS over all variables, divergences, BFMI; and what failed, in words."""
    import arviz as az

    posterior = tree["posterior"].dataset
    worst: dict[str, tuple[float, str]] = {}
    for label, table, pick in (
        ("r_hat", az.rhat(tree["posterior"]), max),
        ("ess_bulk", az.ess(tree["posterior"], method="bulk"), min),
        ("ess_tail", az.ess(tree["posterior"], method="tail"), min),
    ):
        found = {name: getattr(np, f"nan{pick.__name__}")(table[name].values) for name in posterior.data_vars}
        name = pick(found, key=lambda key: found[key])
        worst[label] = (float(found[name]), str(name))
    stats = tree["sample_stats"].dataset
    energy = np.asarray(stats["energy"].values)
    bfmi = np.mean(np.diff(energy, axis=1) ** 2, axis=1) / np.var(energy, axis=1)
    divergences = int(np.asarray(stats["diverging"].values).sum())
    checks = (
        (worst["r_hat"][0] <= R_HAT, f"R-hat {worst['r_hat'][0]:.4f} of {worst['r_hat'][1]} above {R_HAT}"),
        (
            worst["ess_bulk"][0] >= ESS,
            f"bulk ESS {worst['ess_bulk'][0]:.0f} of {worst['ess_bulk'][1]} below {ESS:g}",
        ),
        (
            worst["ess_tail"][0] >= ESS,
            f"tail ESS {worst['ess_tail'][0]:.0f} of {worst['ess_tail'][1]} below {ESS:g}",
        ),
        (divergences == 0, f"{divergences} divergences: raise target_accept or tune"),
        (float(bfmi.min()) > BFMI, f"BFMI {bfmi.min():.2f} not above {BFMI}"),
        (
            posterior.sizes["draw"] == expected_draws,
            f"{posterior.sizes['draw']} of {expected_draws} draws: run again",
        ),
        (
            all(np.isfinite(posterior[v].values).all() for v in posterior.data_vars),
            "draws that are not finite: run again",
        ),
    )
    return {
        "r_hat_max": round(worst["r_hat"][0], 4),
        "ess_bulk_min": round(worst["ess_bulk"][0]),
        "ess_tail_min": round(worst["ess_tail"][0]),
        "divergences": divergences,
        "bfmi_min": round(float(bfmi.min()), 3),
        "failures": [message for passed, message in checks if not passed],
    }


def curves_document(
    tables: Tables, fits: Mapping[str, AnalyteFit], *, sampler: Mapping[str, Any], use_recalled: bool
) -> dict[str, Any]:
    """What ``curves.json`` holds."""
    design = design_of(tables.settings)
    analytes = {}
    for name, fit in fits.items():
        analytes[name] = {
            "knots_median_years": list(design.knots_median_years),
            "knots_spread_years": list(design.knots_spread_years),
            "names": list(design.names),
            "mean": _rounded(fit.coef.mean(axis=0)),
            "cov": _rounded(np.cov(fit.coef, rowvar=False)),
            "between_source": {
                "median_sd": round(float(fit.scales["tau_median"].mean()), 4),
                "spread_sd": round(float(fit.scales["tau_spread"].mean()), 4),
                "residual_centre_sd": _rounded(fit.scales["sigma_centre"].mean(axis=0), digits=4),
                "residual_half_width_sd": _rounded(fit.scales["sigma_half"].mean(axis=0), digits=4),
                "residual_age_groups": ["1 year and older", "younger than 1 year"],
                "offsets": {group: _rounded(np.array(pair), digits=3) for group, pair in fit.offsets.items()},
            },
        }
    return {
        "format": FORMAT,
        "axis": {
            "transform": "ln(age_years + shift_years)",
            "shift_years": design.shift_years,
            "sex_child_years": design.sex_child_years,
            "sex_adult_years": design.sex_adult_years,
        },
        "coefficients": "ln median (mg/dL) and ln SD of ln level at the knots; sex effects ln(men / women)",
        "analytes": analytes,
        "provenance": {
            "created": datetime.now(UTC).date().isoformat(),
            "tables_sha256": tables.sha256,
            "rows_fitted": {name: len(tables.of(name)) for name in fits},
            "recalled_rows_fitted": use_recalled,
            "published_items_used": [item["item_id"] for item in tables.settings["published"]],
            "versions": {name: version(name) for name in ("numpy", "pymc", "pytensor", "nutpie", "arviz")},
            "sampler": {key: sampler[key] for key in ("seed", "chains", "draws", "tune")},
            "diagnostics": {name: dict(fit.diagnostics) for name, fit in fits.items()},
        },
    }


def _rounded(values: NDArray[np.float64], *, digits: int = 12) -> Any:
    return np.round(values, digits).tolist()


def main() -> int:
    """Refit with the packaged tables and report the diagnostics on standard error."""
    fits = fit_reference_curves(progress=sys.stderr.isatty())
    for name, fit in fits.items():
        sys.stderr.write(f"{name}: {json.dumps(dict(fit.diagnostics))}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
