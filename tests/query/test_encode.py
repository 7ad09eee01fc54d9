"""From a patient to the numbers of the likelihood."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sigm_bayes import Patient
from sigm_bayes.catalogue import load_catalogue
from sigm_bayes.catalogue.priors import load_priors
from sigm_bayes.paths import models_dir
from sigm_bayes.query.encode import Encoder
from sigm_bayes.query.encode_samples import later_results
from sigm_bayes.reference import load_curves


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    """No posterior is needed to encode."""
    folder: Path = models_dir() / "sigm"
    catalogue = load_catalogue(folder)
    return Encoder(catalogue, load_priors(folder, catalogue=catalogue), load_curves())


def patient(**known: Any) -> Patient:
    return Patient(**({"age_years": 40, "igm": [{"value": 25, "unit": "mg/dL", "date": "2026-01"}]} | known))


def state_of(encoder: Encoder, who: Patient, cause: str) -> tuple[int, float]:
    exposures = encoder.encode(who).exposures
    n = [c.id for c in encoder.catalogue.causes if c.recordable].index(cause)
    return int(exposures.state[n]), float(exposures.hazard_factor[n])


def test_interval_of_a_printed_value(encoder: Encoder) -> None:
    samples = encoder.encode(patient()).samples
    assert np.exp([samples.log_low[0], samples.log_high[0]]) == pytest.approx([24.5, 25.5])


def test_setting_defaults_to_hospital(encoder: Encoder) -> None:
    assert encoder.encode(patient()).setting == encoder.catalogue.setting_index("hospital")


def test_exposure_after_the_low_value_has_no_hazard_and_no_effect(encoder: Encoder) -> None:
    who = patient(causes={"clozapine": {"state": "present", "started": "after_low_igm"}})
    assert state_of(encoder, who, "clozapine") == (1, 0.0)
    assert len(encoder.encode(who).present) == 0


def test_hazard_decays_after_the_last_dose(encoder: Encoder) -> None:
    cause = encoder.catalogue.causes[encoder.catalogue.cause_index("b_cell_depletion")]
    recent = patient(causes={"b_cell_depletion": {"state": "present", "last_dose": "2025-12"}})
    assert state_of(encoder, recent, "b_cell_depletion") == (1, 1.0)
    old = patient(causes={"b_cell_depletion": {"state": "present", "last_dose": "2020-01"}})
    months = 72.0 - cause.hold_months
    assert state_of(encoder, old, "b_cell_depletion")[1] == pytest.approx(
        0.5 ** (months / cause.half_life_months), rel=0.01
    )


def test_companions_of_a_recorded_exposure_are_raised(encoder: Encoder) -> None:
    exposures = encoder.encode(patient(causes={"lymphoma": "present"})).exposures
    ids = [c.id for c in encoder.catalogue.causes if c.recordable]
    assert exposures.raised[ids.index("b_cell_depletion")] == 1.0
    assert exposures.raised[ids.index("clozapine")] == 0.0


def test_maternal_drug_is_impossible_in_an_adult(encoder: Encoder) -> None:
    exposures = encoder.encode(patient()).exposures
    ids = [c.id for c in encoder.catalogue.causes if c.recordable]
    assert exposures.possible[ids.index("maternal_b_cell_depletion")] == 0.0


def test_single_value_has_no_series(encoder: Encoder) -> None:
    assert encoder.encode(patient()).series is None


def test_dates_give_the_interval_between_samples(encoder: Encoder) -> None:
    results = [{"value": v, "unit": "mg/dL", "date": d} for v, d in ((25, "2024-01"), (30, "2026-01"))]
    series = encoder.encode(patient(igm=results)).series
    assert series is not None
    assert series.elapsed == pytest.approx([2.0], abs=0.01)


def test_more_than_five_results_keep_the_first_and_the_last(encoder: Encoder) -> None:
    results = [{"value": v, "unit": "mg/dL"} for v in (20, 21, 22, 23, 24, 25, 26)]
    series = encoder.encode(patient(igm=results)).series
    assert series is not None
    assert len(series.elapsed) == 4


def test_normal_before_is_a_result_without_the_effect(encoder: Encoder) -> None:
    told = {"state": "present", "started": "before_low_igm", "igm_before": "normal"}
    series = encoder.encode(patient(causes={"clozapine": told})).series
    assert series is not None
    row = 3 + encoder.catalogue.cause_index("clozapine")
    assert series.fixed[row, 0] == 1.0
    assert np.all(np.delete(series.fixed[:, 0], row) == -1.0)


def test_own_interval_replaces_the_curve(encoder: Encoder) -> None:
    results = [{"value": 0.25, "unit": "g/L", "reference_interval": [0.4, 2.3]}]
    row = encoder.encode(patient(igm=results)).curves[0]
    assert row.own_ln_median == pytest.approx(np.log(np.sqrt(40 * 230)))
    assert row.own_ln_sd == pytest.approx(np.log(230 / 40) / 3.92, rel=1e-3)
    assert encoder.igm_limits(patient(igm=results)) == pytest.approx((40, 230))


def test_donor_igg_is_not_used(encoder: Encoder) -> None:
    tests = {"pneumococcal_response": "normal", "t_cells_cd4": "normal"}
    who = patient(igg=[{"value": 9, "unit": "g/L"}], iga_status="normal", on_immunoglobulin=True, tests=tests)
    case = encoder.encode(who)
    assert case.igg is None
    assert case.iga is not None
    assert case.tests.normal.tolist() == [encoder.catalogue.test_index("t_cells_cd4")]


def test_septic_meningitis_is_one_episode(encoder: Encoder) -> None:
    flags = {"meningitis": "present", "sepsis": "present", "invasive_encapsulated": "present"}
    state = encoder.encode(patient(findings=flags)).all_findings
    assert state.present.tolist() == [encoder.catalogue.finding_index("invasive_infection")]
    sites = [o.id for o in encoder.catalogue.invasive.sites]
    organisms = [o.id for o in encoder.catalogue.invasive.organisms]
    assert np.argwhere(state.allowed).tolist() == [[sites.index("meningitis"), organisms.index("encapsulated")]]


def test_no_meningitis_excludes_that_site_only(encoder: Encoder) -> None:
    state = encoder.encode(patient(findings={"meningitis": "absent"})).all_findings
    assert state.invasive_partial
    sites = [o.id for o in encoder.catalogue.invasive.sites]
    assert state.allowed.sum(axis=1).tolist() == [0.0 if s == "meningitis" else 3.0 for s in sites]


def test_words_about_igm_have_bounds(encoder: Encoder) -> None:
    told = {"state": "present", "started": "before_low_igm", "igm_before": "low", "igm_recovered_after_stop": "yes"}
    who = patient(causes={"clozapine": told})
    low_limit, high_limit = encoder.igm_limits(who)
    before, after = later_results(who, priors=encoder.priors, limits=(low_limit, high_limit))
    c = encoder.constants
    assert (before.low, before.high) == (c["told_low_from_mg_dl"], low_limit)
    assert (after.low, after.high) == (low_limit, c["told_normal_to_limits"] * high_limit)
    assert (before.years, after.years) == (c["before_interval_years"], c["recovered_after_years"])
    assert before.absent_for == "clozapine"
    assert after.stopped_for == ("clozapine",)


def test_limits_are_those_of_the_curve(encoder: Encoder) -> None:
    curve = encoder.curves["IgM"]
    expected = (curve.lower_limit(40.0, 0.0), curve.upper_limit(40.0, 0.0))
    assert encoder.igm_limits(patient(sex="female")) == pytest.approx(expected, rel=1e-12)
