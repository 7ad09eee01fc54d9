"""Concepts of OMOP that carry no finding or cause: units, comparators, sexes."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

from sigm_bayes.codes.table import FLAGS, read_table
from sigm_bayes.errors import InputError, Problem
from sigm_bayes.paths import data_dir
from sigm_bayes.units import UNITS

PARTS = {
    "unit": tuple(UNITS),
    "operator": ("=", "<", "<=", ">", ">="),
    "gender": ("female", "male"),
    "type": ("record",),
    "value": ("normal", "abnormal", "present", "absent"),
}
"""What each part of the table may mean."""


@dataclass(frozen=True, slots=True)
class OmopTerm:
    """One row: a concept, what it means in its part, and where that was seen."""

    part: str
    concept_id: str
    meaning: str
    flag: str
    where_seen: str


@dataclass(frozen=True)
class OmopTerms:
    """All rows of the table."""

    rows: tuple[OmopTerm, ...]

    def meanings(self, part: str, *, recalled: bool = False) -> dict[str, str]:
        """Return concept id -> meaning of one part; rows that are only recalled where asked for."""
        return {r.concept_id: r.meaning for r in self.rows if r.part == part and (recalled or r.flag == "seen")}

    def concept(self, part: str, meaning: str) -> str:
        """Return the first concept that was seen in a source and means this.

        Raises
        ------
        KeyError
            There is none.
        """
        for concept_id, said in self.meanings(part).items():
            if said == meaning:
                return concept_id
        raise KeyError(meaning)


def load_omop_terms(path: Path | None = None) -> OmopTerms:
    """Read the table of units, comparators and sexes of OMOP.

    Raises
    ------
    InputError
        The file cannot be read, or rows are not as they should be: all of them together.
    """
    return _load(path or data_dir() / "codes" / "omop_terms.csv")


@cache
def _load(path: Path) -> OmopTerms:
    rows, problems = [], []
    seen: set[tuple[str, str]] = set()
    for number, entry in enumerate(read_table(path, tuple(f.name for f in fields(OmopTerm))), start=2):
        row = OmopTerm(**entry)
        rows.append(row)

        def problem(name: str, message: str, remedy: str, row: OmopTerm = row, number: int = number) -> None:
            problems.append(Problem(f"line {number}, {name}", getattr(row, name), message, remedy))

        if row.part not in PARTS:
            problem("part", "is no part", f"Use {', '.join(PARTS)}.")
        elif row.meaning not in PARTS[row.part]:
            problem("meaning", "means nothing in this part", f"Use {', '.join(PARTS[row.part])}.")
        if not (row.concept_id.isascii() and row.concept_id.isdigit()):
            problem("concept_id", "is no whole number", "Give the concept id.")
        if row.flag not in FLAGS:
            problem("flag", "is not as it should be", f"Use {' or '.join(FLAGS)}.")
        if (row.part, row.concept_id) in seen:
            problem("concept_id", "stands in an earlier row of this part", "Delete one.")
        seen.add((row.part, row.concept_id))
    if problems or not rows:
        raise InputError(problems or "the table has no rows", source=str(path))
    return OmopTerms(tuple(rows))
