"""The released posterior: one file ``posterior.npz`` of float32 draws with its description inside.

The description is JSON in the entry ``__meta__``, so that draws and provenance are replaced together or not at all.
``__documents__`` holds ``model.toml`` and ``priors.toml`` as they were fitted, parsed: reading them as JSON is ten
times quicker than parsing TOML, which a cold query would feel. Reading needs NumPy and the standard library only, never
unpickles, and refuses whatever does not fit the description.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sigm_bayes.errors import ModelError
from sigm_bayes.posterior.provenance import model_digest, model_documents

FILE_NAME = "posterior.npz"
FORMAT = 1
MAX_BYTES = 3_000_000
UNPACKED_FACTOR = 3
_META, _DOCUMENTS = "__meta__", "__documents__"
_RESERVED = {_META, _DOCUMENTS, "file", "allow_pickle"}  # the last two are arguments of numpy.savez
_REQUIRED = (
    "format",
    "name",
    "version",
    "created",
    "model_sha256",
    "draws_sha256",
    "draws",
    "dims",
    "coords",
)
_REBUILD = "Build it again with `sigm model build`, or install the package again"


@dataclass(frozen=True, eq=False)
class Posterior:
    """Posterior draws of a released model.

    Attributes
    ----------
    variables
        Arrays (draw, ...) by name, float64, all finite.
    dims
        Names of the dims after ``draw``, by variable.
    coords
        Labels by dim.
    meta
        Name, version, hashes, seed, sampler settings, diagnostics, library versions: see `save_posterior`.
    documents
        The fitted ``model.toml`` and ``priors.toml``, parsed, by file name; empty where the artefact has none, or where
        the files of the folder were not compared with it (`check_model`).
    """

    variables: dict[str, np.ndarray]
    dims: dict[str, tuple[str, ...]]
    coords: dict[str, tuple[str, ...]]
    meta: dict[str, Any]
    documents: dict[str, Any]

    @property
    def draws(self) -> int:
        """Number of draws."""
        return int(self.meta["draws"])


def save_posterior(
    model_dir: Path,
    *,
    variables: Mapping[str, np.ndarray],
    dims: Mapping[str, Iterable[str]],
    coords: Mapping[str, Iterable[str]],
    meta: Mapping[str, Any],
    out: Path | None = None,
    max_bytes: int = MAX_BYTES,
) -> Path:
    """Write ``posterior.npz`` in one step: a reader sees the old file or the new one, never half of it.

    Parameters
    ----------
    model_dir
        Folder with the ``model.toml`` (and ``priors.toml``) that was fitted; their digest is stored.
    variables, dims, coords
        Draws (draw, ...) by name with their dims (without ``draw``) and labels. Stored as float32.
    meta
        At least ``name``, ``version`` and ``created`` (ISO 8601); JSON-able. ``evidence_sha256``, ``seed``,
        ``sampler``, ``diagnostics`` and ``libraries`` by convention.
    out
        Folder to write to; default `model_dir`.
    max_bytes
        Largest file that is accepted.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ModelError
        The draws do not fit their dims, are not finite, or the file would be too large. Nothing is written
        then.
    """
    import tempfile

    target = (out or model_dir) / FILE_NAME
    arrays = {name: _as_float32(target, name, values) for name, values in variables.items()}
    documents = json.dumps(model_documents(model_dir)).encode()
    full = {
        **meta,
        "format": FORMAT,
        "model_sha256": model_digest(model_dir),
        "draws_sha256": _draws_digest(arrays),
        "documents_sha256": hashlib.sha256(documents).hexdigest(),
        "draws": len(next(iter(arrays.values()))) if arrays else 0,
        "dims": {name: list(names) for name, names in dims.items()},
        "coords": {dim: [str(label) for label in labels] for dim, labels in coords.items()},
    }
    _check(target, full, arrays)
    text = json.dumps(full, allow_nan=False, sort_keys=True).encode()
    content: dict[str, Any] = {**arrays, _META: _as_bytes(text), _DOCUMENTS: _as_bytes(documents)}
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".posterior-", delete=False) as file:
        temporary = Path(file.name)
        try:
            np.savez(file, allow_pickle=False, **content)
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
            if size > max_bytes:
                raise ModelError(
                    f"{target}: {size} bytes, allowed are {max_bytes}. Keep fewer draws, or release fewer variables."
                )
            temporary.chmod(0o644)
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    return target


def load_posterior(
    model_dir: Path,
    *,
    require: Iterable[str] = (),
    check_model: bool = True,
    max_bytes: int = MAX_BYTES,
) -> Posterior:
    """Read and check the released posterior of a model folder.

    Parameters
    ----------
    model_dir
        Folder with ``posterior.npz`` and ``model.toml``.
    require
        Variables that must be there.
    check_model
        Refuse draws that were fitted to another ``model.toml`` or ``priors.toml`` than those in the folder.
    max_bytes
        Refuse larger files unread.

    Returns
    -------
    Posterior
        Draws as float64.

    Raises
    ------
    ModelError
        Names the file, what is wrong and the remedy.
    """
    path = Path(model_dir) / FILE_NAME
    if not path.is_file():
        raise ModelError(f"{path}: no released posterior there. {_REBUILD}.")
    meta, documents, arrays = _read(path, max_bytes)
    _check(path, meta, arrays)
    if _draws_digest(arrays) != meta["draws_sha256"]:
        raise _bad(path, "the draws are not those that were released (SHA-256 differs)")
    missing = [name for name in require if name not in arrays]
    if missing:
        raise _bad(path, f"variable {', '.join(missing)} is missing")
    if check_model and (now := model_digest(Path(model_dir))) != meta["model_sha256"]:
        raise ModelError(
            f"{path}: fitted to another model.toml or priors.toml (SHA-256 {meta['model_sha256'][:12]}, "
            f"the files there have {now[:12]}). "
            f"Fit again with `sigm model build {model_dir}`, or restore the files."
        )
    return Posterior(
        variables={name: values.astype(np.float64) for name, values in arrays.items()},
        dims={name: tuple(dims) for name, dims in meta["dims"].items()},
        coords={dim: tuple(labels) for dim, labels in meta["coords"].items()},
        meta=meta,
        documents=_documents(path, documents, meta) if check_model and documents else {},
    )


def _as_bytes(text: bytes) -> np.ndarray:
    return np.frombuffer(text, dtype=np.uint8)


def _documents(path: Path, text: bytes, meta: Mapping[str, Any]) -> dict[str, Any]:
    """The parsed tables, in the order of the files; infinity is written as Python's `json` does."""
    if hashlib.sha256(text).hexdigest() != meta.get("documents_sha256"):
        raise _bad(path, "the tables in it are not those that were released (SHA-256 differs)")
    documents: dict[str, Any] = json.loads(text)
    return documents


def _bad(path: Path, what: str) -> ModelError:
    return ModelError(f"{path}: {what}. {_REBUILD}.")


def _read(path: Path, max_bytes: int) -> tuple[dict[str, Any], bytes, dict[str, np.ndarray]]:
    """Description, parsed tables as JSON text (empty where there are none), draws."""
    if (size := path.stat().st_size) > max_bytes:
        raise _bad(path, f"{size} bytes, allowed are {max_bytes}")
    try:
        with zipfile.ZipFile(path) as archive:
            # Sizes are checked before anything is unpacked: a small archive can announce a very large array.
            if sum(entry.file_size for entry in archive.infolist()) > UNPACKED_FACTOR * max_bytes:
                raise _bad(path, f"unpacks to more than {UNPACKED_FACTOR * max_bytes} bytes")
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (
        zipfile.BadZipFile,
        ValueError,
        OSError,
        EOFError,
        KeyError,
        NotImplementedError,
        MemoryError,
    ) as error:
        raise _bad(path, f"not a readable posterior ({error})") from error
    raw = arrays.pop(_META, None)
    if raw is None or raw.dtype != np.uint8:
        raise _bad(path, f"its description ({_META}) is missing")
    try:
        meta = json.loads(raw.tobytes().decode())
    except ValueError as error:
        raise _bad(path, f"its description is not JSON ({error})") from error
    if not isinstance(meta, dict):
        raise _bad(path, "its description is not a JSON object")
    documents = arrays.pop(_DOCUMENTS, np.empty(0, dtype=np.uint8))
    return meta, documents.tobytes(), arrays


def _check(path: Path, meta: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    absent = [key for key in _REQUIRED if key not in meta]
    if absent:
        raise _bad(path, f"its description lacks {', '.join(absent)}")
    if meta["format"] != FORMAT:
        raise _bad(path, f"format {meta['format']!r}, this version reads {FORMAT}")
    dims, coords, draws = meta["dims"], meta["coords"], meta["draws"]
    if not isinstance(dims, dict) or not isinstance(coords, dict):
        raise _bad(path, "dims and coords of its description must be objects")
    if not isinstance(draws, int) or draws < 1:
        raise _bad(path, f"draws is {draws!r}, expected a number from 1")
    if set(dims) != set(arrays):
        odd = sorted(set(dims) ^ set(arrays))
        raise _bad(path, f"variable {', '.join(odd)} is missing, or has no dims")
    for name, values in arrays.items():
        _check_variable(path, name, values, dims[name], coords, draws)


def _check_variable(
    path: Path, name: str, values: np.ndarray, dims: Any, coords: Mapping[str, Any], draws: int
) -> None:
    if not isinstance(dims, list) or any(not isinstance(coords.get(dim), list) for dim in dims):
        raise _bad(path, f"variable {name!r}: dims {dims!r} are not all labelled in coords")
    expected = (draws, *(len(coords[dim]) for dim in dims))
    if values.shape != expected:
        raise _bad(path, f"variable {name!r} has shape {values.shape}, expected {expected} for (draw, {dims})")
    if values.dtype != np.float32:
        raise _bad(path, f"variable {name!r} has type {values.dtype}, expected float32")
    if not np.isfinite(values).all():
        count = int((~np.isfinite(values)).sum())
        raise _bad(path, f"variable {name!r} has {count} values that are NaN or infinite")


def _as_float32(path: Path, name: str, values: np.ndarray) -> np.ndarray:
    array = np.asarray(values)
    if not name.isidentifier() or name in _RESERVED or array.dtype.kind not in "fiub":
        raise _bad(path, f"variable {name!r} of type {array.dtype}: expected numbers under a Python identifier")
    with np.errstate(over="ignore"):  # what overflows becomes infinite and is refused by name below
        return np.ascontiguousarray(array, dtype=np.float32)


def _draws_digest(arrays: Mapping[str, np.ndarray]) -> str:
    total = hashlib.sha256()
    for name in sorted(arrays):
        values = np.ascontiguousarray(arrays[name])
        total.update(f"{name}\0{values.dtype.str}\0{values.shape}\0".encode())
        total.update(values)
    return total.hexdigest()
