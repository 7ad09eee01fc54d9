"""`sigm model predict`: published numbers that were not fitted, beside what a released model predicts of them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from sigm_bayes.errors import InputError, Problem


def predict(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Model folder, such as models/sigm.")],
    items: Annotated[
        Path,
        typer.Option(
            "--items", metavar="FILE", help="Published numbers in the format of data/evidence/items.csv; may hold the "
            "columns of terms.csv too.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Write the predictions to this CSV file.")],
    studies: Annotated[
        Path | None, typer.Option("--studies", metavar="FILE", help="New studies, as in data/evidence/studies.csv.")
    ] = None,
    terms: Annotated[
        Path | None,
        typer.Option("--terms", metavar="FILE", help="Readings of the items, as in terms.csv; otherwise proposed."),
    ] = None,
    labelled: Annotated[
        Path | None,
        typer.Option("--labelled", metavar="FILE", help="New labelled groups, as in labelled_studies.csv."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Of study effects and sampling.")] = 20261122,
) -> None:  # fmt: skip
    """Predict published numbers that were not fitted: mean and 90% interval for a new study of that size.

    So a new study can be judged before it is added. Nothing is fitted. Items without a reading are read by their kind
    and target; what they were read as is told on standard error. Needs the extra fit.
    """
    _writable(out)
    from sigm_bayes.checks.predict import predict as predicted
    from sigm_bayes.checks.predict import write_predictions
    from sigm_bayes.checks.read_items import read_new_items
    from sigm_bayes.query.model import load_model

    released = load_model(model)
    new = read_new_items(items, catalogue=released.catalogue, studies=studies, terms=terms, labelled=labelled)
    for line in new.proposed:
        typer.echo(f"read {line}", err=True)
    if new.fitted:
        typer.echo(f"these were fitted, so that their prediction is no test: {', '.join(new.fitted)}", err=True)
    with _progress() as told:
        found = predicted(released, new.evidence, seed=seed, progress=told)
    write_predictions(found, out)
    inside = sum(p.inside for p in found)
    typer.echo(f"{inside} of {len(found)} published numbers lie in their 90% predictive interval: {out}")


def _writable(out: Path) -> None:
    if out.suffix.lower() != ".csv":
        raise InputError([Problem("--out", out.name, "does not end in .csv", "Name it predictions.csv.")])
    if not out.absolute().parent.is_dir():
        raise InputError([Problem("--out", str(out.parent), "is no folder", "Make it first, or name another one.")])


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    """Show a progress bar on a terminal, nothing in a pipe."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("predicting", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
