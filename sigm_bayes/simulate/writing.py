"""A synthetic registry as files; every one of them says that it is synthetic."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.errors import InputError, Problem
from sigm_bayes.simulate.dictionary import dictionary_table
from sigm_bayes.simulate.options import Options
from sigm_bayes.simulate.parameters import Truth, from_document, to_document
from sigm_bayes.simulate.readme import README_TITLE, readme_text
from sigm_bayes.simulate.registry import Registry
from sigm_bayes.simulate.tables import MARK, Table, centres_table, registry_table, samples_table, truth_table

NOTICE = "Synthetic: simulated from a model. No row describes a real person."
PARAMETERS = "parameters.json"
README = "README.md"
TABLES = ("registry", "samples", "centres", "truth", "dictionary")
"""Tables in the folder, each a CSV file (and a Parquet file if wanted)."""
FIELD_NAME = "Variable / Field Name"
"""First column of a REDCap data dictionary."""
RECORDED = ("registry", "samples")
"""What the centres recorded: the tables that another format replaces."""
WRITERS = {
    "redcap": ("sigm_bayes.simulate.redcap", "write_redcap"),
    "omop": ("sigm_bayes.simulate.omop", "write_omop"),
    "fhir": ("sigm_bayes.simulate.fhir", "write_fhir"),
}
"""Format -> module and function that writes what the centres recorded."""
FORMATS = ("csv", "parquet", *WRITERS)


def registry_files(
    registry: Registry, parameters: Truth, *, catalogue: Catalogue, options: Options, format: str = "csv"
) -> tuple[dict[str, str], dict[str, Table]]:
    """The files of a synthetic registry, not yet written.

    Returns
    -------
    texts : dict
        File name to its text.
    tables : dict
        Name in `TABLES` to the table.
    """
    tables: dict[str, Table] = {
        "registry": registry_table(registry, catalogue=catalogue),
        "samples": samples_table(registry, catalogue=catalogue),
        "centres": centres_table(registry),
        "truth": truth_table(registry, catalogue=catalogue),
        "dictionary": dictionary_table(catalogue, options),
    }
    texts = {f"{name}.csv": _csv_text(tables[name]) for name in TABLES}
    document = _parameters_document(registry, parameters, catalogue)
    texts[PARAMETERS] = _json_text(document)
    texts[README] = readme_text(registry, format=format)
    return texts, tables


def write_registry(
    registry: Registry, parameters: Truth, folder: Path, *, catalogue: Catalogue, options: Options,
    parquet: bool = False, format: str = "csv",
) -> list[Path]:  # fmt: skip
    """Write registry, samples, centres, truth, dictionary, parameters and README.

    Parameters
    ----------
    folder : Path
        Made if it is not there. Earlier synthetic files in it are replaced.
    parquet : bool
        The tables as Parquet too (needs pyarrow).
    format : str
        One of `FORMATS`: how registry and samples are written.  The truth and what describes the registry are CSV and
        JSON in any case.

    Returns
    -------
    list of Path

    Raises
    ------
    InputError
        If there is no such format, or a file of the same name is there that is not synthetic; then nothing is written.
    """
    known = [name for name in FORMATS if name not in WRITERS or find_spec(WRITERS[name][0]) is not None]
    if format not in known:
        raise InputError([Problem("format", format, "is no known format", f"Use one of {', '.join(known)}.")])
    texts, tables = registry_files(registry, parameters, catalogue=catalogue, options=options, format=format)
    as_parquet = [name for name in TABLES if parquet or (format == "parquet" and name in RECORDED)]
    if format != "csv":
        texts = {name: text for name, text in texts.items() if name not in {f"{table}.csv" for table in RECORDED}}
    folder.mkdir(parents=True, exist_ok=True)
    _refuse_to_replace(folder, [*texts, *(f"{name}.parquet" for name in as_parquet)])
    written = []
    if format in WRITERS:
        writer = getattr(import_module(WRITERS[format][0]), WRITERS[format][1])
        written += writer(registry, folder, catalogue=catalogue, options=options)
    for name, text in texts.items():
        (folder / name).write_bytes(text.encode())
        written.append(folder / name)
    return written + [_write_parquet(folder / f"{name}.parquet", tables[name]) for name in as_parquet]


def read_parameters(path: Path, *, like: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Read the true parameters back from a `parameters.json`.

    Parameters
    ----------
    like : mapping
        Shape of each parameter of the model.

    Raises
    ------
    InputError
        If the file cannot be read or does not fit the model.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        remedy = "Give a parameters.json that `sigm simulate` wrote."
        raise InputError([Problem(str(path), None, f"cannot be read: {error}", remedy)]) from None
    given = document.get("parameters") if isinstance(document, dict) else None
    return from_document(given, like=like, source=str(path))


def _csv_text(table: Table) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(table)
    writer.writerows(zip(*table.values(), strict=True))
    return stream.getvalue()


def _json_text(document: Mapping[str, Any]) -> str:
    """JSON with a line for each centre and each parameter."""

    def inner(value: Any) -> str:
        if isinstance(value, list):
            return "[\n" + ",\n".join(f"  {json.dumps(v)}" for v in value) + "\n ]"
        if isinstance(value, dict):
            return "{\n" + ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in value.items()) + "\n }"
        return json.dumps(value)

    return "{\n" + ",\n".join(f" {json.dumps(k)}: {inner(v)}" for k, v in document.items()) + "\n}\n"


def _parameters_document(registry: Registry, parameters: Truth, catalogue: Catalogue) -> dict[str, Any]:
    centres = []
    for centre, tested in zip(registry.centres, registry.tested, strict=True):
        centres.append({**asdict(centre), "tested": tested})
    return {
        MARK: NOTICE,
        "model": {"name": catalogue.name, "version": catalogue.version},
        "seed": registry.seed,
        "people": len(registry),
        "ascertainment": registry.ascertainment,
        "centres": centres,
        "parameters": to_document(parameters),
    }


def _refuse_to_replace(folder: Path, names: list[str]) -> None:
    """Only files that say that they are synthetic are replaced."""
    problems = []
    for name in names:
        path = folder / name
        if path.exists() and not _says_synthetic(path):
            message = "is there already and does not say that it is synthetic"
            problems.append(Problem(str(path), None, message, "Choose another folder."))
    if problems:
        raise InputError(problems)


def _says_synthetic(path: Path) -> bool:
    """Whether a file has the mark where `write_registry` puts it."""
    if path.suffix == ".csv":
        return _marked_csv(path)
    begins = {
        ".json": f'{{\n "{MARK}"'.encode(),
        ".md": README_TITLE.encode(),
    }
    with path.open("rb") as stream:
        if path.suffix in begins:
            return stream.read(100).startswith(begins[path.suffix])
        return stream.read(4) == b"PAR1" and NOTICE.encode() in stream.read()


def _marked_csv(path: Path) -> bool:
    """Whether a table has the mark as a column, or (a data dictionary) as a field."""
    with path.open(encoding="utf-8", errors="replace", newline="") as stream:
        reader = csv.reader(stream)
        header = next(reader, [])
        return MARK in header or (header[:1] == [FIELD_NAME] and any(row[:1] == [MARK] for row in reader))


def _write_parquet(path: Path, table: Table) -> Path:
    import pyarrow
    import pyarrow.parquet

    columns = {name: [cell or None for cell in cells] for name, cells in table.items()}
    schema = pyarrow.schema([(name, pyarrow.string()) for name in columns], metadata={MARK: NOTICE})
    pyarrow.parquet.write_table(pyarrow.table(columns, schema=schema), path)
    return path
