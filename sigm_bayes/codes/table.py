"""The table of codes: what a code of a health record means here, and which codes a concept of ours has."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache, cached_property
from pathlib import Path

from sigm_bayes.codes.systems import SYSTEMS
from sigm_bayes.errors import InputError, Problem
from sigm_bayes.paths import data_dir

KINDS = ("target", "infection", "finding", "cause", "lab", "treatment")
MATCHES = ("exact", "prefix")
FLAGS = ("seen", "recalled")
CAUTIONS = {
    "": "",
    "broad": "the code holds more than is meant here",
    "not_invasive": "pneumonia by an encapsulated organism, not necessarily invasive",
    "route": "the code does not say whether the drug was given for the whole body or for skin, eye or airway",
    "weak": "the code may mean something else",
}
"""What must be said where a code is used; `not_invasive` rows are never used."""
LAB_TESTS = {
    "cd19_b_cells": "b_cells_cd19",
    "cd4_t_cells": "t_cells_cd4",
    "ige": "ige",
    "igg1": "igg_subclasses",
    "igg2": "igg_subclasses",
    "igg3": "igg_subclasses",
    "igg_subclasses": "igg_subclasses",
    "isohaemagglutinins": "isohaemagglutinins",
    "pneumococcal_antibody_response": "pneumococcal_response",
}
"""Laboratory quantity of the table -> test of the catalogue that it belongs to (a low IgG4 alone is no abnormality)."""


@dataclass(frozen=True, slots=True)
class Code:
    """One row of the table.

    Attributes
    ----------
    concept_id : str
        Finding, cause, flag of an invasive infection, laboratory quantity, or the disease itself.
    kind : str
        One of `KINDS`.
    system, code : str
        One of `systems.SYSTEMS`; the code as its system writes it.
    match : str
        ``exact``, or ``prefix``: the code and all that begin with it.
    display : str
        Name; empty where the licence of the system wants it so.
    flag : str
        ``seen`` in a public source, or ``recalled``.
    where_seen : str
    caution : str
        Key of `CAUTIONS`.
    """

    concept_id: str
    kind: str
    system: str
    code: str
    match: str
    display: str
    flag: str
    where_seen: str
    caution: str

    @property
    def usable(self) -> bool:
        """Whether the row was seen in a source and means what it says."""
        return self.flag == "seen" and self.caution != "not_invasive"


@dataclass(frozen=True)
class CodeTable:
    """All rows of the table of codes, in its order."""

    rows: tuple[Code, ...]

    def codes_of(self, concept_id: str, *, system: str, recalled: bool = False) -> tuple[Code, ...]:
        """Return the codes of a concept of ours in a system; none where it has none.

        Parameters
        ----------
        concept_id, system : str
        recalled : bool
            Also those that nobody has checked in a source.
        """
        return tuple(
            row
            for row in self.rows
            if row.concept_id == concept_id and row.system == system and _allowed(row, recalled=recalled)
        )

    def find(self, code: str, *, system: str, recalled: bool = False) -> tuple[Code, ...]:
        """Return what a code means: at most one row for each concept, its longest match.

        Among causes the longest match wins: a B-cell-depleting drug is not chemotherapy as well, whose prefix it
        has. A code may mean several findings, or a finding and a cause.  Dots and case do not matter.

        Parameters
        ----------
        code, system : str
        recalled : bool
            Use rows that nobody has checked in a source.
        """
        return _longest(row for row in self._matches(code, system) if _allowed(row, recalled=recalled))

    def refused(self, code: str, *, system: str) -> tuple[Code, ...]:
        """Return the rows that match a code and are not used: recalled only, or never meant (see `CAUTIONS`)."""
        return tuple(row for row in self._matches(code, system) if not row.usable)

    def exact(self, *, system: str, recalled: bool = False) -> dict[str, tuple[Code, ...]]:
        """Return every code of a system as written in the table, and what it means; for joins in bulk."""
        codes = dict.fromkeys(row.code for row in self.rows if row.system == system)
        found = {code: self.find(code, system=system, recalled=recalled) for code in codes}
        return {code: rows for code, rows in found.items() if rows}

    def _matches(self, code: str, system: str) -> Iterator[Code]:
        plain = _plain(code)
        for size in range(1, len(plain) + 1):
            for row in self._index.get((system, plain[:size]), ()):
                if row.match == "prefix" or size == len(plain):
                    yield row

    @cached_property
    def _index(self) -> dict[tuple[str, str], list[Code]]:
        index: dict[tuple[str, str], list[Code]] = defaultdict(list)
        for row in self.rows:
            index[row.system, _plain(row.code)].append(row)
        return dict(index)


def _plain(code: str) -> str:
    """Return a code without dots and blanks, in capitals."""
    return "".join(code.replace(".", "").split()).upper()


def _allowed(row: Code, *, recalled: bool) -> bool:
    return row.usable or (recalled and row.flag == "recalled" and row.caution != "not_invasive")


def _longest(matches: Iterator[Code]) -> tuple[Code, ...]:
    """Return the longest match of each concept (they come in order of length), and of causes the longest alone."""
    best = {row.concept_id: row for row in matches}
    causes = [len(_plain(row.code)) for row in best.values() if row.kind == "cause"]
    return tuple(row for row in best.values() if row.kind != "cause" or len(_plain(row.code)) == max(causes, default=0))


def load_codes(path: Path | None = None) -> CodeTable:
    """Read the table of codes.

    Parameters
    ----------
    path : Path, optional
        Default: the table that ships.

    Raises
    ------
    InputError
        The file cannot be read, or rows are not as they should be: all of them together.
    """
    return _load(path or data_dir() / "codes" / "codes.csv")


@cache
def _load(path: Path) -> CodeTable:
    rows, problems = [], []
    seen: set[tuple[str, str, str]] = set()
    for number, entry in enumerate(read_table(path, tuple(f.name for f in fields(Code))), start=2):
        row = Code(**entry)
        problems += [
            Problem(f"line {number}, {name}", getattr(row, name), "is not as it should be", f"Use {known}.")
            for name, allowed, known in (
                ("kind", KINDS, ", ".join(KINDS)),
                ("system", SYSTEMS, ", ".join(SYSTEMS)),
                ("match", MATCHES, " or ".join(MATCHES)),
                ("flag", FLAGS, " or ".join(FLAGS)),
                ("caution", tuple(CAUTIONS), ", ".join(name for name in CAUTIONS if name) + ", or leave it blank"),
            )
            if getattr(row, name) not in allowed
        ]
        for name in ("concept_id", "code"):
            if not getattr(row, name) or getattr(row, name) != getattr(row, name).strip():
                problems.append(Problem(f"line {number}, {name}", getattr(row, name), "is blank or padded", "Mend it."))
        key = (row.concept_id, row.system, _plain(row.code))
        if key in seen:
            problems.append(Problem(f"line {number}, code", row.code, "stands in an earlier row", "Delete one."))
        seen.add(key)
        rows.append(row)
    if problems or not rows:
        raise InputError(problems or "the table has no rows", source=str(path))
    return CodeTable(tuple(rows))


def read_table(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """Return the rows of a small CSV table, whose header must hold exactly these columns.

    Raises
    ------
    InputError
        There is no such file, it is no CSV in UTF-8, columns are missing or unknown, or a row has too many cells.
    """
    try:
        with path.open(newline="", encoding="utf-8") as lines:
            reader = csv.DictReader(lines, strict=True)
            header = tuple(reader.fieldnames or ())
            found = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError([Problem(str(path), None, f"cannot be read: {error}", "Give a CSV table in UTF-8.")]) from None
    odd = sorted(set(header) ^ set(columns))
    if odd:
        problems = [
            Problem(name, None, "is no column here" if name in header else "the column is missing", "Mend the header.")
            for name in odd
        ]
        raise InputError(problems, source=str(path))
    bad = [n for n, row in enumerate(found, start=2) if None in row or None in row.values()]
    if bad:
        raise InputError([Problem(f"line {n}", None, "has another number of cells", "Mend it.") for n in bad])
    return found
