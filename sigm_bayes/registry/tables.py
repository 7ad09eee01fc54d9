"""A table as read: every column as its distinct texts and a code per row (needs pyarrow)."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.errors import InputError, Problem
from sigm_bayes.registry.encoding import repair, to_utf8

DELIMITERS = ",;\t|"
BLANKS = frozenset({"", "na", "n/a", "nan", "null", "none", "#n/a", "nul", "."})
BLOCK_BYTES = 1 << 24


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name : str
    codes : ndarray of int, shape (row,)
        Position in `words` of each row's text.
    words : tuple of str
        The distinct texts, stripped and repaired, in order of appearance.
    repaired : ndarray of bool, shape (row,)
        Which rows held a broken character.
    digits_kept : bool
        False where numbers were stored as numbers, so that final zeros are lost.
    """

    name: str
    codes: NDArray[np.int32]
    words: tuple[str, ...]
    repaired: NDArray[np.bool_]
    digits_kept: bool = True

    def text(self, row: int) -> str:
        """Return the text of a row."""
        return self.words[self.codes[row]]

    def each(self, function: Callable[[str], Any], dtype: Any) -> NDArray[Any]:
        """Return ``function(text)`` for every row, evaluated once for every distinct text; shape (row,)."""
        if not self.words:
            return np.zeros(0, dtype=dtype)
        found = np.empty(len(self.words), dtype=dtype)
        for i, word in enumerate(self.words):
            found[i] = function(word)
        return np.asarray(found[self.codes])

    @cached_property
    def blank(self) -> NDArray[np.bool_]:
        """Which rows say nothing, shape (row,)."""
        return self.each(lambda word: word.lower() in BLANKS, bool)

    def take(self, rows: NDArray[Any]) -> Column:
        """Return the column with the chosen rows only (positions, or a mask)."""
        return replace(self, codes=self.codes[rows], repaired=self.repaired[rows]).translated(lambda word: word)

    def translated(self, function: Callable[[str], str]) -> Column:
        """Return the column with every word replaced; equal words become one, and unused ones are dropped."""
        used = np.flatnonzero(np.bincount(self.codes, minlength=len(self.words)))
        place: dict[str, int] = {}
        again = np.zeros(max(len(self.words), 1), dtype=np.int32)
        for i in used:
            again[i] = place.setdefault(function(self.words[i]), len(place))
        return replace(self, codes=again[self.codes], words=tuple(place))


@dataclass(frozen=True)
class Table:
    """A table as read.

    Attributes
    ----------
    path : Path
    header : tuple of str
        Column names in order.
    columns : mapping of str to Column
    records : ndarray of int, shape (row,)
        Number of each row in the file; the first after the header is 1, blank lines do not count.
    unreadable : tuple of (int, str)
        Number and beginning of each row that could not be brought into the columns; with `unreadable_kind` it
        says why.
    notes : tuple of str
        What was found out about the file: encoding, separator, repairs.
    unreadable_kind : str
        Kind of issue of the unreadable rows: another number of cells than the header, or rows that a converter
        set aside.
    """

    path: Path
    header: tuple[str, ...]
    columns: Mapping[str, Column]
    records: NDArray[np.int64]
    unreadable: tuple[tuple[int, str], ...]
    notes: tuple[str, ...]
    unreadable_kind: str = "cell_count"

    @property
    def rows(self) -> int:
        """Rows that could be split into cells."""
        return int(self.records.size)

    @classmethod
    def from_columns(
        cls,
        path: Path,
        columns: Mapping[str, Sequence[str | None]],
        *,
        records: Sequence[int] | NDArray[np.int64] | None = None,
        notes: Sequence[str] = (),
        set_aside: Sequence[tuple[int, str]] = (),
    ) -> Table:
        """Return a table made in memory, for a format that is first brought into flat columns.

        Parameters
        ----------
        path : Path
            Named in messages and reports.
        columns : mapping of str to sequence of str
            Cells of each column, all of one length (a list, or a pyarrow string array); None is a blank cell.
        records : sequence of int, optional
            Number of each row in its source; default 1, 2, ...
        notes : sequence of str
            What was found out about the source.
        set_aside : sequence of (int, str)
            Rows of the source that are in no column, with the reason; they count as rejected.

        Raises
        ------
        ValueError
            Columns of different lengths.
        """
        made = {name: _column(name, _encoded(cells), None) for name, cells in columns.items()}
        sizes = {column.codes.size for column in made.values()}
        if len(sizes) > 1:
            raise ValueError(f"columns of different lengths: {sorted(sizes)}")
        size = sizes.pop() if sizes else 0
        numbers = np.arange(1, size + 1) if records is None else np.asarray(records, dtype=np.int64)
        if numbers.size != size:
            raise ValueError(f"{numbers.size} record numbers for {size} rows")
        return cls(path, tuple(made), made, numbers, tuple(set_aside), tuple(notes), "not_converted")

    def take(self, rows: NDArray[np.bool_], *, whole: bool = True) -> Table:
        """Return the table with the chosen rows; `whole` keeps the rows that could not be read in its account."""
        columns = {name: column.take(rows) for name, column in self.columns.items()}
        lost = self.unreadable if whole else ()
        return replace(self, columns=columns, records=self.records[rows], unreadable=lost)

    def without(self, names: Sequence[str]) -> Table:
        """Return the table without these columns."""
        kept = {name: column for name, column in self.columns.items() if name not in names}
        return replace(self, header=tuple(kept), columns=kept)

    def with_lost(self, rows: Sequence[tuple[int, str]]) -> Table:
        """Return the table with further rows that are in no column, each with the reason."""
        lost = tuple(sorted((*self.unreadable, *rows)))
        return replace(self, unreadable=lost, unreadable_kind="not_converted")


def combined(name: str, columns: Sequence[Column | None], rows: int) -> Column:
    """Return a column whose cells are equal where those of all the columns are; shape (row,)."""
    key: NDArray[np.int64] = np.zeros(rows, dtype=np.int64)
    words: tuple[str, ...] = ("",)
    for column in columns:
        if column is None or not column.words:
            continue
        pairs, codes = np.unique(key * len(column.words) + column.codes, return_inverse=True)
        split = [divmod(int(pair), len(column.words)) for pair in pairs]
        words = tuple(" ".join(part for part in (words[i], column.words[j]) if part) for i, j in split)
        key = codes.astype(np.int64)
    return Column(name, key.astype(np.int32), words, np.zeros(rows, dtype=bool)).translated(lambda word: word)


def open_table(path: Path, *, number_twins: bool = False) -> Table:
    """Read a CSV file (any usual encoding and separator) or a Parquet file.

    Parameters
    ----------
    path : Path
    number_twins : bool
        Column names that are there twice get a number instead of being refused (``Complete?`` of REDCap).

    Raises
    ------
    InputError
        There is no such file, its ending is neither, it is empty or not readable, or a column name is there twice.
    """
    ending = path.suffix.lower()
    if ending not in {".csv", ".txt", ".tsv", ".parquet"}:
        raise _error(path, "expected a .csv, .tsv, .txt or .parquet file", "Convert it.")
    if not path.is_file():
        raise _error(path, "there is no such file", "Check the path.")
    return _open_parquet(path) if ending == ".parquet" else _open_csv(path, number_twins=number_twins)


def _error(path: Path, message: str, remedy: str) -> InputError:
    return InputError([Problem(str(path), None, message, remedy)])


def _open_csv(path: Path, *, number_twins: bool = False) -> Table:
    data, encoding = to_utf8(path.read_bytes())
    if b"\0" in data:
        raise _error(path, "holds zero bytes and is no text", "Export it as CSV in UTF-8.")
    data = data.lstrip(b"\r\n")
    first = data[: data.find(b"\n")] if b"\n" in data else data
    line = first.decode(errors="replace")
    if not line.strip():
        raise _error(path, "has no header line", "The first line must name the columns.")
    delimiter = max(DELIMITERS, key=line.count)
    if b"\n" not in data and b"\r" in data.strip():
        data = data.replace(b"\r", b"\n")
        line = line.split("\r")[0]
    names = next(csv.reader([line], delimiter=delimiter))
    header = _header(path, _numbered(names) if number_twins else names)
    notes = [f"encoding {encoding}", f"separator {'tab' if delimiter == chr(9) else delimiter}"]
    quoted = data.count(b'"') % 2 == 0
    columns, bad = _parse(path, data, delimiter, len(header), quoted=quoted)
    if quoted and (columns is None or _swallowed(columns, bad, delimiter)):
        quoted = False
        columns, bad = _parse(path, data, delimiter, len(header), quoted=False)
    if not quoted:
        notes.append("a quote is never closed: read line by line, quotes ignored")
    if columns is None:
        raise _error(path, "cannot be split into rows", "Check quotes and line ends.")
    total = (len(columns[0]) if columns else 0) + len(bad)
    numbers = np.setdiff1d(np.arange(total), np.array([number for number, _ in bad], dtype=np.int64))
    keep = numbers != 0  # the header is record 0
    if not keep.any() and not any(number for number, _ in bad):
        raise _error(path, "has a header and no rows", "Export the table again.")
    read = {name: _column(name, columns[i], keep, quoted=quoted) for i, name in enumerate(header)}
    lost = tuple((number, text) for number, text in bad if number != 0)
    return Table(path, header, read, numbers[keep], lost, tuple(notes))


def _swallowed(columns: list[Any], bad: list[tuple[int, str]], delimiter: str) -> bool:
    """Return whether a cell holds whole lines of the table: a quote was opened and closed many rows later."""
    least = max(len(columns) - 1, 2)
    if any("\n" in text.strip() and text.count(delimiter) > least for _, text in bad):
        return True
    cells = (word for column in columns for part in column.iterchunks() for word in _texts(part.dictionary))
    return any("\n" in word and word.count(delimiter) >= least for word in cells if isinstance(word, str))


def _parse(
    path: Path, data: bytes, delimiter: str, width: int, *, quoted: bool
) -> tuple[list[Any] | None, list[tuple[int, str]]]:
    """Return the columns (the header as first row) and the rows that have not `width` cells."""
    import pyarrow
    from pyarrow import csv as arrow_csv

    bad: list[tuple[int, str]] = []

    def note(row: Any) -> str:
        bad.append((row.number - 1, row.text[:200]))
        return "skip"

    names = [f"c{i}" for i in range(width)]
    text = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    try:
        found = arrow_csv.read_csv(
            pyarrow.BufferReader(data),
            read_options=arrow_csv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES, column_names=names),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter,
                quote_char='"' if quoted else False,
                newlines_in_values=quoted,
                invalid_row_handler=note,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, text), strings_can_be_null=False, check_utf8=False
            ),
        )
    except pyarrow.ArrowInvalid as error:
        if quoted:
            return None, bad
        raise _error(path, f"is no table: {error}"[:200], "Check separators and line ends.") from None
    return list(found.columns), bad


def _numbered(names: list[str]) -> list[str]:
    """Return names of which no two are equal: the second ``Complete?`` is ``Complete? (2)``."""
    return [f"{name} ({names[:i].count(name) + 1})" if name in names[:i] else name for i, name in enumerate(names)]


def _header(path: Path, names: list[str]) -> tuple[str, ...]:
    header = tuple(repair(name.strip().strip('"').strip()) or f"column_{i + 1}" for i, name in enumerate(names))
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise InputError(
            [Problem(name, None, "the column is there twice", "Rename one of them.") for name in twice],
            source=str(path),
        )
    return header


def _column(
    name: str, chunked: Any, keep: NDArray[np.bool_] | None, *, digits_kept: bool = True, quoted: bool = True
) -> Column:
    """Return a dictionary-encoded column with clean words: equal after stripping is one word."""
    array = chunked.unify_dictionaries().combine_chunks()
    if hasattr(array, "chunks"):  # pyarrow gives a chunked array back where there are no or several chunks
        array = array.chunk(0)
    codes = array.indices.to_numpy(zero_copy_only=False)
    raw = [word.decode(errors="replace") if isinstance(word, bytes) else word for word in _texts(array.dictionary)]
    place: dict[str, int] = {}
    again = np.empty(len(raw), dtype=np.int32)
    broken = np.zeros(len(raw), dtype=bool)
    for i, word in enumerate(raw):
        plain = word.replace("\xa0", " ").strip()
        if not quoted:
            plain = plain.strip('"').strip()
        clean = repair(plain)
        again[i] = place.setdefault(clean, len(place))
        broken[i] = clean != plain
    if keep is not None:
        codes = codes[keep]
    if not len(raw):
        return Column(name, np.zeros(0, dtype=np.int32), (), broken, digits_kept)
    codes, broken = again[codes], broken[codes]
    used = np.bincount(codes, minlength=len(place)) > 0  # not the header's own word
    words = tuple(word for word, here in zip(place, used, strict=True) if here)
    return Column(name, (np.cumsum(used) - 1).astype(np.int32)[codes], words, broken, digits_kept)


def _encoded(cells: Any) -> Any:
    """Return cells as a dictionary-encoded chunked array of texts, blank for None."""
    import pyarrow

    array = cells if isinstance(cells, pyarrow.Array | pyarrow.ChunkedArray) else pyarrow.array(list(cells), "string")
    chunked = array if isinstance(array, pyarrow.ChunkedArray) else pyarrow.chunked_array([array])
    return chunked.cast(pyarrow.string()).fill_null("").dictionary_encode()


def _texts(dictionary: Any) -> list[Any]:
    """Return the distinct texts; as bytes where a foreign file claims to be UTF-8 and is not."""
    import pyarrow

    try:
        return list(dictionary.to_pylist())
    except UnicodeDecodeError:
        return list(dictionary.view(pyarrow.binary()).to_pylist())


def _open_parquet(path: Path) -> Table:
    import pyarrow
    import pyarrow.parquet

    try:
        found = pyarrow.parquet.read_table(path)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError, OSError) as error:
        raise _error(path, f"is not a readable Parquet file ({type(error).__name__})", "Check the file.") from None
    header = _header(path, list(found.column_names))
    if not found.num_rows:
        raise _error(path, "has no rows", "Export the table again.")
    columns = {name: _parquet_column(name, found.column(i)) for i, name in enumerate(header)}
    records = np.arange(1, found.num_rows + 1)
    return Table(path, header, columns, records, (), ("Parquet",))


def _parquet_column(name: str, chunked: Any) -> Column:
    import pyarrow
    from pyarrow import types

    kind = chunked.type
    if types.is_dictionary(kind):
        chunked, kind = chunked.cast(kind.value_type), kind.value_type
    number = types.is_floating(kind) or types.is_decimal(kind)
    try:
        texts = chunked.cast(pyarrow.string())
    except (pyarrow.ArrowNotImplementedError, pyarrow.ArrowInvalid):
        texts = pyarrow.chunked_array([pyarrow.array([str(cell) for cell in chunked.to_pylist()])])
    if number:
        texts = pyarrow.compute.replace_substring_regex(texts, pattern=r"\.0+$", replacement="")
    encoded = texts.fill_null("").dictionary_encode()
    return _column(name, encoded, None, digits_kept=not number)
