"""Who is evaluated: the class that turned out, the groups, and predictions that are probabilities."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sigm_bayes.cohort.columns import CLASSES
from sigm_bayes.errors import InputError, Problem

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
SUM_TOLERANCE = 1e-4
"""How far the probabilities of one person may be from a sum of 1: six printed decimals of four classes are within."""
SHOWN = 5


@dataclass(frozen=True)
class Cases:
    """The people of an evaluation.

    Attributes
    ----------
    truth : ndarray of int, shape (row,)
        Position in `classes` of the class that turned out.
    person : ndarray of int, shape (row,)
        Who the row belongs to: rows of one person are drawn together.
    centre, age_band : ndarray of int, shape (row,)
        Position in `centres` and `age_bands`, -1 where not known.
    centres, age_bands, classes : tuple of str
    """

    truth: IntArray
    person: IntArray
    centre: IntArray
    age_band: IntArray
    centres: tuple[str, ...]
    age_bands: tuple[str, ...]
    classes: tuple[str, ...]

    @property
    def size(self) -> int:
        """Number of rows."""
        return int(self.truth.size)

    def counts(self) -> dict[str, int]:
        """Number of rows of every class."""
        return {name: int((self.truth == k).sum()) for k, name in enumerate(self.classes)}


def make_cases(
    truth: Sequence[str] | ArrayLike,
    *,
    centre: Sequence[str] | None = None,
    age_band: Sequence[str] | None = None,
    person: Sequence[object] | None = None,
    classes: Sequence[str] = CLASSES,
) -> Cases:
    """Return the people of an evaluation.

    Parameters
    ----------
    truth : sequence of str, or array_like of int, shape (row,)
        Class that turned out: a name, or its position in `classes`.
    centre, age_band : sequence of str, shape (row,), optional
        Empty where not known.
    person : sequence, shape (row,), optional
        Who the row belongs to; each row its own person where it is not given.
    classes : sequence of str

    Raises
    ------
    InputError
        A class is not known, lengths differ, or there is nobody.
    """
    problems: list[Problem] = []
    named = [str(name) for name in classes]
    codes = _codes(np.asarray(truth), named, problems)
    groups = {}
    for field, given in (("centre", centre), ("age_band", age_band), ("person", person)):
        if given is not None and len(given) != codes.size:
            problems.append(Problem(field, len(given), f"expected {codes.size} entries, one a row of truth", ""))
    if problems:
        raise InputError(problems, source="truth")
    for field, given in (("centre", centre), ("age_band", age_band)):
        words = tuple(sorted({str(g) for g in given if str(g)}, key=_natural)) if given is not None else ()
        place = {word: i for i, word in enumerate(words)}
        at = [place.get(str(g), -1) for g in given] if given is not None else [-1] * codes.size
        groups[field] = (words, np.array(at, dtype=np.int64))
    who = np.arange(codes.size) if person is None else np.unique([str(p) for p in person], return_inverse=True)[1]
    return Cases(
        truth=codes,
        person=who.astype(np.int64),
        centre=groups["centre"][1],
        age_band=groups["age_band"][1],
        centres=groups["centre"][0],
        age_bands=groups["age_band"][0],
        classes=tuple(named),
    )


def _natural(word: str) -> list[tuple[float, str]]:
    """Sort key that puts "2 to 18" before "18 to 65"."""
    parts = re.split(r"([0-9]+(?:\.[0-9]+)?)", word)
    return [(float(part), "") if n % 2 else (0.0, part) for n, part in enumerate(parts)]


def _codes(truth: NDArray, classes: list[str], problems: list[Problem]) -> IntArray:
    remedy = f"Use one of: {', '.join(classes)}."
    if truth.ndim != 1 or truth.size == 0:
        problems.append(Problem("truth", list(truth.shape), "expected at least one row", "Give one entry a row."))
        return np.zeros(0, dtype=np.int64)
    if np.issubdtype(truth.dtype, np.integer):
        for code in np.unique(truth[(truth < 0) | (truth >= len(classes))])[:SHOWN]:
            problems.append(Problem("truth", int(code), "is no position of a class", remedy))
        return truth.astype(np.int64)
    place = {name: k for k, name in enumerate(classes)}
    for word in sorted({str(t) for t in truth} - set(place))[:SHOWN]:
        problems.append(Problem("truth", word, "is no class", f"{remedy} Leave out people whose class is not known."))
    return np.array([place.get(str(t), 0) for t in truth], dtype=np.int64)


def check_predictions(predictions: Mapping[str, ArrayLike], cases: Cases) -> dict[str, FloatArray]:
    """Return the predictions as arrays whose rows sum to exactly 1.

    Parameters
    ----------
    predictions : mapping of str to array_like, shape (row, class)
    cases : Cases

    Raises
    ------
    InputError
        A shape is wrong, a number is no probability, or a row does not sum to 1 within `SUM_TOLERANCE`.
    """
    problems: list[Problem] = []
    out = {}
    if not predictions:
        problems.append(Problem("predictions", None, "there are none", "Give at least one method."))
    for name, given in predictions.items():
        p = np.array(given, dtype=float)
        wanted = (cases.size, len(cases.classes))
        if p.shape != wanted:
            problems.append(Problem(name, list(p.shape), f"expected shape {wanted}: row, class", ""))
            continue
        with np.errstate(invalid="ignore"):
            odd = ~((p >= 0.0) & (p <= 1.0 + SUM_TOLERANCE)).all(axis=1)
            off = ~odd & (np.abs(p.sum(axis=1) - 1.0) > SUM_TOLERANCE)
        for rows, message, remedy in (
            (odd, "is no probability from 0 to 1", "Leave out people who have no prediction."),
            (off, "probabilities do not sum to 1", "Give all classes, in the order of `classes`."),
        ):
            many = int(rows.sum())
            for row in np.flatnonzero(rows)[:SHOWN]:
                text = f"{message} ({many:,} such row{'' if many == 1 else 's'})"
                problems.append(Problem(f"{name}[{row}]", p[row].tolist(), text, remedy))
        if not odd.any() and not off.any():
            out[name] = p / p.sum(axis=1, keepdims=True)
    if problems:
        raise InputError(problems, source="predictions")
    return out
