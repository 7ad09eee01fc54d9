"""Repeated IgM: against brute force over the person's own level, the shift, the dips and the departures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sigm_bayes.likelihood import person as person_
from sigm_bayes.likelihood.igm import DEPLETION, NONE, PARTIAL, PROFOUND, SECONDARY
from sigm_bayes.likelihood.namespace import NUMPY
from sigm_bayes.query.encode import Encoder

SEED = 20261127
SURE = 1e-4
LEVELS, SHIFTS = 321, 241


def cdf(z):
    return np.exp(NUMPY.log_ndtr(z))


def grid(n, reach=8.0):
    z = np.linspace(-reach, reach, n)
    w = np.exp(-0.5 * z**2)
    return z, w / w.sum()


def expit(x):
    return 1.0 / (1.0 + np.exp(-x))


class BruteForce:
    """P(results | hypothesis) for one draw of parameters, by sums over t0, d, dips and departures."""

    def __init__(self, patient, encoder: Encoder, p):
        self.case = encoder.encode(patient)
        self.encoder = encoder
        self.p = {name: value[0] for name, value in p.items()}
        mean, sd = person_.curve(NUMPY, p["curve_igm"], self.case.curves[0], p["log_spread_factor"])
        self.median, self.spread = float(mean[0]), float(sd[0])
        samples = person_samples(patient, encoder)
        self.samples = samples

    def seen(self, level, j):
        """P(result j | true level), dip summed out."""
        low, high, context, _ = self.samples[j]
        dip = expit(self.p["logit_dip"][context])
        noise = self.case.noise
        wide = np.hypot(noise.error_sd, noise.dip_sd)
        plain = cdf((high - level) / noise.error_sd) - cdf((low - level) / noise.error_sd)
        shifted = level - noise.dip_shift
        return (1.0 - dip) * plain + dip * (cdf((high - shifted) / wide) - cdf((low - shifted) / wide))

    def component(self, c, gone, *, first_known=True):
        """Sum over t0 and d; at later sample j the shift has gone with probability gone[j]."""
        z0, w0 = grid(LEVELS)
        own = self.median + self.spread * z0[:, None]
        if c == NONE:
            d, w = np.zeros((1, 1)), w0[:, None]
        else:
            z1, w1 = grid(SHIFTS)
            d = (-np.exp(self.p["log_shift"][c - 1]) + np.exp(self.p["log_tau"][c - 1]) * z1)[None, :]
            w = w0[:, None] * w1[None, :]
        total = w * (self.seen(own + d, 0) if first_known else 1.0)
        for j in range(1, len(self.samples)):
            total = total * (gone[j - 1] * self.seen(own, j) + (1.0 - gone[j - 1]) * self.seen(own + d, j))
        return float(total.sum())

    def gone(self, h):
        """The chance that the shift of hypothesis h has gone at each later sample."""
        series, rates = self.case.series, np.exp(self.p["log_recovery_rate"])
        out = []
        for j in range(len(self.samples) - 1):
            index = series.rate[h, j]
            value = series.fixed[h, j] if index < 0 else -np.expm1(-rates[index] * series.elapsed[j])
            out.append(min(max(value, SURE), 1.0 - SURE))
        return out

    def hypothesis(self, h, *, first_known=True):
        """P(results | hypothesis h), maturational delay apart."""
        given = {"gone": self.gone(h), "first_known": first_known}
        profound_primary = expit(self.p["logit_profound_primary"])
        if h == 2:
            return self.component(NONE, **given)
        if h > 2 and not self.case.depletion[h - 3]:
            return self.component(SECONDARY, **given)
        if h > 2:
            share = expit(self.p["logit_profound_depletion"])
            return share * self.component(PROFOUND, **given) + (1 - share) * self.component(DEPLETION, **given)
        primary = profound_primary * self.component(PROFOUND, **given)
        primary += (1.0 - profound_primary) * self.component(PARTIAL, **given)
        if h == 0:
            return primary
        affected = expit(self.p["logit_other_affected"])
        return affected * primary + (1.0 - affected) * self.component(NONE, **given)

    def delayed(self, *, caught_up: bool):
        """P(results, maturational delay | normal): after catching up the level is a fresh draw."""
        case = self.case
        rate = np.exp(self.p["log_recovery_rate"][4])
        z, w = grid(LEVELS)
        late = self.median - case.delay_shift_spreads * self.spread + case.delay_spread_ratio * self.spread * z
        fresh = self.median + self.spread * z
        total = 0.0
        later = range(1, len(self.samples))
        for bits in range(2 ** len(later)):
            here, away, chance = self.seen(late, 0), np.ones(LEVELS), 1.0
            for n, j in enumerate(later):
                gone = -np.expm1(-rate * case.series.elapsed[n]) if caught_up else 0.0
                if bits >> n & 1:
                    away, chance = away * self.seen(fresh, j), chance * gone
                else:
                    here, chance = here * self.seen(late, j), chance * (1.0 - gone)
            total += chance * float((w * here).sum() * (w * away).sum())
        return case.delay_share * total


def person_samples(patient, encoder):
    """(ln low, ln high, context, date) of each result, straight from the patient."""
    contexts = list(encoder.catalogue.ids("context"))
    return [
        (
            np.log(max(s.low_mg_dl, 0.02)), np.log(min(s.high_mg_dl, 5000.0)), contexts.index(s.context), s.date_years
        )
        for s in patient.igm
    ]  # fmt: skip


def result(value, *, context="well", date=None, resolution=1, comparator="="):
    row = {"value": value, "unit": "mg/dL", "context": context, "resolution": resolution, "comparator": comparator}
    return row if date is None else {**row, "date": date}


SERIES = {
    "two close ones": [result(25), result(27)],
    "back to normal": [result(25, context="acute_infection", date="2024-01"), result(95, date="2025-06")],
    "both censored": [result(20, comparator="<"), result(20, comparator="<", context="unknown")],
    "censored, then known": [result(20, comparator="<", context="intensive_care"), result(33, date="2026-01")],
    "coarse": [result(30, resolution=10), result(40, resolution=10)],
    "single figures": [result(3), result(5, context="unknown")],
    "three": [result(25), result(31, context="acute_infection"), result(70)],
    "three, one censored": [result(22), result(20, comparator="<"), result(45, resolution=5)],
    "three censored": [result(20, comparator="<")] * 3,
}
HYPOTHESES = (0, 1, 2, "b_cell_depletion", "critical_illness", "glucocorticoid", "protein_losing_enteropathy", "occult")


def index(h, encoder):
    return h if isinstance(h, int) else 3 + encoder.catalogue.cause_index(h)


@pytest.mark.parametrize("name", SERIES)
def test_series_against_brute_force(name, prior_draws, person, encoder):
    someone = person(igm=SERIES[name])
    for seed in (1, 2):
        p = prior_draws(1, seed=seed)
        brute = BruteForce(someone, encoder, p)
        got, _ = person_.log_igm_series(NUMPY, p, brute.case, first_known=True)
        later, _ = person_.log_igm_series(NUMPY, p, brute.case, first_known=False)
        for h in (index(h, encoder) for h in HYPOTHESES):
            want = brute.hypothesis(h)
            assert np.exp(got[0, h]) == pytest.approx(want, rel=5e-5), (name, seed, h)
            want_later = brute.hypothesis(h, first_known=False)
            assert np.exp(later[0, h]) == pytest.approx(want_later, rel=5e-5), (name, seed, h, "later only")


@pytest.mark.parametrize("name", ["two close ones", "back to normal", "three", "both censored"])
def test_maturational_delay_against_brute_force(name, prior_draws, person, encoder):
    someone = person(age_years=2.0, igm=SERIES[name])
    p = prior_draws(1, seed=3)
    brute = BruteForce(someone, encoder, p)
    assert brute.case.delay_share == pytest.approx(0.06)
    got, delay = person_.log_igm_series(NUMPY, p, brute.case, first_known=True)
    caught = brute.delayed(caught_up=True)
    want = brute.hypothesis(2) - brute.delayed(caught_up=False) + caught
    assert np.exp(delay[0]) == pytest.approx(caught, rel=1e-3)
    assert np.exp(got[0, 2]) == pytest.approx(want, rel=1e-3)


@pytest.mark.parametrize("first", [result(25), result(20, comparator="<"), result(3), result(30, resolution=10)])
def test_a_series_with_an_empty_second_result_is_the_single_result(first, prior_draws, person, encoder):
    """A second result that excludes nothing ("<5000") adds nothing."""
    p = prior_draws(20, seed=SEED)
    single = person_.log_igm_first(NUMPY, p, encoder.encode(person(igm=[first])))
    empty = result(4900, comparator="<", context="intensive_care")
    case = encoder.encode(person(igm=[first, empty]))
    series, _ = person_.log_igm_series(NUMPY, p, case, first_known=True)
    kinds = person_.kind_index(case.depletion)
    clear = kinds != 0
    # 0.02 mg/dL is not the bottom of a profound shift: what lies below is lost in "<4900" and in nothing else.
    np.testing.assert_allclose(series[:, clear & (kinds != 3)], single[:, clear & (kinds != 3)], atol=1e-3)
    np.testing.assert_allclose(series, single, atol=5e-3)


def test_an_empty_first_result_leaves_the_later_ones(prior_draws, person, encoder):
    p = prior_draws(20, seed=SEED)
    rows = [result(4900, comparator="<"), result(25), result(60, context="unknown")]
    case = encoder.encode(person(igm=rows))
    full, _ = person_.log_igm_series(NUMPY, p, case, first_known=True)
    later, _ = person_.log_igm_series(NUMPY, p, case, first_known=False)
    np.testing.assert_allclose(full, later, atol=5e-3)


def test_later_results_may_be_told_in_any_order(prior_draws, person, encoder):
    p = prior_draws(20, seed=SEED)
    first = result(25)
    later = [result(31, context="acute_infection"), result(70), result(20, comparator="<", context="unknown")]
    case = encoder.encode(person(igm=[first, *later]))
    turned = encoder.encode(person(igm=[first, later[2], later[0], later[1]]))
    order = [2, 0, 1]
    turned = replace(
        turned,
        series=replace(
            turned.series,
            rate=case.series.rate[:, order], elapsed=case.series.elapsed[order], fixed=case.series.fixed[:, order],
        ),
    )  # fmt: skip
    for known in (True, False):
        a, _ = person_.log_igm_series(NUMPY, p, case, first_known=known)
        b, _ = person_.log_igm_series(NUMPY, p, turned, first_known=known)
        np.testing.assert_allclose(a, b, rtol=1e-10)


@pytest.mark.parametrize("second", [result(26), result(90), result(150), result(20, comparator="<"), result(3)])
def test_delay_is_a_part_of_normal_and_never_more(second, prior_draws, person, encoder):
    p = prior_draws(300, seed=SEED)
    for age in (0.6, 2.0, 4.9):
        case = encoder.encode(person(age_years=age, igm=[result(22), second]))
        series, delay = person_.log_igm_series(NUMPY, p, case, first_known=True)
        share = np.exp(delay - series[:, 2])
        assert np.all(np.isfinite(series))
        assert np.all((share >= 0.0) & (share <= 1.0 + 1e-12))


def test_delay_does_not_change_what_a_single_result_says(prior_draws, person, encoder):
    """The reference curve contains the late maturers: one value is N(0, s^2) with or without naming them."""
    p = prior_draws(100, seed=SEED)
    empty = result(4900, comparator="<")
    case = encoder.encode(person(age_years=2.0, igm=[result(22), empty]))
    with_delay, delay = person_.log_igm_series(NUMPY, p, case, first_known=True)
    without, _ = person_.log_igm_series(NUMPY, p, replace(case, delay_share=0.0), first_known=True)
    np.testing.assert_allclose(with_delay[:, 2], without[:, 2], atol=1e-3)
    single = person_.log_delay_single(NUMPY, p, encoder.encode(person(age_years=2.0, igm=[result(22)])))
    np.testing.assert_allclose(delay, single, atol=1e-3)


def test_delay_of_a_single_result_is_less_than_the_healthy_density_everywhere(prior_draws, person, encoder):
    p = prior_draws(300, seed=SEED)
    for value in (2, 5, 10, 20, 40, 80, 200):
        case = encoder.encode(person(age_years=2.0, igm=[result(value)]))
        late = person_.log_delay_single(NUMPY, p, case)
        normal = person_.log_igm_first(NUMPY, p, case)[:, 2]
        assert np.all(late < normal)


def test_a_normal_repeat_speaks_for_normal_and_for_what_passes(prior_draws, person, encoder):
    p = prior_draws(200, seed=SEED)
    case = encoder.encode(person(igm=[result(25, date="2025-01"), result(95, date="2025-07")]))
    single = person_.log_igm_first(NUMPY, p, case)
    series, _ = person_.log_igm_series(NUMPY, p, case, first_known=True)
    moved = (series - single).mean(axis=0)
    critical = 3 + encoder.catalogue.cause_index("critical_illness")
    assert moved[2] > moved[0] + 1.0
    assert moved[critical] > moved[0] + 1.0


def test_normal_before_the_exposure_speaks_for_that_exposure(prior_draws, person, encoder):
    p = prior_draws(200, seed=SEED)
    moved = {}
    for before in ("normal", "low"):
        told = {"state": "present", "started": "before_low_igm", "igm_before": before}
        case = encoder.encode(person(causes={"b_cell_depletion": told}))
        series, _ = person_.log_igm_series(NUMPY, p, case, first_known=True)
        k = 3 + encoder.catalogue.cause_index("b_cell_depletion")
        moved[before] = (series[:, k] - series[:, 0]).mean()
    assert moved["normal"] > 1.0 > 0.0 > moved["low"]


def test_told_before_and_after_an_exposure_against_brute_force(prior_draws, person, encoder):
    """ "IgM was normal before": a result that the shift of that cause, and of it alone, cannot have touched."""
    told = {"state": "present", "started": "before_low_igm", "igm_before": "normal"}
    someone = person(causes={"b_cell_depletion": told})
    p = prior_draws(1, seed=4)
    brute = BruteForce(someone, encoder, p)
    low, high = encoder.igm_limits(someone)
    well = list(encoder.catalogue.ids("context")).index("well")
    brute.samples.append((np.log(low), np.log(encoder.constants["told_normal_to_limits"] * high), well, None))
    got, _ = person_.log_igm_series(NUMPY, p, brute.case, first_known=True)
    cause = index("b_cell_depletion", encoder)
    assert brute.gone(cause) == [1.0 - SURE]
    assert brute.gone(index("occult", encoder))[0] < 0.9
    for h in (index(h, encoder) for h in HYPOTHESES):
        assert np.exp(got[0, h]) == pytest.approx(brute.hypothesis(h), rel=5e-5)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_a_series_of_censored_results_stays_small(n, person, encoder):
    """Five times "<20" is an ordinary patient: at most 10^4 pairs of nodes a pattern, so 80 MB for 1,000 draws."""
    case = encoder.encode(person(igm=[result(20, comparator="<")] * n))
    table = case.series.full
    sizes = [len(table.factors[k].centre) * (len(table.factors[g].centre) if g >= 0 else 1) for k, g in table.pairs]
    assert max(sizes) <= 12_000
    assert len(table.pairs) <= n  # equal results share their patterns
