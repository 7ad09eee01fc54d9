"""The released models and the data are found from a checkout and from a wheel."""

from __future__ import annotations

from pathlib import Path

import pytest

from sigm_bayes import paths
from sigm_bayes.errors import ModelError

ROOT = Path(__file__).resolve().parents[1]


def test_checkout_finds_its_own_folders():
    assert paths.models_dir() == ROOT / "models"
    assert paths.data_dir() == ROOT / "data"


def test_a_wheel_finds_the_folders_inside_the_package(tmp_path, monkeypatch):
    package = tmp_path / "site-packages" / "sigm_bayes"
    (package / "_models").mkdir(parents=True)
    (package / "_data").mkdir()
    monkeypatch.setattr(paths, "_PACKAGE", package)
    assert paths.models_dir() == package / "_models"
    assert paths.data_dir() == package / "_data"


def test_an_incomplete_installation_says_where_it_looked(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "_PACKAGE", tmp_path / "sigm_bayes")
    with pytest.raises(ModelError, match=r"no 'data' folder.*_data.*Reinstall"):
        paths.data_dir()
