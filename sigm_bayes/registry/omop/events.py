"""Conditions, drugs, procedures and coded observations -> dated records of findings, causes and labels, by person."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sigm_bayes.registry.omop.columns import EVENTS, LOCAL
from sigm_bayes.registry.omop.concepts import Concepts, Senses
from sigm_bayes.registry.omop.days import read_day
from sigm_bayes.registry.omop.source import Source

NO_PERSON = "no such person in the table person"
NO_DATE = "no date, or one that is not written as 2026-01-15"
BEFORE_BIRTH = "dated before the year of birth"
NO_IGM = "the person has no dated IgM"
NOT_THE_BODY = "a laboratory quantity recorded as an event"


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a table of events that means something.

    Attributes
    ----------
    row : int
        Number of the row within its table's records, to count it once whatever it means.
    start : date
    end : date or None
    """

    row: int
    start: datetime.date
    end: datetime.date | None


@dataclass
class EventTable:
    """The records of one table and the account of its rows.

    Attributes
    ----------
    name : str
    rows : int
    records : dict of (str, str) to list of Record
        (Person, concept of ours) -> records.
    senses : Senses
    ignored, rejected : Counter of str
    used : set of int
        Rows that were used.
    why : dict of int to str
        Row -> why it is not used, if it is not.
    """

    name: str
    rows: int
    senses: Senses
    records: dict[tuple[str, str], list[Record]] = field(default_factory=dict)
    ignored: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    used: set[int] = field(default_factory=set)
    why: dict[int, str] = field(default_factory=dict)

    def of(self, concept: str) -> Iterator[tuple[str, list[Record]]]:
        """Yield the people who have records of a concept, and these."""
        for (person, named), records in self.records.items():
            if named == concept:
                yield person, records

    def settle(self) -> None:
        """Count the rows that are not used by their reasons."""
        self.ignored.update(reason for row, reason in self.why.items() if row not in self.used)


def read_events(
    source: Source,
    concepts: Concepts,
    *,
    born: Mapping[str, datetime.date],
    known: set[str],
    source_codes: Mapping[str, str],
) -> list[EventTable]:
    """Read the tables of events.

    Parameters
    ----------
    source : Source
    concepts : Concepts
    born : mapping of str to date
        Earliest day of birth by person.
    known : set of str
        Ids of the people.
    source_codes : mapping of str to str
        Table -> code system of its source values.
    """
    return [_read(source, concepts, name, born, known, source_codes.get(name)) for name in EVENTS]


def _read(
    source: Source,
    concepts: Concepts,
    name: str,
    born: Mapping[str, datetime.date],
    known: set[str],
    system: str | None,
) -> EventTable:
    event = EVENTS[name]
    senses = concepts.senses(name, event.concept, event.source_concept, event.source, system=system)
    total = sum(senses.rows)  # rows of the local vocabulary are read elsewhere
    table = EventTable(name, total, senses, ignored=senses.ignored())
    meant: dict[int, tuple[str, ...]] = {}
    for number, sense in enumerate(senses.by_number):
        ids = tuple(code.concept_id for code in sense.codes if code.kind != "lab")
        if sense.codes and not ids:
            table.ignored[NOT_THE_BODY] += senses.rows[number]
        elif ids:
            meant[number] = ids
    source.put("_meant", {"sense": list(meant)})
    if not meant:
        return table
    end = event.end or "NULL::VARCHAR"
    query = (
        f"SELECT e.person_id, s.sense, e.{event.start}, {end} FROM {name} e JOIN _sense_{name} s "
        f"ON e.{event.concept} IS NOT DISTINCT FROM s.concept "
        f"AND e.{event.source_concept} IS NOT DISTINCT FROM s.source_concept "
        f"AND e.{event.source} IS NOT DISTINCT FROM s.source_value "
        f"JOIN _meant USING (sense) ORDER BY ALL"
    )
    days: dict[str | None, datetime.date | None] = {}
    for row, (person, number, start, stop) in enumerate(source.rows(query)):
        for text in (start, stop):
            if text not in days:
                days[text] = read_day(text)
        day = days[start]
        if person is None or person not in known:
            table.rejected[NO_PERSON] += 1
        elif day is None:
            table.rejected[NO_DATE] += 1
        elif person in born and day < born[person]:
            table.rejected[BEFORE_BIRTH] += 1
        else:
            last = days[stop]
            record = Record(row, day, None if last is None or last < day else last)
            for id in meant[number]:
                table.records.setdefault((person, id), []).append(record)
            table.why[row] = NO_IGM
    return table


def read_local(
    source: Source, *, known: set[str], born: Mapping[str, datetime.date]
) -> tuple[list[tuple[str, str, str, str | None]], Counter[str], int]:
    """Return the observations of the local vocabulary: (person, what, value, date); what is rejected; all of them.

    The context of a sample is not among them: it is joined to the measurement.
    """
    rejected: Counter[str] = Counter()
    out = []
    rows = source.rows(
        f"SELECT person_id, observation_source_value[{len(LOCAL) + 1}:], coalesce(value_as_string, value_as_number), "
        f"observation_date FROM observation WHERE starts_with(observation_source_value, '{LOCAL}') "
        f"AND observation_source_value <> '{LOCAL}context' ORDER BY ALL"
    )
    for person, what, value, date in rows:
        if person is None or person not in known:
            rejected[NO_PERSON] += 1
        elif value is None:
            rejected["no value"] += 1
        else:
            out.append((person, what, value, date))
    return out, rejected, len(rows)
