"""Infections and other findings: correlated through one latent proneness, so that ten do not count ten times.

    logit P(x[k] = 1 | class, u) = base[k] + effect[k, class] + loading[k] (u + exposure),   u ~ N(0, 1)

The invasive infection is one finding with attributes: P(any) P(site) P(organism) P(severity) P(number); it weighs as
one episode however many boxes it would tick.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sigm_bayes.likelihood.namespace import Array, Namespace, logsumexp

SMALLEST = 1e-36
"""Floor of a likelihood: below it the numbers carry no more information."""
N_NODES = 51
LOWEST, HIGHEST = -6.0, 9.0
"""Nodes of the latent proneness. Not symmetric: findings are rare, so ten present ones push it far up (beyond 7 SD in
someone from the community), ten absent ones hardly down. The tests hold the rule to 1e-6 for loadings up to 3."""


def proneness_rule(n: int = N_NODES, low: float = LOWEST, high: float = HIGHEST) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and log weights of the trapezoid rule for u ~ N(0, 1), normalised to sum to 1."""
    u = np.linspace(low, high, n)
    log_w = -0.5 * u**2
    return u, log_w - np.log(np.exp(log_w).sum())


@dataclass(frozen=True, eq=False)
class FindingState:
    """What is known of the findings.

    Attributes
    ----------
    present, absent : (known_finding,) int
        Catalogue indices.
    invasive_partial : bool
        True if only some attributes of an invasive infection are excluded ("no meningitis") and the rest is unknown.
    allowed : (site, organism)
        1 where the recorded episode, if there was one, may lie.
    severity, number : int
        Attribute index, -1 if not recorded.
    """

    present: np.ndarray
    absent: np.ndarray
    invasive: int
    invasive_partial: bool
    allowed: np.ndarray
    severity: int
    number: int


def finding_logits(
    xp: Namespace, *, base: Array, loading: Array, proneness: Array, effect: Array, is_infection: np.ndarray,
    exposure: Array,
) -> Array:  # fmt: skip
    """Logit at u = 0 for `normal` and the three effect classes; (..., class4, finding).

    Parameters
    ----------
    base, loading : (..., finding)
        Logit background for this age and setting; loading on the latent proneness.
    proneness : (..., effect_class)
        Mean shift of the proneness in each class.
    effect : (..., finding, effect_class)
        What the class does beyond the shared proneness.
    exposure : (...)
        Shift of the proneness by the recorded exposures (infections only).
    """
    exposed = base + loading * is_infection * exposure[..., None]
    rows = []
    for c in range(3):
        rows.append(exposed + loading * proneness[..., c][..., None] + effect[..., c])
    primary, other, secondary = rows
    return stack_rows(xp, [primary, other, exposed, secondary])


def stack_rows(xp: Namespace, rows: list[Array]) -> Array:
    """Stack arrays (..., x) to (..., row, x)."""
    stacked = xp.stack(rows)
    axes = stacked.ndim
    order = [*range(axes - 2), axes - 1, axes - 2]
    return stacked.dimshuffle(*order) if xp.name == "pytensor" else stacked.transpose(order)


def node_terms(
    xp: Namespace, *, logits: Array, loading: Array, state: FindingState, log_attributes: Array,
    rule: tuple[np.ndarray, np.ndarray] | None = None,
) -> dict[int, Array]:  # fmt: skip
    """P(one finding | class, u) at every node of u, for each finding of which something is known.

    Parameters
    ----------
    logits : (..., class4, finding)
    loading : (..., finding)
    log_attributes : (..., class4)
        log P(attributes of the invasive episode lie in what is recorded | there was one, class).
    rule : nodes and log weights for u; the default is `proneness_rule`.

    Returns
    -------
    dict
        Catalogue index of the finding -> (..., class4, node). Multiply the wanted ones and give the product to
        `over_nodes`: probabilities, not logarithms, because one logarithm an answer is enough.
    """
    u, _ = rule if rule is not None else proneness_rule()

    def at(k: int) -> Array:
        return xp.take(logits, k)[..., None] + u * xp.take(loading, k)[..., None, None]

    terms = {int(k): xp.expit(at(int(k))) for k in state.present}
    terms |= {int(k): xp.expit(-at(int(k))) for k in state.absent}
    k = state.invasive
    attributes = xp.exp(log_attributes)[..., None]
    if k in terms and k in state.present:
        terms[k] = terms[k] * attributes
    if state.invasive_partial:
        terms[k] = 1.0 - xp.expit(at(k)) * (1.0 - attributes)
    return terms


def over_nodes(xp: Namespace, product: Array, rule: tuple[np.ndarray, np.ndarray] | None = None) -> Array:
    """log of the integral over u of a product of `node_terms`; (..., class4, node) -> (..., class4)."""
    _, log_w = rule if rule is not None else proneness_rule()
    return xp.log(xp.sum(product * np.exp(log_w), axis=-1) + SMALLEST)


def log_findings(
    xp: Namespace, *, logits: Array, loading: Array, state: FindingState, log_attributes: Array,
    rule: tuple[np.ndarray, np.ndarray] | None = None,
) -> Array:  # fmt: skip
    """log P(known findings | class), unknown ones summed out; (..., class4). Parameters as `node_terms`."""
    terms = node_terms(xp, logits=logits, loading=loading, state=state, log_attributes=log_attributes, rule=rule)
    if not terms:
        return 0.0 * xp.take(logits, 0)
    product: Array = 1.0
    for term in terms.values():
        product = product * term
    return over_nodes(xp, product, rule)


def log_attributes(
    xp: Namespace, *, site: Array, organism: Array, severity: Array, number: Array, state: FindingState
) -> Array:
    """log P(recorded attributes | invasive infection, class); (..., class4).

    Parameters
    ----------
    site : (..., site)
        Logits, shared by the classes.
    organism : (..., class4, organism)
    severity : (..., class4)
        Logit of a life-threatening course.
    number : (..., class4)
        Logit of two or more episodes.
    """
    p_site = xp.exp(site - logsumexp(xp, site)[..., None])
    p_organism = xp.exp(organism - logsumexp(xp, organism)[..., None])
    out = log_where(xp, p_site, p_organism, state.allowed, n_sites=state.allowed.shape[0])
    if state.severity >= 0:
        sign = 1.0 if state.severity == 1 else -1.0
        out = out - xp.softplus(-sign * severity)
    if state.number >= 0:
        sign = 1.0 if state.number == 1 else -1.0
        out = out - xp.softplus(-sign * number)
    return out


def log_where(xp: Namespace, p_site: Array, p_organism: Array, allowed: Array, *, n_sites: int) -> Array:
    """log P(site and organism lie where they are allowed to); (..., class4).

    Parameters
    ----------
    p_site : (..., site)
    p_organism : (..., class4, organism)
    allowed : (..., site, organism)
    """
    total: Array = 0.0
    for i in range(n_sites):
        row = xp.sum(p_organism * allowed[..., i, None, :], axis=-1)
        total = total + xp.take(p_site, i)[..., None] * row
    return xp.log(total + SMALLEST)
