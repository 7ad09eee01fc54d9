"""Results of long checks by name in a folder, so that a stopped check goes on where it was."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from sigm_bayes.errors import InputError, Problem

FOLDER = Path("runs") / "checks"
"""Default place, in the current folder."""


@dataclass(frozen=True)
class Work:
    """The folder of one check of one model with one group of settings.

    Attributes
    ----------
    folder : Path
        ``ROOT/<check>-<mark>``: another model, evidence or setting has another folder, so nothing is mixed.
    """

    folder: Path

    @classmethod
    def open(cls, root: Path, check: str, identity: Mapping[str, Any]) -> Work:
        """Open or create the folder; the identity is kept beside the results.

        Raises
        ------
        InputError
            The folder cannot be made or written.
        """
        text = json.dumps(identity, sort_keys=True, default=str)
        folder = root / f"{check}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            work = cls(folder)
            if not (folder / "identity.json").is_file():
                work._write("identity.json", text.encode())
        except OSError as error:
            problem = Problem("work", str(folder), f"cannot be written: {error.strerror}", "Name another with --work.")
            raise InputError([problem]) from None
        return work

    def names(self) -> list[str]:
        """Names of the finished results, sorted."""
        return sorted(p.stem for p in self.folder.glob("*.json") if p.stem != "identity")

    def read(self, name: str) -> dict[str, Any] | None:
        """A finished result; None where there is none, or where the file is damaged (it is then made again)."""
        try:
            found = json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def write(self, name: str, result: Mapping[str, Any]) -> None:
        """Keep a result: the file appears in one step."""
        self._write(f"{name}.json", json.dumps(result, sort_keys=True).encode())

    def read_arrays(self, name: str) -> dict[str, np.ndarray] | None:
        """Arrays kept under a name, or None."""
        path = self.folder / f"{name}.npz"
        if not path.is_file():
            return None
        try:
            with np.load(path, allow_pickle=False) as found:
                return {key: found[key] for key in found.files}
        except (OSError, ValueError, EOFError):
            return None

    def write_arrays(self, name: str, **arrays: np.ndarray) -> None:
        """Keep arrays under a name: the file appears in one step."""
        self._replace(f"{name}.npz", lambda stream: np.savez_compressed(stream, allow_pickle=False, **arrays))

    def _write(self, name: str, content: bytes) -> None:
        self._replace(name, lambda stream: stream.write(content))

    def _replace(self, name: str, fill: Any) -> None:
        with tempfile.NamedTemporaryFile(dir=self.folder, prefix=".part-", delete=False) as stream:
            part = Path(stream.name)
            try:
                fill(_binary(stream))
                stream.flush()
                os.fsync(stream.fileno())
                part.replace(self.folder / name)
            except BaseException:
                part.unlink(missing_ok=True)
                raise


def _binary(stream: Any) -> BinaryIO:
    return stream
