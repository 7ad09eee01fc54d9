"""The fitting model: family votes, priors, and recovery of a known curve from simulated tables (slow)."""

from dataclasses import replace

import numpy as np
import pytest

from sigm_bayes.paths import data_dir
from sigm_bayes.reference import load_curves
from sigm_bayes.reference.bands import band_nodes, mixture_quantile
from sigm_bayes.reference.prior import coefficient_prior
from sigm_bayes.reference.rows import design_of, row_arrays
from sigm_bayes.reference.tables import Tables, load_tables

TABLES = load_tables(data_dir() / "reference")


def test_a_family_of_tables_has_one_vote():
    data = row_arrays(TABLES.of("IgM"), design=design_of(TABLES.settings), settings=TABLES.settings)
    family = [i for i, row in enumerate(data.rows) if row.vote_group == "family_B"]
    assert {data.rows[i].source_id for i in family} == {"arup_2016", "gbmc", "michigan"}
    assert {data.group[i] for i in family} == {data.groups.index("family_B")}
    np.testing.assert_allclose(data.inflation[family], np.sqrt(3.0))
    alone = [i for i, row in enumerate(data.rows) if row.source_id == "beaumont"]
    np.testing.assert_allclose(data.inflation[alone], 1.0)


def test_prior_is_wide_in_infancy_and_tight_in_old_age():
    prior = coefficient_prior("IgM", design_of(TABLES.settings), TABLES.settings)
    sd = np.sqrt((prior.factor @ prior.factor.T).diagonal())
    names = design_of(TABLES.settings).names
    change = prior.factor[names.index("ln_median[80y]")] - prior.factor[names.index("ln_median[45y]")]
    assert np.linalg.norm(change) == pytest.approx(0.15)
    assert sd[names.index("ln_median[0y]")] > 1.0
    assert np.exp(prior.mean[names.index("ln_median[6y]")]) == pytest.approx(100.0)


@pytest.mark.slow
def test_recovers_a_known_curve_from_simulated_tables():
    from sigm_bayes.reference.fit import fit_analyte

    rng = np.random.default_rng(20)
    curve = load_curves()["IgM"]
    truth = curve.mean + np.where([name.startswith("ln_median") for name in curve.names], 0.15, 0.0)
    rows = tuple(row for row in TABLES.of("IgM") if row.statistic != "minmax")
    nodes = band_nodes([r.age_from_years for r in rows], [r.age_to_years for r in rows], nodes=8)
    male = np.array([row.male for row in rows])[:, None]
    offsets = {group: rng.normal(0.0, 0.1) for group in {row.vote_group for row in rows}}
    shift = np.array([offsets[row.vote_group] for row in rows])[:, None]
    mu = curve.ln_median(nodes.ages_years, male, coef=truth) + shift
    sd = curve.sd(nodes.ages_years, male, coef=truth)
    z = np.array([row.z for row in rows])
    low, high = (
        np.exp(mixture_quantile(mu, sd, nodes.weights, sign * z, steps=3) + rng.normal(0.0, 0.05, len(rows)))
        for sign in (-1.0, 1.0)
    )
    simulated = tuple(
        replace(
            row,
            low_mg_dl=float(a),
            high_mg_dl=float(b),
            low_as="exact",
            high_as="exact",
            resolution_mg_dl=0.0,
        )
        for row, a, b in zip(rows, low, high, strict=True)
    )
    settings = {**TABLES.settings, "published": []}
    fit = fit_analyte(
        Tables(rows=simulated, settings=settings, sha256=""),
        "IgM",
        seed=7,
        chains=2,
        draws=800,
        tune=800,
        cores=2,
        progress_bar=False,
    )
    ages = np.array([0.05, 0.3, 1.0, 3.0, 10.0, 40.0])
    for estimate in (curve.ln_median, curve.ln_sd):
        draws = estimate(ages, coef=fit.coef)
        # Twelve correlated quantities: all within 3.5 posterior SDs with probability above 0.99 if right.
        gap = np.abs(draws.mean(axis=0) - estimate(ages, coef=truth))
        assert np.all(gap < 3.5 * draws.std(axis=0))
    assert fit.diagnostics["divergences"] == 0
    assert np.all(curve.ln_median(ages[2:], coef=fit.coef).std(axis=0) < 0.1)
