"""The simulation tells the same story as the likelihood: shares, levels and findings against closed forms."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from sigm_bayes.errors import InputError
from sigm_bayes.likelihood import person
from sigm_bayes.likelihood.exposures import ExposureState
from sigm_bayes.likelihood.immunoglobulins import LIMIT_Z
from sigm_bayes.likelihood.namespace import NUMPY

N = 60_000
WIDEST = 4.5
"""Standard errors that a simulated share may lie from the exact one; over the few hundred compared here the largest
of as many standard normals exceeds it with a probability below 0.002."""


def within_monte_carlo(share, exact, n):
    error = np.sqrt(np.maximum(exact * (1.0 - exact), 0.25 / n) / n)
    return np.abs(share - exact) / error


def states(exposures, encoder):
    """What the likelihood is told when all exposures of a person are recorded."""
    recordable = [c for c in encoder.catalogue.causes if c.recordable]
    present = {c.id for c, has in zip(recordable, exposures, strict=True) if has}
    return ExposureState(
        state=exposures.astype(int),
        hazard_factor=np.ones(len(recordable)),
        possible=np.ones(len(recordable)),
        raised=np.array([float(bool(present & set(c.raised_with))) for c in recordable]),
    )


@pytest.mark.parametrize(("setting", "age"), [("hospital", 40.0), ("allergy_immunology_clinic", 4.0)])
def test_shares_of_every_hypothesis_are_the_models_own_weights(frequent, simulate, encoder, setting, age):
    """Nothing recorded. The likelihood then takes exposures as independent, so their dependence is switched off."""
    truth = {**frequent, "co_exposure": np.array(0.0)}
    people = simulate(truth, n=N, settings=setting, ages=age, male=1.0)
    case = encoder.encode(_person(encoder, setting, age))
    log_weights = person.log_weights(
        NUMPY, truth, setting=case.setting, age_band=case.age_band, boy=float(age < 18), state=case.exposures
    )
    exact = np.exp(log_weights)
    assert exact.sum() == pytest.approx(1.0, abs=1e-9)
    share = np.bincount(people.hypothesis, minlength=len(exact)) / N
    assert within_monte_carlo(share, exact, N).max() < WIDEST


def test_classes_given_recorded_exposures_are_the_models_own(frequent, simulate, encoder):
    """All exposures recorded, with their dependence: the mean of the exact weights is the simulated share."""
    people = simulate(frequent, n=N)
    kinds, at, count = np.unique(people.exposures, axis=0, return_inverse=True, return_counts=True)
    frequent_kinds = np.argsort(-count)[:40]
    exact, observed, total = 0.0, 0.0, 0
    for kind in frequent_kinds:
        log_weights = person.log_weights(
            NUMPY, frequent, setting=2, age_band=2, boy=0.0, state=states(kinds[kind], encoder)
        )
        weights = np.exp(log_weights - log_weights.max())
        exact = exact + count[kind] * weights / weights.sum()
        observed = observed + np.bincount(people.hypothesis[at.ravel() == kind], minlength=len(weights))
        total += count[kind]
    assert total > 0.5 * N
    assert within_monte_carlo(observed / total, exact / total, total).max() < WIDEST


def test_frequency_of_recorded_exposures_is_the_models_own(frequent, simulate, encoder):
    people = simulate(frequent, n=N)
    kinds, count = np.unique(people.exposures, axis=0, return_counts=True)
    top = np.argsort(-count)[:20]
    exact = np.array(
        [
            np.exp(
                person.log_weights(NUMPY, frequent, setting=2, age_band=2, boy=0.0, state=states(kinds[k], encoder))
            ).sum()
            for k in top
        ]
    )
    # an exposure that age rules out (maternal drugs) is absent for certain here, with 1 - e in the likelihood
    e = NUMPY.expit(person.exposure_logits(NUMPY, frequent, setting=2, age_band=2, raised=np.zeros(kinds.shape[1])))
    impossible = [c.max_age_years is not None for c in encoder.catalogue.causes if c.recordable]
    exact = exact / np.prod(1.0 - e[impossible])
    assert within_monte_carlo(count[top] / N, exact, N).max() < WIDEST


def _person(encoder, setting, age, **given):
    from sigm_bayes.patient import parse_patient

    file = {
        "age_years": age, "sex": "male", "setting": setting, "igm": [{"value": 25, "unit": "mg/dL", "context": "well"}],
        **given,
    }  # fmt: skip
    return parse_patient(file, catalogue=encoder.catalogue)


def test_levels_follow_the_hypothesis(frequent, simulate, encoder):
    """P(IgM below 30 | hypothesis) by component, dip and error against the likelihood of `<30`."""
    people = simulate(frequent, n=N, contexts="acute_infection", male=1.0)
    less = {"igm": [{"value": 30, "unit": "mg/dL", "comparator": "<", "context": "acute_infection"}]}
    case = encoder.encode(_person(encoder, "hospital", 40.0, **less))
    exact = np.exp(person.log_igm_first(NUMPY, frequent, case))
    for h in np.unique(people.hypothesis):
        of = people.hypothesis == h
        share = (people.igm[of, 0] < 30.0).mean()
        assert within_monte_carlo(share, exact[h], of.sum()) < WIDEST


@pytest.mark.parametrize("age", [1.0, 40.0])
def test_findings_follow_the_class(with_exposures, simulate, encoder, age):
    """Pairs of findings with all exposures absent: the shared proneness must be the likelihood's."""
    none = with_exposures()
    people = simulate(none, n=N, male=1.0, ages=age)
    index = encoder.catalogue.finding_index
    for pair in (("pneumonia", "bronchitis"), ("recurrent_urti", "sinusitis"), ("asthma", "invasive_infection")):
        told = dict.fromkeys(pair, "present")
        case = encoder.encode(_person(encoder, "hospital", age, findings=told))
        exact = np.exp(person.log_findings(NUMPY, none, case, case.all_findings, exposed=True))
        both = people.findings[:, [index(id) for id in pair]].all(axis=1)
        for h in np.unique(people.hypothesis):
            of = people.hypothesis == h
            assert within_monte_carlo(both[of].mean(), exact[h], of.sum()) < WIDEST


def test_exposures_act_together_by_their_joint_effect(with_exposures, simulate, encoder):
    """On infections, and on IgG and IgA; neither the largest nor the sum."""
    present = ("b_cell_depletion", "glucocorticoid", "chronic_lymphocytic_leukaemia")
    truth = with_exposures(*present)
    sizes = np.zeros_like(truth["exposure_ig_shift"])
    recordable = [c.id for c in encoder.catalogue.causes if c.recordable]
    sizes[[recordable.index(id) for id in present]] = -0.8, -0.5, -0.6
    truth |= {"exposure_ig_shift": sizes, "log_exposure_infection": np.full(len(sizes), np.log(0.7))}
    people = simulate(truth, n=N, male=1.0)
    told = {
        "findings": {"pneumonia": "present"}, "igg_status": "low", "iga_status": "low",
        "causes": dict.fromkeys(present, "present"),
    }  # fmt: skip
    case = encoder.encode(_person(encoder, "hospital", 40.0, **told))
    pneumonia = people.findings[:, encoder.catalogue.finding_index("pneumonia")]
    low = low_igg_iga(people, truth, case)
    for seen, log_exact in (
        (pneumonia, person.log_findings(NUMPY, truth, case, case.all_findings, exposed=True)),
        (low, person.log_igg_iga(NUMPY, truth, case, exposed=True)),
    ):
        for h in np.unique(people.hypothesis):
            of = people.hypothesis == h
            assert within_monte_carlo(seen[of].mean(), np.exp(log_exact[h]), of.sum()) < WIDEST


def low_igg_iga(people, truth, case):
    """Who has a measured IgG and IgA below the lower limits."""
    below = np.ones(len(people), dtype=bool)
    for i, (name, level) in enumerate((("curve_igg", people.igg), ("curve_iga", people.iga)), start=1):
        median, spread = person.curve(NUMPY, truth[name], case.curves[i], 0.0)
        below &= np.log(level) < median + LIMIT_Z * spread
    return below


def test_attributes_of_an_invasive_infection_follow_the_class(frequent, simulate, encoder):
    everyone = {**frequent, "finding_base": frequent["finding_base"] + 60.0}
    people = simulate(everyone, n=N)
    logits = person.attribute_logits(NUMPY, everyone)
    site = np.exp(logits["site"]) / np.exp(logits["site"]).sum()
    assert within_monte_carlo(np.bincount(people.site) / N, site, N).max() < WIDEST
    for c in range(4):
        of = people.class_index == c
        organism = np.exp(logits["organism"][c]) / np.exp(logits["organism"][c]).sum()
        seen = np.bincount(people.organism[of], minlength=len(organism)) / of.sum()
        assert within_monte_carlo(seen, organism, of.sum()).max() < WIDEST
        for value, name in ((people.severity, "severity"), (people.number, "number")):
            exact = NUMPY.expit(logits[name][c])
            assert within_monte_carlo(value[of].mean(), exact, of.sum()) < WIDEST


def test_tests_follow_class_and_setting(frequent, simulate):
    people = simulate(frequent, n=N)
    exact = NUMPY.expit(person.test_logits(NUMPY, frequent, 2))
    for c in range(4):
        of = people.class_index == c
        assert within_monte_carlo(people.tests_abnormal[of].mean(axis=0), exact[c], of.sum()).max() < WIDEST


def test_low_igg_and_iga_together_follow_the_hypothesis(varied, simulate, encoder):
    none = {**varied, "exposure_ig_shift": np.zeros_like(varied["exposure_ig_shift"])}
    people = simulate(none, n=N, male=1.0)
    case = encoder.encode(_person(encoder, "hospital", 40.0, igg_status="low", iga_status="low"))
    exact = np.exp(person.log_igg_iga(NUMPY, none, case, exposed=True))
    both = low_igg_iga(people, none, case)
    for h in np.unique(people.hypothesis):
        of = people.hypothesis == h
        assert within_monte_carlo(both[of].mean(), exact[h], of.sum()) < WIDEST


def test_primary_is_selective(frequent, simulate):
    people = simulate(frequent, n=20_000)
    primary = people.class_index == 0
    assert primary.sum() > 3000
    assert people.ig_z[primary].min() >= LIMIT_Z
    assert (people.ig_z[~primary] < LIMIT_Z).any()


def test_the_same_seed_gives_the_same_people_and_another_seed_others(truth, simulate):
    one, again, other = (simulate(truth, n=500, seed=seed) for seed in (5, 5, 6))
    for field in fields(one):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(again, field.name))
    assert not np.array_equal(one.igm, other.igm)


def test_a_seed_sequence_may_be_used_twice(truth, simulate):
    seed = np.random.SeedSequence(5)
    np.testing.assert_array_equal(simulate(truth, n=50, seed=seed).igm, simulate(truth, n=50, seed=seed).igm)


def test_age_decides_which_exposures_are_possible(truth, simulate, encoder):
    always = {**truth, "logit_exposure": np.full_like(truth["logit_exposure"], 40.0)}
    recordable = [c for c in encoder.catalogue.causes if c.recordable]
    for age in (0.7, 5.0, 40.0):
        people = simulate(always, n=10, ages=age)
        possible = [
            (c.min_age_years is None or age >= c.min_age_years) and (c.max_age_years is None or age <= c.max_age_years)
            for c in recordable
        ]
        np.testing.assert_array_equal(people.exposures, np.tile(possible, (10, 1)))


def test_people_stay_in_the_order_given(truth, simulate):
    ages = np.array([40.0, 1.0, 70.0, 5.0])
    settings = ["community", "hospital", "community", "primary_care"]
    people = simulate(truth, n=4, ages=ages, settings=settings)
    np.testing.assert_array_equal(people.age_years, ages)
    np.testing.assert_array_equal(people.setting, [0, 2, 0, 1])
    joined = type(people).join([people.take(np.array([2, 3])), people.take(np.array([0]))])
    np.testing.assert_array_equal(joined.age_years, ages[[2, 3, 0]])


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"n": 0}, "n"),
        ({"n": 2, "ages": 0.2}, "ages"),
        ({"n": 2, "ages": np.nan}, "ages"),
        ({"n": 2, "settings": "hospitl"}, "settings"),
        ({"n": 2, "settings": ["hospital"]}, "settings"),
        ({"n": 2, "contexts": "wel"}, "contexts"),
        ({"n": 2, "contexts": np.zeros((2, 2), dtype=int)}, "contexts"),
    ],
)
def test_what_does_not_fit_is_named(truth, simulate, arguments, field):
    with pytest.raises(InputError) as caught:
        simulate(truth, **arguments)
    assert caught.value.problems[0].field == field
