"""`sigm evaluate`: a model against a registry whose diagnoses are known."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from sigm_bayes.evaluation.outcome import Outcome
    from sigm_bayes.registry import Registry

Progress = Callable[[str, int, int], None]
MAX_WIDTH, PIPE_WIDTH = 140, 120


def evaluate(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="Model folder, such as models/sigm.")],
    test: Annotated[Path, typer.Argument(metavar="TEST", help="Registry: people or visits, one a row.")],
    mapping: Annotated[
        Path, typer.Option("--mapping", "-m", metavar="FILE", help="Which column is what; see: sigm registry map.")
    ],
    samples: Annotated[
        Path | None, typer.Option("--samples", metavar="FILE", help="Samples, one result a row.")
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option("--truth", metavar="FILE", help="True classes of a simulated registry; else its own labels."),
    ] = None,
    ascertainment: Annotated[
        Literal["all_tested", "low_igm", "labelled_primary", "not_stated"],
        typer.Option("--ascertainment", help="How people came into the registry; said in the report."),
    ] = "not_stated",
    predictions: Annotated[
        list[str] | None,
        typer.Option(
            "--predictions", metavar="NAME=FILE", help="Another model's scored table, compared too. Repeat for more."
        ),
    ] = None,
    baselines: Annotated[bool, typer.Option(help="Compare with simpler methods (needs scikit-learn).")] = True,
    workers: Annotated[int, typer.Option("--workers", min=1, max=256, help="Processes that score.")] = 1,
    draws: Annotated[int, typer.Option("--draws", min=20, max=100_000, help="Bootstrap draws.")] = 500,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the bootstrap.")] = 20261122,
    as_json: Annotated[bool, typer.Option("--json", help="The whole evaluation as JSON.")] = False,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Write the page with figures to this HTML file.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write every prediction to this CSV file.")
    ] = None,
) -> None:
    """Evaluate a model on a registry: scores, discrimination, calibration, decision curves, by centre and by age.

    It is compared with a cut-off rule, naive Bayes, a penalised regression and IgM alone, each learnt from the other
    centres of the same registry. People without a diagnosis are left out and counted.
    """
    _check_name(report, "--report", (".html", ".htm"))
    _check_name(out, "--out", (".csv",))
    others = _others(predictions or [])
    from sigm_bayes.evaluation.assess import assess

    registry, outcome = _read(test, mapping, samples, truth)
    with _progress() as told:
        found = assess(
            registry,
            outcome,
            model=model,
            test=test.name if test.parent.name == "" else f"{test.parent.name}/{test.name}",
            ascertainment=ascertainment,
            others=others,
            baselines=baselines,
            workers=workers,
            draws=draws,
            seed=seed,
            progress=told,
        )
    if out is not None:
        from sigm_bayes.evaluation.outside import write_predictions

        write_predictions(
            out,
            person_id=found.person_id,
            centre=found.centre,
            age_band=found.age_band,
            truth=found.truth,
            predictions=found.predictions,
        )
        typer.echo(f"predictions: {out}; it holds person ids: treat it as patient data", err=True)
    if report is not None:
        from sigm_bayes.evaluation.page import write_page

        write_page(found, report)
        typer.echo(f"report: {report}", err=True)
    if as_json:
        from sigm_bayes.report.document import to_json

        typer.echo(to_json(found.to_dict()))
        return
    from rich.console import Console

    from sigm_bayes.evaluation.terminal import render

    console = Console()
    width = min(console.width, MAX_WIDTH) if console.is_terminal else PIPE_WIDTH
    typer.echo(render(found, width=width, colour=console.is_terminal and not console.no_color), nl=False)


def _check_name(path: Path | None, option: str, endings: tuple[str, ...]) -> None:
    if path is not None and path.suffix.lower() not in endings:
        raise typer.BadParameter(f"end its name in {endings[0]}", param_hint=option)
    if path is not None and not path.absolute().parent.is_dir():
        raise typer.BadParameter("its folder does not exist", param_hint=option)


def _others(given: list[str]) -> dict[str, Path]:
    from sigm_bayes.evaluation.assess import MODEL
    from sigm_bayes.evaluation.baselines import METHODS

    out: dict[str, Path] = {}
    for text in given:
        name, sign, path = text.partition("=")
        name = name.strip()
        if not sign or not name or not path:
            raise typer.BadParameter(f"expected NAME=FILE, not {text}", param_hint="--predictions")
        if name in {MODEL, *METHODS, *out}:
            raise typer.BadParameter(f"there is another method called {name}", param_hint="--predictions")
        out[name] = Path(path)
    return out


def _read(test: Path, mapping: Path, samples: Path | None, truth: Path | None) -> tuple[Registry, Outcome]:
    from sigm_bayes.evaluation.outcome import label_outcome, read_truth
    from sigm_bayes.registry import read_registry

    registry = read_registry(test, mapping, samples=samples)
    return registry, label_outcome(registry) if truth is None else read_truth(truth, registry)


@contextmanager
def _progress() -> Iterator[Progress | None]:
    """Show a progress bar on a terminal, nothing in a pipe."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=None)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)
