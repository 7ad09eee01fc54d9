"""One probability with its interval as a bar and a whisker, for a row of a table that prints the numbers."""

from __future__ import annotations

from collections.abc import Mapping

from sigm_bayes.plots import drawing as svg

WIDTH, HEIGHT = 160.0, 18.0


def probability_bar(band: Mapping[str, float], *, key: str) -> str:
    """Draw the mean as a bar and the interval as a whisker, 0 to 100% over the width.

    Hidden from screen readers: the row says the same in numbers.

    Parameters
    ----------
    band : mapping
        ``mean``, ``lower``, ``upper``.
    key : str
        Class, for the colour.
    """
    at = svg.Scale(0.0, 1.0, 1.0, WIDTH - 1.0)
    mean, low, high = (at(band[name]) for name in ("mean", "lower", "upper"))
    middle = HEIGHT / 2.0
    body = [
        svg.tag("rect", x=1.0, y=3.0, width=WIDTH - 2.0, height=HEIGHT - 6.0, fill="#ededed", class_="track"),
        svg.tag(
            "rect", x=1.0, y=3.0, width=max(mean - 1.0, 0.8), height=HEIGHT - 6.0,
            fill=svg.CLASS_COLOURS[key], class_=f"fill-{key}",
        ),
        svg.line(low, middle, max(high, low + 1.0), middle, class_="ink"),
        *(svg.line(end, middle - 4.0, end, middle + 4.0, class_="ink") for end in (low, max(high, low + 1.0))),
    ]  # fmt: skip
    return svg.tag(
        "svg",
        *body,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {svg.number(WIDTH)} {svg.number(HEIGHT)}",
        aria_hidden="true",
        focusable="false",
        class_="bar",
    )
