"""Priors of centres, labels and boxes, from `registry.toml` beside the model."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sigm_bayes.errors import ModelError, Problem

SCALES = {
    "centre_prevalence": "log_sd", "centre_background": "log_sd", "assay_offset": "log_sd", "label_right": "logit",
    "label_wrong": "logit", "ticked": "logit",
}  # fmt: skip


@dataclass(frozen=True)
class NormalPrior:
    """Mean and SD on the scale that the table names, and where they come from."""

    mean: float
    sd: float
    source: str


@dataclass(frozen=True)
class RegistryPriors:
    """One prior a field, named as the tables of `registry.toml`."""

    centre_prevalence: NormalPrior
    centre_background: NormalPrior
    assay_offset: NormalPrior
    label_right: NormalPrior
    label_wrong: NormalPrior
    ticked: NormalPrior


def load_registry_priors(path: Path) -> RegistryPriors:
    """Read and check `registry.toml`.

    Raises
    ------
    ModelError
        With every table that is missing, unknown or wrong.
    """
    if not path.is_file():
        raise ModelError(f"{path}: there is no such file. Copy it from the shipped model.")
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ModelError(f"{path}: is not TOML ({error}). Correct it.") from None
    problems = [
        Problem(name, None, "is no prior of a registry", f"Known: {', '.join(SCALES)}.")
        for name in raw
        if name not in SCALES
    ]
    found = {name: _prior(name, scale, raw.get(name), problems) for name, scale in SCALES.items()}
    if problems:
        raise ModelError(problems, source=str(path))
    return RegistryPriors(**{name: prior for name, prior in found.items() if prior is not None})


def _prior(name: str, scale: str, table: Any, problems: list[Problem]) -> NormalPrior | None:
    if not isinstance(table, dict):
        problems.append(Problem(name, table, "the table is missing", f"It needs {scale} = [mean, sd] and a source."))
        return None
    value, source = table.get(scale), table.get("source")
    if not _mean_and_sd(value):
        problems.append(Problem(f"{name}.{scale}", value, "expected [mean, sd] with sd above 0", "Give two numbers."))
        return None
    if not isinstance(source, str) or not source.strip():
        problems.append(Problem(f"{name}.source", source, "the source is missing", "Say where the numbers come from."))
        return None
    mean, sd = (float(x) for x in table[scale])
    return NormalPrior(mean, sd, source)


def _mean_and_sd(value: Any) -> bool:
    if not isinstance(value, list) or len(value) != 2:
        return False
    numbers = all(isinstance(x, int | float) and not isinstance(x, bool) and math.isfinite(x) for x in value)
    return numbers and value[1] > 0
