"""What a passed fit leaves: a model folder that answers, with its card; and the groups of its DataTree."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from sigm_bayes import load_model
from sigm_bayes.fit.pipeline import Prepared, _release, encode_registry
from sigm_bayes.fit.spec import FitSpec
from sigm_bayes.fit.tree import complete_tree
from sigm_bayes.inference import gate
from sigm_bayes.paths import data_dir, models_dir
from sigm_bayes.patient import parse_patient
from sigm_bayes.registry import read_registry
from sigm_bayes.release.sigm import load_inputs

MODEL = models_dir() / "sigm"
CENTRES = 8


@pytest.fixture(scope="module")
def ready():
    """The first 60 people of the shipped synthetic registry, encoded; nothing is compiled."""
    registry = read_registry(
        data_dir() / "registry" / "registry.csv",
        data_dir().parent / "examples" / "synthetic-registry-mapping.toml",
        samples=data_dir() / "registry" / "samples.csv",
    )
    inputs = load_inputs(MODEL)
    spec = FitSpec(boxes=registry.boxes, chains=2, draws=400)
    entries, encoded = encode_registry(registry, spec, inputs)
    return Prepared(inputs, entries, encoded, None, None), spec


@pytest.fixture
def tree(ready):
    """Draws as a fit would leave them: here those of the literature, moved by half an SD of the clinic's prevalence."""
    prepared, spec = ready
    rng = np.random.default_rng(1)
    model = load_model()
    shape = (spec.chains, spec.draws)
    variables = {}
    for name in prepared.inputs.released:
        values = model.posterior.variables[name][: spec.chains * spec.draws]
        dims = model.posterior.dims[name]
        variables[name] = (("chain", "draw", *dims), values.reshape(*shape, *values.shape[1:]).copy())
    variables["logit_primary"][1][:] += 0.5
    for name in ("centre_prevalence", "centre_background", "assay_offset"):
        variables[f"{name}_sd"] = (("chain", "draw"), np.exp(rng.normal(-1.0, 0.2, shape)))
    variables["some_z"] = (("chain", "draw"), rng.standard_normal(shape))
    places = len(prepared.encoded.people.weight)
    variables["person_log_likelihood"] = (("chain", "draw", "place"), rng.normal(size=(*shape, places)))
    stats = {
        "diverging": (("chain", "draw"), np.zeros(shape, dtype=bool)),
        "energy": (("chain", "draw"), rng.standard_normal(shape)),
    }
    coords = {dim: list(labels) for dim, labels in model.posterior.coords.items()}
    posterior = xr.Dataset(variables, coords=coords)
    return xr.DataTree.from_dict({"posterior": posterior, "sample_stats": xr.Dataset(stats)})


def test_the_released_folder_answers_with_what_was_learnt(ready, tree, tmp_path, catalogue):
    prepared, spec = ready
    report = gate(tree, expected_draws=spec.draws, chains=spec.chains, var_names=["some_z"])
    complete_tree(tree, prepared.entries, prepared.encoded, priors=prepared.inputs.priors, seed=1)
    path = _release(tree, prepared, spec, report, MODEL, tmp_path, "mark")
    assert path == tmp_path / "posterior.npz"
    patient = parse_patient(
        {"age_years": 40, "setting": "allergy_immunology_clinic", "igm": [{"value": 25, "unit": "mg/dL"}]},
        catalogue=catalogue,
    )
    mine, literature = (load_model(folder).query(patient).to_dict() for folder in (tmp_path, MODEL))
    assert mine["probability"]["primary"]["mean"] > literature["probability"]["primary"]["mean"]
    assert mine["model"]["version"].endswith("+registry")
    card = (tmp_path / "MODEL_CARD.md").read_text(encoding="utf-8")
    for title in ("## Data", "## What the registry changed", "## What it could not settle", "## Centres"):
        assert title in card
    assert "logit_primary[allergy_immunology_clinic]" in card
    assert f"{len(prepared.entries.entries):,} people" in card


def test_the_tree_has_a_likelihood_for_every_person(ready, tree):
    prepared, _ = ready
    complete_tree(tree, prepared.entries, prepared.encoded, priors=prepared.inputs.priors, seed=1)
    people = [entry.person_id for entry in prepared.entries.entries]
    assert list(tree["log_likelihood"]["registry"].coords["person"].to_numpy()) == people
    assert "person_log_likelihood" not in tree["posterior"]
    z = tree["posterior"]["some_z"].to_numpy()
    np.testing.assert_allclose(tree["log_prior"]["some_z"], -0.5 * z**2 - 0.5 * np.log(2 * np.pi))
    assert tree["prior"]["logit_primary"].sizes["draw"] == 1000
    assert tree["observed_data"].sizes["person"] == len(people)
