"""The figures of one answer, drawn from the answer document, the patient and the model's curves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from sigm_bayes.patient import Patient, Sample
from sigm_bayes.plots.age_chart import AgeChart, Result, age_chart
from sigm_bayes.plots.icon_array import icon_array
from sigm_bayes.plots.ledger_bars import ledger_bars
from sigm_bayes.plots.prevalence_curve import PrevalenceCurve, prevalence_curve
from sigm_bayes.query import Model
from sigm_bayes.query.encode import MALE
from sigm_bayes.reference.curves import Z95
from sigm_bayes.report.numbers import limit_of, one_decimal
from sigm_bayes.report.wording import CLASS_LABELS, LIMIT_NAMES, peers

AGES = np.geomspace(0.5, 100.0, 80)
_PEERS = {"female": "healthy women and girls", "male": "healthy men and boys", "unknown": "healthy people"}


@dataclass(frozen=True)
class Curve:
    """Median and limits of IgM by age, mg/dL, over `AGES`."""

    median: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class Figures:
    """Draws the figures for one model; the curves are worked out once a sex.

    Attributes
    ----------
    model : Model
    """

    model: Model

    @cached_property
    def _curves(self) -> dict[str, Curve]:
        p = self.model.parameters
        out = {}
        for sex, male in MALE.items():
            rows = self.model.encoder.curves["IgM"].design_rows(AGES, male)
            median = rows[0] @ p["curve_igm"].T
            spread = np.exp(rows[1] @ p["curve_igm"].T + p["log_spread_factor"])
            out[sex] = Curve(
                median=np.exp(median.mean(axis=-1)),
                low=np.exp((median - Z95 * spread).mean(axis=-1)),
                high=np.exp((median + Z95 * spread).mean(axis=-1)),
            )
        return out

    def warm(self) -> None:
        """Work out the curves."""
        _ = self._curves

    def draw(self, patient: Patient, answer: Mapping[str, Any]) -> dict[str, str]:
        """Return the SVG of every figure by name: people, age, ledger; prevalence where the answer is explained."""
        drawn = {
            "people": icon_array(answer["natural_frequencies"], labels=CLASS_LABELS),
            "age": age_chart(self._age(patient, answer)),
            "ledger": ledger_bars(answer["ledger"]),
        }
        if "curve" in answer["tipping"]:
            drawn["prevalence"] = prevalence_curve(_prevalence(answer))
        return drawn

    def _age(self, patient: Patient, answer: Mapping[str, Any]) -> AgeChart:
        curve, first = self._curves[patient.sex], patient.igm[0]
        position = answer["position"]["igm"]
        own = None
        if first.reference_low_mg_dl is not None and first.reference_high_mg_dl is not None:
            own = first.reference_low_mg_dl, first.reference_high_mg_dl
        start = first.date_years
        results = []
        for sample in patient.igm:
            after = 0.0 if start is None or sample.date_years is None else max(sample.date_years - start, 0.0)
            results.append(_result(sample, patient.corrected_age_years + after))
        limit = LIMIT_NAMES[position["limits_from"]]
        title = (
            f"IgM {first.text} is lower than in {one_decimal(position['lower_than_percent'])}% of "
            f"{peers(answer['summary'])} ({limit} {limit_of(position)})"
        )
        return AgeChart(
            ages=AGES.tolist(),
            median=curve.median.tolist(),
            low=curve.low.tolist(),
            high=curve.high.tolist(),
            peers=_PEERS[patient.sex],
            results=results,
            own_interval=own,
            title=title,
        )


def _prevalence(answer: Mapping[str, Any]) -> PrevalenceCurve:
    tipping, points = answer["tipping"], answer["tipping"]["curve"]
    return PrevalenceCurve(
        prevalence=[point["prevalence"] for point in points],
        mean=[point["mean"] for point in points],
        lower=[point["lower"] for point in points],
        upper=[point["upper"] for point in points],
        now=tipping["prevalence_now"],
        now_probability=answer["probability"]["primary"]["mean"],
        half=tipping["prevalence_for_half"],
    )


def _result(sample: Sample, age_years: float) -> Result:
    bound = "" if sample.comparator == "=" else sample.comparator[0]
    return Result(age_years=age_years, value_mg_dl=max(sample.value_mg_dl, 0.02), bound=bound, text=sample.text)
