"""Read a patient from a file (TOML or JSON) or from a mapping."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sigm_bayes.catalogue import Catalogue, default_catalogue
from sigm_bayes.errors import InputError, Problem
from sigm_bayes.patient.person import Patient


def parse_patient(mapping: Mapping[str, Any], *, catalogue: Catalogue | None = None, source: str = "") -> Patient:
    """Make a patient from the content of a patient file.

    Parameters
    ----------
    mapping
        Keys and values of the file; ``None`` counts as not given.
    catalogue
        Of the model that will answer; default that of the shipped model.
    source
        Named at the head of an error: a path, a row of a table.

    Raises
    ------
    InputError
        Lists every problem: field, value, what was expected, remedy.
    """
    return Patient.from_mapping(mapping, catalogue=catalogue or default_catalogue(), source=source)


def read_patient(path: Path | str, *, catalogue: Catalogue | None = None) -> Patient:
    """Read a patient file (``.toml`` or ``.json``).

    Raises
    ------
    InputError
        If the file cannot be read, is empty or not valid, and for everything that is wrong in it.
    """
    path = Path(path)
    document = read_document(path)
    return parse_patient(document, catalogue=catalogue, source=str(path))


def read_document(path: Path) -> Any:
    """Return the content of a TOML or JSON file; InputError says plainly why not."""
    kind = path.suffix.lower()
    if kind not in (".toml", ".json"):
        raise _error(path, "is neither .toml nor .json", "Rename or convert the file.")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise _error(path, "is not there", "Check the path.") from None
    except OSError as error:
        raise _error(path, f"cannot be read ({error.strerror})", "Check the file.") from None
    except UnicodeDecodeError:
        raise _error(path, "is not text in UTF-8", "Save it as UTF-8 text.") from None
    if not text.strip():
        raise _error(path, "is empty", "Give at least an age and one igm result.")
    try:
        return tomllib.loads(text) if kind == ".toml" else json.loads(text, object_pairs_hook=_once)
    except (tomllib.TOMLDecodeError, json.JSONDecodeError, _KeyTwiceError) as error:
        raise _error(path, f"is not valid {kind[1:].upper()}: {error}", "Correct it there.") from None
    except (RecursionError, ValueError) as error:  # nested too deep; a number of thousands of digits
        raise _error(path, f"is no patient file: {error}", "Start from an example.") from None


class _KeyTwiceError(ValueError):
    """The same key stands twice in one JSON object."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _KeyTwiceError(f"the key {twice!r} stands twice")
    return read


def _error(path: Path, message: str, remedy: str) -> InputError:
    return InputError([Problem(str(path), None, message, remedy)])
