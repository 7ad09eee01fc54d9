"""An evaluation on the terminal: the sentence to forward, what limits it, tables."""

from __future__ import annotations

from io import StringIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sigm_bayes.evaluation.assess import Assessment
from sigm_bayes.evaluation.sheets import Sheet, sheets
from sigm_bayes.evaluation.wording import cautions, summary
from sigm_bayes.report.numbers import GLUE

SHORT = ("Methods", "Calibration", "Decisions", "By centre", "By age", "Who is in it", "Rules")
"""Titles (their first words) of the tables that the terminal shows; the page shows all."""
LABEL_WIDTH = 16
"""Characters of the first column, at least."""


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
            console.print(_table(sheet))
    return "\n".join(line.rstrip() for line in buffer.getvalue().replace(GLUE, " ").splitlines()) + "\n"


def _marked(caution: str) -> Table:
    row = Table.grid(padding=(0, 1))
    row.add_column(no_wrap=True)
    row.add_column()
    row.add_row(Text("!", style="yellow"), Text(caution, style="yellow"))
    return row


def _glued(cell: str) -> str:
    """Return a cell whose interval does not break: a line may end before its bracket only."""
    value, bracket, ends = cell.partition(" (")
    return f"{value} ({ends.replace(' ', GLUE)}" if bracket else cell


def _table(sheet: Sheet) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    words = sheet.title == "Decisions"
    for n, name in enumerate(sheet.header):
        left = n == 0 or words
        table.add_column(Text(name), justify="left" if left else "right", min_width=LABEL_WIDTH if n == 0 else None)
    for row in sheet.rows:
        table.add_row(*(Text(cell if words else _glued(cell)) for cell in row))
    return table
