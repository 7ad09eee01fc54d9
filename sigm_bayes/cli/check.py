"""`sigm check`: is the inference right, is the model adequate, what drives the answer, when does it fail."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sigm_bayes.errors import InputError, Problem

if TYPE_CHECKING:
    from sigm_bayes.checks import CheckResult
    from sigm_bayes.checks.subject import Subject

Tell = Callable[[str, int, int], None]


def check(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Model folder, such as models/sigm.")],
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="NAME", help="Run this check; repeat for more. Default: all.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write the report to this HTML file.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Minutes, not hours: fewer people and replicates.")] = False,
    work: Annotated[
        Path | None,
        typer.Option("--work", metavar="DIR", help="Where finished parts are kept; default runs/checks."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Of all simulation.")] = 20261122,
    replicates: Annotated[
        int | None,
        typer.Option("--replicates", min=1, metavar="N", help="Of simulation-based calibration (sbc, registry-sbc)."),
    ] = None,
    card: Annotated[
        bool, typer.Option("--card", help="Write what power-scaling and leave-one-study-out find into the model card.")
    ] = False,
    names: Annotated[bool, typer.Option("--list", help="List the checks and leave.")] = False,
) -> None:
    """Check a released model and write one HTML report; exit code 4 if a check does not pass.

    Long checks keep what is finished: the same command goes on after Ctrl-C. Needs the extras fit and evaluate.
    """
    from sigm_bayes.checks.run_checks import CHECKS, chosen, module_of, run_checks

    if names:
        for name in CHECKS:
            typer.echo(f"{name:22}{module_of(name).TITLE}")
        return
    wanted = chosen(only or [])
    _usable(out)
    from sigm_bayes.checks.subject import Subject
    from sigm_bayes.checks.work import FOLDER

    results = []
    try:
        with _progress() as tell:
            subject = Subject(
                model, quick=quick, root=FOLDER if work is None else work, seed=seed, replicates=replicates, tell=tell
            )
            subject.model.posterior  # noqa: B018  a model that cannot be used is told before anything is computed
            for result in run_checks(subject, wanted):
                results.append(result)
                typer.echo(f"{result.verdict:11}{result.name}: {result.text}")
                if out is not None:
                    _write(results, subject, out)
    except KeyboardInterrupt:
        typer.echo("sigm: stopped; the same command goes on from here", err=True)
        raise typer.Exit(130) from None
    if out is not None:
        typer.echo(f"report: {out}", err=True)
    if card:
        _onto_card(model, results, subject)
    if any(result.passed is False for result in results):
        raise typer.Exit(4)


def _onto_card(model: Path, results: list[CheckResult], subject: Subject) -> None:
    from sigm_bayes.checks.card import ON_THE_CARD, update_card

    if subject.quick:
        problem = Problem("--card", "--quick", "shortened checks do not go onto a card", "Leave one of the two out.")
        raise InputError([problem])
    if not update_card(model, results, meta=dict(subject.model.posterior.meta)):
        names = " and ".join(ON_THE_CARD)
        raise InputError([Problem("--card", None, "no check ran that the card has", f"Run {names}.")])


def _usable(out: Path | None) -> None:
    if out is None:
        return
    if out.suffix.lower() not in (".html", ".htm"):
        raise InputError([Problem("--out", out.name, "ends in neither .html nor .htm", "Name it checks.html.")])
    if not out.absolute().parent.is_dir():
        raise InputError([Problem("--out", str(out.parent), "is no folder", "Make it first, or name another one.")])


def _write(results: list[CheckResult], subject: Subject, out: Path) -> None:
    from sigm_bayes.checks.page import page

    meta = subject.model.posterior.meta
    about = {name: meta.get(name, "not recorded") for name in _ABOUT}
    out.write_text(page(results, about=about, quick=subject.quick), encoding="utf-8")


_ABOUT = ("name", "version", "created", "evidence_sha256", "draws_sha256")


@contextmanager
def _progress() -> Iterator[Tell]:
    """Show a progress bar on a terminal, nothing in a pipe."""
    if not sys.stderr.isatty():
        yield lambda what, done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("loading", total=None)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)
