"""An evaluation on the terminal: the sentence to forward, what limits it, tables."""

from __future__ import annotations

from io import StringIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sigm_bayes.evaluation.assess import Assessment
from sigm_bayes.evaluation.sheets import Sheet, sheets
from sigm_bayes.evaluation.wording import cautions, summary

SHORT = ("Methods", "Calibration", "Decisions", "By centre", "By age", "Who is in it", "Rules")
"""Titles (their first words) of the tables that the terminal shows; the page shows all."""
WORDS = "Decisions"
"""The table whose cells are sentences, which may wrap."""
GAP = 2


def render(found: Assessment, *, width: int = 110, colour: bool = False) -> str:
    """Return the evaluation as text.

    Parameters
    ----------
    found : Assessment
    width : int
        Columns to wrap at.
    colour : bool
        Write terminal colour codes; the text says the same without them.
    """
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
    for caution in cautions(found):
        console.print(_marked(caution))
    console.print()
    console.print(Text(summary(found)))
    for sheet in sheets(found):
        if sheet.title.startswith(SHORT):
            console.print()
            console.print(Text(sheet.title, style="bold"))
            for n, table in enumerate(_tables(sheet, width)):
                if n:
                    console.print()
                console.print(table)
    return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + "\n"


def _marked(caution: str) -> Table:
    row = Table.grid(padding=(0, 1))
    row.add_column(no_wrap=True)
    row.add_column()
    row.add_row(Text("!", style="yellow"), Text(caution, style="yellow"))
    return row


def _tables(sheet: Sheet, width: int) -> list[Table]:
    """Return the sheet as one table, or as several under each other where its columns do not fit; no cell is cut."""
    if sheet.title == WORDS:
        return [_table(sheet, [0, 1], wrap=True)]
    wide = [max(len(cell) for cell in (name, *(row[n] for row in sheet.rows))) for n, name in enumerate(sheet.header)]
    parts: list[list[int]] = [[0]]
    used = wide[0]
    for n in range(1, len(wide)):
        if len(parts[-1]) > 1 and used + GAP + wide[n] > width:
            parts.append([0])
            used = wide[0]
        parts[-1].append(n)
        used += GAP + wide[n]
    return [_table(sheet, part, wrap=False) for part in parts]


def _table(sheet: Sheet, columns: list[int], *, wrap: bool) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="dim")
    for n in columns:
        table.add_column(Text(sheet.header[n]), justify="left" if n == 0 or wrap else "right", no_wrap=not wrap)
    for row in sheet.rows:
        table.add_row(*(Text(row[n]) for n in columns))
    return table
