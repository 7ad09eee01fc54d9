"""Hamiltonian Monte Carlo for a posterior that whitening has made nearly a standard normal.

Its log density is that of a standard normal and a remainder. Motion under the normal is a rotation of position and
momentum and is followed exactly; only the remainder is taken in steps (split Hamiltonian Monte Carlo,
doi:10.1007/s11222-012-9373-1). After a quarter turn a normal has forgotten its place and its distance from the middle
alike, and the end point of the trajectory is kept or refused. It needs little more than half the gradients of a sampler
that looks for the length of its trajectories (docs/decisions/0018).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from sigm_bayes.errors import ModelError
from sigm_bayes.inference.memory import kept_memory
from sigm_bayes.inference.whitening import (
    JITTER,
    USUAL_STEP,
    LogDensity,
    Whitening,
    find_whitening,
    log_density,
    mended,
    whiten,
)

if TYPE_CHECKING:
    import xarray as xr

    from sigm_bayes.inference.sampling import CompiledModel

TURN = 0.5 * math.pi
"""Length of a trajectory: a quarter turn of a standard normal."""
UNEVEN = 0.1
"""Steps differ by up to this share, so that nothing goes round in step with them."""
MOST_STEPS = 32
"""Of a trajectory; reached only where the remainder is no small one."""
FIRST_COUNTS = 3.0
"""So many trajectories is the first step worth, when the step size is looked for."""
RANGE = 12.0
"""The step is found between exp(-6) and exp(6) times the first."""
DIVERGED = 1000.0
"""Error of the energy from which on a trajectory counts as divergent (the same as in NUTS samplers)."""
SETTINGS = {"turn": TURN, "uneven": UNEVEN, "most_steps": MOST_STEPS}
"""What two runs must share to be of one posterior sample, beside their arguments."""
Told = Callable[[int, int], None]
_Kept = tuple[np.ndarray, dict[str, list[float]]]
"""Places (draw, parameter) and statistics of the trajectories to them."""


@dataclass
class _StepSearch:
    """Step size that gives a mean acceptance, from all trajectories so far.

    The error of the energy at the end of a trajectory of a given length is nearly normal with an SD of rate * step**2,
    and its mean then makes the mean acceptance 2 Phi(-rate step**2 / 2) (Beskos et al. 2013, doi:10.3150/12-BEJ414).
    The rate is the one under which the acceptances seen add up. Averages of steps that follow each other, as in dual
    averaging, come out too small in the few trajectories that there are: a step that is too long is cut off, one that
    is too short is not.
    """

    target: float
    first: float
    steps: list[float] = field(default_factory=list)
    accepted: list[float] = field(default_factory=list)

    def learn(self, step: float, acceptance: float) -> None:
        self.steps.append(step)
        self.accepted.append(acceptance)

    def step(self) -> float:
        """The step to take next."""
        from scipy.optimize import brentq
        from scipy.special import ndtr, ndtri

        spread = -2.0 * float(ndtri(0.5 * self.target))
        squares = np.square([*self.steps, self.first])
        weight = np.append(np.ones(len(self.steps)), FIRST_COUNTS)
        seen = float(np.sum(self.accepted)) + FIRST_COUNTS * self.target

        def beyond(log_rate: float) -> float:
            return float(weight @ (2.0 * ndtr(-0.5 * math.exp(log_rate) * squares))) - seen

        usual = math.log(spread / self.first**2)
        most = usual + RANGE
        rate = math.exp(most if beyond(most) > 0.0 else brentq(beyond, usual - RANGE, most, xtol=1e-3))
        # A whole trajectory in one step is as long as it gets.
        return min(math.sqrt(spread / rate), TURN)


@dataclass
class _Chain:
    """Where a chain is, and what it kept.

    Attributes
    ----------
    place, gradient : (parameter,)
    log_p : float
    """

    density: LogDensity
    rng: np.random.Generator
    place: np.ndarray
    log_p: float
    gradient: np.ndarray
    stats: dict[str, list[float]] = field(default_factory=dict)

    def move(self, step: float, steps: int) -> float:
        """One trajectory; the probability with which its end is kept."""
        momentum = self.rng.standard_normal(len(self.place))
        before = 0.5 * momentum @ momentum - self.log_p
        place, gradient, log_p = self.place, self.gradient, self.log_p
        cosine, sine = math.cos(step), math.sin(step)
        for _ in range(steps):
            momentum = momentum + 0.5 * step * (gradient + place)
            place, momentum = cosine * place + sine * momentum, cosine * momentum - sine * place
            log_p, gradient = self.density(place)
            momentum = momentum + 0.5 * step * (gradient + place)
            if not (math.isfinite(log_p) and np.isfinite(gradient).all()):
                break
        error = float(0.5 * momentum @ momentum - log_p - before)
        acceptance = math.exp(min(-error, 0.0)) if math.isfinite(error) else 0.0
        if self.rng.random() < acceptance:
            self.place, self.gradient, self.log_p = place, gradient, log_p
        for name, value in (("energy", before), ("energy_error", error), ("mean_tree_accept", acceptance),
                            ("step_size", step), ("n_steps", steps), ("logp", self.log_p),
                            ("diverging", not error < DIVERGED)):  # fmt: skip
            self.stats.setdefault(name, []).append(float(value))
        return acceptance


def sample_nearly_normal(
    handle: CompiledModel,
    *,
    seed: int,
    chains: int = 4,
    draws: int = 500,
    tune: int = 100,
    cores: int = 2,
    target_accept: float = 0.9,
    first_step: float = USUAL_STEP,
    told: Told | None = None,
    first_chain: int = 0,
) -> xr.DataTree:
    """Draw from the posterior of a whitened model.

    Parameters
    ----------
    handle
        As `whiten` returns it. Its log density may have any shape; the closer it is to a standard normal, the fewer
        gradients a draw takes.
    seed
    chains, draws, tune
        Chains, kept draws of each and draws before that to find the step size.
    cores
        Chains that run at the same time, in threads.
    target_accept
        Mean acceptance that the step size is tuned to, in (0, 1).
    first_step
        Where tuning starts: `Whitening.step`.
    told
        Called with the number of draws done, of all chains and with those for tuning, and the number to be done.
    first_chain
        Number of the first chain: chains of another call with the same seed and other numbers are others.

    Returns
    -------
    xarray.DataTree
        Groups ``posterior`` and ``sample_stats``; ``attrs["sampler"]`` is the JSON of the settings.

    Raises
    ------
    ModelError
        The log density is not finite at the start of a chain.
    """
    from threadpoolctl import threadpool_limits

    done = _Count(chains * (tune + draws), told)

    def one(number: int) -> _Kept:
        chain = _started(handle, np.random.default_rng([seed, number]))
        return _run(chain, draws=draws, tune=tune, tuning=_StepSearch(target_accept, first_step), done=done)

    with threadpool_limits(limits=1), kept_memory(), ThreadPoolExecutor(max(1, cores)) as pool:
        found = list(pool.map(one, range(first_chain, first_chain + chains)))
        variables = _stored(handle, [places for places, _ in found], pool)
    settings = {
        "sampler": "split Hamiltonian Monte Carlo", "seed": seed, "chains": chains, "draws": draws, "tune": tune,
        "target_accept": target_accept,
    }  # fmt: skip
    return _tree(handle, variables, [stats for _, stats in found], json.dumps(settings))


def pilot(
    handle: CompiledModel, *, seed: int, chains: int = 2, draws: int = 70, tune: int = 30, cores: int = 2,
    target_accept: float = 0.9, told: Told | None = None,
) -> tuple[np.ndarray, float]:  # fmt: skip
    """Draws of the parameters as the whitened model has them, to mend its whitening, and the step size they took.

    The arguments are those of `sample_nearly_normal`; the draws are (chain times draw, parameter).
    """
    from threadpoolctl import threadpool_limits

    done = _Count(chains * (tune + draws), told)

    def one(number: int) -> _Kept:
        chain = _started(handle, np.random.default_rng([seed, number]))
        tuning = _StepSearch(target_accept, USUAL_STEP)
        return _run(chain, draws=draws, tune=tune, tuning=tuning, done=done)

    with threadpool_limits(limits=1), kept_memory(), ThreadPoolExecutor(max(1, cores)) as pool:
        found = list(pool.map(one, range(chains)))
    step = float(np.mean([stats["step_size"] for _, stats in found]))
    return np.concatenate([places for places, _ in found]), step


def find_and_mend(
    handle: CompiledModel, *, seed: int, cores: int = 2, target_accept: float = 0.9,
    progress: Callable[[str, float], None] | None = None,
) -> Whitening:  # fmt: skip
    """The whitening by the curvature at the mode (`find_whitening`), mended by a pilot run of two chains."""
    first = find_whitening(handle, cores=cores, progress=progress)
    return mend(handle, first, seed=seed, cores=cores, target_accept=target_accept, progress=progress)


def mend(
    handle: CompiledModel, whitening: Whitening, *, seed: int, cores: int = 2, target_accept: float = 0.9,
    progress: Callable[[str, float], None] | None = None,
) -> Whitening:  # fmt: skip
    """A whitening moved and widened to where a pilot run of two chains was."""
    tell = progress or (lambda _step, _share: None)
    places, step = pilot(
        whiten(handle, whitening), seed=seed, cores=cores, target_accept=target_accept,
        told=lambda done, whole: tell("pilot", done / whole),
    )  # fmt: skip
    return mended(whitening, places, step=step)


class _Count:
    """Draws done, over threads."""

    def __init__(self, whole: int, told: Told | None) -> None:
        self.whole, self.told, self.done = whole, told, 0

    def add(self) -> None:
        self.done += 1
        if self.told is not None:
            self.told(min(self.done, self.whole), self.whole)


def _started(handle: CompiledModel, rng: np.random.Generator) -> _Chain:
    density = log_density(handle)
    start = JITTER * rng.standard_normal(int(handle.compiled.n_dim))
    log_p, gradient = density(start)
    if not (math.isfinite(log_p) and np.isfinite(gradient).all()):
        raise ModelError("the log density is not finite at the start of a chain. Check the data of the registry.")
    return _Chain(density, rng, start, log_p, gradient)


def _run(chain: _Chain, *, draws: int, tune: int, tuning: _StepSearch, done: _Count) -> _Kept:
    """The places after tuning. Their room is taken before: pieces in between would break up the memory of gradients."""
    places = np.empty((draws, len(chain.place)))
    for _ in range(tune):
        step, steps = _trajectory(tuning.step(), chain.rng)
        tuning.learn(step, chain.move(step, steps))
        done.add()
    chain.stats.clear()
    found = tuning.step()
    for n in range(draws):
        chain.move(*_trajectory(found, chain.rng))
        places[n] = chain.place
        done.add()
    return places, chain.stats


def _stored(handle: CompiledModel, found: list[np.ndarray], pool: ThreadPoolExecutor) -> dict[str, np.ndarray]:
    """Every stored variable at the places (draw, parameter) of each chain; (chain, draw, ...)."""

    def expander() -> Callable[[np.ndarray], dict[str, np.ndarray]]:
        return partial(handle.compiled._make_expand_func(0, 0, 0), **handle.compiled._shared_data)

    shapes = {name: np.asarray(value) for name, value in expander()(found[0][0]).items()}
    out = {name: np.empty((len(found), len(found[0]), *one.shape), one.dtype) for name, one in shapes.items()}

    def fill(chain: int) -> None:
        expand = expander()
        for draw, place in enumerate(found[chain]):
            for name, value in expand(place).items():
                out[name][chain, draw] = value

    list(pool.map(fill, range(len(found))))
    return out


def _trajectory(step: float, rng: np.random.Generator) -> tuple[float, int]:
    """Step of the next trajectory and their number: as near to a quarter turn as whole steps come."""
    steps = min(max(1, round(TURN / step)), MOST_STEPS)
    return min(step, TURN) * (1.0 + UNEVEN * (2.0 * rng.random() - 1.0)), steps


def _tree(
    handle: CompiledModel, stored: dict[str, np.ndarray], stats_of: list[dict[str, list[float]]], sampler: str
) -> xr.DataTree:
    """Chains as a tree with the dims and labels of the model."""
    import xarray as xr

    coords: dict[str, Any] = dict(handle.compiled.coords)
    dims = handle.compiled.dims
    variables = {}
    for name, values in stored.items():
        own = dims.get(name) or tuple(f"{name}_dim_{i}" for i in range(values.ndim - 2))
        variables[name] = (("chain", "draw", *own), values)
    used = {dim for dims_, _ in variables.values() for dim in dims_}
    stats = {name: (("chain", "draw"), np.array([one[name] for one in stats_of])) for name in stats_of[0]}
    chains, draws = stats["logp"][1].shape
    index = {"chain": np.arange(chains), "draw": np.arange(draws)}
    posterior = xr.Dataset(variables, {**index, **{dim: list(labels) for dim, labels in coords.items() if dim in used}})
    stats["diverging"] = (("chain", "draw"), stats["diverging"][1].astype(bool))
    stats["n_steps"] = (("chain", "draw"), stats["n_steps"][1].astype(int))
    tree = xr.DataTree.from_dict({"posterior": posterior, "sample_stats": xr.Dataset(stats, index)})
    tree.attrs["sampler"] = sampler
    return tree
