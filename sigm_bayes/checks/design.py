"""What a registry that is planned would tell: expected information of its people, beside the published evidence.

The information of a person is the mean square of the derivatives of the log-likelihood, over simulated people. It adds
up over people; the literature posterior is the information at the start, and centre effects have their priors. Its
inverse gives the SD that each parameter can be expected to have, all of them unknown at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sigm_bayes.checks.simulated_registries import CUT_OFF_MG_DL, Design, simulated
from sigm_bayes.fit.pipeline import encode_registry
from sigm_bayes.fit.spec import FitSpec
from sigm_bayes.likelihood.namespace import NUMPY
from sigm_bayes.likelihood.people import People
from sigm_bayes.likelihood.people_joint import Scheme, log_person
from sigm_bayes.model.registry_priors import load_registry_priors

if TYPE_CHECKING:
    from sigm_bayes.query.model import Model
    from sigm_bayes.release.sigm import Inputs

UNKNOWN = (
    "log_spread_factor", "logit_primary", "logit_other", "primary_age", "other_age", "log_occult_hazard",
    "log_hazard", "logit_exposure", "co_exposure", "log_shift", "log_tau", "logit_profound_primary",
    "logit_profound_depletion", "logit_dip", "log_recovery_rate", "proneness", "finding_base", "setting_infection",
    "log_loading", "log_exposure_infection", "finding_effect", "curve_igm",
)  # fmt: skip
"""Parameters that are unknown here, together with the centre effects; the finer ones count as known."""
CENTRE_EFFECTS = ("centre_prevalence", "centre_background", "assay_offset")
STEP = 1e-4
"""Of the derivatives, in SDs."""


@dataclass(frozen=True)
class Way:
    """What a registry records, and of whom.

    Attributes
    ----------
    design : Design
    changes : mapping
        Of the options of the simulation, see `simulated`.
    """

    design: Design
    changes: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Expected:
    """Information about unknown numbers, in units of their SD before the registry.

    Attributes
    ----------
    names : tuple of str
    before : (unknown, unknown)
        Correlations of the literature posterior; centre effects are independent.
    per_person : (unknown, unknown)
    prior_sd : (unknown,)
        SD in the literature posterior over that in ``priors.toml``; 1 for centre effects.
    """

    names: tuple[str, ...]
    before: np.ndarray
    per_person: np.ndarray
    prior_sd: np.ndarray

    def sd(self, people: int) -> np.ndarray:
        """Expected SD with so many people, over the SD before the registry; (unknown,)."""
        start = np.linalg.inv(self.before)
        return np.asarray(np.sqrt(np.diag(np.linalg.inv(start + people * self.per_person))))


def expected(model: Model, inputs: Inputs, way: Way, *, folder: Path, seed: int) -> Expected:
    """Simulate a registry at the mean of the literature posterior and take the derivatives there.

    The centres of the simulation do not differ; what they might differ by is unknown to the fit all the same.
    """
    truth = {name: np.asarray(values).mean(axis=0) for name, values in model.parameters.items()}
    same = {"case_mix": {"prevalence_sd": 0.0, "background_sd": 0.0}, "laboratory": {"offset_sd": 0.0}}
    made = simulated(model, truth, way.design, folder=folder, seed=seed, changes={**same, **way.changes})
    spec = FitSpec(ascertainment=way.design.ascertainment, labels="ignored", cut_off_mg_dl=CUT_OFF_MG_DL)
    people = encode_registry(made.registry, spec, inputs)[1].people
    unknown = _unknown(model, way.design.centres, folder)
    at = {**truth, **{name: np.zeros_like(made.centres[name]) for name in CENTRE_EFFECTS}}
    scores = _scores(at, unknown, people, spec.scheme(subsampled=False))
    per_person = (scores * people.weight) @ scores.T / people.weight.sum()
    return Expected(
        tuple(u.name for u in unknown), _before(model, unknown), per_person, np.array([u.ratio for u in unknown])
    )


@dataclass(frozen=True)
class _Entry:
    """One unknown number: its place in a parameter, its SD before the registry, and that over the prior's."""

    name: str
    parameter: str
    place: tuple[int, ...]
    sd: float
    ratio: float


def _unknown(model: Model, centres: int, folder: Path) -> list[_Entry]:
    out = []
    for name in UNKNOWN:
        draws = np.asarray(model.parameters[name])
        if name.startswith("curve_"):
            places: list[tuple[int, ...]] = [(i,) for i in range(draws.shape[1])]
            labels, prior = [str(i) for i in range(draws.shape[1])], None
        else:
            p = model.priors.parameter(name)
            places = [tuple(int(i) for i in at) for at in np.argwhere(p.free)]
            labels, prior = p.free_labels(model.priors.coords) if p.dims else [""], p.sd
        for label, at in zip(labels, places, strict=True):
            sd = float(_column(draws, at).std())
            ratio = 1.0 if prior is None else sd / float(prior[at])
            out.append(_Entry(f"{name}[{label}]" if label else name, name, at, sd, ratio))
    priors = load_registry_priors(folder / "registry.toml")
    for name in CENTRE_EFFECTS:
        sd = float(np.exp(getattr(priors, name).mean))
        shape = (centres, 3) if name == "assay_offset" else (centres,)
        out += [_Entry(f"{name}{list(at)}", name, at, sd, 1.0) for at in np.ndindex(shape)]
    return out


def _before(model: Model, unknown: list[_Entry]) -> np.ndarray:
    """Correlations before the registry; centre effects are independent.

    Those of the draws are shrunk towards 0 by the share that is noise (doi:10.2202/1544-6115.1175): there are only a
    few times as many draws as numbers.
    """
    columns = [
        _column(np.asarray(model.parameters[u.parameter]), u.place)
        for u in unknown if u.parameter not in CENTRE_EFFECTS
    ]  # fmt: skip
    found = np.corrcoef(np.stack(columns))
    apart = ~np.eye(len(found), dtype=bool)
    noise = float(((1.0 - found[apart] ** 2) ** 2).sum()) / (len(columns[0]) - 1)
    shrink = min(1.0, noise / float((found[apart] ** 2).sum()))
    out = np.eye(len(unknown))
    out[: len(found), : len(found)] = np.where(apart, (1.0 - shrink) * found, 1.0)
    return out


def _column(draws: np.ndarray, place: tuple[int, ...]) -> np.ndarray:
    """Draws of one entry; (draw,)."""
    return np.asarray(draws.reshape(len(draws), -1)[:, np.ravel_multi_index(place, draws.shape[1:]) if place else 0])


def _scores(p: Mapping[str, np.ndarray], unknown: list[_Entry], people: People, scheme: Scheme) -> np.ndarray:
    """Derivatives of the log-likelihood of each place by the unknown numbers, per SD; (unknown, person)."""
    start = log_person(NUMPY, p, people, scheme)
    rows = []
    for u in unknown:
        moved = np.array(p[u.parameter], dtype=float)
        moved[u.place] += STEP * u.sd
        rows.append((log_person(NUMPY, {**p, u.parameter: moved}, people, scheme) - start) / STEP)
    return np.stack(rows)
