"""Whether what a posterior file holds fits its description; everything that does not is refused by name."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sigm_bayes.errors import ModelError
from sigm_bayes.posterior.codes import TOP, Coded, single, unpack

FORMAT, SINGLE_FORMAT = 2, 1
CODES, SCALE = "__codes__", "__scale__"
_REQUIRED = ("format", "name", "version", "created", "model_sha256", "draws_sha256", "draws", "dims", "coords")
REBUILD = "Build it again with `sigm model build`, or install the package again"


def bad(path: Path, what: str) -> ModelError:
    """The error for a file that cannot be used."""
    return ModelError(f"{path}: {what}. {REBUILD}.")


def checked(path: Path, meta: Mapping[str, Any], arrays: dict[str, np.ndarray]) -> dict[str, Coded]:
    """The draws by variable, once they fit their description and are those that were released."""
    _check_description(path, meta)
    if meta["format"] == SINGLE_FORMAT:
        _check_variables(path, meta, arrays, np.dtype(np.float32))
        coded = {name: single(values) for name, values in arrays.items()}
    else:
        shapes = {name: _shape(path, meta, name) for name in meta["dims"]}
        _check_codes(path, arrays, shapes)
        coded = unpack(arrays[CODES], arrays[SCALE], shapes)
    if draws_digest(arrays, meta["dims"]) != meta["draws_sha256"]:
        raise bad(path, "the draws are not those that were released (SHA-256 differs)")
    return coded


def check_new(path: Path, meta: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Refuse draws that cannot be written."""
    _check_description(path, {**meta, "draws_sha256": ""})
    _check_variables(path, meta, arrays, np.dtype(np.float64))
    with np.errstate(over="ignore"):
        wide = [name for name, values in arrays.items() if not np.isfinite(np.ptp(values, axis=0)).all()]
    if wide:
        raise bad(path, f"the draws of variable {', '.join(map(repr, wide))} are too far apart")


def _check_description(path: Path, meta: Mapping[str, Any]) -> None:
    absent = [key for key in _REQUIRED if key not in meta]
    if absent:
        raise bad(path, f"its description lacks {', '.join(absent)}")
    if meta["format"] not in (FORMAT, SINGLE_FORMAT):
        raise bad(path, f"format {meta['format']!r}, this version reads {SINGLE_FORMAT} and {FORMAT}")
    if not isinstance(meta["dims"], dict) or not isinstance(meta["coords"], dict):
        raise bad(path, "dims and coords of its description must be objects")
    draws = meta["draws"]
    if not isinstance(draws, int) or draws < 1:
        raise bad(path, f"draws is {draws!r}, expected a number from 1")


def _shape(path: Path, meta: Mapping[str, Any], name: str) -> tuple[int, ...]:
    """(draw, ...) of a variable by the description."""
    dims, coords = meta["dims"][name], meta["coords"]
    if not isinstance(dims, list) or any(
        not isinstance(dim, str) or not isinstance(coords.get(dim), list) for dim in dims
    ):
        raise bad(path, f"variable {name!r}: dims {dims!r} are not all labelled in coords")
    return (meta["draws"], *(len(coords[dim]) for dim in dims))


def _check_variables(path: Path, meta: Mapping[str, Any], arrays: Mapping[str, np.ndarray], dtype: np.dtype) -> None:
    """One array a variable: shape, type, finite."""
    if set(meta["dims"]) != set(arrays):
        odd = sorted(set(meta["dims"]) ^ set(arrays))
        raise bad(path, f"variable {', '.join(odd)} is missing, or has no dims")
    for name, values in arrays.items():
        expected = _shape(path, meta, name)
        if values.shape != expected:
            dims = meta["dims"][name]
            raise bad(path, f"variable {name!r} has shape {values.shape}, expected {expected} for (draw, {dims})")
        if values.dtype != dtype:
            raise bad(path, f"variable {name!r} has type {values.dtype}, expected {dtype}")
        if not np.isfinite(values).all():
            count = int((~np.isfinite(values)).sum())
            raise bad(path, f"variable {name!r} has {count} values that are NaN or infinite")


def _check_codes(path: Path, arrays: Mapping[str, np.ndarray], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Codes, offsets and steps: there, as many as described, and every code a finite number."""
    if set(arrays) != {CODES, SCALE}:
        odd = sorted(set(arrays) ^ {CODES, SCALE})
        raise bad(path, f"entry {', '.join(odd)} is missing, or does not belong there")
    codes, scale = arrays[CODES], arrays[SCALE]
    elements = sum(math.prod(shape[1:]) for shape in shapes.values())
    draws = next(iter(shapes.values()))[0] if shapes else 0
    for name, array, dtype, expected in (
        (CODES, codes, np.uint16, (draws * elements,)), (SCALE, scale, np.float64, (2, elements)),
    ):  # fmt: skip
        if array.dtype != dtype or array.shape != expected:
            found = f"type {array.dtype} and shape {array.shape}"
            raise bad(path, f"entry {name} has {found}, expected {np.dtype(dtype)} and {expected} by its description")
    with np.errstate(over="ignore", invalid="ignore"):
        wrong = ~np.isfinite(scale).all(axis=0) | (scale[1] < 0.0) | ~np.isfinite(scale[0] + TOP * scale[1])
    if wrong.any():
        raise bad(path, f"{int(wrong.sum())} offsets or steps in it are not numbers that draws can have")


def draws_digest(arrays: Mapping[str, np.ndarray], dims: Mapping[str, Any]) -> str:
    """SHA-256 over the arrays of a file; codes are nobody's without the names and dims of their variables."""
    total = hashlib.sha256()
    if CODES in arrays:
        total.update(json.dumps(dims, sort_keys=True).encode())
    for name in sorted(arrays):
        values = np.ascontiguousarray(arrays[name])
        total.update(f"{name}\0{values.dtype.str}\0{values.shape}\0".encode())
        total.update(values)
    return total.hexdigest()
