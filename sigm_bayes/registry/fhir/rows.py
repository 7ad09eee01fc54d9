"""Everything that is known of each person -> the rows of the table of people and the table of samples."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator

from sigm_bayes.fhir.account import Account
from sigm_bayes.fhir.circumstances import acute_infection
from sigm_bayes.fhir.codebook import Codebook
from sigm_bayes.fhir.elements import Day, read_day
from sigm_bayes.fhir.exposures import cause_states, last_day, tell
from sigm_bayes.fhir.facts import Result, Said, Statement, Tested
from sigm_bayes.fhir.history import findings
from sigm_bayes.fhir.immunology import tests
from sigm_bayes.registry.fhir.collect import Person
from sigm_bayes.registry.standard import INVASIVE, MOST_LABELS

STATES = {"present": "1", "absent": "0", "yes": "1", "no": "0"}
Row = dict[str, str]


def sample_rows(person: Person, *, book: Codebook) -> Iterator[tuple[int, Row]]:
    """Yield line number and cells of every result of a person, in the order of the lines."""
    statements = [fact for fact in person.facts if isinstance(fact, Statement)]
    for fact in person.facts:
        if not isinstance(fact, Result):
            continue
        row = {
            "person_id": person.id,
            "date": fact.day.text,
            "analyte": fact.analyte,
            "value": f"{fact.comparator or ''}{fact.value}",
            "unit": fact.unit,
        }
        if fact.context is not None:
            row["context"] = fact.context
        elif acute_infection(fact, statements, book=book) is not None:
            row["context"] = "acute_infection"
        if fact.reference is not None:
            row["reference_low"], row["reference_high"] = fact.reference
        yield line_of(fact.source), row


def person_rows(
    person: Person, *, centre: str | None, first_low: datetime.date | None, book: Codebook, account: Account
) -> list[Row]:
    """Return the rows of a person: one, and one more for every further episode of invasive infection.

    Parameters
    ----------
    person : Person
    centre : str or None
    first_low : date or None
        Day of the first low IgM, where look-backs end; None where there is no dated IgM.
    book : Codebook
    account : Account
        Receives what became of every fact.
    """
    row: Row = {"person_id": person.id}
    for name, value in (("centre", centre), ("sex", person.sex)):
        if value is not None:
            row[name] = value
    if person.birth is not None:
        row["birth_date"] = person.birth.text
    for fact in person.facts:
        if isinstance(fact, Result):
            account.use(fact, fact.analyte)
    _said(row, [fact for fact in person.facts if isinstance(fact, Said)], account)
    tested = [fact for fact in person.facts if isinstance(fact, Tested)]
    row |= tests(tested, book=book, account=account)
    statements = [fact for fact in person.facts if isinstance(fact, Statement)]
    if first_low is None:
        for statement in statements:
            account.note(statement, "no_igm")
        return [row]
    return _history(row, statements, read_day(first_low.isoformat()), book, account)


def _history(row: Row, statements: list[Statement], until: Day | None, book: Codebook, account: Account) -> list[Row]:
    assert until is not None
    states, episodes = findings(statements, until=until, book=book, account=account)
    row |= {id: STATES[state] for id, state in states.items()}
    present, absent = cause_states(statements, first=until, book=book, account=account)
    row |= dict.fromkeys(absent, "0")
    for id, said in present.items():
        row[id] = "1"
        listed = [statement for statement, _ in said]
        course = {"started_on": _start(listed), "last_dose": last_day(listed)}
        known = {name: day.text for name, day in course.items() if day is not None}
        row |= {f"{id}_{name}": text for name, text in known.items()}
        tell(id, said, known, account)
    _treatment(row, statements, account)
    rows = [row]
    for i, episode in enumerate(episodes):
        if i:
            kept = ("person_id", "centre", "sex", "birth_date", "age_years")
            rows.append({name: row[name] for name in kept if name in row} | {"visit": f"episode {i + 1}"})
        for name in INVASIVE:
            if name in episode:
                value = episode[name]
                rows[-1][f"invasive_{name}"] = ";".join(value) if isinstance(value, list) else str(value)
    return rows


def _start(present: list[Statement]) -> Day | None:
    """Return the first day, where every statement says when it began."""
    firsts = [statement.first for statement in present]
    known = [day for day in firsts if day is not None]
    if not known or len(known) < len(firsts):
        return None
    first = min(known, key=lambda day: (day.first, day.last))
    return first if all(statement.starts for statement in present if statement.first == first) else None


def _treatment(row: Row, statements: list[Statement], account: Account) -> None:
    """Put immunoglobulin replacement into the row: its first and last day."""
    given = [s for s in statements if any(meaning.sort == "treatment" for meaning in s.meanings)]
    inborn = [s for s in statements if any(meaning.sort == "inborn_error" for meaning in s.meanings)]
    for statement in inborn:
        if statement.present:
            row["known_inborn_error"] = "1"
            account.use(statement, "known_inborn_error")
        else:
            account.note(statement, "one_episode_refuted")
    dated = [s for s in given if s.first is not None or s.ongoing]
    for statement in given:
        if statement not in dated:
            account.note(statement, "date_missing")
        else:
            account.use(statement, "on_immunoglobulin")
    if not dated:
        return
    row["on_immunoglobulin"] = "1"
    starts = [s.first for s in dated]
    if None not in starts:
        row["immunoglobulin_started"] = min((d for d in starts if d is not None), key=lambda d: d.first).text
    end = last_day(dated)
    if end is not None:
        row["immunoglobulin_stopped"] = end.text


def _said(row: Row, said: Iterable[Said], account: Account) -> None:
    """Put the package's own statements into the row."""
    labels: list[Said] = []
    for fact in said:
        if fact.name == "label":
            labels.append(fact)
            continue
        name = "age_years" if fact.name == "age_at_first_igm" else fact.name
        value = STATES.get(fact.value, fact.value)
        if row.get(name, value) != value:
            account.note(fact, "contradicted", name)
            continue
        row[name] = value
        account.use(fact, name)
    ordered = sorted(labels, key=lambda fact: fact.day.first if fact.day is not None else datetime.date.min)
    for fact in ordered[:-MOST_LABELS]:
        account.note(fact, "older_result", "label")
    for i, fact in enumerate(ordered[-MOST_LABELS:], start=1):
        name = "label" if i == 1 else f"label_{i}"
        row[name] = fact.value
        if fact.day is not None:
            row[f"{name}_date"] = fact.day.text
        account.use(fact, "label")


def line_of(source: str) -> int:
    """Return the number in ``Observation:17 component[0]``."""
    return int(source.partition(":")[2].partition(" ")[0])
