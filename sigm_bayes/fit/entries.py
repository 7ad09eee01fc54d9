"""From a registry as read to the people that are fitted, with everybody left out counted."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sigm_bayes.errors import InputError, Problem
from sigm_bayes.fit.rows import NO_LABEL, Entry
from sigm_bayes.fit.spec import FitSpec
from sigm_bayes.likelihood.hypotheses import CLASSES
from sigm_bayes.patient import Patient, scope

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue
    from sigm_bayes.registry import Registry

NO_CENTRE = "not stated"


@dataclass(frozen=True)
class Entries:
    """The people to fit.

    Attributes
    ----------
    entries : tuple of Entry
    centres : tuple of str
    left_out : mapping of str to int
        Reason to number of people.
    unions : tuple of arrays of int, one a person
        Findings of which at least one is present.
    kept_low, kept_high : float
        Shares of the people with a lower and a higher first IgM that were kept, at random; 1 where all are.
    keep_below : float
        Measured IgM (mg/dL) below which more were kept.
    """

    entries: tuple[Entry, ...]
    centres: tuple[str, ...]
    left_out: dict[str, int]
    unions: tuple[tuple[np.ndarray, ...], ...]
    kept_low: float
    kept_high: float
    keep_below: float

    @property
    def thinned(self) -> bool:
        """Whether people were left out at random."""
        return self.kept_high < 1.0


def select(registry: Registry, spec: FitSpec, *, catalogue: Catalogue) -> Entries:
    """Choose the people of a registry that the model covers and the scheme admits.

    Raises
    ------
    InputError
        The options do not fit the registry, or nobody is left.
    """
    centres = (*registry.centres, *((NO_CENTRE,) if (registry.centre < 0).any() else ()))
    spec.check(centres)
    steps = _rounding(registry, len(centres))
    label_of = {id: CLASSES.index(id) for id in CLASSES}
    left_out: Counter[str] = Counter()
    kept: list[Entry] = []
    unions: list[tuple[np.ndarray, ...]] = []
    keep_below = _below(spec.keep_below_mg_dl, float(np.median(steps)))
    members = _unions(registry, catalogue)
    for i, (person, patient) in enumerate(registry.patients(catalogue=catalogue)):
        centre = int(registry.centre[i]) if registry.centre[i] >= 0 else len(centres) - 1
        label = label_of[registry.labels[registry.label[i]]] if registry.label[i] >= 0 else NO_LABEL
        threshold = _threshold(spec, centres[centre], steps[centre])
        reason = _reason(patient, label, threshold, spec, catalogue)
        if reason is not None:
            left_out[reason] += 1
            continue
        kept.append(Entry(person, patient, centre, label, threshold))
        unions.append(tuple(m for m, state in zip(members, registry.unions[i], strict=True) if state == 1))
    if not kept:
        raise InputError([Problem("registry", registry.size, "nobody is left to fit", _reasons(left_out))])
    low = np.array([entry.patient.igm[0].low_mg_dl < keep_below for entry in kept])
    shares = _shares(spec, low) if registry.size >= spec.subsample_from else (1.0, 1.0)
    chosen = np.flatnonzero(np.random.default_rng(spec.seed).random(len(kept)) < np.where(low, *shares))
    if len(chosen) < len(kept):
        left_out["thinned"] = len(kept) - len(chosen)
    return Entries(
        tuple(kept[i] for i in chosen), centres, dict(left_out), tuple(unions[i] for i in chosen), *shares, keep_below
    )


def _shares(spec: FitSpec, low: np.ndarray) -> tuple[float, float]:
    """Shares of people with a lower and a higher first IgM that are kept."""
    expected = float(np.where(low, 1.0, spec.keep_share).sum())
    common = min(1.0, spec.most_people / expected)
    return common, common * spec.keep_share


def _unions(registry: Registry, catalogue: Catalogue) -> list[np.ndarray]:
    ids = catalogue.ids("finding")
    return [
        np.array([ids.index(id) for id, inside in zip(registry.finding_ids, row, strict=True) if inside and id in ids])
        for row in registry.union_members
    ]


def _reasons(left_out: Counter[str]) -> str:
    return "; ".join(f"{n} {reason}" for reason, n in left_out.most_common()) or "The registry is empty."


def _rounding(registry: Registry, n_centres: int) -> np.ndarray:
    """Usual step of printed IgM at each centre, mg/dL; (centre,)."""
    samples = registry.samples
    igm = (samples["analyte"] == 0) & (samples["comparator"] == 0)
    width = samples["high"][igm] - samples["low"][igm]
    centre = registry.centre[samples["person"][igm]]
    centre = np.where(centre < 0, n_centres - 1, centre)
    return np.array([float(np.median(width[centre == c])) if (centre == c).any() else 1.0 for c in range(n_centres)])


def _below(cut_off: float, step: float) -> float:
    """Measured level below which a result is printed below the cut-off."""
    return cut_off - 0.5 * step


def _threshold(spec: FitSpec, centre: str, step: float) -> float:
    if spec.ascertainment != "low_igm":
        return math.inf
    cut_off = spec.cut_offs.get(centre, spec.cut_off_mg_dl)
    assert cut_off is not None
    return _below(cut_off, step)


def _reason(patient: Patient, label: int, threshold: float, spec: FitSpec, catalogue: Catalogue) -> str | None:
    """Why a person is not fitted, or None."""
    if (refusal := scope(patient, catalogue=catalogue)) is not None:
        return f"out of scope: {refusal.code}"
    if patient.setting is None:
        return "setting not known"
    if patient.age_years >= catalogue.age_bands[-1].high_years:
        return "age above the model's"
    if spec.ascertainment == "low_igm" and patient.igm[0].low_mg_dl >= threshold:
        return "first IgM not below the cut-off"
    if spec.ascertainment == "labelled_primary" and label != CLASSES.index("primary"):
        return "not labelled primary"
    return None
