"""Shared by all rooms: the shipped catalogue and priors, parameter draws from the priors, random patients.

None of this reads the released posterior: the mathematics must hold for any parameters.
"""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import settings

from sigm_bayes.catalogue import load_catalogue
from sigm_bayes.catalogue.priors import load_priors
from sigm_bayes.paths import models_dir
from sigm_bayes.patient import parse_patient
from sigm_bayes.query.encode import Encoder
from sigm_bayes.reference import load_curves

# The gate of a landing repeats the same examples; anywhere else every run tries new ones.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

CURVES = {"curve_igm": "IgM", "curve_igg": "IgG", "curve_iga": "IgA"}
LATER = ("before_low_igm", "after_low_igm", "unknown")


@pytest.fixture(scope="session")
def catalogue():
    return load_catalogue(models_dir() / "sigm")


@pytest.fixture(scope="session")
def encoder(catalogue):
    """Patients to cases for the shipped model."""
    return Encoder(catalogue, load_priors(models_dir() / "sigm", catalogue=catalogue), load_curves())


@pytest.fixture(scope="session")
def prior_draws(encoder):
    """prior_draws(n, seed=...): every parameter by name, (n, ...), drawn from its prior."""

    def draw(n, *, seed):
        rng = np.random.default_rng(seed)
        out = {p.name: p.mean + p.sd * rng.standard_normal((n, *p.mean.shape)) for p in encoder.priors.parameters}
        for name, analyte in CURVES.items():
            out[name] = encoder.curves[analyte].draws(n, seed=seed)
        return out

    return draw


@pytest.fixture(scope="session")
def person(catalogue):
    """person(**patient_file): a patient aged 40 with an IgM of 25 mg/dL, and what the test changes."""

    def make(**given):
        return parse_patient({"age_years": 40, "igm": [{"value": 25, "unit": "mg/dL"}], **given}, catalogue=catalogue)

    return make


@pytest.fixture(scope="session")
def random_person(catalogue):
    """random_person(rng): a patient with about half of everything recorded, in every way that a file can say it."""

    def make(rng):
        return parse_patient(_random_file(rng, catalogue), catalogue=catalogue)

    return make


def _random_file(rng, catalogue):
    age = float(rng.choice([0.7, 1.5, 3.0, 6.0, 15.0, 40.0, 80.0]))
    given = {
        "age_years": age,
        "sex": str(rng.choice(["female", "male", "unknown"])),
        "setting": str(rng.choice([s.id for s in catalogue.settings])),
        "igm": _random_igm(rng, catalogue),
        "findings": _random_findings(rng, catalogue),
        "causes": _random_causes(rng, catalogue, age),
        "tests": {t.id: str(rng.choice(["normal", "abnormal"])) for t in catalogue.tests if rng.random() < 0.3},
    }
    for analyte, unit, middle, resolution in (("igg", "mg/dL", 900.0, 10), ("iga", "mg/dL", 150.0, 1)):
        how = rng.random()
        if how < 0.4:
            value = float(np.round(middle * np.exp(0.4 * rng.standard_normal())))
            given[analyte] = [{"value": value, "unit": unit, "resolution": resolution}]
        elif how < 0.7:
            given[f"{analyte}_status"] = str(rng.choice(["low", "normal", "high"]))
    return given


def _random_igm(rng, catalogue):
    rows = []
    for j in range(int(rng.choice([1, 1, 2, 3]))):
        value = float(np.round(np.exp(3.2 + 0.6 * rng.standard_normal()), 1))
        row = {"value": value, "unit": "mg/dL", "context": str(rng.choice(catalogue.ids("context")))}
        row["resolution"] = float(rng.choice([0.1, 1.0, 5.0])) if value > 6.0 else 0.1
        if rng.random() < 0.25:
            row = {**row, "value": 20, "resolution": 1, "comparator": "<"}
        if rng.random() < 0.7:
            row["date"] = f"{2020 + j}-0{1 + int(rng.integers(9))}"
        if j == 0 and rng.random() < 0.2:
            row["reference_interval"] = [40, 230]
        rows.append(row)
    return rows


def _random_findings(rng, catalogue):
    states = ["present", "absent", "unknown"]
    out = {f.id: str(rng.choice(states, p=[0.2, 0.3, 0.5])) for f in catalogue.findings if f.id != "invasive_infection"}
    how = rng.random()
    if how < 0.25:
        out["invasive_infection"] = str(rng.choice(["present", "absent"]))
    elif how < 0.5:
        out |= {"meningitis": "absent", "gram_negative_sepsis": "absent"}  # partly excluded
    elif how < 0.75:
        out |= {"meningitis": "present", "sepsis": "present", "invasive_encapsulated": "present"}
    return out


def _random_causes(rng, catalogue, age):
    out = {}
    for cause in catalogue.causes:
        possible = (cause.min_age_years is None or age >= cause.min_age_years) and (
            cause.max_age_years is None or age <= cause.max_age_years
        )
        if not cause.recordable or not possible or rng.random() < 0.4:
            continue
        if rng.random() < 0.85:
            out[cause.id] = str(rng.choice(["absent", "unknown"]))
            continue
        told = {"state": "present", "started": str(rng.choice(LATER))}
        if told["started"] != "after_low_igm" and rng.random() < 0.5:
            told["last_dose"] = "2019-06"
        if told["started"] != "after_low_igm" and len(out) % 3 == 0:
            told["igm_before"] = str(rng.choice(["normal", "low", "unknown"]))
        out[cause.id] = told
    return out
