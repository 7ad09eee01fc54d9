"""A truth drawn from the priors, and people simulated from it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

from sigm_bayes.simulate.people import simulate_people


@pytest.fixture(scope="session")
def truth(prior_draws):
    """One draw of every parameter from its prior, without a draw axis."""
    return {name: value[0] for name, value in prior_draws(1, seed=41).items()}


@pytest.fixture(scope="session")
def frequent(truth):
    """A truth in which every class is frequent, so that shares can be compared in a small simulation."""
    return {
        **truth,
        "logit_primary": np.full_like(truth["logit_primary"], -0.7),
        "logit_other": np.full_like(truth["logit_other"], -1.0),
        "log_occult_hazard": np.full_like(truth["log_occult_hazard"], -1.0),
        "log_hazard": truth["log_hazard"] + 1.0,
        "ig_low_pooled": np.array(1.0),
    }


@pytest.fixture(scope="session")
def varied(frequent):
    """A truth in which every cause has lowered the IgM of some per cent of people, and few are normal."""
    exposures = len(frequent["log_hazard"])
    return {
        **frequent,
        "logit_exposure": np.zeros(exposures),
        "exposure_setting": np.zeros_like(frequent["exposure_setting"]),
        "exposure_age": np.zeros_like(frequent["exposure_age"]),
        "log_hazard": np.full(exposures, -2.0),
    }


@pytest.fixture(scope="session")
def with_exposures(frequent, catalogue):
    """with_exposures(*ids): a truth in which everyone has exactly these, so that all exposures can be recorded."""

    def make(*present):
        recordable = [c.id for c in catalogue.causes if c.recordable]
        zeros = {name: np.zeros_like(frequent[name]) for name in ("exposure_setting", "exposure_age", "co_exposure")}
        return {
            **frequent,
            **zeros,
            "logit_exposure": np.array([45.0 if id in present else -45.0 for id in recordable]),
            "exposure_complication": np.zeros_like(frequent["exposure_complication"]),
        }

    return make


@pytest.fixture(scope="session")
def simulate(encoder):
    """simulate(truth, n=..., **arguments): people of the shipped catalogue."""

    def run(truth, **arguments):
        given = {"settings": "hospital", "ages": 40.0, "seed": 20261122, **arguments}
        return simulate_people(
            truth, catalogue=encoder.catalogue, priors=encoder.priors, curves=encoder.curves, **given
        )

    return run


@pytest.fixture
def run():
    """Run the command line in this process: standard output, standard error and exit code."""
    from sigm_bayes.cli.main import app

    def invoke(*arguments):
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        return SimpleNamespace(code=result.exit_code, out=result.stdout, err=result.stderr)

    return invoke
