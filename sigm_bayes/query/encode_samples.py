"""IgM results as samples; what is told of the time before an exposure or after it becomes a result too."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.catalogue.priors import Priors
from sigm_bayes.likelihood.case import Case, Series
from sigm_bayes.likelihood.igm import Samples
from sigm_bayes.likelihood.igm_series import MAX_SAMPLES, Tabulated, configurations
from sigm_bayes.patient import Patient, Sample

LOWEST_MG_DL = 0.02
HIGHEST_MG_DL = 5000.0


@dataclass(frozen=True)
class Later:
    """A later (or earlier) result: bounds in mg/dL, context, years away, and whom it concerns.

    `absent_for` names the cause whose effect cannot be there (before it began); `stopped_for` the cause that had
    been stopped by then.
    """

    low: float
    high: float
    context: str
    years: float
    absent_for: str = ""
    stopped_for: tuple[str, ...] = ()


def first_samples(patient: Patient, *, catalogue: Catalogue) -> Samples:
    """The first result alone, as needed by the likelihood of a single value."""
    return _samples([as_later(patient.igm[0])], catalogue)


def kept_results(patient: Patient) -> tuple[Sample, ...]:
    """The results that are used: all, or the first and the last ones where there are too many."""
    if len(patient.igm) <= MAX_SAMPLES:
        return patient.igm
    return (patient.igm[0], *patient.igm[-(MAX_SAMPLES - 1) :])


def later_results(patient: Patient, *, priors: Priors, limits: tuple[float, float]) -> list[Later]:
    """Repeats, and statements about IgM before and after an exposure."""
    c = priors.constants
    kept = kept_results(patient)
    first = kept[0].date_years
    out: list[Later] = []
    for number, sample in enumerate(kept[1:], start=1):
        dated = first is not None and sample.date_years is not None
        years = max(sample.date_years - first, 1.0 / 365.0) if dated else number * c["default_interval_years"]  # type: ignore[operator]
        at = sample.date_years
        stopped = tuple(
            id for id, e in patient.causes.items()
            if e.state == "present" and e.last_dose_years is not None and at is not None and e.last_dose_years < at
        )  # fmt: skip
        out.append(as_later(sample, years, stopped))
    low_limit, high_limit = limits
    told = {True: (low_limit, c["told_normal_to_limits"] * high_limit), False: (c["told_low_from_mg_dl"], low_limit)}
    for id, e in patient.causes.items():
        if e.state != "present" or e.started == "after_low_igm":
            continue
        if e.igm_before != "unknown":
            low, high = told[e.igm_before == "normal"]
            out.append(Later(low, high, "well", c["before_interval_years"], absent_for=id))
        if e.igm_recovered_after_stop != "unknown":
            low, high = told[e.igm_recovered_after_stop == "yes"]
            out.append(Later(low, high, "well", c["recovered_after_years"], stopped_for=(id,)))
    return out[: MAX_SAMPLES - 1]


def encode_series(
    patient: Patient, case: Case, *, catalogue: Catalogue, priors: Priors, limits: tuple[float, float]
) -> Series | None:
    """Configurations of all results; None for a single one."""
    later = later_results(patient, priors=priors, limits=limits)
    return series_of(patient.igm[0], later, case, catalogue=catalogue, priors=priors) if later else None


def series_of(
    first: Sample, later: list[Later], case: Case, *, catalogue: Catalogue, priors: Priors, without_first: bool = True,
    tabulated: Tabulated | None = None,
) -> Series:  # fmt: skip
    """Configurations of a first result and at least one later one; `without_first` also with the first unknown.

    `tabulated` keeps groups of results from one call for the next.
    """
    tabulated = {} if tabulated is None else tabulated
    samples = _samples([as_later(first), *later], catalogue)
    n_contexts = len(catalogue.contexts)
    rate, fixed = courses(later, catalogue, list(priors.coords["recovery"]))
    full = configurations(samples, noise=case.noise, n_contexts=n_contexts, tabulated=tabulated)
    later_only = full
    if without_first:
        later_only = configurations(
            samples, noise=case.noise, n_contexts=n_contexts, first_known=False, tabulated=tabulated
        )
    return Series(
        full=full,
        later_only=later_only,
        rate=rate,
        elapsed=np.array([row.years for row in later]),
        fixed=fixed,
    )


def courses(later: list[Later], catalogue: Catalogue, recoveries: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """How the shift of each hypothesis may have gone at each later result: `rate` and `fixed` of `Series`."""
    causes = catalogue.causes
    rate = np.full((3 + len(causes), len(later)), recoveries.index("constitutional"))
    fixed = np.full(rate.shape, np.nan)
    for m, cause in enumerate(causes):
        for j, row in enumerate(later):
            h = 3 + m
            if cause.id == row.absent_for:
                rate[h, j], fixed[h, j] = -1, 1.0
            elif cause.recovers == "never":
                rate[h, j] = recoveries.index("constitutional")
            elif cause.id in row.stopped_for and cause.recovers != "fast":
                rate[h, j] = recoveries.index("stopped")
            else:
                rate[h, j] = recoveries.index(cause.recovers)
    return rate, np.where(np.isnan(fixed), -1.0, fixed)


def as_later(sample: Sample, years: float = 0.0, stopped: tuple[str, ...] = ()) -> Later:
    """A result so many years after the first."""
    return Later(sample.low_mg_dl, sample.high_mg_dl, sample.context, years, stopped_for=stopped)


def sample_bounds(row: Later, catalogue: Catalogue) -> tuple[float, float, int]:
    """ln low, ln high and index of the context.

    Beyond the highest level that the model tells apart a result reads as that level, never as an empty interval.
    """
    low = math.log(min(max(row.low, LOWEST_MG_DL), HIGHEST_MG_DL / 1.001))
    high = math.log(min(max(row.high, 1.001 * LOWEST_MG_DL), HIGHEST_MG_DL))
    return low, high, catalogue.context_index(row.context)


def _samples(rows: list[Later], catalogue: Catalogue) -> Samples:
    low, high, context = zip(*(sample_bounds(row, catalogue) for row in rows), strict=True)
    return Samples(log_low=np.array(low), log_high=np.array(high), context=np.array(context))
