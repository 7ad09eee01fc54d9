"""One posterior from several graphs over the same standard-normal parameters, each compiled on its own.

A graph of thousands of nodes needs gigabytes to compile; its log density is a sum, and summands compile one after the
other. Every free variable of every part is a standard normal; what several parts share counts once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from sigm_bayes.errors import ModelError
from sigm_bayes.inference.memory import return_memory
from sigm_bayes.inference.sampling import CompiledModel, compile_model

if TYPE_CHECKING:
    import pymc as pm


@dataclass(frozen=True)
class JoinedModel:
    """Parts of one posterior.

    Attributes
    ----------
    parts : tuple of CompiledModel
        Compiled with the JAX back end. A variable of the same name is the same variable.
    """

    parts: tuple[CompiledModel, ...]

    @cached_property
    def free(self) -> dict[str, slice]:
        """Place of every free variable in the flat vector of parameters, in order of appearance."""
        out: dict[str, slice] = {}
        start = 0
        for part in self.parts:
            for name, size in _free_sizes(part).items():
                if name not in out:
                    out[name] = slice(start, start + size)
                    start += size
        return out

    @cached_property
    def n_dim(self) -> int:
        """Number of parameters."""
        return max(place.stop for place in self.free.values())

    @cached_property
    def places(self) -> tuple[np.ndarray, ...]:
        """Where the parameters of each part are in the flat vector."""
        return tuple(
            np.concatenate([np.arange(self.free[name].start, self.free[name].stop) for name in _free_sizes(part)])
            for part in self.parts
        )

    @cached_property
    def handle(self) -> CompiledModel:
        """The whole, to sample; its `model` is the last part's."""
        from nutpie.compiled_pyfunc import from_pyfunc

        variables: dict[str, tuple[int, ...]] = {}
        coords: dict[str, Any] = {}
        dims: dict[str, Any] = {}
        for part in self.parts:
            compiled = part.compiled
            variables |= {name: shape for name, shape in _shapes(part).items() if name not in variables}
            coords |= {name: values for name, values in compiled.coords.items() if name not in coords}
            dims |= {name: value for name, value in compiled.dims.items() if name not in dims}
        coords.pop("unconstrained_parameter", None)
        # nutpie names the axes of variables without dims itself.
        dims = {name: axes for name, axes in dims.items() if name in variables and set(axes) <= set(coords)}
        compiled = from_pyfunc(
            ndim=self.n_dim, make_logp_fn=self._make_logp, make_expand_fn=self._make_expand,
            expanded_dtypes=[np.dtype("float64")] * len(variables), expanded_shapes=list(variables.values()),
            expanded_names=list(variables), coords=coords, dims=dims,
        )  # fmt: skip
        return CompiledModel(model=self.parts[-1].model, compiled=compiled)

    def with_data(self, **data: Any) -> JoinedModel:
        """Replace data of whichever part has it; nothing is compiled again."""
        known = {name for part in self.parts for name in _data_names(part)}
        unknown = sorted(set(data) - known)
        if unknown:
            raise ModelError(f"unknown data {', '.join(unknown)}: the model has {', '.join(sorted(known))}.")
        parts = []
        for part in self.parts:
            own = {name: value for name, value in data.items() if name in _data_names(part)}
            parts.append(part.with_data(**own) if own else part)
        return replace(self, parts=tuple(parts))

    def _make_logp(self) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
        functions = [part.compiled._make_logp_func() for part in self.parts]
        shared = [part.compiled._shared_data for part in self.parts]
        counted = np.zeros(self.n_dim)
        for place in self.places:
            counted[place] += 1.0
        again = counted - 1.0

        def logp(x: np.ndarray) -> tuple[float, np.ndarray]:
            value, gradient = 0.5 * float(again @ (x * x)), again * x
            for function, place, data in zip(functions, self.places, shared, strict=True):
                part_value, part_gradient = function(x[place], **data)
                value += part_value
                gradient[place] += part_gradient
            return value, gradient

        return logp

    def _make_expand(self, seed1: int, seed2: int, chain: int) -> Callable[[np.ndarray], dict[str, np.ndarray]]:
        functions = [part.compiled._make_expand_func(seed1, seed2, chain) for part in self.parts]
        shared = [part.compiled._shared_data for part in self.parts]

        def expand(x: np.ndarray) -> dict[str, np.ndarray]:
            out: dict[str, np.ndarray] = {}
            for function, place, data in zip(functions, self.places, shared, strict=True):
                for name, values in function(x[place], **data).items():
                    out.setdefault(name, values)
            return out

        return expand


def compile_joined(models: Sequence[pm.Model]) -> JoinedModel:
    """Compile the parts one after the other; a variable of the same name is the same variable.

    Raises
    ------
    ModelError
        A free variable is no standard normal over its own scale, so that counting it once would be wrong.
    """
    import pytensor

    stored: set[str] = set()
    names: list[list[str]] = []
    for model in models:
        # What an earlier part stores is not computed again.
        names.append([v.name for v in model.deterministics if v.name not in stored])
        stored |= set(names[-1])
    parts: dict[int, CompiledModel] = {}
    last = len(models) - 1
    # The last part takes most memory to compile, so it comes first. What is computed once, as shapes are, is not worth
    # machine code.
    with pytensor.config.change_flags(mode="FAST_COMPILE"):
        for model in models:
            _check_standard_normal(model)
        for n in (last, *range(last)):
            parts[n] = compile_model(models[n], var_names=names[n], backend="jax")
            _make_machine_code(parts[n])
    return JoinedModel(tuple(parts[n] for n in range(len(models))))


def _make_machine_code(part: CompiledModel) -> None:
    """Call the functions of a part once, and give back the memory that their compilation took."""
    compiled = part.compiled
    compiled._make_logp_func()(np.zeros(compiled.n_dim), **compiled._shared_data)
    return_memory()
    _shapes(part)
    return_memory()


def _free_sizes(part: CompiledModel) -> dict[str, int]:
    shapes = _shapes(part)
    return {v.name: int(np.prod(shapes[v.name], dtype=int)) for v in part.model.free_RVs}


_SHAPES: WeakKeyDictionary[Any, dict[str, tuple[int, ...]]] = WeakKeyDictionary()


def _shapes(part: CompiledModel) -> dict[str, tuple[int, ...]]:
    """Shape of every stored variable; found out once a graph by storing a point."""
    if part.model not in _SHAPES:
        compiled = part.compiled
        expand = compiled._make_expand_func(0, 0, 0)
        found = expand(np.zeros(compiled.n_dim), **compiled._shared_data)
        _SHAPES[part.model] = {name: values.shape for name, values in found.items()}
    return _SHAPES[part.model]


def _data_names(part: CompiledModel) -> set[str]:
    return {variable.name for variable in part.model.data_vars}


def _check_standard_normal(model: pm.Model) -> None:
    import pymc as pm

    for variable in model.free_RVs:
        parameters = [p.eval() for p in variable.owner.op.dist_params(variable.owner)]
        plain = isinstance(variable.owner.op, type(pm.Normal.rv_op)) and len(parameters) == 2
        if not plain or np.any(parameters[0] != 0.0) or np.any(parameters[1] != 1.0):
            raise ModelError(
                f"free variable {variable.name!r} is no standard normal. Write it as mean + sd * z with z ~ N(0, 1)."
            )
