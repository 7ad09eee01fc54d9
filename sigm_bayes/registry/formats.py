"""The formats that a registry can come in, and the reader of each."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from sigm_bayes.errors import InputError, Problem

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue
    from sigm_bayes.registry.mapping import Mapping
    from sigm_bayes.registry.people import Registry

TABLES = ("csv", "parquet")
"""Flat tables, told apart by the ending of their names; they need a mapping."""
CONVERTED = {
    "redcap": ("sigm_bayes.registry.redcap", "read_redcap"),
    "omop": ("sigm_bayes.registry.omop", "read_omop"),
    "fhir": ("sigm_bayes.registry.fhir", "read_fhir"),
}
"""Format -> module and reader that brings it into flat tables."""
FORMATS = (*TABLES, *CONVERTED)


def read_format(
    path: Path | str, format: str, *, mapping: Path | Mapping | None = None, catalogue: Catalogue | None = None
) -> Registry:
    """Read a registry in one of `CONVERTED`.

    Parameters
    ----------
    path : Path or str
        File, folder or (OMOP) database, as the format asks.
    format : str
    mapping : Path or Mapping, optional
        Only for a REDCap project with a data dictionary of its own, and (OMOP) the file of options of its reader.
    catalogue : Catalogue, optional

    Raises
    ------
    InputError
        There is no such format, or a mapping is given to a format that has its own.
    """
    if format not in CONVERTED or find_spec(CONVERTED[format][0]) is None:
        known = [*TABLES, *(name for name, (module, _) in CONVERTED.items() if find_spec(module) is not None)]
        raise InputError([Problem("format", format, "is no known format", f"Use one of {', '.join(known)}.")])
    reader = getattr(import_module(CONVERTED[format][0]), CONVERTED[format][1])
    if format == "redcap":
        registry: Registry = reader(Path(path), mapping=mapping, catalogue=catalogue)
        return registry
    if format == "omop" and isinstance(mapping, Path):  # a file of options of the reader
        with_options: Registry = reader(path, catalogue=catalogue, options=mapping)
        return with_options
    if mapping is not None:
        message = f"is not used: {format} says itself which column is what"
        raise InputError([Problem("mapping", str(mapping), message, "Leave it out.")])
    converted: Registry = reader(path, catalogue=catalogue)
    return converted
