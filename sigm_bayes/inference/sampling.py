"""NUTS by nutpie, asked for by name: compile a model once, replace its data, sample again.

Compilation takes 10 to 40 seconds and sampling often less, so the compiled handle is worth keeping:
leave-one-study-out changes a weight vector, not the graph.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from sigm_bayes.errors import ModelError

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr


Backend = Literal["numba", "jax"]


@dataclass(frozen=True)
class CompiledModel:
    """A PyMC model with its compiled log density, reusable with other data.

    Attributes
    ----------
    model
        The PyMC model as it was compiled.
    compiled
        The handle of nutpie.
    data
        Values that replace those of the model's ``pm.Data``, by name.
    """

    model: pm.Model
    compiled: Any
    data: Mapping[str, np.ndarray] = field(default_factory=dict)

    def with_data(self, **data: Any) -> CompiledModel:
        """Return a handle that samples with other data, without compiling again.

        Parameters
        ----------
        **data
            New value of a ``pm.Data`` variable, by its name. The rank must stay. A length may change only
            where no stored variable has that dim (its labels were fixed when the model was compiled), and
            then for all data of that dim together.

        Raises
        ------
        ModelError
            An unknown name, another rank, or lengths that do not fit together.
        """
        known = {var.name: var for var in self.model.data_vars}
        values = dict(self.data)
        for name, value in data.items():
            if name not in known:
                raise ModelError(
                    f"unknown data {name!r}: this model has {', '.join(sorted(known)) or 'none'}. "
                    "Use one of these names, or declare it with pm.Data in the model."
                )
            old = known[name].get_value(borrow=True)
            new = np.asarray(value, dtype=old.dtype)
            if new.ndim != old.ndim:
                raise ModelError(
                    f"data {name!r} has {new.ndim} dimensions, expected {old.ndim} with dims "
                    f"{self.model.named_vars_to_dims.get(name, ())}. Reshape it."
                )
            values[name] = new
        self._check_lengths(values)
        given = {name: values[name] for name in data}
        return replace(self, compiled=self.compiled.with_data(**given), data=values)

    def _check_lengths(self, values: Mapping[str, np.ndarray]) -> None:
        dims_of = self.model.named_vars_to_dims
        lengths: dict[str, tuple[str, int]] = {}
        for var in self.model.data_vars:
            shape = values.get(var.name, var.get_value(borrow=True)).shape
            for dim, length in zip(dims_of.get(var.name, ()), shape, strict=False):
                first, expected = lengths.setdefault(dim, (var.name, length))
                if length != expected:
                    raise ModelError(
                        f"data {var.name!r} has {length} along {dim!r}, but {first!r} has {expected}. "
                        "Replace all data of a dim together."
                    )
        for var in [*self.model.free_RVs, *self.model.deterministics]:
            for dim in dims_of.get(var.name, ()):
                first, length = lengths.get(dim, ("", None))
                compiled_length = len(self.compiled.coords[dim])
                if length not in (None, compiled_length):
                    raise ModelError(
                        f"data {first!r} has {length} along {dim!r}, but the model was compiled with "
                        f"{compiled_length} and stores {var.name!r} over it. Compile the model again."
                    )

    def sample(
        self,
        *,
        seed: int,
        chains: int = 4,
        draws: int = 1000,
        tune: int = 1000,
        cores: int = 2,
        progress: bool = True,
        target_accept: float = 0.9,
        maxdepth: int = 10,
    ) -> xr.DataTree:
        """Draw from the posterior with NUTS; one BLAS thread per chain.

        Parameters
        ----------
        seed
            Of the sampler and its starting points.
        chains, draws, tune
            Number of chains, of kept draws per chain and of warm-up draws per chain (not kept).
        cores
            Chains that run at the same time.
        progress
            Show nutpie's progress bar.
        target_accept
            Mean acceptance the step size is tuned to, in (0, 1).
        maxdepth
            A draw takes at most 2^maxdepth - 1 steps.

        Returns
        -------
        xarray.DataTree
            Groups ``posterior`` and ``sample_stats``. An interrupted run is padded with NaN and returned: the
            gate refuses it. ``attrs["sampler"]`` is the JSON of the settings.

        Raises
        ------
        ModelError
            The sampler found no starting point with a finite log density.
        """
        import nutpie
        from threadpoolctl import threadpool_limits

        settings = {
            "sampler": "nutpie NUTS", "seed": seed, "chains": chains, "draws": draws, "tune": tune,
            "target_accept": target_accept, "maxdepth": maxdepth,
        }  # fmt: skip
        try:
            with threadpool_limits(limits=1):
                tree = nutpie.sample(
                    self.compiled, draws=draws, tune=tune, chains=chains, cores=cores, seed=seed,
                    save_warmup=False, progress_bar=progress, target_accept=target_accept, maxdepth=maxdepth,
                )  # fmt: skip
        except RuntimeError as error:
            raise ModelError(self._why_no_start(error)) from error
        tree.attrs["sampler"] = json.dumps(settings)
        return tree

    def _why_no_start(self, error: RuntimeError) -> str:
        first = str(error).splitlines()[0]
        terms = self.model.point_logps()
        bad = [f"{name} ({value})" for name, value in terms.items() if not np.isfinite(value)]
        where = "not finite at the starting point: " + ", ".join(bad) if bad else "all terms are finite there"
        return (
            f"the sampler stopped: {first} Terms of the log density {where}. "
            "Check the data and the starting values of these terms (pm.Model.debug shows them)."
        )


def compile_model(
    model: pm.Model, *, var_names: Iterable[str] | None = None, backend: Backend = "numba"
) -> CompiledModel:
    """Compile a PyMC model for nutpie, with its data left replaceable.

    Parameters
    ----------
    model
        All that may change between runs is in ``pm.Data`` with dims.
    var_names
        Variables to store; default all free and deterministic ones.
    backend
        numba: compiles small graphs fast. jax: for graphs of thousands of nodes, which Numba compiles for
        minutes; gradients by JAX too, and the machine code is made at the first draw.

    Returns
    -------
    CompiledModel
        Sample it as often as wanted, with the same or other data.
    """
    import nutpie

    names = None if var_names is None else list(var_names)
    compiled = nutpie.compile_pymc_model(
        model, backend=backend, gradient_backend="jax" if backend == "jax" else "pytensor", var_names=names,
        freeze_model=False,
    )  # fmt: skip
    return CompiledModel(model=model, compiled=compiled)


def sample(
    model: pm.Model,
    *,
    seed: int,
    chains: int = 4,
    draws: int = 1000,
    tune: int = 1000,
    cores: int = 2,
    progress: bool = True,
    target_accept: float = 0.9,
    backend: Backend = "numba",
) -> xr.DataTree:
    """Compile and sample once; the arguments are those of `compile_model` and `CompiledModel.sample`."""
    return compile_model(model, backend=backend).sample(
        seed=seed,
        chains=chains,
        draws=draws,
        tune=tune,
        cores=cores,
        progress=progress,
        target_accept=target_accept,
    )
