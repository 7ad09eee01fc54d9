"""The log density of the evidence model as one JAX function of parameters, published numbers and weights.

It is compiled once: a study is left out by its weights, a simulated set of numbers replaces the published ones, and a
prior is moved, without compiling again.  It is written apart from the PyMC graph, over the same expected values, and a
test holds the two to each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from sigm_bayes.evidence import EvidenceItem
from sigm_bayes.likelihood.namespace import jax_namespace
from sigm_bayes.model.context import Context
from sigm_bayes.model.graph import CURVES, EFFECT_HALF_WIDTH, EFFECT_NODES
from sigm_bayes.model.terms import Observations, expected_values, observe
from sigm_bayes.release.sigm import Inputs

FloatArray = np.ndarray
STUDY_EFFECT = "study_effect"
SHARED_NODES = np.linspace(-5.0, 5.0, 41)
"""Nodes over a shared study effect, in SDs, where it is integrated out of a study's likelihood."""


@dataclass(frozen=True)
class Numbers:
    """Published numbers, or simulated ones in their place; shape (item,) each.

    Attributes
    ----------
    k : ndarray
        Events of the items that are counts.
    value : ndarray
        The others, on the scale of their term; for a bound the limit that was published.
    bound : ndarray
        0 two-sided, +1 the quantity lies below `value`, -1 above it.
    weight : ndarray
        1 in the likelihood, 0 left out.
    """

    k: FloatArray
    value: FloatArray
    bound: FloatArray
    weight: FloatArray


@dataclass(frozen=True)
class Prior:
    """Means and SDs of all parameters as flat vectors; shape (parameter,). Curves are standardised: 0 and 1."""

    mean: FloatArray
    sd: FloatArray


@dataclass(frozen=True)
class EvidenceDensity:
    """The evidence model, compiled with JAX at the first use.

    Attributes
    ----------
    inputs : Inputs
        Catalogue, priors, evidence and curves.
    whole_counts : bool
        Round the effective numbers of people, so that counts can be simulated.
    """

    inputs: Inputs
    whole_counts: bool = False
    _kept: dict[str, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def places(self) -> dict[str, slice]:
        """Place of every free variable in the flat vector z of standard normals: parameters, curves, effects."""
        sizes = {p.name: int(p.free.sum()) for p in self.inputs.priors.parameters if p.free.any()}
        sizes |= {name: len(self.inputs.curves[analyte].mean) for name, analyte in CURVES.items()}
        sizes[STUDY_EFFECT] = len(self.seen.groups)
        ends = np.cumsum(list(sizes.values()))
        return {name: slice(int(end) - size, int(end)) for (name, size), end in zip(sizes.items(), ends, strict=True)}

    @property
    def n_dim(self) -> int:
        """Number of free variables."""
        return max(place.stop for place in self.places.values())

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Name of every free variable, as ``finding_base[asthma]``."""
        out: list[str] = []
        by_name = {p.name: p for p in self.inputs.priors.parameters}
        for name, place in self.places.items():
            if name in by_name:
                parameter = by_name[name]
                entries = parameter.free_labels(self.inputs.priors.coords) if parameter.dims else [""]
            elif name in CURVES:
                entries = list(self.inputs.curves[CURVES[name]].names)
            else:
                entries = list(self.seen.groups)
            assert len(entries) == place.stop - place.start
            out += [f"{name}[{entry}]" if entry else name for entry in entries]
        return tuple(out)

    @cached_property
    def prior(self) -> Prior:
        """The priors of ``priors.toml``."""
        mean, sd = np.zeros(self.n_dim), np.ones(self.n_dim)
        for p in self.inputs.priors.parameters:
            if p.free.any():
                mean[self.places[p.name]], sd[self.places[p.name]] = p.mean[p.free], p.sd[p.free]
        return Prior(mean, sd)

    @cached_property
    def _ordered(self) -> tuple[tuple[EvidenceItem, ...], Observations]:
        from sigm_bayes.likelihood.namespace import NUMPY

        context = Context(NUMPY, self._means(), *self._tables())
        items, _ = expected_values(context)
        seen = observe(items, self.inputs.priors)
        if self.whole_counts:
            seen = replace(seen, n=np.round(seen.n), k=np.round(seen.k))
        return items, seen

    @property
    def items(self) -> tuple[EvidenceItem, ...]:
        """The items in the order of all arrays."""
        return self._ordered[0]

    @property
    def seen(self) -> Observations:
        """The published numbers as arrays."""
        return self._ordered[1]

    @cached_property
    def published(self) -> Numbers:
        """What was published, all of it in the likelihood."""
        seen = self.seen
        return Numbers(seen.k, seen.value, seen.bound, np.ones(len(self.items)))

    def without(self, item_ids: Mapping[str, Any] | set[str] | tuple[str, ...]) -> Numbers:
        """Return the published numbers with some items left out of the likelihood."""
        kept = np.array([float(item.item_id not in item_ids) for item in self.items])
        return replace(self.published, weight=kept)

    def _tables(self) -> tuple[Any, ...]:
        i = self.inputs
        return i.catalogue, i.priors, i.evidence, i.curves

    def _means(self) -> dict[str, np.ndarray]:
        out = {p.name: p.mean for p in self.inputs.priors.parameters}
        return out | {name: self.inputs.curves[analyte].mean for name, analyte in CURVES.items()}

    def parameters(self, z: Any, prior: Prior | None = None) -> dict[str, Any]:
        """Every parameter by name, constants included; z (..., variable) -> arrays (..., dims). NumPy or JAX."""
        prior = self.prior if prior is None else prior
        moved = prior.mean + prior.sd * z
        lead = moved.shape[:-1]
        out: dict[str, Any] = {}
        for p in self.inputs.priors.parameters:
            if not p.free.any():
                out[p.name] = np.broadcast_to(p.mean, (*lead, *p.mean.shape))
                continue
            flat = moved[..., self.places[p.name]]
            index = np.nonzero(p.free.ravel())[0]
            place = np.zeros((p.mean.size, len(index)))
            place[index, np.arange(len(index))] = 1.0
            constant = np.where(p.free, 0.0, p.mean).ravel()
            full = constant + (flat if len(index) == p.mean.size else flat @ place.T)
            out[p.name] = full.reshape((*lead, *p.mean.shape))
        for name, analyte in CURVES.items():
            curve = self.inputs.curves[analyte]
            out[name] = curve.mean + moved[..., self.places[name]] @ np.linalg.cholesky(curve.cov).T
        return out

    # ------------------------------------------------------------------ compiled

    @property
    def _function(self) -> dict[str, Callable[..., Any]]:
        if "compiled" not in self._kept:
            self._kept["compiled"] = self._compile()
        return self._kept["compiled"]

    def _compile(self) -> dict[str, Callable[..., Any]]:
        import jax
        import jax.numpy as jnp

        jax.config.update("jax_enable_x64", True)
        self._ordered  # noqa: B018  settled before tracing
        terms = _terms(self.seen)

        def expected(z: Any, mean: Any, sd: Any) -> Any:
            xp = jax_namespace()
            return expected_values(Context(xp, self.parameters(z, Prior(mean, sd)), *self._tables()))[1]

        def log_density(z: Any, mean: Any, sd: Any, k: Any, value: Any, bound: Any, weight: Any) -> Any:
            effect = z[self.places[STUDY_EFFECT]]
            pointwise = terms(expected(z, mean, sd), effect, k, value, bound)
            return -0.5 * (z @ z) + (weight * pointwise).sum()

        def pointwise(z: Any, mean: Any, sd: Any, k: Any, value: Any, bound: Any) -> Any:
            centre = expected(z, mean, sd)
            return centre, terms(centre, z[self.places[STUDY_EFFECT]], k, value, bound)

        def at_effects(centre: Any, k: Any, value: Any, bound: Any) -> Any:
            every = jnp.ones(max(len(self.seen.groups), 1))
            return jax.vmap(lambda e: terms(centre, e * every, k, value, bound))(SHARED_NODES)

        return {
            "gradient": jax.jit(jax.value_and_grad(log_density)), "pointwise": jax.jit(pointwise),
            "at_effects": jax.jit(at_effects),
        }  # fmt: skip

    def log_density(self, numbers: Numbers, prior: Prior | None = None) -> Callable[[FloatArray], Any]:
        """Return the function from z to the log density (up to a constant) and its gradient."""
        import jax.numpy as jnp

        function, prior = self._function["gradient"], self.prior if prior is None else prior
        given = [jnp.asarray(a) for a in (prior.mean, prior.sd, *_arrays(numbers), numbers.weight)]

        def at(z: FloatArray) -> tuple[float, FloatArray]:
            value, gradient = function(z, *given)
            return float(value), np.asarray(gradient)

        return at

    def pointwise(
        self, z: FloatArray, numbers: Numbers | None = None, prior: Prior | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """Expected values and log-likelihood of every item, whatever the weights; z (draw, variable).

        Returns
        -------
        expected, log_likelihood : ndarray, shape (draw, item)
            On the scale of the terms; the effect of an item is integrated out of its count.
        """
        import jax.numpy as jnp

        function, prior = self._function["pointwise"], self.prior if prior is None else prior
        numbers = self.published if numbers is None else numbers
        given = [jnp.asarray(a) for a in (prior.mean, prior.sd, *_arrays(numbers))]
        rows = [function(row, *given) for row in np.atleast_2d(z)]
        return np.array([np.asarray(r[0]) for r in rows]), np.array([np.asarray(r[1]) for r in rows])

    def by_study(self, expected: FloatArray, numbers: Numbers | None = None) -> FloatArray:
        """Log-likelihood of every overlap group with all its study effects integrated out.

        Parameters
        ----------
        expected : ndarray, shape (draw, item)
            From `pointwise`.

        Returns
        -------
        ndarray, shape (draw, overlap group)
            In the order of `groups`.
        """
        import jax.numpy as jnp

        numbers = self.published if numbers is None else numbers
        given = [jnp.asarray(a) for a in _arrays(numbers)]
        log_w = -0.5 * SHARED_NODES**2
        log_w = log_w - np.log(np.exp(log_w).sum())
        shared = self.seen.shared_sd > 0.0
        owner = np.array([list(self.groups).index(item.overlap_group) for item in self.items])
        out = np.zeros((len(expected), len(self.groups)))
        for d, row in enumerate(expected):
            at = np.asarray(self._function["at_effects"](jnp.asarray(row), *given))  # (node, item)
            np.add.at(out[d], owner[~shared], at[0, ~shared])
            for effect in range(len(self.seen.groups)):
                members = np.nonzero(shared & (self.seen.group == effect))[0]
                total = log_w + at[:, members].sum(axis=1)
                top = total.max()
                out[d, owner[members[0]]] += top + np.log(np.exp(total - top).sum())
        return out

    @cached_property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """Item ids by overlap group: studies that share patients or authors, which leave together."""
        return self.inputs.evidence.overlap_groups()


def _arrays(numbers: Numbers) -> tuple[FloatArray, FloatArray, FloatArray]:
    return numbers.k, numbers.value, numbers.bound


def _terms(seen: Observations) -> Callable[..., Any]:
    """Log-likelihood of every item given expected values and study effects (see `model.graph`)."""
    import jax.numpy as jnp
    from jax.nn import softplus
    from jax.scipy.special import gammaln, logsumexp

    xp = jax_namespace()
    counts = np.nonzero(seen.is_count & (seen.bound == 0))[0]
    numbers = np.nonzero(~seen.is_count & (seen.bound == 0))[0]
    bounds = np.nonzero(seen.bound != 0)[0]
    node = np.linspace(-EFFECT_HALF_WIDTH, EFFECT_HALF_WIDTH, EFFECT_NODES)
    log_w = -0.5 * node**2 - np.log(np.exp(-0.5 * node**2).sum())
    sd = np.hypot(seen.se, seen.item_sd)
    bound_sd = np.hypot(seen.se, seen.total_sd)

    def count(k: Any, centre: Any) -> Any:
        n = seen.n[counts]
        eta = centre[:, None] + seen.item_sd[counts][:, None] * node
        log_p = -k[:, None] * softplus(-eta) - (n - k)[:, None] * softplus(eta)
        constant = gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0)
        return logsumexp(log_p + log_w, axis=-1) + constant

    def terms(expected: Any, effect: Any, k: Any, value: Any, bound: Any) -> Any:
        centre = expected + effect[seen.group] * seen.shared_sd
        out = jnp.zeros(len(seen.value))
        out = out.at[counts].set(count(k[counts], centre[counts]))
        z = (value[numbers] - centre[numbers]) / sd[numbers]
        out = out.at[numbers].set(-0.5 * z * z - np.log(sd[numbers]) - 0.5 * np.log(2.0 * np.pi))
        side = bound[bounds] * (value[bounds] - centre[bounds]) / bound_sd[bounds]
        return out.at[bounds].set(xp.log_ndtr(side))

    return terms
