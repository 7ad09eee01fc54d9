"""The ledger as steps: from the starting point, group by group, to the probability of primary deficiency."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sigm_bayes.plots import drawing as svg

LABEL_WIDTH = 128.0
VALUE_WIDTH = 40.0
ROW = 26.0
MARKS = (0.0001, 0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999)
"""Probabilities that the axis names."""
HEAD = 7.0
MARGIN = 0.25
"""Room on both sides of the steps, in log10 odds."""


def ledger_bars(ledger: Mapping[str, Any], *, name: str = "ledger") -> str:
    """Draw each group's weight as a step on the log-odds axis, named by probabilities.

    Parameters
    ----------
    ledger : mapping
        ``prior_log10_odds``, ``items`` with ``label`` and ``log10_lr``, ``posterior_log10_odds``.
    """
    start, end = ledger["prior_log10_odds"], ledger["posterior_log10_odds"]
    rows = [(item["label"], item["log10_lr"]) for item in ledger["items"]]
    reached = [start]
    for _, weight in rows:
        reached.append(reached[-1] + weight)
    low = min(*reached, end, -2.0) - MARGIN
    high = max(*reached, end, 0.0) + MARGIN
    at = svg.Scale(low, high, LABEL_WIDTH, svg.WIDTH - VALUE_WIDTH)
    bottom = ROW * (len(rows) + 2)
    body = [*_axis(at, low, high, bottom)]
    body += _point_row(0, "starting point", start, at)
    for n, ((label, weight), before) in enumerate(zip(rows, reached, strict=False), start=1):
        body += _step_row(n, label, weight, before, at)
    body += _point_row(len(rows) + 1, "together", end, at, bold=True)
    return svg.figure(
        body,
        name=name,
        title=_title(start, end, rows),
        description=_words(start, end, rows),
        height=bottom + 40.0,
    )


def chance(log10_odds: float) -> float:
    """Return the probability of log10 odds."""
    return 1.0 / (1.0 + 10.0 ** (-log10_odds))


def _percent(probability: float) -> str:
    """Two significant digits below 10%: a starting point may be well below 1%."""
    if probability > 0.99:
        return ">99%"
    return f"{100 * probability:.2g}%" if probability < 0.1 else f"{100 * probability:.0f}%"


def _signed(weight: float) -> str:
    return "0.0" if abs(weight) < 0.05 else f"{weight:+.1f}".replace("-", "\u2212")


def _axis(at: svg.Scale, low: float, high: float, bottom: float) -> list[str]:
    out, last = [], -math.inf
    for mark in MARKS:
        odds = math.log10(mark / (1.0 - mark))
        if not low <= odds <= high:
            continue
        x = at(odds)
        out.append(
            svg.line(x, 4.0, x, bottom, dash="3 3" if mark == 0.5 else None, class_="soft" if mark == 0.5 else "rule")
        )
        if x - last >= 40.0:
            label = f"{100 * mark:.2f}".rstrip("0").rstrip(".") + "%"
            out.append(svg.text(x, bottom + 16.0, label, anchor="middle", size=12.0, soft=True))
            last = x
    middle = (at.start + at.end) / 2.0
    out.append(
        svg.text(
            middle,
            bottom + 34.0,
            "probability of primary deficiency (log-odds axis)",
            anchor="middle",
            size=12.0,
            soft=True,
        )
    )
    return out


def _point_row(n: int, label: str, odds: float, at: svg.Scale, *, bold: bool = False) -> list[str]:
    y = ROW * n + ROW / 2.0
    return [
        svg.text(0.0, y + 4.5, label, bold=bold),
        svg.tag("circle", cx=at(odds), cy=y, r=5.0 if bold else 4.0, fill=svg.INK, class_="fill-ink"),
        svg.text(svg.WIDTH, y + 4.5, _percent(chance(odds)), anchor="end", bold=bold),
    ]


def _step_row(n: int, label: str, weight: float, before: float, at: svg.Scale) -> list[str]:
    y = ROW * n + ROW / 2.0
    x1, x2 = sorted((at(before), at(before + weight)))
    towards = weight >= 0
    colour, class_ = (svg.VERMILION, "fill-for") if towards else (svg.BLUE, "fill-against")
    tip = at(before + weight)
    back = tip + (-HEAD if towards else HEAD)
    if x2 - x1 > HEAD:
        shaft = sorted((at(before), back))
        head = svg.path(((tip, y), (back, y - 8.0), (back, y + 8.0)), close=True)
        drawn = [
            svg.tag("rect", x=shaft[0], y=y - 4.0, width=shaft[1] - shaft[0], height=8.0, fill=colour, class_=class_),
            svg.tag("path", d=head, fill=colour, class_=class_),
        ]
    else:
        width = max(x2 - x1, 2.0)
        drawn = [svg.tag("rect", x=x1, y=y - 6.0, width=width, height=12.0, fill=colour, class_=class_)]
    lines = svg.wrapped(label, characters=20)
    size = svg.SIZE if len(lines) == 1 else 11.5
    words = [
        svg.text(0.0, y + 4.5 + 12.0 * (i - (len(lines) - 1) / 2.0), one, size=size) for i, one in enumerate(lines)
    ]
    return [*words, *drawn, svg.text(svg.WIDTH, y + 4.5, _signed(weight), anchor="end")]


def _title(start: float, end: float, rows: list[tuple[str, float]]) -> str:
    moved = f"Primary goes from {_percent(chance(start))} to {_percent(chance(end))}"
    if not rows:
        return moved
    label, weight = max(rows, key=lambda row: abs(row[1]))
    return f"{moved}; most by {label} ({_signed(weight)})"


def _words(start: float, end: float, rows: list[tuple[str, float]]) -> str:
    steps = "; ".join(f"{label} {_signed(weight)}" for label, weight in rows)
    return (
        "Weights for primary against the rest, log10; 1 is ten times the odds. "
        f"Starting point {_percent(chance(start))}. {steps}. Together {_percent(chance(end))}."
    )
