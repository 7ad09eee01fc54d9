"""Fit evidence and registry together, resume what was killed, release only through the gate."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.errors import InputError, ModelError, Problem
from sigm_bayes.fit.by_centre import LeftOut, Refitter, refit_by_centre
from sigm_bayes.fit.card import FitCard, fit_card
from sigm_bayes.fit.checkpoint import Checkpoint, identity
from sigm_bayes.fit.encode import Capacity, Encoded, encode_rows
from sigm_bayes.fit.entries import Entries, select
from sigm_bayes.fit.rows import encode_row
from sigm_bayes.fit.spec import FitSpec
from sigm_bayes.fit.tree import complete_tree, join_chains
from sigm_bayes.inference import CompiledModel, GateReport, gate, release
from sigm_bayes.inference.hmc import SETTINGS, find_and_mend, sample_nearly_normal
from sigm_bayes.inference.joined import JoinedModel, compile_joined
from sigm_bayes.inference.memory import share_memory
from sigm_bayes.inference.whitening import Whitening, whiten
from sigm_bayes.model.registry import RegistryModel, arrays, build_registry_graph
from sigm_bayes.model.registry_priors import load_registry_priors
from sigm_bayes.posterior import library_versions, load_posterior, model_digest, save_posterior, thin_draws
from sigm_bayes.query.encode import Encoder
from sigm_bayes.release.sigm import Inputs, load_inputs, provenance

if TYPE_CHECKING:
    import xarray as xr

    from sigm_bayes.registry import Registry

CARD = "MODEL_CARD.md"
PRIORS = "registry.toml"
RELEASED_DRAWS = 2000
Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class FitResult:
    """A fitted registry.

    Attributes
    ----------
    tree : DataTree
        Groups posterior, prior, sample_stats, log_likelihood (person), log_prior, observed_data.
    report : GateReport
    path : Path or None
        The released ``posterior.npz``.
    seconds : mapping of str to float
        Wall time of the steps that were done now (nothing for what a checkpoint held).
    summary : tuple of str
    left_out : tuple of LeftOut
        The people of each centre under a fit without it, where that was asked for.
    """

    tree: xr.DataTree
    report: GateReport
    path: Path | None
    seconds: dict[str, float]
    summary: tuple[str, ...]
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True)
class Prepared:
    """A registry put into a compiled model."""

    inputs: Inputs
    entries: Entries
    encoded: Encoded
    graph: RegistryModel
    joined: JoinedModel


def encode_registry(
    registry: Registry, spec: FitSpec, inputs: Inputs, *, capacity: Capacity | None = None
) -> tuple[Entries, Encoded]:
    """Select and encode the people of a registry."""
    catalogue = inputs.catalogue
    entries = select(registry, spec, catalogue=catalogue)
    encoder = Encoder(catalogue, inputs.priors, inputs.curves)
    boxes, exposure_boxes = _boxes(spec, catalogue)
    rows = [
        encode_row(entry, encoder, boxes=boxes, unions=unions)
        for entry, unions in zip(entries.entries, entries.unions, strict=True)
    ]
    kept: dict[str, Any] = {}
    if entries.thinned:
        # What both shares have in common says nothing: only their ratio is in the likelihood.
        kept = {"kept_below_mg_dl": entries.keep_below, "kept_above": entries.kept_high / entries.kept_low}
    return entries, encode_rows(rows, encoder, boxes=boxes, exposure_boxes=exposure_boxes, capacity=capacity, **kept)


def _boxes(spec: FitSpec, catalogue: Catalogue) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the findings and of the causes that are boxes to tick.

    The invasive infection is none: which of its attributes were asked is told by its own columns.
    """
    findings, causes = catalogue.ids("finding"), catalogue.ids("cause")
    unknown = [id for id in spec.boxes if id not in findings and id not in causes]
    if unknown:
        raise InputError([Problem("boxes", id, "is no finding and no cause", "See: sigm list.") for id in unknown])
    wanted = [id for id in spec.boxes if id in findings and id != "invasive_infection"]
    exposures = [id for id in spec.boxes if id in causes]
    return (
        np.array(sorted(findings.index(id) for id in wanted), dtype=int),
        np.array(sorted(causes.index(id) for id in exposures), dtype=int),
    )


def prepare(
    registry: Registry, spec: FitSpec, *, model_dir: Path, capacity: Capacity | None = None, least_centres: int = 1
) -> Prepared:
    """Encode a registry, build the graph and compile it; InputError where there are fewer centres than needed."""
    share_memory()
    inputs = load_inputs(model_dir)
    entries, encoded = encode_registry(registry, spec, inputs, capacity=capacity)
    if len(entries.centres) < least_centres:
        raise InputError([Problem("centre", entries.centres[0], "is the only one", "Leave --by-centre out.")])
    graph = build_registry_graph(
        encoded.people, centres=entries.centres, scheme=spec.scheme(subsampled=entries.thinned),
        registry_priors=load_registry_priors(model_dir / PRIORS), catalogue=inputs.catalogue, priors=inputs.priors,
        evidence=inputs.evidence, curves=inputs.curves,
    )  # fmt: skip
    return Prepared(inputs, entries, encoded, graph, compile_joined(graph.models))


def fit(
    registry: Registry,
    spec: FitSpec,
    *,
    model_dir: Path,
    out: Path | None = None,
    cores: int = 2,
    told: Progress | None = None,
    by_centre: bool = False,
) -> FitResult:
    """Fit a registry with the published evidence as its prior.

    Parameters
    ----------
    registry : Registry
        As `read_registry` returns it.
    spec : FitSpec
    model_dir : Path
        Folder with ``model.toml``, ``priors.toml``, ``registry.toml`` and the literature posterior.
    out : Path, optional
        Folder for the fitted model; with it the fit is checkpointed and goes on where it was killed. Without it
        nothing is written.
    cores : int
        Chains at a time.
    told : callable, optional
        Gets the name of each step and the share of it that is done.
    by_centre : bool
        Also refit without each centre and answer for its people.

    Returns
    -------
    FitResult

    Raises
    ------
    InputError
        Options that do not fit the registry.
    GateError
        A diagnostic failed: nothing is released, the draws stay in the checkpoint.
    """
    clock = _Clock()
    tell = told or (lambda _step, _share: None)
    tell("compile", 0.0)
    ready = prepare(registry, spec, model_dir=model_dir, least_centres=2 if by_centre else 1)
    clock.lap("compile")
    data = arrays(ready.encoded.people)
    mark = identity(data, {**asdict(spec), **_versions(model_dir, ready.inputs)})
    checkpoint = None if out is None else Checkpoint.open(out, mark)
    handle = ready.joined.handle
    whitening = _whitening(handle, spec, checkpoint, tell, cores=cores)
    clock.lap("mode and curvature")
    tree = _chains(handle, whitening, spec, checkpoint, tell, cores=cores)
    clock.lap("sampling")
    checked = [*ready.joined.free, *(name for name in tree["posterior"].data_vars if name.startswith("expected"))]
    report = release(gate(tree, expected_draws=spec.draws, chains=spec.chains, var_names=checked))
    complete_tree(tree, ready.entries, ready.encoded, priors=ready.inputs.priors, seed=spec.seed)
    path = None if out is None else _release(tree, ready, spec, report, model_dir, out, mark)
    left_out: tuple[LeftOut, ...] = ()
    if by_centre:
        left_out = _by_centre(ready, whitening, spec, checkpoint, cores=cores, told=tell)
        clock.lap("centre by centre")
    if checkpoint is not None:
        checkpoint.remove()
    return FitResult(tree, report, path, clock.seconds, _summary(ready, report, left_out), left_out)


class _Clock:
    """Wall time of steps that took any."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.seconds[name] = now - self.last
        self.last = now


def _versions(model_dir: Path, inputs: Inputs) -> dict[str, Any]:
    return {
        "sampler": SETTINGS, "libraries": library_versions(), "model": model_digest(model_dir),
        "evidence": inputs.evidence.sha256,
        "registry_priors": (model_dir / PRIORS).read_text(encoding="utf-8"),
    }  # fmt: skip


def _whitening(
    handle: CompiledModel, spec: FitSpec, checkpoint: Checkpoint | None, tell: Progress, *, cores: int
) -> Whitening:
    """From the curvature at the mode, mended by a pilot run."""
    kept = checkpoint.whitening() if checkpoint is not None else None
    if kept is not None:
        return kept
    found = find_and_mend(handle, seed=spec.seed + 1, cores=cores, target_accept=spec.target_accept, progress=tell)
    if checkpoint is not None:
        checkpoint.save_whitening(found)
    return found


def _chains(
    handle: CompiledModel, whitening: Whitening, spec: FitSpec, checkpoint: Checkpoint | None, tell: Progress, *,
    cores: int,
) -> xr.DataTree:  # fmt: skip
    """All chains, as many at a time as there are cores; finished batches come from the checkpoint."""
    batches: list[xr.DataTree] = []
    at_a_time = max(1, min(cores, spec.chains))
    first = 0
    while first < spec.chains:
        tree = checkpoint.chains(first) if checkpoint is not None else None
        if tree is None:
            now = min(at_a_time, spec.chains - first)

            def told(done: int, whole: int, first: int = first, now: int = now) -> None:
                tell("sampling", (first + now * done / whole) / spec.chains)

            tree = sample_nearly_normal(
                whiten(handle, whitening), seed=spec.seed, first_chain=first, chains=now, draws=spec.draws,
                tune=spec.tune, cores=at_a_time, target_accept=spec.target_accept, first_step=whitening.step,
                told=told,
            )  # fmt: skip
            if checkpoint is not None:
                checkpoint.save_chains(first, tree)
        batches.append(tree)
        first += tree["posterior"].sizes["chain"]
    return join_chains(batches)


def _by_centre(
    ready: Prepared, whitening: Whitening, spec: FitSpec, checkpoint: Checkpoint | None, *, cores: int, told: Progress
) -> tuple[LeftOut, ...]:
    people, inputs = ready.encoded.people, ready.inputs
    refitter = Refitter(
        ready.joined, whitening, ready.entries, np.asarray(people.weight), np.asarray(people.centre), inputs.released,
        Encoder(inputs.catalogue, inputs.priors, inputs.curves),
    )  # fmt: skip
    folder = None if checkpoint is None else checkpoint.folder
    return refit_by_centre(refitter, spec, cores=cores, folder=folder, told=told)


def _release(
    tree: xr.DataTree, ready: Prepared, spec: FitSpec, report: GateReport, model_dir: Path, out: Path, mark: str
) -> Path:
    """Write the artefact in the form of the shipped model, and its card."""
    out.mkdir(parents=True, exist_ok=True)
    for name in ("model.toml", "priors.toml", PRIORS):
        if (model_dir / name).resolve() != (out / name).resolve():
            shutil.copyfile(model_dir / name, out / name)
    n = min(RELEASED_DRAWS, spec.chains * spec.draws)
    kept = thin_draws(tree, n, var_names=ready.inputs.released)
    counts = {"fitted": len(ready.entries.entries), "left_out": ready.entries.left_out}
    meta = {
        "name": ready.inputs.catalogue.name, "version": f"{ready.inputs.catalogue.version}+registry",
        "created": datetime.now(tz=UTC).isoformat(timespec="seconds"), "seed": spec.seed, "released_draws": n,
        "sampler": {"algorithm": "split Hamiltonian Monte Carlo, whitened", "backend": "jax", "chains": spec.chains,
                    "draws": spec.draws, "tune": spec.tune, "target_accept": spec.target_accept},
        "diagnostics": report.summary(), "libraries": library_versions(), "fit_sha256": mark,
        "registry": {**counts, "centres": list(ready.entries.centres), "ascertainment": spec.ascertainment,
                     "labels": spec.labels, "thinned": ready.entries.thinned},
        **provenance(ready.inputs),
    }  # fmt: skip
    path = save_posterior(out, variables=kept.variables, dims=kept.dims, coords=kept.coords, meta=meta)
    before = load_posterior(model_dir).variables
    card = fit_card(FitCard(meta, ready.entries, spec, ready.inputs, before, kept.variables, tree))
    (out / CARD).write_text(card, encoding="utf-8", newline="\n")
    return path


def _summary(ready: Prepared, report: GateReport, without: tuple[LeftOut, ...]) -> tuple[str, ...]:
    found = report.summary()
    entries = ready.entries
    left_out = sum(entries.left_out.values())
    thinned = (
        f"thinned at random: {entries.kept_low:.3g} of the people with a first IgM below {entries.keep_below:g} mg/dL "
        f"are fitted, {entries.kept_high:.3g} of the others, and the likelihood is conditional on that"
    )
    return (
        f"{len(entries.entries):,} people of {len(entries.centres)} centres fitted, {left_out:,} left out",
        *((thinned,) if entries.thinned else ()),
        (
            f"{found['variables']} quantities checked: R-hat at most {found['r_hat']['value']:.3f}, bulk ESS at least "
            f"{found['ess_bulk']['value']:.0f}, {found['divergences']} divergences"
        ),
        *(
            f"without {one.centre}: {len(one.person_id):,} people answered for; R-hat at most {one.worst_r_hat:.3f}, "
            f"bulk ESS at least {one.least_ess:.0f}, {one.divergences} divergences"
            for one in without
        ),
    )


def with_registry(ready: Prepared, registry: Registry, spec: FitSpec, *, capacity: Capacity) -> Prepared:
    """The same compiled model with another registry of the same centres, boxes and capacity.

    Raises
    ------
    ModelError
        The other registry needs larger arrays.
    """
    entries, encoded = encode_registry(registry, spec, ready.inputs, capacity=capacity)
    old, new = arrays(ready.encoded.people), arrays(encoded.people)
    wrong = [name for name in old if name not in new or old[name].shape != new[name].shape]
    if wrong or entries.centres != ready.entries.centres:
        raise ModelError(
            f"another registry does not fit the compiled model ({', '.join(wrong[:3]) or 'other centres'}). "
            "Give a larger capacity."
        )
    return replace(ready, entries=entries, encoded=encoded, joined=ready.joined.with_data(**new))
