"""Building blocks of a hand-drawn SVG: escaped text, scales, lines, and a frame that a screen reader reads.

Every colour is a presentation attribute, so that a figure stands alone in a notebook; it also has a class, so that a
page may recolour it for a dark screen (a style sheet outweighs presentation attributes).
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

INK, SOFT, RULE, PAPER = "#1a1a1a", "#555555", "#d5d5d5", "#ffffff"
BLUE, VERMILION, PLUM, GREY = "#0072b2", "#c84e00", "#8f3b76", "#6b6b6b"
"""Okabe and Ito's palette, darkened to a contrast of at least 4.5 on white; every series has a shape or a word too."""
CLASS_COLOURS = {"normal": GREY, "secondary": BLUE, "primary": VERMILION, "other_immunodeficiency": PLUM}
WIDTH = 440.0
"""Width of a figure in its own units: narrow, so that its text stays legible on a telephone."""
FONT = "system-ui, sans-serif"
SIZE = 13.0
TITLE_CHARACTERS = 48


def tag(name: str, *children: str, **attributes: object) -> str:
    """Return an element; `None` attributes are left out, ``class_`` and ``stroke_width`` become SVG names."""
    written = "".join(
        f' {key if key == "viewBox" else key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    inside = "".join(children)
    return f"<{name}{written}>{inside}</{name}>" if inside else f"<{name}{written}/>"


def _value(value: object) -> str:
    return number(value) if isinstance(value, float) else escape(str(value))


def number(value: float) -> str:
    """Return a coordinate with at most two decimals.

    Raises
    ------
    ValueError
        If it is not finite.
    """
    if not math.isfinite(value):
        raise ValueError(f"a coordinate must be finite, got {value}")
    shown = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if shown == "-0" else shown


def text(
    x: float,
    y: float,
    words: str,
    *,
    anchor: str = "start",
    size: float = SIZE,
    soft: bool = False,
    bold: bool = False,
) -> str:
    """Return a line of text with its baseline at `y`; `anchor` is start, middle or end."""
    return tag(
        "text",
        escape(words),
        x=x,
        y=y,
        font_size=size,
        text_anchor=None if anchor == "start" else anchor,
        font_weight="bold" if bold else None,
        class_="soft" if soft else "ink",
        fill=SOFT if soft else INK,
    )


def line(x1: float, y1: float, x2: float, y2: float, *, dash: str | None = None, class_: str = "rule") -> str:
    """Return a thin straight line; the class is rule (grid), soft or ink."""
    return tag(
        "line",
        x1=x1,
        y1=y1,
        x2=x2,
        y2=y2,
        class_=f"{class_}-line",
        stroke={"rule": RULE, "soft": SOFT, "ink": INK}[class_],
        stroke_width=1.5 if class_ == "ink" else 1.0,
        stroke_dasharray=dash,
    )


def path(points: Iterable[tuple[float, float]], *, close: bool = False) -> str:
    """Return the `d` of a polyline."""
    steps = " ".join(f"{number(x)},{number(y)}" for x, y in points)
    return f"M{steps}{'Z' if close else ''}"


@dataclass(frozen=True)
class Scale:
    """A linear or logarithmic map from values to coordinates, clipped to its ends."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Return the coordinate of a value."""
        low, high = (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)
        inside = min(max(value, self.low), self.high)
        share = ((math.log(inside) if self.log else inside) - low) / (high - low)
        return self.start + share * (self.end - self.start)


def wrapped(words: str, *, characters: int) -> list[str]:
    """Return lines of at most so many characters, broken between words."""
    return textwrap.wrap(words, characters, break_long_words=False) or [""]


def figure(
    body: Sequence[str],
    *,
    name: str,
    title: str,
    description: str,
    height: float,
    width: float = WIDTH,
) -> str:
    """Return a whole figure: its title (the finding) above the drawing, read with the description by screen readers.

    Parameters
    ----------
    body : sequence of str
        Elements, drawn from y = 0 downwards.
    name : str
        Unique on a page; the ids are made from it.
    title : str
        What the figure says.
    description : str
        The same in words and numbers, for those who cannot see it.
    height, width : float
        Of the drawing.
    """
    lines = wrapped(title, characters=TITLE_CHARACTERS)
    above = 18.0 * len(lines) + 8.0
    printed = [text(0.0, 15.0 + 18.0 * n, words, bold=True, size=14.0) for n, words in enumerate(lines)]
    return tag(
        "svg",
        tag("title", escape(title), id=f"{name}-title"),
        tag("desc", escape(description), id=f"{name}-desc"),
        *printed,
        tag("g", *body, transform=f"translate(0 {number(above)})"),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {number(width)} {number(height + above)}",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
        font_family=FONT,
        class_=f"figure figure-{name}",
    )
