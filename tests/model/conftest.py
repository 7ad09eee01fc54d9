"""Terms of the evidence without PyMC: published items made up for a test, and parameters at any point."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sigm_bayes.evidence import Evidence
from sigm_bayes.likelihood.namespace import NUMPY
from sigm_bayes.model.context import Context
from sigm_bayes.paths import models_dir
from sigm_bayes.release.sigm import load_inputs

CURVES = {"curve_igm": "IgM", "curve_igg": "IgG", "curve_iga": "IgA"}


@pytest.fixture(scope="session")
def inputs():
    """Catalogue, priors, evidence and curves as they ship."""
    return load_inputs(models_dir() / "sigm")


@pytest.fixture(scope="session")
def point(inputs):
    """point(seed=None): every parameter by name at its prior mean, or at a draw from the prior."""

    def make(seed=None):
        rng = np.random.default_rng(seed)
        noise = (lambda p: 0.0) if seed is None else (lambda p: p.sd * rng.standard_normal(p.mean.shape))
        values = {p.name: p.mean + noise(p) for p in inputs.priors.parameters}
        for name, analyte in CURVES.items():
            curve = inputs.curves[analyte]
            values[name] = curve.mean if seed is None else curve.draws(1, seed=seed)[0]
        return values

    return make


@pytest.fixture
def context(inputs, point):
    """context(items, groups=None, **parameters): terms of these items with some parameters replaced."""

    def make(items, *, groups=None, seed=None, xp=NUMPY, **parameters):
        p = point(seed) | parameters
        studies = inputs.evidence.labelled_studies if groups is None else tuple(groups)
        evidence = Evidence(tuple(items), inputs.evidence.studies, studies, frozenset(), "made up")
        return Context(xp, p, inputs.catalogue, inputs.priors, evidence, inputs.curves)

    return make


@pytest.fixture
def item(inputs):
    """item(term, **reading): a published item of this term with another reading."""

    def make(term, **reading):
        used = inputs.evidence.fitted
        some = next((i for i in used if i.term == term), used[0])
        return replace(some, term=term, **reading)

    return make


@pytest.fixture(scope="session")
def exposed_people():
    """exposed_people(ctx, item, rng, people): true ln IgM and by what it is suppressed, by the generative story."""

    def simulate(ctx, item, rng, people):
        """True ln IgM of exposed people, and what suppresses it: 0 nothing, 1 the cause, 2 an occult cause.

        The first hazard to act in [0, 1] is the cause.
        """
        p, cat = ctx.p, ctx.catalogue
        cause = cat.cause_index(item.cause) if item.causes else None
        occult = np.exp(
            p["log_occult_hazard"][cat.setting_index(item.setting)] + p["occult_age"][ctx.band(item.age_years)]
        )
        own_time = np.full(people, np.inf)
        if cause is not None:
            own_time = rng.exponential(1.0 / np.exp(p["log_hazard"][cause]), people)
        occult_time = rng.exponential(1.0 / occult, people)
        by_cause = (own_time < 1.0) & (own_time < occult_time)
        by_occult = (occult_time < 1.0) & ~by_cause & (occult_time < own_time)
        shift, tau = np.exp(p["log_shift"]), np.exp(p["log_tau"])
        names = list(ctx.priors.coords["shifted_component"])
        component = np.full(people, names.index("secondary"))
        if cause is not None and cat.causes[cause].depletion:
            profound = rng.random(people) < _expit(p["logit_profound_depletion"])
            of_cause = np.where(profound, names.index("profound"), names.index("depletion"))
            component = np.where(by_cause, of_cause, component)
        row_median, row_spread = ctx.curves["IgM"].design_row(item.age_years, item.male_share)
        spread = np.exp(row_spread @ p["curve_igm"] + p["log_spread_factor"])
        level = row_median @ p["curve_igm"] + spread * rng.standard_normal(people)
        moved = -shift[component] + tau[component] * rng.standard_normal(people)
        return level + np.where(by_cause | by_occult, moved, 0.0), by_cause + 2 * by_occult

    return simulate


def _expit(x):
    return 1.0 / (1.0 + np.exp(-x))
