"""What the concepts of a table mean here: by concept id, by its ancestors, by its source code."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from sigm_bayes.codes import Code, CodeTable
from sigm_bayes.codes.systems import vocabularies
from sigm_bayes.codes.table import CAUTIONS
from sigm_bayes.registry.omop.columns import LOCAL
from sigm_bayes.registry.omop.source import Source

NO_CONCEPT = "no concept (0 or blank), and no source code that can be read"
NO_MEANING = "the concept means nothing here"
RECALLED = "the code is known from memory only and not used (option `recalled`)"
NEVER = "pneumonia by an encapsulated organism is not necessarily invasive"
LISTED = 10
"""Most frequent codes without a meaning that an account lists."""
_LOINC = re.compile(r"[0-9]{1,5}-[0-9]")


@dataclass(frozen=True)
class Sense:
    """What one combination of concept, source concept and source value means.

    Attributes
    ----------
    codes : tuple of Code
        Rows of the table of codes; none where it means nothing.
    reason : str
        Why it means nothing.
    shown : str
        The code, for lists of codes without a meaning.
    """

    codes: tuple[Code, ...]
    reason: str = ""
    shown: str = ""


@dataclass
class Senses:
    """The senses of one table; `_sense_<table>` in the database holds their numbers beside the concepts."""

    by_number: list[Sense] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)

    def ignored(self) -> Counter[str]:
        """Return reason -> rows of all combinations that mean nothing."""
        found: Counter[str] = Counter()
        for sense, n in zip(self.by_number, self.rows, strict=True):
            if not sense.codes:
                found[sense.reason] += n
        return found

    def unmapped(self) -> tuple[tuple[str, int], ...]:
        """Return the most frequent codes that mean nothing, and their rows."""
        found: Counter[str] = Counter()
        for sense, n in zip(self.by_number, self.rows, strict=True):
            if not sense.codes and sense.reason != NO_CONCEPT:
                found[sense.shown] += n
        return tuple(sorted(found.items(), key=lambda entry: (-entry[1], entry[0]))[:LISTED])

    def cautions(self) -> tuple[str, ...]:
        """Return what must be said of codes that are used."""
        found: Counter[str] = Counter()
        for sense, n in zip(self.by_number, self.rows, strict=True):
            for code in sense.codes:
                said = "known from memory only" if code.flag == "recalled" else CAUTIONS[code.caution]
                if code.kind == "target":
                    said = "the diagnosis is read as the label primary"
                if said:
                    found[f"{code.system} {code.code} for {code.concept_id}: {said}"] += n
        return tuple(f"{said} ({n:,} rows)" for said, n in sorted(found.items()))


class Concepts:
    """Finds what concepts mean.

    Parameters
    ----------
    source : Source
        Its tables of concepts and ancestors are used where it has them.
    codes : CodeTable
    recalled : bool
        Use codes that nobody has checked in a source.
    """

    def __init__(self, source: Source, codes: CodeTable, *, recalled: bool) -> None:
        self.source, self.codes, self.recalled = source, codes, recalled
        self._systems = vocabularies()

    def senses(self, table: str, concept: str, source_concept: str, source_value: str, *, system: str | None) -> Senses:
        """Return what every combination of three columns of a table means; leaves `_sense_<table>` behind.

        Parameters
        ----------
        table, concept, source_concept, source_value : str
            Table and its columns.
        system : str or None
            Code system of the source values.
        """
        local = f"WHERE {source_value} IS NULL OR NOT starts_with({source_value}, '{LOCAL}')"
        found = self.source.rows(
            f"SELECT {concept}, {source_concept}, {source_value}, count(*) FROM {table} "
            f"{local if table == 'observation' else ''} GROUP BY ALL ORDER BY ALL"
        )
        self._learn({id for row in found for id in row[:2] if id is not None})
        senses = Senses([self._sense(*row[:3], system=system) for row in found], [row[3] for row in found])
        self.source.put(
            f"_sense_{table}",
            {
                "concept": [row[0] for row in found],
                "source_concept": [row[1] for row in found],
                "source_value": [row[2] for row in found],
                "sense": list(range(len(found))) or [],
            },
        )
        return senses

    def _learn(self, ids: Iterable[str]) -> None:
        """Look up the vocabulary codes and the nearest ancestors of the concepts that are used."""
        self._coded: dict[str, tuple[str, str]] = {}
        self._ancestors: dict[str, list[tuple[int, str]]] = defaultdict(list)
        if not {"concept", "concept_ancestor"} & self.source.present:
            return
        self.source.put("_used", {"id": sorted(ids)})
        for id, vocabulary, code in self.source.rows(
            "SELECT concept_id, vocabulary_id, concept_code FROM concept JOIN _used ON concept_id = id"
        ):
            if code is not None:
                self._coded[id] = (self._systems[vocabulary], code)
        levels = "coalesce(TRY_CAST(min_levels_of_separation AS BIGINT), 1)"
        for id, ancestor, level in self.source.rows(
            f"SELECT descendant_concept_id, ancestor_concept_id, {levels} FROM concept_ancestor "
            "JOIN _used ON descendant_concept_id = id ORDER BY ALL"
        ):
            self._ancestors[id].append((level, ancestor))

    def _sense(self, concept: str | None, source_concept: str | None, text: str | None, *, system: str | None) -> Sense:
        """Return what one combination means: by the concept, its ancestors, its code, the source's code, the text."""
        tried = list(self._tries(concept, source_concept, text, system))
        for kind, code in tried:
            found = self._nearest(code) if kind == "ancestors" else self._find(code, kind)
            if found:
                return Sense(found)
        shown = next((f"{kind} {code}" for kind, code in tried if kind != "ancestors"), "")
        refused = [row for kind, code in tried if kind != "ancestors" for row in self.codes.refused(code, system=kind)]
        if refused:
            return Sense((), RECALLED if refused[0].flag == "recalled" else NEVER, shown)
        return Sense((), NO_MEANING, shown) if tried else Sense((), NO_CONCEPT)

    def _tries(
        self, concept: str | None, source_concept: str | None, text: str | None, system: str | None
    ) -> Iterable[tuple[str, str]]:
        for id in (concept, source_concept):
            if id is None or id == "0":
                continue
            yield "OMOP", id
            if id in self._ancestors:
                yield "ancestors", id
            if id in self._coded:
                yield self._coded[id]
        if text is not None and system is not None:
            yield system, text
        elif text is not None and _LOINC.fullmatch(text):
            yield "LOINC", text

    def _find(self, code: str, system: str) -> tuple[Code, ...]:
        return self.codes.find(code, system=system, recalled=self.recalled)

    def _nearest(self, concept: str) -> tuple[Code, ...]:
        """Return what the ancestors of a concept mean: each finding, and of causes those of the nearest ancestor."""
        best: dict[str, tuple[int, Code]] = {}
        for levels, ancestor in sorted(self._ancestors[concept]):
            for code in self._find(ancestor, "OMOP"):
                best.setdefault(code.concept_id, (levels, code))
        nearest = min((levels for levels, code in best.values() if code.kind == "cause"), default=0)
        return tuple(code for levels, code in best.values() if code.kind != "cause" or levels == nearest)
