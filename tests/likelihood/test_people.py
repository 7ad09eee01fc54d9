"""Many people at once are the same likelihood as one person at a time; selection and labels against simulation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sigm_bayes.fit.encode import Capacity, encode_rows
from sigm_bayes.fit.rows import Entry, encode_row
from sigm_bayes.likelihood import people_exposures, people_igm, people_joint
from sigm_bayes.likelihood import person as person_
from sigm_bayes.likelihood.hypotheses import class_of_hypothesis
from sigm_bayes.likelihood.namespace import NUMPY, logsumexp
from sigm_bayes.likelihood.people_joint import Scheme
from sigm_bayes.simulate.people import simulate_people

SEED = 20261130
NO_BOXES = np.array([], dtype=int)


def parameters(prior_draws, *, seed):
    """One draw of every parameter, without a draw axis."""
    return {name: values[0] for name, values in prior_draws(1, seed=seed).items()}


def entries(random_person, n, *, seed, **given):
    rng = np.random.default_rng(seed)
    return [Entry(f"P{i}", random_person(rng), centre=i % 3, **given) for i in range(n)]


def encode(found, encoder, **options):
    boxes = options.pop("boxes", NO_BOXES)
    return encode_rows([encode_row(e, encoder, boxes=boxes) for e in found], encoder, boxes=boxes, **options)


def as_query(people):
    """People whose unknown exposures are not raised by other unknown ones, as the query has it (decision 0004)."""
    return replace(people, raised_by=0.0 * people.raised_by)


def joint_of(encoded, p):
    mean, sd = people_igm.moments(NUMPY, p, encoded.people)
    return people_joint.log_joint(NUMPY, p, encoded.people, mean=mean, sd=sd)[encoded.place]


def most_of(log_joint):
    """Hypotheses that hold more than a millionth of the probability."""
    return log_joint - log_joint.max() > np.log(1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_the_same_as_one_person_at_a_time(seed, random_person, encoder, prior_draws):
    """Exact but for the pieces of wide results and the coarser rule for the proneness: 0.02 in the log at most.

    A person with more than two results is compared by the two that a fit uses.
    """
    p = parameters(prior_draws, seed=seed)
    found = entries(random_person, 120, seed=seed)
    found = [e for e in found if encoder.encode(e.patient).series is None or len(e.patient.igm) == 2]
    encoded = encode(found, encoder)
    many = joint_of(replace(encoded, people=as_query(encoded.people)), p)
    off = []
    for entry, got in zip(found, many, strict=True):
        case = encoder.encode(entry.patient)
        if case.series is not None and len(case.series.elapsed) > 1:
            continue
        want = person_.log_joint(NUMPY, p, case)
        off.append(np.abs(got - want)[most_of(want)].max())
    assert len(off) > 40
    assert max(off) < 0.02
    assert np.median(off) < 1e-4


def test_the_order_blocks_and_capacity_change_nothing(random_person, encoder, prior_draws):
    p = parameters(prior_draws, seed=SEED)
    found = entries(random_person, 60, seed=SEED)
    plain = joint_of(encode(found, encoder), p)
    larger = Capacity(blocks=90, groups=60, acting=40, attributes=30, exposed=60, igm_open=20, repeats=80,
                      pieces=450, ig_wide=60)  # fmt: skip
    padded = joint_of(encode(found, encoder, capacity=larger), p)
    np.testing.assert_allclose(padded, plain, rtol=0, atol=1e-9)
    turned = joint_of(encode(found[::-1], encoder), p)[::-1]
    np.testing.assert_allclose(turned, plain, rtol=0, atol=1e-9)


def test_equal_people_come_together_with_a_weight(random_person, encoder):
    found = entries(random_person, 10, seed=SEED)
    twice = [*found, *(replace(e, person_id=f"again {e.person_id}") for e in found)]
    encoded = encode(twice, encoder)
    assert encoded.people.weight.sum() == 20
    assert sorted(set(encoded.people.weight[encoded.people.weight > 0])) == [2.0]
    np.testing.assert_array_equal(encoded.place[:10], encoded.place[10:])


@pytest.mark.parametrize("recorded", [True, False])
def test_exposures_are_those_of_the_query(recorded, random_person, encoder, prior_draws):
    p = parameters(prior_draws, seed=SEED)
    found = entries(random_person, 40, seed=SEED)
    encoded = encode(found, encoder)
    got = people_exposures.log_exposures(NUMPY, p, as_query(encoded.people), recorded=recorded)[encoded.place]
    for entry, one in zip(found, got, strict=True):
        case = encoder.encode(entry.patient, series=False)
        state = case.exposures
        if not recorded:
            unknown = type(state).unknown(len(state.state))
            state = replace(unknown, possible=state.possible)
        logit_e = person_.exposure_logits(NUMPY, p, setting=case.setting, age_band=case.age_band, raised=state.raised)
        occult = p["log_occult_hazard"][case.setting] + p["occult_age"][case.age_band]
        want = person_.log_exposures(NUMPY, p, logit_e=logit_e, log_occult=occult, state=state)
        # The rule has 8 nodes here and 12 there; some random priors have very large hazards.
        shown = want > want.max() - 20
        np.testing.assert_allclose(one[shown], want[shown], rtol=0, atol=2e-5)
    if not recorded:
        np.testing.assert_allclose(logsumexp(NUMPY, got[:, 2:]), 0.0, atol=1e-6)


def test_recorded_exposures_and_those_left_out_sum_to_one(person, encoder, prior_draws):
    """A disease and its drug in every state, and either or both left out: the same probability of the IgM."""
    p = parameters(prior_draws, seed=SEED) | {"co_exposure": np.array(6.0)}
    pair = ("lymphoma", "car_t")
    states = ("present", "absent", None)
    found = [
        Entry(f"{a} {b}", person(causes={k: v for k, v in zip(pair, (a, b), strict=True) if v}), centre=0)
        for a in states
        for b in states
    ]
    encoded = encode(found, encoder)
    log_p = people_exposures.log_exposures(NUMPY, p, encoded.people, recorded=True)[encoded.place]
    total = logsumexp(NUMPY, log_p[:, 2:]).reshape(3, 3)
    both, drug_only, disease_only = total[:2, :2], total[2, :2], total[:2, 2]
    np.testing.assert_allclose(np.logaddexp(*disease_only), 0.0, atol=1e-6)
    np.testing.assert_allclose(np.logaddexp(*both.T), disease_only, atol=1e-6)
    np.testing.assert_allclose(np.logaddexp(*drug_only), 0.0, atol=1e-6)
    # Three more exposures raise CAR-T than lymphoma; they are unknown in all rows.
    assert both[0, 0] - disease_only[0] > drug_only[0]


@pytest.mark.parametrize("together", [0.0, 6.0])
def test_entry_is_the_share_of_simulated_people_with_a_low_result(together, person, encoder, prior_draws):
    """Also where exposures come together, which P(entry) takes as independent: within 3 % and Monte Carlo error."""
    p = parameters(prior_draws, seed=SEED) | {"co_exposure": np.array(together)}
    n, cut_off = 60_000, 39.5
    people = simulate_people(
        p, catalogue=encoder.catalogue, priors=encoder.priors, curves=encoder.curves, n=n, settings="hospital",
        ages=50.0, male=0.0, seed=SEED,
    )  # fmt: skip
    share = (people.igm[:, 0] < cut_off).mean()
    one = person(setting="hospital", age_years=50, sex="female", igm=[{"value": 20, "unit": "mg/dL"}])
    encoded = encode([Entry("one", one, centre=0, threshold_mg_dl=cut_off)], encoder)
    mean, sd = people_igm.moments(NUMPY, p, encoded.people)
    scheme = Scheme("low_igm", "ignored")
    log_entry = people_joint.log_entry(NUMPY, p, encoded.people, scheme, mean=mean, sd=sd, labels=None)
    exact = float(np.exp(log_entry[encoded.place][0]))
    assert abs(share - exact) < 4.0 * np.sqrt(exact * (1.0 - exact) / n) + 0.03 * exact


def test_the_probability_of_entry_is_that_of_a_low_result(person, encoder, prior_draws):
    """A person known by nothing but IgM: P(printed below the cut-off) is the sum of P(each printed value)."""
    p = parameters(prior_draws, seed=SEED)
    shared = {"setting": "hospital", "age_years": 50, "sex": "female"}
    values = np.arange(1, 40)
    found = [
        Entry(str(v), person(**shared, igm=[{"value": int(v), "unit": "mg/dL"}]), centre=0, threshold_mg_dl=39.5)
        for v in values
    ]
    lowest = person(**shared, igm=[{"value": 1, "unit": "mg/dL", "comparator": "<"}])
    found.append(Entry("less", lowest, centre=0, threshold_mg_dl=39.5))
    encoded = encode(found, encoder)
    scheme = Scheme("low_igm", "ignored")
    log_likelihood = people_joint.log_person(NUMPY, p, encoded.people, scheme)[encoded.place]
    # 1 mg/dL stands for [0.5, 1.5), "<1" for [0, 1): half of what 1 stands for would count twice.
    total = np.exp(log_likelihood).sum() - 0.5 * np.exp(log_likelihood[0])
    np.testing.assert_allclose(total, 1.0, atol=2e-3)


def test_a_thinned_registry_is_conditional_on_the_thinning(person, encoder, prior_draws):
    """Kept rows and thinned rows together sum to 1 when the thinned ones count by their share."""
    p = parameters(prior_draws, seed=SEED + 1)
    found = [
        Entry(str(v), person(setting="hospital", igm=[{"value": int(v), "unit": "mg/dL"}]), centre=0)
        for v in range(1, 600)
    ]
    encoded = encode(found, encoder, kept_below_mg_dl=59.5, kept_above=0.2)
    got = people_joint.log_person(NUMPY, p, encoded.people, Scheme("all_tested", "ignored", subsampled=True))
    share = np.where(np.arange(1, 600) < 60, 1.0, 0.2)
    np.testing.assert_allclose((share * np.exp(got[encoded.place])).sum(), 1.0, atol=5e-3)


def test_trusted_labels_leave_one_class(random_person, encoder, prior_draws):
    p = parameters(prior_draws, seed=SEED)
    found = entries(random_person, 20, seed=SEED, label=2)
    encoded = encode(found, encoder)
    got = people_joint.log_person(NUMPY, p, encoded.people, Scheme("all_tested", "trusted"))[encoded.place]
    np.testing.assert_allclose(got, joint_of(encoded, p)[:, 2], rtol=0, atol=1e-9)


def test_noisy_labels_sum_to_no_label(random_person, encoder, prior_draws):
    """Summed over the four labels the likelihood is that without a label."""
    p = parameters(prior_draws, seed=SEED) | {"label_logit": np.random.default_rng(SEED).normal(size=(4, 4))}
    base = entries(random_person, 15, seed=SEED)
    scheme = Scheme("all_tested", "noisy")
    parts = []
    for label in range(5):
        encoded = encode([replace(e, label=label) for e in base], encoder)
        parts.append(people_joint.log_person(NUMPY, p, encoded.people, scheme)[encoded.place])
    np.testing.assert_allclose(logsumexp(NUMPY, np.stack(parts[:4], axis=-1)), parts[4], rtol=0, atol=1e-9)


def test_labelled_primary_is_conditional_on_the_label(random_person, encoder, prior_draws):
    p = parameters(prior_draws, seed=SEED)
    found = entries(random_person, 10, seed=SEED, label=0)
    encoded = encode(found, encoder)
    got = people_joint.log_person(NUMPY, p, encoded.people, Scheme("labelled_primary", "trusted"))[encoded.place]
    alone = joint_of(encoded, p)[:, 0]
    start = people_joint._start(NUMPY, p, encoded.people, recorded=False)[encoded.place]
    np.testing.assert_allclose(got, alone - start[:, 0], rtol=0, atol=1e-6)


def test_a_box_is_ticked_overlooked_or_rightly_empty(person, encoder, prior_draws):
    """P(ticked) + P(not ticked) = 1, and a box that is never overlooked is a plain finding."""
    p = parameters(prior_draws, seed=SEED)
    box = encoder.catalogue.finding_index("glomerulonephritis")
    boxes = np.array([box])
    ticked, empty = person(findings={"glomerulonephritis": "present"}), person()
    nothing = encode([Entry("x", person(), centre=0)], encoder)
    whole = logsumexp(NUMPY, joint_of(nothing, p))
    for rate in (-1.0, 0.5, 30.0):
        q = p | {"logit_ticked": np.array([rate])}
        encoded = encode([Entry("a", ticked, centre=0), Entry("b", empty, centre=0)], encoder, boxes=boxes)
        parts = logsumexp(NUMPY, joint_of(encoded, q))
        np.testing.assert_allclose(np.logaddexp(parts[0], parts[1]), whole[0], atol=1e-5)
    absent = encode([Entry("c", person(findings={"glomerulonephritis": "absent"}), centre=0)], encoder)
    np.testing.assert_allclose(parts[1], logsumexp(NUMPY, joint_of(absent, p))[0], atol=1e-6)


def test_an_exposure_box_is_ticked_overlooked_or_rightly_empty(person, encoder, prior_draws):
    """P(ticked) + P(not ticked) = 1 for every class and cause, and a box never overlooked is a plain answer."""
    p = parameters(prior_draws, seed=SEED)
    box = np.array([encoder.catalogue.cause_index("systemic_lupus")])
    ticked = person(causes={"systemic_lupus": "present"})
    start = people_exposures.log_exposures

    def weights(patient, q, **options):
        people = encode([Entry("a", patient, centre=0)], encoder, **options).people
        return start(NUMPY, q, as_query(people), recorded=True)[0]

    whole = weights(person(), p)
    for rate in (-1.0, 0.5, 30.0):
        q = p | {"logit_ticked_exposure": np.array([rate])}
        yes, no = (weights(patient, q, exposure_boxes=box) for patient in (ticked, person()))
        shown = whole > whole.max() - 20
        # A recorded exposure raises those that come with it; lupus alone is not asked for here.
        raised = weights(ticked, p)
        plain = weights(person(causes={"systemic_lupus": "absent"}), p)
        want = np.logaddexp(np.log1p(-1.0 / (1.0 + np.exp(-rate))) + _unraised(ticked, p, encoder), plain)
        np.testing.assert_allclose(no[shown], want[shown], rtol=0, atol=1e-5)
        np.testing.assert_allclose(yes[shown] - raised[shown], -np.log1p(np.exp(-rate)), rtol=0, atol=1e-9)
    np.testing.assert_allclose(np.exp(no), np.exp(plain), rtol=0, atol=1e-9)


def _unraised(patient, p, encoder):
    """Weights of a recorded exposure that raises no other."""
    people = encode([Entry("a", patient, centre=0)], encoder).people
    people = replace(as_query(people), exposure_raised=0.0 * people.exposure_raised)
    return people_exposures.log_exposures(NUMPY, p, people, recorded=True)[0]


def test_a_union_is_one_less_than_none(person, encoder, prior_draws):
    """P(some infection) = 1 - P(none), whatever else is known."""
    p = parameters(prior_draws, seed=SEED)
    infections = np.nonzero([f.infection for f in encoder.catalogue.findings])[0]
    infections = infections[infections != encoder.catalogue.finding_index("invasive_infection")]
    ids = [encoder.catalogue.findings[k].id for k in infections]
    known, none = person(), person(findings=dict.fromkeys(ids, "absent"))
    rows = [
        encode_row(Entry("some", known, centre=0), encoder, boxes=NO_BOXES, unions=[infections]),
        encode_row(Entry("none", none, centre=0), encoder, boxes=NO_BOXES),
        encode_row(Entry("open", known, centre=0), encoder, boxes=NO_BOXES),
    ]
    encoded = encode_rows(rows, encoder, boxes=NO_BOXES)
    some, no, either = joint_of(encoded, p)
    np.testing.assert_allclose(np.logaddexp(some, no), either, rtol=0, atol=1e-6)


def test_an_assay_offset_moves_the_results(person, encoder, prior_draws):
    """A centre that measures 10 % too much and a result 10 % higher are the same person."""
    p = parameters(prior_draws, seed=SEED)
    offset = np.zeros((3, 3))
    offset[1] = np.log(1.1)
    q = p | {"assay_offset": offset}

    def result(value):
        return person(igm=[{"value": value, "unit": "mg/dL", "resolution": 0.001 * value}])

    encoded = encode([Entry("a", result(20), centre=0), Entry("b", result(22), centre=1)], encoder)
    a, b = joint_of(encoded, q)
    np.testing.assert_allclose(a, b, rtol=0, atol=1e-6)


def test_centres_shift_prevalence_and_background(person, encoder, prior_draws):
    p = parameters(prior_draws, seed=SEED)
    q = p | {"centre_prevalence": np.array([0.0, 0.7, 0.0]), "centre_background": np.zeros(3)}
    patient = person(findings={"pneumonia": "present"})
    encoded = encode([Entry("a", patient, centre=0), Entry("b", patient, centre=1)], encoder)
    a, b = joint_of(encoded, q)
    odds = (b[:2] - b[2]) - (a[:2] - a[2])
    np.testing.assert_allclose(odds, 0.7, atol=1e-9)
    moved = p | {"centre_background": np.array([0.0, 3.0, 0.0]), "centre_prevalence": np.zeros(3)}
    a, b = joint_of(encoded, moved)
    assert (b > a).all()


def test_classes_share_what_the_findings_say(random_person, encoder, prior_draws):
    """All causes are one class to findings and tests."""
    index = np.array(class_of_hypothesis(len(encoder.catalogue.causes)))
    assert (index[3:] == 3).all()
    p = parameters(prior_draws, seed=SEED)
    encoded = encode(entries(random_person, 5, seed=SEED), encoder)
    assert joint_of(encoded, p).shape == (5, len(index))
