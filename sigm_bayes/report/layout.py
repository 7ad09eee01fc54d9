"""How wide the page is and what it may draw with; the small pieces that several blocks share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

NARROW = 76
"""Below this many columns notes go under their row, and bars only where they fit."""


@dataclass(frozen=True)
class Layout:
    """The page's width and means.

    Attributes
    ----------
    width : int
        Columns to wrap at.
    ascii_only : bool
        Draw bars with ``#``.
    full : bool
        Show everything, not one screen.
    labels : mapping
        Catalogue id to label.
    """

    width: int
    ascii_only: bool = False
    full: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def narrow(self) -> bool:
        """Whether notes go under their row."""
        return self.width < NARROW

    def label(self, identifier: str) -> str:
        """Return the label of a catalogue id with the id, or the id alone."""
        known = self.labels.get(identifier)
        return identifier if known is None else f"{known} ({identifier})"


def paragraph(title: str, text: str) -> Text:
    """Return a wrapped paragraph with a lead-in, such as ``Due anyway: ...``."""
    return Text.assemble((f"{title}: ", "bold"), text)


def hanging(mark: str, message: str, *, mark_style: str = "", style: str = "", indent: int = 2) -> Table:
    """Return a message whose wrapped lines stand under its first word, not under its mark."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=indent, no_wrap=True)
    grid.add_column(ratio=1, overflow="fold")
    grid.add_row(Text(mark, style=mark_style), Text(message, style=style))
    return grid


def indented(body: RenderableType, *, by: int = 2) -> RenderableType:
    """Return the body moved right."""
    from rich.padding import Padding

    return Padding(body, (0, 0, 0, by))
