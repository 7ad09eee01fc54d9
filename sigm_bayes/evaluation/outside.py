"""Predictions as tables: those of other models read, those of an evaluation written."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.cohort.columns import CLASSES
from sigm_bayes.errors import InputError, Problem
from sigm_bayes.evaluation.outcome import PERSON

FloatArray = NDArray[np.float64]
COLUMNS = tuple(f"p_{name}" for name in CLASSES)
DECIMALS = 6
FORMULA = ("=", "+", "-", "@", "\t")
SHOWN = 5


def read_predictions(path: Path, person_id: Sequence[str]) -> FloatArray:
    """Return the predictions of another model for these people.

    Parameters
    ----------
    path : Path
        CSV or Parquet with ``person_id``, ``p_primary``, ``p_secondary``, ``p_normal`` and
        ``p_other_immunodeficiency``, as `sigm score` and `sigm evaluate --out` write it.
    person_id : sequence of str

    Returns
    -------
    ndarray, shape (person, class)
        NaN for people who are not in the table, or whose cells are blank.

    Raises
    ------
    InputError
        A column is missing, a cell is no number, or a person is there twice.
    """
    from sigm_bayes.registry import open_table

    table = open_table(path)
    missing = [name for name in (PERSON, *COLUMNS) if name not in table.columns]
    if missing:
        raise InputError([Problem(n, None, "the column is missing", "Add it.") for n in missing], source=str(path))
    ids = table.columns[PERSON]
    place = {str(id): i for i, id in enumerate(person_id)}
    out = np.full((len(person_id), len(CLASSES)), np.nan)
    problems: list[Problem] = []
    seen: set[str] = set()
    for row in range(table.rows):
        who, where = ids.text(row), f"row {int(table.records[row])}"
        if who in seen:
            problems.append(Problem(f"{where}, {PERSON}", None, "this person is there twice", "Keep one row a person."))
        seen.add(who)
        for k, name in enumerate(COLUMNS):
            text = table.columns[name].text(row).strip()
            try:
                value = float(text) if text else np.nan
            except ValueError:
                problems.append(Problem(f"{where}, {name}", text, "is no number", "Write it like 0.25."))
                continue
            if who in place:
                out[place[who], k] = value
    if problems:
        rest = len(problems) - SHOWN
        more = [Problem("", None, f"and {rest:,} more", "")] if rest > 0 else []
        raise InputError([*problems[:SHOWN], *more], source=str(path))
    return out


def write_predictions(
    path: Path,
    *,
    person_id: Sequence[str],
    centre: Sequence[str],
    age_band: Sequence[str],
    truth: Sequence[str],
    predictions: Mapping[str, FloatArray],
) -> None:
    """Write one line a person and method: who, where, what turned out, the probabilities.

    A text that a spreadsheet would run as a formula is written after an apostrophe.
    """
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["method", PERSON, "centre", "age_band", "class", *COLUMNS])
        for method, p in predictions.items():
            for who, where, age, what, row in zip(person_id, centre, age_band, truth, p, strict=True):
                numbers = [f"{value:.{DECIMALS}f}" for value in row]
                writer.writerow([_safe(method), _safe(who), _safe(where), age, what, *numbers])


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) else text
