"""Where a posterior came from: hashes of what was fitted and versions of what fitted it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sigm_bayes.errors import ModelError

# Everything that fixes a model apart from its data. A model without priors.toml has its priors in model.toml.
MODEL_FILES = ("model.toml", "priors.toml")
FIT_LIBRARIES = ("numpy", "scipy", "pymc", "pytensor", "numba", "nutpie", "jax", "arviz", "xarray")


def digest(files: Iterable[Path]) -> str:
    """SHA-256 over names and contents of text files; the same on every platform (line ends are read as LF).

    Parameters
    ----------
    files
        In any order: they enter sorted by name.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    total = hashlib.sha256()
    for path in sorted(files, key=lambda path: path.name):
        content = path.read_bytes().replace(b"\r\n", b"\n")
        total.update(f"{path.name}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()


def model_digest(model_dir: Path) -> str:
    """Digest of ``model.toml`` and, where there is one, ``priors.toml``.

    Raises
    ------
    ModelError
        When the folder has no ``model.toml``.
    """
    files = [model_dir / name for name in MODEL_FILES if (model_dir / name).is_file()]
    if not files or files[0].name != "model.toml":
        raise ModelError(f"{model_dir}: no model.toml there. Give the folder of a model, such as models/sigm.")
    return digest(files)


def model_documents(model_dir: Path) -> dict[str, Any]:
    """Parse ``model.toml`` and, where there is one, ``priors.toml``; by file name."""
    import tomllib

    paths = [model_dir / name for name in MODEL_FILES]
    return {path.name: tomllib.loads(path.read_text(encoding="utf-8")) for path in paths if path.is_file()}


def evidence_digest(folder: Path) -> str:
    """Digest of all CSV and TOML tables of an evidence folder.

    Raises
    ------
    ModelError
        When the folder has no such table.
    """
    files = [path for path in folder.glob("*") if path.suffix in {".csv", ".toml"}]
    if not files:
        raise ModelError(f"{folder}: no evidence tables (*.csv, *.toml) there. Give the folder data/evidence.")
    return digest(files)


def library_versions(names: Iterable[str] = FIT_LIBRARIES) -> dict[str, str]:
    """Installed versions by distribution name, with Python and this package; absent ones are left out."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for name in ("sigm-bayes", *names):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
