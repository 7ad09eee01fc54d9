"""The answer document: sums, order, completeness, over random patients."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sigm_bayes import Patient
from sigm_bayes.query import Model
from sigm_bayes.query.ledger import ledger, shapley
from sigm_bayes.query.summary import natural_frequencies
from sigm_bayes.query.weighing import Weighing

SEED = 20261122
KEYS = {
    "probability", "interval", "natural_frequencies", "parts", "causes", "esid", "ledger", "position", "summary",
    "by_setting", "baseline", "tipping", "decided_by", "due", "not_known", "cautions", "refused", "model",
    "input_sha256",
}  # fmt: skip


@pytest.mark.parametrize("number", range(12))
def test_document_adds_up(model: Model, random_patient: Callable[..., dict[str, Any]], number: int) -> None:
    rng = np.random.default_rng([SEED, 7, number])
    known = random_patient(rng, exposures=True)
    count = int(rng.integers(1, 4))
    results = [{"value": int(rng.integers(3, 60)), "unit": "mg/dL"} for _ in range(count)]
    document = model.query(Patient(**known, igm=results)).to_dict()
    assert set(document) == KEYS
    json.dumps(document, allow_nan=False)
    bands = document["probability"]
    assert sum(b["mean"] for b in bands.values()) == pytest.approx(1.0, abs=1e-12)
    for band in (*bands.values(), *document["causes"].values()):
        assert 0.0 <= band["lower"] <= band["mean"] <= band["upper"] <= 1.0
    assert sum(c["mean"] for c in document["causes"].values()) == pytest.approx(bands["secondary"]["mean"], abs=1e-12)
    book = document["ledger"]
    total = book["prior_log10_odds"] + sum(item["log10_lr"] for item in book["items"])
    assert total == pytest.approx(book["posterior_log10_odds"], abs=1e-9)
    odds = bands["primary"]["mean"] / (1.0 - bands["primary"]["mean"])
    assert book["posterior_log10_odds"] == pytest.approx(np.log10(odds), abs=1e-9)
    counts = document["natural_frequencies"]
    assert sum(n for name, n in counts.items() if name != "of") == counts["of"] == 1000
    here = document["by_setting"][document["summary"]["setting"]]
    assert here["primary"]["mean"] == pytest.approx(bands["primary"]["mean"], abs=1e-12)


@pytest.mark.slow
def test_ledger_of_a_thousand_people_adds_up(
    encoder: Any, prior_draws: Callable[..., Any], random_person: Callable[..., Patient]
) -> None:
    p = prior_draws(10, seed=SEED)
    for number in range(1000):
        patient = random_person(np.random.default_rng([SEED, 8, number]))
        weighing = Weighing(p, encoder.encode(patient))
        book: dict[str, Any] = ledger(weighing)
        mean = weighing.joint()[:, 0].sum()
        total = book["prior_log10_odds"] + sum(item["log10_lr"] for item in book["items"])
        assert total == pytest.approx(np.log10(mean / (1.0 - mean)), abs=1e-9), number


def test_score_equals_query(model: Model) -> None:
    patient = Patient(age_years=34, igm=[{"value": 25, "unit": "mg/dL"}], findings={"pneumonia": "present"})
    answer, (row,) = model.query(patient).to_dict(), model.score([patient])
    for name, band in answer["probability"].items():
        assert row[f"p_{name}"] == band["mean"]
        assert row[f"p_{name}_lower"] == band["lower"]
        assert row[f"p_{name}_upper"] == band["upper"]


def test_refused_row_is_blank(model: Model) -> None:
    (row,) = model.score([Patient(age_months=3, igm=[{"value": 10, "unit": "mg/dL"}])])
    assert row["refused"] == "under_six_months"
    assert row["p_primary"] is None


def test_shapley_of_an_additive_game_is_the_game() -> None:
    worth = {"a": 1.0, "b": -2.0, "c": 0.5}
    assert shapley(tuple(worth), lambda s: sum(worth[x] for x in s)) == pytest.approx(worth)


def test_shapley_splits_a_joint_effect_evenly() -> None:
    values = shapley(("a", "b", "c"), lambda s: 1.0 if {"a", "b"} <= s else 0.0)
    assert values == pytest.approx({"a": 0.5, "b": 0.5, "c": 0.0})


def test_natural_frequencies_add_up() -> None:
    thirds = {"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}
    counts = natural_frequencies(thirds)
    assert counts.pop("of") == sum(counts.values()) == 1000


def test_igm_order_of_findings_does_not_matter(model: Model) -> None:
    findings = {"pneumonia": "present", "asthma": "absent"}
    sample = [{"value": 25, "unit": "mg/dL"}]
    one = model.score([Patient(age_years=40, igm=sample, findings=findings)])
    other = model.score([Patient(age_years=40, igm=sample, findings=dict(reversed(findings.items())))])
    assert one == other
