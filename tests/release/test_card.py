"""The model card on synthetic draws: nothing hidden, nothing claimed."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

from sigm_bayes.model.terms import observe
from sigm_bayes.paths import models_dir
from sigm_bayes.release.card import CardInputs, model_card, number, recalled
from sigm_bayes.release.contraction import Contraction, contractions, shorter_list
from sigm_bayes.release.evidence_fit import disagreements, evidence_fit
from sigm_bayes.release.sigm import load_inputs, read_sampling

SEED = 6
CURVES = {"curve_igm": "IgM", "curve_igg": "IgG", "curve_iga": "IgA"}
META = {
    "name": "sigm", "version": "test", "created": "2026-11-22T12:00:00+00:00", "seed": SEED, "model_sha256": "m" * 64,
    "evidence_sha256": "e" * 64, "reference_curves_sha256": "r" * 64, "items_fitted": 120, "items_bound": 50,
    "items_context": 90, "items_excluded": [], "released_draws": 1000, "libraries": {"numpy": "2"},
    "sampler": {"algorithm": "NUTS", "chains": 4, "draws": 1000, "tune": 1000, "target_accept": 0.9},
    "diagnostics": {
        "variables": 800, "divergences": 0, "bfmi_min": 0.9,
        **{key: {"variable": f"study_effect[a|{key}]", "value": 1.0} for key in ("r_hat", "ess_bulk", "ess_tail")},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def inputs():
    return load_inputs(models_dir() / "sigm")


@pytest.fixture(scope="module")
def prior_draws(inputs):
    rng = np.random.default_rng(SEED)
    draws = {p.name: p.mean + p.sd * rng.standard_normal((4000, *p.mean.shape)) for p in inputs.priors.parameters}
    return draws | {name: inputs.curves[a].draws(4000, seed=SEED) for name, a in CURVES.items()}


@pytest.fixture(scope="module")
def given(inputs, prior_draws):
    """A card over draws from the prior, with one number of the evidence predicted far off."""
    items = inputs.evidence.fitted
    seen = observe(items, inputs.priors)
    expected = np.broadcast_to(seen.value, (300, len(items))).copy()
    missed = next(j for j, i in enumerate(items) if i.bound == "" and 0.1 < i.observed.value < 0.3)
    expected[:, missed] += 6.0
    rows = evidence_fit(items, seen, expected, seed=SEED)
    card = CardInputs(
        title="A test", meta=META, evidence=inputs.evidence, priors=inputs.priors, rows=rows,
        disagreements=disagreements(rows, seen, expected),
        contractions=contractions(inputs.priors, inputs.curves, prior_draws),
        prevalence={"hospital": np.linspace(0.001, 0.003, 50)},
    )  # fmt: skip
    return SimpleNamespace(card=card, missed=items[missed], text=model_card(card))


def test_draws_from_the_prior_have_no_contraction(given, inputs):
    entries = given.card.contractions
    free = sum(int(p.free.sum()) for p in inputs.priors.parameters)
    assert len(entries) == free + sum(inputs.curves[a].mean.size for a in CURVES.values())
    values = np.array([c.value for c in entries])
    assert np.abs(values).max() < 0.06  # 4,000 draws know an SD to about 1%
    assert not any(c.identified for c in entries)


def test_contraction_is_one_less_the_ratio_of_sds(inputs, prior_draws):
    name = "log_hazard"
    prior = inputs.priors.parameter(name)
    narrow = {name: prior.mean + 0.5 * prior.sd + 0.25 * (prior_draws[name] - prior.mean)}
    found = {c.label: c for c in contractions(inputs.priors, inputs.curves, prior_draws | narrow)}
    one = found["log_hazard[clozapine]"]
    assert one.value == pytest.approx(0.75, abs=0.02)
    assert one.shift == pytest.approx(0.5, abs=0.05)
    assert one.identified


def test_only_free_entries_are_listed(given):
    labels = {c.label for c in given.card.contractions}
    assert "primary_age[child]" in labels
    assert "primary_age[adult]" not in labels  # the reference level is a constant


def test_the_shorter_of_two_lists_is_shown():
    def entries(weak, strong):
        return [Contraction("p", f"w{i}", 1.0, 1.0, 0.0) for i in range(weak)] + [
            Contraction("p", f"s{i}", 1.0, 0.2, 0.0) for i in range(strong)
        ]

    assert shorter_list(entries(2, 0)) == "all"
    assert shorter_list(entries(0, 2)) == "none"
    assert shorter_list(entries(1, 3)) == "w0"
    assert shorter_list(entries(5, 1)) == "all but s0"


def test_a_miss_is_named_with_both_numbers(given):
    section = given.text.split("Misses:")[1].split("\n## ")[0]
    row = next(line for line in section.splitlines() if f"`{given.missed.item_id}`" in line)
    assert number(100.0 * given.missed.observed.value) in row
    assert re.search(r"\(\S+ to \S+\)", row)


def test_coverage_is_said_with_its_count(given):
    assert re.search(r"\*\*\d+ of \d+ fitted numbers \(\d+%\) lie in their 90% predictive interval", given.text)


def test_every_used_item_is_on_the_card(given, inputs):
    missing = [i.item_id for i in inputs.evidence.fitted if f"`{i.item_id}`" not in given.text]
    assert not missing


def test_every_recalled_number_is_marked(given, inputs):
    flagged = [i.item_id for i in inputs.evidence.items if i.flag == "recalled"]
    assert flagged
    for line_of in flagged:
        (line,) = [x for x in given.text.splitlines() if f"`{line_of}` (" in x]
        assert "RECALLED" in line
    constants = [n for n, s in inputs.priors.constant_sources.items() if "recalled" in s.lower()]
    assert constants
    assert all(f"constant `{name}`" in recalled(inputs.evidence, inputs.priors) for name in constants)
    assert not [i for i in inputs.evidence.fitted if i.flag == "recalled"]


def test_the_card_names_its_provenance(given):
    for text in ("m" * 64, "e" * 64, "r" * 64, f"seed {SEED}", "sigm model build models/sigm", "0 divergences"):
        assert text in given.text


def test_a_factor_of_three_on_the_prevalence(given):
    assert "| 2% | 0.676% | 5.77% |" in given.text
    assert "factor of 3" in given.text


def test_the_card_claims_no_diagnosis_and_no_approval(given):
    words = given.text.lower()
    for claim in (
        "diagnos",
        "fda",
        "ce mark",
        "ce-mark",
        "cleared",
        "approved",
        "certified",
        "medical device",
        "validated for",
    ):
        assert claim not in words, claim
    assert "research" in words
    assert "has not been validated" in words


def test_tables_are_whole(given):
    """Every row of a Markdown table has as many cells as its head."""
    blocks = re.findall(r"(?:^\|.*\|\n?)+", given.text, flags=re.M)
    assert len(blocks) > 5
    for block in blocks:
        widths = {line.count("|") for line in block.strip().splitlines()}
        assert len(widths) == 1, block[:200]


def test_the_card_is_not_too_long(given):
    assert given.text.count("\n") < 340


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0"), (0.01234, "0.0123"), (12.345, "12.3"), (1234.5, "1234"), (-22.0, "-22"), (100.0, "100")],
)
def test_numbers_have_three_digits(value, shown):
    assert number(value) == shown


def test_sampling_of_the_shipped_model_is_read(tmp_path):
    from sigm_bayes.errors import ModelError

    spec = read_sampling(models_dir() / "sigm")
    assert (spec.chains, spec.released_draws) == (4, 2000)
    (tmp_path / "model.toml").write_text('[sampling]\nseed = "x"\nchains = 4\n', encoding="utf-8")
    with pytest.raises(ModelError, match=r"sampling\.seed.*\n.*sampling\.draws"):
        read_sampling(tmp_path)
