"""Read `priors.toml`: every prior (mean and SD on an unbounded scale) and every constant, with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sigm_bayes.catalogue.tables import Catalogue
from sigm_bayes.errors import ModelError, Problem

SHIFTED_COMPONENTS = ("partial", "profound", "depletion", "secondary")
EFFECT_CLASSES = ("primary", "other_immunodeficiency", "secondary")
DEFINED_CLASSES = ("primary", "other_immunodeficiency")
RECOVERIES = ("constitutional", "slow", "stopped", "fast", "maturation")
IMMUNOGLOBULINS = ("igg", "iga")


@dataclass(frozen=True, eq=False)
class Parameter:
    """One array of parameters, normal a priori on the scale that its name states.

    Attributes
    ----------
    dims : names of the axes
    mean, sd : arrays over `dims`; sd 0 marks a constant
    source : where the prior comes from
    evidence_only : describes published series, not people; not part of a released posterior
    """

    name: str
    dims: tuple[str, ...]
    mean: np.ndarray
    sd: np.ndarray
    source: str
    evidence_only: bool = False

    @property
    def free(self) -> np.ndarray:
        """Boolean array over `dims`: what is sampled."""
        return np.asarray(self.sd > 0.0)

    @property
    def partly_free(self) -> bool:
        """Whether some entries are sampled and others are constants."""
        return bool(self.free.any() and not self.free.all())

    @property
    def released_name(self) -> str:
        """Name in a released posterior: only the free entries are kept there."""
        return f"{self.name}_free" if self.partly_free else self.name

    def free_labels(self, coords: Mapping[str, tuple[str, ...]]) -> list[str]:
        """Labels of the free entries, coordinates joined by ``|`` as in `priors.toml`."""
        names = [coords[dim] for dim in self.dims]
        return [
            "|".join(labels[i] for labels, i in zip(names, at, strict=True))
            for at in zip(*np.nonzero(self.free), strict=True)
        ]

    def fill(self, draws: np.ndarray) -> np.ndarray:
        """Full arrays (draw, ...) from released ones: constants take their place between the free entries."""
        if not self.partly_free:
            return draws
        out = np.empty((len(draws), *self.mean.shape))
        out[...] = self.mean
        out[:, self.free] = draws
        return out


@dataclass(frozen=True)
class StudyEffect:
    """SD of the difference between a published number and the model: per item, and shared within a study."""

    item: float
    study: float
    source: str

    @property
    def total(self) -> float:
        """SD of a new study's item."""
        return float(np.hypot(self.item, self.study))


@dataclass(frozen=True, eq=False)
class Priors:
    """The parsed file."""

    parameters: tuple[Parameter, ...]
    constants: Mapping[str, float]
    constant_sources: Mapping[str, str]
    study_effects: Mapping[str, StudyEffect]
    coords: Mapping[str, tuple[str, ...]]

    def parameter(self, name: str) -> Parameter:
        """The parameter of that name (KeyError if there is none)."""
        for p in self.parameters:
            if p.name == name:
                return p
        raise KeyError(name)


def model_coords(catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    """Names along every axis that a parameter can have."""
    exposures = tuple(c.id for c in catalogue.causes if c.recordable)
    return {
        "setting": tuple(s.id for s in catalogue.settings),
        "age_band": tuple(a.id for a in catalogue.age_bands),
        "exposure": exposures,
        "context": tuple(c.id for c in catalogue.contexts),
        "finding": tuple(f.id for f in catalogue.findings),
        "test": tuple(t.id for t in catalogue.tests),
        "site": tuple(o.id for o in catalogue.invasive.sites),
        "organism": tuple(o.id for o in catalogue.invasive.organisms),
        "ig_class": ("other_immunodeficiency", *(c.id for c in catalogue.causes)),
        "shifted_component": SHIFTED_COMPONENTS,
        "effect_class": EFFECT_CLASSES,
        "defined_class": DEFINED_CLASSES,
        "recovery": RECOVERIES,
        "ig": IMMUNOGLOBULINS,
    }


def load_priors(
    model_dir: Path, *, catalogue: Catalogue, extra_coords: Mapping[str, tuple[str, ...]] | None = None,
    document: Mapping[str, Any] | None = None,
) -> Priors:  # fmt: skip
    """Read and check `priors.toml` of a model folder.

    Parameters
    ----------
    extra_coords
        Names along axes that come from the evidence (`labelled_study`); parameters over an axis that is not
        given are left out (the query does not need them).
    document
        The file, already parsed (a released posterior holds it).

    Raises
    ------
    ModelError
        With every problem of the file.
    """
    path = Path(model_dir) / "priors.toml"
    raw = _read_document(path) if document is None else document
    coords = model_coords(catalogue) | dict(extra_coords or {})
    problems: list[Problem] = []
    parameters = [p for entry in raw.get("parameter", []) if (p := _parameter(entry, coords, problems)) is not None]
    constants = dict(raw.get("constants", {}))
    sources = constants.pop("source", {})
    for name, value in constants.items():
        if not isinstance(value, int | float):
            problems.append(Problem(f"constants.{name}", value, "is not a number", "Give one."))
        if name not in sources:
            problems.append(Problem(f"constants.{name}", value, "has no source", "Add it to [constants.source]."))
    effects = {}
    for name, entry in raw.get("study_effects", {}).items():
        try:
            effects[name] = StudyEffect(float(entry["item"]), float(entry["study"]), str(entry["source"]))
        except (KeyError, TypeError, ValueError):
            problems.append(Problem(f"study_effects.{name}", entry, "needs item, study, source", "Add them."))
    if problems:
        raise ModelError(problems, source=str(path))
    return Priors(
        parameters=tuple(parameters), constants=constants, constant_sources=sources, study_effects=effects,
        coords=coords,
    )  # fmt: skip


def _read_document(path: Path) -> dict[str, Any]:
    """Parse the TOML file, or say plainly why not."""
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        problem = Problem(str(path), None, f"cannot be read: {error}", "Restore the file or mend its syntax.")
        raise ModelError([problem]) from None


def _parameter(
    entry: Mapping[str, Any], coords: Mapping[str, tuple[str, ...]], problems: list[Problem]
) -> Parameter | None:
    name = str(entry.get("name"))
    dims = tuple(entry.get("dims", ()))
    if any(d not in coords for d in dims):
        known_later = {"labelled_study"}
        if not set(dims) - set(coords) <= known_later:
            problems.append(Problem(f"parameter.{name}.dims", dims, "unknown axis", f"Use {sorted(coords)}."))
        return None
    if not entry.get("source"):
        problems.append(Problem(f"parameter.{name}.source", None, "no source", "Say where the prior comes from."))
    shape = tuple(len(coords[d]) for d in dims)
    mean, sd = np.full(shape, np.nan), np.full(shape, np.nan)
    if "default" in entry:
        mean[...], sd[...] = entry["default"]
    # General rows first, so that a row for one coordinate wins over a row with a star.
    for key, value in sorted(entry.get("at", {}).items(), key=lambda kv: -kv[0].count("*")):
        index = _index(key, dims, coords)
        if index is None or len(value) != 2:
            remedy = "Use ids of the catalogue, joined by |, and [mean, sd]."
            problems.append(Problem(f"parameter.{name}.at", key, "does not fit the axes", remedy))
            continue
        mean[index], sd[index] = value
    if np.isnan(mean).any():
        problems.append(
            Problem(f"parameter.{name}", "at", "some coordinates have no prior", "Add a default or the rows.")
        )
    if (sd < 0).any():
        problems.append(Problem(f"parameter.{name}", "sd", "a negative SD", "Give 0 or more."))
    return Parameter(
        name=name, dims=dims, mean=mean, sd=sd, source=str(entry.get("source", "")),
        evidence_only=entry.get("evidence_only") is True,
    )  # fmt: skip


def _index(key: str, dims: tuple[str, ...], coords: Mapping[str, tuple[str, ...]]) -> tuple[Any, ...] | None:
    parts = key.split("|")
    if len(parts) != len(dims):
        return None
    out: list[Any] = []
    for part, dim in zip(parts, dims, strict=True):
        if part == "*":
            out.append(slice(None))
        elif part in coords[dim]:
            out.append(coords[dim].index(part))
        else:
            return None
    return tuple(out)
