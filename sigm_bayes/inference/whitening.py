"""A linear change of variables that makes a posterior nearly a standard normal, so that NUTS takes few steps.

The target is unchanged: nutpie samples z with theta = centre + scale z, the centre a mode and the scale the inverse
square root of the curvature there.  A poor centre or scale costs steps, never correctness.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from sigm_bayes.errors import ModelError
from sigm_bayes.inference.memory import kept_memory
from sigm_bayes.inference.sampling import CompiledModel

STEP = 0.1
"""Of the differences of gradients, in units of the parameters (all priors are standard normals): the gradient of
the people is in single precision, so that a small step would measure its rounding."""
LEAST_PRECISION = 0.25
"""Directions flatter than this (a quarter of the prior's precision) are treated as this flat."""
JITTER = 0.3
USUAL_STEP = 0.3
"""With some 1,000 parameters."""
DOUBT = 40.0
"""So many draws with the mean and the width that the curvature gives are added to those that mend a whitening."""
CLEAR = 0.12
"""Widths of a logarithm nearer to 0 are left alone: two standard errors of 150 draws."""

LogDensity = Callable[[np.ndarray], tuple[float, np.ndarray]]


@dataclass(frozen=True)
class Whitening:
    """theta = centre + scale z.

    Attributes
    ----------
    centre : (parameter,)
    scale : (parameter, parameter)
        Symmetric unless mended.
    step : float
        A step size of Hamiltonian Monte Carlo on z that a pilot run found, or a usual one.
    """

    centre: np.ndarray
    scale: np.ndarray
    step: float = USUAL_STEP


def log_density(handle: CompiledModel) -> LogDensity:
    """Log posterior density and its gradient over the flat unconstrained parameters."""
    compiled = handle.compiled
    return partial(compiled._make_logp_func(), **compiled._shared_data)


def find_whitening(
    handle: CompiledModel,
    *,
    start: np.ndarray | None = None,
    like: Whitening | None = None,
    cores: int = 1,
    progress: Callable[[str, float], None] | None = None,
) -> Whitening:
    """Find a mode and the curvature there.

    Parameters
    ----------
    handle
        Compiled with the JAX back end.
    start : (parameter,)
        Default 0: the mean of the priors, or the centre of `like`.
    like : Whitening, optional
        Of the same model with similar data: its scale is kept and only the mode is looked for.
    cores
        Gradients at a time for the curvature.
    progress
        Called with the step's name and the share done.

    Raises
    ------
    ModelError
        The log density is not finite at the start.
    """
    from scipy.optimize import minimize
    from threadpoolctl import threadpool_limits

    density = log_density(handle)
    n = int(handle.compiled.n_dim)
    if start is None:
        start = np.zeros(n) if like is None else like.centre
    first = np.asarray(start, dtype=float)
    value, gradient = density(first)
    if not (np.isfinite(value) and np.isfinite(gradient).all()):
        raise ModelError(
            "the log density is not finite at the starting point. Check the data of the registry: "
            "a result that the model holds impossible has a log-likelihood of minus infinity."
        )
    done = 0

    def negative(x: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal done
        done += 1
        if progress is not None:
            progress("mode", min(done / 400.0, 1.0))
        at, slope = density(x)
        return -at, -slope

    with threadpool_limits(limits=1), kept_memory():
        found = minimize(negative, first, jac=True, method="L-BFGS-B", options={"maxiter": 1000, "maxcor": 30})
        centre = np.asarray(found.x)
        if like is not None:
            return Whitening(centre, like.scale, like.step)
        hessian = _curvature(density, centre, cores=cores, progress=progress)
    return Whitening(centre, _inverse_root(0.5 * (hessian + hessian.T)))


def mended(whitening: Whitening, places: np.ndarray, *, step: float) -> Whitening:
    """The whitening moved to where draws of the posterior are, and as wide as they are where they clearly differ.

    A curvature at the mode is wrong where the posterior is skewed or a spread is itself unknown.

    Parameters
    ----------
    places : (draw, parameter)
        Draws of z under this whitening.
    step
        Step size with which they were drawn.
    """
    n = len(places)
    sure = n / (n + DOUBT)
    log_width = 0.5 * np.log(sure * places.var(axis=0) + 1.0 - sure)
    width = np.exp(np.where(np.abs(log_width) > CLEAR, log_width, 0.0))
    centre = whitening.centre + whitening.scale @ (sure * places.mean(axis=0))
    return Whitening(centre, whitening.scale * width, step)


def measured_again(
    whitening: Whitening, handle: CompiledModel, which: np.ndarray, *, cores: int = 1
) -> Whitening:  # fmt: skip
    """The whitening with the curvature of some parameters as it is under other data of the same model.

    Where the people of a centre no longer count, nothing holds its effects but their prior: they are far wider.

    Parameters
    ----------
    handle
        The model with the other data.
    which : (changed,) int
        Parameters whose curvature, and that between them and all others, is measured again.
    """
    from threadpoolctl import threadpool_limits

    inverse = np.linalg.inv(whitening.scale)
    precision = inverse.T @ inverse
    with threadpool_limits(limits=1), kept_memory():
        rows = _curvature(log_density(handle), whitening.centre, cores=cores, which=which)
    precision[which, :] = rows
    precision[:, which] = rows.T
    precision[np.ix_(which, which)] = 0.5 * (rows[:, which] + rows[:, which].T)
    return replace(whitening, scale=_inverse_root(precision))


def _curvature(
    density: LogDensity, centre: np.ndarray, *, cores: int, progress: Callable[[str, float], None] | None = None,
    which: np.ndarray | None = None,
) -> np.ndarray:  # fmt: skip
    """Negative second derivatives by differences of gradients; (parameter, parameter), or rows of it."""
    chosen = np.arange(len(centre)) if which is None else which
    n = len(chosen)
    hessian = np.empty((n, len(centre)))
    lock = threading.Lock()
    done = 0

    def row(i: int) -> None:
        nonlocal done
        step = np.zeros(len(centre))
        step[chosen[i]] = STEP
        hessian[i] = (density(centre - step)[1] - density(centre + step)[1]) / (2.0 * STEP)
        if progress is not None:
            with lock:
                done += 1
                progress("curvature", done / n)

    with ThreadPoolExecutor(max(1, cores)) as pool:
        list(pool.map(row, range(n)))
    return hessian


def _inverse_root(precision: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(precision)
    return np.asarray((vectors / np.sqrt(np.maximum(values, LEAST_PRECISION))) @ vectors.T)


def whiten(handle: CompiledModel, whitening: Whitening) -> CompiledModel:
    """The same model over z; it is sampled, and its draws are stored, as before."""
    compiled = handle.compiled
    make_logp, make_expand = compiled._make_logp_func, compiled._make_expand_func
    centre, scale = whitening.centre, whitening.scale

    def make_logp_whitened() -> Callable[..., tuple[float, np.ndarray]]:
        logp = make_logp()

        def moved(z: np.ndarray, **shared: Any) -> tuple[float, np.ndarray]:
            value, gradient = logp(centre + scale @ z, **shared)
            return value, scale.T @ gradient

        return moved

    def make_expand_whitened(seed1: int, seed2: int, chain: int) -> Callable[..., Any]:
        expand = make_expand(seed1, seed2, chain)

        def moved(z: np.ndarray, **shared: Any) -> Any:
            return expand(centre + scale @ z, **shared)

        return moved

    def start(seed: int) -> np.ndarray:
        return JITTER * np.random.default_rng(seed).standard_normal(len(centre))

    return replace(
        handle,
        compiled=replace(
            compiled, _make_logp_func=make_logp_whitened, _make_expand_func=make_expand_whitened,
            _make_initial_points=start, _raw_logp_fn=None,
        ),
    )  # fmt: skip
