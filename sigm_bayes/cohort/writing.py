"""Writing the scored table and the list of bad rows; a file appears only when it is complete."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

from sigm_bayes.cohort.columns import PROBABILITIES, WRITTEN
from sigm_bayes.errors import InputError, Problem

DECIMALS = 6
"""Of a probability in CSV; Parquet keeps all digits."""


class Writer(Protocol):
    """Takes scored rows, some at a time."""

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append rows that have the columns of the scored table."""
        ...


def check_output(path: Path, *, table: Path) -> None:
    """Refuse an output that cannot be written or that is the input.

    Raises
    ------
    InputError
        Names the remedy.
    """
    if path.suffix.lower() not in {".csv", ".parquet"}:
        raise InputError([Problem("--out", str(path), "expected a name in .csv or .parquet", "Rename it.")])
    if not path.parent.is_dir():
        raise InputError([Problem("--out", str(path), "its folder does not exist", "Make the folder first.")])
    if path.exists() and table.exists() and path.samefile(table):
        raise InputError([Problem("--out", str(path), "is the input table", "Name another file.")])


@contextmanager
def open_writer(path: Path) -> Iterator[Writer]:
    """Open the scored table; it replaces `path` when the block ends well, else nothing is left."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        if path.suffix.lower() == ".csv":
            with temporary.open("w", encoding="utf-8", newline="") as stream:
                yield CsvWriter(stream)
        else:
            parquet = ParquetWriter(temporary)
            try:
                yield parquet
            finally:
                parquet.close()
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


class CsvWriter:
    """Scored rows as CSV."""

    def __init__(self, stream: IO[str]) -> None:
        self._writer = csv.writer(stream, lineterminator="\n")
        self._writer.writerow(WRITTEN)

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append rows; a refused person has blank probabilities."""
        for row in rows:
            self._writer.writerow([_cell(name, row.get(name)) for name in WRITTEN])


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.{DECIMALS}f}" if name in PROBABILITIES else str(value)


class ParquetWriter:
    """Scored rows as Parquet; needs pyarrow (the extra ``table``)."""

    def __init__(self, path: Path) -> None:
        import pyarrow
        import pyarrow.parquet

        self._arrow = pyarrow
        kinds = {name: pyarrow.float64() if name in PROBABILITIES else pyarrow.string() for name in WRITTEN}
        self._schema = pyarrow.schema(list(kinds.items()))
        self._writer = pyarrow.parquet.ParquetWriter(path, self._schema)

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append rows; a refused person has null probabilities."""
        complete = [{name: row.get(name) for name in WRITTEN} for row in rows]
        self._writer.write_table(self._arrow.Table.from_pylist(complete, schema=self._schema))

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()


def write_problems(path: Path, problems: Sequence[Mapping[str, Any]]) -> None:
    """Write the bad rows as CSV: row, person_id, column, value, message, remedy."""
    columns = ("row", "person_id", "column", "value", "message", "remedy")
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(problems)
