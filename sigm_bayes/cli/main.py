"""The `sigm` command: one file a command, each importing what it needs only when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from sigm_bayes.cli import check, evaluate, fit, listing, model, query, reference, registry, score, serve, simulate
from sigm_bayes.cli.guard import EXIT_CODES_HELP, GuardedGroup

app = typer.Typer(
    name="sigm",
    cls=GuardedGroup,
    epilog=EXIT_CODES_HELP,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            number = version("sigm-bayes")
        except PackageNotFoundError:
            number = "(not installed: run from a checkout)"
        typer.echo(f"sigm-bayes {number}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Ask whether a low serum IgM is primary, secondary, or the low tail of normal."""


app.command("query")(query.query)
app.command("check")(check.check)
app.command("evaluate")(evaluate.evaluate)
app.command("fit")(fit.fit)
app.command("score")(score.score)
app.command("serve")(serve.serve)
app.command("simulate")(simulate.simulate)
app.add_typer(model.app, name="model")
app.add_typer(listing.app, name="list")
app.add_typer(reference.app, name="reference")
app.add_typer(registry.app, name="registry")

if __name__ == "__main__":
    app()
