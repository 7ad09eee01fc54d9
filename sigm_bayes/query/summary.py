"""From draws to what is shown: mean, interval, natural frequencies."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

INTERVAL_LEVEL = 0.9
INTERVAL_KIND = "equal-tailed, parameter uncertainty"
Band = dict[str, float]


def band(draws: np.ndarray) -> Band:
    """Mean and equal-tailed 90 % interval of a probability over draws."""
    tail = 0.5 * (1.0 - INTERVAL_LEVEL)
    ordered = np.sort(draws)  # quicker than numpy.quantile, which is called some fifty times an answer
    lower, upper = np.interp(
        [tail * (len(ordered) - 1), (1.0 - tail) * (len(ordered) - 1)], np.arange(len(ordered)), ordered
    )
    mean = float(draws.mean())
    return {"mean": mean, "lower": float(min(lower, mean)), "upper": float(max(upper, mean))}


def class_bands(draws: Mapping[str, np.ndarray]) -> dict[str, Band]:
    """Bands of all classes."""
    return {name: band(values) for name, values in draws.items()}


def natural_frequencies(means: Mapping[str, float], *, of: int = 1000) -> dict[str, int]:
    """Whole people of `of`, rounded so that they add up (largest remainder)."""
    exact = {name: of * value for name, value in means.items()}
    counts = {name: int(np.floor(value)) for name, value in exact.items()}
    left = of - sum(counts.values())
    for name in sorted(exact, key=lambda n: counts[n] - exact[n])[:left]:
        counts[name] += 1
    return {"of": of, **counts}
