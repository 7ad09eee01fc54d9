"""`sigm score`: a table of people, one a row."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sigm_bayes.cli.guard import ExitCode
from sigm_bayes.cli.options import ModelDir

if TYPE_CHECKING:
    from sigm_bayes.cohort.scoring import Outcome

Progress = Callable[[int, int | None], None]

FIRST = 20
"""Problems shown on the screen when a file holds them all."""


def score(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="People, one a row: .csv or .parquet.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Scored table: .csv or .parquet.")],
    errors: Annotated[
        Path | None, typer.Option("--errors", metavar="FILE", help="Write the bad rows to this CSV file.")
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option("--ignore", metavar="COLUMN", help="A column to leave out. Repeat for more."),
    ] = None,
    model: ModelDir = None,
) -> None:
    """Score a table: probabilities with intervals, leading cause, cautions and refusals for every person.

    Needs the columns age_years (or age_months), igm and igm_unit. One column per finding, cause and test may
    follow (present, absent, 1, 0; blank is unknown). Bad rows are all reported, good ones still scored; the
    exit code is then 3. On Ctrl-C nothing is written.
    """
    from sigm_bayes.cohort.scoring import score_table
    from sigm_bayes.query import load_model

    loaded = load_model(model)
    try:
        with _progress() as report:
            outcome = score_table(table, out, model=loaded, ignore=ignore or (), progress=report)
    except KeyboardInterrupt:
        typer.echo(f"sigm: stopped; {out} was not written", err=True)
        raise typer.Exit(130) from None
    _report(outcome, out=out, errors=errors)
    if outcome.bad_rows:
        raise typer.Exit(int(ExitCode.SOME_ROWS_BAD))


@contextmanager
def _progress() -> Iterator[Progress | None]:
    """Show a progress bar on a terminal, nothing in a pipe."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("scoring"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("scoring", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _report(outcome: Outcome, *, out: Path, errors: Path | None) -> None:
    """Say what became of the table: a sentence to forward first, then the rows."""
    from sigm_bayes.report.numbers import counted

    say = typer.echo
    refused = f", {outcome.refused:,} of them refused with a reason" if outcome.refused else ""
    say(f"{outcome.scored:,} of {outcome.rows:,} rows scored{refused}: {out}", err=True)
    if outcome.ignored:
        say(f"columns not read: {', '.join(outcome.ignored)}", err=True)
    if outcome.repeated:
        say(f"person_id repeated: {counted(outcome.repeated, 'row')}; each was scored on its own", err=True)
    if errors is not None:
        from sigm_bayes.cohort.writing import write_problems

        write_problems(errors, [problem.as_row() for problem in outcome.problems])
    if not outcome.problems:
        return
    counts = ", ".join(f"{column} {count:,}" for column, count in outcome.by_column())
    say(f"bad and left out: {counted(outcome.bad_rows, 'row')}; problems by column: {counts}", err=True)
    shown = outcome.problems if errors is None else outcome.problems[:FIRST]
    say("\n".join(str(problem) for problem in shown), err=True)
    if len(shown) < len(outcome.problems):
        say(f"... and {len(outcome.problems) - len(shown):,} more, all in {errors}", err=True)
