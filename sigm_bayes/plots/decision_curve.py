"""Decision curves: net benefit of acting on a probability, by threshold (needs matplotlib)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
GREY, GRID = "#555555", "#DDDDDD"
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito: told apart with colour blindness; the line styles differ too."""
STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)))
PER = 1000
LOWEST_SHARE = 0.25
"""How far below zero the axis goes, of its height above zero."""


@dataclass(frozen=True)
class NetBenefit:
    """Net benefit of one way to act, by threshold; shape (threshold,) each. `lower` and `upper` where drawn."""

    name: str
    value: FloatArray
    lower: FloatArray | None = None
    upper: FloatArray | None = None


def plot_decision_curve(
    thresholds: FloatArray, lines: Sequence[NetBenefit], everybody: FloatArray, *, title: str, event: str
) -> Any:
    """Draw the curves.

    Parameters
    ----------
    thresholds : ndarray, shape (threshold,)
    lines : sequence of NetBenefit
        The first stands out.
    everybody : ndarray, shape (threshold,)
        Net benefit of acting on all.
    title : str
        Says the finding.
    event : str
        The class that is acted for.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    figure = Figure(figsize=(9.0, 5.0), layout="constrained")
    axes = figure.add_subplot()
    for n, line in enumerate(lines):
        colour, style = PALETTE[n % len(PALETTE)], STYLES[n % len(STYLES)]
        if line.lower is not None and line.upper is not None:
            axes.fill_between(thresholds, PER * line.lower, PER * line.upper, color=colour, alpha=0.15, linewidth=0)
        width = 2.2 if n == 0 else 1.5
        axes.plot(thresholds, PER * line.value, color=colour, linestyle=style, linewidth=width, label=line.name)
    axes.plot(thresholds, PER * everybody, color=GREY, linewidth=1.2, label="act on everybody")
    axes.axhline(0.0, color="black", linewidth=1.2, label="act on nobody")
    top = PER * max([float(line.value.max()) for line in lines] + [float(everybody.max()), 1e-3])
    axes.set_ylim(-LOWEST_SHARE * top, 1.15 * top)
    axes.set_xlim(float(thresholds[0]), float(thresholds[-1]))
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_xlabel(f"threshold: act where P({event}) is at least this")
    axes.set_ylabel(f"net benefit: cases found less their price in\nneedless work-ups, per {PER:,} people")
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold")
    axes.grid(visible=True, color=GRID, linewidth=0.5)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.legend(fontsize=9, frameon=False, loc="upper right")
    return figure
