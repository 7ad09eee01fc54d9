"""`sigm registry`: check a registry export, propose a mapping for it, print the template of a mapping."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sigm_bayes.cli.guard import ExitCode

app = typer.Typer(help="Read and check a registry export.", no_args_is_help=True)

People = Annotated[Path, typer.Argument(metavar="FILE", help="People or visits, one a row: .csv or .parquet.")]
Source = Annotated[
    str,
    typer.Argument(
        metavar="PATH",
        help="People or visits, one a row (.csv, .parquet); a REDCap export; a folder or database of OMOP tables; "
        "FHIR NDJSON.",
    ),
]
Samples = Annotated[
    Path | None, typer.Option("--samples", metavar="FILE", help="Samples, one result a row: .csv or .parquet.")
]


@app.command()
def check(
    table: Source,
    mapping: Annotated[
        Path | None,
        typer.Option("--mapping", "-m", metavar="FILE", help="Which column is what (TOML); see: sigm registry map."),
    ] = None,
    samples: Samples = None,
    format: Annotated[
        str | None,
        typer.Option("--format", metavar="FORMAT", help="redcap, omop or fhir; default: .csv or .parquet tables."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Write the report to this HTML file.")
    ] = None,
) -> None:
    """Check a registry: every row is accepted, accepted with caution, or rejected with its reason.

    The report is one HTML file; every row with a remark is in a CSV file beside it. The exit code is 3 where
    rows are rejected.
    """
    from sigm_bayes.registry import read_registry
    from sigm_bayes.report.registry_report import summary, write_report

    if report is not None and report.suffix.lower() not in {".html", ".htm"}:
        raise typer.BadParameter("the report is an HTML file: end its name in .html", param_hint="--report")
    registry = read_registry(table, mapping, samples=samples, format=format)
    typer.echo(summary(registry))
    if report is not None:
        rows = write_report(registry, report)
        typer.echo(f"report: {report}; rows with a remark: {rows}", err=True)
    tallies = [registry.people, *([registry.measured] if registry.measured else [])]
    if any(tally.counts()["rejected"] for tally in tallies):
        raise typer.Exit(int(ExitCode.SOME_ROWS_BAD))


@app.command("map")
def propose(
    table: People,
    samples: Samples = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write it here instead of the screen.")
    ] = None,
) -> None:
    """Propose a mapping from the names and values of a table; what is unsure is a comment with its reason."""
    from sigm_bayes.catalogue import default_catalogue
    from sigm_bayes.registry import open_table
    from sigm_bayes.registry.propose import propose_mapping

    listed = None if samples is None else open_table(samples)
    _write(propose_mapping(open_table(table), catalogue=default_catalogue(), samples=listed), out)


@app.command()
def template(
    redcap: Annotated[
        bool,
        typer.Option("--redcap", help="A REDCap data dictionary (CSV): its project is read without a mapping."),
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write it here instead of the screen.")
    ] = None,
) -> None:
    """Print a mapping file with every entry explained, to be filled in; or a REDCap data dictionary.

    In the REDCap project enable the instruments diagnosis, invasive_episode and sample for repetition.
    """
    if redcap:
        from sigm_bayes.catalogue import default_catalogue
        from sigm_bayes.registry.redcap import dictionary_text

        _write(dictionary_text(default_catalogue()), out)
        return
    from importlib.resources import files

    _write(files("sigm_bayes.registry").joinpath("template.toml").read_text(encoding="utf-8"), out)


def _write(text: str, out: Path | None) -> None:
    if out is None:
        typer.echo(text, nl=False)
        return
    out.write_bytes(text.encode())
    typer.echo(f"written: {out}", err=True)
