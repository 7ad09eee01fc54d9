"""The same person under another prior, constant or fixed parameter."""

from __future__ import annotations

import numpy as np
import pytest

from sigm_bayes import Patient, load_model
from sigm_bayes.errors import InputError
from sigm_bayes.query.what_if import bands, changed_parameters, class_draws, over, what_if

PERSON = Patient(
    age_years=40, sex="female", setting="allergy_immunology_clinic", igg_status="normal", iga_status="normal",
    igm=[{"value": 25, "unit": "mg/dL"}],
)  # fmt: skip


@pytest.fixture(scope="module")
def model():
    return load_model()


def test_nothing_changed_is_the_answer(model):
    assert bands(what_if(model, PERSON)) == model.query(PERSON).probability


def test_a_factor_on_the_prevalence_multiplies_the_odds_in_every_draw(model):
    before, after = (
        class_draws(what_if(model, PERSON, shift={"logit_primary": shift}))["primary"] for shift in (0.0, np.log(3))
    )
    odds = [p / (1 - p) for p in (before, after)]
    np.testing.assert_allclose(odds[1] / odds[0], 3.0, rtol=1e-9)


def test_a_fixed_parameter_has_no_spread_and_leaves_the_model_alone(model):
    kept = model.parameters["log_spread_factor"].copy()
    changed = changed_parameters(model, instead={"log_spread_factor": 0.1}, shift={"log_spread_factor": 0.2})
    assert np.ptp(changed["log_spread_factor"]) == 0.0
    assert changed["log_spread_factor"][0] == pytest.approx(0.3)
    np.testing.assert_array_equal(model.parameters["log_spread_factor"], kept)


def test_constants_reach_the_likelihood(model):
    wide = bands(what_if(model, PERSON, constants={"dip_shift": 2.0}))["normal"]["mean"]
    assert wide != pytest.approx(bands(what_if(model, PERSON))["normal"]["mean"], abs=1e-4)


def test_over_is_mean_lower_upper(model):
    values = over([what_if(model, PERSON), what_if(model, PERSON, shift={"logit_primary": 1.0})], "primary")
    assert values.shape == (3, 2)
    assert (values[1] <= values[0]).all()
    assert (values[0] <= values[2]).all()
    assert values[0, 1] > values[0, 0]


def test_every_wrong_change_is_reported(model):
    wrong = {"nonsense": 1.0, "logit_primary": [1.0, 2.0, 3.0], "log_spread_factor": float("nan")}
    with pytest.raises(InputError) as caught:
        changed_parameters(model, shift=wrong)
    assert {p.field for p in caught.value.problems} == set(wrong)
    with pytest.raises(InputError, match="not a constant"):
        what_if(model, PERSON, constants={"nonsense": 1.0})


def test_a_person_out_of_scope_is_refused(model):
    infant = Patient(age_months=3, igm=[{"value": 12, "unit": "mg/dL"}])
    with pytest.raises(InputError, match="patient"):
        what_if(model, infant)
