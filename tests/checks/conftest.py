"""The released model, and a command line in this process."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from sigm_bayes.checks.subject import Subject
from sigm_bayes.paths import models_dir
from sigm_bayes.release.sigm import load_inputs


@pytest.fixture(scope="session")
def subject(tmp_path_factory):
    """The released model under quick checks; results go to a temporary folder."""
    return Subject(models_dir() / "sigm", quick=True, root=tmp_path_factory.mktemp("checks"))


@pytest.fixture(scope="session")
def few_items():
    """Inputs with a handful of published numbers of every kind: counts, other numbers, a bound, a shared effect."""
    kept = {"CLL20-low", "CLL14-low", "ROB15-low", "AED10Y-case", "BXTR-low", "OTIT17-3y", "RAVELAB-rtx", "RAVELAB-cyc"}
    everything = load_inputs(models_dir() / "sigm").evidence
    shared = everything.overlap_groups().get("rave", ())
    out = [i.item_id for i in everything.fitted if i.item_id not in kept | set(shared)]
    return load_inputs(models_dir() / "sigm", exclude=out)


@pytest.fixture
def run():
    """Run the command line in this process: standard output, standard error and exit code."""
    from sigm_bayes.cli.main import app

    def invoke(*arguments):
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        return SimpleNamespace(code=result.exit_code, out=result.stdout, err=result.stderr)

    return invoke
