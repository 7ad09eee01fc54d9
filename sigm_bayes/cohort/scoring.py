"""Scoring a table: every good row is answered, every bad row is reported, nothing is dropped silently."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.cohort.columns import PERSON, Columns, column_of, read_header
from sigm_bayes.cohort.reading import open_table
from sigm_bayes.cohort.rows import Row, row_mapping
from sigm_bayes.cohort.writing import check_output, open_writer
from sigm_bayes.errors import InputError, Problem
from sigm_bayes.patient import Patient, parse_patient

CHUNK = 1000
"""Rows that are held and scored together."""


class Scorer(Protocol):
    """The part of a model that scoring needs."""

    @property
    def catalogue(self) -> Catalogue:
        """What the model knows by name."""
        ...

    def score(self, patients: Sequence[Patient], /) -> list[dict[str, Any]]:
        """Return one mapping of output columns a patient, in order."""
        ...


@dataclass(frozen=True)
class RowProblem:
    """One thing that is wrong in one row."""

    row: int
    person_id: str
    column: str
    value: str
    message: str
    remedy: str

    def __str__(self) -> str:
        given = f" (given: {self.value})" if self.value else ""
        return f"row {self.row}, {self.person_id}: {self.column}: {self.message}{given}. {self.remedy}".rstrip()

    def as_row(self) -> dict[str, Any]:
        """Return the problem as a row of the error table."""
        return asdict(self)


@dataclass
class Outcome:
    """What became of a table."""

    scored: int = 0
    refused: int = 0
    problems: list[RowProblem] = field(default_factory=list)
    bad_rows: int = 0
    repeated: int = 0
    ignored: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Rows in the table."""
        return self.scored + self.bad_rows

    def by_column(self) -> list[tuple[str, int]]:
        """Return how many problems each column has, most first."""
        return Counter(problem.column for problem in self.problems).most_common()


def score_table(
    table: Path,
    out: Path,
    *,
    model: Scorer,
    ignore: Iterable[str] = (),
    progress: Callable[[int, int | None], None] | None = None,
) -> Outcome:
    """Score every person of a table and write the scored table.

    Parameters
    ----------
    table, out : Path
        CSV or Parquet, by the ending of the name.  `out` is replaced only when the whole table is scored.
    model : Model
        From :func:`sigm_bayes.query.load_model`.
    ignore : iterable of str
        Columns to leave out although their names resemble one that is read.
    progress : callable, optional
        Called with rows done and rows expected (None: not known).

    Raises
    ------
    InputError
        The table or its header cannot be used at all.  Bad rows do not raise: see `Outcome.problems`.
    """
    check_output(out, table=table)
    source = open_table(table)
    columns = read_header(source.header, catalogue=model.catalogue, source=str(table), ignore=ignore)
    outcome = Outcome(ignored=columns.ignored)
    seen: set[str] = set()
    with open_writer(out) as writer:
        for chunk in _chunks(source.rows(), CHUNK):
            people, patients = _parse(chunk, columns=columns, catalogue=model.catalogue, outcome=outcome)
            if patients:
                scored = model.score(patients)
                writer.write([{**row, PERSON: name} for name, row in zip(people, scored, strict=True)])
                outcome.scored += len(scored)
                outcome.refused += sum(1 for row in scored if row["refused"])
            outcome.repeated += len(people) - len(set(people) - seen)
            seen.update(people)
            if progress is not None:
                progress(outcome.rows, source.expected_rows)
    return outcome


def _chunks(rows: Iterator[Row | Problem], size: int) -> Iterator[list[Row | Problem]]:
    while chunk := list(islice(rows, size)):
        yield chunk


def _parse(
    chunk: Sequence[Row | Problem], *, columns: Columns, catalogue: Catalogue, outcome: Outcome
) -> tuple[list[str], list[Patient]]:
    """Return ids and patients of the good rows; the bad ones go to the outcome."""
    people: list[str] = []
    patients: list[Patient] = []
    for row in chunk:
        if isinstance(row, Problem):
            outcome.bad_rows += 1
            number = int(row.field.rpartition(" ")[2])
            outcome.problems.append(RowProblem(number, "", "the row", "", row.message, row.remedy))
            continue
        mapping, problems = row_mapping(row, columns=columns)
        try:
            patient = parse_patient(mapping, catalogue=catalogue)
        except InputError as error:
            problems += error.problems
        if problems:
            outcome.bad_rows += 1
            outcome.problems += [_row_problem(row, problem, columns=columns) for problem in problems]
        else:
            people.append(row.person)
            patients.append(patient)
    return people, patients


def _row_problem(row: Row, problem: Problem, *, columns: Columns) -> RowProblem:
    value = "" if problem.value is None else str(problem.value)
    return RowProblem(
        row=row.number,
        person_id=row.person,
        column=column_of(problem.field, columns=columns),
        value=value if len(value) <= 60 else value[:57] + "...",
        message=problem.message,
        remedy=problem.remedy,
    )
