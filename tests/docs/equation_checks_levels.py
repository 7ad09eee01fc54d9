"""Checks of the equations of a person's starting point, exposures, IgM, repeats, IgG and IgA."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from equation_checks import check, draw_of, expit, f
from sigm_docs.equations import EQUATIONS

from sigm_bayes.likelihood import exposures, igm, immunoglobulins
from sigm_bayes.likelihood import person as person_
from sigm_bayes.likelihood.exposures import ABSENT, PRESENT, ExposureState
from sigm_bayes.likelihood.namespace import NUMPY

NOISE = igm.SampleNoise(error_sd=0.075, dip_shift=0.65, dip_sd=0.4)


@check
def prior_primary(rng, **_):
    p, o = rng.normal(-3, 2, 2)
    got = person_.with_prior_odds(NUMPY, np.zeros(5), primary=np.array(p), other=np.array(o))
    return f("prior_primary", p, o), np.exp(got[0])


@check
def prior_log_odds(rng, prior_draws, **_):
    p = draw_of(rng, prior_draws)
    got, _ = person_.log_prior_odds(NUMPY, p, setting=2, age_band=1, boy=0.0)
    return f("prior_log_odds", p["logit_primary"][0, 2], p["primary_age"][0, 1]), got[0]


@check
def exposure_rate(rng, prior_draws, **_):
    p = draw_of(rng, prior_draws)
    n = p["logit_exposure"].shape[1]
    raised, m = rng.integers(0, 2, n).astype(float), int(rng.integers(n))
    got = person_.exposure_logits(NUMPY, p, setting=1, age_band=3, raised=raised)
    setting, age = p["exposure_setting"][0, m, 1], p["exposure_age"][0, m, 3]
    return f("exposure_rate", p["logit_exposure"][0, m], setting, age, p["co_exposure"][0], raised[m]), got[0, m]


def known_exposures(rng, m=5):
    w = rng.integers(0, 2, m)
    return w, replace(ExposureState.unknown(m), state=np.where(w == 1, PRESENT, ABSENT))


@check
def recorded_exposures(rng, **_):
    w, state = known_exposures(rng)
    logit = rng.normal(-1, 1.5, 5)
    return f("recorded_exposures", w, expit(logit), range(5)), np.exp(
        exposures.log_exposure_probability(NUMPY, logit, state)
    )


def rest(rng, state, m=5):
    logit, log_h, log_occult = rng.normal(-1, 1.5, m), rng.normal(-1, 1, m), rng.normal(-3, 1)
    normal, causes = exposures.log_weights_rest(NUMPY, logit, log_h, np.array(log_occult), state)
    return expit(logit), np.exp(log_h), np.exp(log_occult), np.exp(normal), np.exp(causes)


@check
def normal_given_exposures(rng, **_):
    w, state = known_exposures(rng)
    e, h, occult, normal, _ = rest(rng, state)
    return f("normal_given_exposures", h, w, occult, range(5)), normal / f("recorded_exposures", w, e, range(5))


@check
def secondary_given_exposures(rng, **_):
    w, state = known_exposures(rng)
    e, h, occult, _, causes = rest(rng, state)
    want = [f("secondary_given_exposures", m, h, w, occult, range(5)) for m in range(5)]
    return want, causes[:5] / f("recorded_exposures", w, e, range(5))


@check
def secondary_exposures_unknown(rng, **_):
    e, h, occult, _, causes = rest(rng, ExposureState.unknown(5))
    return [f("secondary_exposures_unknown", m, h, e, occult, range(5)) for m in range(5)], causes[:5]


@check
def hazard_left(rng, person, encoder, **_):
    cause = encoder.catalogue.causes[encoder.catalogue.cause_index("b_cell_depletion")]
    last, first = "2015-01", f"{2015 + int(rng.integers(0, 6))}-04"
    patient = person(
        igm=[{"value": 25, "unit": "mg/dL", "date": first}],
        causes={cause.id: {"state": "present", "started": "before_low_igm", "last_dose": last}},
    )
    got = encoder.encode(patient).exposures.hazard_factor[encoder.catalogue.cause_index(cause.id)]
    years = patient.igm[0].date_years - patient.causes[cause.id].last_dose_years
    return f("hazard_left", 1.0, 12.0 * years, cause.hold_months, cause.half_life_months), got


@check
def curve_median(rng, encoder, person, prior_draws, **_):
    return curve_of(rng, encoder, person, prior_draws)[0]


@check
def curve_spread(rng, encoder, person, prior_draws, **_):
    return curve_of(rng, encoder, person, prior_draws)[1]


def curve_of(rng, encoder, person, prior_draws):
    p = draw_of(rng, prior_draws)
    row = encoder.encode(person(age_years=float(rng.uniform(1, 90)))).curves[0]
    beta, factor = p["curve_igm"][0], p["log_spread_factor"][0]
    median, spread = person_.curve(NUMPY, p["curve_igm"], row, p["log_spread_factor"])
    every = range(len(beta))
    return (f("curve_median", beta, row.median, every), median[0]), (
        f("curve_spread", beta, row.spread, np.exp(factor), every), spread[0],
    )  # fmt: skip


@check
def shifted_level(rng, **_):
    mu, s, delta, tau = 4.5, 0.5, rng.uniform(0.3, 2.0, 4), rng.uniform(0.2, 1.0, 4)
    mean, sd = igm.component_moments(NUMPY, delta, tau, np.array(mu), np.array(s))
    x = rng.normal(3, 1)
    want = [
        f("shifted_level", x, mu, s, 0.0, 0.0),
        *(f("shifted_level", x, mu, s, *row) for row in zip(delta, tau, strict=True)),
    ]
    return want, np.exp(-0.5 * ((x - mean) / sd) ** 2) / (sd * np.sqrt(2 * np.pi))


@check
def printed_result(rng, **_):
    a = -np.inf if rng.random() < 0.3 else rng.normal(3, 0.5)
    b = (3.0 if a == -np.inf else a) + rng.uniform(0.02, 0.5)
    mu, sd, logit = rng.normal(3.5, 0.7), rng.uniform(0.3, 1.0), rng.normal(-2, 1)
    low = -40.0 if a == -np.inf else a
    got = igm.log_result(NUMPY, low=low, high=b, mean=np.array(mu), sd=np.array(sd), logit_dip=logit, noise=NOISE)
    v = sd**2 + NOISE.error_sd**2
    return f("printed_result", a, b, mu, v, expit(logit), NOISE.dip_shift, v + NOISE.dip_sd**2), np.exp(got)


def mixed(rng, prior_draws):
    p = draw_of(rng, prior_draws)
    component = rng.uniform(0.01, 1.0, 5)
    return p, component, np.exp(person_.mix_components(NUMPY, p, np.log(component)[None]))[0]


@check
def level_primary(rng, prior_draws, **_):
    p, c, kinds = mixed(rng, prior_draws)
    profound = p["logit_profound_primary"][0]
    depleted = f("level_primary", c[igm.PROFOUND], c[igm.DEPLETION], p["logit_profound_depletion"][0])
    return [f("level_primary", c[igm.PROFOUND], c[igm.PARTIAL], profound), depleted], kinds[[0, 3]]


@check
def level_other(rng, prior_draws, **_):
    p, c, kinds = mixed(rng, prior_draws)
    return f("level_other", kinds[0], c[igm.NONE], p["logit_other_affected"][0]), kinds[1]


@check
def shift_gone(rng, **_):
    rate, t = np.exp(rng.normal(-1, 0.5)), rng.uniform(0.2, 3.0)
    got = person_._gone(NUMPY, np.array([rate]), np.array([0]), np.array([t]), np.array([-1.0]))
    return f("shift_gone", rate, t), got[0]


@check
def two_results(rng, prior_draws, person, encoder, **_):
    p = draw_of(rng, prior_draws)
    values = [int(rng.integers(15, 45)), int(rng.integers(40, 110))]
    patient = person(
        setting="hospital",
        igm=[{"value": v, "unit": "mg/dL", "date": f"20{20 + j}-01"} for j, v in enumerate(values)],
    )
    case = encoder.encode(patient)
    m = encoder.catalogue.cause_index("systemic_lupus")
    got, _ = person_.log_igm_series(NUMPY, p, case, first_known=True)
    mean, sd = (x[0] for x in person_.igm_components(NUMPY, p, case.curves[0]))
    s, tau = sd[igm.NONE], np.exp(p["log_tau"][0, igm.SECONDARY - 1])
    grid = np.linspace(-6.0, 10.0, 4001)
    tables = [
        np.exp(igm.log_result(
            NUMPY, low=np.log(sample.low_mg_dl), high=np.log(sample.high_mg_dl), mean=grid, sd=0.0 * grid,
            logit_dip=p["logit_dip"][0, encoder.catalogue.context_index(sample.context)], noise=case.noise,
        ))
        for sample in patient.igm
    ]  # fmt: skip

    seen = [lambda x, t=table: np.interp(x, grid, t) for table in tables]
    rate = np.exp(p["log_recovery_rate"][0, case.series.rate[3 + m, 0]])
    gone = f("shift_gone", rate, case.series.elapsed[0])
    delta = mean[igm.NONE] - mean[igm.SECONDARY]
    return coarse_two_results(*seen, mean[igm.NONE], s, delta, tau, gone), np.exp(got[0, 3 + m])


def coarse_two_results(seen_1, seen_2, mu, s, delta, tau, gone):
    """The printed formula with its two integrals on a grid: adaptive quadrature of a spike would take a minute."""
    formula = EQUATIONS["two_results"].function
    inside = dict(formula.__globals__)

    def on_grid(g, low, high):
        assert (low, high) == (-np.inf, np.inf)
        x = np.linspace(-2.0, 8.0, 301)
        return float(sum(g(float(t)) for t in x) * (x[1] - x[0]))

    inside["integral"] = on_grid
    return type(formula)(formula.__code__, inside)(seen_1, seen_2, mu, s, delta, tau, gone)


@check
def maturational_delay(rng, prior_draws, person, encoder, **_):
    p = draw_of(rng, prior_draws)
    case = encoder.encode(person(age_years=3, igm=[{"value": int(rng.integers(15, 60)), "unit": "mg/dL"}]))
    mean, sd = person_.igm_components(NUMPY, p, case.curves[0])
    at = {"samples": case.samples, "index": 0, "logit_dip": p["logit_dip"], "noise": case.noise}

    def seen(mu, sigma):
        return float(np.exp(igm.log_single(NUMPY, mean=np.array([[mu]]), sd=np.array([[sigma]]), **at))[0, 0])

    want = f(
        "maturational_delay", case.delay_share, seen, mean[0, 0], sd[0, 0], case.delay_shift_spreads,
        case.delay_spread_ratio,
    )  # fmt: skip
    return want, np.exp(person_.log_delay_single(NUMPY, p, case))[0]


@check
def selective(rng, **_):
    z, spread, error = rng.uniform(-2.5, 2.0), 0.3, 0.065
    result = immunoglobulins.Result(True, np.array([z]), np.array([0.0]))
    node, log_weight = immunoglobulins.place(NUMPY, result, np.array(5.0), np.array(spread))
    zero, one = np.array(0.0), np.array(1.0)
    _, got = immunoglobulins.log_states(
        NUMPY, z=node, log_weight=log_weight, spread=np.array(spread), shift=zero, error_sd=error,
        low=zero, low_sd=one, high=zero, high_sd=one,
    )  # fmt: skip
    return f("selective", z, error / spread, -1.959963984540054), np.exp(got)


@check
def three_states(rng, **_):
    low, high = rng.normal(-1, 1, 2)
    density = rng.uniform(0.01, 1.0, 3)
    weights = np.exp(immunoglobulins.log_state_weights(NUMPY, np.array(low), np.array(high)))
    return f("three_states", *density, low, high), (weights * density).sum()
