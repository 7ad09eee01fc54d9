"""The likelihood of the published numbers: effects integrated out, bounds on the right side, weights of 0 and 1."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, special, stats

from sigm_bayes.model.graph import bound_logp, count_logp, number_logp
from sigm_bayes.model.terms import family_of, observe

ONE = np.ones(1)


def value_of(expression):
    return np.asarray(expression.eval())


@pytest.mark.parametrize("item_sd", [0.15, 0.45, 0.8])
@pytest.mark.parametrize(("k", "n"), [(0, 8), (8, 8), (17, 62), (3, 1334), (1000, 2000)])
def test_counts_integrate_the_effect_as_adaptive_quadrature_does(k, n, item_sd):
    for centre in (special.logit((k + 0.5) / (n + 1.0)) + step * item_sd for step in (-2.0, -0.3, 0.0, 1.0)):

        def density(z, centre=centre):
            return stats.binom.pmf(k, n, special.expit(centre + item_sd * z)) * stats.norm.pdf(z)

        peak = (special.logit((k + 0.5) / (n + 1.0)) - centre) / item_sd
        exact, _ = integrate.quad(density, -9, 9, points=[peak, 0.0], limit=500, epsabs=0, epsrel=1e-10)
        got = count_logp(k * ONE, np.array([centre]), ONE, item_sd * ONE, n * ONE)
        assert value_of(got)[0] == pytest.approx(np.log(exact), abs=1e-4)


def test_a_number_is_normal_on_its_scale():
    got = number_logp(np.array([1.3]), np.array([1.0]), ONE, np.array([0.2]))
    assert value_of(got)[0] == pytest.approx(stats.norm.logpdf(1.3, 1.0, 0.2), abs=1e-12)


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_bound_costs_nothing_on_its_own_side_only(side):
    """Side +1: the number is at least the model's quantity; -1: at most."""
    centre = np.array([-1.0, 0.0, 1.0])
    got = value_of(bound_logp(np.zeros(3), centre, np.ones(3), 0.1 * np.ones(3), side * np.ones(3)))
    np.testing.assert_allclose(got, stats.norm.logcdf(-side * centre / 0.1), rtol=1e-10)
    allowed, forbidden = (0, 2) if side > 0 else (2, 0)
    assert got[allowed] == pytest.approx(0.0, abs=1e-12)
    assert got[1] == pytest.approx(np.log(0.5))
    assert got[forbidden] < -40.0


def test_weight_zero_removes_a_term():
    weight = np.array([0.0, 1.0])
    two = np.ones(2)
    for got in (
        count_logp(3 * two, 0 * two, weight, 0.4 * two, 9 * two),
        number_logp(1 * two, 0 * two, weight, 0.4 * two),
        bound_logp(1 * two, 2 * two, weight, 0.4 * two, two),
    ):
        values = value_of(got)
        assert values[0] == 0.0
        assert values[1] < 0.0


def test_upper_bounds_are_plus_one_and_counts_are_two_sided(inputs):
    items = inputs.evidence.fitted
    seen = observe(items, inputs.priors)
    sides = {"": 0.0, "upper": 1.0, "lower": -1.0}
    assert seen.bound.tolist() == [sides[i.bound] for i in items]
    assert not (seen.is_count & (seen.bound != 0)).any()
    assert seen.n.max() <= inputs.priors.constants["count_cap"]
    proportions = np.array([i.observed.scale == "proportion" for i in items])
    assert (seen.is_count == (proportions & (seen.bound == 0))).all()


def test_items_of_one_study_and_family_share_an_effect_and_others_do_not(inputs):
    items = inputs.evidence.fitted
    seen = observe(items, inputs.priors)
    keys = [f"{i.overlap_group}|{family_of(i.term)}" for i in items]
    for j, (item, key) in enumerate(zip(items, keys, strict=True)):
        effect = inputs.priors.study_effects[family_of(item.term)]
        together = [i for i, k in zip(items, keys, strict=True) if k == key and i.bound == ""]
        shares = item.bound == "" and len(together) > 1
        assert (seen.shared_sd[j] > 0.0) == shares
        if shares:
            assert seen.groups[seen.group[j]] == key
        if item.term != "igm_change_exposed":  # its effect is in mg/dL
            assert seen.total_sd[j] == pytest.approx(effect.total)


def test_a_level_is_on_the_log_scale_and_a_difference_in_mg_dl(inputs, item):
    mean = item("igm_moment_exposed", stat="mean")
    mean = replace(mean, observed=replace(mean.observed, scale="mg_dl", value=70.0, se=7.0))
    change = item("igm_change_exposed", stat="difference")
    change = replace(change, observed=replace(change.observed, scale="mg_dl", value=-30.0, se=7.0))
    seen = observe([mean, change], inputs.priors)
    np.testing.assert_allclose(seen.value, [np.log(70.0), -30.0])
    np.testing.assert_allclose(seen.se, [0.1, 7.0])
    assert seen.item_sd[1] == pytest.approx(100.0 * seen.item_sd[0])
