"""What turned out of every person of a registry: the truth of a simulation, or the registry's own label."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sigm_bayes.cohort.columns import CLASSES
from sigm_bayes.errors import InputError, Problem
from sigm_bayes.evaluation.cases import IntArray

if TYPE_CHECKING:
    from sigm_bayes.registry import Registry, Table

PERSON, CLASS = "person_id", "class"
BLANK, AMBIGUOUS, NO_TRUTH = "no label", "labels contradict each other and are undated", "not in the table of the truth"
SHOWN = 5


@dataclass(frozen=True)
class Outcome:
    """What turned out.

    Attributes
    ----------
    code : ndarray of int, shape (person,)
        Position in `sigm_bayes.cohort.columns.CLASSES`; -1 where the person cannot be used.
    excluded : dict of str to int
        Reason to number of people.
    source : str
        Where it is from, in words.
    known : bool
        True classes rather than what a centre says.
    """

    code: IntArray
    excluded: dict[str, int]
    source: str
    known: bool


def label_outcome(registry: Registry) -> Outcome:
    """Return the registry's own label of every person; blank and ambiguous labels are counted and left out.

    Raises
    ------
    InputError
        Nobody has a label.
    """
    place = np.array([*(CLASSES.index(name) for name in registry.labels), -1])
    code = place[registry.label].astype(np.int64)
    if not (code >= 0).any():
        remedy = "Map the column of the diagnosis (see: sigm registry template), or give --truth."
        raise InputError([Problem("label", None, "nobody in the registry has a diagnosis", remedy)])
    unclear = _ambiguous(registry) & (code < 0)
    counts = {AMBIGUOUS: int(unclear.sum()), BLANK: int(((code < 0) & ~unclear).sum())}
    return Outcome(code, {why: n for why, n in counts.items() if n}, "the label of the registry", known=False)


def _ambiguous(registry: Registry) -> np.ndarray:
    """Return whose labels contradict each other without dates, shape (person,)."""
    tally = registry.people
    rows = [issue.rows for issue in tally.account.issues if issue.kind == "label_date_missing"]
    if not rows or tally.person is None:
        return np.zeros(registry.size, dtype=bool)
    column = tally.table.columns[tally.person]
    who = {column.text(int(row)) for row in np.unique(np.concatenate(rows))}
    return np.array([str(id) in who for id in registry.person_id], dtype=bool)


def read_truth(path: Path, registry: Registry) -> Outcome:
    """Return the true class of every person of a simulated registry.

    Parameters
    ----------
    path : Path
        CSV or Parquet with the columns ``person_id`` and ``class``, as `sigm simulate` writes it.
    registry : Registry

    Raises
    ------
    InputError
        A column is missing, a word is no class, a person is there twice with two classes, or nobody of the registry
        is in the table.
    """
    from sigm_bayes.registry import open_table

    table = open_table(path)
    missing = [name for name in (PERSON, CLASS) if name not in table.columns]
    if missing:
        remedy = "Give the truth.csv that sigm simulate wrote, or a table with person_id and class."
        raise InputError([Problem(n, None, "the column is missing", remedy) for n in missing], source=str(path))
    found = _classes(table, path)
    code = np.array([found.get(str(id), -1) for id in registry.person_id], dtype=np.int64)
    if not (code >= 0).any():
        remedy = "Are the ids of both tables the same?"
        raise InputError([Problem(PERSON, None, "nobody of the registry is in this table", remedy)], source=str(path))
    absent = int((code < 0).sum())
    return Outcome(code, {NO_TRUTH: absent} if absent else {}, f"the true class ({path.name})", known=True)


def _classes(table: Table, path: Path) -> dict[str, int]:
    ids, words = table.columns[PERSON], table.columns[CLASS]
    place = {name: k for k, name in enumerate(CLASSES)}
    problems: list[Problem] = []
    out: dict[str, int] = {}
    for row in range(table.rows):
        who, word = ids.text(row), words.text(row)
        if word not in place:
            remedy = f"Use one of: {', '.join(CLASSES)}."
            problems.append(Problem(f"row {int(table.records[row])}, {CLASS}", word, "is no class", remedy))
        elif out.setdefault(who, place[word]) != place[word]:
            where = f"row {int(table.records[row])}, {PERSON}"
            problems.append(Problem(where, None, "this person is there twice with two classes", "Keep one."))
    if problems:
        rest = len(problems) - SHOWN
        more = [Problem("", None, f"and {rest:,} more", "")] if rest > 0 else []
        raise InputError([*problems[:SHOWN], *more], source=str(path))
    return out
