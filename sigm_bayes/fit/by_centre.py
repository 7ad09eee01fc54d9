"""Leave one centre out: what a fit that never saw a centre says of its people.

The graph stays compiled, and the curvature is that of the whole fit but for the effects of the centre, mended by a
pilot run (a centre may be all that tells of its setting); its people get the weight 0. Nothing of a refit is released.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sigm_bayes.fit.spec import FitSpec
from sigm_bayes.inference.hmc import mend, sample_nearly_normal
from sigm_bayes.inference.joined import JoinedModel
from sigm_bayes.inference.whitening import Whitening, measured_again, whiten
from sigm_bayes.likelihood.hypotheses import CLASSES
from sigm_bayes.posterior import thin_draws

if TYPE_CHECKING:
    from sigm_bayes.fit.entries import Entries
    from sigm_bayes.inference import CompiledModel
    from sigm_bayes.query.encode import Encoder

CHAINS, DRAWS = 2, 300
DRAWS_USED = 400
"""Of a refit, to answer for people: the answer is an average over them. A chain has no more than `DRAWS`."""
COLUMNS = ("person_id", "centre", *(f"p_{name}" for name in CLASSES))


@dataclass(frozen=True)
class LeftOut:
    """The people of one centre under a fit without it.

    Attributes
    ----------
    centre : str
    person_id : tuple of str
    probabilities : ndarray, shape (person, class)
        Classes in the order of `likelihood.hypotheses.CLASSES`; its effects as of any centre of the kind.
    worst_r_hat, least_ess : float
        Over the free parameters of the refit.
    divergences : int
    """

    centre: str
    person_id: tuple[str, ...]
    probabilities: np.ndarray
    worst_r_hat: float
    least_ess: float
    divergences: int


@dataclass(frozen=True)
class Refitter:
    """What all refits share.

    Attributes
    ----------
    joined : JoinedModel
    whitening : Whitening
        Of the fit with every centre.
    entries : Entries
    weight, centre : ndarray, shape (place,)
        Of the encoded people.
    released : collection of str
        Variables that a query needs.
    encoder : Encoder
    """

    joined: JoinedModel
    whitening: Whitening
    entries: Entries
    weight: np.ndarray
    centre: np.ndarray
    released: Any
    encoder: Encoder

    def without(self, number: int, spec: FitSpec, *, cores: int) -> LeftOut:
        """Refit without a centre and answer for its people."""
        weight = np.where(self.centre == number, 0.0, self.weight)
        draws = min(spec.draws, DRAWS)
        handle = self.joined.with_data(people_weight=weight).handle
        seed, more = spec.seed + number + 1, len(self.entries.centres)
        whitening = self._whitening(handle, self._effects(number), cores=cores)
        whitening = mend(handle, whitening, seed=seed + more, cores=cores, target_accept=spec.target_accept)
        tree = sample_nearly_normal(
            whiten(handle, whitening), seed=seed, chains=CHAINS, draws=draws,
            tune=spec.tune, cores=min(cores, CHAINS), target_accept=spec.target_accept,
            first_step=whitening.step,
        )  # fmt: skip
        kept = thin_draws(tree, min(DRAWS_USED, CHAINS * draws), var_names=self.released)
        members = [entry for entry in self.entries.entries if entry.centre == number]
        draws_of = self._parameters(kept.variables)
        rows = [self._answer(draws_of, entry.patient) for entry in members]
        worst, least = _mixing(tree, list(self.joined.free))
        return LeftOut(
            self.entries.centres[number], tuple(entry.person_id for entry in members),
            np.array(rows).reshape(len(rows), len(CLASSES)), worst, least, int(tree["sample_stats"]["diverging"].sum()),
        )  # fmt: skip

    def _whitening(self, handle: CompiledModel, which: np.ndarray, *, cores: int) -> Whitening:
        """That of the whole fit, but for effects that nothing holds any more but a prior around 0."""
        if not len(which):
            return self.whitening
        centre = self.whitening.centre.copy()
        centre[which] = 0.0
        return measured_again(replace(self.whitening, centre=centre), handle, which, cores=cores)

    def _effects(self, number: int) -> np.ndarray:
        """Where the effects of a centre are among the parameters; (effect,) int."""
        dims, centres = self.joined.handle.compiled.dims, len(self.entries.centres)
        found = [
            np.arange(place.start, place.stop).reshape(centres, -1)[number]
            for name, place in self.joined.free.items()
            if tuple(dims.get(name) or ())[:1] == ("centre",)
        ]
        return np.concatenate([*found, np.zeros(0, dtype=int)]).astype(int)

    def _parameters(self, released: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        from sigm_bayes.query.model import parameters_of

        return parameters_of(released, self.encoder.priors)

    def _answer(self, draws: Mapping[str, np.ndarray], patient: Any) -> list[float]:
        from sigm_bayes.query.draws import classes
        from sigm_bayes.query.weighing import Weighing

        found = classes(Weighing(draws, self.encoder.encode(patient)).joint().sum(axis=0))
        return [float(found[name]) for name in CLASSES]


def _mixing(tree: Any, names: list[str]) -> tuple[float, float]:
    """Largest R-hat and least bulk ESS of the free parameters."""
    import arviz as az

    posterior = tree["posterior"].to_dataset()[names]
    r_hat, ess = az.rhat(posterior), az.ess(posterior)
    return (
        max(float(np.max(r_hat[name].to_numpy())) for name in names),
        min(float(np.min(ess[name].to_numpy())) for name in names),
    )


def refit_by_centre(
    refitter: Refitter, spec: FitSpec, *, cores: int, folder: Path | None,
    told: Callable[[str, float], None],
) -> tuple[LeftOut, ...]:  # fmt: skip
    """Leave out one centre after the other; finished ones are taken from `folder`."""
    out = []
    centres = refitter.entries.centres
    for number, name in enumerate(centres):
        told("centre by centre", number / len(centres))
        file = None if folder is None else folder / f"without_{number}.npz"
        found = None if file is None or not file.is_file() else _load(file, name)
        if found is None:
            found = refitter.without(number, spec, cores=cores)
            if file is not None:
                _save(file, found)
        out.append(found)
    told("centre by centre", 1.0)
    return tuple(out)


def _save(path: Path, found: LeftOut) -> None:
    part = path.with_name(path.name + ".part")
    with part.open("wb") as stream:
        np.savez(
            stream, person_id=np.array(found.person_id, dtype=str), probabilities=found.probabilities,
            mixing=np.array([found.worst_r_hat, found.least_ess, found.divergences]),
        )  # fmt: skip
    part.replace(path)


def _load(path: Path, centre: str) -> LeftOut:
    with np.load(path, allow_pickle=False) as stored:
        worst, least, divergences = (float(value) for value in stored["mixing"])
        return LeftOut(
            centre, tuple(str(id) for id in stored["person_id"]), stored["probabilities"], worst, least,
            int(divergences),
        )  # fmt: skip


def write_left_out(path: Path, found: tuple[LeftOut, ...]) -> None:
    """Write the answers as a scored table, for `sigm evaluate --predictions`; it holds person ids."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for one in found:
            for who, row in zip(one.person_id, one.probabilities, strict=True):
                writer.writerow([who, one.centre, *(f"{value:.6f}" for value in row)])
