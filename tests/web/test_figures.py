"""The hand-drawn figures: their numbers, their words, and that they are well-formed at every edge."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigm_bayes.plots import drawing
from sigm_bayes.plots.age_chart import AgeChart, Result, age_chart
from sigm_bayes.plots.icon_array import icon_array
from sigm_bayes.plots.ledger_bars import chance, ledger_bars
from sigm_bayes.plots.prevalence_curve import PrevalenceCurve, prevalence_curve
from sigm_bayes.plots.probability_bar import probability_bar
from sigm_bayes.report.answer_view import AnswerPage
from sigm_bayes.report.figures import AGES
from sigm_bayes.report.wording import CLASS_LABELS

SVG = "{http://www.w3.org/2000/svg}"
WEIGHT = st.floats(-8, 8, allow_nan=False)


def words(figure):
    tree = ET.fromstring(figure)
    assert tree.get("role") == "img"
    ids = {element.get("id") for element in tree.iter()}
    assert set(tree.get("aria-labelledby").split()) <= ids
    return tree, " ".join("".join(element.itertext()) for element in tree.iter(f"{SVG}text"))


@given(st.lists(st.integers(0, 1000), min_size=3, max_size=3).map(sorted))
def test_each_person_of_a_thousand_is_one_sign(cuts):
    counts = np.diff([0, *cuts, 1000]).tolist()
    groups = dict(zip(CLASS_LABELS, counts, strict=True))
    tree, said = words(icon_array({"of": 1000, **groups}, labels=CLASS_LABELS))
    for key, count in groups.items():
        drawn = [p for p in tree.iter(f"{SVG}path") if p.get("class", "").endswith(f"-{key}")]
        starts = sum(p.get("d").count("M") for p in drawn)
        assert starts == count + 1  # and one in the key
        assert f"{count:,} {CLASS_LABELS[key]}" in said


def test_groups_that_do_not_add_up_are_refused():
    with pytest.raises(ValueError, match="add up to 999"):
        icon_array({"of": 1000, "normal": 999, "primary": 0}, labels=CLASS_LABELS)


@given(WEIGHT, st.lists(WEIGHT, max_size=8))
def test_the_ledger_walks_from_start_to_end(start, weights):
    end = start + math.fsum(weights)
    items = [{"label": f"group {n}", "log10_lr": weight} for n, weight in enumerate(weights)]
    tree, said = words(
        ledger_bars({"prior_log10_odds": start, "items": items, "posterior_log10_odds": end})
    )  # every coordinate is finite, or drawing.number would raise
    assert "starting point" in said
    assert "together" in said
    circles = [float(c.get("cx")) for c in tree.iter(f"{SVG}circle")]
    assert len(circles) == 2
    assert (circles[1] - circles[0]) * (end - start) >= -1e-6
    assert all(drawing.WIDTH >= x >= 0 for x in circles)


def test_log_odds_become_probabilities():
    assert chance(0.0) == 0.5
    assert chance(-2.0) == pytest.approx(1 / 101)


@given(st.floats(1e-6, 0.9), st.floats(0, 1), st.one_of(st.none(), st.floats(1e-8, 0.99)))
def test_the_prevalence_curve_is_drawn_at_every_edge(now, probability, half):
    at = np.geomspace(1e-4, 0.5, 25)
    mean = at / (at + 0.05)
    _, said = words(
        prevalence_curve(
            PrevalenceCurve(
                prevalence=at.tolist(), mean=mean.tolist(), lower=(mean / 2).tolist(), upper=mean.tolist(),
                now=now, now_probability=probability, half=half,
            )
        )
    )  # fmt: skip
    assert "as asked" in said
    assert ("No prevalence" in said) == (half is None)


@given(
    st.lists(st.tuples(st.floats(0.5, 120), st.floats(0.02, 15000), st.sampled_from(["", "<", ">"])), min_size=1),
    st.one_of(st.none(), st.tuples(st.floats(0, 60), st.floats(61, 400))),
)
def test_the_age_chart_is_drawn_at_every_edge(results, own):
    median = np.full(len(AGES), 100.0)
    chart = AgeChart(
        ages=AGES.tolist(), median=median.tolist(), low=(median / 2.5).tolist(), high=(median * 2.5).tolist(),
        peers="healthy people", own_interval=own, title="A title with <b> & \"quotes\"",
        results=[Result(age_years=a, value_mg_dl=v, bound=b, text=f"{b}{v:g} mg/dL") for a, v, b in results],
    )  # fmt: skip
    tree, said = words(age_chart(chart))
    assert "mg/dL" in said
    assert "g/L" in said
    assert len(list(tree.iter(f"{SVG}circle"))) == len(results)
    assert ("laboratory's interval" in said) == (own is not None)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_bar_is_hidden_from_screen_readers_and_stays_inside(a, b, c):
    low, mean, high = sorted((a, b, c))
    tree = ET.fromstring(probability_bar({"mean": mean, "lower": low, "upper": high}, key="primary"))
    assert tree.get("aria-hidden") == "true"
    assert all(float(line.get("x2")) <= 161 for line in tree.iter(f"{SVG}line"))


def test_a_coordinate_that_is_not_finite_is_refused():
    for value in (math.nan, math.inf):
        with pytest.raises(ValueError, match="finite"):
            drawing.number(value)


def test_the_chart_shows_the_limits_that_the_answer_states(model, examples):
    """The curve is that of the answer: at the patient's age its 2.5th centile is the printed lower limit."""
    from sigm_bayes.patient import parse_patient

    page = AnswerPage.of(model)
    for name in ("adult-after-rituximab.toml", "healthy-toddler.json", "child-recurrent-otitis.toml"):
        patient = parse_patient(examples[name], catalogue=model.catalogue)
        igm = model.query(patient).to_dict()["position"]["igm"]
        curve = page.figures._curves[patient.sex]
        for line, key in ((curve.low, "low_limit_mg_dl"), (curve.median, "median_mg_dl")):
            at_age = np.exp(np.interp(np.log(patient.corrected_age_years), np.log(AGES), np.log(line)))
            assert at_age == pytest.approx(igm[key], rel=0.01), name
