"""Repeats, delay and whole people: what is simulated against the likelihood of what a registry would record."""

from __future__ import annotations

import numpy as np
import pytest

from sigm_bayes import load_model
from sigm_bayes.likelihood import person
from sigm_bayes.likelihood.hypotheses import NORMAL, class_of_hypothesis
from sigm_bayes.likelihood.immunoglobulins import LIMIT_Z
from sigm_bayes.likelihood.namespace import NUMPY
from sigm_bayes.patient import parse_patient
from sigm_bayes.simulate import draw_parameters

N = 80_000
WIDEST = 4.5
"""Standard errors between a simulated share and the exact one: see test_people."""
LOW_THEN_NOT = [
    {"value": 40, "unit": "mg/dL", "comparator": "<", "context": "well", "date": "2020-01-10"},
    {"value": 40, "unit": "mg/dL", "comparator": ">", "context": "acute_infection", "date": "2021-06-10"},
]


def z_scores(share, exact, n):
    return np.abs(share - exact) / np.sqrt(np.maximum(exact * (1.0 - exact), 0.25 / n) / n)


def encode(encoder, age, **given):
    file = {"age_years": age, "sex": "female", "setting": "hospital", "igm": LOW_THEN_NOT, **given}
    return encoder.encode(parse_patient(file, catalogue=encoder.catalogue))


def with_repeat(simulate, encoder, truth, case, age, n):
    """People with both samples, and whether they show the same coarse results."""
    index = encoder.catalogue.context_index
    elapsed = np.tile([0.0, case.series.elapsed[0]], (n, 1))
    contexts = np.tile([index("well"), index("acute_infection")], (n, 1))
    people = simulate(truth, n=n, ages=age, male=0.0, elapsed=elapsed, contexts=contexts)
    return people, (people.igm[:, 0] < 40.0) & (people.igm[:, 1] > 40.0)


@pytest.mark.parametrize("age", [3.0, 40.0])
def test_a_normal_repeat_is_as_likely_as_the_likelihood_says(varied, simulate, encoder, age):
    """By cause: fast, slow and no recovery."""
    case = encode(encoder, age)
    people, seen = with_repeat(simulate, encoder, varied, case, age, N)
    total, _ = person.log_igm_series(NUMPY, varied, case, first_known=True)
    exact = np.exp(total)
    assert len(np.unique(people.hypothesis)) > 25
    for h in np.unique(people.hypothesis):
        of = people.hypothesis == h
        # the series' quadrature is good to 1e-3 in the log
        assert z_scores(seen[of].mean(), exact[h], of.sum()) < WIDEST


def test_delayed_children_are_as_many_as_the_likelihood_says(with_exposures, simulate, encoder):
    """And catch up as often: nearly everyone is normal here."""
    truth = with_exposures()
    truth |= {name: np.full_like(truth[name], -9.0) for name in ("logit_primary", "logit_other", "log_occult_hazard")}
    case = encode(encoder, 3.0)
    people, seen = with_repeat(simulate, encoder, truth, case, 3.0, N)
    _, delay = person.log_igm_series(NUMPY, truth, case, first_known=True)
    normal = people.hypothesis == NORMAL
    assert normal.mean() > 0.99
    caught_up = (seen & people.delay)[normal].mean()
    assert z_scores(caught_up, np.exp(delay), normal.sum()) < WIDEST
    assert caught_up > 0.2 * seen[normal].mean()
    assert z_scores(people.delay[normal].mean(), case.delay_share, normal.sum()) < WIDEST


def test_the_late_stay_inside_the_healthy_distribution(frequent, simulate):
    people = simulate(frequent, n=N, ages=3.0)
    z = people.own_level[people.hypothesis == NORMAL]
    z = z / np.sqrt(np.mean(z**2))
    assert np.mean(z < -1.96) == pytest.approx(0.025, abs=0.003)
    assert not people.delay[people.hypothesis != NORMAL].any()
    assert not simulate(frequent, n=2000, ages=6.0).delay.any()


@pytest.mark.slow
@pytest.mark.parametrize(("age", "present"), [(3.0, ()), (40.0, ("glucocorticoid", "b_cell_depletion"))])
def test_class_given_a_coarse_observation_is_the_querys(with_exposures, simulate, encoder, age, present):
    """Rejection: among people who show what the patient shows, the classes are as the query says."""
    catalogue = encoder.catalogue
    truth = with_exposures(*present)
    findings = {"pneumonia": "present", "sinusitis": "present", "asthma": "absent", "meningitis": "absent"}
    causes = {c.id: "present" if c.id in present else "absent" for c in catalogue.causes if c.recordable}
    possible = {c.id for c in catalogue.causes if c.max_age_years is None or c.max_age_years >= age}
    told = {
        "findings": findings, "causes": {id: s for id, s in causes.items() if id in possible},
        "igg_status": "normal", "iga_status": "normal", "tests": {"b_cells_cd19": "normal"},
    }  # fmt: skip
    case = encode(encoder, age, **told)
    log_joint = person.log_joint(NUMPY, truth, case)
    weight = np.exp(log_joint - log_joint.max())
    exact = np.bincount(class_of_hypothesis(len(catalogue.causes)), weights=weight / weight.sum())
    count, total = np.zeros(4), 0
    for seed in range(8):
        elapsed = np.tile([0.0, case.series.elapsed[0]], (200_000, 1))
        contexts = np.tile([catalogue.context_index(c) for c in ("well", "acute_infection")], (200_000, 1))
        people = simulate(truth, n=200_000, ages=age, male=0.0, elapsed=elapsed, contexts=contexts, seed=seed)
        total += len(people)
        count += np.bincount(people.class_index[shows(people, truth, case, catalogue)], minlength=4)
    n = count.sum()
    assert n > 1000
    assert z_scores(count / n, exact, n).max() < 4.0
    assert z_scores(n / total, np.exp(log_joint).sum(), total) < 4.0


@pytest.mark.slow
def test_classes_over_released_draws_are_the_querys(simulate, encoder):
    """The released posterior: people simulated from 20 of its draws, against what the query sums for those draws."""
    model = load_model()
    catalogue = encoder.catalogue
    told = {
        "setting": "allergy_immunology_clinic",
        "igm": [{"value": 40, "unit": "mg/dL", "comparator": "<", "context": "well"}],
        "findings": {"pneumonia": "present"},
        "causes": {c.id: "absent" for c in catalogue.causes if c.recordable and c.max_age_years is None},
        "igg_status": "normal",
        "iga_status": "normal",
    }
    case = encode(encoder, 40.0, **told)
    exact, count, each = np.zeros(4), np.zeros(4), 100_000
    for seed in range(20):
        truth = draw_parameters(model, seed=seed)
        weights = np.exp(person.log_joint(NUMPY, truth, case))
        exact += each * np.bincount(class_of_hypothesis(len(catalogue.causes)), weights=weights)
        people = simulate(
            truth, n=each, ages=40.0, male=0.0, settings="allergy_immunology_clinic", contexts="well", seed=seed
        )
        seen = (people.igm[:, 0] < 40.0) & people.findings[:, catalogue.finding_index("pneumonia")]
        seen &= ~people.exposures.any(axis=1) & normal_igg_iga(people, truth, case)
        count += np.bincount(people.class_index[seen], minlength=4)
    assert exact.min() > 5.0
    assert (np.abs(count - exact) / np.sqrt(exact)).max() < 4.0


def normal_igg_iga(people, truth, case):
    """Who has a measured IgG and IgA inside the reference limits."""
    inside = np.ones(len(people), dtype=bool)
    for i, (name, level) in enumerate((("curve_igg", people.igg), ("curve_iga", people.iga)), start=1):
        median, spread = person.curve(NUMPY, truth[name], case.curves[i], 0.0)
        inside &= np.abs(np.log(level) - median) < -LIMIT_Z * spread
    return inside


def shows(people, truth, case, catalogue):
    """Who shows what the patient of the test shows."""
    index = catalogue.finding_index
    seen = (people.igm[:, 0] < 40.0) & (people.igm[:, 1] > 40.0)
    seen &= people.findings[:, index("pneumonia")] & people.findings[:, index("sinusitis")]
    seen &= ~people.findings[:, index("asthma")] & (people.site != 0)
    seen &= ~people.tests_abnormal[:, catalogue.test_index("b_cells_cd19")]
    return seen & normal_igg_iga(people, truth, case)
