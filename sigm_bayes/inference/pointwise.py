"""Pointwise log-likelihood and log-prior, computed after sampling because nutpie does not store them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sigm_bayes.inference.sampling import CompiledModel

if TYPE_CHECKING:
    import xarray as xr


def add_log_likelihood(handle: CompiledModel, tree: xr.DataTree) -> xr.DataTree:
    """Add group ``log_likelihood``: one value per draw and observed element, with the data that were sampled.

    Parameters
    ----------
    handle
        The handle that `tree` was sampled from (its replaced data are used, and the model is left as it was).
    tree
        Result of `CompiledModel.sample`; changed in place.

    Returns
    -------
    xarray.DataTree
        The same tree.
    """
    from pymc.stats import compute_log_likelihood

    with _data_of(handle):
        compute_log_likelihood(tree, model=handle.model, progressbar=False)
    return tree


def add_log_prior(handle: CompiledModel, tree: xr.DataTree) -> xr.DataTree:
    """Add group ``log_prior``: one value per draw and free parameter, for power scaling.

    The arguments are those of `add_log_likelihood`; `tree` is changed in place.
    """
    from pymc.stats import compute_log_prior

    with _data_of(handle):
        compute_log_prior(tree, model=handle.model, progressbar=False)
    return tree


@contextmanager
def _data_of(handle: CompiledModel) -> Iterator[None]:
    shared = {var.name: var for var in handle.model.data_vars}
    before = {name: shared[name].get_value() for name in handle.data}
    for name, value in handle.data.items():
        shared[name].set_value(value)
    try:
        yield
    finally:
        for name, value in before.items():
            shared[name].set_value(value)
