"""Gathers what became of each fact, and makes one line a resource of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from sigm_bayes.errors import Problem
from sigm_bayes.fhir.ledger import Entry


class Sourced(Protocol):
    """Anything that knows the resource it comes from."""

    @property
    def source(self) -> str:
        """``Condition/1``."""

    @property
    def shown(self) -> str:
        """Its codes with name."""


class Account:
    """What became of each fact, and what contradicts what."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._said: dict[tuple[str, str], list[tuple[str, str]]] = {}

    def use(self, fact: Sourced, became: str) -> None:
        """Note that a fact is used."""
        self.note(fact, "used", became)

    def note(self, fact: Sourced, kind: str, details: str = "") -> None:
        """Note why a fact, or one meaning of it, is not used: a key of `ledger.REASONS`."""
        said = self._said.setdefault((fact.source, fact.shown), [])
        if (kind, details) not in said:
            said.append((kind, details))

    def contradict(self, one: Sourced, other: Sourced, message: str) -> None:
        """Note that two facts cannot both be right."""
        self.note(one, "contradicted", other.source)
        remedy = "Correct or remove the one that is wrong."
        self.problems.append(Problem(one.source, None, f"{message}; {other.source} says otherwise", remedy))

    def entries(self) -> Iterator[Entry]:
        """Yield one entry a resource: used if any of its meanings is."""
        for (source, shown), said in self._said.items():
            used = [details for kind, details in said if kind == "used"]
            if used:
                yield Entry(source, shown, "used", "; ".join(used))
            else:
                yield Entry(source, shown, *said[0])
