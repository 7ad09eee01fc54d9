"""Published numbers that were not fitted: what the released model predicts of them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sigm_bayes.evidence import Evidence, EvidenceItem
from sigm_bayes.evidence.vocabulary import UNITS_MG_DL, UNITS_PER_PERSON_YEAR
from sigm_bayes.likelihood.namespace import NUMPY
from sigm_bayes.model.context import Context
from sigm_bayes.model.labelled import Labelled
from sigm_bayes.model.terms import expected_values, observe
from sigm_bayes.release.evidence_fit import LEVEL, predictive, published_value

if TYPE_CHECKING:
    from sigm_bayes.query.model import Model

COLUMNS = ("item_id", "observed", "predicted_mean", "predicted_lower", "predicted_upper", "inside")
REPEATS = 5
"""New studies drawn for each posterior draw: steadier ends of the interval."""
SEED = 20261122


@dataclass(frozen=True)
class Prediction:
    """One published number beside its prediction, in the unit of the table that it came from.

    Attributes
    ----------
    item : EvidenceItem
    observed, mean, lower, upper : float
        The interval is equal-tailed, level `sigm_bayes.release.evidence_fit.LEVEL`.
    inside : bool
        A bound: the interval reaches the allowed side of it.
    """

    item: EvidenceItem
    observed: float
    mean: float
    lower: float
    upper: float
    inside: bool


def predict(
    model: Model, evidence: Evidence, *, seed: int = SEED, progress: Callable[[int, int], None] | None = None
) -> tuple[Prediction, ...]:
    """Predict published numbers from the released draws; nothing is fitted.

    The study effects of these (new) studies are drawn from their priors, and the sampling error of their own size is
    added. What the artefact does not hold, because it describes published series and not people (how far labelling
    favoured true cases, how much more severe published cases are), is drawn from its prior: such intervals are wide.

    Parameters
    ----------
    model : Model
        A released model.
    evidence : Evidence
        The numbers; those in its likelihood (`fitted`) are predicted.

    Returns
    -------
    tuple of Prediction
        In the order of `evidence.fitted`.
    """
    rng = np.random.default_rng(seed)
    draws = model.posterior.draws
    parameters = dict(model.parameters) | series_parameters(model, evidence, draws, rng)
    tables = (model.catalogue, model.priors, evidence, model.encoder.curves)
    values: list[np.ndarray] = []
    items: tuple[EvidenceItem, ...] = ()
    for d in range(draws):
        items, row = expected_values(Context(NUMPY, {k: v[d] for k, v in parameters.items()}, *tables))
        values.append(np.asarray(row))
        if progress is not None:
            progress(d + 1, draws)
    drawn = predictive(items, observe(items, model.priors), np.repeat(values, REPEATS, axis=0), seed=seed)
    found = {item.item_id: _prediction(item, drawn[:, j]) for j, item in enumerate(items)}
    return tuple(found[item.item_id] for item in evidence.fitted)


def series_parameters(
    model: Model, evidence: Evidence, draws: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:  # fmt: skip
    """Parameters that describe published series, from their priors; each (draw, ...).

    `label_selection` has an entry for every labelled group that the numbers speak about, in the order of `Labelled`.
    """
    context = Context(NUMPY, {}, model.catalogue, model.priors, evidence, model.encoder.curves)
    groups = len(Labelled(context).groups)
    out = {}
    for name, (mean, sd, by_group) in _series_priors(model).items():
        shape = (draws, groups) if by_group else (draws,)
        out[name] = mean + sd * rng.standard_normal(shape)
    return out


def _series_priors(model: Model) -> Mapping[str, tuple[float, float, bool]]:
    """Prior mean and SD of parameters of published series, and whether each labelled group has its own."""
    from sigm_bayes.catalogue.priors import load_priors
    from sigm_bayes.paths import models_dir

    folder = models_dir() / "sigm" if model.folder is None else model.folder
    documents = model.posterior.documents
    every = load_priors(
        folder, catalogue=model.catalogue, extra_coords={"labelled_study": ("one",)},
        document=documents.get("priors.toml"),
    )  # fmt: skip
    return {
        p.name: (float(np.ravel(p.mean)[0]), float(np.ravel(p.sd)[0]), "labelled_study" in p.dims)
        for p in every.parameters
        if p.evidence_only
    }


def _prediction(item: EvidenceItem, drawn: np.ndarray) -> Prediction:
    """Bring drawn numbers to the unit of the table and compare."""
    convert = _printed(item)
    drawn, observed = convert(drawn), float(convert(np.array(published_value(item))))
    tail = 0.5 * (1.0 - LEVEL)
    lower, upper = (float(q) for q in np.quantile(drawn, [tail, 1.0 - tail]))
    bound = item.bound
    if item.stat == "complement" and bound:
        bound = {"upper": "lower", "lower": "upper"}[bound]
    inside = {"": lower <= observed <= upper, "upper": lower <= observed, "lower": observed <= upper}[bound]
    return Prediction(item, observed, float(drawn.mean()), lower, upper, bool(inside))


def _printed(item: EvidenceItem) -> Callable[[np.ndarray], np.ndarray]:
    """From the scale of `predictive` to the unit of ``items.csv``."""
    if item.stat == "complement":
        return lambda x: 1.0 - x
    factor = UNITS_MG_DL.get(item.unit, UNITS_PER_PERSON_YEAR.get(item.unit, 1.0))
    return lambda x: x / factor


def write_predictions(found: tuple[Prediction, ...], path: Path) -> None:
    """Write one row an item, six significant digits; `inside` is yes or no."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for p in found:
            numbers = (f"{x:.6g}" for x in (p.observed, p.mean, p.lower, p.upper))
            writer.writerow((p.item.item_id, *numbers, "yes" if p.inside else "no"))
