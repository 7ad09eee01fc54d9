"""What ships in models/sigm belongs together: posterior, card, fit table, and the evidence and priors beside them."""

import csv

import numpy as np
import pytest

from sigm_bayes.evidence import load_evidence
from sigm_bayes.paths import data_dir, models_dir
from sigm_bayes.posterior import MAX_BYTES, digest, load_posterior, model_digest
from sigm_bayes.release.sigm import CARD, FIT_TABLE, load_inputs

FOLDER = models_dir() / "sigm"
LEAST_COVERAGE = 0.85


@pytest.fixture(scope="module")
def posterior():
    return load_posterior(FOLDER)


@pytest.fixture(scope="module")
def card():
    return (FOLDER / CARD).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def table():
    with (FOLDER / FIT_TABLE).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_it_was_fitted_to_the_evidence_priors_and_curves_that_ship_with_it(posterior, card):
    hashes = {
        "model_sha256": model_digest(FOLDER),
        "evidence_sha256": load_evidence().sha256,
        "reference_curves_sha256": digest([data_dir() / "reference" / "curves.json"]),
    }
    for name, value in hashes.items():
        assert posterior.meta[name] == value, f"{name}: rebuild with `sigm model build models/sigm`"
        assert value in card
    assert posterior.meta["created"] in card
    assert f"seed {posterior.meta['seed']}" in card


def test_it_passed_the_gate_and_is_small(posterior):
    checks = posterior.meta["diagnostics"]
    assert checks["passed"]
    assert checks["divergences"] == 0
    assert checks["r_hat"]["value"] <= 1.01
    assert min(checks["ess_bulk"]["value"], checks["ess_tail"]["value"]) >= 400
    assert posterior.draws == 2000
    assert (FOLDER / "posterior.npz").stat().st_size <= MAX_BYTES == 3_000_000


def test_it_has_what_a_query_needs_and_nothing_about_how_studies_were_chosen(posterior):
    inputs = load_inputs(FOLDER)
    assert set(posterior.variables) == set(inputs.released)
    about_studies = {p.released_name for p in inputs.priors.parameters if p.evidence_only}
    assert about_studies
    assert not about_studies & set(posterior.variables)


def test_at_least_120_items_are_fitted_and_85_per_cent_lie_in_their_interval(posterior, table, card):
    fitted = [row for row in table if row["role"] == "fitted"]
    assert len(fitted) == posterior.meta["items_fitted"] >= 120
    inside = sum(row["inside"] == "yes" for row in fitted)
    assert inside / len(fitted) >= LEAST_COVERAGE
    assert f"{inside} of {len(fitted)} fitted numbers" in card


def test_every_miss_is_named_on_the_card(table, card):
    misses = [row for row in table if row["inside"] == "no" and row["role"] == "fitted"]
    section = card.split("Misses:")[1].split("\n## ")[0] if misses else ""
    for row in misses:
        assert f"`{row['item_id']}`" in section


def test_the_table_agrees_with_itself(table):
    """Inside means that the published number lies between the printed ends (4 digits)."""
    for row in table:
        published, low, high = (float(row[c]) for c in ("published", "predicted_lower", "predicted_upper"))
        assert low <= float(row["predicted_median"]) <= high
        inside = {
            "fitted": low <= published <= high,
            "bound (upper)": low <= published,
            "bound (lower)": published <= high,
        }[row["role"]]
        near = min(abs(published - low), abs(published - high)) < 1e-3 * max(1.0, abs(published))
        assert near or inside == (row["inside"] == "yes"), row["item_id"]


def test_no_released_number_is_absurd(posterior):
    for name, values in posterior.variables.items():
        assert np.isfinite(values).all(), name
        assert np.abs(values).max() < 40.0, name
