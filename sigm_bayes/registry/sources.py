"""What became of the rows of source tables that are many to one table of ours (OMOP, FHIR)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class SourceTally:
    """Account of one source table; used, ignored and rejected rows sum to its rows.

    Attributes
    ----------
    name : str
        Of the table.
    rows : int
    used : int
        Rows that went into the table of people or of samples, where they are accounted for again.
    ignored : mapping of str to int
        Reason -> rows that say nothing here (another concept, after the first low IgM, too few episodes).
    rejected : mapping of str to int
        Reason -> rows that cannot be used (no person, no date).
    unmapped : tuple of (str, int)
        The most frequent codes that mean nothing here, and their rows.
    cautions : tuple of str
        What must be said of rows that are used.
    """

    name: str
    rows: int
    used: int = 0
    ignored: Mapping[str, int] = field(default_factory=dict)
    rejected: Mapping[str, int] = field(default_factory=dict)
    unmapped: tuple[tuple[str, int], ...] = ()
    cautions: tuple[str, ...] = ()

    @property
    def balanced(self) -> bool:
        """Whether every row is accounted for once."""
        return self.used + sum(self.ignored.values()) + sum(self.rejected.values()) == self.rows

    def lines(self) -> list[str]:
        """Return the account in sentences, one for a report's list of notes each."""
        out = [f"{self.name}: {self.rows:,} rows, {self.used:,} used"]
        out += [f"{self.name}: {n:,} rows ignored: {reason}" for reason, n in _by_number(self.ignored)]
        out += [f"{self.name}: {n:,} rows rejected: {reason}" for reason, n in _by_number(self.rejected)]
        if self.unmapped:
            listed = ", ".join(f"{code} ({n:,})" for code, n in self.unmapped)
            out.append(f"{self.name}: most frequent codes without a meaning here: {listed}")
        return out + [f"{self.name}: caution: {said}" for said in self.cautions]


def _by_number(reasons: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(((reason, n) for reason, n in reasons.items() if n), key=lambda entry: (-entry[1], entry[0]))
