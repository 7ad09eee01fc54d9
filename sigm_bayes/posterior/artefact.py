"""The released posterior: one file ``posterior.npz`` of draws with its description inside.

The description is JSON in the entry ``__meta__``, so that draws and provenance are replaced together or not at all.
``__codes__`` holds the draws of all variables as 16-bit codes and ``__scale__`` their offsets and steps (`codes.py`):
one entry is read five times as fast as fifty. Format 1, still read, has an entry of float32 a variable instead.
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
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from sigm_bayes.errors import ModelError
from sigm_bayes.posterior.checked import CODES, FORMAT, REBUILD, SCALE, bad, check_new, checked, draws_digest
from sigm_bayes.posterior.codes import Coded, encode, pack
from sigm_bayes.posterior.provenance import model_digest, model_documents

FILE_NAME = "posterior.npz"
MAX_BYTES = 3_000_000
UNPACKED_FACTOR = 3
_META, _DOCUMENTS = "__meta__", "__documents__"
_RESERVED = {_META, _DOCUMENTS, CODES, SCALE}


@dataclass(frozen=True, eq=False)
class Posterior:
    """Posterior draws of a released model.

    Attributes
    ----------
    coded
        Draws of every variable by name, as they are stored.
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

    coded: dict[str, Coded]
    dims: dict[str, tuple[str, ...]]
    coords: dict[str, tuple[str, ...]]
    meta: dict[str, Any]
    documents: dict[str, Any]

    @property
    def draws(self) -> int:
        """Number of draws."""
        return int(self.meta["draws"])

    @cached_property
    def variables(self) -> dict[str, np.ndarray]:
        """Arrays (draw, ...) by name, float64, all finite."""
        return self.first(self.draws)

    def first(self, n: int) -> dict[str, np.ndarray]:
        """Arrays of the first `n` draws by name; the others are not converted."""
        return {name: coded.values(n) for name, coded in self.coded.items()}


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
        Draws (draw, ...) by name with their dims (without ``draw``) and labels. Stored in 16 bits each.
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
    arrays = {name: _as_float64(target, name, values) for name, values in variables.items()}
    documents = json.dumps(model_documents(model_dir)).encode()
    full = {
        **meta,
        "format": FORMAT,
        "model_sha256": model_digest(model_dir),
        "documents_sha256": hashlib.sha256(documents).hexdigest(),
        "draws": len(next(iter(arrays.values()))) if arrays else 0,
        "dims": {name: list(names) for name, names in dims.items()},
        "coords": {dim: [str(label) for label in labels] for dim, labels in coords.items()},
    }
    check_new(target, full, arrays)
    codes, scale = pack({name: encode(values) for name, values in arrays.items()})
    full["draws_sha256"] = draws_digest({CODES: codes, SCALE: scale}, full["dims"])
    text = json.dumps(full, allow_nan=False, sort_keys=True).encode()
    content: dict[str, Any] = {
        CODES: codes, SCALE: scale, _META: _as_bytes(text), _DOCUMENTS: _as_bytes(documents),
    }  # fmt: skip
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
        Draws as stored; its `variables` are float64.

    Raises
    ------
    ModelError
        Names the file, what is wrong and the remedy.
    """
    path = Path(model_dir) / FILE_NAME
    if not path.is_file():
        raise ModelError(f"{path}: no released posterior there. {REBUILD}.")
    meta, documents, arrays = _read(path, max_bytes)
    coded = checked(path, meta, arrays)
    missing = [name for name in require if name not in coded]
    if missing:
        raise bad(path, f"variable {', '.join(missing)} is missing")
    if check_model and (now := model_digest(Path(model_dir))) != meta["model_sha256"]:
        raise ModelError(
            f"{path}: fitted to another model.toml or priors.toml (SHA-256 {meta['model_sha256'][:12]}, "
            f"the files there have {now[:12]}). "
            f"Fit again with `sigm model build {model_dir}`, or restore the files."
        )
    return Posterior(
        coded=coded,
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
        raise bad(path, "the tables in it are not those that were released (SHA-256 differs)")
    documents: dict[str, Any] = json.loads(text)
    return documents


def _read(path: Path, max_bytes: int) -> tuple[dict[str, Any], bytes, dict[str, np.ndarray]]:
    """Description, parsed tables as JSON text (empty where there are none), draws."""
    if (size := path.stat().st_size) > max_bytes:
        raise bad(path, f"{size} bytes, allowed are {max_bytes}")
    try:
        with zipfile.ZipFile(path) as archive:
            # Sizes are checked before anything is unpacked: a small archive can announce a very large array.
            if sum(entry.file_size for entry in archive.infolist()) > UNPACKED_FACTOR * max_bytes:
                raise bad(path, f"unpacks to more than {UNPACKED_FACTOR * max_bytes} bytes")
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
        raise bad(path, f"not a readable posterior ({error})") from error
    raw = arrays.pop(_META, None)
    if raw is None or raw.dtype != np.uint8:
        raise bad(path, f"its description ({_META}) is missing")
    try:
        meta = json.loads(raw.tobytes().decode())
    except ValueError as error:
        raise bad(path, f"its description is not JSON ({error})") from error
    if not isinstance(meta, dict):
        raise bad(path, "its description is not a JSON object")
    documents = arrays.pop(_DOCUMENTS, np.empty(0, dtype=np.uint8))
    return meta, documents.tobytes(), arrays


def _as_float64(path: Path, name: str, values: np.ndarray) -> np.ndarray:
    array = np.asarray(values)
    if not name.isidentifier() or name in _RESERVED or array.dtype.kind not in "fiub":
        raise bad(path, f"variable {name!r} of type {array.dtype}: expected numbers under a Python identifier")
    return np.ascontiguousarray(array, dtype=np.float64)
