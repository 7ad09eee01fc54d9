"""One person as numbers: everything the likelihood needs, nothing that depends on parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sigm_bayes.likelihood.exposures import ExposureState
from sigm_bayes.likelihood.findings import FindingState
from sigm_bayes.likelihood.igm import SampleNoise, Samples
from sigm_bayes.likelihood.igm_series import Configurations
from sigm_bayes.likelihood.immunoglobulins import Result
from sigm_bayes.likelihood.immunology import TestState


@dataclass(frozen=True, eq=False)
class CurveRow:
    """Where on a reference curve the person stands.

    Attributes
    ----------
    median, spread : (coefficient,)
        Design rows: ln median = row @ coefficients, ln SD likewise.
    own_ln_median, own_ln_sd : float or None
        From the reference interval that the laboratory printed; replaces the curve.
    """

    median: np.ndarray
    spread: np.ndarray
    own_ln_median: float | None = None
    own_ln_sd: float | None = None


@dataclass(frozen=True, eq=False)
class Series:
    """Repeated IgM: configurations with and without the first result, and how the shift may go.

    Attributes
    ----------
    full : Configurations of all samples.
    later_only : Configurations of the later samples alone (the first one unknown).
    rate : (hypothesis, later_sample) int
        Index of the recovery rate; -1 where `fixed` holds.
    elapsed : (later_sample,) float
        Years since the first sample (or before it).
    fixed : (hypothesis, later_sample) float
        Probability that the shift is absent, where it is known from the history.
    """

    full: Configurations
    later_only: Configurations
    rate: np.ndarray
    elapsed: np.ndarray
    fixed: np.ndarray


@dataclass(frozen=True, eq=False)
class Case:
    """A person, encoded.

    Attributes
    ----------
    setting, age_band : int
        Catalogue indices.
    boy : float
        1 male below 18 years, 0 female or adult, 0.5 unknown sex below 18.
    curves : (igm, igg, iga)
    noise : constants of an IgM result
    igg_error_sd, iga_error_sd : ln-SD of the IgG and IgA assay
    samples : the IgM results, the first one first
    series : None with a single result
    delay_share : share of healthy children of this age whose IgM is late (0 outside the ages)
    igg, iga : None if unknown
    exposures, infections, other_findings, all_findings, tests : what is known
    present : (n,) int
        Exposures recorded as present before the first low IgM: they act on infections, IgG and IgA.
    depletion : (cause,) bool
        Causes with a possible profound shift.
    is_infection : (finding,) float
    infant : float
        1 below 2 years.
    """

    setting: int
    age_band: int
    boy: float
    curves: tuple[CurveRow, CurveRow, CurveRow]
    noise: SampleNoise
    igg_error_sd: float
    iga_error_sd: float
    samples: Samples
    series: Series | None
    delay_share: float
    delay_shift_spreads: float
    delay_spread_ratio: float
    igg: Result | None
    iga: Result | None
    exposures: ExposureState
    infections: FindingState
    other_findings: FindingState
    all_findings: FindingState
    tests: TestState
    present: np.ndarray
    depletion: np.ndarray
    is_infection: np.ndarray
    infant: float
