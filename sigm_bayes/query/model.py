"""A released model: load it, ask about one person, score many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sigm_bayes.catalogue import Catalogue, load_catalogue
from sigm_bayes.catalogue.priors import Priors, load_priors
from sigm_bayes.errors import ModelError
from sigm_bayes.paths import models_dir
from sigm_bayes.patient import Patient, scope
from sigm_bayes.posterior import Posterior, load_posterior
from sigm_bayes.query import answer as answer_
from sigm_bayes.query.answer import Answer
from sigm_bayes.query.encode import Encoder
from sigm_bayes.query.enough import usual_draws, weighed
from sigm_bayes.query.igg_iga import with_state_weights
from sigm_bayes.query.weighing import Weighing
from sigm_bayes.reference import load_curves

if TYPE_CHECKING:
    from sigm_bayes.query.explain import Explainer, RefusedExplainer
    from sigm_bayes.query.next_steps import Next
    from sigm_bayes.query.sources import Sources
    from sigm_bayes.query.workup import Workup

CURVES = ("curve_igm", "curve_igg", "curve_iga")


def parameters_of(released: Mapping[str, np.ndarray], priors: Priors) -> dict[str, np.ndarray]:
    """Every parameter by name, (draw, ...), from released draws; constants of `priors.toml` fill what was not sampled.

    Raises
    ------
    ModelError
        A sampled parameter is not among them.
    """
    out = {name: released[name] for name in CURVES}
    draws = len(out[CURVES[0]])
    for parameter in priors.parameters:
        if parameter.released_name in released:
            out[parameter.name] = parameter.fill(released[parameter.released_name])
        elif not parameter.evidence_only:
            if parameter.free.any():
                raise ModelError(
                    f"parameter {parameter.name!r} is missing in the posterior; rebuild it with `sigm model build`"
                )
            out[parameter.name] = np.broadcast_to(parameter.mean, (draws, *parameter.mean.shape))
    return out


@dataclass(frozen=True, eq=False)
class Model:
    """A model ready to answer.

    Attributes
    ----------
    catalogue, priors : what the model knows by name, and its constants
    posterior : parameter draws
    encoder : patients to numbers
    folder : where it came from; None for the packaged one
    """

    catalogue: Catalogue
    priors: Priors
    posterior: Posterior
    encoder: Encoder
    folder: Path | None = None

    @cached_property
    def parameters(self) -> Mapping[str, np.ndarray]:
        """Every parameter by name, (draw, ...), all draws; constants of `priors.toml` fill what was not sampled."""
        return self._first(self.posterior.draws)

    def _first(self, draws: int) -> dict[str, np.ndarray]:
        """The same of the first draws only."""
        return parameters_of(self.posterior.first(draws), self.priors)

    @cached_property
    def _usual(self) -> Mapping[str, np.ndarray]:
        draws = usual_draws(self.posterior.draws)
        return self._every if draws == self.posterior.draws else with_state_weights(self._first(draws))

    @cached_property
    def _every(self) -> Mapping[str, np.ndarray]:
        return with_state_weights(self.parameters)

    def weigh(self, patient: Patient, *, all_draws: bool = False) -> Weighing:
        """The evidence of a patient in scope, per draw and hypothesis.

        Parameters
        ----------
        all_draws
            Take all draws, so that several patients can be compared draw by draw; by default as many as the patient
            needs (`query/enough.py`), as in an answer.
        """
        case = self.encoder.encode(patient)
        if all_draws:
            return Weighing(self._every, case)
        return weighed(case, self._usual, lambda: self._every, released=self.posterior.draws)

    def warm(self) -> None:
        """Work out what all patients share."""
        _ = self._usual, self._every

    def query(self, patient: Patient, *, explain: bool = False) -> Answer:
        """Answer for one person.

        Parameters
        ----------
        explain
            Keep what was weighed (some 20 MB), for an answer that will be explained at once; any answer can be
            explained, but without it the patient is weighed again.

        Returns
        -------
        Answer
            `to_dict()` is the JSON document; `refused` is set where no probability is given (out of scope).
        """
        refusal = scope(patient, catalogue=self.catalogue)
        if refusal is not None:
            answer = answer_.refused(patient, refusal, model=self._identity, encoder=self.encoder)
            return replace(answer, later=cache(lambda: self.explainer(patient)), based_on=lambda: self.sources)
        weighing = self.weigh(patient)
        answer = answer_.full(patient, weighing, model=self._identity, encoder=self.encoder)
        kept = weighing if explain else None
        later = cache(lambda: self.explainer(patient, weighing=kept))
        return replace(answer, later=later, based_on=lambda: self.sources)

    def explainer(self, patient: Patient, *, weighing: Weighing | None = None) -> Explainer | RefusedExplainer:
        """What to do next and what would change the answer, for one person; computed when its methods are called.

        Parameters
        ----------
        weighing
            The patient as weighed for the answer, where that was kept.
        """
        from sigm_bayes.query.explain import Explainer, RefusedExplainer

        refusal = scope(patient, catalogue=self.catalogue)
        if refusal is not None:
            return RefusedExplainer(refusal)
        return Explainer(patient, weighing or self.weigh(patient), encoder=self.encoder, workup=self.workup)

    def next(self, patient: Patient, *, repeat_months: float | None = None) -> Next:
        """Work-up that is due and what each unknown would tell; see `Answer.explain`."""
        return self.explainer(patient).next(months=repeat_months)

    @cached_property
    def workup(self) -> Workup:
        """What is due whatever the probabilities say, from `workup.toml`.

        Raises
        ------
        ModelError
            If the model folder has no such file, or a bad one.
        """
        from sigm_bayes.query.workup import load_workup

        return load_workup(models_dir() / "sigm" if self.folder is None else self.folder, catalogue=self.catalogue)

    @cached_property
    def sources(self) -> Sources:
        """The studies and priors behind every weight; without studies where the evidence at hand is not the model's."""
        from sigm_bayes.query.sources import load_sources

        return load_sources(self.catalogue, self.priors, evidence_sha256=self.posterior.meta.get("evidence_sha256"))

    def score(
        self, patients: Iterable[Patient], *, progress: Callable[[int], None] | None = None
    ) -> list[dict[str, Any]]:
        """Class probabilities with intervals for many people, a row each.

        Returns
        -------
        list of dict
            `p_<class>`, `p_<class>_lower`, `p_<class>_upper`, `top_cause`, `cautions` (codes joined by ;), `refused`
            (a code, or empty).
        """
        rows = []
        for n, patient in enumerate(patients, start=1):
            refusal = scope(patient, catalogue=self.catalogue)
            if refusal is not None:
                rows.append(answer_.refused_row(refusal))
            else:
                rows.append(answer_.row(patient, self.weigh(patient), encoder=self.encoder))
            if progress is not None:
                progress(n)
        return rows

    @cached_property
    def _identity(self) -> dict[str, Any]:
        meta = self.posterior.meta
        return {
            "name": meta["name"],
            "version": meta["version"],
            "evidence_sha256": meta.get("evidence_sha256"),
            "items_fitted": meta.get("items_fitted"),
            "created": meta["created"],
        }


def load_model(path: Path | str | None = None) -> Model:
    """Load a released model.

    Parameters
    ----------
    path : path, optional
        A model folder; by default the packaged `models/sigm`.

    Raises
    ------
    ModelError
        When a file of the folder is missing, damaged, or does not belong to the others.
    """
    folder = models_dir() / "sigm" if path is None else Path(path)
    posterior = load_posterior(folder, require=CURVES)
    documents = posterior.documents  # of the very files in the folder, or empty
    catalogue = load_catalogue(folder, document=documents.get("model.toml"))
    priors = load_priors(folder, catalogue=catalogue, document=documents.get("priors.toml"))
    return Model(catalogue, priors, posterior, Encoder(catalogue, priors, load_curves()), folder)
