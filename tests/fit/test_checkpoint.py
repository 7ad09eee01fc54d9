"""Checkpoints: what is finished is kept for the same fit, and for no other."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from sigm_bayes.fit.checkpoint import FOLDER, Checkpoint, identity
from sigm_bayes.fit.tree import join_chains
from sigm_bayes.inference.whitening import Whitening


def chains(value, n=2):
    data = {"a": (("chain", "draw"), np.full((n, 5), value))}
    stats = {"diverging": (("chain", "draw"), np.zeros((n, 5), dtype=bool))}
    coords = {"chain": np.arange(n), "draw": np.arange(5)}
    return xr.DataTree.from_dict({"posterior": xr.Dataset(data, coords), "sample_stats": xr.Dataset(stats, coords)})


def test_what_was_kept_comes_back(tmp_path):
    first = Checkpoint.open(tmp_path, "mark")
    assert first.whitening() is None
    assert first.chains(0) is None
    first.save_whitening(Whitening(np.arange(3.0), np.eye(3)))
    first.save_chains(0, chains(1.0))
    again = Checkpoint.open(tmp_path, "mark")
    np.testing.assert_array_equal(again.whitening().centre, np.arange(3.0))
    np.testing.assert_array_equal(again.chains(0)["posterior"]["a"], np.ones((2, 5)))
    assert again.chains(2) is None


def test_another_fit_starts_afresh(tmp_path):
    Checkpoint.open(tmp_path, "mark").save_chains(0, chains(1.0))
    assert Checkpoint.open(tmp_path, "other").chains(0) is None


def test_a_write_that_was_cut_off_leaves_nothing(tmp_path, monkeypatch):
    checkpoint = Checkpoint.open(tmp_path, "mark")

    def fail(*_, **__):
        raise OSError("the disk is full")

    monkeypatch.setattr(xr.DataTree, "to_netcdf", fail)
    with pytest.raises(OSError, match="full"):
        checkpoint.save_chains(0, chains(1.0))
    assert Checkpoint.open(tmp_path, "mark").chains(0) is None


def test_the_identity_is_of_data_and_settings():
    data = {"x": np.arange(4.0), "y": np.eye(2)}
    mark = identity(data, {"seed": 1})
    assert mark == identity(dict(reversed(data.items())), {"seed": 1})
    assert mark != identity(data, {"seed": 2})
    assert mark != identity({**data, "x": np.arange(4.0) + 1e-12}, {"seed": 1})
    assert mark != identity({**data, "x": np.arange(4.0).reshape(2, 2)}, {"seed": 1})


def test_removing_leaves_the_result(tmp_path):
    (tmp_path / "posterior.npz").write_bytes(b"kept")
    checkpoint = Checkpoint.open(tmp_path, "mark")
    checkpoint.remove()
    assert not (tmp_path / FOLDER).exists()
    assert (tmp_path / "posterior.npz").exists()


def test_batches_become_chains_in_order():
    tree = join_chains([chains(1.0), chains(2.0, n=1)])
    np.testing.assert_array_equal(tree["posterior"]["a"].to_numpy()[:, 0], [1.0, 1.0, 2.0])
    np.testing.assert_array_equal(tree["posterior"]["chain"], [0, 1, 2])
    assert tree["sample_stats"].sizes["chain"] == 3
