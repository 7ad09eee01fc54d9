"""`sigm list`: the ids a patient file may use, with their meaning."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue

app = typer.Typer(help="The ids a patient file may use, with their meaning.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
ModelDir = Annotated[Path | None, typer.Option("--model", help="Model folder.", metavar="DIR")]


@app.command()
def findings(json: AsJson = False, model: ModelDir = None) -> None:
    """Infections and other findings, with look-back window and count."""
    catalogue = _catalogue(model)
    rows = [_row(row, group=row.group, note=_window(row)) for row in catalogue.findings]
    flags = [_row(row, group="invasive", note="table column") for row in catalogue.invasive.flags]
    _show(rows + flags, as_json=json)


@app.command()
def causes(json: AsJson = False, model: ModelDir = None) -> None:
    """Drugs and diseases that can lower IgM."""
    catalogue = _catalogue(model)
    _show([_row(row, group=row.group, note="") for row in catalogue.causes if row.recordable], as_json=json)


@app.command()
def tests(json: AsJson = False, model: ModelDir = None) -> None:
    """Immunology tests: normal, abnormal, not_done or not_interpretable."""
    catalogue = _catalogue(model)
    rows = [_row(row, group="", note="ESID criterion" if row.esid else "") for row in catalogue.tests]
    _show(rows, as_json=json)


@app.command()
def settings(json: AsJson = False, model: ModelDir = None) -> None:
    """Where IgM was measured; prevalences refer to the people tested there."""
    catalogue = _catalogue(model)
    rows = [{"id": row.id, "label": row.label, "help": row.question} for row in catalogue.settings]
    _show(rows, as_json=json)


def _catalogue(model: Path | None) -> Catalogue:
    from sigm_bayes.catalogue import default_catalogue, load_catalogue

    return default_catalogue() if model is None else load_catalogue(model)


def _row(row: Any, *, group: str, note: str) -> dict[str, str]:
    found = {"id": row.id, "label": row.label, "group": group, "note": note, "help": getattr(row, "help", "")}
    return {key: value for key, value in found.items() if value}


def _window(finding: Any) -> str:
    ever = "ever" if finding.window_years is None else f"in the last {finding.window_years:g} years"
    if finding.window_years == 1:
        ever = "in the last year"
    return f"{finding.min_count} or more {ever}" if finding.min_count > 1 else ever


def _show(rows: list[dict[str, str]], *, as_json: bool) -> None:
    if as_json:
        import json

        sys.stdout.write(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
        return
    from sigm_bayes.report.catalogue_page import print_rows

    print_rows(rows, file=sys.stdout)
