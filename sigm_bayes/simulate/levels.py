"""What the laboratory measures: IgM at every sample, IgG and IgA at the first.

The same story as `likelihood.igm`, `igm_series` and `immunoglobulins`, told forwards. Levels are in mg/dL and not
yet rounded: printing is the registry's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.catalogue.priors import RECOVERIES
from sigm_bayes.likelihood import igm as igm_
from sigm_bayes.likelihood import person
from sigm_bayes.likelihood.case import CurveRow
from sigm_bayes.likelihood.exposures import together
from sigm_bayes.likelihood.hypotheses import FIRST_CAUSE, NORMAL, OTHER, PRIMARY
from sigm_bayes.likelihood.immunoglobulins import LIMIT_Z
from sigm_bayes.likelihood.namespace import NUMPY
from sigm_bayes.reference import Curves
from sigm_bayes.simulate.parameters import Truth

LOW, USUAL, RAISED = range(3)
"""States of IgG and IgA, shared by the two."""
SURE = 1e-4
"""The likelihood keeps P(the shift has gone) this far from 0 and 1; so does the simulation."""


@dataclass(frozen=True)
class Igm:
    """IgM of people, and what lies behind it.

    Attributes
    ----------
    component : (person,) int
        Which shift (`likelihood.igm`): 0 none, 1 partial, 2 profound, 3 depletion, 4 other causes.
    ln_median : (person,)
        ln of the median (mg/dL) for age and sex.
    own_level : (person,)
        t0: the person's own level, ln multiples of the median.
    shift : (person,)
        d, added to it at the first sample (0 without a shift).
    delay : (person,) bool
        Maturational delay: a late maturer among the healthy.
    gone : (person, sample) bool
        Whether the shift (or the delay) had gone by this sample.
    dip : (person, sample) bool
    measured : (person, sample)
        mg/dL; NaN where there was no sample.
    """

    component: np.ndarray
    ln_median: np.ndarray
    own_level: np.ndarray
    shift: np.ndarray
    delay: np.ndarray
    gone: np.ndarray
    dip: np.ndarray
    measured: np.ndarray


@dataclass(frozen=True)
class Immunoglobulins:
    """IgG and IgA at the first sample.

    Attributes
    ----------
    state : (person,) int
        `LOW`, `USUAL` or `RAISED`.
    z : (person, ig)
        True level in spreads from the median, the effect of exposures left out.
    measured : (person, ig)
        mg/dL.
    """

    state: np.ndarray
    z: np.ndarray
    measured: np.ndarray


def curve_rows(curves: Curves, analyte: str, age_years: np.ndarray, male: np.ndarray) -> CurveRow:
    """Design rows of many people, (person, coefficient) each."""
    return CurveRow(*curves[analyte].design_rows(age_years, male))


def simulate_igm(
    truth: Truth, *, hypothesis: np.ndarray, age_years: np.ndarray, row: CurveRow, elapsed: np.ndarray,
    context: np.ndarray, catalogue: Catalogue, constants: Mapping[str, float], rng: np.random.Generator,
) -> Igm:  # fmt: skip
    """Draw the levels and measure them.

    Parameters
    ----------
    row : (person, coefficient) design rows
    elapsed : (person, sample)
        Years since the first sample (0 there); NaN where there is none.
    context : (person, sample) int
    """
    n, samples = elapsed.shape
    component = _component(truth, hypothesis, catalogue, rng)
    median, spread = person.curve(NUMPY, truth["curve_igm"], row, truth["log_spread_factor"])
    own = spread * rng.standard_normal(n)
    shifted = component != igm_.NONE
    which = np.maximum(component - 1, 0)
    d = -np.exp(truth["log_shift"])[which] + np.exp(truth["log_tau"])[which] * rng.standard_normal(n)
    shift = np.where(shifted, d, 0.0)
    delay = _delay(hypothesis, age_years, own / spread, constants, rng)
    rate = np.exp(truth["log_recovery_rate"])[_course(hypothesis, delay, catalogue)]
    p_gone = np.clip(-np.expm1(-rate[:, None] * np.nan_to_num(elapsed)), SURE, 1.0 - SURE)
    gone = (rng.random((n, samples)) < p_gone) & (shifted | delay)[:, None]
    gone[:, 0] = False
    fresh = spread * rng.standard_normal(n)
    without = np.where(delay, fresh, own)
    level = np.where(gone, without[:, None], (own + shift)[:, None])
    dip = rng.random((n, samples)) < NUMPY.expit(truth["logit_dip"])[context]
    fall = np.where(dip, -constants["dip_shift"] + constants["dip_sd"] * rng.standard_normal((n, samples)), 0.0)
    error = constants["igm_error_sd"] * rng.standard_normal((n, samples))
    measured = np.exp(median[:, None] + level + fall + error)
    return Igm(
        component=component, ln_median=median, own_level=own, shift=shift, delay=delay, gone=gone, dip=dip,
        measured=np.where(np.isnan(elapsed), np.nan, measured),
    )  # fmt: skip


def _component(truth: Truth, hypothesis: np.ndarray, catalogue: Catalogue, rng: np.random.Generator) -> np.ndarray:
    """Kind of shift of each person, as `person.mix_components` mixes them."""
    kind = person.kind_index(np.array([c.depletion for c in catalogue.causes]))[hypothesis]
    affected, profound = rng.random((2, len(hypothesis)))
    defined = np.where(profound < NUMPY.expit(truth["logit_profound_primary"]), igm_.PROFOUND, igm_.PARTIAL)
    depleted = np.where(profound < NUMPY.expit(truth["logit_profound_depletion"]), igm_.PROFOUND, igm_.DEPLETION)
    other = np.where(affected < NUMPY.expit(truth["logit_other_affected"]), defined, igm_.NONE)
    none = np.full(len(kind), igm_.NONE)
    return np.choose(kind, [defined, other, none, depleted, np.full(len(kind), igm_.SECONDARY)])


def _delay(
    hypothesis: np.ndarray, age_years: np.ndarray, z: np.ndarray, constants: Mapping[str, float],
    rng: np.random.Generator,
) -> np.ndarray:  # fmt: skip
    """Who of the healthy is late: P(late | z) is the late maturers' share of the healthy density at z."""
    share, ratio = constants["delay_share"], constants["delay_spread_ratio"]
    late = (z + constants["delay_shift_spreads"]) / ratio
    p_late = np.minimum(share / ratio * np.exp(0.5 * z * z - 0.5 * late * late), 1.0)
    of_age = (age_years >= constants["delay_low_years"]) & (age_years < constants["delay_high_years"])
    return (hypothesis == NORMAL) & of_age & (rng.random(len(z)) < p_late)


def _course(hypothesis: np.ndarray, delay: np.ndarray, catalogue: Catalogue) -> np.ndarray:
    """Index of the recovery rate: constitutional for what never recovers, by cause, maturation for the late."""
    constitutional = RECOVERIES.index("constitutional")
    by_cause = [constitutional if c.recovers == "never" else RECOVERIES.index(c.recovers) for c in catalogue.causes]
    course = np.array([constitutional] * FIRST_CAUSE + by_cause)[hypothesis]
    return np.where(delay, RECOVERIES.index("maturation"), course)


def simulate_igg_iga(
    truth: Truth, *, hypothesis: np.ndarray, exposures: np.ndarray, rows: tuple[CurveRow, CurveRow],
    constants: Mapping[str, float], rng: np.random.Generator,
) -> Immunoglobulins:  # fmt: skip
    """Draw IgG and IgA: above the lower limit in primary, in shared states in secondary and other."""
    n = len(hypothesis)
    ig_class = np.where(hypothesis == OTHER, 0, np.maximum(hypothesis - FIRST_CAUSE + 1, 0))
    mixed = (hypothesis == OTHER) | (hypothesis >= FIRST_CAUSE)
    u_high, u_low = rng.random((2, n))
    high = u_high < NUMPY.expit(truth["logit_ig_high"])[ig_class]
    low = u_low < NUMPY.expit(person.ig_low_logits(NUMPY, truth))[ig_class]
    state = np.where(~mixed, USUAL, np.where(high, RAISED, np.where(low, LOW, USUAL)))
    effect = effect_of_exposures(-truth["exposure_ig_shift"], exposures)
    z, measured = np.empty((n, 2)), np.empty((n, 2))
    names = (("curve_igg", constants["igg_error_sd"]), ("curve_iga", constants["iga_error_sd"]))
    for i, (name, error_sd) in enumerate(names):
        usual = _selective(rng.standard_normal(n), hypothesis == PRIMARY, rng)
        noise = rng.standard_normal(n)
        lowered = truth["ig_low_z"][i] + np.exp(truth["log_ig_low_sd"][i]) * noise
        raised = truth["ig_high_z"][i] + np.exp(truth["log_ig_high_sd"][i]) * noise
        z[:, i] = np.choose(state, [lowered, usual, raised])
        median, spread = person.curve(NUMPY, truth[name], rows[i], 0.0)
        measured[:, i] = np.exp(median + spread * (z[:, i] - effect) + error_sd * rng.standard_normal(n))
    return Immunoglobulins(state, z, measured)


def _selective(z: np.ndarray, selective: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Standard normal, drawn again where it must lie above the lower limit and does not."""
    while (again := selective & (z < LIMIT_Z)).any():
        z = z.copy()
        z[again] = rng.standard_normal(int(again.sum()))
    return z


def effect_of_exposures(size: np.ndarray, exposures: np.ndarray) -> np.ndarray:
    """Effect of the exposures that each person has; (exposure,) -> (person,)."""
    return np.asarray(together(NUMPY, np.where(exposures, size, 0.0)))
