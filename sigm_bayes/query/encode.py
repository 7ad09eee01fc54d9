"""From a patient in normal form to the numbers of the likelihood (`Case`)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.catalogue.priors import Priors
from sigm_bayes.likelihood.case import Case, CurveRow
from sigm_bayes.likelihood.exposures import ABSENT, PRESENT, UNKNOWN, ExposureState
from sigm_bayes.likelihood.igm import SampleNoise
from sigm_bayes.likelihood.immunoglobulins import LIMIT_Z, Result, result_nodes
from sigm_bayes.likelihood.immunology import TestState
from sigm_bayes.patient import Exposure, Patient, Sample
from sigm_bayes.query.encode_findings import finding_states
from sigm_bayes.query.encode_samples import encode_series, first_samples, later_results
from sigm_bayes.reference import Curves
from sigm_bayes.reference.curves import Z95

MALE = {"male": 1.0, "female": 0.0, "unknown": 0.5}
STATES = {"present": PRESENT, "absent": ABSENT, "unknown": UNKNOWN}
REPLACEMENT_TESTS = ("pneumococcal_response", "protein_vaccine_response", "igg_subclasses")
"""Tests that immunoglobulin replacement makes uninterpretable."""
_STATUS_Z = {"low": (-16.0, LIMIT_Z), "normal": (LIMIT_Z, -LIMIT_Z), "high": (-LIMIT_Z, 16.0)}


@dataclass(frozen=True, eq=False)
class Encoder:
    """Turns patients into cases for one model."""

    catalogue: Catalogue
    priors: Priors
    curves: Curves

    @property
    def constants(self) -> Mapping[str, float]:
        """Constants of `priors.toml`."""
        return self.priors.constants

    def setting(self, patient: Patient) -> str:
        """The setting asked in; hospital where none is given."""
        return patient.setting or "hospital"

    def encode(self, patient: Patient, *, series: bool = True) -> Case:
        """Encode everything that is known of a patient in scope; repeats only with `series`."""
        c = self.constants
        age = patient.corrected_age_years
        male = MALE[patient.sex]
        noise = SampleNoise(c["igm_error_sd"], c["dip_shift"], c["dip_sd"])
        samples = first_samples(patient, catalogue=self.catalogue)
        states = finding_states(patient, catalogue=self.catalogue)
        exposures = self._exposures(patient)
        delay = c["delay_share"] if c["delay_low_years"] <= age < c["delay_high_years"] else 0.0
        case = Case(
            setting=self.catalogue.setting_index(self.setting(patient)),
            age_band=self.catalogue.age_band_index(age),
            boy=male if age < c["boy_below_years"] else 0.0,
            curves=(
                self._curve("IgM", age, male, patient.igm[0]),
                self._curve("IgG", age, male, patient.igg[0] if patient.igg else None),
                self._curve("IgA", age, male, patient.iga[0] if patient.iga else None),
            ),
            noise=noise,
            igg_error_sd=c["igg_error_sd"],
            iga_error_sd=c["iga_error_sd"],
            samples=samples,
            series=None,
            delay_share=delay,
            delay_shift_spreads=c["delay_shift_spreads"],
            delay_spread_ratio=c["delay_spread_ratio"],
            igg=None if self.igg_replaced(patient) else _result(patient.igg, patient.igg_status),
            iga=_result(patient.iga, patient.iga_status),
            exposures=exposures,
            infections=states.infections,
            other_findings=states.others,
            all_findings=states.all,
            tests=self._tests(patient),
            present=self._acting(patient),
            depletion=np.array([cause.depletion for cause in self.catalogue.causes]),
            is_infection=np.array([float(f.infection) for f in self.catalogue.findings]),
            infant=float(age < c["infant_below_years"]),
        )
        if not series:
            return case
        limits = self.igm_limits(patient)
        return replace(
            case,
            series=encode_series(patient, case, catalogue=self.catalogue, priors=self.priors, limits=limits),
        )

    def encode_changed(
        self, patient: Patient, *, before: Patient, case: Case, kind: str, limits: tuple[float, float]
    ) -> Case:
        """The case of a patient changed in one kind of thing; all else is kept as the same objects.

        Parameters
        ----------
        before, case
            The patient unchanged, as encoded.
        kind
            `finding`, `exposure` (with what is told of IgM before and after it), `test` or `analyte` (a status).
        limits
            `igm_limits` of both: no such change moves them.
        """
        if kind == "finding":
            states = finding_states(patient, catalogue=self.catalogue)
            return replace(
                case, infections=states.infections, other_findings=states.others, all_findings=states.all
            )  # fmt: skip
        if kind == "test":
            return replace(case, tests=self._tests(patient))
        if kind == "analyte":
            igg = None if self.igg_replaced(patient) else _result(patient.igg, patient.igg_status)
            return replace(case, igg=igg, iga=_result(patient.iga, patient.iga_status))
        changed = replace(case, exposures=self._exposures(patient), present=self._acting(patient))
        later, told = (later_results(p, priors=self.priors, limits=limits) for p in (patient, before))
        if later == told:
            return changed
        series = encode_series(patient, changed, catalogue=self.catalogue, priors=self.priors, limits=limits)
        return replace(changed, series=series)

    def igm_limits(self, patient: Patient) -> tuple[float, float]:
        """Reference limits of IgM (mg/dL): the laboratory's own where printed, else the curve's."""
        first = patient.igm[0]
        if first.reference_low_mg_dl is not None and first.reference_high_mg_dl is not None:
            return first.reference_low_mg_dl, first.reference_high_mg_dl
        curve = self.curves["IgM"]
        row_median, row_spread = curve.design_row(patient.corrected_age_years, MALE[patient.sex])
        median, reach = float(row_median @ curve.mean), Z95 * math.exp(float(row_spread @ curve.mean))
        low, high = math.exp(median - reach), math.exp(median + reach)
        return (
            low if first.reference_low_mg_dl is None else first.reference_low_mg_dl,
            high if first.reference_high_mg_dl is None else first.reference_high_mg_dl,
        )

    def igg_replaced(self, patient: Patient) -> bool:
        """Whether IgG, subclasses and titres are those of infused immunoglobulin."""
        sample = bool(patient.igg) and patient.igg[0].context == "on_immunoglobulin"
        return patient.on_immunoglobulin is True or sample

    def _curve(self, analyte: str, age: float, male: float, sample: Sample | None) -> CurveRow:
        median, spread = self.curves[analyte].design_row(age, male)
        if sample is None or not sample.reference_low_mg_dl or not sample.reference_high_mg_dl:
            return CurveRow(median, spread)
        low, high = math.log(sample.reference_low_mg_dl), math.log(sample.reference_high_mg_dl)
        return CurveRow(median, spread, 0.5 * (low + high), (high - low) / (2.0 * self.constants["limit_z"]))

    def _exposures(self, patient: Patient) -> ExposureState:
        recordable = [c for c in self.catalogue.causes if c.recordable]
        known = {c.id: patient.causes.get(c.id, Exposure(state="unknown")) for c in recordable}
        at = patient.igm[0].date_years
        possible = [
            (c.min_age_years is None or patient.age_years >= c.min_age_years)
            and (c.max_age_years is None or patient.age_years <= c.max_age_years)
            for c in recordable
        ]
        present = {id for id, exposure in known.items() if exposure.state == "present"}
        return ExposureState(
            state=np.array([STATES[known[c.id].state] for c in recordable]),
            hazard_factor=np.array(
                [_hazard_factor(known[c.id], at, c.hold_months, c.half_life_months) for c in recordable]
            ),
            possible=np.array(possible, dtype=float),
            raised=np.array([float(bool(present & set(c.raised_with))) for c in recordable]),
        )

    def _acting(self, patient: Patient) -> np.ndarray:
        """Recorded exposures that act on infections, IgG and IgA: those not begun after the first low IgM."""
        ids = [c.id for c in self.catalogue.causes if c.recordable]
        acting = [
            n for n, id in enumerate(ids)
            if (e := patient.causes.get(id)) is not None and e.state == "present" and e.started != "after_low_igm"
        ]  # fmt: skip
        return np.array(acting, dtype=int)

    def _tests(self, patient: Patient) -> TestState:
        replaced = patient.on_immunoglobulin is True
        kept = {id: value for id, value in patient.tests.items() if not (replaced and id in REPLACEMENT_TESTS)}
        index = self.catalogue.test_index
        return TestState(
            abnormal=np.array([index(id) for id, v in kept.items() if v == "abnormal"], dtype=int),
            normal=np.array([index(id) for id, v in kept.items() if v == "normal"], dtype=int),
        )


def _hazard_factor(exposure: Exposure, at: float | None, hold_months: float, half_life_months: float) -> float:
    """Share of the hazard that is left at the first sample."""
    if exposure.state != "present":
        return 1.0
    if exposure.started == "after_low_igm":
        return 0.0
    if exposure.last_dose_years is None or at is None:
        return 1.0
    months = 12.0 * (at - exposure.last_dose_years) - hold_months
    return 1.0 if months <= 0.0 else float(0.5 ** (months / half_life_months))


def _result(samples: tuple[Sample, ...], status: str | None) -> Result | None:
    """IgG or IgA: the first result, else what was said of it."""
    if samples:
        first = samples[0]
        low, high = max(first.low_mg_dl, 0.05), min(first.high_mg_dl, 30_000.0)
        return result_nodes(math.log(low), math.log(max(high, low * 1.0001)), on_z_scale=False)
    if status is not None:
        return result_nodes(*_STATUS_Z[status], on_z_scale=True, widest=0.5)
    return None
