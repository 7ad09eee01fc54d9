"""The engine proof: published answers, from the released draws (fast) and by fitting again (slow)."""

import json
import shutil

import numpy as np
import pytest

from sigm_bayes.errors import GateError, ModelError
from sigm_bayes.model.latent_class import load_latent_class
from sigm_bayes.paths import models_dir
from sigm_bayes.posterior import load_posterior
from sigm_bayes.release import build_model
from sigm_bayes.release.latent_class import VARIABLES, compare, load_published, p_condition

NAMES = ["strongyloides", "tuberculosis"]
# Literal, so that published.toml cannot drift. p_condition: P(infected | pattern).
MEANS = {
    "strongyloides": {
        "prevalence": [0.759],
        "sensitivity": [0.310, 0.884],
        "specificity": [0.957, 0.688],
        "p_condition": [[0.981, 0.787, 0.850, 0.307]],
    },
    "tuberculosis": {
        "prevalence": [0.0287, 0.7155],
        "sensitivity": [0.9658, 0.9685],
        "specificity": [0.9915, 0.9823],
    },
}
MEDIANS = {
    "strongyloides": {
        "prevalence": [0.774],
        "sensitivity": [0.305, 0.888],
        "specificity": [0.960, 0.699],
    },
    "tuberculosis": {
        "prevalence": [0.0281, 0.7155],
        "sensitivity": [0.9660, 0.9687],
        "specificity": [0.9921, 0.9830],
    },
}


@pytest.mark.parametrize("name", NAMES)
def test_the_published_numbers_on_file_are_the_literature(name):
    by_label = {"mean": {}, "median": {}}
    for item in load_published(models_dir() / name)["quantities"]:
        for statistic, found in by_label.items():
            if statistic in item:
                found.setdefault(item["variable"], []).append(item[statistic])
    for statistic, expected in (("mean", MEANS), ("median", MEDIANS)):
        flat = {variable: np.ravel(values).tolist() for variable, values in expected[name].items()}
        assert by_label[statistic] == flat


@pytest.mark.parametrize("name", NAMES)
def test_the_released_draws_reproduce_the_published_answer(name):
    folder = models_dir() / name
    posterior = load_posterior(folder, require=VARIABLES)
    draws = dict(posterior.variables)
    draws["p_condition"] = p_condition(load_latent_class(folder), posterior)
    tolerance = load_published(folder)["tolerance"]
    for variable, published in MEANS[name].items():
        error = draws[variable].std(axis=0) / np.sqrt(posterior.draws)  # thinned 40-fold: independent
        assert np.all(np.abs(draws[variable].mean(axis=0) - published) <= tolerance + 3 * error), variable
    for variable, published in MEDIANS[name].items():
        error = 1.2533 * draws[variable].std(axis=0) / np.sqrt(posterior.draws)
        assert np.all(np.abs(np.median(draws[variable], axis=0) - published) <= tolerance + 3 * error), variable


@pytest.mark.parametrize("name", NAMES)
def test_the_model_card_belongs_to_the_released_draws_and_says_that_all_agree(name):
    folder = models_dir() / name
    meta = load_posterior(folder).meta
    card = (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    total = sum(("mean" in item) + ("median" in item) for item in load_published(folder)["quantities"])
    assert f"{total} of {total} numbers agree" in card
    assert meta["created"] in card
    assert f"seed {meta['sampler']['seed']}" in card
    assert meta["diagnostics"]["passed"] is True
    json.dumps(meta)


def copied(tmp_path, name):
    for file in ("model.toml", "published.toml"):
        shutil.copy(models_dir() / name / file, tmp_path / file)
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_fitting_again_reproduces_the_published_answer(name, tmp_path):
    folder = copied(tmp_path, name)
    result = build_model(folder, seed=20261122, progress=False)
    rows = compare(result.tree, load_published(folder))
    wrong = [row for row in rows if not row.agrees]
    assert not wrong
    assert max(row.mc_error for row in rows) < 0.003  # else three of them would excuse anything
    np.testing.assert_allclose(
        result.tree["posterior"]["p_condition"].mean(["chain", "draw"]),
        p_condition(load_latent_class(folder), load_posterior(folder)).mean(axis=0),
        atol=0.03,
    )
    intervals = [item for item in load_published(folder)["quantities"] if "interval" in item]
    for item in intervals:
        array = result.tree["posterior"][item["variable"]]
        draws = array.sel(dict(zip(array.dims[2:], item["at"], strict=True)))
        np.testing.assert_allclose(np.quantile(draws, [0.025, 0.975]), item["interval"], atol=0.01)


@pytest.mark.slow
def test_a_fit_that_fails_the_gate_releases_nothing(tmp_path):
    folder = copied(tmp_path, "strongyloides")
    with pytest.raises(GateError, match=r"ess_bulk: .* expected at least 400\. Sample more draws"):
        build_model(folder, draws=60, tune=200, progress=False)
    assert sorted(path.name for path in folder.iterdir()) == ["model.toml", "published.toml"]


@pytest.mark.parametrize(
    ("text", "message"),
    [("kind = 'other'", "kind is 'other', expected 'latent_class' or 'sigm'"), ("kind = ", "not valid TOML")],
)
def test_a_folder_of_no_known_kind(tmp_path, text, message):
    (tmp_path / "model.toml").write_text(text)
    with pytest.raises(ModelError, match=message):
        build_model(tmp_path)


def test_a_folder_without_model(tmp_path):
    with pytest.raises(ModelError, match="Give the folder of a model"):
        build_model(tmp_path / "nowhere")


def test_without_the_fit_extra_the_remedy_is_named(monkeypatch):
    monkeypatch.setattr("sigm_bayes.release.build.find_spec", lambda name: None if name == "nutpie" else object())
    with pytest.raises(ModelError, match=r"needs nutpie, not installed here\. .*sigm-bayes\[fit\]"):
        build_model(models_dir() / "strongyloides")
