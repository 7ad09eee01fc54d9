"""The PyMC model of a registry: the evidence is its prior, the people are one more likelihood vector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.catalogue.priors import Priors
from sigm_bayes.evidence import Evidence
from sigm_bayes.likelihood.hypotheses import CLASSES
from sigm_bayes.likelihood.namespace import jax_namespace
from sigm_bayes.likelihood.people import People, Repeats
from sigm_bayes.likelihood.people_joint import Scheme, log_person
from sigm_bayes.model.graph import build_graph
from sigm_bayes.model.registry_priors import RegistryPriors
from sigm_bayes.model.terms import family_of
from sigm_bayes.reference import Curves

if TYPE_CHECKING:
    import pymc as pm

CONSTANT = frozenset(
    {
        "n_blocks", "n_groups", "n_sites", "n_exposures", "raised_by", "boxes", "exposure_boxes", "noise",
        "delay_shift_spreads", "delay_spread_ratio", "error_sd", "depletion", "is_infection", "invasive",
    }
)  # fmt: skip
"""Fields of `People` that are part of the graph; the others are data that can be replaced."""
REPEATS = "repeats"
ANALYTES = ("IgM", "IgG", "IgA")
KNOWN_FROM = 50
"""People a centre from which its effects are sampled themselves, not as multiples of their SD."""
PARTLY = 0.8
"""Between the two: the prevalence of a centre, of which its few primary people tell something."""
CUTS = (frozenset({"finding", "cascade", "level", "exposure", "test"}),)
"""Families of study effects in the first parts of the evidence; the others are in the last. Each part is compiled on
its own, so that none needs much memory."""


@dataclass(frozen=True)
class RegistryModel:
    """The graph in parts that are compiled one after the other: some of evidence, then the people.

    Attributes
    ----------
    models : tuple of pm.Model
        Their log densities sum to the posterior, what they share counted once: see `JoinedModel`.
    centres : tuple of str
    """

    models: tuple[pm.Model, ...]
    centres: tuple[str, ...]


def build_registry_graph(
    people: People, *, centres: tuple[str, ...], scheme: Scheme, registry_priors: RegistryPriors, catalogue: Catalogue,
    priors: Priors, evidence: Evidence, curves: Curves,
) -> RegistryModel:  # fmt: skip
    """Build evidence and registry as one posterior.

    Beside the variables of `build_graph`: `centre_prevalence`, `centre_background` (centre,), `assay_offset` (centre,
    analyte), their SDs, `label_logit` (class, label) where labels are noisy, `logit_ticked` (box,) where there are
    boxes. `person` is the log-likelihood of each place of `people`; data are named `people_<field>`.
    """
    import pymc as pm

    def add(p: dict[str, Any]) -> None:
        pm.modelcontext(None).add_coords({"centre": list(centres), "analyte": list(ANALYTES)})
        known = float(np.sum(people.weight)) >= KNOWN_FROM * len(centres)
        p = p | _centres(registry_priors, known=known)
        if scheme.labels == "noisy":
            p["label_logit"] = _labels(registry_priors)
        if len(people.boxes):
            p["logit_ticked"] = _boxes("", registry_priors, [catalogue.findings[k].id for k in people.boxes])
        if len(people.exposure_boxes):
            ids = [catalogue.causes[k].id for k in people.exposure_boxes]
            p["logit_ticked_exposure"] = _boxes("exposure", registry_priors, ids)
        data = as_data(people)
        value = pm.Deterministic("person_log_likelihood", _per_person(people, scheme)(p, data))
        weight = data["people_weight"]
        pm.CustomDist("person", value, weight, logp=_weighted, observed=np.zeros(len(people.weight)), dtype="float64")

    shared: dict[str, Any] = {"catalogue": catalogue, "priors": priors, "curves": curves}
    parts = evidence_parts(evidence)
    models = [build_graph(evidence=part, part=f"_{n}", **shared).model for n, part in enumerate(parts, start=1)]
    none = replace(evidence, excluded=frozenset(item.item_id for item in evidence.items))
    models.append(build_graph(evidence=none, extend=add, **shared).model)
    return RegistryModel(tuple(models), centres)


def evidence_parts(evidence: Evidence) -> tuple[Evidence, ...]:
    """Cut the evidence by the family of the study effect (`CUTS`), so that shared effects stay together."""
    every = {i.item_id: family_of(i.term) for i in evidence.fitted}
    last = frozenset(every.values()).difference(*CUTS)
    cuts = (
        replace(evidence, excluded=frozenset(evidence.excluded) | {id for id, name in every.items() if name not in cut})
        for cut in (*CUTS, last)
    )
    return tuple(part for part in cuts if part.fitted)


def _weighted(_: Any, log_likelihood: Any, weight: Any) -> Any:
    """Log-likelihood of as many equal people as stand in a place."""
    return weight * log_likelihood


def arrays(people: People) -> dict[str, np.ndarray]:
    """The replaceable data of a registry by name, in single precision, as `CompiledModel.with_data` takes them."""
    out: dict[str, np.ndarray] = {}
    for name, value in _items(people):
        if name == REPEATS:
            out |= {f"people_{name}_{inner}": np.asarray(array) for inner, array in _items(value)}
        elif name not in CONSTANT and value is not None:
            out[f"people_{name}"] = np.asarray(value)
    return {name: array.astype("float32" if array.dtype.kind == "f" else "int32") for name, array in out.items()}


def _items(record: Any) -> list[tuple[str, Any]]:
    assert is_dataclass(record)
    return [(f.name, getattr(record, f.name)) for f in fields(record)]


def _per_person(people: People, scheme: Scheme) -> Any:
    """`log_person` as one node of the graph, traced by JAX: as PyTensor nodes it would take minutes to compile."""
    import jax
    import pytensor.tensor as pt
    from pytensor import wrap_jax

    jax.config.update("jax_enable_x64", True)

    def per_person(p: dict[str, Any], data: dict[str, Any]) -> Any:
        with jax.enable_x64(False):
            single = {name: value.astype("float32") for name, value in p.items()}
            found = log_person(jax_namespace(), single, with_arrays(people, data), scheme)
        return found.astype("float64")

    # The shape is said: else it would be found out by compiling and calling all of this.
    known = len(people.weight)
    return lambda p, data: pt.specify_shape(wrap_jax(per_person)(p, data), (known,))


def as_data(people: People) -> dict[str, Any]:
    """The arrays of a registry as data of the model, of a fixed shape (JAX compiles for shapes).

    Registered by hand: `pm.Data` would make them double precision.
    """
    import pymc as pm
    import pytensor.tensor as pt
    from pytensor import shared

    out = {}
    for name, array in arrays(people).items():
        data = shared(array, name=name)
        pm.modelcontext(None).register_data_var(data)
        out[name] = pt.specify_shape(data, array.shape)
    return out


def with_arrays(people: People, data: Mapping[str, Any]) -> People:
    """The same people with other arrays, named as in `arrays`."""
    changed: dict[str, Any] = {}
    for name, value in _items(people):
        if name == REPEATS:
            changed[name] = Repeats(**{field: data[f"people_{name}_{field}"] for field, _ in _items(value)})
        elif f"people_{name}" in data:
            changed[name] = data[f"people_{name}"]
    return replace(people, **changed)


def _centres(priors: RegistryPriors, *, known: bool) -> dict[str, Any]:
    """Effects of the centres, pooled towards 0.

    An effect is usual (sd / usual)^share u with u standardised: share 1 is sampled well where the data say little of
    it, 0 where they say much. That is how it is sampled; its prior N(0, sd^2) is the same.
    """
    import pymc as pm

    out: dict[str, Any] = {}
    for name, dims, prior, share in (
        ("centre_prevalence", ("centre",), priors.centre_prevalence, PARTLY if known else 1.0),  # few are primary
        ("centre_background", ("centre",), priors.centre_background, 0.0 if known else 1.0),
        ("assay_offset", ("centre", "analyte"), priors.assay_offset, 0.0 if known else 1.0),
    ):
        log_sd_z = pm.Normal(f"{name}_log_sd_z")
        ratio = pm.math.exp(prior.sd * log_sd_z)
        usual = float(np.exp(prior.mean))
        sd = pm.Deterministic(f"{name}_sd", usual * ratio)
        if share == 1.0:
            z = pm.Normal(f"{name}_z", dims=dims)
            out[name] = pm.Deterministic(name, sd * z, dims=dims)
            continue
        # Every free variable is a standard normal (see `JoinedModel`): the factor makes it N(0, rest^2).
        scaled = pm.Normal(f"{name}_scaled", dims=dims)
        rest = ratio ** (1.0 - share)
        factor = 0.5 * scaled**2 - 0.5 * (scaled / rest) ** 2 - pm.math.log(rest)
        pm.Potential(f"{name}_prior", factor.sum())
        out[name] = pm.Deterministic(name, usual * ratio**share * scaled, dims=dims)
    return out


def _labels(priors: RegistryPriors) -> Any:
    """Logits of the recorded label by class; the right one is the reference of the wrong ones."""
    import pymc as pm
    import pytensor.tensor as pt

    n = len(CLASSES)
    pm.modelcontext(None).add_coords({"class": list(CLASSES), "label": list(CLASSES)})
    right = pm.Normal("label_right_z", shape=n)
    wrong = pm.Normal("label_wrong_z", shape=(n, n - 1))
    off = [(i, j) for i in range(n) for j in range(n) if i != j]
    logits = pt.zeros((n, n))
    logits = pt.set_subtensor(
        logits[np.arange(n), np.arange(n)], priors.label_right.mean + priors.label_right.sd * right
    )
    rows, columns = np.array(off).T
    logits = pt.set_subtensor(logits[rows, columns], priors.label_wrong.sd * wrong.reshape((-1,)))
    return pm.Deterministic("label_logit", logits, dims=("class", "label"))


def _boxes(kind: str, priors: RegistryPriors, ids: list[str]) -> Any:
    """Logit that a box is ticked in people who have what it asks; (box,)."""
    import pymc as pm

    dim, name = (f"{kind}_box", f"logit_ticked_{kind}") if kind else ("box", "logit_ticked")
    pm.modelcontext(None).add_coords({dim: ids})
    z = pm.Normal(f"{name}_z", dims=dim)
    return pm.Deterministic(name, priors.ticked.mean + priors.ticked.sd * z, dims=dim)
