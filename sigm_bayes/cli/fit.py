"""`sigm fit`: literature and a registry in one model."""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer

from sigm_bayes.errors import InputError, Problem

CENTRE, CUT_OFF = "centre", "igm_cut_off_mg_dl"


def fit(
    table: Annotated[str, typer.Argument(metavar="REGISTRY", help="People or visits; see: sigm registry check.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder of the fitted model.")],
    model: Annotated[Path, typer.Option("--model", metavar="DIR", help="Model folder whose evidence is the prior.")],
    mapping: Annotated[
        Path | None, typer.Option("--mapping", "-m", metavar="FILE", help="Which column is what (TOML).")
    ] = None,
    samples: Annotated[
        Path | None, typer.Option("--samples", metavar="FILE", help="Samples, one result a row.")
    ] = None,
    format: Annotated[
        str | None, typer.Option("--format", metavar="FORMAT", help="redcap, omop or fhir; default: tables.")
    ] = None,
    ascertainment: Annotated[
        Literal["all_tested", "low_igm", "labelled_primary"],
        typer.Option(help="Who is in the registry: everybody tested, people with a low IgM, labelled primary."),
    ] = "all_tested",
    labels: Annotated[
        Literal["trusted", "noisy", "ignored"], typer.Option(help="What the centres' labels are worth.")
    ] = "noisy",
    cut_off: Annotated[
        float | None, typer.Option("--cut-off", metavar="MG_DL", help="Of the first IgM, as printed, for low_igm.")
    ] = None,
    cut_offs: Annotated[
        Path | None,
        typer.Option("--cut-offs", metavar="FILE", help=f"The same by centre: CSV with {CENTRE}, {CUT_OFF}."),
    ] = None,
    boxes: Annotated[
        list[str] | None,
        typer.Option("--box", metavar="ID", help="Finding that is a box to tick; repeat. Default: those not asked."),
    ] = None,
    subsample_from: Annotated[
        int, typer.Option(metavar="N", min=1, help="People from which on they are thinned by their first IgM.")
    ] = 20_000,
    keep_share: Annotated[
        float, typer.Option(metavar="SHARE", help="Of the people of a thinned registry with 60 mg/dL and more.")
    ] = 0.1,
    most_people: Annotated[
        int, typer.Option(metavar="N", min=100, help="A registry is thinned further if more would be fitted.")
    ] = 4_000,
    chains: Annotated[int, typer.Option(metavar="N", min=2, max=64)] = 4,
    draws: Annotated[int, typer.Option(metavar="N", min=100, help="A chain.")] = 500,
    tune: Annotated[int, typer.Option(metavar="N", min=20, help="A chain; not kept.")] = 40,
    cores: Annotated[int, typer.Option(metavar="N", min=1, help="Chains at a time.")] = 2,
    seed: Annotated[int, typer.Option(metavar="N", min=0)] = 20261122,
    by_centre: Annotated[
        Path | None,
        typer.Option(
            "--by-centre",
            metavar="FILE",
            help="Also refit without each centre and write what those fits say of its people (CSV).",
        ),
    ] = None,
    tree: Annotated[
        Path | None, typer.Option("--tree", metavar="FILE", help="Also write every draw to this NetCDF file.")
    ] = None,
) -> None:
    """Fit a registry with the published evidence as its prior, and release the model if the diagnostics pass.

    The result is a model folder: `sigm query FILE --model DIR` uses it at once. A fit that was killed goes on from its
    last checkpoint with the same command. Needs the extras [fit] and [registry].
    """
    from sigm_bayes.fit import FitSpec
    from sigm_bayes.fit import fit as run
    from sigm_bayes.registry import read_registry

    registry = read_registry(table, mapping, samples=samples, format=format)
    spec = FitSpec(
        ascertainment=ascertainment, labels=labels, cut_off_mg_dl=cut_off,
        cut_offs=_cut_offs(cut_offs) if cut_offs is not None else {},
        boxes=tuple(boxes) if boxes is not None else registry.boxes, seed=seed, chains=chains,
        draws=draws, tune=tune,
        subsample_from=subsample_from, keep_share=keep_share, most_people=most_people,
    )  # fmt: skip
    shown = sys.stderr.isatty()
    try:
        result = run(
            registry, spec, model_dir=model, out=out, cores=cores, told=_teller(shown),
            by_centre=by_centre is not None,
        )  # fmt: skip
    except KeyboardInterrupt:
        typer.echo("sigm: stopped; the same command goes on from the last checkpoint", err=True)
        raise typer.Exit(130) from None
    for line in result.summary:
        typer.echo(line)
    typer.echo("; ".join(f"{name} {seconds:.0f} s" for name, seconds in result.seconds.items()))
    if by_centre is not None:
        from sigm_bayes.fit.by_centre import write_left_out

        write_left_out(by_centre, result.left_out)
        typer.echo(f"centre by centre: {by_centre}; it holds person ids: treat it as patient data", err=True)
    if tree is not None:
        result.tree.to_netcdf(tree, engine="h5netcdf")
    typer.echo(f"released {result.path}; its card: {out / 'MODEL_CARD.md'}")


def _teller(shown: bool) -> Callable[[str, float], None]:
    """Say on stderr what goes on and how long it will still take: on a terminal often, else at each quarter."""
    said: set[tuple[str, int]] = set()
    began: dict[str, float] = {}

    def tell(step: str, share: float) -> None:
        now = time.monotonic()
        since = now - began.setdefault(step, now)
        mark = (step, int(share * (100 if shown else 4)))
        if mark not in said:
            said.add(mark)
            left = f", about {since * (1.0 - share) / share:.0f} s left" if 0.0 < share < 1.0 and since > 1.0 else ""
            start, end = ("\r\x1b[K", "" if share < 1.0 else "\n") if shown else ("", "\n")
            print(f"{start}{step}: {share:.0%}{left}", end=end, file=sys.stderr, flush=True)  # noqa: T201

    return tell


def _cut_offs(path: Path) -> dict[str, float]:
    """Read a table of centres; every bad row is in one error."""
    if not path.is_file():
        raise InputError([Problem("--cut-offs", str(path), "there is no such file", "Check the path.")])
    problems: list[Problem] = []
    found: dict[str, float] = {}
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        missing = [name for name in (CENTRE, CUT_OFF) if name not in (reader.fieldnames or ())]
        if missing:
            raise InputError(
                [Problem(name, None, "the column is missing", "Name the columns so.") for name in missing],
                source=str(path),
            )
        for number, row in enumerate(reader, start=1):
            try:
                value = float(row[CUT_OFF])
            except (TypeError, ValueError):
                problems.append(Problem(f"row {number}, {CUT_OFF}", row[CUT_OFF], "is no number", "Give mg/dL."))
                continue
            if row[CENTRE] in found:
                problems.append(Problem(f"row {number}, {CENTRE}", row[CENTRE], "is there twice", "Keep one."))
            found[row[CENTRE]] = value
    if problems:
        raise InputError(problems, source=str(path))
    return found
