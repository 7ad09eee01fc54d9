"""One number by group and method as points with their intervals (needs matplotlib)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sigm_bayes.plots.decision_curve import GRID, PALETTE

MARKERS = ("o", "s", "^", "D", "v", "P")
STEP = 0.13


def plot_group_scores(
    groups: Sequence[str],
    values: Mapping[str, Sequence[tuple[float, float, float] | None]],
    *,
    title: str,
    unit: str,
) -> Any:
    """Draw a point with its interval for every group and method.

    Parameters
    ----------
    groups : sequence of str
        From top to bottom.
    values : mapping of str to sequence of (value, lower, upper) or None
        By method, an entry a group; None where there is no number.
    title : str
        Says the finding.
    unit : str
        Label of the axis.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 1.4 + 0.5 * len(groups)), layout="constrained")
    axes = figure.add_subplot()
    for n, (method, entries) in enumerate(values.items()):
        shift = (n - (len(values) - 1) / 2) * STEP
        there = [(place + shift, entry) for place, entry in enumerate(entries) if entry is not None]
        if not there:
            continue
        at, shown = [y for y, _ in there], [entry for _, entry in there]
        reach = [[abs(v - low) for v, low, _ in shown], [abs(high - v) for v, _, high in shown]]
        axes.errorbar(
            [v for v, _, _ in shown],
            at,
            xerr=reach,
            fmt=MARKERS[n % len(MARKERS)],
            color=PALETTE[n % len(PALETTE)],
            markersize=5 if n == 0 else 4,
            linewidth=1.2,
            label=method,
        )
    axes.set_yticks(range(len(groups)), groups)
    axes.set_ylim(len(groups) - 0.5, -0.5)
    axes.set_xlabel(unit)
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold")
    axes.grid(visible=True, axis="x", color=GRID, linewidth=0.5)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.legend(loc="outside lower center", ncols=3, fontsize=9, frameon=False)
    return figure
