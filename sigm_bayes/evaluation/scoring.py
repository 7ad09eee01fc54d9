"""Class probabilities of a released model for many people, on one or several processors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.cohort.columns import CLASSES
from sigm_bayes.patient import Patient

FloatArray = NDArray[np.float64]
CHUNK = 20
"""People that a worker is given at a time: half a second of work."""

_model: Any = None
"""The model of a worker process, loaded once."""


def score_people(
    patients: Sequence[Patient],
    *,
    model: Path | None,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[FloatArray, list[str]]:
    """Return P(class) of every person, over the draws of the posterior, each weighed by the person.

    Parameters
    ----------
    patients : sequence of Patient
    model : Path or None
        Model folder; None for the released one.
    workers : int
        Processes; each loads the model for itself.
    progress : callable, optional
        Called with people done and people in all.

    Returns
    -------
    probabilities : ndarray, shape (person, class)
        Classes in the order of :data:`sigm_bayes.cohort.columns.CLASSES`; NaN where no answer is given.
    refused : list of str
        Code of the reason why no answer is given, empty where one is.

    Raises
    ------
    ModelError
        The model folder cannot be used.
    """
    chunks = [list(patients[start : start + CHUNK]) for start in range(0, len(patients), CHUNK)]
    rows: list[tuple[list[float], str]] = []
    for answered in _answers(chunks, model=model, workers=min(workers, max(len(chunks), 1))):
        rows += answered
        if progress is not None:
            progress(len(rows), len(patients))
    probabilities = np.array([row for row, _ in rows], dtype=float).reshape(len(rows), len(CLASSES))
    return probabilities, [code for _, code in rows]


def _answers(
    chunks: list[list[Patient]], *, model: Path | None, workers: int
) -> Iterator[list[tuple[list[float], str]]]:
    _start(model)  # an unusable model is told before any process is started
    if workers == 1:
        yield from map(_score, chunks)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_start, initargs=(model,)) as pool:
        yield from pool.map(_score, chunks)


def _start(model: Path | None) -> None:
    from sigm_bayes.query import load_model

    global _model
    _model = load_model(model)


def _score(patients: list[Patient]) -> list[tuple[list[float], str]]:
    return [_answer(patient) for patient in patients]


def _answer(patient: Patient) -> tuple[list[float], str]:
    from sigm_bayes.patient import scope
    from sigm_bayes.query.draws import classes

    refusal = scope(patient, catalogue=_model.catalogue)
    if refusal is not None:
        return [float("nan")] * len(CLASSES), refusal.code
    found = classes(_model.weigh(patient).joint().sum(axis=0))
    return [float(found[name]) for name in CLASSES], ""
