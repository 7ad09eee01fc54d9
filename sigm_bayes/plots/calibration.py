"""Calibration curves: the share that turned out against what was predicted, a panel a class (needs matplotlib)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BLUE, VERMILION, GREY, GRID = "#0072B2", "#D55E00", "#555555", "#DDDDDD"
COLUMNS = 2
SMALLEST_AXIS = 0.05


@dataclass(frozen=True)
class CalibrationPanel:
    """One class of one method.

    Attributes
    ----------
    title : str
        Says the finding.
    bins : ndarray, shape (bin, 5)
        Mean prediction, observed share, its lower and upper end, people.
    curve : ndarray, shape (point, 4), or None
        Prediction, share that turned out, its lower and upper end.
    note : str
        Why there is no curve.
    """

    title: str
    bins: FloatArray
    curve: FloatArray | None
    note: str = ""


def plot_calibration(panels: Sequence[CalibrationPanel], *, level: float) -> Any:
    """Draw the panels.

    Parameters
    ----------
    panels : sequence of CalibrationPanel
    level : float
        Of the intervals, for the legend.

    Returns
    -------
    matplotlib.figure.Figure
        Both axes are probabilities; each panel ends where its predictions do.
    """
    from matplotlib.figure import Figure

    rows = -(-len(panels) // COLUMNS)
    figure = Figure(figsize=(9.0, 4.1 * rows + 0.5), layout="constrained")
    grid = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    for axes, panel in zip(grid, panels, strict=False):
        _panel(axes, panel, level)
    for axes in grid[len(panels) :]:
        axes.set_visible(False)
    handles, labels = grid[0].get_legend_handles_labels()
    for axes in grid[: len(panels)]:
        more = axes.get_legend_handles_labels()
        if len(more[1]) > len(labels):
            handles, labels = more
    figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=9, frameon=False)
    return figure


def _panel(axes: Any, panel: CalibrationPanel, level: float) -> None:
    end = max(SMALLEST_AXIS, float(panel.bins[:, [0, 3]].max(initial=0.0)))
    if panel.curve is not None:
        end = max(end, float(panel.curve[:, 0].max()))
    end = min(1.0, 1.05 * end)
    axes.plot([0, end], [0, end], color=GREY, linewidth=1.0, linestyle="--", label="as predicted")
    if panel.curve is not None:
        at, share, low, high = panel.curve.T
        axes.fill_between(at, low, high, color=BLUE, alpha=0.2, linewidth=0, label=f"its {level:.0%} interval")
        axes.plot(at, share, color=BLUE, linewidth=1.8, label="what turned out, smoothed")
    else:
        axes.text(0.03, 0.95, panel.note, transform=axes.transAxes, fontsize=8, color=GREY, va="top", wrap=True)
    at, share, low, high, people = panel.bins.T
    axes.errorbar(
        at,
        share,
        yerr=np.abs(np.stack([share - low, high - share])),
        fmt="o",
        color=VERMILION,
        markersize=4.5,
        linewidth=1.0,
        label=f"tenths of the people, with {level:.0%} interval",
    )
    axes.set_xlim(0.0, end)
    axes.set_ylim(0.0, end)
    axes.set_aspect("equal")
    axes.set_xlabel(f"predicted probability ({people.sum():,.0f} people)")
    axes.set_ylabel("share that turned out")
    axes.set_title(panel.title, loc="left", fontsize=10, fontweight="bold")
    axes.grid(visible=True, color=GRID, linewidth=0.5)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
