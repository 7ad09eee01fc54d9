"""Reading a table of people row by row: CSV with the standard library, Parquet with pyarrow."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from sigm_bayes.cohort.columns import PERSON
from sigm_bayes.cohort.rows import Row, is_blank
from sigm_bayes.errors import InputError, Problem

DELIMITERS = ",;\t"
BATCH = 4096
"""Rows that a Parquet file gives at a time."""


class Table(Protocol):
    """A table of people that can be read once."""

    @property
    def header(self) -> Sequence[str]:
        """Column names in order."""
        ...

    @property
    def expected_rows(self) -> int | None:
        """About how many rows there are; None where it is not known."""
        ...

    def rows(self) -> Iterator[Row | Problem]:
        """Yield each row, or what makes it unreadable."""
        ...


def open_table(path: Path) -> Table:
    """Open a table of people by the ending of its name.

    Parameters
    ----------
    path : Path
        ``.csv`` (comma, semicolon or tab) or ``.parquet``.

    Raises
    ------
    InputError
        The ending is neither, or the file is empty or not readable as what its ending says.
    """
    ending = path.suffix.lower()
    if ending not in {".csv", ".parquet"}:
        raise InputError([Problem(str(path), None, "expected a .csv or .parquet file", "Convert it.")])
    if not path.is_file():
        raise InputError([Problem(str(path), None, "there is no such file", "Check the path.")])
    return CsvTable(path) if ending == ".csv" else ParquetTable(path)


class CsvTable:
    """A CSV file with a header line; UTF-8, with or without a byte order mark."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open(encoding="utf-8-sig", newline="") as stream:
                first = stream.readline()
                self.expected_rows = sum(1 for line in stream if line.strip())
        except UnicodeDecodeError as error:
            raise self._error(f"is not UTF-8 text (byte {error.start})", "Save it as UTF-8.") from None
        if not first.strip():
            raise self._error("has no header line", "The first line must name the columns.")
        self.delimiter = max(DELIMITERS, key=first.count)
        self.header = [name.strip() for name in next(csv.reader([first], delimiter=self.delimiter))]

    def _error(self, message: str, remedy: str) -> InputError:
        return InputError([Problem(str(self.path), None, message, remedy)])

    def rows(self) -> Iterator[Row | Problem]:
        """Yield each row, or what makes it unreadable."""
        with self.path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, delimiter=self.delimiter)
            next(reader)
            while True:
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield Problem(f"line {reader.line_num}", None, f"not readable: {error}", "Mend the quotes.")
                    continue
                if not any(cell.strip() for cell in cells):
                    continue
                if len(cells) != len(self.header):
                    yield Problem(
                        f"line {reader.line_num}",
                        None,
                        f"{len(cells)} cells where the header has {len(self.header)}",
                        "Quote cells that hold the separator, or add what is missing.",
                    )
                    continue
                found = dict(zip(self.header, cells, strict=True))
                yield _row(reader.line_num, found)


class ParquetTable:
    """A Parquet file; needs pyarrow (the extra ``table``)."""

    def __init__(self, path: Path) -> None:
        import pyarrow
        import pyarrow.parquet

        try:
            self._file = pyarrow.parquet.ParquetFile(path)
        except pyarrow.ArrowInvalid:
            problem = Problem(str(path), None, "is not a Parquet file", "Check the ending of its name.")
            raise InputError([problem]) from None
        self.header: Sequence[str] = list(self._file.schema_arrow.names)
        self.expected_rows: int | None = self._file.metadata.num_rows

    def rows(self) -> Iterator[Row | Problem]:
        """Yield each row."""
        number = 0
        for batch in self._file.iter_batches(batch_size=BATCH):
            for cells in batch.to_pylist():
                number += 1
                yield _row(number, cells)


def _row(number: int, cells: dict[str, Any]) -> Row:
    person = cells.get(PERSON)
    return Row(number=number, person=f"row {number}" if is_blank(person) else str(person).strip(), cells=cells)
