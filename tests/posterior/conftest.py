"""A small released file, in both formats, and how to change one."""

import hashlib
import json

import numpy as np
import pytest

from sigm_bayes.posterior import save_posterior

META = {"name": "toy", "version": "1.0", "created": "2026-11-22T00:00:00+00:00", "evidence_sha256": "e" * 64}


def toy(draws: int = 100) -> dict:
    rng = np.random.default_rng(3)
    return {
        "variables": {"pi": rng.normal(size=draws), "hazard": rng.normal(size=(draws, 2))},
        "dims": {"pi": (), "hazard": ("cause",)},
        "coords": {"cause": ["hiv", "burns"]},
        "meta": META,
    }


def change_file(folder, change):
    """Apply `change` to the raw entries (arrays and the description) and write the file again."""
    path = folder / "posterior.npz"
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files}
    meta = json.loads(arrays.pop("__meta__").tobytes())
    change(meta, arrays)
    np.savez(path, **arrays, __meta__=np.frombuffer(json.dumps(meta).encode(), dtype=np.uint8))


@pytest.fixture
def content():
    """Makes what `save_posterior` takes; argument: draws."""
    return toy


@pytest.fixture
def rewrite():
    """Changes the raw entries of a released file: folder, change(meta, arrays)."""
    return change_file


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "model.toml").write_text('kind = "sigm"\n')
    (tmp_path / "priors.toml").write_text("a = 1\n")
    return tmp_path


@pytest.fixture
def released(folder):
    save_posterior(folder, **toy())
    return folder


@pytest.fixture
def single(released):
    """The same release as a file of format 1: an entry of float32 a variable."""

    def older(meta, arrays):
        draws = {name: values.astype(np.float32) for name, values in toy()["variables"].items()}
        total = hashlib.sha256()
        for name in sorted(draws):
            total.update(f"{name}\0{draws[name].dtype.str}\0{draws[name].shape}\0".encode() + draws[name].tobytes())
        meta |= {"format": 1, "draws_sha256": total.hexdigest()}
        del arrays["__codes__"], arrays["__scale__"]
        arrays |= draws

    change_file(released, older)
    return released
