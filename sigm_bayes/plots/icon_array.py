"""1,000 people like this one, a sign each: the probabilities as natural frequencies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from sigm_bayes.plots import drawing as svg

COLUMNS = 40
STEP = svg.WIDTH / COLUMNS
HOLLOW = ("normal", "other_immunodeficiency")
"""Drawn as lines. Every class has its own shape (circle, square, triangle, cross): colour is never the only sign."""


def icon_array(frequencies: Mapping[str, int], *, labels: Mapping[str, str], name: str = "people") -> str:
    """Draw one sign a person, the largest group first, with a key.

    Parameters
    ----------
    frequencies : mapping
        Class to number of people, and ``of`` to their sum.
    labels : mapping
        Class to label.

    Raises
    ------
    ValueError
        If the groups do not add up to ``of``.
    """
    total = frequencies["of"]
    groups = sorted(((key, n) for key, n in frequencies.items() if key != "of"), key=lambda pair: -pair[1])
    if sum(n for _, n in groups) != total:
        raise ValueError(f"the groups add up to {sum(n for _, n in groups)}, not to {total}")
    rows = -(-total // COLUMNS)
    body, first = [], 0
    for key, count in groups:
        if count:
            body.append(_signs(key, range(first, first + count)))
        first += count
    below = rows * STEP + 20.0
    for n, (key, count) in enumerate(groups):
        y = below + 20.0 * n
        body.append(_path(key, _sign(key, STEP, y - 4.5, 4.5)))
        body.append(svg.text(2.2 * STEP, y, f"{count:,} {labels[key]}"))
    said = ", ".join(f"{count:,} {labels[key]}" for key, count in groups)
    lead, most = groups[0]
    return svg.figure(
        body,
        name=name,
        title=f"Of {total:,} people like this: {most:,} {labels[lead]}",
        description=f"One sign a person. {said}.",
        height=below + 20.0 * len(groups) - 10.0,
    )


@cache
def _sign_at(key: str, place: int) -> str:
    """Return a sign at its place among all; the same for every answer."""
    return _sign(key, (place % COLUMNS + 0.5) * STEP, (place // COLUMNS + 0.5) * STEP, 0.36 * STEP)


def _signs(key: str, places: Sequence[int]) -> str:
    return _path(key, "".join(_sign_at(key, place) for place in places))


def _path(key: str, d: str) -> str:
    colour = svg.CLASS_COLOURS[key]
    if key in HOLLOW:
        return svg.tag("path", d=d, fill="none", stroke=colour, stroke_width=1.4, class_=f"line-{key}")
    return svg.tag("path", d=d, fill=colour, class_=f"fill-{key}")


def _sign(key: str, x: float, y: float, half: float) -> str:
    n = svg.number
    if key == "secondary":
        return f"M{n(x - half)},{n(y - half)}h{n(2 * half)}v{n(2 * half)}h-{n(2 * half)}z"
    if key == "primary":
        return f"M{n(x)},{n(y - half)}l{n(half)},{n(2 * half)}h-{n(2 * half)}z"
    if key == "other_immunodeficiency":
        return f"M{n(x - half)},{n(y - half)}l{n(2 * half)},{n(2 * half)}m-{n(2 * half)},0l{n(2 * half)},-{n(2 * half)}"
    r = round(0.85 * half, 2)
    return f"M{n(x - r)},{n(y)}a{n(r)},{n(r)} 0 1 0 {n(2 * r)},0a{n(r)},{n(r)} 0 1 0 -{n(2 * r)},0"
