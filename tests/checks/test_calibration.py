"""Calibration on made-up cohorts, the two answers, and the misspecifications."""

from __future__ import annotations

import numpy as np
import pytest

from sigm_bayes.checks import calibration_check, misspecification
from sigm_bayes.checks.calibration_check import calibrate_class
from sigm_bayes.checks.cohort import Change, Scored, kept_cohort, low_people, patients_of, scored_cohort, two_answers
from sigm_bayes.evaluation.resampling import Bootstrap


@pytest.fixture(scope="module")
def made():
    """made(sharpness): a cohort whose answers are right, or too sharp; the plain means always are right."""

    def make(sharpness=1.0, people=2500, seed=1):
        rng = np.random.default_rng(seed)
        linear = 1.3 * rng.standard_normal((people, 4)) + np.array([-1.0, -1.5, 1.0, 0.5])
        right = np.exp(linear) / np.exp(linear).sum(axis=1, keepdims=True)
        sharp = np.exp(sharpness * linear) / np.exp(sharpness * linear).sum(axis=1, keepdims=True)
        truth = (right.cumsum(axis=1) < rng.random(people)[:, None]).sum(axis=1)
        return Scored(np.arange(people) // 100, truth, sharp, right, rng.random(people) < 0.1, 10 * people)

    return make


def test_right_answers_hold(made):
    found = calibration_check.calibrate_all(made().answer, made())
    assert all(abs(c.slope - 1.0) < c.slope_half_width for c in found)
    assert all(0.0 < c.slope_half_width < 0.2 for c in found)
    assert all(abs(c.over - 1.0) < 0.1 for c in found)


def test_answers_that_are_too_sharp_do_not_hold(made):
    result = calibration_check.summarise(made(2.0), quick=False)
    rows = {(row[0], row[1]): row[-1] for row in result.table.rows}
    assert rows["of the tool", "primary"] == "no"
    assert result.passed is not True
    assert result.statistic["answer, primary: slope"] < 0.7
    assert result.statistic["plain mean, primary: slope"] == pytest.approx(1.0, abs=0.15)


def test_too_few_people_judge_nothing(made):
    assert calibration_check.summarise(made(people=400), quick=False).passed is None


def test_a_class_without_people_is_left_out(made):
    cohort = made(people=400)
    none = Scored(cohort.block, np.full(400, 2), cohort.answer, cohort.plain, cohort.rule, 4000)
    assert calibration_check.calibrate_all(none.answer, none) == []


def test_a_handful_of_events_gives_no_slope_and_no_warning():
    p = np.linspace(0.01, 0.2, 60)
    event = np.arange(60) == 7
    found = calibrate_class(p, event, Bootstrap(np.arange(60) // 20), name="x")
    assert not found.holds
    nobody = calibrate_class(p, np.zeros(60, dtype=bool), Bootstrap(np.arange(60) // 20), name="x")
    assert np.isnan(nobody.slope)
    assert np.isnan(nobody.slope_half_width)


def test_the_answer_weighs_draws_by_the_person():
    log_joint = np.log(np.array([[0.9, 0.1, 0.0001, 0.0001], [0.001, 0.009, 0.0001, 0.0001]]))
    answer, plain = two_answers(log_joint, [0, 1, 2, 3])
    joint = np.exp(log_joint)
    assert plain == pytest.approx((joint / joint.sum(axis=1, keepdims=True)).mean(axis=0))
    assert answer == pytest.approx(joint.sum(axis=0) / joint.sum())
    assert answer[0] > plain[0] + 0.3


def test_equally_probable_draws_make_both_the_same():
    log_joint = np.log(np.array([[0.5, 0.3, 0.1, 0.1], [0.2, 0.4, 0.3, 0.1]]))
    answer, plain = two_answers(log_joint, [0, 1, 2, 3])
    assert plain == pytest.approx(answer)


def test_two_answers_survive_very_small_likelihoods():
    answer, plain = two_answers(np.array([[-2000.0, -2001.0, -3000.0, -3000.0]] * 2), [0, 1, 2, 3])
    assert plain == pytest.approx(answer)
    assert plain[0] == pytest.approx(1.0 / (1.0 + np.exp(-1.0)))


def test_block_bootstrap_is_wider_where_blocks_differ():
    rng = np.random.default_rng(3)
    p = np.full(4000, 0.3) + 0.1 * rng.random(4000)
    block = np.arange(4000) // 200
    event = rng.random(4000) < np.where(block % 2 == 0, 0.1, 0.6)
    by_block = calibrate_class(p, event, Bootstrap(block), name="x")
    by_person = calibrate_class(p, event, Bootstrap(np.arange(4000)), name="x")
    assert by_block.error == by_person.error
    assert by_block.slope == by_person.slope


def test_people_of_a_block_are_low_and_stated_as_they_are(subject):
    truth = {name: values[0] for name, values in subject.model.parameters.items()}
    people, records = low_people(subject.model, truth, tested=400, seed=[1, 2], change=Change())
    limit = subject.model.encoder.curves["IgM"].lower_limit(people.age_years, people.male)
    assert len(people) > 5
    assert (records.igm_mg_dl < limit).all()
    patients = patients_of(subject.model, people, records)
    assert len(patients) == len(people)
    first = patients[0]
    assert first.igm[0].value_mg_dl == records.igm_mg_dl[0]
    present = {id for id, state in first.findings.items() if state == "present"}
    ids = subject.model.catalogue.ids("finding")
    told = {ids[k] for k in np.flatnonzero(records.findings[0] == 1)}
    assert told - {"invasive_infection"} == present - {"invasive_infection"}
    causes = [c.id for c in subject.model.catalogue.causes if c.recordable]
    on = {causes[k] for k in np.flatnonzero(people.exposures[0])}
    assert {id for id, e in first.causes.items() if e.state == "present"} == on


def test_a_cohort_is_the_same_again_and_taken_up_where_it_was(subject):
    given = {"blocks": 2, "tested": 60, "draws": 4}
    first = kept_cohort(subject, "test", **given)
    again = kept_cohort(subject, "test", **given)
    fresh = scored_cohort(subject.model, blocks=range(2), tested=60, draws=4, seed=subject.seed)
    assert np.array_equal(first.answer, again.answer)
    assert fresh.answer == pytest.approx(first.answer)
    assert first.tested == 120
    assert first.answer.sum(axis=1) == pytest.approx(np.ones(len(first.truth)))


@pytest.fixture(scope="module")
def block(subject):
    """block(change): low-IgM people of one block of a changed world."""
    truth = {name: np.array(values[0]) for name, values in subject.model.parameters.items()}

    def make(change, tested=4000):
        return low_people(subject.model, truth, tested=tested, seed=[3, 4], change=change)

    return make


def test_every_named_misspecification_can_be_made(block):
    names = [m.name for m in misspecification.misspecifications()]
    assert len(names) == 7
    for m in misspecification.misspecifications():
        people, records = block(m.change, tested=60)
        assert len(people) == len(records.label), m.name


def test_an_assay_that_reads_high_leaves_fewer_low(block):
    assert len(block(misspecification.laboratory_offset(0.3))[0]) < 0.8 * len(block(Change())[0])


def test_heavier_tails_leave_more_very_low(block):
    _, plain = block(Change(), tested=20_000)
    _, heavy = block(misspecification.heavier_tail(4.0), tested=20_000)
    assert (heavy.igm_mg_dl < 15).sum() > (plain.igm_mg_dl < 15).sum()


def test_wrong_labels_are_as_many_as_said(block):
    people, records = block(misspecification.wrong_labels(0.2), tested=20_000)
    assert (records.label != people.class_index).mean() == pytest.approx(0.2, abs=0.03)


def test_present_findings_are_recorded_more_often_than_absent_ones(block):
    people, records = block(misspecification.missing_not_at_random(0.3), tested=20_000)
    known = records.findings >= 0
    assert known[people.findings].mean() == pytest.approx(misspecification.PRESENT_RECORDED, abs=0.02)
    assert known[~people.findings].mean() == pytest.approx(0.3, abs=0.01)


def test_an_unlisted_cause_adds_its_share(subject):
    change = misspecification.unlisted_cause(0.1)
    before = {"log_occult_hazard": np.log(np.array([0.02, 0.05]))}
    after = change.parameters(before)["log_occult_hazard"]
    survive = np.exp(-np.exp(after)) / np.exp(-np.exp(before["log_occult_hazard"]))
    assert survive == pytest.approx([0.9, 0.9])


def test_stronger_correlation_keeps_the_effects_of_classes():
    change = misspecification.stronger_correlation(1.5)
    before = {"log_loading": np.array([0.1]), "proneness": np.array([0.6]), "log_exposure_infection": np.array([-1.0])}
    after = change.parameters(before)

    def sizes(p):
        return np.exp(p["log_loading"]) * np.array([p["proneness"], np.exp(p["log_exposure_infection"])])

    assert sizes(after) == pytest.approx(sizes(before))


def test_damage_is_told_beside_the_well_specified_run(made):
    cohorts = {misspecification.NONE: made(people=800)}
    cohorts |= {
        m.name: made(0.5 if m.name == "wrong labels" else 1.0, 800) for m in misspecification.misspecifications()
    }
    result = misspecification.summarise(cohorts)
    assert len(result.table.rows) == 8
    assert result.passed is None
    changes = {row[0]: float(row[8]) for row in result.table.rows}
    assert changes[misspecification.NONE] == 0.0
    assert changes["wrong labels"] < -0.01
