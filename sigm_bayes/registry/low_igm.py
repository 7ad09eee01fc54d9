"""Dates of the first IgM and of the first low IgM of every person."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def first_igm_date(samples: dict[str, NDArray[Any]], size: int) -> FloatArray:
    """Return the middle of the date of each person's first dated IgM, NaN where none is dated; shape (person,)."""
    date = (samples["date_low"] + samples["date_high"]) / 2
    out = np.full(size, np.inf)
    dated = (samples["analyte"] == 0) & ~np.isnan(date)
    np.minimum.at(out, samples["person"][dated], date[dated])
    return np.where(np.isfinite(out), out, np.nan)


def first_low_igm(
    samples: dict[str, NDArray[Any]], age_years: FloatArray, sex: NDArray[np.int8], size: int
) -> tuple[FloatArray, FloatArray]:
    """Return start and end of the date of each person's first low IgM; shape (person,) each, NaN where not known.

    Low is below the lower end of the printed reference interval, or of the reference curve for age and sex.  Where no
    IgM is low, the first one is taken: it is the value to be explained.

    Parameters
    ----------
    samples : mapping of str to ndarray
        As in `sigm_bayes.registry.people.Registry`.
    age_years : ndarray, shape (person,)
        At the first IgM.
    sex : ndarray of int, shape (person,)
        0 female, 1 male, -1 not known.
    size : int
        Number of people.
    """
    from sigm_bayes.reference import load_curves

    igm = np.flatnonzero((samples["analyte"] == 0) & ~np.isnan(samples["date_low"]))
    person = samples["person"][igm]
    middle = (samples["date_low"][igm] + samples["date_high"][igm]) / 2
    age = age_years[person] + middle - first_igm_date(samples, size)[person]
    male = np.where(sex[person] < 0, 0.5, sex[person])
    limit = samples["reference_low"][igm]
    limit = np.where(np.isnan(limit), load_curves()["IgM"].lower_limit(age, male), limit)
    low = samples["value"][igm] < limit
    low &= samples["comparator"][igm] <= 2  # a result above a limit of the assay is not low
    start, end = np.full(size, np.nan), np.full(size, np.nan)
    order = np.lexsort((middle, ~low))[::-1]  # the first low one comes last and stays
    start[person[order]], end[person[order]] = samples["date_low"][igm[order]], samples["date_high"][igm[order]]
    return start, end
