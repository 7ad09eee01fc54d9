"""The account of every line of a bulk export, by kind of resource."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from sigm_bayes.fhir.ledger import REASONS, Entry
from sigm_bayes.registry.sources import SourceTally

MOST_CODES = 10
"""Codes without a meaning here that are listed."""
MOST_LINES = 20
"""Rejected lines whose number is told."""
UNMAPPED = ("code_unknown", "system_unknown", "code_recalled")


class KindTally:
    """Counts what became of the lines of one kind of resource."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.rows = 0
        self.used = 0
        self.ignored: Counter[str] = Counter()
        self.rejected: Counter[str] = Counter()
        self.unmapped: Counter[str] = Counter()
        self.set_aside: list[tuple[int, str]] = []

    def reject(self, number: int, reason: str) -> None:
        """Note a line that cannot be used, with its number."""
        self.rejected[reason] += 1
        self.set_aside.append((number, reason))

    def settle(self, number: int, entries: Iterable[Entry]) -> None:
        """Note what became of a line: used if any part of it is, else the first problem, else why it is ignored."""
        listed = list(entries)
        if any(entry.kind == "used" for entry in listed):
            self.used += 1
            return
        odd = [entry for entry in listed if entry.outcome == "problem"]
        if odd:
            self.reject(number, REASONS[odd[0].kind].says)
            return
        self.ignored[REASONS[listed[0].kind].says] += 1
        if listed[0].kind in UNMAPPED and listed[0].shown:
            self.unmapped[listed[0].shown] += 1

    def tally(self) -> SourceTally:
        """Return the account."""
        lines = [f"line {number}: {reason}" for number, reason in sorted(self.set_aside)[:MOST_LINES]]
        if len(self.set_aside) > MOST_LINES:
            lines.append(f"and {len(self.set_aside) - MOST_LINES:,} more lines rejected")
        unmapped = tuple(self.unmapped.most_common(MOST_CODES))
        return SourceTally(
            f"{self.kind}.ndjson", self.rows, used=self.used, ignored=dict(self.ignored),
            rejected=dict(self.rejected), unmapped=unmapped, cautions=tuple(lines),
        )  # fmt: skip
