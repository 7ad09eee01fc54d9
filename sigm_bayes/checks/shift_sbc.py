"""Exact SBC of the likelihood of people: one shift of some parameters, everything else known.

What a registry says about one number is a posterior on a line, which needs no sampler: simulator and likelihood are
compared alone, in seconds. The truth is a released draw of the posterior, moved by a shift from its own prior.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np

from sigm_bayes.checks.prior_sbc import summarise
from sigm_bayes.checks.result import CheckResult
from sigm_bayes.checks.sbc import ranks
from sigm_bayes.checks.simulated_registries import CUT_OFF_MG_DL, Design, simulated
from sigm_bayes.checks.subject import Subject
from sigm_bayes.fit.encode import Encoded
from sigm_bayes.fit.pipeline import encode_registry
from sigm_bayes.fit.spec import FitSpec
from sigm_bayes.likelihood.namespace import NUMPY
from sigm_bayes.likelihood.people_joint import Scheme, log_person
from sigm_bayes.simulate import draw_parameters

NAME = "shift-sbc"
TITLE = "Simulated registries against the likelihood of people, one shift at a time"
REPLICATES, QUICK_REPLICATES = 40, 20
DESIGN = Design(people=100, centres=4, ascertainment="low_igm")
NODES = np.linspace(-4.0, 4.0, 21)
"""Of the shift, in SDs; between them the log-likelihood is a cubic spline."""
FINE = np.linspace(-4.0, 4.0, 2001)
DRAWS = 99
STRIDE = 337
"""Step from one released draw to the next."""


@dataclass(frozen=True)
class Shift:
    """All entries of some parameters move together by ``size`` times a standard normal."""

    id: str
    parameters: tuple[str, ...]
    size: float
    what: str

    def moved(self, truth: Mapping[str, np.ndarray], by: float) -> dict[str, np.ndarray]:
        """Parameters after the shift, which is given in SDs."""
        return {**truth, **{name: truth[name] + self.size * by for name in self.parameters}}


def shifts() -> tuple[Shift, ...]:
    """Read ``shifts.toml``."""
    text = files("sigm_bayes.checks").joinpath("shifts.toml").read_text(encoding="utf-8")
    return tuple(Shift(**{**row, "parameters": tuple(row["parameters"])}) for row in tomllib.loads(text)["shift"])


def run(subject: Subject, *, replicates: int | None = None) -> CheckResult:
    """Run what is missing of the replicates and judge; finished ones are taken from the folder of the check."""
    wanted = replicates or subject.replicates or (QUICK_REPLICATES if subject.quick else REPLICATES)
    work = subject.work(NAME, people=DESIGN.people, shifts=[str(s) for s in shifts()])
    for n in range(wanted):
        if work.read(f"{n:04d}") is None:
            subject.tell(NAME, n, wanted)
            placed = [replicate(subject, shift, n) for shift in shifts()]
            work.write(f"{n:04d}", {"ranks": placed, "divergences": 0})
    found = [r for n in range(wanted) if (r := work.read(f"{n:04d}")) is not None]
    story = (
        f"{len(found)} times {len(shifts())} registries of {DESIGN.people} people were simulated, each with one shift "
        "of parameters, and the shift was inferred by integration, all else known"
    )
    names = [f"{s.id}: {s.what}" for s in shifts()]
    return summarise(found, names, name=NAME, story=story, shown=[], about="the shifts")


def replicate(subject: Subject, shift: Shift, n: int, *, scheme: Scheme | None = None) -> float:
    """Rank of the true shift among draws of its posterior.

    Parameters
    ----------
    scheme
        How the likelihood believes the registry was collected; default: as it was.
    """
    rng = np.random.default_rng([subject.seed, n, *shift.id.encode()])
    model = subject.model
    count = len(next(iter(model.parameters.values())))
    base = draw_parameters(model, seed=0, draw=STRIDE * n % count)
    true = float(rng.standard_normal())
    seed = int(rng.integers(2**31))
    made = simulated(model, shift.moved(base, true), DESIGN, folder=subject.folder, seed=seed)
    spec = FitSpec(ascertainment="low_igm", labels="ignored", cut_off_mg_dl=CUT_OFF_MG_DL)
    encoded = encode_registry(made.registry, spec, subject.inputs)[1]
    known = {**base, **made.centres}
    posterior = line_posterior(shift, known, encoded, scheme or spec.scheme(subsampled=False))
    step = FINE[1] - FINE[0]
    draws = rng.choice(FINE, DRAWS, p=posterior) + step * (rng.random(DRAWS) - 0.5)
    return float(ranks(np.array([true]), draws[:, None], rng)[0])


def line_posterior(shift: Shift, known: Mapping[str, Any], encoded: Encoded, scheme: Scheme) -> np.ndarray:
    """P(shift | registry, everything else) at the points of `FINE`; sums to 1."""
    from scipy.interpolate import CubicSpline

    people = encoded.people
    log_likelihood = [
        float(log_person(NUMPY, shift.moved(known, by), people, scheme) @ people.weight) for by in NODES
    ]  # fmt: skip
    log_posterior = CubicSpline(NODES, log_likelihood)(FINE) - 0.5 * FINE**2
    posterior = np.exp(log_posterior - log_posterior.max())
    return np.asarray(posterior / posterior.sum())
