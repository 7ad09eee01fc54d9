"""A released model against a registry: score everybody once, let the baselines learn, evaluate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.cohort.columns import CLASSES
from sigm_bayes.errors import InputError, Problem
from sigm_bayes.evaluation.cases import IntArray
from sigm_bayes.evaluation.evaluate import Evaluation, evaluate
from sigm_bayes.evaluation.outcome import Outcome
from sigm_bayes.evaluation.outside import read_predictions
from sigm_bayes.evaluation.resampling import DRAWS, SEED
from sigm_bayes.evaluation.scoring import score_people

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue
    from sigm_bayes.registry import Registry

FloatArray = NDArray[np.float64]
Ascertainment = Literal["all_tested", "low_igm", "labelled_primary", "not_stated"]
MODEL = "model"
NO_PREDICTION = "no prediction by {name}"
REFUSED = "no answer is given ({code})"


@dataclass(frozen=True)
class Assessment:
    """An evaluation of a model on a registry, with what a reader must know of both.

    Attributes
    ----------
    evaluation : Evaluation
    person_id, centre, age_band, truth : tuple of str
        Of everybody who was evaluated.
    predictions : dict of str to ndarray, shape (person, class)
    excluded : dict of str to int
        Reason to number of people of the registry who were not.
    registry_people : int
    test, outcome : str
        Name of the registry; what counts as what turned out.
    outcome_known : bool
        True classes rather than labels.
    ascertainment : str
    model : dict
        Name, version, evidence hash of the model.
    left_out : str
        What was left out in turn while the baselines learnt: "centre" or "part".
    """

    evaluation: Evaluation
    person_id: tuple[str, ...]
    centre: tuple[str, ...]
    age_band: tuple[str, ...]
    truth: tuple[str, ...]
    predictions: dict[str, FloatArray]
    excluded: dict[str, int]
    registry_people: int
    test: str
    outcome: str
    outcome_known: bool
    ascertainment: Ascertainment
    model: dict[str, Any]
    left_out: str

    def to_dict(self) -> dict[str, Any]:
        """The whole assessment as plain data; no row of any person is in it."""
        names = ("excluded", "registry_people", "test", "outcome", "outcome_known", "ascertainment", "model")
        told = {name: getattr(self, name) for name in names}
        return {**told, "baselines_left_out": self.left_out, **self.evaluation.to_dict()}


def assess(
    registry: Registry,
    outcome: Outcome,
    *,
    model: Path | None,
    test: str,
    ascertainment: Ascertainment = "not_stated",
    others: Mapping[str, Path] | None = None,
    baselines: bool = True,
    workers: int = 1,
    draws: int = DRAWS,
    seed: int = SEED,
    progress: Callable[[str, int, int], None] | None = None,
) -> Assessment:
    """Evaluate a model, other models' predictions and the baselines on one registry.

    Parameters
    ----------
    registry : Registry
    outcome : Outcome
        From `sigm_bayes.evaluation.outcome`.
    model : Path or None
        Model folder; None for the released one.
    test : str
        Name of the registry, for the report.
    ascertainment : str
        How people came into the registry.
    others : mapping of str to Path, optional
        Tables of predictions of other models (refits without each centre).
    baselines : bool
        Whether to compare with `sigm_bayes.evaluation.baselines` (needs scikit-learn).
    workers : int
    draws, seed : int
        Of the bootstrap.
    progress : callable, optional
        Called with what is being done, how much is done and how much there is.

    Raises
    ------
    InputError
        Nobody is left to evaluate, or a table of predictions cannot be used.
    ModelError
        The model folder cannot be used.
    """
    catalogue, identity = _model(model)
    told = progress or _silent
    excluded = dict(outcome.excluded)
    rows, predictions = _score(registry, outcome, catalogue, model, workers, excluded, told)
    ids = [str(id) for id in registry.person_id[rows]]
    for name, path in (others or {}).items():
        predictions[name] = read_predictions(path, ids)
    kept = _complete(predictions, excluded)
    rows, predictions = rows[kept], {name: p[kept] for name, p in predictions.items()}
    if not rows.size:
        reasons = "; ".join(f"{why}: {n:,}" for why, n in excluded.items())
        raise InputError([Problem(test, None, f"nobody is left to evaluate ({reasons})", "Look at the reasons.")])
    code = outcome.code[rows]
    acts: dict[str, NDArray[np.bool_]] = {}
    if baselines:
        found, acts = _baselines(registry, rows, code, catalogue, seed, told)
        predictions |= found
    centre = tuple(registry.centres[i] if i >= 0 else "" for i in registry.centre[rows])
    band = tuple(_age_band(float(age), catalogue) for age in registry.age_years[rows])
    truth = tuple(CLASSES[k] for k in code)
    who = tuple(str(id) for id in registry.person_id[rows])
    told("evaluating", 0, 1)
    evaluation = evaluate(
        predictions, truth, centre=centre, age_band=band, person=who, acts=acts, draws=draws, seed=seed
    )
    return Assessment(
        evaluation=evaluation,
        person_id=who,
        centre=centre,
        age_band=band,
        truth=truth,
        predictions=predictions,
        excluded=excluded,
        registry_people=registry.size,
        test=test,
        outcome=outcome.source,
        outcome_known=outcome.known,
        ascertainment=ascertainment,
        model=identity,
        left_out="centre" if len(set(centre)) > 1 else "part",
    )


def _age_band(age_years: float, catalogue: Catalogue) -> str:
    """Return the age band of the model in words; the last one is open."""
    number = catalogue.age_band_index(age_years)
    band = catalogue.age_bands[number]
    last = number == len(catalogue.age_bands) - 1
    return f"{band.low_years:g} years and over" if last else f"{band.low_years:g} to {band.high_years:g} years"


def _silent(what: str, done: int, total: int) -> None:
    """Say nothing."""


def _model(model: Path | None) -> tuple[Catalogue, dict[str, Any]]:
    from sigm_bayes.query import load_model

    loaded = load_model(model)
    meta = loaded.posterior.meta
    names = ("name", "version", "evidence_sha256", "created")
    return loaded.catalogue, {name: meta.get(name) for name in names}


def _score(
    registry: Registry,
    outcome: Outcome,
    catalogue: Catalogue,
    model: Path | None,
    workers: int,
    excluded: dict[str, int],
    told: Callable[[str, int, int], None],
) -> tuple[IntArray, dict[str, FloatArray]]:
    """Return whom the model answers for and its probabilities; the others are counted in `excluded`."""
    wanted = outcome.code >= 0
    people = zip(registry.patients(catalogue=catalogue), wanted, strict=True)
    patients = [patient for (_, patient), there in people if there]
    found, refused = score_people(
        patients, model=model, workers=workers, progress=lambda done, total: told("scoring", done, total)
    )
    for code in sorted({code for code in refused if code}):
        excluded[REFUSED.format(code=code.replace("_", " "))] = refused.count(code)
    answered = np.array([not code for code in refused], dtype=bool)
    return np.flatnonzero(wanted)[answered], {MODEL: found[answered]}


def _complete(predictions: Mapping[str, FloatArray], excluded: dict[str, int]) -> NDArray[np.bool_]:
    """Return who has a prediction by every method, shape (person,); the others are counted by the first that lacks."""
    kept = np.ones(len(next(iter(predictions.values()))), dtype=bool)
    for name, p in predictions.items():
        lacking = kept & np.isnan(p).all(axis=1)
        if lacking.any():
            excluded[NO_PREDICTION.format(name=name)] = int(lacking.sum())
        kept &= ~lacking
    return kept


def _baselines(
    registry: Registry,
    rows: IntArray,
    code: IntArray,
    catalogue: Catalogue,
    seed: int,
    told: Callable[[str, int, int], None],
) -> tuple[dict[str, FloatArray], dict[str, NDArray[np.bool_]]]:
    from sigm_bayes.evaluation.baselines import METHODS, RULE, cross_validated
    from sigm_bayes.evaluation.features import cut_off_rule, registry_features

    features = registry_features(registry, catalogue=catalogue).take(rows)
    names = list(METHODS)
    found = cross_validated(
        features,
        code,
        registry.centre[rows].astype(np.int64),
        classes=len(CLASSES),
        seed=seed,
        progress=lambda name: told(f"learning: {name}", names.index(name), len(names)),
    )
    return found, {RULE: cut_off_rule(features)}
