"""`sigm model`: rebuild a model from its specification and evidence; read its card; predict new published numbers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from sigm_bayes.cli.predict import predict
from sigm_bayes.errors import ModelError, Problem

app = typer.Typer(
    help="Rebuild a model, read its card, or hold it against new published numbers.", no_args_is_help=True
)
app.command()(predict)

CARD = "MODEL_CARD.md"
"""The generated card in a model folder."""

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Model folder, such as models/sigm.")]
Count = int | None


@app.command()
def build(
    folder: Folder,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where posterior and card go; default: the model folder."),
    ] = None,
    seed: Annotated[Count, typer.Option(metavar="N", help="Default: what the model says.")] = None,
    chains: Annotated[Count, typer.Option(metavar="N", min=1, help="Default: what the model says.")] = None,
    draws: Annotated[Count, typer.Option(metavar="N", min=1, help="A chain; default: what the model says.")] = None,
    tune: Annotated[Count, typer.Option(metavar="N", min=1, help="A chain; default: what the model says.")] = None,
    cores: Annotated[int, typer.Option(metavar="N", min=1, help="Chains that run at the same time.")] = 2,
    exclude: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Published item, study or overlap group to leave out; may be repeated."),
    ] = None,
) -> None:
    """Fit a model to its evidence and release posterior and card, if the diagnostics pass.

    Needs the extra [fit]. On Ctrl-C, and when the diagnostics do not pass (exit code 4), nothing is written.
    """
    from sigm_bayes.release import build_model

    try:
        result = build_model(
            folder,
            seed=seed,
            draws=draws,
            tune=tune,
            chains=chains,
            cores=cores,
            progress=sys.stderr.isatty(),
            out=out,
            exclude=exclude or (),
        )
    except KeyboardInterrupt:
        typer.echo("sigm: stopped; nothing was written", err=True)
        raise typer.Exit(130) from None
    for line in result.summary:
        typer.echo(line)
    typer.echo(f"released {result.path}; its card: {result.path.parent / CARD}")


@app.command()
def card(folder: Folder) -> None:
    """Print the model card: what the model was fitted to, how well, and what it does not identify."""
    path = folder / CARD
    if not path.is_file():
        remedy = f"Run: sigm model build {folder}"
        raise ModelError([Problem(str(path), None, "there is no model card", remedy)])
    sys.stdout.write(path.read_text(encoding="utf-8"))
