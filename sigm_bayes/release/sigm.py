"""Release of the evidence model: fit it to the published items, check it, write posterior and model card."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from sigm_bayes.catalogue import Catalogue, load_catalogue
from sigm_bayes.catalogue.priors import Priors, load_priors
from sigm_bayes.errors import ModelError, Problem
from sigm_bayes.evidence import Evidence, load_evidence
from sigm_bayes.model.graph import CURVES, EvidenceModel, build_graph
from sigm_bayes.model.latent_class import SamplingSpec
from sigm_bayes.paths import data_dir
from sigm_bayes.posterior import digest
from sigm_bayes.reference import Curves, load_curves
from sigm_bayes.release.card import CardInputs, model_card
from sigm_bayes.release.contraction import contractions
from sigm_bayes.release.evidence_fit import coverage, disagreements, evidence_fit, write_csv
from sigm_bayes.release.pipeline import BuildResult, SamplerSettings, fit_and_release

if TYPE_CHECKING:
    import xarray as xr

CARD, FIT_TABLE = "MODEL_CARD.md", "evidence_fit.csv"


@dataclass(frozen=True)
class Inputs:
    """Everything that the evidence model is built from."""

    catalogue: Catalogue
    priors: Priors
    evidence: Evidence
    curves: Curves

    @property
    def released(self) -> tuple[str, ...]:
        """Names of the variables in the artefact; constants stay in ``priors.toml``."""
        own = [p.released_name for p in self.priors.parameters if p.free.any() and not p.evidence_only]
        return (*own, *CURVES)

    def graph(self) -> EvidenceModel:
        """Build the PyMC model."""
        return build_graph(catalogue=self.catalogue, priors=self.priors, evidence=self.evidence, curves=self.curves)


def load_inputs(model_dir: Path, *, exclude: Collection[str] = ()) -> Inputs:
    """Load catalogue, priors, evidence and reference curves.

    Parameters
    ----------
    model_dir
        Folder with ``model.toml`` and ``priors.toml``.
    exclude
        Ids of items, studies or overlap groups to leave out.

    Raises
    ------
    ModelError, EvidenceError
        With every problem of the files.
    """
    catalogue = load_catalogue(model_dir)
    evidence = load_evidence(exclude=exclude, catalogue=catalogue)
    used = {item.labelled_id for item in evidence.items if item.labelled_id}
    labelled = tuple(g.labelled_id for g in evidence.labelled_studies if g.labelled_id in used)
    priors = load_priors(model_dir, catalogue=catalogue, extra_coords={"labelled_study": labelled})
    return Inputs(catalogue, priors, evidence, load_curves())


def build_sigm(
    model_dir: Path,
    *,
    seed: int | None = None,
    draws: int | None = None,
    tune: int | None = None,
    chains: int | None = None,
    cores: int = 2,
    progress: bool = True,
    out: Path | None = None,
    exclude: Collection[str] = (),
) -> BuildResult:
    """Fit and release; the arguments are those of `sigm_bayes.release.build_model`."""
    inputs = load_inputs(model_dir, exclude=exclude)
    spec = read_sampling(model_dir)
    given = {"seed": seed, "draws": draws, "tune": tune, "chains": chains}
    settings = replace(
        SamplerSettings(**spec.model_dump(exclude={"released_draws"})),
        **{key: value for key, value in given.items() if value is not None},
    )
    evidence_model = inputs.graph()
    released_draws = min(spec.released_draws, settings.chains * settings.draws)
    free = [variable.name for variable in evidence_model.model.free_RVs]
    result = fit_and_release(
        evidence_model.model,
        model_dir,
        name=inputs.catalogue.name,
        version=inputs.catalogue.version,
        variables=inputs.released,
        settings=settings,
        released_draws=released_draws,
        cores=cores,
        progress=progress,
        out=out,
        extra=provenance(inputs),
        checked=[*free, "expected"],
        backend="jax",
    )
    return replace(result, summary=(*result.summary, *write_card(inputs, evidence_model, result)))


def write_card(inputs: Inputs, evidence_model: EvidenceModel, result: BuildResult) -> tuple[str, ...]:
    """Write ``MODEL_CARD.md`` and ``evidence_fit.csv`` beside the posterior; return lines of summary."""
    posterior = result.tree["posterior"]
    draws = {str(name): _flat(values) for name, values in posterior.data_vars.items()}
    items, seen = evidence_model.items, evidence_model.observations
    rows = evidence_fit(items, seen, draws["expected"], seed=result.meta["seed"])
    entries = contractions(inputs.priors, inputs.curves, draws)
    labels = [setting.label for setting in inputs.catalogue.settings]
    primary, other = draws["logit_primary"], draws["logit_other"]
    adult = np.exp(primary) / (1.0 + np.exp(primary) + np.exp(other))
    card = model_card(
        CardInputs(
            title=inputs.catalogue.title,
            meta=result.meta,
            evidence=inputs.evidence,
            priors=inputs.priors,
            rows=rows,
            disagreements=disagreements(rows, seen, draws["expected"]),
            contractions=entries,
            prevalence=dict(zip(labels, adult.T, strict=True)),
        )
    )
    folder = result.path.parent
    (folder / CARD).write_text(card, encoding="utf-8", newline="\n")
    write_csv(rows, folder / FIT_TABLE)
    inside, fitted = coverage(rows)
    weak = sum(not c.identified for c in entries)
    return (
        f"{inside} of {fitted} fitted published numbers inside their 90% predictive interval",
        f"{weak} of {len(entries)} free quantities are not identified by the evidence: see the card",
    )


def _flat(values: xr.DataArray) -> np.ndarray:
    """All chains after each other; (draw, ...)."""
    array = values.transpose("chain", "draw", ...).to_numpy()
    return np.asarray(array.reshape((-1, *array.shape[2:])))


def provenance(inputs: Inputs) -> dict[str, Any]:
    """What was fitted, for the metadata of the artefact: hashes and counts of items."""
    counts = inputs.evidence.counts()
    return {
        "evidence_sha256": inputs.evidence.sha256,
        "reference_curves_sha256": digest([data_dir() / "reference" / "curves.json"]),
        "items_fitted": sum(item.role == "fitted" for item in inputs.evidence.fitted),
        "items_bound": sum(item.role == "bound" for item in inputs.evidence.fitted),
        "items_context": counts["context"],
        "items_excluded": sorted(inputs.evidence.excluded),
    }


def read_sampling(model_dir: Path) -> SamplingSpec:
    """Table ``[sampling]`` of ``model.toml``.

    Raises
    ------
    ModelError
        When it is missing or wrong, naming each key.
    """
    path = Path(model_dir) / "model.toml"
    table = tomllib.loads(path.read_text(encoding="utf-8")).get("sampling")
    try:
        return SamplingSpec.model_validate(table)
    except ValidationError as error:
        keys = ", ".join(SamplingSpec.model_fields)
        problems = [
            Problem(".".join(("sampling", *map(str, e["loc"]))), e["input"], e["msg"], f"It needs {keys}.")
            for e in error.errors()
        ]
        raise ModelError(problems, source=str(path)) from None
