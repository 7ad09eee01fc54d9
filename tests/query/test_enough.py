"""How many draws a person is weighed with: the first half, or all where few of it count; the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sigm_bayes import Patient
from sigm_bayes.catalogue import Catalogue
from sigm_bayes.query import Model, enough
from sigm_bayes.query.draws import classes, effective_draws, standard_error
from sigm_bayes.query.enough import ENOUGH, usual_draws, weighed
from sigm_bayes.query.igg_iga import with_state_weights
from sigm_bayes.query.weighing import Weighing
from sigm_bayes.query.what_if import what_if

SEED = 20261123
IGM = [{"value": 22, "unit": "mg/dL", "context": "well"}]


@pytest.fixture(scope="module")
def unusual(catalogue: Catalogue) -> Patient:
    """Every finding at once: few draws explain that."""
    everything = {f.id: "present" for f in catalogue.findings if f.id != "no_significant_infection"}
    return Patient(age_years=34, igm=IGM, findings=everything)


def few(draws: Callable[..., dict[str, np.ndarray]], *, least: float, error: float = 1.0) -> Any:
    """`weighed` with 60 draws, the first 30 of them usual; `least` effective draws and an `error` are enough."""
    p = with_state_weights(draws(60, seed=SEED))

    def weigh(case: Any) -> tuple[Weighing, int]:
        asked = []
        usual = {name: values[:30] for name, values in p.items()}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(enough, "ENOUGH", least)
            patch.setattr(enough, "LARGEST_ERROR", error)
            weighing = weighed(case, usual, lambda: asked.append(1) or p, released=60)  # type: ignore[func-returns-value]
        return weighing, len(asked)

    return SimpleNamespace(p=p, weigh=weigh)


def test_one_whom_half_of_the_draws_tell_enough_of_is_weighed_with_the_first_half(
    encoder: Any, prior_draws: Callable[..., dict[str, np.ndarray]], person: Callable[..., Patient]
) -> None:
    case = encoder.encode(person(igm=IGM))
    toy = few(prior_draws, least=1.0)
    weighing, asked = toy.weigh(case)
    assert (weighing.draws, asked) == (30, 0)  # the others are not even converted
    want = Weighing({name: values[:30] for name, values in toy.p.items()}, case)
    np.testing.assert_array_equal(weighing.joint(), want.joint())


@pytest.mark.parametrize("limits", [{"least": 29.9}, {"least": 1.0, "error": 1e-6}])
def test_one_of_whom_few_draws_are_left_or_whose_answer_is_rough_is_weighed_with_all(
    limits: dict[str, float], encoder: Any, prior_draws: Callable[..., dict[str, np.ndarray]],
    person: Callable[..., Patient],
) -> None:  # fmt: skip
    case = encoder.encode(person(igm=IGM, findings={"pneumonia": "present", "asthma": "absent"}))
    toy = few(prior_draws, **limits)
    weighing, asked = toy.weigh(case)
    assert (weighing.draws, asked) == (60, 1)
    np.testing.assert_array_equal(weighing.joint(), Weighing(toy.p, case).joint())


def test_the_standard_error_is_that_of_many_samples() -> None:
    """A mean of 200 draws that are weighed by something that goes with them, over 2,000 samples."""
    rng = np.random.default_rng(SEED)
    values = rng.random((2000, 200))
    weights = rng.gamma(0.5, size=values.shape) * np.exp(values)
    weights /= weights.sum(axis=1, keepdims=True)
    said = [standard_error(v, w) for v, w in zip(values, weights, strict=True)]
    assert np.mean(said) == pytest.approx((values * weights).sum(axis=1).std(), rel=0.1)
    assert standard_error(np.arange(4.0), np.full(4, 0.25)) == pytest.approx(np.arange(4.0).std() / 2.0)


@pytest.mark.parametrize(("released", "first"), [(1, 1), (1000, 1000), (1999, 1999), (2000, 1000), (4000, 1000)])
def test_a_release_that_cannot_be_halved_is_weighed_whole(released: int, first: int) -> None:
    assert usual_draws(released) == first


def test_the_shipped_model_takes_half_for_the_usual_and_all_for_the_unusual(model: Model, unusual: Patient) -> None:
    usual = model.weigh(Patient(age_years=34, igm=IGM))
    assert usual.draws == usual_draws(model.posterior.draws) < model.posterior.draws
    assert effective_draws(usual.draw_weights) >= ENOUGH
    assert model.weigh(unusual).draws == model.posterior.draws
    alike = model.weigh(Patient(age_years=34, igm=IGM), all_draws=True)
    assert alike.draws == model.posterior.draws
    np.testing.assert_allclose(alike.p["logit_primary"][: usual.draws], usual.p["logit_primary"])


def test_everything_that_is_said_of_one_person_is_said_with_the_same_draws(model: Model, unusual: Patient) -> None:
    for patient in (Patient(age_years=34, igm=IGM), unusual):
        weighing = model.weigh(patient)
        answer = model.query(patient)
        document = answer.to_dict()
        want = {name: p.sum() for name, p in classes(weighing.joint()).items()}
        (row,) = model.score([patient])
        for name, p in want.items():
            assert document["probability"][name]["mean"] == pytest.approx(p, abs=1e-12)
            assert row[f"p_{name}"] == pytest.approx(p, abs=1e-12)
        assert document["interval"]["draws"] == weighing.draws
        assert document["interval"]["effective_draws"] == pytest.approx(effective_draws(weighing.draw_weights))
        odds = np.log10(want["primary"] / (1.0 - want["primary"]))
        assert document["ledger"]["posterior_log10_odds"] == pytest.approx(odds, abs=1e-9)
        settings = answer.settings()
        assert settings is not None
        (here,) = (s for s in settings if s.current)
        assert here.probability["primary"]["mean"] == pytest.approx(want["primary"], abs=1e-12)
        changed = what_if(model, patient)
        assert changed.draws == weighing.draws
        np.testing.assert_allclose(changed.joint(), weighing.joint(), rtol=1e-9)
        assert model.query(patient).to_dict() == document


def test_the_halves_say_the_same_within_their_monte_carlo_error(model: Model) -> None:
    """The first half is a choice as good as the rest: means of all parameters differ by what chance allows."""
    n = usual_draws(model.posterior.draws)
    z = []
    for values in model.posterior.variables.values():
        first, rest = values[:n], values[n:]
        error = np.sqrt(first.var(axis=0) / len(first) + rest.var(axis=0) / len(rest))
        z.append(np.ravel((first.mean(axis=0) - rest.mean(axis=0)) / error))
    every = np.concatenate(z)
    assert np.sqrt((every**2).mean()) < 1.5
    assert np.abs(every).max() < 5.0
