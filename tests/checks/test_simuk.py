"""Our ranks beside those of simuk, an independent implementation, on a small model of the repository."""

from __future__ import annotations

import numpy as np
import pytest

from sigm_bayes.checks.sbc import ranks, uniformity
from sigm_bayes.inference import compile_model
from sigm_bayes.likelihood.latent_class import log_joint, log_pattern
from sigm_bayes.likelihood.namespace import NUMPY
from sigm_bayes.model.latent_class import VARIABLES, build_latent_class, load_latent_class
from sigm_bayes.paths import models_dir

SIMULATIONS, DRAWS, TUNE, SEED = 5, 199, 300, 20261123
SAMPLER = {"nuts_sampler": "nutpie", "draws": DRAWS, "tune": TUNE, "chains": 1, "cores": 1}
APART = 0.1
"""Median difference of the ranks of one truth by two short chains: twice its error with 100 effective draws."""


class Counts:
    """Simulates the table of a study, remembers it by its prevalence, and can swap positive and negative results."""

    def __init__(self, spec, *, swapped):
        self.positive = 1.0 - spec.positive() if swapped else spec.positive()
        self.people = spec.counts().sum(axis=-1)
        self.made = {}

    def __call__(self, *, seed, prevalence, sensitivity, specificity, **_):
        joint = log_joint(
            NUMPY, prevalence=prevalence, sensitivity=sensitivity, specificity=specificity, positive=self.positive
        )
        p = np.exp(log_pattern(NUMPY, joint))
        rng = np.random.default_rng(seed)
        cells = np.stack([rng.multinomial(n, row / row.sum()) for n, row in zip(self.people, p, strict=True)])
        self.made[float(prevalence[0])] = cells
        return {"cells": cells}


def flat(dataset, sample=None):
    """All parameters of a dataset of simuk, as one row a sample."""
    rows = [
        dataset[name].transpose("sample", ...).to_numpy().reshape(dataset.sizes["sample"], -1) for name in VARIABLES
    ]
    whole = np.concatenate(rows, axis=1)
    return whole if sample is None else whole[sample]


@pytest.fixture(scope="module")
def spec():
    return load_latent_class(models_dir() / "strongyloides")


def run(spec, *, swapped):
    import simuk  # in the group dev: without it the test fails, it is not skipped

    counts = Counts(spec, swapped=swapped)
    found = simuk.SBC(
        build_latent_class(spec), num_simulations=SIMULATIONS, seed=SEED, simulator=counts, sample_kwargs=dict(SAMPLER),
        progress_bar=False,
    )  # fmt: skip
    found.run_simulations()
    theirs = [found.simulations["prior_sbc"][name].to_numpy().reshape(SIMULATIONS, -1) for name in VARIABLES]
    return found, np.concatenate(theirs, axis=1), counts


@pytest.mark.slow
@pytest.mark.parametrize("swapped", [False, True], ids=["right", "positive and negative swapped"])
def test_ranks_and_verdict_are_those_of_simuk(spec, swapped):
    found, theirs, counts = run(spec, swapped=swapped)
    truth = flat(found.ref_params)
    rng = np.random.default_rng(SEED)
    same_draws = np.array([ranks(truth[i], flat(found.posteriors[i]), rng) for i in range(SIMULATIONS)])
    np.testing.assert_array_equal(np.floor(same_draws * (DRAWS + 1.0)), theirs)

    compiled = compile_model(build_latent_class(spec))
    ours = []
    for i in range(SIMULATIONS):
        tree = compiled.with_data(counts=counts.made[float(truth[i, 0])]).sample(
            seed=i, chains=1, draws=DRAWS, tune=TUNE, cores=1, progress=False
        )
        parts = [tree["posterior"][name].to_numpy()[0].reshape(DRAWS, -1) for name in VARIABLES]
        ours.append(ranks(truth[i], np.concatenate(parts, axis=1), rng))
    ours = np.array(ours)
    assert np.median(np.abs(ours - same_draws)) < APART
    p = [uniformity(placed).family_wise() for placed in (ours, (theirs + 0.5) / (DRAWS + 1.0))]
    assert all((value < 0.01) == swapped for value in p), p
