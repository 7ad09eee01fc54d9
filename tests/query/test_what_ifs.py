"""What-ifs in few steps: the same numbers as from the whole likelihood, weighed again."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sigm_bayes.likelihood import person as person_
from sigm_bayes.likelihood.exposures import ABSENT, PRESENT, UNKNOWN, ExposureState
from sigm_bayes.likelihood.namespace import NUMPY
from sigm_bayes.patient import Exposure, Patient
from sigm_bayes.query.draws import log10_odds
from sigm_bayes.query.exposure_change import factors, reweighed
from sigm_bayes.query.igg_iga import igg_iga_term
from sigm_bayes.query.igm_results import log_igm_results
from sigm_bayes.query.ledger import values
from sigm_bayes.query.proneness import LARGEST_PRODUCT, largest_exponent, product
from sigm_bayes.query.situation import situation
from sigm_bayes.query.summary import band, bands
from sigm_bayes.query.unknowns import present_given_class
from sigm_bayes.query.weighing import EXPOSURES, Weighing

SEED = 20261211


def primary_by_sums(w: Weighing) -> float:
    """P(primary): the sum over draws of P(primary, person | draw) over that of P(person | draw)."""
    log_joint = w.log_joint(w.everything)
    top = log_joint.max()
    primary = sum(math.exp(row[0] - top) for row in log_joint)
    return primary / sum(math.exp(x - top) for row in log_joint for x in row)


def weighed(encoder: Any, p: dict[str, np.ndarray], patient: Patient) -> Weighing:
    return Weighing(p, encoder.encode(patient))


@pytest.mark.parametrize("number", range(12))
def test_findings_by_products_are_the_shared_likelihood(
    number: int, random_person: Callable[..., Any], prior_draws: Callable[..., Any], encoder: Any
) -> None:
    p = prior_draws(7, seed=[SEED, number])
    w = weighed(encoder, p, random_person(np.random.default_rng([SEED, 1, number])))
    got = w.found(w.everything)
    want = person_.log_findings(NUMPY, w.p, w.case, w.case.all_findings, exposed=True)
    if got is None:
        np.testing.assert_allclose(want, 0.0, atol=1e-12)
    else:
        np.testing.assert_allclose(got[:, w.columns], want, rtol=1e-12, atol=1e-11)
    unexposed = w.found(w.everything - {EXPOSURES})
    if unexposed is not None:
        want = person_.log_findings(NUMPY, w.p, w.case, w.case.all_findings, exposed=False)
        np.testing.assert_allclose(unexposed[:, w.columns], want, rtol=1e-12, atol=1e-11)


@pytest.mark.parametrize("number", range(12))
def test_igg_and_iga_are_the_shared_likelihood(
    number: int, random_person: Callable[..., Any], prior_draws: Callable[..., Any], encoder: Any
) -> None:
    p = prior_draws(7, seed=[SEED, number])
    w = weighed(encoder, p, random_person(np.random.default_rng([SEED, 2, number])))
    if w.case.igg is None and w.case.iga is None:
        return
    for exposed in (True, False):
        want = person_.log_igg_iga(NUMPY, w.p, w.case, exposed=exposed)
        np.testing.assert_allclose(igg_iga_term(w.p, w.case, exposed=exposed), want, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("number", range(16))
def test_several_igm_results_are_the_shared_likelihood(
    number: int, random_person: Callable[..., Any], prior_draws: Callable[..., Any], encoder: Any
) -> None:
    p = prior_draws(7, seed=[SEED, number])
    rng = np.random.default_rng([SEED, 3, number])
    w = next(w for w in iter(lambda: weighed(encoder, p, random_person(rng)), None) if w.case.series is not None)
    if number % 4 == 0:  # the part of late maturers
        w.case = replace(w.case, delay_share=0.3)
    for first_known in (True, False):
        want, want_delay = person_.log_igm_series(NUMPY, w.p, w.case, first_known=first_known)
        got, delay = log_igm_results(w.p, w.case, first_known=first_known)
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-11)
        np.testing.assert_allclose(delay, want_delay, rtol=1e-12, atol=1e-11)


def test_findings_so_strong_that_products_leave_the_range_of_numbers(
    random_person: Callable[..., Any], prior_draws: Callable[..., Any], encoder: Any
) -> None:
    """Beyond it the product is taken another way; both ways are the shared likelihood."""
    p = prior_draws(7, seed=[SEED, 99])
    w = weighed(encoder, {**p, "finding_base": p["finding_base"] - 60.0}, random_person(np.random.default_rng(SEED)))
    state, e = w.case.all_findings, w.effects(exposed=False)
    assert largest_exponent(e, [*state.present, *state.absent]) > LARGEST_PRODUCT
    got = w.found(w.everything - {EXPOSURES})
    assert got is not None
    want = person_.log_findings(NUMPY, w.p, w.case, w.case.all_findings, exposed=False)
    np.testing.assert_allclose(got[:, w.columns], want, rtol=1e-12, atol=1e-11)


def recorded(now: ExposureState, changes: dict[int, int], raised: list[int]) -> ExposureState:
    state, factor, lifted = now.state.copy(), now.hazard_factor.copy(), now.raised.copy()
    for m, to in changes.items():
        state[m], factor[m] = to, 0.7 if to == PRESENT else 1.0
    lifted[raised] = 1.0 - lifted[raised]
    return replace(now, state=state, hazard_factor=factor, raised=lifted)


@pytest.mark.parametrize("number", range(10))
def test_changed_exposures_are_the_shared_weights(
    number: int, random_person: Callable[..., Any], prior_draws: Callable[..., Any], encoder: Any
) -> None:
    """One exposure, several at once, none, and what comes with another; each against all of them weighed again."""
    rng = np.random.default_rng([SEED, 3, number])
    p = prior_draws(6, seed=[SEED, number])
    case = encoder.encode(random_person(rng))
    w = Weighing(p, case)
    n = len(case.exposures.state)
    states = [case.exposures, recorded(case.exposures, {}, [3])]
    for m, to in itertools.product(rng.choice(n, 4, replace=False), (UNKNOWN, ABSENT, PRESENT)):
        states.append(recorded(case.exposures, {int(m): to}, []))
    states.append(recorded(case.exposures, {0: PRESENT, 5: ABSENT, 9: PRESENT}, [0, 4, 11]))
    got = reweighed(factors(w.p, case, log_weights=w.start(exposures=True)), states)
    for state, found in zip(states, got, strict=True):
        want = person_.log_weights(
            NUMPY, w.p, setting=case.setting, age_band=case.age_band, boy=case.boy, state=state
        )  # fmt: skip
        likely = want > -600.0  # what cannot be need only be so in both
        np.testing.assert_allclose(found[likely], want[likely], rtol=1e-11, atol=1e-10)
        assert np.all(found[~likely] < -590.0)


@pytest.mark.parametrize("number", range(8))
def test_a_changed_person_is_the_same_as_one_entered_so(
    number: int, random_person: Callable[..., Any], prior_draws: Callable[..., Any], encoder: Any
) -> None:
    """Every kind of change, through `moved`, against the changed patient encoded and weighed from nothing."""
    patient = random_person(np.random.default_rng([SEED, 4, number]))
    w = weighed(encoder, prior_draws(5, seed=[SEED, number]), patient)
    w.probabilities(), values(w)
    limits = encoder.igm_limits(patient)
    tried = [
        ("finding", patient.replace(findings={**patient.findings, id: state}))
        for id, state in (("pneumonia", "absent"), ("asthma", "present"), ("sinusitis", "unknown"))
    ]
    for state in ("present", "absent", "unknown"):
        bare = patient.replace(
            episodes=(), invasive_flags={}, findings={**patient.findings, "invasive_infection": state}
        )
        tried += [("finding", bare)] + [("finding", patient.replace(findings=bare.findings))] * (state != "unknown")
    for id in ("clozapine", "lymphoma", "b_cell_depletion"):
        for state in ("present", "absent", "unknown"):
            tried.append(("exposure", patient.replace(causes={**patient.causes, id: Exposure(state=state)})))  # type: ignore[arg-type]
    tried.append(("test", patient.replace(tests={**patient.tests, "ige": "abnormal"})))
    if not patient.igg:
        tried.append(("analyte", patient.replace(igg_status="low")))
    for kind, changed in tried:
        case = encoder.encode_changed(changed, before=patient, case=w.case, kind=kind, limits=limits)
        want = weighed(encoder, dict(w.p), changed)
        moved = w.moved(case)
        np.testing.assert_allclose(moved.probabilities(), want.probabilities(), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(moved.draw_weights, want.draw_weights, rtol=1e-9, atol=1e-12)
        assert moved.primary() == pytest.approx(primary_by_sums(want), abs=1e-12)


def test_every_coalition_of_the_ledger_is_the_answer_with_those_groups(
    random_person: Callable[..., Any], prior_draws: Callable[..., Any], encoder: Any
) -> None:
    for number in range(6):
        w = weighed(encoder, prior_draws(5, seed=SEED), random_person(np.random.default_rng([SEED, 5, number])))
        found = values(w)
        assert len(found) == 2 ** len(w.known)
        for groups, value in found.items():
            assert value == pytest.approx(log10_odds(w.log_joint(groups)), abs=1e-9)
            by_sums = sum(math.exp(x) for x in w.log_joint(groups)[:, 0])
            rest = sum(math.exp(x) for x in w.log_joint(groups)[:, 1:].ravel())
            assert value == pytest.approx(math.log10(by_sums / rest), abs=1e-9)


def test_a_known_finding_is_what_it_would_be_if_it_were_not_known(
    person: Callable[..., Patient], prior_draws: Callable[..., Any], encoder: Any
) -> None:
    p = prior_draws(4, seed=SEED)
    known = {"pneumonia": "present", "asthma": "absent", "sinusitis": "present"}
    s = situation(given := person(findings=known), weighed(encoder, p, given), encoder=encoder)
    for id in known:
        less = person(findings={k: v for k, v in known.items() if k != id})
        t = situation(less, weighed(encoder, p, less), encoder=encoder)
        np.testing.assert_allclose(present_given_class(s, [id])[id], present_given_class(t, [id])[id], rtol=1e-10)


def test_findings_that_cannot_be_together_stay_finite(
    person: Callable[..., Patient], prior_draws: Callable[..., Any], encoder: Any
) -> None:
    """All findings absent in someone who has them for certain: beyond the smallest number, not beyond arithmetic."""
    p = dict(prior_draws(3, seed=SEED))
    p["finding_base"] = p["finding_base"] + 300.0
    patient = person(findings={f.id: "absent" for f in encoder.catalogue.findings})
    w = weighed(encoder, p, patient)
    assert np.all(np.isfinite(w.probabilities()))
    inverse = product(
        w.effects(exposed=False), w.case.all_findings, wanted=np.ones(len(w.case.is_infection), dtype=bool)
    )
    assert not np.any(np.isnan(inverse))


def test_bands_are_quantiles() -> None:
    rng = np.random.default_rng(SEED)
    for size in (1, 2, 7, 1000):
        rows = rng.random((3, size))
        alike = np.full(size, 1.0 / size)
        for row, found, weighted in zip(rows, bands(rows), bands(rows, alike), strict=True):
            assert found == band(row)
            mean, (low, high) = row.mean(), np.quantile(row, [0.05, 0.95], method="inverted_cdf")
            wanted = {"mean": mean, "lower": min(low, mean), "upper": max(high, mean)}
            assert found == pytest.approx(wanted, abs=1e-12)
            assert weighted == pytest.approx(wanted, abs=1e-9)


def test_bands_of_weighted_draws_are_those_of_draws_drawn_again() -> None:
    """A weight of k parts in n is a draw that is there k times."""
    rng = np.random.default_rng(SEED)
    row = rng.random(300)
    times = rng.integers(0, 40, 300)
    again = np.repeat(row, times)
    found = band(row, times / times.sum())
    low, high = np.quantile(again, [0.05, 0.95], method="inverted_cdf")
    assert found["mean"] == pytest.approx(again.mean(), abs=1e-12)
    assert (found["lower"], found["upper"]) == (low, high)
    for each in bands(np.array([row, row[::-1]]), np.array([times, times[::-1]]) / times.sum()):
        assert each == pytest.approx(found)


def test_draws_without_weight_say_nothing() -> None:
    row = np.array([0.1, 0.9, 0.2, 0.3])
    assert band(row, np.array([0.0, 0.0, 1.0, 0.0])) == pytest.approx({"mean": 0.2, "lower": 0.2, "upper": 0.2})
