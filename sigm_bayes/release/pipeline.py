"""The steps every model goes through before it is released."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sigm_bayes.errors import ModelError
from sigm_bayes.inference import Backend, CompiledModel, GateReport, Thresholds, compile_model, gate, release
from sigm_bayes.posterior import library_versions, model_digest, save_posterior, thin_draws

if TYPE_CHECKING:
    import pymc as pm
    import xarray as xr


@dataclass(frozen=True)
class SamplerSettings:
    """How a posterior is drawn; see `CompiledModel.sample`."""

    seed: int
    chains: int
    draws: int
    tune: int
    target_accept: float


@dataclass(frozen=True)
class BuildResult:
    """A released model.

    Attributes
    ----------
    path
        The ``posterior.npz`` written.
    report
        Of the gate, passed.
    tree
        All draws, unthinned.
    handle
        The compiled model, to sample again with other data.
    meta
        What was stored with the draws.
    seconds
        Wall time of compiling and sampling.
    summary
        Lines for whoever started the build: what came out.
    """

    path: Path
    report: GateReport
    tree: xr.DataTree
    handle: CompiledModel
    meta: dict[str, Any]
    seconds: float
    summary: tuple[str, ...] = ()


def fit_and_release(
    model: pm.Model,
    model_dir: Path,
    *,
    name: str,
    version: str,
    variables: Iterable[str],
    settings: SamplerSettings,
    released_draws: int,
    cores: int = 2,
    progress: bool = True,
    out: Path | None = None,
    extra: Mapping[str, Any] | None = None,
    may_be_constant: Collection[str] = (),
    thresholds: Thresholds | None = None,
    checked: Iterable[str] | None = None,
    backend: Backend = "numba",
) -> BuildResult:
    """Compile, sample, check, thin and save. Nothing is written when the gate fails.

    Parameters
    ----------
    model
        The graph.
    model_dir
        Folder whose ``model.toml`` and ``priors.toml`` were fitted.
    name, version
        Of the model.
    variables
        Which variables the artefact keeps.
    settings
        Of the sampler.
    released_draws
        Draws kept, evenly from all chains.
    cores, progress
        Chains at a time; show the progress bar.
    out
        Folder to write to; default `model_dir`.
    extra
        More metadata, such as ``evidence_sha256``.
    may_be_constant, thresholds
        For the gate.
    checked
        Variables that the gate looks at; default all.
    backend
        See `compile_model`.

    Returns
    -------
    BuildResult
        With everything a model card needs.

    Raises
    ------
    GateError
        A diagnostic failed.
    ModelError
        The sampler found no start, the draws cannot be saved, or the specification was edited meanwhile.
    """
    start = time.perf_counter()
    fitted = model_digest(model_dir)
    with _shown("compiling the model", progress):
        handle = compile_model(model, backend=backend)
    tree = handle.sample(**asdict(settings), cores=cores, progress=progress)
    seconds = time.perf_counter() - start
    report = release(
        gate(
            tree,
            expected_draws=settings.draws,
            chains=settings.chains,
            var_names=checked,
            may_be_constant=may_be_constant,
            thresholds=thresholds,
        )
    )
    if model_digest(model_dir) != fitted:
        raise ModelError(
            f"{model_dir}: model.toml or priors.toml was edited while the model was fitted, so the draws belong to "
            "neither version; nothing was written. Build again."
        )
    kept = thin_draws(tree, released_draws, var_names=variables)
    meta = {
        "name": name,
        "version": version,
        "seed": settings.seed,
        "model_sha256": fitted,
        "released_draws": released_draws,
        "created": datetime.now(tz=UTC).isoformat(timespec="seconds"),
        "sampler": {"algorithm": "NUTS (nutpie)", "backend": backend, **asdict(settings)},
        "diagnostics": report.summary(),
        "libraries": library_versions(),
        **(extra or {}),
    }
    path = save_posterior(model_dir, variables=kept.variables, dims=kept.dims, coords=kept.coords, meta=meta, out=out)
    checks = meta["diagnostics"]
    line = (
        f"{checks['variables']} quantities checked: R-hat at most {checks['r_hat']['value']:.3f}, bulk ESS at least "
        f"{checks['ess_bulk']['value']:.0f}, {checks['divergences']} divergences; {seconds:.0f} s"
    )
    return BuildResult(path=path, report=report, tree=tree, handle=handle, meta=meta, seconds=seconds, summary=(line,))


@contextmanager
def _shown(message: str, progress: bool) -> Iterator[None]:
    """Show a spinner on stderr while something without a progress bar of its own runs."""
    if not progress:
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(message):
        yield
