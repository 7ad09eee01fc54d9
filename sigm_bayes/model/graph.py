"""The PyMC model of the evidence: priors, expected values, and one likelihood vector per kind of observation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.catalogue.priors import Priors
from sigm_bayes.evidence import Evidence, EvidenceItem
from sigm_bayes.likelihood.namespace import logsumexp, pytensor_namespace
from sigm_bayes.model.context import Context
from sigm_bayes.model.terms import Observations, expected_values, observe
from sigm_bayes.reference import Curves

if TYPE_CHECKING:
    import pymc as pm

CURVES = {"curve_igm": "IgM", "curve_igg": "IgG", "curve_iga": "IgA"}
EFFECT_NODES, EFFECT_HALF_WIDTH = 161, 6.0
"""Nodes over the effect of a count, in SDs: n = 2,000 with an effect of 0.8 needs a fine grid (error below 1e-4)."""


@dataclass(frozen=True)
class EvidenceModel:
    """The graph, and what its rows mean."""

    model: pm.Model
    items: tuple[EvidenceItem, ...]
    seen: Observations | None

    @property
    def observations(self) -> Observations:
        """The published numbers as arrays; there are none in a graph without items."""
        assert self.seen is not None
        return self.seen


def build_graph(
    *, catalogue: Catalogue, priors: Priors, evidence: Evidence, curves: Curves,
    extend: Callable[[dict[str, Any]], None] | None = None, part: str = "",
) -> EvidenceModel:  # fmt: skip
    """Build the model of the published evidence.

    `extend` gets the parameters by name and adds to the model (a registry). `part` marks the names of what belongs to
    some of the items only, where the evidence is cut into several graphs; without items only parameters are there.

    The data `weight` (item,) is 1; setting a study's items to 0 leaves it out without compiling again.
    Deterministics: every parameter by name, and `expected` (item,).
    """
    import pymc as pm

    xp = pytensor_namespace()
    coords: dict[str, Any] = dict(priors.coords)
    for name, analyte in CURVES.items():
        coords[f"{name}_coef"] = list(curves[analyte].names)
    with pm.Model(coords=coords) as model:
        p = {parameter.name: _parameter(parameter, priors.coords) for parameter in priors.parameters}
        for name, analyte in CURVES.items():
            p[name] = _curve(name, curves[analyte].mean, curves[analyte].cov)
        ctx = Context(xp, p, catalogue, priors, evidence, curves)
        items: tuple[EvidenceItem, ...] = ()
        seen: Observations | None = None
        if evidence.fitted:
            items, values = expected_values(ctx)
            seen = observe(items, priors)
            item, shared = f"item{part}", f"shared_effect{part}"
            model.add_coords({item: [i.item_id for i in items], shared: list(seen.groups)})
            expected = pm.Deterministic(f"expected{part}", values, dims=item)
            effect = pm.Normal(f"study_effect{part}", 0.0, 1.0, dims=shared)
            centre = expected + effect[seen.group] * seen.shared_sd
            weight = pm.Data(f"weight{part}", np.ones(len(items)), dims=item)
            _likelihoods(model, items, seen, centre, weight)
        if extend is not None:
            extend(p)
    return EvidenceModel(model, items, seen)


def _parameter(parameter: Any, coords: Mapping[str, tuple[str, ...]]) -> Any:
    """A parameter as a deterministic over its full axes; only its free entries are sampled, as standard normals."""
    import pymc as pm
    import pytensor.tensor as pt

    free = parameter.free
    if not free.any():
        return pt.as_tensor_variable(parameter.mean)
    if free.ndim == 0:
        z = pm.Normal(f"{parameter.name}_z")
        return pm.Deterministic(parameter.name, parameter.mean + parameter.sd * z)
    z = pm.Normal(f"{parameter.name}_z", shape=int(free.sum()))
    index = np.nonzero(free.ravel())[0]
    moved = z * parameter.sd.ravel()[index]
    flat = pt.set_subtensor(pt.zeros(free.size)[index], moved)
    if parameter.partly_free:
        entry = f"{parameter.name}_entry"
        pm.modelcontext(None).add_coords({entry: parameter.free_labels(coords)})
        pm.Deterministic(parameter.released_name, parameter.mean[free] + moved, dims=entry)
    return pm.Deterministic(parameter.name, parameter.mean + flat.reshape(free.shape), dims=parameter.dims)


def _curve(name: str, mean: np.ndarray, cov: np.ndarray) -> Any:
    """Coefficients of a reference curve with their multivariate-normal prior."""
    import pymc as pm
    import pytensor.tensor as pt

    z = pm.Normal(f"{name}_z", shape=len(mean))
    return pm.Deterministic(name, mean + pt.dot(np.linalg.cholesky(cov), z), dims=f"{name}_coef")


def _likelihoods(model: Any, items: tuple[EvidenceItem, ...], seen: Observations, centre: Any, weight: Any) -> None:
    """Three vectors: counts (effect integrated out), numbers on a normal scale, one-sided bounds."""
    import pymc as pm

    ids = np.array([i.item_id for i in items])
    kinds = {
        "counts": seen.is_count & (seen.bound == 0),
        "numbers": ~seen.is_count & (seen.bound == 0),
        "bounds": seen.bound != 0,
    }
    for name, chosen in kinds.items():
        rows = np.nonzero(chosen)[0]
        if not len(rows):
            continue
        model.add_coords({f"{name}_item": ids[rows].tolist()})
        common = {"dims": f"{name}_item", "dtype": "float64"}
        if name == "counts":
            pm.CustomDist(
                name, centre[rows], weight[rows], seen.item_sd[rows],
                seen.n[rows], logp=count_logp, observed=seen.k[rows], **common,
            )  # fmt: skip
        elif name == "numbers":
            sd = np.hypot(seen.se[rows], seen.item_sd[rows])
            pm.CustomDist(name, centre[rows], weight[rows], sd, logp=number_logp, observed=seen.value[rows], **common)
        else:
            sd = np.hypot(seen.se[rows], seen.total_sd[rows])
            pm.CustomDist(
                name, centre[rows], weight[rows], sd, seen.bound[rows], logp=bound_logp, observed=seen.value[rows],
                **common,
            )  # fmt: skip


def count_logp(k: Any, centre: Any, weight: Any, item_sd: Any, n: Any) -> Any:
    """Binomial log probability of k of n, with the item's normal effect on the logit integrated out."""
    import pytensor.tensor as pt

    xp = pytensor_namespace()
    z = np.linspace(-EFFECT_HALF_WIDTH, EFFECT_HALF_WIDTH, EFFECT_NODES)
    log_w = -0.5 * z**2
    log_w = log_w - np.log(np.exp(log_w).sum())
    eta = centre[:, None] + item_sd[:, None] * z
    log_p = -k[:, None] * pt.softplus(-eta) - (n - k)[:, None] * pt.softplus(eta)
    constant = pt.gammaln(n + 1.0) - pt.gammaln(k + 1.0) - pt.gammaln(n - k + 1.0)
    return weight * (logsumexp(xp, log_p + log_w) + constant)


def number_logp(value: Any, centre: Any, weight: Any, sd: Any) -> Any:
    """Normal log density on the scale of the number."""
    import pytensor.tensor as pt

    z = (value - centre) / sd
    return weight * (-0.5 * z * z - pt.log(sd) - 0.5 * np.log(2.0 * np.pi))


def bound_logp(value: Any, centre: Any, weight: Any, sd: Any, bound: Any) -> Any:
    """log P(the model's quantity lies on the allowed side of the published number)."""
    xp = pytensor_namespace()
    return weight * xp.log_ndtr(bound * (value - centre) / sd)
