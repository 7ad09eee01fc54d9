"""Frequencies of findings against people simulated one by one: unions, windows, exposures, labelled series."""

from dataclasses import replace

import numpy as np
import pytest

from sigm_bayes.model import infections
from sigm_bayes.model.infections import Request, any_of

PEOPLE = 400_000
SEED = 20261123
CLASSES = ("primary", "other_immunodeficiency", None, "secondary")


def expit(x):
    return 1.0 / (1.0 + np.exp(-x))


def within_noise(seen):
    return pytest.approx(seen, abs=4.0 * np.sqrt(seen * (1.0 - seen) / PEOPLE) + 1e-6)


def simulate_union(ctx, request, of_class, rng, people=PEOPLE):
    """Whether each person of a class has any of the findings within the years of the request."""
    p, cat = ctx.p, ctx.catalogue
    setting, band = cat.setting_index(request.setting), ctx.band(request.age_years)
    u = rng.standard_normal(people)
    has = np.zeros(people, dtype=bool)
    for name in request.findings:
        k = cat.finding_index(name)
        finding, loading = cat.findings[k], np.exp(p["log_loading"][cat.finding_index(name)])
        group = p["setting_infection"] if finding.infection else p["setting_other"]
        logit = p["finding_base"][k] + p["finding_age"][k, band] + p["finding_setting"][k, setting] + group[setting]
        if of_class is not None:
            c = list(ctx.priors.coords["effect_class"]).index(of_class)
            logit += loading * p["proneness"][c] + p["finding_effect"][k, c]
            if name == "invasive_infection" and request.age_years < 2.0:
                logit += p["early_invasive"][c]
        if finding.infection:
            shift = 0.0
            if request.cause:
                shift += np.exp(p["log_exposure_infection"][cat.cause_index(request.cause)])
            shift += p["label_severity"] * request.labelled + p["literature_severity"] * request.literature
            logit += loading * shift
        in_window = expit(logit + loading * u)
        window = min(request.age_years, finding.window_years or request.age_years)
        times = 1.0 if request.years is None else request.years / window
        has |= rng.random(people) < 1.0 - (1.0 - in_window) ** times
    return has


REQUESTS = [
    Request(("sinusitis", "pneumonia", "asthma"), "allergy_immunology_clinic", 45.0),
    Request(("pneumonia", "invasive_infection"), "hospital", 42.0, years=2.64, cause="b_cell_depletion"),
    Request(("recurrent_urti", "otitis_media", "invasive_infection"), "community", 1.0, labelled=True, literature=True),
    Request(("pneumonia",), "community", 1.0, years=1.0),
]


@pytest.mark.parametrize("of_class", CLASSES)
@pytest.mark.parametrize("request_", REQUESTS, ids=range(4))
def test_union_is_that_of_simulated_people(context, request_, of_class):
    ctx = context([], seed=5)
    seen = simulate_union(ctx, request_, of_class, np.random.default_rng(SEED)).mean()
    assert any_of(ctx, [request_])[0, CLASSES.index(of_class)] == within_noise(seen)


def test_requests_do_not_mix(context):
    ctx = context([], seed=5)
    together = any_of(ctx, REQUESTS)
    np.testing.assert_allclose(together, np.concatenate([any_of(ctx, [r]) for r in REQUESTS]), rtol=1e-12)


@pytest.mark.parametrize("years", [0.5, 2.0])
def test_infection_of_the_exposed_over_a_follow_up(context, item, exposed_people, years):
    one = item(
        "infection_given_exposure", cause="b_cell_depletion", findings=("pneumonia", "invasive_infection"),
        setting="hospital", age_years=42.0, male_share=0.5, stat="share", window_years=years, threshold_mg_dl=None,
    )  # fmt: skip
    one = replace(one, observed=replace(one.observed, scale="proportion"))
    ctx = context([one])
    rng = np.random.default_rng(SEED)
    _, suppressed = exposed_people(ctx, one, rng, PEOPLE)
    wanted = infections.request_of(ctx, one)
    by_class = {c: simulate_union(ctx, wanted, c, rng) for c in (None, "secondary")}
    seen = np.where(suppressed, by_class["secondary"], by_class[None]).mean()
    assert expit(infections.infection_given_exposure(ctx, [one])[0]) == within_noise(seen)


def test_ratio_of_infections_with_low_and_normal_igm(context, item, exposed_people):
    common = {
        "cause": "b_cell_depletion", "findings": ("pneumonia", "bronchitis"), "setting": "hospital", "age_years": 42.0,
        "male_share": 0.5, "context": "well", "threshold_mg_dl": 40.0, "window_years": None,
    }  # fmt: skip
    rate, odds = (item("infection_ratio_low_igm", stat=s, **common) for s in ("rate", "odds"))
    ctx = context([rate, odds], logit_dip=np.full(7, -60.0), proneness=np.array([0.9, 1.5, 0.8]))
    rng = np.random.default_rng(SEED)
    level, suppressed = exposed_people(ctx, rate, rng, PEOPLE)
    low = level + ctx.priors.constants["igm_error_sd"] * rng.standard_normal(PEOPLE) < np.log(40.0)
    wanted = infections.request_of(ctx, rate)
    assert wanted.years == 1.0
    has = np.where(suppressed, simulate_union(ctx, wanted, "secondary", rng), simulate_union(ctx, wanted, None, rng))
    in_low, in_high = has[low].mean(), has[~low].mean()
    values = infections.infection_ratio_low_igm(ctx, [rate, odds])
    # SE of a log ratio of two shares of about 100,000 and 300,000 people each.
    se = np.sqrt((1 - in_low) / has[low].sum() + (1 - in_high) / has[~low].sum())
    assert values[0] == pytest.approx(np.log(np.log1p(-in_low) / np.log1p(-in_high)), abs=4 * se)
    assert values[1] == pytest.approx(np.log(in_low / (1 - in_low) * (1 - in_high) / in_high), abs=5 * se)
    assert values[0] > 0.0


def test_a_rate_is_per_person_year_whatever_the_window(context, item):
    """With a tiny frequency the rate is P(in the window) / window."""
    one = item("finding_background", findings=("pneumonia",), setting="community", age_years=50.0, window_years=5.0)
    one = replace(one, observed=replace(one.observed, scale="ln_rate", value=-6.0))
    base = np.full(23, -12.0)
    ctx = context([one], finding_base=base, finding_age=np.zeros((23, 4)))
    share = any_of(ctx, [Request(("pneumonia",), "community", 50.0)])[0, 2]
    assert np.exp(infections.finding_background(ctx, [one])[0]) == pytest.approx(share / 5.0, rel=1e-3)


def test_site_of_an_invasive_infection_is_a_share_of_it(context, inputs):
    ctx = context([])
    sites = inputs.priors.coords["site"]
    assert sum(infections.site_share(ctx, s) for s in sites) == pytest.approx(1.0)
    weights = np.exp(ctx.p["invasive_site"])
    assert infections.site_share(ctx, "meningitis") == pytest.approx(weights[sites.index("meningitis")] / weights.sum())


@pytest.mark.parametrize("seed", range(5))
def test_the_coarse_rule_over_the_proneness_is_fine_enough(context, monkeypatch, seed):
    """Unions within 1e-6 in log of 2,001 nodes, for parameters drawn from the prior."""
    ctx = context([], seed=seed)
    coarse = any_of(ctx, REQUESTS)
    u = np.linspace(-9.0, 9.0, 2001)
    log_w = -0.5 * u**2
    monkeypatch.setattr(infections, "RULE", (u, log_w - np.log(np.exp(log_w).sum())))
    np.testing.assert_allclose(np.log(coarse), np.log(any_of(ctx, REQUESTS)), atol=1e-6)
