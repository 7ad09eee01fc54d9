"""Episodes of invasive infection: site, organism, severity and number, as rows describe them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.registry.choices import read_choice
from sigm_bayes.registry.issues import Account, BoolArray, IntArray
from sigm_bayes.registry.mapping import Choice, Mapping
from sigm_bayes.registry.mapping_file import invasive_ids
from sigm_bayes.registry.tables import Table

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue

Int8Array = NDArray[np.int8]
EPISODE = ("person", "sites", "organism", "severity", "number")
"""Columns of `sigm_bayes.registry.people.Registry.episodes`."""
_SEPARATORS = re.compile(r"[;,/+|]")


@dataclass(frozen=True)
class Episodes:
    """Described episodes, one entry a row that says anything of one.

    Attributes
    ----------
    row : ndarray of int, shape (episode,)
    sites : ndarray of bool, shape (episode, site)
        None where not known.
    organism, severity, number : ndarray of int, shape (episode,)
        Position in the catalogue's options, -1 where not known.
    """

    row: IntArray
    sites: NDArray[np.bool_]
    organism: Int8Array
    severity: Int8Array
    number: Int8Array


def read_episodes(table: Table, mapping: Mapping, *, catalogue: Catalogue, account: Account) -> Episodes:
    """Read what every row says of an invasive infection.

    Parameters
    ----------
    table : Table
    mapping : Mapping
    catalogue : Catalogue
    account : Account
        Receives unknown words.
    """
    sites, organisms, severities, numbers = invasive_ids(catalogue)
    used, said = ~account.rejected, mapping.invasive

    def words(choice: Choice | None, ids: tuple[str, ...]) -> Int8Array:
        if choice is None:
            return np.broadcast_to(np.int8(-1), (table.rows,))
        return read_choice(table, choice, ids, account=account, rows=used)

    if said is None:
        nothing = np.zeros(0, dtype=np.int8)
        return Episodes(np.zeros(0, np.int64), np.zeros((0, len(sites)), bool), nothing, nothing, nothing)
    masks = _sites(table, said.site, sites, account, used)
    organism, severity = words(said.organism, organisms), words(said.severity, severities)
    number = words(said.number, numbers)
    row = np.flatnonzero(used & ((masks > 0) | (organism >= 0) | (severity >= 0) | (number >= 0)))
    bits = (masks[row][:, None] >> np.arange(len(sites))) & 1
    return Episodes(row, bits.astype(bool), organism[row], severity[row], number[row])


def _sites(
    table: Table, choice: Choice | None, ids: tuple[str, ...], account: Account, used: BoolArray
) -> NDArray[np.int32]:
    """Return the sites of each row as bits, 0 where not known; shape (row,)."""
    if choice is None:
        return np.zeros(table.rows, dtype=np.int32)
    if choice.column is None:
        return np.full(table.rows, 1 << ids.index(choice.fixed) if choice.fixed else 0, dtype=np.int32)
    column, odd = table.columns[choice.column], []
    masks = np.zeros(max(len(column.words), 1), dtype=np.int32)
    for i, word in enumerate(column.words):
        whole = choice.words.get(word.lower())
        parts = [whole] if whole else [choice.words.get(p.strip().lower(), p) for p in _SEPARATORS.split(word)]
        masks[i] = sum({1 << ids.index(part) for part in parts if part in ids})
        odd.append(any(part.strip() and part not in (*ids, "unknown") for part in parts))
    account.add(
        "word_unknown",
        np.array(odd, dtype=bool)[column.codes] & ~column.blank & used if odd else np.zeros(table.rows, bool),
        column=column.name,
        values=column,
    )
    return masks[column.codes]


def merge_episodes(
    found: Episodes, index: IntArray, findings: Int8Array, catalogue: Catalogue
) -> dict[str, NDArray[np.generic]]:
    """Return the described episodes of accepted people.

    The only episode of a person takes site and organism from the flat columns (``meningitis`` ...) where it has
    neither itself.

    Parameters
    ----------
    found : Episodes
    index : ndarray of int, shape (row,)
        Person of each row, -1 where it is rejected.
    findings : ndarray of int, shape (person, finding)
        With the flat columns at the end.
    catalogue : Catalogue

    Returns
    -------
    dict
        Columns `EPISODE`, in order of person.
    """
    from sigm_bayes.patient.sections import merge_flags

    kept = index[found.row] >= 0
    person = index[found.row[kept]]
    order = np.argsort(person, kind="stable")
    person, sites, organism = person[order], found.sites[kept][order], found.organism[kept][order].copy()
    count = np.bincount(person, minlength=1)
    bare = (count[person] == 1) & ~sites.any(axis=1) & (organism < 0) if person.size else np.zeros(0, dtype=bool)
    site_ids, organism_ids, *_ = invasive_ids(catalogue)
    flags = [flag.id for flag in catalogue.invasive.flags]
    told: dict[bytes, tuple[NDArray[np.bool_], int]] = {}
    for i in np.flatnonzero(bare):
        states = findings[person[i], len(catalogue.findings) :]
        key = states.tobytes()
        if key not in told:
            merged = merge_flags({id: "present" for id, s in zip(flags, states, strict=True) if s == 1}, catalogue)
            named = {site for episode in merged for site in episode.sites}
            single = merged[0].organism if len(merged) == 1 else None
            told[key] = (
                np.array([id in named for id in site_ids]),
                organism_ids.index(single) if single is not None else -1,
            )
        sites[i], organism[i] = told[key]
    return {
        "person": person,
        "sites": sites,
        "organism": organism,
        "severity": found.severity[kept][order],
        "number": found.number[kept][order],
    }
