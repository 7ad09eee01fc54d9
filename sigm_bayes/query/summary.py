"""From draws to what is shown: mean, interval, natural frequencies."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

INTERVAL_LEVEL = 0.9
INTERVAL_KIND = "equal-tailed, parameter uncertainty"
Band = dict[str, float]
_ROUNDING = 1e-9
"""By so little a sum of weights may miss a level because it is rounded."""


def band(draws: np.ndarray, weights: np.ndarray | None = None) -> Band:
    """Mean and equal-tailed 90 % interval of a probability over draws; weights (draw,), None: all alike."""
    return bands(draws[None, :], weights)[0]


def bands(rows: np.ndarray, weights: np.ndarray | None = None) -> list[Band]:
    """`band` of every row.

    Parameters
    ----------
    rows : (row, draw)
    weights : (draw,) or (row, draw), optional
        Sum to 1 over draws; by default all alike.

    Notes
    -----
    A quantile is the smallest draw up to which the weights reach its level: a draw of weight 2/n counts as one that is
    there twice among n.
    """
    tail = 0.5 * (1.0 - INTERVAL_LEVEL)
    if weights is None:
        ordered = np.sort(rows, axis=-1)
        means, n = rows.mean(axis=-1), rows.shape[1]
        ends = [ordered[:, min(math.ceil(level * n - _ROUNDING), n) - 1] for level in (tail, 1.0 - tail)]
    else:
        means = rows @ weights if weights.ndim == 1 else (rows * weights).sum(axis=-1)
        order = np.argsort(rows, axis=-1)
        own = weights[order] if weights.ndim == 1 else np.take_along_axis(weights, order, axis=-1)
        reached, row = np.cumsum(own, axis=-1), np.arange(len(rows))
        places = ((reached < level - _ROUNDING).sum(axis=-1) for level in (tail, 1.0 - tail))
        ends = [rows[row, order[row, np.minimum(place, rows.shape[1] - 1)]] for place in places]
    return [
        {"mean": float(m), "lower": float(min(a, m)), "upper": float(max(b, m))}
        for m, a, b in zip(means, *ends, strict=True)
    ]


def class_bands(draws: Mapping[str, np.ndarray], weights: np.ndarray | None = None) -> dict[str, Band]:
    """Bands of all classes."""
    return dict(zip(draws, bands(np.array(list(draws.values())), weights), strict=True))


def natural_frequencies(means: Mapping[str, float], *, of: int = 1000) -> dict[str, int]:
    """Whole people of `of`, rounded so that they add up (largest remainder)."""
    exact = {name: of * value for name, value in means.items()}
    counts = {name: int(np.floor(value)) for name, value in exact.items()}
    left = of - sum(counts.values())
    for name in sorted(exact, key=lambda n: counts[n] - exact[n])[:left]:
        counts[name] += 1
    return {"of": of, **counts}
