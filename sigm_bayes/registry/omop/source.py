"""Where the tables are: a folder of CSV or Parquet files, a DuckDB file, or PostgreSQL; every cell is read as text."""

from __future__ import annotations

import csv
import gzip
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sigm_bayes.catalogue.tables import nearest
from sigm_bayes.codes import load_codes
from sigm_bayes.codes.systems import vocabularies
from sigm_bayes.errors import InputError, Problem
from sigm_bayes.registry.omop.columns import TABLES
from sigm_bayes.registry.omop.options import OmopOptions

if TYPE_CHECKING:
    import duckdb

ENDINGS = (".csv", ".csv.gz", ".tsv", ".txt", ".parquet")
DATABASES = (".duckdb", ".db", ".ddb")
DELIMITERS = ",;\t|"
_URL = re.compile(r"([a-zA-Z][a-zA-Z0-9+]+):/+(.*)", re.DOTALL)  # a path object makes one slash of two
_FOLDER_REMEDY = "Give a folder with person.csv (or .parquet), measurement.csv ..., a DuckDB file, or a database URL."


class Source:
    """An OMOP database, each of its tables that is needed as a view of texts with the columns of `TABLES`.

    Attributes
    ----------
    connection
        To DuckDB, in memory; the tables of `TABLES` that are there (all of ours, empty where optional).
    path : Path
        Named in messages; a URL without its user and password.
    present : set of str
        Tables that the source has.
    unreadable : dict of str to int
        Rows of each table that could not be split into cells.
    notes : list of str
    """

    def __init__(self, path: Path) -> None:
        try:
            import duckdb
        except ImportError:
            raise InputError(
                [Problem("", None, "reading OMOP needs the package duckdb", 'pip install "sigm-bayes[registry]"')]
            ) from None
        self.path = path
        self.present: set[str] = set()
        self.unreadable: dict[str, int] = {}
        self.notes: list[str] = []
        self._spill = tempfile.TemporaryDirectory(prefix="sigm-omop-")  # what does not fit into memory, then gone
        self.connection: duckdb.DuckDBPyConnection = duckdb.connect(
            ":memory:",
            config={
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "temp_directory": self._spill.name,
            },
        )

    def close(self) -> None:
        """Close the connection and delete what it wrote beside it."""
        self.connection.close()
        self._spill.cleanup()

    def rows(self, query: str, parameters: object = None) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        return self.connection.execute(query, parameters).fetchall()

    def arrow(self, query: str) -> Any:
        """Return the columns of a query as a pyarrow table."""
        return self.connection.sql(query).to_arrow_table()

    def put(self, name: str, columns: dict[str, list[Any]]) -> None:
        """Make a temporary table of columns in memory, of texts (or whole numbers)."""
        import pyarrow

        made = {
            key: pyarrow.array(values, pyarrow.int64() if values and isinstance(values[0], int) else pyarrow.string())
            for key, values in columns.items()
        }
        self.connection.register(f"_{name}", pyarrow.table(made))
        self.connection.execute(f'CREATE OR REPLACE TEMP TABLE "{name}" AS SELECT * FROM "_{name}"')
        self.connection.unregister(f"_{name}")

    def count(self, table: str) -> int:
        """Return the rows of a table that could be split into cells."""
        return int(self.rows(f"SELECT count(*) FROM {table}")[0][0])

    def finish(self) -> None:
        """Make the optional tables that are not there as empty ones.

        Raises
        ------
        InputError
            A table that is needed is not there, or person has no rows.
        """
        missing = [name for name in TABLES if name not in self.present]
        absent = [name for name in missing if TABLES[name].needed]
        if absent:
            problems = [Problem(name, None, "the table is missing", _FOLDER_REMEDY) for name in absent]
            raise InputError(problems, source=str(self.path))
        for name in missing:
            columns = ", ".join(f"NULL::VARCHAR AS {column}" for column in TABLES[name].columns)
            self.connection.execute(f"CREATE TEMP TABLE {name} AS SELECT {columns} WHERE false")
        if not self.count("person"):
            raise InputError(
                [Problem("person", None, "the table has no rows", "Export it again.")], source=str(self.path)
            )


@contextmanager
def opened(where: str | Path, options: OmopOptions) -> Iterator[Source]:
    """Open a folder, a DuckDB file or a database URL; closed again whatever happens.

    Raises
    ------
    InputError
        There is nothing there that can be read, tables or columns are missing, DuckDB's extension for PostgreSQL is
        not installed, or a table cannot be read to its end.
    """
    source = Source(Path("database") if _URL.fullmatch(str(where)) else Path(where))  # a URL may hold a password
    import duckdb  # there, or the source had not been made

    try:
        _open(source, where, options)
        source.finish()
        yield source
    except duckdb.Error as error:
        message = f"cannot be read to the end ({type(error).__name__})"  # the text may hold what is in the tables
        raise InputError([Problem(str(source.path), None, message, "Export the tables again.")]) from error
    finally:
        source.close()


def _open(source: Source, where: str | Path, options: OmopOptions) -> None:
    url = _URL.fullmatch(str(where))
    path = Path(where)
    if url:
        _open_url(source, url[1].lower(), url[2], options)
    elif path.is_dir():
        _open_folder(source, path)
    elif path.is_file() and path.suffix.lower() in DATABASES:
        _attach(source, str(path), "READ_ONLY", options)
    else:
        missing = "there is nothing of that name"
        message = "is no folder, no DuckDB file and no database URL" if path.exists() else missing
        raise InputError([Problem(str(where), None, message, _FOLDER_REMEDY)])


def _open_folder(source: Source, folder: Path) -> None:
    files: dict[str, list[Path]] = {}
    for file in sorted(folder.iterdir()):
        name = file.name.lower()
        ending = next((e for e in ENDINGS if name.endswith(e)), None)
        if ending is not None and file.is_file() and name.removesuffix(ending) in TABLES:
            files.setdefault(name.removesuffix(ending), []).append(file)
    problems = [
        Problem(name, ", ".join(f.name for f in found), "the table is there twice", "Leave one of the files.")
        for name, found in files.items()
        if len(found) > 1
    ]
    for name, found in files.items() if not problems else ():
        try:
            _read_file(source, name, found[0])
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems, source=str(folder))


def _read_file(source: Source, name: str, file: Path) -> None:
    import duckdb

    try:
        if file.suffix.lower() == ".parquet":
            scan = f"read_parquet({_quoted(str(file))})"
            header = [row[0] for row in source.rows(f"DESCRIBE SELECT * FROM {scan}")]
            _make(source, name, header, scan)
        else:
            _read_csv(source, name, file)
    except duckdb.Error as error:
        first = str(error).splitlines()[0][:120]
        raise InputError([Problem(file.name, None, f"cannot be read: {first}", "Export it again.")]) from None


def _read_csv(source: Source, name: str, file: Path) -> None:
    """Read a CSV file once, every cell as text; rows with another number of cells are counted."""
    delimiter, header = _csv_header(file)
    names = [f"c{i}" for i in range(len(header))]
    encoding = "utf-8" if _is_utf8(file) else "latin-1"
    if encoding != "utf-8":
        source.notes.append(f"{name}: encoding {encoding}")
    # The vocabulary tables of OMOP are separated by tabs, and a quote in them is a quote.
    quote = "" if delimiter == "\t" and name.startswith("concept") else '"'
    columns = ", ".join(f"'{column}': 'VARCHAR'" for column in names)
    scan = (
        f"read_csv({_quoted(str(file))}, columns = {{{columns}}}, delim = '{delimiter}', header = true, "
        f"quote = '{quote}', escape = '{quote}', auto_detect = false, ignore_errors = true, store_rejects = true, "
        f"rejects_limit = 0, rejects_table = 'rejects_{name}', rejects_scan = 'scans_{name}', "
        f"encoding = '{encoding}')"
    )
    _make(source, name, header, scan, given=names, once=True)
    lines = f"SELECT count(DISTINCT line) FROM rejects_{name}"
    source.unreadable[name] = int(source.rows(lines)[0][0])


def _opened(file: Path) -> Any:
    return gzip.open(file, "rb") if file.suffix.lower() == ".gz" else file.open("rb")


def _is_utf8(file: Path) -> bool:
    """Return whether a file is text in UTF-8, read in blocks."""
    import codecs

    decoder = codecs.getincrementaldecoder("utf-8")()
    with _opened(file) as stream:
        try:
            while block := stream.read(1 << 22):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _csv_header(file: Path) -> tuple[str, list[str]]:
    """Return the separator and the names in the first line."""
    try:
        with _opened(file) as stream:
            line = stream.readline(1 << 20).decode("utf-8-sig", errors="replace").strip("\r\n")
    except (OSError, EOFError) as error:
        message = f"cannot be read: {type(error).__name__}"
        raise InputError([Problem(file.name, None, message, "Check the file.")]) from None
    if not line.strip():
        raise InputError([Problem(file.name, None, "has no header line", "The first line must name the columns.")])
    if "\0" in line:
        raise InputError([Problem(file.name, None, "holds zero bytes and is no text", "Export it as CSV in UTF-8.")])
    delimiter = max(DELIMITERS, key=line.count)
    return delimiter, next(csv.reader([line], delimiter=delimiter))


def _make(
    source: Source, name: str, header: list[str], scan: str, *, given: list[str] | None = None, once: bool = False
) -> None:
    """Make the view (or, read once, the table) of texts with the columns that are read.

    `given` are the scan's own names of the header.
    """
    table = TABLES[name]
    place: dict[str, str] = {}
    problems = []
    for own, said in zip(given or header, header, strict=True):
        plain = said.strip().strip('"').lower()
        if plain in place and plain in table.columns:
            problems.append(Problem(f"{name}.{plain}", None, "the column is there twice", "Rename one of them."))
        place[plain] = own.replace('"', '""')
    for column in table.required:
        if column not in place:
            near = nearest(column, tuple(place))
            remedy = f"Is it {near}? Rename it." if near else f"Columns of OMOP CDM v5.4: {', '.join(table.columns)}."
            problems.append(Problem(f"{name}.{column}", None, "the column is missing", remedy))
    if problems:
        raise InputError(problems)
    listed = ", ".join(
        f"{_cell(column, place[column])} AS {column}" if column in place else f"NULL::VARCHAR AS {column}"
        for column in table.columns
    )
    kind = "TABLE" if once else "VIEW"
    source.connection.execute(f"CREATE TEMP {kind} {name} AS SELECT {listed} FROM {scan} {_wanted(name, place)}")
    source.present.add(name)


def _cell(column: str, own: str) -> str:
    """Return the expression of a cell as clean text, NULL where blank; ids that became decimals are whole again."""
    text = f"""nullif(trim(CAST("{own}" AS VARCHAR)), '')"""
    return f"regexp_replace({text}, '\\.0+$', '')" if column.endswith("_id") else text


def _wanted(name: str, place: dict[str, str]) -> str:
    """Return the condition that keeps what is needed of the vocabulary tables, which have millions of rows."""
    if name == "concept":
        names = ", ".join(_quoted(vocabulary) for vocabulary in vocabularies())
        return f"""WHERE "{place["vocabulary_id"]}" IN ({names})"""
    if name == "concept_ancestor":
        codes = ", ".join(_quoted(code) for code in load_codes().exact(system="OMOP"))
        return f"""WHERE CAST("{place["ancestor_concept_id"]}" AS VARCHAR) IN ({codes})"""
    return ""


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _open_url(source: Source, scheme: str, rest: str, options: OmopOptions) -> None:
    if scheme == "duckdb":
        file = next((path for path in (Path(f"/{rest}"), Path(rest)) if path.is_file()), None)
        if file is None:
            raise InputError([Problem(f"duckdb:///{rest}", None, "there is no such file", "Check the path.")])
        source.path = file
        _attach(source, str(file), "READ_ONLY", options)
        return
    if scheme not in {"postgresql", "postgres"}:
        remedy = "Use postgresql://host/database or duckdb:///path/file.duckdb."
        raise InputError([Problem("", f"{scheme}://", "is no database that can be read", remedy)])
    named = f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"  # without user and password
    source.path = Path(named)
    _load_postgres(source, named)
    _attach(source, f"postgresql://{rest}", "TYPE postgres, READ_ONLY", options, named=named)


def _load_postgres(source: Source, named: str) -> None:
    import duckdb

    try:
        source.connection.execute("LOAD postgres")
    except duckdb.Error:
        raise InputError(
            [
                Problem(
                    named,
                    None,
                    "DuckDB's extension for PostgreSQL is not installed",
                    "Run once with a network: python -c \"import duckdb; duckdb.sql('INSTALL postgres')\"; or copy the "
                    "tables to a folder of CSV or Parquet files.",
                )
            ]
        ) from None


def _attach(source: Source, target: str, how: str, options: OmopOptions, *, named: str = "") -> None:
    """Read the tables of an attached database."""
    import duckdb

    shown = named or target
    try:
        source.connection.execute(f"ATTACH {_quoted(target)} AS cdm ({how})")
        listed = source.rows(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_catalog = 'cdm'"
        )
    except duckdb.Error as error:
        message = f"cannot be opened ({type(error).__name__})"  # the text may hold the password
        raise InputError([Problem(shown, None, message, "Check that it is there and may be read.")]) from None
    schemas = {schema for schema, table in listed if table.lower() == "person"}
    chosen = options.schema
    if chosen is None and len(schemas) == 1:
        chosen = schemas.pop()
    if chosen is None and len(schemas) > 1:
        problem = Problem("schema", None, f"person is in {', '.join(sorted(schemas))}", "Choose one: options.schema.")
        raise InputError([problem], source=shown)
    tables = {table.lower(): table for schema, table in listed if schema == chosen}
    problems: list[Problem] = []
    for name in TABLES:
        if name in tables:
            scan = f'cdm."{chosen}"."{tables[name]}"'
            header = [row[0] for row in source.rows(f"DESCRIBE SELECT * FROM {scan}")]
            try:
                _make(source, name, header, scan)
            except InputError as error:
                problems += error.problems
    if problems:
        raise InputError(problems, source=shown)
