"""What the columns of infections imply of each other, and where they contradict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.registry.issues import BoolArray
from sigm_bayes.registry.mapping import Mapping
from sigm_bayes.registry.mapping_file import invasive_ids

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue

Int8Array = NDArray[np.int8]
INVASIVE, NO_INFECTION = "invasive_infection", "no_significant_infection"


def finding_ids(catalogue: Catalogue) -> tuple[str, ...]:
    """Return the findings of the catalogue and the flat columns of an invasive infection."""
    return (*catalogue.ids("finding"), *(flag.id for flag in catalogue.invasive.flags))


def union_members(mapping: Mapping, catalogue: Catalogue) -> NDArray[np.bool_]:
    """Return which findings each union is over, shape (union, finding)."""
    ids = finding_ids(catalogue)
    inside = [[id in union.of for id in ids] for union in mapping.unions]
    return np.array(inside, dtype=bool).reshape(len(mapping.unions), len(ids))


def settle_infections(
    states: dict[str, Int8Array],
    episodes: dict[str, NDArray[Any]],
    no_infection: Int8Array,
    members: NDArray[np.bool_],
    catalogue: Catalogue,
    *,
    union_ids: Sequence[str],
) -> tuple[Int8Array, dict[str, BoolArray]]:
    """Bring findings, flat columns, episodes, unions and "no significant infection" into agreement, in place.

    Present counts before absent: an invasive infection is present where one of its kinds or an episode is; a kind that
    another one implies is present; a statement of absence that contradicts becomes unknown.  Without any significant
    infection, every infection that is not known is absent.

    Parameters
    ----------
    states : mapping
        ``findings`` (person, finding) and ``unions`` (person, union); changed in place.
    episodes : mapping
        As `sigm_bayes.registry.invasive.merge_episodes` gives them.
    no_infection : ndarray of int, shape (person,)
        1 no significant infection, 0 there is one, -1 unknown.
    members : ndarray of bool, shape (union, finding)
    catalogue : Catalogue
    union_ids : sequence of str

    Returns
    -------
    no_infection : ndarray of int, shape (person,)
        Unknown where it contradicts.
    contradicted : dict of str to ndarray of bool, shape (person,)
        Of whom each finding, kind, union or ``no_significant_infection`` was said wrongly.
    """
    findings, unions = states["findings"], states["unions"]
    split = len(catalogue.findings)
    contradicted = _settle_kinds(findings[:, split:], episodes, catalogue)
    infections = np.array([finding.infection for finding in catalogue.findings])
    if catalogue.has("finding", INVASIVE):
        place = catalogue.finding_index(INVASIVE)
        present = (findings[:, split:] == 1).any(axis=1)
        present[episodes["person"]] = True
        contradicted[INVASIVE] = present & (findings[:, place] == 0)
        findings[present, place] = 1
    _settle_unions(findings, unions, members, union_ids, contradicted)
    absent = findings == 0
    for k in range(unions.shape[1]):
        absent |= (unions[:, k] == 0)[:, None] & members[k]
    some = (findings[:, :split] == 1)[:, infections].any(axis=1)
    none = absent[:, :split][:, infections].all(axis=1)
    odd = ((no_infection == 1) & some) | ((no_infection == 0) & none)
    contradicted[NO_INFECTION] = odd
    settled = np.where(odd, -1, no_infection).astype(np.int8)
    free = settled == 1
    if free.any():
        wide = np.concatenate([infections, np.ones(findings.shape[1] - split, dtype=bool)])
        findings[free] = np.where(wide & (findings[free] < 0), 0, findings[free])
        _settle_unions(findings, unions, members, union_ids, contradicted)
    return settled, contradicted


def _settle_unions(
    findings: Int8Array,
    unions: Int8Array,
    members: NDArray[np.bool_],
    ids: Sequence[str],
    contradicted: dict[str, BoolArray],
) -> None:
    """Set questions over several findings unknown that contradict their findings or each other, in place.

    Of two questions the one that is present counts: "no infection" is unknown where "a respiratory infection" is
    present.
    """
    nobody = np.zeros(findings.shape[0], dtype=bool)
    count = unions.shape[1]
    for k in range(count):
        wrong = (unions[:, k] == 0) & (findings[:, members[k]] == 1).any(axis=1)
        for j in range(count):
            if j != k and not (members[j] & ~members[k]).any():
                wrong |= (unions[:, k] == 0) & (unions[:, j] == 1)
        contradicted[ids[k]] = contradicted.get(ids[k], nobody) | wrong
        unions[wrong, k] = -1
    absent = findings == 0
    for k in range(count):
        absent |= (unions[:, k] == 0)[:, None] & members[k]
    for k in range(count):
        wrong = (unions[:, k] == 1) & absent[:, members[k]].all(axis=1)
        contradicted[ids[k]] = contradicted.get(ids[k], nobody) | wrong
        unions[wrong, k] = -1


def _settle_kinds(kinds: Int8Array, episodes: dict[str, NDArray[Any]], catalogue: Catalogue) -> dict[str, BoolArray]:
    """Set kinds of invasive infection present that another kind or an episode implies where they are said absent."""
    flags = catalogue.invasive.flags
    sites, organisms, *_ = invasive_ids(catalogue)
    contradicted: dict[str, BoolArray] = {}
    for k, flag in enumerate(flags):
        if flag.site == "bone_or_joint" and flag.organism is None:
            continue  # a joint infection is not osteomyelitis: no contradiction
        implied = np.zeros(kinds.shape[0], dtype=bool)
        fits = np.ones(episodes["person"].size, dtype=bool)
        if flag.site is not None:
            fits &= episodes["sites"][:, sites.index(flag.site)]
        if flag.organism is not None:
            fits &= episodes["organism"] == organisms.index(flag.organism)
        implied[episodes["person"][fits]] = True
        for j, other in enumerate(flags):
            if j != k and flag.site in (None, other.site) and flag.organism in (None, other.organism):
                implied |= kinds[:, j] == 1
        odd = implied & (kinds[:, k] == 0)
        contradicted[flag.id] = odd
        kinds[odd, k] = 1
    return contradicted
