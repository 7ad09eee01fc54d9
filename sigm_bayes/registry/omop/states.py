"""Dated records -> what the table of people says: findings in their window, courses of causes, labels, treatment."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING

from sigm_bayes.registry.omop.events import EventTable, Record
from sigm_bayes.registry.omop.options import OmopOptions, state_ids
from sigm_bayes.registry.recurrence import DAYS_PER_YEAR, enough_episodes

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue
    from sigm_bayes.catalogue.tables import Cause

AFTER = "after the first low IgM"
TOO_OLD = "before the window of the finding"
TOO_FEW = "fewer episodes in the window than the finding needs"
OPEN_ENDED = frozenset({"condition_occurrence", "observation"})
"""Tables whose records are of something that goes on; a drug or a procedure is of its days."""
TARGET = "selective_igm_deficiency"
REPLACEMENT = "immunoglobulin_replacement"
Cells = dict[str, dict[str, str]]
"""Column of the table of people -> person -> cell."""
Found = dict[str, list[tuple[EventTable, Record]]]


def states(
    tables: list[EventTable],
    first: Mapping[str, datetime.date],
    *,
    known: set[str],
    catalogue: Catalogue,
    options: OmopOptions,
) -> Cells:
    """Return the cells that the records give, and mark in their tables which rows were used.

    Parameters
    ----------
    tables : list of EventTable
    first : mapping of str to date
        Day of the first low IgM by person; people without a dated IgM are not in it.
    known : set of str
        Ids of all people.
    catalogue : Catalogue
    options : OmopOptions
        Of which findings and causes no record means absent.
    """
    found: dict[str, Found] = defaultdict(lambda: defaultdict(list))
    for table in tables:
        for (person, concept), records in table.records.items():
            if person in first:
                found[concept][person] += [(table, record) for record in records]
    cells: Cells = defaultdict(dict)
    causes = {cause.id: cause for cause in catalogue.causes if cause.recordable}
    findings = {finding.id: finding for finding in catalogue.findings}
    if "invasive_infection" in findings:  # its kinds have its window
        findings |= {flag.id: findings["invasive_infection"] for flag in catalogue.invasive.flags}
    for concept, people in found.items():
        if concept in causes:
            _cause(cells, concept, people, first, causes[concept])
        elif concept in findings:
            rule = findings[concept]
            _finding(cells, concept, people, first, window=rule.window_years, least=rule.min_count)
        elif concept == TARGET:
            _label(cells, people)
        elif concept == REPLACEMENT:
            _replacement(cells, people, first)
    for id in options.asked:
        if id in state_ids(catalogue):
            cells[id] = dict.fromkeys(known, "0") | cells.get(id, {})
    for table in tables:
        table.settle()
    return cells


def _use(entries: list[tuple[EventTable, Record]]) -> None:
    for table, record in entries:
        table.used.add(record.row)


def _finding(
    cells: Cells,
    id: str,
    people: Found,
    first: Mapping[str, datetime.date],
    *,
    window: float | None,
    least: int,
) -> None:
    """Set a finding present in those who have enough episodes in the window that ends with the first low IgM."""
    for person, entries in people.items():
        until = first[person]
        inside = []
        for table, record in entries:
            if record.start > until:
                table.why[record.row] = AFTER
            elif window is not None and (until - record.start).days > window * DAYS_PER_YEAR:
                table.why[record.row] = TOO_OLD
            else:
                table.why[record.row] = TOO_FEW
                inside.append((table, record))
        days = [record.start for _, record in inside]
        if enough_episodes(days, until=until, window_years=window, min_count=least):
            cells[id][person] = "1"
            _use(inside)


def _cause(cells: Cells, id: str, people: Found, first: Mapping[str, datetime.date], cause: Cause) -> None:
    """Set a cause present, with the day on which it began and, where its effect fades, on which it had ended.

    A condition goes on whatever its end says, which mostly is that of a visit, unless its effect on IgM is known to
    pass fast.
    """
    fades, passes = cause.half_life_months < float("inf"), cause.recovers == "fast"
    for person, entries in people.items():
        cells[id][person] = "1"
        cells[f"{id}_started_on"][person] = min(record.start for _, record in entries).isoformat()
        ended = _ended(entries, first[person], passes=passes)
        if fades and ended is not None:
            cells[f"{id}_last_dose"][person] = ended.isoformat()
        _use(entries)


def _ended(
    entries: list[tuple[EventTable, Record]], first: datetime.date, *, passes: bool = True
) -> datetime.date | None:
    """Return the last day of the records that began by then, where it lies before the first low IgM."""
    days = []
    for table, record in entries:
        if record.start <= first:
            open_ended = table.name in OPEN_ENDED and not passes
            days.append(first if open_ended else record.end or record.start)
    return max(days) if days and max(days) < first else None


def _label(cells: Cells, people: Found) -> None:
    """Label those primary who have the diagnosis, with the date of its last record."""
    for person, entries in people.items():
        cells["label"][person] = "primary"
        cells["label_date"][person] = max(record.start for _, record in entries).isoformat()
        _use(entries)


def _replacement(cells: Cells, people: Found, first: Mapping[str, datetime.date]) -> None:
    """Say who is on immunoglobulin, from when, and until when where it ended before the first low IgM."""
    for person, entries in people.items():
        cells["on_immunoglobulin"][person] = "1"
        cells["immunoglobulin_started"][person] = min(record.start for _, record in entries).isoformat()
        ended = _ended(entries, first[person])
        if ended is not None:
            cells["immunoglobulin_stopped"][person] = ended.isoformat()
        _use(entries)
