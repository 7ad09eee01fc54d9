"""From a sampled tree to the draws that are released."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sigm_bayes.errors import ModelError

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, eq=False)
class Draws:
    """Posterior draws without chains.

    Attributes
    ----------
    variables
        Arrays (draw, ...) by name, float64.
    dims
        Names of the dims after ``draw``, by variable.
    coords
        Labels by dim.
    """

    variables: dict[str, np.ndarray]
    dims: dict[str, tuple[str, ...]]
    coords: dict[str, list[str]]


def thin_draws(tree: xr.DataTree, n: int, *, var_names: Iterable[str] | None = None) -> Draws:
    """Take `n` draws, equally many from each chain (one more from the first ones) and evenly spaced in it.

    They are ordered so that the first half is such a choice too: every second one of them, chain after chain, then the
    others, chain after chain.

    Parameters
    ----------
    tree
        With group ``posterior`` (chain, draw, ...).
    n
        Draws wanted in all.
    var_names
        Variables to keep, in this order; default all.

    Returns
    -------
    Draws

    Raises
    ------
    ModelError
        More draws wanted than sampled, or a variable that was not sampled.
    """
    posterior = tree["posterior"].to_dataset()
    names = list(posterior.data_vars) if var_names is None else list(var_names)
    missing = [name for name in names if name not in posterior.data_vars]
    if missing:
        raise ModelError(
            f"not in the sampled posterior: {', '.join(missing)}. It has {', '.join(map(str, posterior.data_vars))}."
        )
    chains, per_chain = int(posterior.sizes["chain"]), int(posterior.sizes["draw"])
    if not 0 < n <= chains * per_chain:
        raise ModelError(f"{n} draws wanted of {chains} chains with {per_chain} each. Sample more or keep fewer.")
    picks = [
        (chain, ((np.arange(half, count, 2) + 0.5) * per_chain / count).astype(int))
        for half in (0, 1)
        for chain in range(chains)
        if (count := n // chains + (chain < n % chains)) > half
    ]
    variables, dims, coords = {}, {}, {}
    for name in names:
        array = posterior[name].transpose("chain", "draw", ...)
        values = array.to_numpy()
        variables[str(name)] = np.concatenate([values[chain, index] for chain, index in picks]).astype(float)
        dims[str(name)] = tuple(str(dim) for dim in array.dims[2:])
        for dim in dims[str(name)]:
            coords[dim] = [str(label) for label in posterior[dim].to_numpy()]
    return Draws(variables=variables, dims=dims, coords=coords)
