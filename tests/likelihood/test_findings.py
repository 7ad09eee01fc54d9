"""Findings: the rule for the latent proneness, what unknown means, and one episode as one piece of evidence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sigm_bayes.likelihood import findings
from sigm_bayes.likelihood import person as person_
from sigm_bayes.likelihood.findings import FindingState
from sigm_bayes.likelihood.namespace import NUMPY
from sigm_bayes.query.encode_findings import finding_states

SEED = 20261125
RESPIRATORY = ("recurrent_urti", "otitis_media", "sinusitis", "bronchitis", "pneumonia", "bronchiectasis")
REFERENCE = findings.proneness_rule(1001, -9.0, 9.0)
CLASSES = (0, 1, 2, 3)


def state(present=(), absent=(), *, invasive=99, partial=False, allowed=None, severity=-1, number=-1):
    return FindingState(
        present=np.array(present, int), absent=np.array(absent, int), invasive=invasive, invasive_partial=partial,
        allowed=np.ones((5, 3)) if allowed is None else allowed, severity=severity, number=number,
    )  # fmt: skip


def log_p(p, case, of, *, exposed=True):
    """log P(findings | class); (draw, class)."""
    return person_.log_findings(NUMPY, p, case, of, exposed=exposed)[:, CLASSES]


@pytest.mark.parametrize("seed", range(15))
def test_rule_against_a_thousand_nodes_for_random_patients(seed, prior_draws, random_person, encoder, monkeypatch):
    p = prior_draws(40, seed=seed)
    case = encoder.encode(random_person(np.random.default_rng([SEED, seed])))
    few = log_p(p, case, case.all_findings)
    monkeypatch.setattr(findings, "proneness_rule", lambda: REFERENCE)
    many = log_p(p, case, case.all_findings)
    assert np.abs(few).max() > 1.0  # something is known
    assert np.abs(few - many).max() < 1e-6


@pytest.mark.parametrize("kind", ["ten present", "ten absent", "mixed"])
def test_rule_at_extreme_loadings(kind):
    rng = np.random.default_rng([SEED, len(kind)])
    worst = 0.0
    for _ in range(300):
        loading = rng.uniform(0.3, 3.0, 10)
        logits = (rng.normal(-4.0, 1.5, 10) + rng.normal(0.5, 0.7) * loading)[None, :]
        split = {"ten present": 10, "ten absent": 0, "mixed": 5}[kind]
        of = state(range(split), range(split, 10))
        given = {"logits": logits, "loading": loading, "state": of, "log_attributes": np.zeros(1)}
        few = findings.log_findings(NUMPY, **given)
        many = findings.log_findings(NUMPY, **given, rule=REFERENCE)
        worst = max(worst, float(np.abs(few - many).max()))
    assert worst < 1e-6


def test_all_patterns_of_findings_have_probability_one(prior_draws, person, encoder):
    p = prior_draws(3, seed=SEED)
    case = encoder.encode(person())
    chosen = np.arange(6)
    total = np.zeros((3, 4))
    for bits in range(2**6):
        on = (bits >> chosen) & 1 == 1
        of = replace(case.all_findings, present=chosen[on], absent=chosen[~on])
        total += np.exp(log_p(p, case, of))
    np.testing.assert_allclose(total, 1.0, atol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_unknown_is_present_plus_absent_for_every_finding(seed, prior_draws, random_person, encoder):
    p = prior_draws(3, seed=seed)
    someone = random_person(np.random.default_rng([SEED, seed]))
    catalogue = encoder.catalogue
    for finding in catalogue.findings:
        told = {}
        for said in ("present", "absent", "unknown"):
            known = someone.findings | {finding.id: said}
            clear = finding.id == "invasive_infection"
            changed = someone.replace(
                findings=known,
                episodes=() if clear else someone.episodes,
                invasive_flags={} if clear else someone.invasive_flags,
            )
            case = encoder.encode(changed)
            told[said] = log_p(p, case, finding_states(changed, catalogue=catalogue).all)
        both = np.logaddexp(told["present"], told["absent"])
        np.testing.assert_allclose(both, told["unknown"], rtol=1e-12, atol=1e-12)


def test_partly_excluded_episodes_sum_over_all_sites_and_organisms(prior_draws, random_person, encoder):
    p = prior_draws(4, seed=SEED)
    someone = random_person(np.random.default_rng([SEED, 7])).replace(episodes=(), invasive_flags={})
    someone = someone.replace(findings={k: v for k, v in someone.findings.items() if k != "invasive_infection"})
    case = encoder.encode(someone)
    k, of = case.all_findings.invasive, case.all_findings
    present = {}
    for cell in np.ndindex(of.allowed.shape):
        only = np.zeros_like(of.allowed)
        only[cell] = 1.0
        known = replace(of, present=np.sort(np.append(of.present, k)), allowed=only)
        present[cell] = np.exp(log_p(p, case, known))
    anywhere = np.exp(log_p(p, case, replace(of, present=np.sort(np.append(of.present, k)))))
    np.testing.assert_allclose(sum(present.values()), anywhere, rtol=1e-12)
    absent = np.exp(log_p(p, case, replace(of, absent=np.sort(np.append(of.absent, k)))))
    rng = np.random.default_rng(SEED)
    for _ in range(5):
        allowed = (rng.random(of.allowed.shape) < 0.6).astype(float)
        partly = np.exp(log_p(p, case, replace(of, invasive_partial=True, allowed=allowed)))
        want = absent + sum(value for cell, value in present.items() if allowed[cell])
        np.testing.assert_allclose(partly, want, rtol=1e-12)


def test_severity_and_number_sum_out(prior_draws, person, encoder):
    p = prior_draws(4, seed=SEED)
    someone = person(findings={"invasive_infection": "present"})
    case = encoder.encode(someone)
    of = case.all_findings
    for name in ("severity", "number"):
        parts = [log_p(p, case, replace(of, **{name: i})) for i in (0, 1)]
        np.testing.assert_allclose(np.logaddexp(*parts), log_p(p, case, of), rtol=1e-12)


@pytest.mark.parametrize("age", [1.0, 8.0, 40.0])
def test_six_respiratory_findings_weigh_less_than_their_product(age, prior_draws, person, encoder):
    """With the latent trait: in every draw in which each finding alone speaks for primary."""
    p = prior_draws(400, seed=SEED)

    def weight(names):
        case = encoder.encode(person(age_years=age, findings=dict.fromkeys(names, "present")))
        terms = log_p(p, case, case.all_findings)
        return terms[:, 0] - terms[:, 2]

    together = weight(RESPIRATORY)
    single = sum(weight([name]) for name in RESPIRATORY)
    assert together.mean() < 0.75 * single.mean()
    # Draw by draw where all the class does goes through the trait (no effect beyond it).
    p["finding_effect"] = np.zeros_like(p["finding_effect"])
    p["proneness"][:, 0] = np.abs(p["proneness"][:, 0]) + 0.05
    together, single = weight(RESPIRATORY), sum(weight([name]) for name in RESPIRATORY)
    assert np.all(together < single)
    assert np.all(together > 0.0)


def test_six_respiratory_findings_are_likelier_together_than_apart(prior_draws, person, encoder):
    p = prior_draws(100, seed=SEED)

    def probability(names):
        case = encoder.encode(person(findings=dict.fromkeys(names, "present")))
        return log_p(p, case, case.all_findings)

    assert np.all(probability(RESPIRATORY) > sum(probability([name]) for name in RESPIRATORY))


MENINGOCOCCAL = {"meningitis": "present", "sepsis": "present", "invasive_encapsulated": "present"}


def test_a_meningococcal_septic_meningitis_is_one_episode(prior_draws, person, encoder):
    p = prior_draws(100, seed=SEED)

    def terms(someone):
        case = encoder.encode(someone)
        return log_p(p, case, case.all_findings)

    ticks = terms(person(findings=MENINGOCOCCAL))
    episode = terms(person(invasive=[{"site": "meningitis", "organism": "encapsulated"}]))
    np.testing.assert_array_equal(ticks, episode)
    both = terms(person(invasive=[{"site": ["meningitis", "bloodstream"], "organism": "encapsulated"}]))
    np.testing.assert_array_equal(ticks, both)
    # ... and not three: less than the sum of the single ticks.
    weight = ticks[:, 0] - ticks[:, 2]
    single = sum((one := terms(person(findings={name: "present"})))[:, 0] - one[:, 2] for name in MENINGOCOCCAL)
    assert weight.mean() < 0.6 * single.mean()
    # Two episodes are more than one.
    twice = terms(person(invasive=[{"site": "meningitis", "organism": "encapsulated"}] * 2))
    assert (twice[:, 0] - twice[:, 2]).mean() > weight.mean()


def test_attributes_are_a_distribution_over_sites_and_organisms(prior_draws):
    p = prior_draws(5, seed=SEED)
    logits = person_.attribute_logits(NUMPY, p)
    total = 0.0
    for cell in np.ndindex(5, 3):
        for severity in (0, 1):
            for number in (0, 1):
                only = np.zeros((5, 3))
                only[cell] = 1.0
                of = state(allowed=only, severity=severity, number=number)
                total = total + np.exp(findings.log_attributes(NUMPY, state=of, **logits))
    np.testing.assert_allclose(total, 1.0, rtol=1e-12)


def test_an_infant_differs_in_the_early_invasive_effect_alone(prior_draws, person, encoder):
    p = prior_draws(30, seed=SEED)
    case = encoder.encode(person(age_years=1.0, findings={"invasive_infection": "present"}))
    late = replace(case, infant=0.0)
    difference = log_p(p, case, case.all_findings) - log_p(p, late, case.all_findings)
    np.testing.assert_array_equal(difference[:, 2], 0.0)  # the healthy are the reference
    assert difference[:, 0].mean() > 0.1
    other = replace(case.all_findings, present=np.array([0]))
    np.testing.assert_array_equal(log_p(p, case, other), log_p(p, late, other))


def test_a_recorded_exposure_raises_infections_in_every_class_but_no_other_finding(prior_draws, person, encoder):
    p = prior_draws(30, seed=SEED)
    cause = {"car_t": "present"}
    for finding, changes in (("pneumonia", True), ("asthma", False)):
        case = encoder.encode(person(findings={finding: "present"}, causes=cause))
        difference = log_p(p, case, case.all_findings) - log_p(p, case, case.all_findings, exposed=False)
        assert np.all(difference > 0.0) if changes else np.all(difference == 0.0)


def test_several_exposures_act_by_their_4_norm(prior_draws, person, encoder):
    p = prior_draws(30, seed=SEED)
    p["log_exposure_infection"][:] = -1.0

    def term(*causes):
        case = encoder.encode(person(findings={"pneumonia": "present"}, causes=dict.fromkeys(causes, "present")))
        return log_p(p, case, case.all_findings)

    both = term("car_t", "transplant")
    assert np.all(both > term("car_t"))
    p["log_exposure_infection"][:] = -1.0 + 0.25 * np.log(2.0)
    np.testing.assert_allclose(both, term("car_t"), rtol=1e-12)
