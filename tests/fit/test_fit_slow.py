"""A fit by the command, killed on the way: it goes on from what was finished, and the gate stands at its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
import xarray as xr

from sigm_bayes.fit.checkpoint import FOLDER
from sigm_bayes.paths import models_dir

SECONDS = 900


def command(*arguments):
    start = "import sys; from sigm_bayes.cli.entry import main; sys.exit(main())"
    return [sys.executable, "-c", start, *map(str, arguments)]


def run(*arguments, code=0):
    done = subprocess.run(command(*arguments), capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == code, done.stderr[-2000:]
    return done


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """A simulated registry of 40 people in two centres, all tested, with the mapping that is proposed for it."""
    folder = tmp_path_factory.mktemp("registry")
    run("simulate", "--n", "40", "--centres", "2", "--seed", "5", "--ascertainment", "all_tested", "--out", folder)
    proposed = run("registry", "map", folder / "registry.csv", "--samples", folder / "samples.csv").stdout
    (folder / "mapping.toml").write_text(proposed, encoding="utf-8")
    return folder


@pytest.mark.slow
def test_a_killed_fit_goes_on_and_too_few_draws_are_not_released(registry, tmp_path):
    out = tmp_path / "mine"
    arguments = (
        "fit", registry / "registry.csv", "--samples", registry / "samples.csv", "--mapping", registry / "mapping.toml",
        "--model", models_dir() / "sigm", "--out", out, "--chains", "2", "--draws", "100", "--tune", "50",
    )  # fmt: skip
    first = subprocess.Popen(command(*arguments, "--cores", "1"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    finished = out / FOLDER / "chains_0.nc"
    deadline = time.monotonic() + SECONDS
    while not finished.exists():
        assert first.poll() is None, "the fit stopped by itself"
        assert time.monotonic() < deadline
        time.sleep(0.2)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    kept = {path.name: path.read_bytes() for path in (finished, out / FOLDER / "whitening.npz")}

    done = run(*arguments, "--cores", "2", code=4)  # the other chain is not begun again, however many run together
    assert "not released" in done.stderr
    assert not (out / "posterior.npz").exists()
    for name, content in kept.items():
        assert (out / FOLDER / name).read_bytes() == content, f"{name} was made again"
    with xr.open_datatree(out / FOLDER / "chains_1.nc", engine="h5netcdf") as second:
        assert second["posterior"].sizes["draw"] == 100
        assert second["posterior"]["person_log_likelihood"].notnull().all()
