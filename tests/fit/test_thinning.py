"""A large registry is thinned by the first IgM, and only the ratio of the shares is in its likelihood."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sigm_bayes import load_model
from sigm_bayes.checks.simulated_registries import Design, simulated
from sigm_bayes.fit import FitSpec
from sigm_bayes.fit.pipeline import encode_registry
from sigm_bayes.paths import models_dir
from sigm_bayes.release.sigm import load_inputs
from sigm_bayes.simulate import draw_parameters

SPEC = FitSpec(labels="ignored", subsample_from=100, keep_share=0.1)


@pytest.fixture(scope="module")
def made():
    model = load_model()
    truth = draw_parameters(model, seed=0, draw=3)
    return simulated(model, truth, Design(1000, 2, "all_tested"), folder=models_dir() / "sigm", seed=1).registry


@pytest.fixture(scope="module")
def inputs():
    return load_inputs(models_dir() / "sigm")


def share(kept, of):
    return kept / of, 4 * np.sqrt(kept / of * (1 - kept / of) / of)


def test_both_shares_are_kept(made, inputs):
    whole, _ = encode_registry(made, replace(SPEC, subsample_from=10_000), inputs)
    low_people = sum(entry.patient.igm[0].low_mg_dl < whole.keep_below for entry in whole.entries)
    expected = low_people + 0.1 * (len(whole.entries) - low_people)
    some, encoded = encode_registry(made, replace(SPEC, most_people=round(expected / 2)), inputs)
    assert not whole.thinned
    assert (whole.kept_low, whole.kept_high) == (1.0, 1.0)
    assert some.thinned
    assert (some.kept_low, some.kept_high) == pytest.approx((0.5, 0.05), rel=0.01)
    limit = some.keep_below
    for low, wanted in ((True, 0.5), (False, 0.05)):
        there, kept = (
            sum((entry.patient.igm[0].low_mg_dl < limit) == low for entry in found.entries) for found in (whole, some)
        )
        found, error = share(kept, there)
        assert found == pytest.approx(wanted, abs=error + 0.01)
    assert sum(some.left_out.values()) + len(some.entries) == made.size
    np.testing.assert_allclose(np.exp(encoded.people.log_kept_above), 0.1, rtol=1e-6)


def test_nobody_low_is_left_out_where_there_are_not_too_many(made, inputs):
    whole, _ = encode_registry(made, replace(SPEC, subsample_from=10_000), inputs)
    some, _ = encode_registry(made, SPEC, inputs)
    assert some.kept_low == 1.0
    low = {entry.person_id for entry in whole.entries if entry.patient.igm[0].low_mg_dl < some.keep_below}
    assert low <= {entry.person_id for entry in some.entries}
