"""IgM for age: the curve of healthy people, the laboratory's own interval, and the patient's results."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sigm_bayes.plots import drawing as svg

LEFT, RIGHT, TOP, BOTTOM = 44.0, 46.0, 26.0, 242.0
SHIFT_YEARS = 0.25
"""The age axis is that of ln(age + 0.25 years): room for the first years, and for adults."""
AGES = (
    (0.5, "6 mo"),
    (1.0, "1 y"),
    (2.0, "2"),
    (5.0, "5"),
    (10.0, "10"),
    (18.0, "18"),
    (40.0, "40"),
    (100.0, "100"),
)
LEVELS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)


@dataclass(frozen=True, kw_only=True)
class Result:
    """One result: age in years, mg/dL, ``<`` or ``>`` where only a bound is known, and the printed text."""

    age_years: float
    value_mg_dl: float
    bound: str
    text: str


@dataclass(frozen=True, kw_only=True)
class AgeChart:
    """What the chart shows.

    Attributes
    ----------
    ages, median, low, high : sequence of float
        Ages in years; median, 2.5th and 97.5th centile in mg/dL.
    peers : str
        Whom the curve describes: ``healthy women``.
    results : sequence of Result
        In order; the first one is the one asked about.
    own_interval : (float, float) or None
        The laboratory's own reference interval, mg/dL.
    title : str
        What the chart says.
    """

    ages: Sequence[float]
    median: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    peers: str
    results: Sequence[Result]
    own_interval: tuple[float, float] | None
    title: str


def age_chart(chart: AgeChart, *, name: str = "age") -> str:
    """Draw the chart: age on a shifted log axis, IgM on a log axis in mg/dL (left) and g/L (right)."""
    shown = [r.value_mg_dl for r in chart.results]
    own = chart.own_interval or ()
    low = _tick_below(min([*shown, *chart.low, *(v for v in own if v > 0)]) / 1.15)
    high = _tick_above(max([*shown, *chart.high, *own]) * 1.1)
    x = svg.Scale(SHIFT_YEARS + AGES[0][0], SHIFT_YEARS + AGES[-1][0], LEFT, svg.WIDTH - RIGHT, log=True)
    y = svg.Scale(low, high, BOTTOM, TOP, log=True)
    across = [(x(age + SHIFT_YEARS)) for age in chart.ages]
    upper = [(at, y(v)) for at, v in zip(across, chart.high, strict=True)]
    lower = [(at, y(v)) for at, v in zip(across, chart.low, strict=True)]
    middle = [(at, y(v)) for at, v in zip(across, chart.median, strict=True)]
    body = [
        svg.tag(
            "path", d=svg.path(upper + lower[::-1], close=True), fill=svg.BLUE, fill_opacity=0.15, class_="fill-against"
        ),
        *_axes(x, y, low, high),
        *(
            svg.tag("path", d=svg.path(edge), fill="none", stroke=svg.BLUE, stroke_width=1.3, class_="line-secondary")
            for edge in (upper, lower)
        ),
        svg.tag("path", d=svg.path(middle), fill="none", stroke=svg.BLUE, stroke_width=2.4, class_="line-secondary"),
        *_names(chart, x, y),
        *_own(chart, x, y),
        *_results(chart, x, y),
    ]  # fmt: skip
    return svg.figure(body, name=name, title=chart.title, description=_words(chart), height=BOTTOM + 42.0)


def _tick_below(value: float) -> float:
    return max((t for t in LEVELS if t <= value), default=value)


def _tick_above(value: float) -> float:
    return min((t for t in LEVELS if t >= value), default=value)


def _axes(x: svg.Scale, y: svg.Scale, low: float, high: float) -> list[str]:
    out = []
    for level in LEVELS:
        if low <= level <= high:
            out.append(svg.line(LEFT, y(level), svg.WIDTH - RIGHT, y(level)))
            out.append(svg.text(LEFT - 5.0, y(level) + 4.0, f"{level:g}", anchor="end", size=12.0, soft=True))
            out.append(svg.text(svg.WIDTH - RIGHT + 5.0, y(level) + 4.0, f"{level / 100:g}", size=12.0, soft=True))
    for age, label in AGES:
        at = x(age + SHIFT_YEARS)
        out.append(svg.line(at, TOP, at, BOTTOM))
        out.append(svg.text(at, BOTTOM + 16.0, label, anchor="middle", size=12.0, soft=True))
    out.append(svg.text(0.0, 11.0, "mg/dL", size=12.0, soft=True))
    out.append(svg.text(svg.WIDTH, 11.0, "g/L", anchor="end", size=12.0, soft=True))
    words = "age in years (log axis); IgM on a log axis"
    out.append(svg.text((LEFT + svg.WIDTH - RIGHT) / 2.0, BOTTOM + 35.0, words, anchor="middle", size=12.0, soft=True))
    return out


def _names(chart: AgeChart, x: svg.Scale, y: svg.Scale) -> list[str]:
    """Name the lines where the patient is not: at the right end, or at the left one for old people."""
    at_age = 60.0 if chart.results[0].age_years < 25.0 else 3.0
    near = min(range(len(chart.ages)), key=lambda n: abs(chart.ages[n] - at_age))
    place = x(chart.ages[near] + SHIFT_YEARS)
    rows = ((chart.high, "97.5th centile", -6.0), (chart.median, "median", -6.0), (chart.low, "2.5th centile", 15.0))
    return [
        svg.text(place, y(curve[near]) + shift, words, anchor="middle", size=11.5, soft=True)
        for curve, words, shift in rows
    ]


def _own(chart: AgeChart, x: svg.Scale, y: svg.Scale) -> list[str]:
    if chart.own_interval is None:
        return []
    at = x(chart.results[0].age_years + SHIFT_YEARS)
    left = at > svg.WIDTH / 2.0
    top, bottom = y(chart.own_interval[1]), y(max(chart.own_interval[0], 1e-9))
    return [
        svg.line(at, top, at, bottom, class_="ink"),
        *(svg.line(at - 5.0, end, at + 5.0, end, class_="ink") for end in (top, bottom)),
        svg.text(
            at + (-8.0 if left else 8.0),
            0.25 * top + 0.75 * bottom + 4.0,
            "laboratory's interval",
            anchor="end" if left else "start",
            size=11.5,
        ),
    ]


def _results(chart: AgeChart, x: svg.Scale, y: svg.Scale) -> list[str]:
    out = []
    points = [(x(r.age_years + SHIFT_YEARS), y(r.value_mg_dl)) for r in chart.results]
    for n, ((at, height), result) in enumerate(zip(points, chart.results, strict=True)):
        radius = 5.5 if n == 0 else 4.0
        hollow = bool(result.bound)
        out.append(
            svg.tag(
                "circle", cx=at, cy=height, r=radius, fill=svg.PAPER if hollow else svg.VERMILION,
                stroke=svg.VERMILION, stroke_width=2.0, class_="mark-hollow" if hollow else "mark",
            )
        )  # fmt: skip
        if hollow:
            down = 1.0 if result.bound == "<" else -1.0
            tip = height + down * (radius + 12.0)
            out.append(svg.tag("path", d=_arrow(at, height + down * radius, tip, down), fill="none",
                               stroke=svg.VERMILION, stroke_width=2.0, class_="line-primary"))  # fmt: skip
    at, height = points[0]
    left = at > svg.WIDTH - RIGHT - 90.0
    words = f"IgM {chart.results[0].text}"
    out.append(
        svg.text(at + (-10.0 if left else 10.0), height + 4.5, words, anchor="end" if left else "start", bold=True)
    )
    return out


def _arrow(at: float, start: float, tip: float, down: float) -> str:
    n = svg.number
    back = tip - down * 5.0
    return f"M{n(at)},{n(start)}V{n(tip)}M{n(at - 4.0)},{n(back)}L{n(at)},{n(tip)}L{n(at + 4.0)},{n(back)}"


def _words(chart: AgeChart) -> str:
    said = "; ".join(f"{r.text} at {r.age_years:.3g} years" for r in chart.results)
    first = chart.results[0]
    near = min(range(len(chart.ages)), key=lambda n: abs(math.log((chart.ages[n] + 0.1) / (first.age_years + 0.1))))
    curve = (
        f"Median {chart.median[near]:.0f} mg/dL, 2.5th to 97.5th centile {chart.low[near]:.0f} to "
        f"{chart.high[near]:.0f} mg/dL in {chart.peers} of {chart.ages[near]:.3g} years."
    )
    own = ""
    if chart.own_interval is not None:
        own = f" The laboratory's own interval: {chart.own_interval[0]:g} to {chart.own_interval[1]:g} mg/dL."
    return f"IgM results: {said}. {curve}{own}"
