"""Simulated registries with known truth, all fitted by one compiled model.

The truth of a registry is one draw of the literature posterior, which is the prior of the fit; its centre effects come
from ``registry.toml``. Exposures are complete and no finding is a box to tick, so that the simulator's story and the
likelihood are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sigm_bayes.errors import ModelError
from sigm_bayes.fit.encode import Capacity, Encoded
from sigm_bayes.fit.pipeline import Prepared, encode_registry, prepare, with_registry
from sigm_bayes.likelihood.people_joint import Ascertainment
from sigm_bayes.model.registry import ANALYTES
from sigm_bayes.model.registry_priors import NormalPrior, load_registry_priors
from sigm_bayes.registry import Registry, Table
from sigm_bayes.registry.read import build_registry
from sigm_bayes.registry.standard import standard_mapping
from sigm_bayes.release.sigm import load_inputs
from sigm_bayes.simulate import load_options, simulate_registry
from sigm_bayes.simulate.tables import person_ids, registry_table, samples_table

if TYPE_CHECKING:
    from sigm_bayes.fit.spec import FitSpec
    from sigm_bayes.query.model import Model

CUT_OFF_MG_DL = 60.0
"""Of the first IgM as printed, where only low results are enrolled; one for all centres."""
ROOM, MORE = 1.3, 10
"""Arrays are this much longer than the registries that were looked at need, so that the others fit in."""
BLOCK_ROOM, MORE_BLOCKS = 1.1, 2
"""The same for blocks of people, each of which costs as much as 32 people."""
CURVES = ("curve_igm", "curve_igg", "curve_iga")


@dataclass(frozen=True)
class Design:
    """How registries are simulated.

    Attributes
    ----------
    people, centres : int
    ascertainment : "all_tested" | "low_igm"
    """

    people: int
    centres: int
    ascertainment: Ascertainment


@dataclass(frozen=True)
class Simulated:
    """A registry as read, and its truth.

    Attributes
    ----------
    registry : Registry
    truth : mapping of name to array
        Parameters of the model.
    centres : mapping of name to array
        Effects of the centres and their SDs, named as in the graph.
    class_of : mapping of str to int
        Person id to the true class, a position in `likelihood.hypotheses.CLASSES`.
    """

    registry: Registry
    truth: Mapping[str, np.ndarray]
    centres: Mapping[str, np.ndarray]
    class_of: Mapping[str, int]


def simulated(
    model: Model, truth: Mapping[str, np.ndarray], design: Design, *, folder: Path, seed: int,
    changes: Mapping[str, Mapping[str, Any]] | None = None,
) -> Simulated:  # fmt: skip
    """Simulate a registry and read it as a file would be read.

    Parameters
    ----------
    truth
        Every parameter by name, without a draw axis.
    folder
        Of the model: its ``registry.toml`` has the priors of the centre effects.
    changes
        Entries that replace those of the options, by table of the options.
    """
    catalogue = model.catalogue
    priors, rng = load_registry_priors(folder / "registry.toml"), np.random.default_rng([seed, 1])
    options = load_options(catalogue=catalogue)

    def sd(prior: NormalPrior) -> float:
        return float(np.exp(prior.mean + prior.sd * rng.standard_normal()))

    prevalence_sd, background_sd = sd(priors.centre_prevalence), sd(priors.centre_background)
    offset_sd = sd(priors.assay_offset)
    mix = {**options.case_mix, "prevalence_sd": prevalence_sd, "background_sd": background_sd}
    lab = {**options.laboratory, "offset_sd": offset_sd, "other_unit_share": [0.0],
           "cut_off_igm_mg_dl": [CUT_OFF_MG_DL]}  # fmt: skip
    records = {**options.records, "cause_recorded": [1.0, 1.0], "tick_boxes": []}
    options = replace(options, case_mix=mix, laboratory=lab, records=records)
    for name, entries in (changes or {}).items():
        options = replace(options, **{name: {**getattr(options, name), **entries}})
    found = simulate_registry(
        truth, catalogue=catalogue, priors=model.priors, curves=model.encoder.curves, n=design.people,
        centres=design.centres, seed=seed, options=options, ascertainment=design.ascertainment,
    )  # fmt: skip
    people = Table.from_columns(Path("people"), registry_table(found, catalogue=catalogue))
    samples = Table.from_columns(Path("samples"), samples_table(found, catalogue=catalogue))
    mapping = standard_mapping(catalogue, header=people.header, samples_header=samples.header)
    registry = build_registry(people, mapping, samples=samples, catalogue=catalogue)
    centres = {
        "centre_prevalence": np.array([c.prevalence_offset for c in found.centres]),
        "centre_background": np.array([c.background_offset for c in found.centres]),
        "assay_offset": np.array([[c.assay_offset[a] for a in ANALYTES] for c in found.centres]),
        "centre_prevalence_sd": np.array(prevalence_sd),
        "centre_background_sd": np.array(background_sd),
        "assay_offset_sd": np.array(offset_sd),
    }
    class_of = {
        id: int(k)
        for part, ids in zip(found.records, person_ids(found), strict=True)
        for id, k in zip(ids, part.people.class_index, strict=True)
    }
    return Simulated(registry, truth, centres, class_of)


def lengths(encoded: Encoded) -> Capacity:
    """Lengths of the arrays of a registry."""
    p = encoded.people
    return Capacity(
        blocks=p.n_blocks, groups=p.n_groups, origin_blocks=len(p.origin_block_group), acting=len(p.acting_set),
        attributes=len(p.attribute_allowed), exposed=len(p.exposed), igm_open=len(p.igm_open),
        repeats=len(p.repeats.person), pieces=len(p.repeats.repeat), ig_wide=len(p.ig_wide),
    )  # fmt: skip


def largest(capacities: list[Capacity]) -> Capacity:
    """Lengths that hold every one of them."""
    return Capacity(**{f.name: max(getattr(c, f.name) for c in capacities) for f in fields(Capacity)})


def roomy(capacity: Capacity) -> Capacity:
    """Lengths that other registries of this size will need too."""

    def more(name: str) -> int:
        length = getattr(capacity, name)
        if name in ("blocks", "groups", "origin_blocks"):
            return int(BLOCK_ROOM * length) + MORE_BLOCKS
        return int(ROOM * length) + MORE

    return Capacity(**{f.name: more(f.name) for f in fields(Capacity)})


class Compiled:
    """One compiled model for registry after registry.

    Parameters
    ----------
    folder : Path
        Of the model.
    spec : FitSpec
    tight : bool
        Make the arrays as long as the registries that were looked at need, and no longer: quicker, where these are all.
    """

    def __init__(self, folder: Path, spec: FitSpec, *, tight: bool = False) -> None:
        self.folder = folder
        self.spec = spec
        self.tight = tight
        self.capacity = Capacity()
        self._inputs = load_inputs(folder)
        self._ready: Prepared | None = None

    def look_at(self, registry: Registry) -> None:
        """Make room for a registry before anything is compiled."""
        needed = lengths(encode_registry(registry, self.spec, self._inputs)[1])
        self.capacity = largest([self.capacity, needed if self.tight else roomy(needed)])

    def put(self, registry: Registry) -> Prepared:
        """Put a registry into the model; it is compiled at first, and again only for one that needs larger arrays."""
        if self._ready is not None:
            try:
                return with_registry(self._ready, registry, self.spec, capacity=self.capacity)
            except ModelError:
                self._ready, self.tight = None, False
        self.look_at(registry)
        self._ready = prepare(registry, self.spec, model_dir=self.folder, capacity=self.capacity)
        return self._ready


def draws_by_name(model: Model, posterior: Any) -> dict[str, np.ndarray]:
    """Draws (draw, ...) of every parameter that a query needs; constants are repeated.

    Parameters
    ----------
    posterior
        Group of a tree; (chain, draw, ...).
    """
    n = posterior.sizes["chain"] * posterior.sizes["draw"]
    out = {
        p.name: flat_draws(posterior, p.name) if p.free.any() else np.broadcast_to(p.mean, (n, *p.mean.shape))
        for p in model.priors.parameters
        if not p.evidence_only
    }
    return out | {name: flat_draws(posterior, name) for name in CURVES}


def flat_draws(posterior: Any, name: str) -> np.ndarray:
    """Draws of one variable, all chains after each other; (draw, ...)."""
    values = posterior[name].transpose("chain", "draw", ...).to_numpy()
    return np.asarray(values.reshape(-1, *values.shape[2:]))
