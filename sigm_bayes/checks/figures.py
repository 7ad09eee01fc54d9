"""Figures of the checks as SVG text (needs matplotlib)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sigm_bayes.checks.sbc import Uniformity
from sigm_bayes.plots.decision_curve import GRID, PALETTE, STYLES
from sigm_bayes.plots.evaluation_svg import svg_text


def ecdf_figure(
    tested: Uniformity, limits: tuple[np.ndarray, np.ndarray], names: Sequence[str], chosen: Sequence[int], *,
    replicates: int,
) -> str:  # fmt: skip
    """Draw the ECDF of ranks less the uniform one, with the simultaneous 99% band of one quantity."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 4.6), layout="constrained")
    axes = figure.add_subplot()
    x = tested.points
    axes.fill_between(x, limits[0] - x, limits[1] - x, color=GRID, label="99% band of one quantity")
    for n, (name, k) in enumerate(zip(names, chosen, strict=True)):
        colour, style = PALETTE[n % len(PALETTE)], STYLES[n % len(STYLES)]
        axes.plot(x, tested.ecdf[:, k] - x, color=colour, linestyle=style, linewidth=1.6, label=name)
    axes.axhline(0.0, color="black", linewidth=0.8)
    axes.set_xlabel("rank of the truth among the draws, as a share")
    axes.set_ylabel("share of replicates below it,\nless what is expected")
    outside = int((tested.p_value < 0.01).sum())
    title = f"{outside} of {len(tested.p_value)} quantities leave their own 99% band in {replicates} replicates"
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return svg_text(figure, alt=f"Differences of rank ECDFs. {title}", prefix="sbc")


def left_out_figure(items: Sequence[Mapping[str, Any]], *, coverage: str) -> str:
    """Draw where every two-sided published number lies in the interval that the other studies predict."""
    from matplotlib.figure import Figure

    place = np.sort([_place(item) for item in items])
    figure = Figure(figsize=(9.0, 3.4), layout="constrained")
    axes = figure.add_subplot()
    axes.axhspan(-1.0, 1.0, color=GRID, alpha=0.6, label="90% predictive interval")
    x = np.arange(len(place))
    out = np.abs(place) > 1.0
    axes.plot(x[~out], place[~out], "o", color=PALETTE[0], markersize=4, label="inside")
    axes.plot(x[out], place[out], "D", color=PALETTE[1], markersize=5, label="outside")
    axes.axhline(0.0, color="black", linewidth=0.8)
    axes.set_xlabel("published numbers, from the lowest against their prediction to the highest")
    axes.set_ylabel("distance from the predicted\nmedian, in half-intervals")
    title = f"{coverage} of the published numbers lie where the other studies say"
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold")
    axes.legend(fontsize=9, frameon=False, loc="upper left")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return svg_text(figure, alt=f"{title}. {int(out.sum())} lie outside.", prefix="left-out")


FARTHEST = 4.0
"""Half-intervals beyond which a point is drawn at the edge."""


def _place(item: Mapping[str, Any]) -> float:
    """Distance of the published number from the median, 1 at the end of the interval on its side."""
    gap = item["published"] - item["median"]
    half = item["high"] - item["median"] if gap > 0.0 else item["median"] - item["low"]
    if half <= 0.0:
        return 0.0 if gap == 0.0 else float(np.sign(gap) * FARTHEST)
    return float(np.clip(gap / half, -FARTHEST, FARTHEST))


def sensitivity_figure(
    patients: Sequence[str], values: Mapping[str, np.ndarray], *, threshold: float, title: str
) -> str:  # fmt: skip
    """Draw the sensitivity of every patient's answer to some priors and to the likelihood."""
    from matplotlib.figure import Figure

    markers = ("o", "s", "^", "D", "v", "P")
    figure = Figure(figsize=(9.0, 1.2 + 0.38 * len(patients)), layout="constrained")
    axes = figure.add_subplot()
    y = np.arange(len(patients))
    for n, (name, column) in enumerate(values.items()):
        axes.plot(column, y, markers[n % 6], color=PALETTE[n % 6], markersize=6, linestyle="none", label=name)
    axes.axvline(threshold, color="black", linewidth=0.9, linestyle="--", label=f"{threshold:g}: called sensitive")
    axes.set_yticks(y, patients)
    axes.set_ylim(len(patients) - 0.5, -0.5)
    axes.set_xlim(left=0.0)
    axes.set_xlabel("power-scaling sensitivity of P(primary), per doubling")
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold")
    axes.grid(axis="x", color=GRID, linewidth=0.5)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return svg_text(figure, alt=title, prefix="power")
