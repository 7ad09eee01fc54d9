"""`sigm simulate`: a registry from the model, with the truth beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sigm_bayes.cli.options import ModelDir


def simulate(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the files; made if needed.")],
    n: Annotated[int, typer.Option("--n", metavar="N", min=1, help="People in the registry.")] = 2000,
    centres: Annotated[int, typer.Option(metavar="N", min=1, help="Centres that share them.")] = 8,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="The same seed gives the same files.")] = 20261122,
    ascertainment: Annotated[
        str, typer.Option(metavar="HOW", help="Who is in it: all_tested, low_igm or labelled_primary.")
    ] = "low_igm",
    options: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Case mix, laboratories, gaps and labels (TOML).")
    ] = None,
    parameters: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="True parameters of an earlier simulation (parameters.json)."),
    ] = None,
    parquet: Annotated[bool, typer.Option("--parquet", help="Write the tables as Parquet too.")] = False,
    format: Annotated[
        str,
        typer.Option(
            "--format", metavar="FORMAT", help="Of what the centres recorded: csv, parquet, redcap, omop or fhir."
        ),
    ] = "csv",
    model: ModelDir = None,
) -> None:
    """Simulate a registry: people from the model, in centres that measure, select, label and forget.

    The truth is written apart (truth.csv, parameters.json). Every file says that it is synthetic.
    """
    from sigm_bayes.query import load_model
    from sigm_bayes.simulate import draw_parameters, load_options, simulate_registry, write_registry
    from sigm_bayes.simulate.writing import read_parameters

    loaded = load_model(model)
    chosen = load_options(options, catalogue=loaded.catalogue)
    if parameters is None:
        truth = draw_parameters(loaded, seed=seed)
    else:
        truth = read_parameters(parameters, like={name: v.shape[1:] for name, v in loaded.parameters.items()})
    registry = simulate_registry(
        truth,
        catalogue=loaded.catalogue,
        priors=loaded.priors,
        curves=loaded.encoder.curves,
        options=chosen,
        n=n,
        centres=centres,
        seed=seed,
        ascertainment=ascertainment,
    )
    written = write_registry(
        registry, truth, out, catalogue=loaded.catalogue, options=chosen, parquet=parquet, format=format
    )
    typer.echo(
        f"synthetic registry of {len(registry):,} people in {centres:,} centres "
        f"({sum(registry.tested):,} people tested): {out}",
        err=True,
    )
    typer.echo("\n".join(str(path) for path in written))
