"""What a killed fit had finished, so that the same command goes on from there.

A folder ``.fit`` beside the result: ``identity.json`` says which data and settings it belongs to, ``whitening.npz``
and ``chains_<first>.nc`` (as many chains from that one on as ran together) appear in one step each. Anything else is
started again.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sigm_bayes.inference.whitening import Whitening

if TYPE_CHECKING:
    import xarray as xr

FOLDER = ".fit"


def identity(arrays: Mapping[str, np.ndarray], settings: Mapping[str, Any]) -> str:
    """SHA-256 of data and settings."""
    total = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        total.update(f"{name}{array.shape}{array.dtype}".encode())
        total.update(array.tobytes())
    return total.hexdigest()


@dataclass(frozen=True)
class Checkpoint:
    """The folder of one fit."""

    folder: Path

    @classmethod
    def open(cls, out: Path, mark: str) -> Checkpoint:
        """Open the checkpoint of this very fit; what another fit left there is removed."""
        folder = out / FOLDER
        file = folder / "identity.json"
        known = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None
        if known != {"identity": mark} and folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
        if known != {"identity": mark}:
            _write(file, json.dumps({"identity": mark}).encode())
        return cls(folder)

    def whitening(self) -> Whitening | None:
        """The finished change of variables, if there is one."""
        path = self.folder / "whitening.npz"
        if not path.is_file():
            return None
        with np.load(path, allow_pickle=False) as stored:
            return Whitening(stored["centre"], stored["scale"], float(stored["step"]))

    def save_whitening(self, found: Whitening) -> None:
        """Keep it."""
        with _replacing(self.folder / "whitening.npz") as part, part.open("wb") as stream:
            np.savez(stream, centre=found.centre, scale=found.scale, step=found.step)

    def chains(self, first: int) -> xr.DataTree | None:
        """The finished chains that begin with this one, if they are there."""
        import xarray as xr

        path = self.folder / f"chains_{first}.nc"
        if not path.is_file():
            return None
        with xr.open_datatree(path, engine="h5netcdf") as tree:
            return tree.load()

    def save_chains(self, first: int, tree: xr.DataTree) -> None:
        """Keep the chains from this one on."""
        with _replacing(self.folder / f"chains_{first}.nc") as part:
            tree.to_netcdf(part, engine="h5netcdf")

    def remove(self) -> None:
        """The fit is released: nothing is left to resume."""
        shutil.rmtree(self.folder)


def _write(path: Path, content: bytes) -> None:
    with _replacing(path) as part:
        part.write_bytes(content)


class _replacing:
    """A file that appears under its name only when it is complete."""

    def __init__(self, path: Path) -> None:
        self.path, self.part = path, path.with_name(path.name + ".part")

    def __enter__(self) -> Path:
        return self.part

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.part.replace(self.path)
        else:
            self.part.unlink(missing_ok=True)
