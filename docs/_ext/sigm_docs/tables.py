"""Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table; cells are text and may hold Markdown, but no line break."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell(c) for c in line) + " |\n" for line in lines)


def cell(value: object) -> str:
    """Return a cell: nothing for None, bars and line breaks made harmless."""
    text = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    return " ".join(text.split()).replace("|", r"\|").replace("<", "&lt;")


def heading(level: int, text: str) -> str:
    """Return a heading with its blank lines."""
    return f"\n{'#' * level} {text}\n\n"


def code(text: str) -> str:
    """Return text as code, or nothing where there is none."""
    return f"`{text}`" if text else ""
