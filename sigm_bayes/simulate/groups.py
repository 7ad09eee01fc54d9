"""People of one setting and one age band: parameters are indexed by both, so people are simulated group by group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

CHUNK = 20_000
"""Most people that are simulated at a time: bounds memory."""


@dataclass(frozen=True)
class Group:
    """Catalogue indices of setting and age band, and which people they are.

    Attributes
    ----------
    setting, age_band : int
    people : (member,) int
        Positions among all people.
    """

    setting: int
    age_band: int
    people: np.ndarray


def groups(setting: np.ndarray, age_band: np.ndarray) -> Iterator[Group]:
    """Cut people into groups of one setting and age band, at most `CHUNK` each, in a fixed order."""
    for s, a in sorted({(int(s), int(a)) for s, a in np.unique(np.stack([setting, age_band], axis=1), axis=0)}):
        members = np.flatnonzero((setting == s) & (age_band == a))
        for start in range(0, len(members), CHUNK):
            yield Group(s, a, members[start : start + CHUNK])
