"""SBC over simulated registries: the evidence and a registry in one graph, as `sigm fit` has them.

The prior of such a fit is the literature posterior, so the truth of every registry is one of its released draws, each
used once; nuisance parameters of published studies are sampled too but have no truth. The model is compiled once, and
the change of variables that was found for the first registry serves all of them: a poor one costs steps, never
correctness.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from sigm_bayes.checks.patients import reference_patients
from sigm_bayes.checks.prior_sbc import summarise
from sigm_bayes.checks.result import CheckResult
from sigm_bayes.checks.sampling import diagnostics
from sigm_bayes.checks.sbc import ranks
from sigm_bayes.checks.simulated_registries import (
    CURVES,
    CUT_OFF_MG_DL,
    Compiled,
    Design,
    Simulated,
    draws_by_name,
    flat_draws,
    simulated,
)
from sigm_bayes.checks.subject import Subject, code_digest
from sigm_bayes.checks.work import Work
from sigm_bayes.fit.pipeline import Prepared
from sigm_bayes.fit.spec import FitSpec
from sigm_bayes.inference.hmc import find_and_mend, sample_nearly_normal
from sigm_bayes.inference.whitening import Whitening, whiten
from sigm_bayes.likelihood.hypotheses import CLASSES
from sigm_bayes.likelihood.namespace import NUMPY
from sigm_bayes.likelihood.people_joint import Ascertainment, log_person
from sigm_bayes.query.draws import classes
from sigm_bayes.query.weighing import Weighing
from sigm_bayes.simulate import draw_parameters

NAME = "registry-sbc"
TITLE = "Simulation-based calibration over simulated registries"
REPLICATES, QUICK_REPLICATES = 40, 10
DESIGN = Design(people=100, centres=4, ascertainment="low_igm")
DRAWS, TUNE = 100, 40
"""Draws of a nearly standard normal by quarter turns are nearly independent and are not thinned."""
TARGET_ACCEPT = 0.9
CENTRE_EFFECTS = ("centre_prevalence", "centre_background", "assay_offset")
STRIDE = 337
"""Step from one released draw to the next truth: no divisor of their number, so that each is used once."""


def run(subject: Subject, *, replicates: int | None = None) -> CheckResult:
    """Run what is missing of the replicates and judge; finished ones are taken from the folder of the check."""
    chosen = replicates or subject.replicates
    wanted = chosen or (QUICK_REPLICATES if subject.quick else REPLICATES)
    study = Study(subject, wanted)
    for n in range(wanted):
        if study.work.read(f"{n:04d}") is None:
            subject.tell(NAME, n, wanted)
            study.work.write(f"{n:04d}", study.replicate(n))
    found = [r for n in range(wanted) if (r := study.work.read(f"{n:04d}")) is not None]
    story = (
        f"{len(found)} registries of {DESIGN.people} people ({DESIGN.centres} centres, enrolled for a first IgM below "
        f"{CUT_OFF_MG_DL:g} mg/dL) were simulated from draws of the literature posterior and fitted together with the "
        "published evidence"
    )
    names = study.names
    shown = [names.index(name) for name in ("log-likelihood", "P(primary) of sinopulmonary-20", "assay_offset_sd")]
    return summarise(found, names, name=NAME, story=story, shown=shown)


class Study:
    """Registry after registry through one compiled model.

    Parameters
    ----------
    subject : Subject
    replicates : int
        How many there will be.
    design : Design
    believed : "all_tested" | "low_igm"
        How the fit believes the registries to be collected; default: as they are.
    draws, tune : int
        Of the one chain a registry gets.
    """

    def __init__(
        self, subject: Subject, replicates: int, *, design: Design = DESIGN, believed: Ascertainment | None = None,
        draws: int = DRAWS, tune: int = TUNE,
    ) -> None:  # fmt: skip
        self.subject = subject
        self.replicates = replicates
        self.design = design
        self.draws, self.tune = draws, tune
        self.model = subject.model
        self.patients = reference_patients(subject.model.catalogue)
        self.spec = FitSpec(
            ascertainment=believed or design.ascertainment, labels="ignored", cut_off_mg_dl=CUT_OFF_MG_DL
        )

    @cached_property
    def work(self) -> Work:
        """The folder of the finished replicates."""
        fitted_by = code_digest(("fit", "inference"))
        settings = {"design": str(self.design), "believed": self.spec.ascertainment}
        sampler = {"draws": self.draws, "tune": self.tune}
        return self.subject.work(NAME, **settings, **sampler, fit_sha256=fitted_by)

    @cached_property
    def compiled(self) -> Compiled:
        """The model, with room for all these registries and no more."""
        found = Compiled(self.subject.folder, self.spec, tight=True)
        for n in range(self.replicates):
            found.look_at(self.simulate(n).registry)
        return found

    @cached_property
    def names(self) -> list[str]:
        """Names of the ranked quantities: parameters, centre effects, the log-likelihood, P(class) of new patients."""
        return self._labels()

    def simulate(self, n: int) -> Simulated:
        """The registry of replicate n and its truth."""
        count = len(next(iter(self.model.parameters.values())))
        truth = draw_parameters(self.model, seed=0, draw=STRIDE * n % count)
        return simulated(self.model, truth, self.design, folder=self.subject.folder, seed=self.subject.seed + n)

    def replicate(self, n: int) -> dict[str, Any]:
        """Simulate, fit and rank once."""
        made = self.simulate(n)
        ready = self.compiled.put(made.registry)
        found = self.whitening(ready)
        tree = sample_nearly_normal(
            whiten(ready.joined.handle, found), seed=n, chains=1, draws=self.draws, tune=self.tune, cores=1,
            target_accept=TARGET_ACCEPT, first_step=found.step,
        )  # fmt: skip
        posterior, stats = tree["posterior"], tree["sample_stats"]
        drawn = self.quantities(ready, draws_by_name(self.model, posterior), posterior)
        truth = self.quantities_of_truth(ready, made)
        placed = ranks(truth, drawn, np.random.default_rng([self.subject.seed, n, 2]))
        at = self.names.index("log-likelihood")
        return {
            "ranks": np.round(placed, 6).tolist(),
            "divergences": int(stats["diverging"].sum()),
            "ess": diagnostics(drawn[None])[1],
            "ess_log_likelihood": diagnostics(drawn[None, :, at : at + 1])[1],
            "steps": float(stats["n_steps"].mean()),
        }

    def whitening(self, ready: Prepared) -> Whitening:
        """The change of variables, found once and kept."""
        kept = self.work.read_arrays("whitening")
        if kept is not None and len(kept["centre"]) == ready.joined.n_dim:
            return Whitening(kept["centre"], kept["scale"], float(kept["step"]))
        found = find_and_mend(ready.joined.handle, seed=self.subject.seed, progress=self._tell_share)
        self.work.write_arrays("whitening", centre=found.centre, scale=found.scale, step=np.array(found.step))
        return found

    def quantities(self, ready: Prepared, draws: Mapping[str, np.ndarray], posterior: Any) -> np.ndarray:
        """All ranked quantities under every draw; (draw, quantity)."""
        centres = {name: flat_draws(posterior, name) for name in self._centre_names()}
        per_place = flat_draws(posterior, "person_log_likelihood")
        log_likelihood = per_place @ np.asarray(ready.encoded.people.weight)
        return self._columns(draws, centres, log_likelihood)

    def quantities_of_truth(self, ready: Prepared, made: Simulated) -> np.ndarray:
        """The same under the truth; (quantity,)."""
        people = ready.encoded.people
        per_place = log_person(NUMPY, {**made.truth, **made.centres}, people, self.spec.scheme(subsampled=False))
        one = {name: np.asarray(values)[None] for name, values in made.truth.items()}
        centres = {name: np.asarray(values)[None] for name, values in made.centres.items()}
        return self._columns(one, centres, np.array([float(per_place @ people.weight)]))[0]

    def _columns(
        self, draws: Mapping[str, np.ndarray], centres: Mapping[str, np.ndarray], log_likelihood: np.ndarray
    ) -> np.ndarray:
        n = len(log_likelihood)
        free = [draws[p.name][:, p.free] for p in self._ranked()] + [draws[name] for name in CURVES]
        parts = [*free, *(centres[name] for name in self._centre_names()), log_likelihood]
        for patient in self.patients:
            answer = classes(Weighing(draws, self.model.encoder.encode(patient.patient)).probabilities())
            parts += [answer[name] for name in CLASSES]
        return np.column_stack([np.reshape(part, (n, -1)) for part in parts])

    def _labels(self) -> list[str]:
        coords = self.model.priors.coords
        out: list[str] = []
        for p in self._ranked():
            out += [f"{p.name}[{label}]" for label in p.free_labels(coords)] if p.dims else [p.name]
        for name in CURVES:
            out += [f"{name}[{i}]" for i in range(self.model.parameters[name].shape[1])]
        sizes = {"assay_offset": 3 * self.design.centres}
        for name in self._centre_names():
            size = 1 if name.endswith("_sd") else sizes.get(name, self.design.centres)
            out += [name] if size == 1 else [f"{name}[{i}]" for i in range(size)]
        out.append("log-likelihood")
        for patient in self.patients:
            out += [f"P({name}) of {patient.id}" for name in CLASSES]
        return out

    def _ranked(self) -> list[Any]:
        return [p for p in self.model.priors.parameters if not p.evidence_only and p.free.any()]

    def _centre_names(self) -> list[str]:
        return [*CENTRE_EFFECTS, *(f"{name}_sd" for name in CENTRE_EFFECTS)]

    def _tell_share(self, step: str, share: float) -> None:
        self.subject.tell(f"{NAME}: {step}", int(100 * share), 100)
