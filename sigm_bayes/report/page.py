"""The terminal page: cautions, answer, why, what next, what would change it, basis; in this order."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from typing import IO, Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from sigm_bayes.report import answer_block, basis_block, why_block
from sigm_bayes.report.layout import Layout, hanging
from sigm_bayes.report.numbers import GLUE
from sigm_bayes.report.wording import SEVERITY_MARKS, SEVERITY_ORDER, person

PIPE_WIDTH = 100
"""Columns of a page that goes to a file or a pipe, unless ``COLUMNS`` says otherwise."""
MAX_WIDTH = 110
"""A wider terminal does not make longer lines: they would be harder to read."""

_SEVERITY_STYLE = {"warning": "bold red", "caution": "yellow", "info": "cyan"}


def render(
    answer: Mapping[str, Any],
    *,
    width: int = PIPE_WIDTH,
    colour: bool = False,
    ascii_only: bool = False,
    full: bool = False,
    labels: Mapping[str, str] | None = None,
) -> str:
    """Return the page of an answer as text.

    Parameters
    ----------
    answer : mapping
        ``Answer.to_dict()``.
    width : int
        Columns to wrap at.
    colour : bool
        Write terminal colour codes; the page says the same without them.
    ascii_only : bool
        Draw bars with ``#`` for a stream that cannot encode block characters.
    full : bool
        Add what is not known, every cause, every setting and the ESID criteria.
    labels : mapping, optional
        Catalogue id to label, for the list of what is not known.
    """
    layout = Layout(width=width, ascii_only=ascii_only, full=full, labels=labels or {})
    buffer = StringIO()
    console = Console(
        file=buffer,
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    console.print(Group(*blocks(answer, layout=layout)))
    lines = (line.rstrip() for line in buffer.getvalue().replace(GLUE, " ").splitlines())
    return "\n".join(lines).rstrip("\n") + "\n"


def print_page(
    answer: Mapping[str, Any],
    *,
    file: IO[str],
    full: bool = False,
    labels: Mapping[str, str] | None = None,
) -> None:
    """Write the page to a stream: coloured and as wide as the terminal, plain text in a pipe."""
    probe = Console(file=file)
    terminal = probe.is_terminal and not probe.is_dumb_terminal
    width = min(probe.width, MAX_WIDTH) if terminal or "COLUMNS" in probe._environ else PIPE_WIDTH
    ascii_only = probe.options.ascii_only
    text = render(
        answer,
        width=width,
        colour=terminal and not probe.no_color,
        ascii_only=ascii_only,
        full=full,
        labels=labels,
    )
    if ascii_only:
        text = text.replace("…", "...").encode("ascii", "replace").decode("ascii")
    file.write(text)


def blocks(answer: Mapping[str, Any], *, layout: Layout) -> list[RenderableType]:
    """Return the blocks of the page in order, an empty line between them."""
    parts: list[RenderableType] = [*cautions(answer)]
    if answer["refused"] is not None:
        parts += [_refusal(answer), *basis_block.basis(answer, layout=layout)]
    else:
        parts += [
            *answer_block.position(answer),
            *answer_block.probabilities(answer, layout=layout),
            *why_block.why(answer, layout=layout),
            *basis_block.what_next(answer, layout=layout),
            *basis_block.what_would_change(answer, layout=layout),
            *basis_block.details(answer, layout=layout),
            *basis_block.basis(answer, layout=layout),
        ]
    return [part if i == 0 else Padding(part, (1, 0, 0, 0)) for i, part in enumerate(parts)]


def cautions(answer: Mapping[str, Any]) -> list[RenderableType]:
    """Return the cautions, gravest first, each led by its mark (``!!``, ``!``, ``i``)."""
    found = sorted(answer["cautions"], key=lambda caution: SEVERITY_ORDER.index(caution["severity"]))
    if not found:
        return []
    rows = []
    for caution in found:
        style = _SEVERITY_STYLE[caution["severity"]]
        mark = SEVERITY_MARKS[caution["severity"]]
        rows.append(hanging(mark, caution["message"], mark_style=style, style=style))
    return [Group(*rows)]


def _refusal(answer: Mapping[str, Any]) -> RenderableType:
    refused = answer["refused"]
    summary = answer["summary"]
    parts: list[RenderableType] = [
        Text(f"{person(summary)}, {summary['age_text']}: no probability is given.", style="bold"),
        Text(refused["message"]),
    ]
    if refused["workup"]:
        parts += [Text(""), Text("What to do", style="bold")]
        parts += [hanging("-", item) for item in refused["workup"]]
    return Group(*parts)
