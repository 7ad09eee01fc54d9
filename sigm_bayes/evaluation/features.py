"""What a registry says of each person, as the numbers that the baselines learn from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.evaluation.cases import IntArray
from sigm_bayes.reference import load_curves
from sigm_bayes.registry.mapping import STATUSES

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue
    from sigm_bayes.registry import Registry

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Int8Array = NDArray[np.int8]
ANALYTES = ("IgM", "IgG", "IgA")
OLDEST = 100.0
"""The reference curves end here."""


@dataclass(frozen=True)
class Features:
    """What is known of every person, shape (person, ...).

    Attributes
    ----------
    z : ndarray, shape (person, analyte)
        First IgM, IgG and IgA as standard normal deviates of age and sex; NaN where not measured.  A result printed
        as a limit counts as that limit.
    limit : ndarray of bool, shape (person,)
        The first IgM is printed as a limit.
    below, normal : ndarray of bool, shape (person, analyte)
        The first result lies wholly below the reference interval, or reaches into it: the laboratory's own where it was
        printed, else the central 95% for age and sex; or the registry says low or normal without a number.
    age_years : ndarray, shape (person,)
    sex, setting : ndarray of int, shape (person,)
        -1 where not known.
    states : ndarray of int, shape (person, item)
        Findings, unions, causes and tests: 1 present or abnormal, 0 absent or normal, -1 unknown.
    infection, cause : ndarray of bool, shape (person,)
        Some infection is recorded; some cause is.
    settings : int
        How many settings there are.
    """

    z: FloatArray
    limit: BoolArray
    below: BoolArray
    normal: BoolArray
    age_years: FloatArray
    sex: Int8Array
    setting: Int8Array
    states: Int8Array
    infection: BoolArray
    cause: BoolArray
    settings: int

    def take(self, rows: IntArray) -> Features:
        """Return some people."""
        return replace(self, **{name: value[rows] for name, value in vars(self).items() if name != "settings"})


def registry_features(registry: Registry, *, catalogue: Catalogue) -> Features:
    """Return the features of everybody in a registry."""
    size, s = registry.size, registry.samples
    age = np.minimum(registry.age_years, OLDEST)
    male = np.where(registry.sex < 0, 0.5, registry.sex)
    z, limit = np.full((size, 3), np.nan), np.zeros(size, dtype=bool)
    below, normal = np.zeros((size, 3), dtype=bool), np.zeros((size, 3), dtype=bool)
    for n, status in enumerate((registry.igg_status, registry.iga_status), start=1):
        normal[:, n], below[:, n] = status == STATUSES.index("normal"), status == STATUSES.index("low")
    for n, name in enumerate(ANALYTES):
        curve = load_curves()[name]
        rows = np.flatnonzero(s["analyte"] == n)
        who, first = np.unique(s["person"][rows], return_index=True)
        at = rows[first]
        z[who, n] = curve.z_score(np.maximum(s["value"][at], 0.01), age[who], male[who])
        low, high = (
            np.where(np.isnan(printed), own, printed)
            for printed, own in (
                (s["reference_low"][at], curve.lower_limit(age[who], male[who])),
                (s["reference_high"][at], curve.upper_limit(age[who], male[who])),
            )
        )
        below[who, n] = s["high"][at] <= low
        normal[who, n] = (s["high"][at] > low) & (s["low"][at] <= high)
        if n == 0:
            limit[who] = s["comparator"][at] != 0
    tests = np.select([registry.tests == 2, registry.tests == 3], [0, 1], -1).astype(np.int8)
    kinds = {f.id for f in catalogue.findings if f.infection} | {flag.id for flag in catalogue.invasive.flags}
    kind = np.array([id in kinds for id in registry.finding_ids], dtype=bool)
    unions = (registry.union_members & ~kind).sum(axis=1) == 0  # over infections only
    infection = (registry.findings[:, kind] == 1).any(axis=1) | (registry.unions[:, unions] == 1).any(axis=1)
    infection |= registry.no_significant_infection == 0
    infection[registry.episodes["person"]] = True
    return Features(
        z=z,
        limit=limit,
        below=below,
        normal=normal,
        age_years=registry.age_years,
        sex=registry.sex,
        setting=registry.setting,
        states=np.concatenate([registry.findings, registry.unions, registry.causes, tests], axis=1),
        infection=infection,
        cause=(registry.causes == 1).any(axis=1),
        settings=len(registry.settings),
    )


def cut_off_rule(features: Features) -> BoolArray:
    """Return who meets the cut-off rule, shape (person,).

    IgM below the lower limit of age and sex, IgG and IgA measured and normal, some infection recorded and no cause:
    the parts of the ESID working definition that a registry has (https://esid.org).  An undocumented part is not met.
    """
    others = features.normal[:, 1] & features.normal[:, 2]
    return features.below[:, 0] & others & features.infection & ~features.cause
