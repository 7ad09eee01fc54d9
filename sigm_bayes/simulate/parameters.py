"""The true parameters of a simulation: one draw of a released posterior, kept beside what was simulated from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from sigm_bayes.errors import InputError, Problem

Truth = Mapping[str, np.ndarray]
"""Every parameter by its name in `priors.toml`, without a draw axis."""


class HasParameters(Protocol):
    """The part of a loaded model that is needed here."""

    @property
    def parameters(self) -> Mapping[str, np.ndarray]:
        """Every parameter by name, (draw, ...)."""
        ...


def draw_parameters(model: HasParameters, *, seed: int, draw: int | None = None) -> dict[str, np.ndarray]:
    """Take one posterior draw as the truth.

    Parameters
    ----------
    model : a loaded model
    seed : int
        Chooses the draw where `draw` is None.
    draw : int, optional
        Index of the draw.

    Returns
    -------
    dict
        Parameter name to array over its own dims.

    Raises
    ------
    InputError
        If there is no such draw.
    """
    draws = {name: np.asarray(values) for name, values in model.parameters.items()}
    count = min(len(values) for values in draws.values())
    at = int(np.random.default_rng(seed).integers(count)) if draw is None else draw
    if not 0 <= at < count:
        raise InputError([Problem("draw", draw, f"the posterior has draws 0 to {count - 1}", "Choose one of them.")])
    return {name: np.array(values[at], dtype=float) for name, values in draws.items()}


def to_document(parameters: Truth) -> dict[str, Any]:
    """Parameters as nested lists of numbers, for a JSON file; nothing is lost."""
    return {name: np.asarray(value).tolist() for name, value in sorted(parameters.items())}


def from_document(document: Any, *, like: Mapping[str, tuple[int, ...]], source: str) -> dict[str, np.ndarray]:
    """Read back what `to_document` gave.

    Parameters
    ----------
    document : mapping of name to nested lists
    like : mapping
        Shape that each parameter must have; all of them must be there.
    source : str
        Name of the file, for messages.

    Raises
    ------
    InputError
        With every parameter that is missing, of another shape, or not finite numbers.
    """
    remedy = "Use a parameters.json that `sigm simulate` wrote for this model."
    if not isinstance(document, dict):
        raise InputError([Problem("parameters", None, "are not a table of numbers", remedy)], source=source)
    problems: list[Problem] = []
    out: dict[str, np.ndarray] = {}
    for name, shape in like.items():
        try:
            value = np.array(document[name], dtype=float)
        except (KeyError, TypeError, ValueError):
            problems.append(Problem(f"parameters.{name}", None, "is missing or not numbers", remedy))
            continue
        if value.shape != shape or not np.isfinite(value).all():
            message = f"expected finite numbers of shape {shape}, found shape {value.shape}"
            problems.append(Problem(f"parameters.{name}", None, message, remedy))
        out[name] = value
    if problems:
        raise InputError(problems, source=source)
    return out
