"""A list of ids with their meaning, grouped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import IO

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sigm_bayes.report.page import MAX_WIDTH, PIPE_WIDTH


def print_rows(rows: Sequence[Mapping[str, str]], *, file: IO[str]) -> None:
    """Write ids, labels and help; a pipe gets plain text.

    Parameters
    ----------
    rows : sequence of mapping
        ``id`` and ``label``, and where there is one ``group``, ``note`` and ``help``.
    """
    console = Console(file=file, highlight=False, markup=False, emoji=False)
    console = Console(
        file=file,
        highlight=False,
        markup=False,
        emoji=False,
        width=min(console.width, MAX_WIDTH) if console.is_terminal else PIPE_WIDTH,
    )
    parts: list[RenderableType] = []
    for group, members in groupby(rows, key=lambda row: row.get("group", "")):
        if group:
            parts.append(Text(group.replace("_", " "), style="bold"))
        parts.append(_table(list(members)))
    with console.capture() as captured:
        console.print(Group(*parts))
    file.write("\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n")


def _table(rows: Sequence[Mapping[str, str]]) -> RenderableType:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, min_width=34)
    grid.add_column(ratio=1, overflow="fold")
    for row in rows:
        note = f" ({row['note']})" if "note" in row else ""
        extra = f": {row['help']}" if row.get("help") else ""
        grid.add_row(Text(row["id"], style="bold"), Text(f"{row['label']}{note}{extra}"))
    return Padding(grid, (0, 0, 0, 2))
