from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sigm_bayes.evidence import Evidence, load_evidence
from sigm_bayes.evidence.load import FILES
from sigm_bayes.paths import data_dir


@pytest.fixture(scope="session")
def evidence() -> Evidence:
    return load_evidence()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped evidence folder that a test may spoil."""
    copy = tmp_path / "evidence"
    copy.mkdir()
    for name in FILES:
        shutil.copyfile(data_dir() / "evidence" / name, copy / name)
    return copy


Edit = Callable[..., None]


@pytest.fixture
def edit(folder: Path) -> Edit:
    """Set cells of one row, found by its id, in one file of the copied folder."""

    def set_cells(name: str, key: str, **cells: str) -> None:
        path = folder / name
        with path.open(newline="", encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
        first = next(iter(rows[0]))
        found = [row for row in rows if row[first] == key]
        assert len(found) == 1, key
        assert cells.keys() <= found[0].keys()
        found[0].update(cells)
        with path.open("w", newline="", encoding="utf-8") as lines:
            writer = csv.DictWriter(lines, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

    return set_cells
