"""`sigm reference`: refit the reference curves of IgM, IgG and IgA by age and sex."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Reference curves by age and sex.", no_args_is_help=True)


@app.callback()
def root() -> None:
    """Reference curves by age and sex."""


@app.command()
def fit(
    folder: Annotated[
        Path | None, typer.Option("--tables", metavar="DIR", help="Folder with the published tables.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Where to write; default: the packaged curves."),
    ] = None,
) -> None:
    """Fit the curves to the published tables. Needs the extra [fit]."""
    from sigm_bayes.reference.fit import fit_reference_curves

    fits = fit_reference_curves(folder=folder, out=out, progress=sys.stderr.isatty())
    for name, fitted in fits.items():
        worst = ", ".join(f"{key} {value}" for key, value in fitted.diagnostics.items())
        typer.echo(f"{name}: {worst}")
