"""NUTS over the evidence density; the draws are kept as standard normals z.

The posterior is near the prior in most directions, so that the sampler's own diagonal adaptation is enough.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from sigm_bayes.inference.sampling import CompiledModel


@dataclass(frozen=True)
class Sampled:
    """Draws and what tells whether they can be used.

    Attributes
    ----------
    z : ndarray, shape (chain, draw, variable)
    divergences : int
    r_hat : float
        The largest over all variables; nan with one chain.
    ess : float
        The smallest bulk effective sample size.
    """

    z: np.ndarray
    divergences: int
    r_hat: float
    ess: float

    @property
    def flat(self) -> np.ndarray:
        """All chains after each other; (draw, variable)."""
        return np.asarray(self.z.reshape((-1, self.z.shape[-1])))


def handle_of(log_density: Callable[[np.ndarray], tuple[float, np.ndarray]], n_dim: int) -> CompiledModel:
    """Wrap a log density with its gradient for the sampler."""
    from nutpie.compiled_pyfunc import from_pyfunc

    compiled: Any = from_pyfunc(
        ndim=n_dim, make_logp_fn=lambda: log_density, make_expand_fn=lambda *_: lambda x: {"z": np.array(x)},
        expanded_dtypes=[np.dtype("float64")], expanded_shapes=[(n_dim,)], expanded_names=["z"],
        coords={"variable": np.arange(n_dim)}, dims={"z": ("variable",)},
    )  # fmt: skip
    model: Any = None
    return CompiledModel(model=model, compiled=compiled)


def sample(
    log_density: Callable[[np.ndarray], tuple[float, np.ndarray]], n_dim: int, *, seed: int, chains: int, draws: int,
    tune: int, target_accept: float = 0.8,
) -> Sampled:  # fmt: skip
    """Sample; chains run one after the other."""
    tree = handle_of(log_density, n_dim).sample(
        seed=seed, chains=chains, draws=draws, tune=tune, cores=1, progress=False, target_accept=target_accept
    )
    z = np.asarray(tree["posterior"]["z"].transpose("chain", "draw", ...).to_numpy())
    divergences = int(np.asarray(tree["sample_stats"]["diverging"]).sum())
    return Sampled(z, divergences, *diagnostics(z))


def diagnostics(z: np.ndarray) -> tuple[float, float]:
    """Largest r-hat and smallest bulk effective sample size over the variables; z (chain, draw, variable)."""
    from arviz_stats.base import array_stats

    ess = float(np.min(array_stats.ess(z, chain_axis=0, draw_axis=1, method="bulk")))
    if len(z) < 2:
        return float("nan"), ess
    return float(np.max(array_stats.rhat(z, chain_axis=0, draw_axis=1))), ess
