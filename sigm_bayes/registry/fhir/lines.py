"""The files of a bulk export: which kind each holds, and its lines, one resource each, without holding them all."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sigm_bayes.errors import InputError, Problem
from sigm_bayes.fhir.json_text import NotJsonError, loads
from sigm_bayes.fhir.resources import CLINICAL

READ = ("Organization", "Medication", "Patient", *CLINICAL)
"""Kinds of resource that are read."""
LONGEST_LINE = 16 * 1024 * 1024
"""Bytes: one resource is never so long."""
_ENDINGS = (".ndjson", ".jsonl", ".ndjson.gz", ".jsonl.gz")
_WORD = re.compile(r"[A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its number among the lines of its kind, the resource, or why there is none."""

    number: int
    resource: dict[str, Any] | None
    fault: str = ""
    key: int = 0


def find_files(folder: Path) -> dict[str, list[Path]]:
    """Return the NDJSON files of a folder by the kind of resource in their name, else in their first line.

    Raises
    ------
    InputError
        There is no such folder, no NDJSON file in it, or none of patients.
    """
    if not folder.is_dir():
        raise InputError([Problem(str(folder), None, "is no folder", "Give the folder of the NDJSON files.")])
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name.lower().endswith(_ENDINGS):
            found.setdefault(_kind(path), []).append(path)
    if not found:
        remedy = "Give a FHIR bulk export: Patient.ndjson, Observation.ndjson ..."
        raise InputError([Problem(str(folder), None, "holds no NDJSON file", remedy)])
    if "Patient" not in found:
        raise InputError([Problem(str(folder), None, "holds no Patient.ndjson", "Export the patients too.")])
    return found


def _kind(path: Path) -> str:
    """Return the kind of resource that a file is named after; of no such name, that of its first line."""
    for word in _WORD.findall(path.name):
        for kind in READ:
            if word.lower() == kind.lower():
                return kind
    words = [word for word in _WORD.findall(path.name.split(".ndjson")[0].split(".jsonl")[0]) if word[0].isupper()]
    for line in _raw(path):
        if not line.strip():
            continue
        try:
            kind = loads(line).get("resourceType")
        except (NotJsonError, AttributeError):
            break
        if isinstance(kind, str):
            return kind
        break
    return words[0] if words else "unknown"


def _raw(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file; one that is too long is cut, and told by its length."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            while line := stream.readline(LONGEST_LINE + 1):
                yield line
                while len(line) > LONGEST_LINE and not line.endswith(b"\n"):
                    line = stream.readline(LONGEST_LINE + 1)
                    if not line:
                        break
    except (OSError, EOFError) as error:
        message = f"cannot be read ({type(error).__name__})"
        raise InputError([Problem(str(path), None, message, "Check the file.")]) from None


def count_lines(paths: list[Path]) -> int:
    """Return the number of lines that are not blank."""
    return sum(1 for path in paths for line in _raw(path) if line.strip())


def read_lines(kind: str, paths: list[Path]) -> Iterator[Line]:
    """Yield every line that is not blank; numbers run through all files of a kind, blank lines counted."""
    number = 0
    for path in paths:
        for raw in _raw(path):
            number += 1
            if not raw.strip():
                continue
            if len(raw) > LONGEST_LINE:
                yield Line(number, None, "the line is too long")
                continue
            try:
                resource = loads(raw)
            except NotJsonError as error:
                yield Line(number, None, f"no JSON: {error}".partition(" (")[0])
                continue
            if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
                yield Line(number, None, "no resource")
            elif resource["resourceType"] != kind:
                yield Line(number, None, "another kind of resource than the file's")
            else:
                yield Line(number, resource, key=hash(raw.strip()))
