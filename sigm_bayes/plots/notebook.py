"""What a notebook shows: figures with alternative text, tables, and the answer; displayed as its last expression.

Needs no notebook library: each object offers its MIME bundle to whichever front end displays it.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from sigm_bayes.plots.prevalence_curve import share

if TYPE_CHECKING:
    from sigm_bayes.query import Model

DOTS_PER_INCH = 90
COLOURS = 200
ANSWER = "**Answer.** "
BASIS = "*Basis:* "


@dataclass(frozen=True)
class Shown:
    """Something that a notebook displays.

    Attributes
    ----------
    data : mapping of MIME type to text
        `text/plain` says the same in words.
    metadata : mapping of MIME type to mapping
    """

    data: Mapping[str, str]
    metadata: Mapping[str, Mapping[str, str]]

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, str], dict[str, Any]]:
        return dict(self.data), {kind: dict(entry) for kind, entry in self.metadata.items()}


def show(figure: Any, *, alt: str) -> Shown:
    """Display a matplotlib figure.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    alt : str
        What it shows, in words and numbers, for those who cannot see it.

    Raises
    ------
    ValueError
        If `alt` is empty.
    """
    words = " ".join(alt.split())
    if not words:
        raise ValueError("a figure needs alternative text: say in `alt` what it shows")
    picture = base64.b64encode(_small_png(figure)).decode("ascii")
    return Shown({"image/png": picture, "text/plain": f"[Figure] {words}"}, {"image/png": {"alt": words}})


def _small_png(figure: Any) -> bytes:
    """Draw the figure with a palette: a third of the size, so that notebooks stay light in the repository."""
    from PIL import Image

    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DOTS_PER_INCH)
    Image.open(drawn).convert("RGB").quantize(COLOURS).save(small, format="png", optimize=True)
    return small.getvalue()


def show_svg(svg: str, *, alt: str) -> Shown:
    """Display a drawing of this room that is SVG text; it carries its own title and description."""
    words = " ".join(alt.split())
    if not words:
        raise ValueError("a figure needs alternative text: say in `alt` what it shows")
    framed = f'<div role="img" aria-label="{escape(words)}" style="max-width: 36em">{svg}</div>'
    return Shown({"text/html": framed, "text/plain": f"[Figure] {words}"}, {})


def table(rows: Sequence[Sequence[object]], *, head: Sequence[str], left: int = 1) -> Shown:
    """Display a table.

    Parameters
    ----------
    rows : sequence of rows
        Cells are written with `str`.
    head : sequence of str
        Names of the columns, with units.
    left : int
        Columns set flush left (words); the others are numbers, flush right.
    """
    lines = [_line(head), _line([":--" if n < left else "--:" for n in range(len(head))])]
    lines += [_line([str(cell).replace("|", "\\|") for cell in row]) for row in rows]
    text = "\n".join(lines)
    return Shown({"text/markdown": text, "text/plain": text}, {})


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def answer(text: str) -> Shown:
    """Display the answer of the notebook: one paragraph."""
    words = ANSWER + " ".join(text.split())
    return Shown({"text/markdown": words, "text/plain": words}, {})


def basis(model: Model) -> Shown:
    """Say which released model the notebook's numbers come from."""
    meta = model.posterior.meta
    items = meta["items_fitted"] + meta["items_bound"]
    words = (
        f"{BASIS}model {meta['name']} {meta['version']}, {meta['draws']:,} posterior draws "
        f"({meta['draws_sha256'][:12]}), {items} published numbers. Probabilities are means over the draws, each "
        "weighed by the person, intervals are equal-tailed 90% intervals of parameter uncertainty. "
        "All patients are made up."
    )
    return Shown({"text/markdown": words, "text/plain": words}, {})


def with_interval(band: Mapping[str, float]) -> str:
    """Return ``6.1% (2.3% to 12%)`` for a band with mean, lower and upper."""
    return f"{share(band['mean'])} ({share(band['lower'])} to {share(band['upper'])})"
