"""Options of a fit: everything that does not fit together is said at once."""

from __future__ import annotations

import pytest

from sigm_bayes.errors import InputError
from sigm_bayes.fit import FitSpec

CENTRES = ("A", "B")


def test_the_defaults_fit():
    FitSpec().check(CENTRES)


def test_low_igm_needs_a_cut_off_for_every_centre():
    with pytest.raises(InputError, match=r"cut-off of B"):
        FitSpec(ascertainment="low_igm", cut_offs={"A": 40.0}).check(CENTRES)
    FitSpec(ascertainment="low_igm", cut_offs={"A": 40.0, "B": 50.0}).check(CENTRES)
    FitSpec(ascertainment="low_igm", cut_off_mg_dl=40.0).check(CENTRES)


def test_every_problem_is_in_one_report():
    spec = FitSpec(
        ascertainment="some", labels="maybe", chains=1, draws=5, cut_off_mg_dl=0.4, cut_offs={"Z": 40.0}, keep_share=1.0
    )
    with pytest.raises(InputError) as caught:
        spec.check(CENTRES)
    fields = {problem.field for problem in caught.value.problems}
    assert fields == {"ascertainment", "labels", "chains", "draws", "cut_off_mg_dl", "cut_offs", "keep_share"}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 0.4, 4000.0])
def test_a_cut_off_is_a_level_in_mg_dl(value):
    with pytest.raises(InputError, match="1 to 400 mg/dL"):
        FitSpec(cut_off_mg_dl=value).check(CENTRES)


@pytest.mark.parametrize("share", [0.0, 1.0, 1.5, -0.1, float("nan")])
def test_fewer_of_the_other_people_are_kept(share):
    with pytest.raises(InputError, match="keep_share"):
        FitSpec(keep_share=share).check(CENTRES)
