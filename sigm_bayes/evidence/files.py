"""Read CSV and TOML of the evidence folder, gathering problems by file, line and column."""

from __future__ import annotations

import csv
import difflib
import io
import math
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sigm_bayes.errors import EvidenceError, Problem
from sigm_bayes.evidence.vocabulary import SEPARATOR

_LARGEST_COUNT = 10**10


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """Return the choice nearest in spelling, whatever the case (ids of studies are capitals), or None."""
    lowered = {choice.lower(): choice for choice in choices if choice}
    found = difflib.get_close_matches(word.lower()[:80], lowered, n=1)
    return lowered[found[0]] if found else None


def read_text(path: Path) -> str:
    """Read a file as UTF-8 (with or without byte order mark), or say in an EvidenceError why not."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        problem = Problem(str(path), None, "no such file", "The evidence folder needs it; see its README.md.")
    except (OSError, UnicodeDecodeError) as error:
        problem = Problem(str(path), None, f"cannot be read: {error}", "Save it as UTF-8.")
    raise EvidenceError([problem])


def read_table(path: Path, *, columns: Sequence[str]) -> list[Row]:
    """Read a CSV file whose header is exactly `columns`, in any order.

    Raises
    ------
    EvidenceError
        For a missing or foreign column, a row of another length, and a file that is not CSV.
    """
    text = read_text(path)
    try:
        lines = csv.reader(io.StringIO(text, newline=""), strict=True)
        header = next(lines, [])
        cells = [(lines.line_num, row) for row in lines if row]
    except csv.Error as error:
        raise EvidenceError([Problem(path.name, None, f"is not a CSV file: {error}", "Mend it.")]) from None
    problems = [
        Problem(f"{path.name}.{name}", None, "the column is missing", "Add it to the first line.")
        for name in columns
        if name not in header
    ]
    for name in header:
        if name not in columns or header.count(name) > 1:
            near = nearest(name, columns)
            hint = "Keep one." if name in columns else f"Did you mean {near}?" if near else "Remove it."
            problems.append(Problem(path.name, name, "a column that is unknown or there twice", hint))
    for number, row in cells:
        if len(row) != len(header):
            place = f"{path.name} line {number}"
            found = f"{len(row)} cells where the header has {len(header)}"
            problems.append(Problem(place, row[0], found, "Quote cells that contain commas."))
    if problems:
        raise EvidenceError(problems)
    return [
        Row(path.name, number, {name: cell.strip() for name, cell in zip(header, row, strict=True)})
        for number, row in cells
    ]


def read_toml(path: Path) -> dict[str, Any]:
    """Parse a TOML file, or say in an EvidenceError why not."""
    try:
        return tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise EvidenceError([Problem(path.name, None, f"is not valid TOML: {error}", "Mend it.")]) from None


@dataclass
class Row:
    """One line of a table; its readers gather what is wrong instead of raising."""

    file: str
    line: int
    cells: dict[str, str]
    problems: list[Problem] = field(default_factory=list)

    def __getitem__(self, column: str) -> str:
        return self.cells[column]

    @property
    def key(self) -> str:
        """The first cell: the id of the row."""
        return next(iter(self.cells.values()))

    def problem(self, column: str, message: str, remedy: str) -> None:
        """Note what is wrong in one cell."""
        name = f" ({self.key})" if self.key else ""
        place = f"{self.file} line {self.line}{name}.{column}"
        self.problems.append(Problem(place, self.cells.get(column), message, remedy))

    def filled(self, column: str) -> str:
        """Text that must not be empty."""
        if not self[column]:
            self.problem(column, "is empty", "Fill it in.")
        return self[column]

    def one_of(self, column: str, choices: Sequence[str]) -> str:
        """Text that must be one of the choices."""
        text = self[column]
        if text not in choices:
            near = nearest(text, choices)
            known = ", ".join(choice for choice in choices if choice)
            self.problem(column, "is not known", f"Did you mean {near}?" if near else f"Write one of: {known}.")
        return text

    def parts(self, column: str) -> tuple[str, ...]:
        """The parts of a union, between semicolons."""
        return tuple(part.strip() for part in self[column].split(SEPARATOR) if part.strip())

    def number(self, column: str, *, low: float = -math.inf, high: float = math.inf) -> float | None:
        """Finite number within limits, None where empty."""
        if not self[column]:
            return None
        try:
            value = float(self[column]) if "_" not in self[column] else math.nan
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            self.problem(column, "expected a finite number", "Write it with a decimal point, or leave it empty.")
            return None
        if not low <= value <= high:
            self.problem(column, f"expected a number from {low:g} to {high:g}", "Check the unit.")
            return None
        return value

    def count(self, column: str, *, least: int = 0) -> int | None:
        """Whole number of people, None where empty."""
        text = self[column]
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= len(str(_LARGEST_COUNT))):
            self.problem(column, "expected a whole number of people", "Write digits only, or leave it empty.")
            return None
        if int(text) < least:
            self.problem(column, f"expected {least} or more", "Check the source, or leave it empty.")
            return None
        return int(text)

    def yes_no(self, column: str) -> bool:
        """1 or 0."""
        return self.one_of(column, ("1", "0")) == "1"
