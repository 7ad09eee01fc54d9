"""Where a person stands on the age curves of IgM, IgG and IgA."""

from __future__ import annotations

import numpy as np

from sigm_bayes.likelihood import person
from sigm_bayes.likelihood.case import CurveRow
from sigm_bayes.likelihood.namespace import NUMPY
from sigm_bayes.patient import Patient, Sample
from sigm_bayes.query.summary import band
from sigm_bayes.query.weighing import Weighing

NAMES = (("igm", "curve_igm"), ("igg", "curve_igg"), ("iga", "curve_iga"))
Z = 1.959963984540054


def positions(patient: Patient, weighing: Weighing) -> dict[str, object]:
    """The `position` block: median, limits and centile (percent) of each class that was measured.

    `limits_from` says whose they are: of the laboratory's own interval where it was given, else of the curve for age.
    """
    out: dict[str, object] = {}
    for n, (name, parameter) in enumerate(NAMES):
        samples: tuple[Sample, ...] = getattr(patient, name)
        factor = weighing.p["log_spread_factor"] if name == "igm" else np.zeros(len(weighing.p["log_spread_factor"]))
        row = weighing.case.curves[n]
        out[name] = _position(samples[0], weighing.p[parameter], row, factor) if samples else None
    return out


def _position(sample: Sample, coefficients: np.ndarray, row: CurveRow, factor: np.ndarray) -> dict[str, object]:
    median, spread = person.curve(NUMPY, coefficients, row, factor)
    limits = median.mean() - Z * spread.mean(), median.mean() + Z * spread.mean()
    if row.own_ln_median is not None and row.own_ln_sd is not None:  # as they were entered
        limits = row.own_ln_median - Z * row.own_ln_sd, row.own_ln_median + Z * row.own_ln_sd
    value = _level(sample)
    centile = 100.0 * np.exp(NUMPY.log_ndtr((np.log(value) - median) / spread))
    centiles = band(centile)
    return {
        "value_text": sample.text,
        "value_mg_dl": sample.value_mg_dl,
        "median_mg_dl": float(np.exp(median.mean())),
        "low_limit_mg_dl": float(np.exp(limits[0])),
        "limits_from": "age_curve" if row.own_ln_median is None else "laboratory",
        "high_limit_mg_dl": float(np.exp(limits[1])),
        "centile": centiles["mean"],
        "centile_lower": centiles["lower"],
        "centile_upper": centiles["upper"],
        "lower_than_percent": 100.0 - centiles["mean"],
    }


def _level(sample: Sample) -> float:
    """The printed value; for a censored one the bound."""
    return max(sample.value_mg_dl, 0.02)


def state_of(patient: Patient, weighing: Weighing, name: str) -> str:
    """low, normal, high or unknown: IgG or IgA against the limits of age (or the laboratory's own)."""
    samples: tuple[Sample, ...] = getattr(patient, name)
    if not samples:
        return getattr(patient, f"{name}_status") or "unknown"
    n = [key for key, _ in NAMES].index(name)
    place = _position(samples[0], weighing.p[NAMES[n][1]], weighing.case.curves[n], np.zeros(1))
    low, high = place["low_limit_mg_dl"], place["high_limit_mg_dl"]
    assert isinstance(low, float) and isinstance(high, float)
    sample = samples[0]
    if sample.high_mg_dl <= low:
        return "low"
    return "high" if sample.low_mg_dl > high else "normal"
