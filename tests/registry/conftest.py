"""Small registries written as text, and the made-up hospital export."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the benchmark writes the same export
import hostile_export
from tests_registry_texts import USUAL

from sigm_bayes.registry import read_registry


@pytest.fixture
def read(tmp_path):
    """read(csv_text, mapping=..., samples=...): the registry that the texts hold."""

    def make(table, mapping=USUAL, *, samples=None, ending=".csv"):
        path, rules = tmp_path / f"people{ending}", tmp_path / "mapping.toml"
        data = table if isinstance(table, bytes) else table.encode()
        path.write_bytes(data)
        rules.write_text(mapping, encoding="utf-8")
        listed = None
        if samples is not None:
            listed = tmp_path / "samples.csv"
            listed.write_text(samples, encoding="utf-8")
        return read_registry(path, rules, samples=listed)

    return make


@pytest.fixture(scope="session")
def kinds():
    """kinds(tally, kind, column=None): numbers of the rows (1 is the first) that have this issue."""

    def find(tally, kind, column=None):
        found = set()
        for issue in tally.account.issues:
            if issue.kind == kind and column in (None, issue.column):
                found |= set(tally.table.records[issue.rows].tolist())
        return found

    return find


@pytest.fixture(scope="session")
def export(tmp_path_factory):
    """The hostile export of 57,000 rows, read: registry, faults by row, and where the files are."""
    folder = tmp_path_factory.mktemp("export")
    faults = hostile_export.write_export(folder / "export.csv", rows=57_000)
    (folder / "mapping.toml").write_text(hostile_export.MAPPING, encoding="utf-8")
    registry = read_registry(folder / "export.csv", folder / "mapping.toml")
    return SimpleNamespace(registry=registry, faults=faults, folder=folder)
