"""From printed numbers to observations: closed forms."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from sigm_bayes.evidence.observe import Choices, observe

Z95 = 1.959963984540054
CHOICES = Choices(n_quoted=100, quoted_events=4, n_cap=2000, n_moment=50, moment_cv=0.5, change_sd=0.4, rate_ln_se=0.1)


@pytest.fixture
def share(evidence):
    """A proportion without anything beside it."""
    item = evidence.item("RAVELAB-rtx")
    return replace(item, k=None, n=None, value=0.2, low=None, high=None, spread="", spread_read="")


@pytest.fixture
def level(evidence):
    item = evidence.item("RTXAAV17-level")
    return replace(item, n=None, value=60.0, low=None, high=None, spread="", unit="mg/dL", stat="mean")


def test_counts_are_used_as_printed(share):
    seen = observe(replace(share, value=None, k=30, n=120), choices=CHOICES)
    assert (seen.value, seen.n, seen.precision_printed) == (0.25, 120, True)
    assert seen.se == pytest.approx(math.sqrt(1 / 30.5 + 1 / 90.5))


def test_counts_are_not_capped(share):
    assert observe(replace(share, value=None, k=30_000, n=100_000), choices=CHOICES).n == 100_000


@pytest.mark.parametrize(("k", "n"), [(0, 43), (8, 8), (0, 1)])
def test_none_and_all_have_a_finite_error(share, k, n):
    seen = observe(replace(share, value=None, k=k, n=n), choices=CHOICES)
    assert 0 < seen.se < 2.1


@pytest.mark.parametrize(("n", "p"), [(50, 0.2), (400, 0.05), (1500, 0.6)])
def test_an_interval_gives_back_the_n_it_came_from(share, n, p):
    half = Z95 / math.sqrt(n * p * (1 - p))
    ends = [1 / (1 + math.exp(-(math.log(p / (1 - p)) + sign * half))) for sign in (-1, 1)]
    item = replace(share, value=p, low=ends[0], high=ends[1], spread="interval95")
    seen = observe(item, choices=CHOICES)
    assert seen.n == pytest.approx(n)
    assert seen.precision_printed
    middle = observe(replace(item, value=None), choices=CHOICES)
    assert middle.value == pytest.approx(p)


def test_effective_n_is_capped(share):
    tight = replace(share, value=0.2, low=0.1999, high=0.2001, spread="interval95")
    seen = observe(tight, choices=CHOICES)
    assert (seen.n, seen.precision_printed) == (2000, False)
    assert observe(replace(share, n=5246), choices=CHOICES).n == 2000
    assert observe(replace(tight, n=300), choices=CHOICES).n == 300


def test_a_bare_proportion_gets_the_default(share):
    seen = observe(share, choices=CHOICES)
    assert (seen.n, seen.precision_printed) == (100, False)
    assert observe(share, choices=replace(CHOICES, n_quoted=40)).n == 40


@pytest.mark.parametrize(("p", "n"), [(0.016, 250), (0.984, 250), (0.04, 100), (0.0003, 2000), (0.0, 100)])
def test_a_rare_bare_proportion_was_counted_on_some_events(share, p, n):
    assert observe(replace(share, value=p), choices=CHOICES).n == pytest.approx(n)


def test_the_background_of_a_population_uses_the_n_of_the_study(share):
    study = replace(share.study, n=700)
    assert observe(replace(share, kind="background", study=study), choices=CHOICES).n == 700
    assert observe(replace(share, kind="low_given_cause", study=study), choices=CHOICES).n == 100


def test_a_mislabelled_spread_is_not_taken_for_an_interval(share):
    item = replace(share, value=0.2, low=0.19, high=0.21, spread="interval95", spread_read="sd", n=80)
    assert observe(item, choices=CHOICES).n == 80


def test_the_complement_is_taken(share):
    item = replace(share, term="esid_tests_normal", stat="complement", value=None, k=63, n=261)
    plain = observe(replace(item, stat=""), choices=CHOICES)
    seen = observe(item, choices=CHOICES)
    assert seen.value == pytest.approx(1 - plain.value)
    assert seen.se == pytest.approx(plain.se)


def test_levels_are_in_mg_dl(level):
    item = replace(level, value=0.7, low=0.04, high=1.36, unit="g/L", spread="sd", n=100)
    seen = observe(item, choices=CHOICES)
    assert seen.value == pytest.approx(70)
    assert seen.se == pytest.approx(6.6)
    assert seen.precision_printed


def test_a_level_without_sd_or_n(level):
    seen = observe(level, choices=CHOICES)
    assert seen.se == pytest.approx(0.5 * 60 / math.sqrt(50))
    assert not seen.precision_printed
    assert observe(level, choices=CHOICES, sd_mg_dl=12.0).se == pytest.approx(12 / math.sqrt(50))
    median = observe(replace(level, stat="median"), choices=CHOICES)
    assert median.se == pytest.approx(seen.se * math.sqrt(math.pi / 2))


def test_the_error_of_an_sd(level):
    assert observe(replace(level, stat="sd", value=8.7, n=36), choices=CHOICES).se == pytest.approx(8.7 / math.sqrt(70))


def test_ratio_and_rate(evidence):
    ratio = evidence.item("OCRIG20-rr").observed
    assert ratio.value == pytest.approx(math.log(1.77))
    assert ratio.se == pytest.approx(math.sqrt(1 / 88 + 1 / 173), rel=0.01)  # the Poisson counts behind it
    rate = evidence.item("OCRHAU21-si").observed
    assert rate.value == pytest.approx(math.log(0.0201))
    assert evidence.item("PNEU15A-all").observed.value == pytest.approx(math.log(24.8e-4))
    assert evidence.item("PNEU15A-all").observed.se == 0.1


def test_the_sd_row_of_a_series_serves_its_mean(evidence):
    assert evidence.item("G06-igm-mean").observed.se == pytest.approx(8.7 / 6)
    assert evidence.item("G08-igm-mean").observed.se == pytest.approx(13.8 / math.sqrt(51))
