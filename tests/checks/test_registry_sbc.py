"""Simulated registries through the graph of `sigm fit`: quantities match their names, ten replicates run and resume."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from sigm_bayes.checks.registry_sbc import Study, run
from sigm_bayes.checks.sbc import uniformity
from sigm_bayes.checks.simulated_registries import Design, largest, lengths, roomy
from sigm_bayes.fit.encode import Capacity
from sigm_bayes.fit.pipeline import encode_registry

SMALL = Design(people=30, centres=2, ascertainment="low_igm")
REPLICATES = 10


@pytest.fixture(scope="module")
def study(subject):
    return Study(subject, REPLICATES, design=SMALL, draws=30, tune=30)


def test_quantities_of_the_truth_are_those_that_are_named(study, subject):
    made = study.simulate(3)
    encoded = encode_registry(made.registry, study.spec, subject.inputs)[1]
    found = dict(zip(study.names, study.quantities_of_truth(SimpleNamespace(encoded=encoded), made), strict=True))
    assert len(found) == len(study.names), "a name twice"
    assert found["assay_offset_sd"] == made.centres["assay_offset_sd"]
    assert found["assay_offset[3]"] == made.centres["assay_offset"][1, 0]
    primary = subject.model.catalogue.settings[1].id
    assert found[f"logit_primary[{primary}]"] == made.truth["logit_primary"][1]
    assert found["log-likelihood"] < 0.0
    four = [value for name, value in found.items() if name.startswith("P(") and name.endswith("of thymoma")]
    assert sum(four) == pytest.approx(1.0)


def test_every_truth_is_used_once(study, subject):
    first = [study.simulate(n).truth["log_spread_factor"].item() for n in range(4)]
    assert len(set(first)) == 4
    assert set(first) <= set(subject.model.parameters["log_spread_factor"].tolist())


def test_capacities_hold_what_they_were_made_for(study, subject):
    needed = [
        lengths(encode_registry(study.simulate(n).registry, study.spec, subject.inputs)[1]) for n in range(3)
    ]  # fmt: skip
    whole = largest(needed)
    again = encode_registry(study.simulate(1).registry, study.spec, subject.inputs, capacity=whole)[1]
    assert lengths(again) == whole
    assert roomy(Capacity(blocks=10)).blocks == 13


@pytest.mark.slow
def test_ten_replicates_of_the_whole_graph_are_not_accused(study):
    for n in range(REPLICATES):
        study.work.write(f"{n:04d}", study.replicate(n))
    found = [study.work.read(name) for name in study.work.names()]
    assert len(found) == REPLICATES
    assert sum(f["divergences"] for f in found) == 0
    assert uniformity(np.array([f["ranks"] for f in found])).family_wise() > 0.01


def test_finished_replicates_are_taken_from_the_folder(subject, monkeypatch):
    """Twenty invented replicates: nothing is simulated or compiled, and ranks that are all 0 are accused."""

    def never(*_):
        raise AssertionError("made again")

    monkeypatch.setattr(Study, "replicate", never)
    study = Study(subject, 20)
    rng = np.random.default_rng(1)
    for n in range(20):
        study.work.write(f"{n:04d}", {"ranks": rng.random(len(study.names)).tolist(), "divergences": 0})
    assert run(subject, replicates=20).passed
    for n in range(20):
        placed = rng.random(len(study.names))
        placed[study.names.index("log-likelihood")] = 0.001 + 0.01 * rng.random()
        study.work.write(f"{n:04d}", {"ranks": placed.tolist(), "divergences": 0})
    wrong = run(subject, replicates=20)
    assert wrong.passed is False
    assert wrong.table.rows[0][0] == "log-likelihood"
