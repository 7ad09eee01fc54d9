"""Build the released posterior of a model folder, whatever its kind."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sigm_bayes.errors import ModelError
from sigm_bayes.release.pipeline import BuildResult

# Kind in model.toml -> module and function that build it, imported when wanted.
_BUILDERS = {
    "latent_class": ("sigm_bayes.release.latent_class", "build_latent_class_model"),
    "sigm": ("sigm_bayes.release.sigm", "build_sigm"),
}


def build_model(
    model_dir: Path,
    *,
    seed: int | None = None,
    draws: int | None = None,
    tune: int | None = None,
    chains: int | None = None,
    cores: int = 2,
    progress: bool = True,
    out: Path | None = None,
    exclude: Collection[str] = (),
) -> BuildResult:
    """Fit the model of a folder and write its released posterior and model card.

    Parameters
    ----------
    model_dir
        Folder with ``model.toml``, of which ``kind`` says how to build it.
    seed, draws, tune, chains
        Override what ``[sampling]`` of ``model.toml`` says.
    cores
        Chains that run at the same time.
    progress
        Show the progress bar.
    out
        Folder for ``posterior.npz`` and ``MODEL_CARD.md``; default `model_dir`.
    exclude
        Ids of published items, studies or overlap groups to leave out (kind ``sigm``).

    Returns
    -------
    BuildResult
        Only when the diagnostics gate passed.

    Raises
    ------
    ModelError
        The folder has no valid model.
    GateError
        Sampling did not pass the gate; nothing was written.
    """
    model_dir = Path(model_dir)
    kind = _kind(model_dir)
    absent = [name for name in ("pymc", "nutpie", "numba", "jax", "arviz") if find_spec(name) is None]
    if absent:
        raise ModelError(
            f"building a model needs {', '.join(absent)}, not installed here. "
            "Install the extra: pip install 'sigm-bayes[fit]'."
        )
    if exclude and kind != "sigm":
        raise ModelError(f"{model_dir}: a model of kind {kind!r} has no published items to leave out. Drop `exclude`.")
    module, function = _BUILDERS[kind]
    build: Callable[..., Any] = getattr(import_module(module), function)
    more = {"exclude": exclude} if kind == "sigm" else {}
    result: BuildResult = build(
        model_dir, seed=seed, draws=draws, tune=tune, chains=chains, cores=cores, progress=progress, out=out, **more
    )
    return result


def _kind(model_dir: Path) -> str:
    path = model_dir / "model.toml"
    try:
        with path.open("rb") as file:
            kind = tomllib.load(file).get("kind")
    except OSError as error:
        raise ModelError(f"{path}: cannot be read. Give the folder of a model, such as models/sigm.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: not valid TOML ({error}). Correct it there.") from error
    if kind not in _BUILDERS:
        raise ModelError(f"{path}: kind is {kind!r}, expected {' or '.join(map(repr, _BUILDERS))}. Correct it there.")
    return str(kind)
