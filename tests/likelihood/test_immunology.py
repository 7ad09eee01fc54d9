"""Immunology tests: independent given the class, unknown ones left out."""

from __future__ import annotations

import numpy as np

from sigm_bayes.likelihood import person as person_
from sigm_bayes.likelihood.namespace import NUMPY

SEED = 20261201


def log_p(p, encoder, patient):
    return person_.log_tests(NUMPY, p, encoder.encode(patient))


def test_normal_and_abnormal_are_everything_and_tests_are_independent(prior_draws, person, encoder):
    p = prior_draws(30, seed=SEED)
    alone = {}
    for test in encoder.catalogue.tests:
        for value in ("normal", "abnormal"):
            alone[test.id, value] = log_p(p, encoder, person(tests={test.id: value}))
        both = np.logaddexp(alone[test.id, "normal"], alone[test.id, "abnormal"])
        np.testing.assert_allclose(both, 0.0, atol=1e-13)
    told = {"pneumococcal_response": "abnormal", "ige": "normal", "b_cells_cd19": "normal"}
    together = log_p(p, encoder, person(tests=told))
    np.testing.assert_allclose(together, sum(alone[item] for item in told.items()), rtol=1e-12)


def test_what_was_not_done_or_cannot_be_read_weighs_nothing(prior_draws, person, encoder):
    p = prior_draws(5, seed=SEED)
    told = {"pneumococcal_response": "not_interpretable", "ige": "not_done"}
    np.testing.assert_array_equal(log_p(p, encoder, person(tests=told)), 0.0)
    replaced = person(tests={"pneumococcal_response": "abnormal"}, on_immunoglobulin=True)
    np.testing.assert_array_equal(log_p(p, encoder, replaced), 0.0)


def test_logits_are_base_setting_and_class(prior_draws, person, encoder):
    p = prior_draws(5, seed=SEED)
    clinic = encoder.catalogue.setting_index("allergy_immunology_clinic")
    got = log_p(p, encoder, person(setting="allergy_immunology_clinic", tests={"ige": "abnormal"}))
    k = encoder.catalogue.test_index("ige")
    base = p["test_base"][:, k] + p["test_setting"][:, clinic]
    for hypothesis, effect in ((0, p["test_effect"][:, k, 0]), (1, p["test_effect"][:, k, 1]), (2, 0.0)):
        want = -np.log1p(np.exp(-(base + effect)))
        np.testing.assert_allclose(got[:, hypothesis], want, rtol=1e-12)
    want = -np.log1p(np.exp(-(base + p["test_effect"][:, k, 2])))
    np.testing.assert_allclose(got[:, 3:], np.repeat(want[:, None], got.shape[1] - 3, axis=1), rtol=1e-12)
