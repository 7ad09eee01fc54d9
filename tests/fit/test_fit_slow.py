"""A whole fit by the command, killed on the way: it goes on, passes the gate, and its model answers at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import xarray as xr

from sigm_bayes import load_model
from sigm_bayes.fit.checkpoint import FOLDER
from sigm_bayes.paths import models_dir
from sigm_bayes.patient import parse_patient

SECONDS = 900


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """A simulated registry of 60 people in two centres, all tested."""
    folder = tmp_path_factory.mktemp("registry")
    run("simulate", "--n", "60", "--centres", "2", "--seed", "5", "--ascertainment", "all_tested", "--out", folder)
    return folder


def command(*arguments):
    start = "import sys; from sigm_bayes.cli.entry import main; sys.exit(main())"
    return [sys.executable, "-c", start, *map(str, arguments)]


def run(*arguments):
    done = subprocess.run(command(*arguments), capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def mapping(folder):
    """What `sigm registry map` proposes for the simulated tables."""
    path = folder / "mapping.toml"
    path.write_text(
        run("registry", "map", folder / "registry.csv", "--samples", folder / "samples.csv"), encoding="utf-8"
    )
    return path


@pytest.mark.slow
def test_a_killed_fit_goes_on_and_its_model_answers(registry, tmp_path, catalogue):
    out, tree = tmp_path / "mine", tmp_path / "draws.nc"
    arguments = (
        "fit", registry / "registry.csv", "--samples", registry / "samples.csv", "--mapping", mapping(registry),
        "--model", models_dir() / "sigm", "--out", out, "--chains", "2", "--draws", "600", "--tune", "300",
        "--cores", "1", "--tree", tree,
    )  # fmt: skip
    first = subprocess.Popen(command(*arguments), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    finished = out / FOLDER / "chains_0.nc"
    deadline = time.monotonic() + SECONDS
    while not finished.exists():
        assert first.poll() is None, "the fit stopped by itself"
        assert time.monotonic() < deadline
        time.sleep(0.5)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    kept = finished.read_bytes()
    assert not (out / "posterior.npz").exists()

    said = run(*arguments)
    assert "60 people of 2 centres" in said
    assert not (out / FOLDER).exists()
    with xr.open_datatree(tree, engine="h5netcdf") as draws:
        assert {"posterior", "prior", "log_likelihood", "log_prior", "sample_stats", "observed_data"} <= set(draws)
        assert draws["log_likelihood"]["person"].shape == (2, 600, 60)
        path = tmp_path / "kept.nc"
        path.write_bytes(kept)
        with xr.open_datatree(path, engine="h5netcdf") as before:  # the finished chain was not sampled again
            xr.testing.assert_equal(before["posterior"]["proneness_z"][0], draws["posterior"]["proneness_z"][0])

    patient = parse_patient({"age_years": 40, "igm": [{"value": 25, "unit": "mg/dL"}]}, catalogue=catalogue)
    mine, literature = (load_model(folder).query(patient).to_dict() for folder in (out, models_dir() / "sigm"))
    assert mine["probability"] != literature["probability"]
    assert abs(sum(p["mean"] for p in mine["probability"].values()) - 1.0) < 1e-9
    card = (out / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "What it could not settle" in card
    assert json.dumps(mine)
