"""IgM by age of a registry over the reference curves (needs matplotlib)."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from sigm_bayes.reference.curves import AnalyteCurve
    from sigm_bayes.registry import Registry

BLUE, VERMILION, GREY = "#0072B2", "#D55E00", "#8C8C8C"
SHOWN = 4000
"""People drawn; of more, so many at random."""
SHIFT_YEARS = 0.1
TICKS = (0.5, 1, 2, 5, 10, 18, 40, 70, 100)
LEVELS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)


def plot_registry_levels(registry: Registry, curve: AnalyteCurve, *, seed: int = 20261122) -> Any:
    """Draw the first IgM of every person by age, with the median and central 95% of healthy people.

    Parameters
    ----------
    registry : Registry
    curve : AnalyteCurve
        Of IgM.
    seed : int
        Of the choice of people where there are many.

    Returns
    -------
    matplotlib.figure.Figure
        Age on a shifted log axis, IgM in mg/dL on a log axis.
    """
    from matplotlib.figure import Figure

    level, censored = first_igm(registry)
    chosen = np.arange(registry.size)
    if registry.size > SHOWN:
        chosen = np.random.default_rng(seed).choice(registry.size, SHOWN, replace=False)
    figure = Figure(figsize=(9.0, 5.0), layout="constrained")
    axes = figure.add_subplot()
    for kind, marker, colour, label in (
        (~censored, "o", BLUE, "result"),
        (censored, "v", VERMILION, "printed as a limit (<, >): drawn at the limit"),
    ):
        here = chosen[kind[chosen]]
        at = np.log(registry.age_years[here] + SHIFT_YEARS)
        axes.scatter(at, level[here], s=9, marker=marker, color=colour, alpha=0.35, linewidths=0, label=label)
    ages = np.geomspace(0.5, 100.0, 200)
    at = np.log(ages + SHIFT_YEARS)
    axes.plot(at, curve.median(ages), color="black", linewidth=1.8, label="median of healthy people")
    axes.plot(at, curve.lower_limit(ages), color="black", linewidth=1.2, linestyle="--", label="their central 95%")
    axes.plot(at, curve.upper_limit(ages), color="black", linewidth=1.2, linestyle="--")
    axes.set_yscale("log")
    axes.set_xticks(np.log(np.array(TICKS) + SHIFT_YEARS), [f"{tick:g}" for tick in TICKS])
    axes.set_yticks(LEVELS, [f"{tick:,}" for tick in LEVELS])
    axes.set_yticks([], minor=True)
    axes.set_ylim(max(min(level.min(initial=20.0), 10.0) / 1.3, 0.5), max(level.max(initial=400.0), 500.0) * 1.2)
    axes.set_xlabel("age, years (logarithmic)")
    axes.set_ylabel("serum IgM, mg/dL (logarithmic; 100 mg/dL = 1 g/L)")
    axes.set_title(finding(registry, curve), loc="left", fontsize=11, fontweight="bold")
    axes.grid(visible=True, color="#DDDDDD", linewidth=0.5)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.legend(loc="upper left", fontsize=8, framealpha=0.95)
    return figure


def finding(registry: Registry, curve: AnalyteCurve) -> str:
    """Return the figure's title: the share of people below the lower limit of their age and sex."""
    below = below_limit(registry, curve)
    drawn = f" ({SHOWN:,} of {registry.size:,} people drawn)" if registry.size > SHOWN else ""
    share = 100.0 * below.mean() if below.size else 0.0
    return f"{share:.1f}% of first IgM results lie below the 2.5th centile for age and sex{drawn}"


def first_igm(registry: Registry) -> tuple[Any, Any]:
    """Return the first IgM of every person in mg/dL and whether it is printed as a limit; shape (person,) each."""
    igm = np.flatnonzero(registry.samples["analyte"] == 0)
    _, first = np.unique(registry.samples["person"][igm], return_index=True)
    return registry.samples["value"][igm[first]], registry.samples["comparator"][igm[first]] != 0


def below_limit(registry: Registry, curve: AnalyteCurve) -> Any:
    """Return which people's first IgM lies below the 2.5th centile of their age and sex, shape (person,)."""
    level, _ = first_igm(registry)
    male = np.where(registry.sex < 0, 0.5, registry.sex)
    out = np.empty(registry.size, dtype=bool)
    for start in range(0, registry.size, 50_000):
        part = slice(start, start + 50_000)
        out[part] = level[part] < curve.lower_limit(np.minimum(registry.age_years[part], 100.0), male[part])
    return out


def registry_levels_svg(registry: Registry) -> str:
    """Return the figure as SVG text that can stand in a page."""
    import matplotlib

    from sigm_bayes.reference import load_curves

    stream = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "sigm_bayes", "svg.fonttype": "path"}):
        figure = plot_registry_levels(registry, load_curves()["IgM"])
        for collection in figure.axes[0].collections:
            collection.set_rasterized(registry.size > 500)
        figure.savefig(stream, format="svg", metadata={"Date": None}, dpi=130)
    text = stream.getvalue()
    return text[text.index("<svg") :]
