"""Published against predicted: intervals, coverage, bounds, disagreement, on made-up draws."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from sigm_bayes.model.terms import observe
from sigm_bayes.paths import models_dir
from sigm_bayes.release.evidence_fit import COLUMNS, coverage, disagreements, evidence_fit, predictive, write_csv
from sigm_bayes.release.sigm import load_inputs

SEED = 5
DRAWS = 20_000


@pytest.fixture(scope="module")
def inputs():
    return load_inputs(models_dir() / "sigm")


@pytest.fixture
def made(inputs):
    """made(scale, value, n, se, **reading): a published item with this observation."""

    def make(scale="proportion", value=0.2, n=50.0, se=0.1, **reading):
        terms = {
            "proportion": "exposure_background",
            "mg_dl": "igm_moment_exposed",
            "ln_ratio": "odds_low_given_exposure",
        }
        some = next(i for i in inputs.evidence.fitted if i.term == terms[scale])
        some = replace(some, **({"bound": "", "role": "fitted"} | reading))
        return replace(some, observed=replace(some.observed, scale=scale, value=value, n=n, se=se))

    return make


def fit(items, inputs, expected):
    seen = observe(items, inputs.priors)
    draws = np.broadcast_to(np.asarray(expected, dtype=float), (DRAWS, len(items)))
    return evidence_fit(items, seen, draws, seed=SEED), seen, draws


def test_the_study_effect_and_the_sampling_noise_are_both_redrawn(inputs, made):
    """With the expected value known the interval of a level is that of effect and standard error together."""
    item = made("mg_dl", 70.0, se=7.0, stat="mean")
    rows, seen, _ = fit([item], inputs, [np.log(80.0)])
    sd = np.hypot(seen.total_sd[0], 0.1)
    assert seen.total_sd[0] > 0.1
    for got, z in ((rows[0].low, -1.645), (rows[0].median, 0.0), (rows[0].high, 1.645)):
        assert got == pytest.approx(80.0 * np.exp(z * sd), rel=0.02)
    assert rows[0].published == pytest.approx(70.0)
    assert rows[0].unit == "mg/dL"


def test_a_proportion_has_the_noise_of_its_own_size(inputs, made):
    small, large = made(value=0.2, n=10.0), made(value=0.2, n=2000.0)
    no_effect = replace(
        inputs.priors,
        study_effects={k: replace(e, item=1e-9, study=0.0) for k, e in inputs.priors.study_effects.items()},
    )
    seen = observe([small, large], no_effect)
    logit = np.log(0.2 / 0.8)
    drawn = predictive([small, large], seen, np.full((DRAWS, 2), logit), seed=SEED)
    for j, n in enumerate((10, 2000)):
        exact = stats.binom(n, 0.2)
        assert drawn[:, j].std() * n == pytest.approx(exact.std(), rel=0.03)
        assert set(np.round(drawn[:, j] * n, 9) % 1.0) == {0.0}


def test_coverage_of_numbers_from_the_model_is_ninety_per_cent_and_bounds_do_not_count(inputs, made):
    base = made("mg_dl", 70.0, se=7.0, stat="mean")
    seen = observe([base], inputs.priors)
    rng = np.random.default_rng(SEED)
    sd = np.hypot(seen.total_sd[0], 0.1)
    values = np.exp(np.log(80.0) + sd * rng.standard_normal(600))
    # A standard error that is a tenth of each value: the same on the log scale.
    items = [made("mg_dl", v, se=0.1 * v, stat="mean", overlap_group=f"g{i}") for i, v in enumerate(values)]
    items += [made("mg_dl", 1.0, se=0.1, stat="mean", bound="lower", role="bound", overlap_group="b")]
    inside, total = coverage(
        evidence_fit(items, observe(items, inputs.priors), np.full((2000, 601), np.log(80.0)), seed=1)
    )
    assert total == 600
    assert inside / total == pytest.approx(0.9, abs=4.0 * np.sqrt(0.09 / 600))


@pytest.mark.parametrize(
    ("bound", "published", "met"),
    [("upper", 0.9, True), ("upper", 0.001, False), ("lower", 0.001, True), ("lower", 0.9, False)],
)
def test_a_bound_is_met_where_the_interval_reaches_its_allowed_side(inputs, made, bound, published, met):
    rows, _, _ = fit([made(value=published, bound=bound, role="bound", n=500.0)], inputs, [np.log(0.2 / 0.8)])
    assert rows[0].inside is met
    assert coverage(rows) == (0, 0)


def test_a_number_far_off_is_outside(inputs, made):
    rows, _, _ = fit([made(value=0.9, n=500.0), made(value=0.21, n=500.0)], inputs, [np.log(0.2 / 0.8)] * 2)
    assert [r.inside for r in rows] == [False, True]
    assert coverage(rows) == (1, 2)


def test_ratios_are_shown_as_ratios(inputs, made):
    rows, _, _ = fit([made("ln_ratio", np.log(3.0), se=0.2)], inputs, [np.log(2.0)])
    assert rows[0].published == pytest.approx(3.0)
    assert rows[0].median == pytest.approx(2.0, rel=0.02)
    assert rows[0].unit == "ratio"


def test_items_on_one_quantity_that_cannot_both_be_right_by_chance_are_named(inputs, made):
    far = [made(value=v, n=1000.0, se=0.1, item_id=f"item{v}") for v in (0.05, 0.2, 0.06)]
    rows, seen, draws = fit(far, inputs, [np.log(0.1 / 0.9)] * 3)
    (group,) = disagreements(rows, seen, draws)
    assert [r.item.item_id for r in group.rows] == ["item0.05", "item0.06", "item0.2"]
    gap = np.log(0.2 / 0.8) - np.log(0.05 / 0.95) - 2 * 1.6448536 * 0.1
    assert group.spread == pytest.approx(gap, rel=1e-6)
    # The same numbers, but the model expects the difference (another age or setting): no disagreement.
    rows, seen, draws = fit(far, inputs, [np.log(v / (1 - v)) for v in (0.05, 0.2, 0.06)])
    assert disagreements(rows, seen, draws) == ()


def test_the_table_holds_every_item_once(inputs, tmp_path):
    items = inputs.evidence.fitted
    seen = observe(items, inputs.priors)
    rows = evidence_fit(items, seen, np.broadcast_to(seen.value, (50, len(items))), seed=SEED)
    write_csv(rows, tmp_path / "fit.csv")
    with (tmp_path / "fit.csv").open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    assert tuple(read[0]) == COLUMNS
    assert [r["item_id"] for r in read] == [i.item_id for i in items]
    assert {r["inside"] for r in read} <= {"yes", "no"}
    assert b"\r" not in (tmp_path / "fit.csv").read_bytes()
