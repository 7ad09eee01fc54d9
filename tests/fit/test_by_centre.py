"""Refits without a centre: its people weigh nothing, finished ones are not made again, the table is readable."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from sigm_bayes import load_model
from sigm_bayes.cohort.columns import CLASSES as READ
from sigm_bayes.evaluation.outside import read_predictions
from sigm_bayes.fit.by_centre import DRAWS_USED, LeftOut, Refitter, refit_by_centre, write_left_out
from sigm_bayes.fit.spec import FitSpec
from sigm_bayes.inference.joined import compile_joined
from sigm_bayes.inference.whitening import find_whitening
from sigm_bayes.likelihood.hypotheses import CLASSES
from sigm_bayes.query.draws import classes

SPEC = FitSpec(chains=2, draws=400, tune=100)
CENTRE = np.array([0, 0, 0, 1, 1, 2])
SEEN = np.array([2.0, 1.0, 3.0, -4.0, -2.0, 9.0])
NAMES = ("north", "south", "west")


class MeanRefitter(Refitter):
    """Answers with the posterior mean in place of the class probabilities."""

    def _parameters(self, released):
        return released

    def _answer(self, draws, patient):
        return [float(draws["mean"].mean()), patient, 0.0, 0.0]


@pytest.fixture(scope="module")
def refitter():
    """People seen with error 1 around a mean of which N(0, 1) is the prior."""
    import pymc as pm

    with pm.Model() as model:
        weight = pm.Data("people_weight", np.ones(6))
        mean = pm.Normal("z")
        pm.Deterministic("mean", 1.0 * mean)
        pm.Potential("people", (-0.5 * weight * (SEEN - mean) ** 2).sum())
    joined = compile_joined([model])
    entries = SimpleNamespace(
        centres=NAMES,
        entries=[
            SimpleNamespace(person_id=f"p{i}", centre=int(c), patient=float(i)) for i, c in enumerate(CENTRE)
        ],
    )  # fmt: skip
    whitening = find_whitening(joined.handle, cores=2)
    return MeanRefitter(joined, whitening, entries, np.ones(6), CENTRE, ("mean",), None)


def test_the_people_of_a_centre_do_not_count_in_its_refit(refitter):
    found = refit_by_centre(refitter, SPEC, cores=2, folder=None, told=lambda *_: None)
    assert [one.centre for one in found] == list(NAMES)
    for number, one in enumerate(found):
        rest = SEEN[number != CENTRE]
        exact, sd = rest.sum() / (len(rest) + 1), (len(rest) + 1) ** -0.5
        assert one.probabilities[0, 0] == pytest.approx(exact, abs=4 * sd / np.sqrt(min(one.least_ess, DRAWS_USED)))
        assert one.person_id == tuple(f"p{i}" for i in np.flatnonzero(number == CENTRE))
        assert one.probabilities[:, 1].tolist() == np.flatnonzero(number == CENTRE).tolist()
        assert one.worst_r_hat < 1.05


def test_finished_refits_are_not_made_again(refitter, tmp_path):
    first = refit_by_centre(refitter, SPEC, cores=2, folder=tmp_path, told=lambda *_: None)
    again = refit_by_centre(_Never(refitter), SPEC, cores=2, folder=tmp_path, told=lambda *_: None)
    for a, b in zip(first, again, strict=True):
        assert (a.centre, a.person_id) == (b.centre, b.person_id)
        assert (a.divergences, a.worst_r_hat) == (b.divergences, b.worst_r_hat)
        np.testing.assert_array_equal(a.probabilities, b.probabilities)


class _Never:
    def __init__(self, refitter):
        self.entries = refitter.entries

    def without(self, *_, **__):
        raise AssertionError("refitted")


def test_the_table_is_one_that_an_evaluation_reads(tmp_path):
    rows = np.array([[0.25, 0.25, 0.5, 0.0], [0.1, 0.2, 0.3, 0.4]])
    write_left_out(tmp_path / "by.csv", (LeftOut("north", ("a", "b"), rows, 1.0, 500.0, 0),))
    found = read_predictions(tmp_path / "by.csv", ["b", "a", "c"])
    ours = [CLASSES.index(name) for name in READ]
    np.testing.assert_allclose(found[:2], rows[::-1][:, ours])
    assert np.isnan(found[2]).all()


def test_the_answer_for_a_person_is_that_of_the_query(person):
    """With the draws as a refit keeps them: of some parameters only the entries that are sampled."""
    model = load_model()
    given = person(igm=[{"value": 25, "unit": "mg/dL"}], findings={"pneumonia": "present"})
    refitter = Refitter(None, None, None, None, None, None, model.encoder)
    found = refitter._answer(refitter._parameters(model.posterior.first(model.posterior.draws)), given)
    wanted = model.weigh(given, all_draws=True).joint().sum(axis=0)
    np.testing.assert_allclose(found, [float(classes(wanted)[name]) for name in CLASSES], rtol=1e-6)
