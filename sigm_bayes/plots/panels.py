"""Panels in the house style for analyses: one look, one palette, bands with their lines (needs matplotlib)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sigm_bayes.plots.drawing import CLASS_COLOURS, INK, RULE, SOFT

CLASS_STYLES = {
    "normal": ("-", "o"), "secondary": ("--", "s"), "primary": ("-", "D"), "other_immunodeficiency": (":", "^"),
}  # fmt: skip
"""Line and marker of every class: colour is never the only sign."""
CLASS_NAMES = {
    "normal": "low normal variant",
    "secondary": "secondary",
    "primary": "primary",
    "other_immunodeficiency": "another immunodeficiency",
}
SERIES = ("#0072b2", "#c84e00", "#6b6b6b", "#8f3b76", "#00795c")
"""Okabe and Ito's palette, darkened, for series that are not classes."""
SERIES_LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
SERIES_MARKERS = ("o", "s", "D", "^", "v")
WIDTH, HEIGHT = 7.6, 4.2


def panels(
    rows: int = 1, columns: int = 1, *, width: float = WIDTH, height: float = HEIGHT, title: str = "", **options: Any
) -> tuple[Any, Any]:
    """Return a figure and its axes, (row, column) or a single one.

    Parameters
    ----------
    rows, columns : int
    width, height : float
        Inches.
    title : str
        What the figure says.
    options
        Of `matplotlib.figure.Figure.subplots`, such as ``sharey``.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(rows, columns, **options)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold", color=INK, wrap=True)
    for one in np.atleast_1d(axes).ravel():
        _tidy(one)
    return figure, axes


def _tidy(axes: Any) -> None:
    axes.grid(visible=True, color=RULE, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=9, colors=SOFT)
    axes.title.set(fontsize=10)
    for axis in (axes.xaxis, axes.yaxis):
        axis.label.set(fontsize=9.5, color=INK)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def line_with_band(
    axes: Any, x: ArrayLike, values: ArrayLike, *, label: str, colour: str, style: Any = "-", alpha: float = 0.16
) -> None:
    """Draw a line with its interval.

    Parameters
    ----------
    x : (point,)
    values : (3, point)
        Mean, lower, upper; or (point,) for a line without interval.
    """
    drawn = np.asarray(values, dtype=float)
    if drawn.ndim == 2:
        axes.fill_between(x, drawn[1], drawn[2], color=colour, alpha=alpha, linewidth=0)
        drawn = drawn[0]
    axes.plot(x, drawn, color=colour, linestyle=style, linewidth=1.8, label=label)


def class_line(axes: Any, x: ArrayLike, values: ArrayLike, name: str, *, label: str | None = None) -> None:
    """Draw one class in its colour and style; arguments as `line_with_band`."""
    line_with_band(
        axes, x, values, label=label or CLASS_NAMES[name], colour=CLASS_COLOURS[name], style=CLASS_STYLES[name][0]
    )


def points_with_interval(
    axes: Any, at: ArrayLike, values: ArrayLike, *, label: str, colour: str, marker: str = "o", across: bool = True
) -> None:
    """Draw points with their intervals.

    Parameters
    ----------
    at : (point,)
        Position on the other axis.
    values : (3, point)
        Mean, lower, upper.
    across : bool
        Values along the horizontal axis; otherwise along the vertical one.
    """
    drawn = np.asarray(values, dtype=float)
    reach = np.abs(drawn[1:] - drawn[0])
    x, y, error = (drawn[0], at, {"xerr": reach}) if across else (at, drawn[0], {"yerr": reach})
    axes.errorbar(
        x, y, **error, fmt=marker, color=colour, markersize=5, linewidth=1.2, capsize=2, label=label, linestyle="none"
    )


def percent_axis(axis: Any, *, ticks: Sequence[float] | None = None) -> None:
    """Print an axis of shares as percentages.

    Parameters
    ----------
    axis : matplotlib axis
        ``axes.xaxis`` or ``axes.yaxis``.
    ticks : sequence of float, optional
        Shares to name.
    """
    if ticks is not None:
        axis.set_ticks(ticks, [f"{100 * t:g}%" for t in ticks])
        axis.set_ticks([], minor=True)
    else:
        axis.set_major_formatter(lambda value, _: f"{100 * value:g}%")


def level_axis(axis: Any, ticks: Sequence[float]) -> None:
    """Name levels on a logarithmic axis of mg/dL."""
    axis.axes.set_xscale("log") if axis.axis_name == "x" else axis.axes.set_yscale("log")
    axis.set_ticks(ticks, [f"{t:g}" for t in ticks])
    axis.set_ticks([], minor=True)


def legend(axes: Any, **options: Any) -> None:
    """Add a small legend inside the axes."""
    axes.legend(**{"fontsize": 8.5, "framealpha": 0.9, "edgecolor": RULE, **options})


def legend_below(figure: Any, axes: Any, *, columns: int = 4) -> None:
    """Add the legend of one panel below the whole figure, where it hides nothing."""
    figure.legend(
        *axes.get_legend_handles_labels(), loc="outside lower center", ncols=columns, fontsize=8.5, frameon=False
    )
