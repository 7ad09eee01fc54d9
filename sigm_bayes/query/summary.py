"""From draws to what is shown: mean, interval, natural frequencies."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

INTERVAL_LEVEL = 0.9
INTERVAL_KIND = "equal-tailed, parameter uncertainty"
Band = dict[str, float]


def band(draws: np.ndarray) -> Band:
    """Mean and equal-tailed 90 % interval of a probability over draws."""
    return bands(draws[None, :])[0]


def bands(rows: np.ndarray) -> list[Band]:
    """`band` of every row; (row, draw)."""
    ordered = np.sort(rows, axis=-1)  # quicker than numpy.quantile, which is asked for some fifty rows an answer
    tail = 0.5 * (1.0 - INTERVAL_LEVEL) * (rows.shape[1] - 1)
    lower, upper = (_between(ordered, place) for place in (tail, rows.shape[1] - 1 - tail))
    return [
        {"mean": float(m), "lower": float(min(a, m)), "upper": float(max(b, m))}
        for m, a, b in zip(rows.mean(axis=-1), lower, upper, strict=True)
    ]


def _between(ordered: np.ndarray, place: float) -> np.ndarray:
    """Value at a place between two columns; (row, column) -> (row,)."""
    at = min(int(place), ordered.shape[1] - 1)
    following = ordered[:, min(at + 1, ordered.shape[1] - 1)]
    return np.asarray(ordered[:, at] + (place - at) * (following - ordered[:, at]))


def class_bands(draws: Mapping[str, np.ndarray]) -> dict[str, Band]:
    """Bands of all classes."""
    return dict(zip(draws, bands(np.array(list(draws.values()))), strict=True))


def natural_frequencies(means: Mapping[str, float], *, of: int = 1000) -> dict[str, int]:
    """Whole people of `of`, rounded so that they add up (largest remainder)."""
    exact = {name: of * value for name, value in means.items()}
    counts = {name: int(np.floor(value)) for name, value in exact.items()}
    left = of - sum(counts.values())
    for name in sorted(exact, key=lambda n: counts[n] - exact[n])[:left]:
        counts[name] += 1
    return {"of": of, **counts}
