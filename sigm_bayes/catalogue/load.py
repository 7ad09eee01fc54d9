"""Read a catalogue from ``model.toml`` and report everything that is wrong with it at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from sigm_bayes.catalogue import check, tables
from sigm_bayes.catalogue.rows import Reader
from sigm_bayes.catalogue.tables import Catalogue, nearest
from sigm_bayes.errors import ModelError, Problem
from sigm_bayes.paths import models_dir


def _read_document(path: Path) -> dict[str, Any]:
    """Parse the TOML file, or say plainly why not."""
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        problem = Problem(str(path), None, "the model folder has no model.toml", "Name a folder that has one.")
    except (OSError, UnicodeDecodeError) as error:
        problem = Problem(str(path), None, f"cannot be read: {error}", "Check the file and its permissions.")
    except tomllib.TOMLDecodeError as error:
        problem = Problem(str(path), None, f"is not valid TOML: {error}", "Correct that line.")
    raise ModelError([problem]) from None


def _read_invasive(reader: Reader, document: Mapping[str, Any]) -> tables.Invasive:
    given = document.get("invasive")
    if not isinstance(given, dict):
        reader.problem("invasive", given, "expected a table", "Add [[invasive.sites]] and the other lists.")
        given = {}
    options = {key: reader.rows(tables.Option, given, key, within="invasive.") for key in _INVASIVE_LISTS}
    flags = reader.rows(tables.InvasiveFlag, given, "flags", within="invasive.")
    for flag in flags:
        reader.one_of(f"invasive.flags[{flag.id}].site", flag.site, (o.id for o in options["sites"]))
        reader.one_of(f"invasive.flags[{flag.id}].organism", flag.organism, (o.id for o in options["organisms"]))
    return tables.Invasive(**options, flags=flags)


_INVASIVE_LISTS = ("sites", "organisms", "severities", "numbers")


_TOP_LEVEL = ("kind", "sampling", *(f.name for f in dataclasses.fields(Catalogue)))
"""`sampling` says how the model is fitted: read by `sigm_bayes.release.sigm`, of no concern to a query."""


def load_catalogue(model_dir: Path, *, document: Mapping[str, Any] | None = None) -> Catalogue:
    """Load the catalogue of a model folder.

    Parameters
    ----------
    model_dir
        A folder with a ``model.toml`` of ``kind = "sigm"``.
    document
        The file, already parsed (a released posterior holds it).

    Raises
    ------
    ModelError
        Lists every problem of the file, with table, row, value and remedy.
    """
    path = Path(model_dir) / "model.toml"
    document = _read_document(path) if document is None else document
    if document.get("kind") != "sigm":
        problem = Problem("kind", document.get("kind"), 'expected "sigm"', "Name another model folder.")
        raise ModelError([problem], source=str(path))
    reader = Reader()
    for key in document.keys() - set(_TOP_LEVEL):
        near = nearest(key, _TOP_LEVEL)
        reader.problem(key, None, "unknown table or key", f"Did you mean {near}?" if near else "Remove it.")
    header = {key: document.get(key) for key in ("name", "title", "version")}
    for key, value in header.items():
        if not isinstance(value, str) or not value.strip():
            reader.problem(key, value, "expected a text that is not empty", "Add it at the top of the file.")
    read = {name: reader.rows(row, document, name) for name, row in _LISTS.items()}
    invasive = _read_invasive(reader, document)
    limits = reader.row(tables.Limits, document.get("limits"), "limits")
    check.check_bands(reader, read["age_bands"], limits)
    check.check_groups(reader, "findings", read["findings"], read["finding_groups"])
    check.check_groups(reader, "causes", read["causes"], read["cause_groups"])
    check.check_findings(reader, read["findings"])
    check.check_causes(reader, read["causes"])
    check.check_limits(reader, limits, read["findings"])
    check.check_analytes(reader, read["analytes"])
    if reader.problems or limits is None:
        raise ModelError(reader.problems, source=str(path))
    return Catalogue(**header, **read, invasive=invasive, limits=limits)  # type: ignore[arg-type]


_LISTS: Mapping[str, type[Any]] = {
    "classes": tables.Option,
    "parts": tables.Option,
    "settings": tables.Setting,
    "age_bands": tables.AgeBand,
    "analytes": tables.Analyte,
    "contexts": tables.Context,
    "finding_groups": tables.Option,
    "findings": tables.Finding,
    "cause_groups": tables.Option,
    "causes": tables.Cause,
    "tests": tables.Test,
}
"""Tables of the file that are lists of rows."""


@cache
def default_catalogue() -> Catalogue:
    """Return the catalogue of the model that ships with the package (read once)."""
    return load_catalogue(models_dir() / "sigm")
