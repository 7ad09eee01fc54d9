"""The reference curves against the published tables, one figure an analyte (needs matplotlib).

Run as ``python -m sigm_bayes.plots.reference_curves`` to redraw ``docs/figures/reference-*.svg``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sigm_bayes.paths import data_dir
from sigm_bayes.reference.curves import AnalyteCurve, load_curves
from sigm_bayes.reference.tables import TableRow, load_tables

# Okabe and Ito's palette suits any colour vision; line styles repeat the distinction for print.
BLUE, VERMILION, GREY, BLACK = "#0072B2", "#D55E00", "#8C8C8C", "#000000"
AGE_TICKS = {
    0: "birth",
    1 / 12: "1 mo",
    0.25: "3 mo",
    0.5: "6 mo",
    1: "1 y",
    2: "2",
    5: "5",
    10: "10",
    18: "18",
}
AGE_TICKS |= {40: "40", 70: "70", 100: "100 y"}
LEVEL_TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)
SHIFT_YEARS = 0.1


def plot_reference_curve(curve: AnalyteCurve, rows: Sequence[TableRow], *, seed: int = 1) -> Any:
    """Draw the median and the central 95% by age, each with its 90% uncertainty, over the printed limits.

    Parameters
    ----------
    curve : AnalyteCurve
    rows : sequence of TableRow
        Rows of that analyte, fitted or not.
    seed : int
        Of the draws behind the uncertainty bands.

    Returns
    -------
    matplotlib.figure.Figure
        Age on a shifted log axis, level in mg/dL on a log axis.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 5.6), layout="constrained")
    axes = figure.add_subplot()
    _draw_tables(axes, rows)
    _draw_curve(axes, curve, seed=seed)
    axes.set_xticks([_position(age) for age in AGE_TICKS], list(AGE_TICKS.values()))
    axes.set_yscale("log")
    low, high = _level_range(rows)
    axes.set_ylim(low, high)
    ticks = [tick for tick in LEVEL_TICKS if low <= tick <= high]
    axes.set_yticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.set_yticks([], minor=True)
    axes.set_xlim(_position(0) - 0.05, _position(100))
    axes.set_xlabel("age (axis: ln of age + 0.1 y)")
    axes.set_ylabel(f"serum {curve.analyte}, mg/dL (log axis; 100 mg/dL = 1 g/L)")
    axes.grid(visible=True, color="#DDDDDD", linewidth=0.5)
    axes.set_title(finding(curve), loc="left", fontsize=11, fontweight="bold")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.legend(loc="lower right", fontsize=8, framealpha=0.95)
    return figure


def finding(curve: AnalyteCurve) -> str:
    """Return the figure's title: what the curve says, computed from it."""
    ages = np.linspace(0.0, 2.0, 401)
    median = curve.median(ages)
    adult, spread = float(curve.median(45.0)), float(curve.sd(45.0))
    limits = f"{float(curve.lower_limit(45.0)):.0f} to {float(curve.upper_limit(45.0)):.0f}"
    if curve.analyte == "IgG":
        bottom = int(np.argmin(median))
        return (
            f"IgG falls from {median[0]:.0f} mg/dL at birth (maternal) to {median[bottom]:.0f} at "
            f"{12 * ages[bottom]:.0f} months,\nthen rises to {adult:.0f} in adults (central 95%: {limits})"
        )
    half = float(np.interp(adult / 2.0, curve.median(np.linspace(0, 20, 2001)), np.linspace(0, 20, 2001)))
    reach = f"{12 * half:.0f} months" if half < 2 else f"{half:.0f} years"
    return (
        f"{curve.analyte} rises from {float(median[0]):.2g} mg/dL at birth to half the adult median "
        f"at {reach};\n"
        f"adults at 45 y: median {adult:.0f} mg/dL, central 95% {limits}, SD of ln {spread:.2f}"
    )


def _position(age: Any) -> Any:
    return np.log(np.asarray(age, dtype=float) + SHIFT_YEARS)


def _level_range(rows: Sequence[TableRow]) -> tuple[float, float]:
    """Range of the level axis: a little beyond the printed limits."""
    low = min(row.low_mg_dl for row in rows if row.low_mg_dl is not None)
    high = max(row.high_mg_dl for row in rows if row.high_mg_dl is not None)
    return low / 1.3, high * 1.3


def _draw_tables(axes: Any, rows: Sequence[TableRow]) -> None:
    """Printed limits as segments over their ages: central ranges, extremes, rows that are not fitted."""
    kinds = (
        ("printed limit of a central range", GREY, "-", 0.9, lambda r: r.fitted and r.statistic != "minmax"),
        ("printed minimum or maximum", VERMILION, ":", 1.1, lambda r: r.fitted and r.statistic == "minmax"),
        ("printed, not fitted (recalled or a shifted copy)", GREY, (0, (1, 3)), 0.7, lambda r: not r.fitted),
    )
    for label, colour, style, width, chosen in kinds:
        for row in filter(chosen, rows):
            ages = _position([row.age_from_years, min(row.age_to_years, 100.0)])
            for limit in (row.low_mg_dl, row.high_mg_dl):
                if limit is not None:
                    axes.plot(
                        ages,
                        [limit, limit],
                        color=colour,
                        linestyle=style,
                        linewidth=width,
                        label=label,
                        zorder=1,
                    )
                    label = "_hidden"


def _draw_curve(axes: Any, curve: AnalyteCurve, *, seed: int) -> None:
    ages = np.exp(np.linspace(_position(0.0), _position(100.0), 300)) - SHIFT_YEARS
    ages = np.clip(ages, 0.0, None)
    coef = curve.draws(2000, seed=seed)
    at = _position(ages)
    lines = (
        ("median", curve.median(ages), curve.median(ages, coef=coef), 2.2, "-"),
        ("2.5th and 97.5th centile", curve.lower_limit(ages), curve.lower_limit(ages, coef=coef), 1.6, "--"),
        ("_hidden", curve.upper_limit(ages), curve.upper_limit(ages, coef=coef), 1.6, "--"),
    )
    for label, centre, spread, width, style in lines:
        low, high = np.quantile(spread, [0.05, 0.95], axis=0)
        axes.fill_between(at, low, high, color=BLUE, alpha=0.25, linewidth=0, zorder=2)
        axes.plot(at, centre, color=BLUE, linewidth=width, linestyle=style, label=label, zorder=3)
    axes.fill_between([], [], [], color=BLUE, alpha=0.25, linewidth=0, label="90% uncertainty of a line")
    if curve.analyte == "IgM":
        later = ages >= 1.0
        for label, male, style in (("median of men", 1.0, "-."), ("median of women", 0.0, ":")):
            axes.plot(
                at[later],
                curve.median(ages[later], male),
                color=BLACK,
                linewidth=1.2,
                linestyle=style,
                label=label,
            )


def write_figures(folder: Path) -> list[Path]:
    """Write ``reference-igm.svg``, ``-igg.svg`` and ``-iga.svg`` into `folder`, the same bytes each time."""
    import matplotlib as mpl

    tables, written = load_tables(data_dir() / "reference"), []
    for name, curve in load_curves().analyte.items():
        figure = plot_reference_curve(curve, tables.of(name, fitted_only=False))
        path = folder / f"reference-{name.lower()}.svg"
        with mpl.rc_context({"svg.hashsalt": "sigm_bayes", "svg.fonttype": "none"}):
            figure.savefig(path, metadata={"Date": None})
        written.append(path)
    return written


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else data_dir().parent / "docs" / "figures"
    for figure_path in write_figures(target):
        sys.stderr.write(f"{figure_path}\n")
