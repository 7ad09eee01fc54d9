"""Findings of many people: the proneness summed out by matrix products over blocks that share a background.

With v = u + s (s: what the recorded exposures add to the proneness to infection) infections depend on v alone: they
are tabulated once a group on nodes of v, and s moves the weight N(v - s; 0, 1). Other findings depend on u = v - s,
smoothly, because their loadings are small: for people with s > 0 they are interpolated from Chebyshev nodes of u.
The mean of u is the centre's own: whom it sees and how thoroughly it asks.
"""

from __future__ import annotations

import numpy as np

from sigm_bayes.likelihood import findings as findings_
from sigm_bayes.likelihood.exposures import together
from sigm_bayes.likelihood.namespace import Array, Namespace, logsumexp
from sigm_bayes.likelihood.people import People, in_blocks
from sigm_bayes.likelihood.person import Parameters, attribute_logits

NODES = np.linspace(-5.4, 9.0, 25)
"""Nodes of v: a trapezoid rule of spacing 0.6 is right to 1e-6 for a posterior of the proneness of SD 0.5."""
N_CLASSES = 4
LOW_U, HIGH_U, N_SMOOTH = -8.0, 9.0, 18
SMOOTH = 0.5 * (LOW_U + HIGH_U) + 0.5 * (HIGH_U - LOW_U) * np.cos(np.pi * (np.arange(N_SMOOTH) + 0.5) / N_SMOOTH)
"""Chebyshev nodes of u for the findings that are no infections."""
_TO_SERIES = (
    (2.0 - np.eye(N_SMOOTH)[0])[:, None]
    / N_SMOOTH
    * np.cos(np.pi * np.arange(N_SMOOTH)[:, None] * (np.arange(N_SMOOTH) + 0.5) / N_SMOOTH)
)
"""From values at `SMOOTH` to coefficients of Chebyshev polynomials; (coefficient, node)."""


def log_findings(xp: Namespace, p: Parameters, people: People) -> Array:
    """log P(findings | class); (person, class4)."""
    strength = together(xp, people.acting_set * xp.exp(p["log_exposure_infection"]))
    logits, loading = _group_logits(xp, p, people), xp.exp(p["log_loading"])
    known = _known(xp, p, people, logits, loading)
    smooth = _others_of_exposed(xp, p, people, logits, loading, strength)
    shift = strength[people.acting]
    if "centre_background" in p:
        shift = shift + p["centre_background"][people.centre]
    shift = shift[:, None, None]
    step = float(np.log(NODES[1] - NODES[0]) - 0.5 * np.log(2.0 * np.pi))
    log_weight = step - 0.5 * (NODES - shift) * (NODES - shift)
    total = logsumexp(xp, xp.settled(known + smooth + log_weight))
    total = total + _present_part(people, logits) + _attributes_of_present(xp, p, people)
    if len(people.boxes):
        ticked = -xp.softplus(-p["logit_ticked"])
        total = total + xp.sum(people.present[:, people.boxes] * ticked, axis=-1)[:, None]
    return total


def exposure_shift(xp: Namespace, p: Parameters, people: People) -> Array:
    """How far the recorded exposures lower z of IgG and IgA; (person,)."""
    return together(xp, people.acting_set * -p["exposure_ig_shift"])[people.acting]


def _group_logits(xp: Namespace, p: Parameters, people: People) -> Array:
    """Logit of each finding at v = 0; (group, class4, finding)."""
    setting, band = people.group_setting, people.group_age_band
    infections = p["setting_infection"][setting]
    is_infection = people.is_infection
    base = (
        p["finding_base"] + p["finding_age"].T[band] + p["finding_setting"].T[setting]
        + infections[:, None] * is_infection + p["setting_other"][setting][:, None] * (1.0 - is_infection)
    )  # fmt: skip
    invasive = np.eye(len(is_infection))[people.invasive]
    early = xp.where(band < 0.5, 1.0, 0.0)[:, None, None] * invasive[:, None]
    effect = p["finding_effect"] + early * p["early_invasive"]
    return findings_.finding_logits(
        xp, base=base, loading=xp.exp(p["log_loading"]), proneness=p["proneness"], effect=effect,
        is_infection=is_infection, exposure=0.0 * infections,
    )  # fmt: skip


def _at(logits: Array, loading: Array, nodes: np.ndarray) -> Array:
    """Logits at nodes of the proneness; (group, class4, node, finding)."""
    return logits[:, :, None, :] + nodes[:, None] * loading


def _flat(table: Array, groups: int, nodes: int) -> Array:
    """(group, class4, node, column) -> (group, column, class4 node), for `in_blocks`."""
    return table.reshape((groups, N_CLASSES * nodes, -1)).transpose(0, 2, 1)


def _present_part(people: People, logits: Array) -> Array:
    """Logits at v = 0 of the findings that are present, summed; (person, class4).

    log P(present) = log P(absent) + logit, and the logit is linear in the proneness: it needs no nodes.
    """
    return in_blocks(people, people.present, logits.transpose(0, 2, 1))


def _known(xp: Namespace, p: Parameters, people: People, logits: Array, loading: Array) -> Array:
    """All that is tabulated on nodes of v: of people with acting exposures the infections alone."""
    nodes = len(NODES)
    at = _at(logits, loading, NODES)
    absent = -xp.softplus(at)
    plain = xp.where(people.exposed_row < 0.5, 1.0, 0.0)[:, None]
    counted = people.is_infection + plain * (1.0 - people.is_infection)
    tables = [absent, _invasive(xp, p, people, xp.take(at, people.invasive))]
    columns = [(people.present + people.absent) * counted, people.invasive_column]
    if len(people.boxes):
        tables.append(_log_unticked(xp, p["logit_ticked"], xp.take(at, people.boxes)))
        columns.append(people.unticked * (counted + 0.0 * people.present)[:, people.boxes])
    total = in_blocks(people, xp.concatenate(columns), _flat(xp.concatenate(tables), people.n_groups, nodes))
    if people.union is not None:
        none = in_blocks(people, people.union, _flat(absent, people.n_groups, nodes))
        some = xp.where(xp.sum(people.union, axis=-1) > 0.0, 1.0, 0.0)[:, None]
        total = total + some * xp.log1mexp(some * none - (1.0 - some))
    slope = xp.sum(people.present * counted * loading, axis=-1)[:, None, None]
    return total.reshape((-1, N_CLASSES, nodes)) + slope * NODES


def _log_unticked(xp: Namespace, logit_ticked: Array, at: Array) -> Array:
    """log P(box not ticked): absent, or present and overlooked; (..., box)."""
    return xp.log(xp.expit(-at) + xp.expit(-logit_ticked) * xp.expit(at))


def _invasive(xp: Namespace, p: Parameters, people: People, at: Array) -> Array:
    """log P(an invasive infection), then for each row of the attributes log P(none that lies there).

    (group, class4, node) -> (group, class4, node, 1 + attribute)
    """
    log_any = -xp.softplus(-at)
    inside = xp.exp(_log_attributes(xp, p, people)).T
    none = xp.log(xp.expit(-at)[..., None] + xp.expit(at)[..., None] * inside[:, None, :])
    return xp.concatenate([log_any[..., None], none])


def _attributes_of_present(xp: Namespace, p: Parameters, people: People) -> Array:
    """log P(recorded attributes | invasive infection, class) of those who had one; (person, class4)."""
    return people.invasive_present[:, None] * _log_attributes(xp, p, people)[people.attribute]


def _log_attributes(xp: Namespace, p: Parameters, people: People) -> Array:
    """log P(attributes lie where recorded | invasive infection, class); (attribute, class4)."""
    logits = attribute_logits(xp, p)
    site, organism = logits["site"], logits["organism"]
    p_site = xp.exp(site - logsumexp(xp, site)[..., None])
    p_organism = xp.exp(organism - logsumexp(xp, organism)[..., None])
    out = findings_.log_where(xp, p_site, p_organism, people.attribute_allowed, n_sites=people.n_sites)
    for name, recorded in (("severity", people.attribute_severity), ("number", people.attribute_number)):
        yes = xp.where(recorded > 0.5, 1.0, 0.0)[:, None]
        no = xp.where(recorded < 0.5, 1.0, 0.0)[:, None] * xp.where(recorded > -0.5, 1.0, 0.0)[:, None]
        out = out - yes * xp.softplus(-logits[name]) - no * xp.softplus(logits[name])
    return out


def _others_of_exposed(
    xp: Namespace, p: Parameters, people: People, logits: Array, loading: Array, strength: Array
) -> Array:
    """Findings that are no infections, of people with acting exposures, at u = v - s; (person, class4, node)."""
    others = np.nonzero(np.asarray(people.is_infection) == 0.0)[0]
    at = _at(xp.take(logits, others), xp.take(loading, others), SMOOTH)
    tables, columns = [-xp.softplus(at)], [(people.present + people.absent)[:, others]]
    boxes = np.array([n for n, k in enumerate(people.boxes) if k in others], dtype=int)
    if len(boxes):
        place = np.searchsorted(others, people.boxes[boxes])
        tables.append(_log_unticked(xp, xp.take(p["logit_ticked"], boxes), xp.take(at, place)))
        columns.append(people.unticked[:, boxes])
    values = in_blocks(people, xp.concatenate(columns), _flat(xp.concatenate(tables), people.n_groups, N_SMOOTH))
    series = values.reshape((-1, N_CLASSES, N_SMOOTH))[people.exposed] @ _TO_SERIES.T
    acting = people.acting[people.exposed]
    slope = xp.sum(people.present[people.exposed][:, others] * xp.take(loading, others), axis=-1)[:, None, None]
    total = series @ _polynomials(xp, strength)[acting] + slope * (NODES - strength[acting][:, None, None])
    return xp.rows([0.0 * total[:1], total])[people.exposed_row]


def _polynomials(xp: Namespace, strength: Array) -> Array:
    """Chebyshev polynomials at u = v - s; (set, coefficient, node)."""
    x = (2.0 * (NODES - strength[:, None]) - (LOW_U + HIGH_U)) / (HIGH_U - LOW_U)
    x = xp.where(x < -1.0, -1.0, x)
    rows = [1.0 + 0.0 * x, x]
    for _ in range(N_SMOOTH - 2):
        rows.append(2.0 * x * rows[-1] - rows[-2])
    return xp.stack(rows).transpose(0, 2, 1)
