"""The model under check: what was released, what it was fitted to, and a posterior sample of everything."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sigm_bayes.checks.density import EvidenceDensity
from sigm_bayes.checks.sampling import Sampled, diagnostics, sample
from sigm_bayes.checks.work import FOLDER, Work
from sigm_bayes.release.sigm import Inputs, load_inputs

if TYPE_CHECKING:
    from sigm_bayes.query.model import Model

SEED = 20261122
Tell = Callable[[str, int, int], None]
"""Called with what is being done, how much is done, and of how much."""


def quiet(what: str, done: int, total: int) -> None:
    """Tell nothing."""


DECIDING = ("evidence", "likelihood", "model", "reference", "simulate")
"""Rooms whose code decides the results: a change there makes what was kept stale."""


@cache
def code_digest(rooms: tuple[str, ...] = DECIDING) -> str:
    """SHA-256 of the source files of some rooms."""
    package = Path(__file__).resolve().parents[1]
    total = hashlib.sha256()
    for path in sorted(p for room in rooms for p in (package / room).glob("*.py")):
        total.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


@dataclass(frozen=True)
class Subject:
    """A model folder with what the checks need of it; everything is loaded at the first use.

    Attributes
    ----------
    folder : Path
        Model folder with ``model.toml``, ``priors.toml`` and ``posterior.npz``.
    quick : bool
        Fewer people, replicates and draws: says whether the code runs, not whether the model is right.
    root : Path
        Where long checks keep what is finished.
    seed : int
    replicates : int, optional
        Of simulation-based calibration; default: each check's own number.
    tell : callable
        Progress.
    """

    folder: Path
    quick: bool = False
    root: Path = FOLDER
    seed: int = SEED
    replicates: int | None = None
    tell: Tell = field(default=quiet, repr=False)

    @cached_property
    def model(self) -> Model:
        """The released model, as a query uses it."""
        from sigm_bayes.query.model import load_model

        return load_model(self.folder)

    @cached_property
    def inputs(self) -> Inputs:
        """Catalogue, priors, evidence and curves."""
        return load_inputs(self.folder)

    @cached_property
    def density(self) -> EvidenceDensity:
        """The log density of the evidence model."""
        return EvidenceDensity(self.inputs)

    @property
    def identity(self) -> dict[str, Any]:
        """What decides the results of a check."""
        meta = self.model.posterior.meta
        names = ("name", "version", "model_sha256", "draws_sha256", "reference_curves_sha256")
        evidence = {"evidence_sha256": self.inputs.evidence.sha256}
        code = {"code_sha256": code_digest()}
        return {name: meta.get(name) for name in names} | evidence | code | {"seed": self.seed, "quick": self.quick}

    def work(self, check: str, **settings: Any) -> Work:
        """The folder of a check's finished results."""
        return Work.open(self.root, check, self.identity | settings)

    @cached_property
    def posterior(self) -> Sampled:
        """A posterior sample with everything that the released one leaves out, made once and kept.

        The released draws hold no study effects and no selection of labelled series, which a likelihood needs.
        """
        chains, draws, tune = (2, 200, 200) if self.quick else (4, 500, 300)
        work = self.work("posterior", chains=chains, draws=draws, tune=tune)
        kept = work.read_arrays("draws")
        if kept is not None:
            z = kept["z"]
            return Sampled(z, int(kept["divergences"]), *diagnostics(z))
        self.tell("sampling the posterior", 0, chains)
        density = self.density.log_density(self.density.published)
        parts = []
        divergences = 0
        for chain in range(chains):
            part = sample(density, self.density.n_dim, seed=self.seed + chain, chains=1, draws=draws, tune=tune)
            parts.append(part.z[0])
            divergences += part.divergences
            self.tell("sampling the posterior", chain + 1, chains)
        z = np.stack(parts)
        work.write_arrays("draws", z=z, divergences=np.array(divergences))
        return Sampled(z, divergences, *diagnostics(z))

    @cached_property
    def expected(self) -> np.ndarray:
        """Expected value of every item under that sample; (draw, item)."""
        return self.density.pointwise(self.posterior.flat)[0]
