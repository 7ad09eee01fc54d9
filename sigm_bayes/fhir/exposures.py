"""Possible causes: their state, whether they began before the low IgM, their end, and the IgM before them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sigm_bayes.fhir.account import Account
from sigm_bayes.fhir.codebook import Codebook
from sigm_bayes.fhir.elements import Day
from sigm_bayes.fhir.facts import Meaning, Result, Statement

Meant = tuple[Statement, Meaning]


@dataclass(frozen=True)
class Exposures:
    """Causes as a patient file says them, and the normal IgM results from before them.

    Attributes
    ----------
    causes : dict
        Id to a state, or to a table with state, started, last_dose and igm_before.
    before : dict
        Source of an IgM result that was normal before an exposure, and is said as such, to its causes.
    doubts : tuple of str
        What a person should look at.
    """

    causes: dict[str, str | dict[str, str]]
    before: dict[str, str]
    doubts: tuple[str, ...]


def exposures(statements: Iterable[Statement], *, igm: Sequence[Result], book: Codebook, account: Account) -> Exposures:
    """Return the states and courses of the causes.

    Parameters
    ----------
    statements : iterable of Statement
    igm : sequence of Result
        In order of date, at least one.
    book : Codebook
    account : Account
    """
    present, absent = cause_states(statements, first=igm[0].day, book=book, account=account)
    causes: dict[str, str | dict[str, str]] = dict.fromkeys(absent, "absent")
    before: dict[str, str] = {}
    doubts: list[str] = []
    for id, said in present.items():
        course = _course(id, [statement for statement, _ in said], igm, before, doubts)
        causes[id] = {"state": "present", **course} if course else "present"
        tell(id, said, course, account)
    return Exposures(causes, before, tuple(doubts))


def cause_states(
    statements: Iterable[Statement], *, first: Day, book: Codebook, account: Account
) -> tuple[dict[str, list[Meant]], list[str]]:
    """Return the statements that count of every present cause, and the absent causes.

    Parameters
    ----------
    statements : iterable of Statement
    first : Day
        The first (low) IgM.
    book : Codebook
    account : Account
        Receives what does not count, and what is absent.
    """
    by_id: dict[str, list[Meant]] = {}
    for statement in statements:
        for meaning in statement.meanings:
            if meaning.sort == "cause":
                by_id.setdefault(meaning.id, []).append((statement, meaning))
    present: dict[str, list[Meant]] = {}
    absent = []
    for id, said in by_id.items():
        counted = _present(id, said, first, book, account)
        refuted = _refuted(id, said, book, account)
        for statement, _ in refuted:
            if counted:
                account.contradict(statement, counted[0][0], f"{id} is refuted")
            else:
                account.use(statement, f"{id} absent")
        if counted:
            present[id] = counted
        elif refuted:
            absent.append(id)
    return present, absent


def _present(id: str, said: list[Meant], first: Day, book: Codebook, account: Account) -> list[Meant]:
    """Return the statements that count: not too short, not over too long before the first IgM."""
    kept = []
    for statement, meaning in said:
        if not statement.present:
            continue
        start, end = statement.first, statement.last
        shortest, within = book.rules.shortest_days.get(id), book.rules.within_days.get(id)
        known_length = shortest is not None and statement.starts and start is not None and end is not None
        if known_length and start and end and shortest and (end.last - start.first).days < shortest:
            account.note(statement, "too_short", f"{id}: {shortest} days")
            continue
        over = None if statement.ongoing else end or start
        if within is not None and meaning.system != "local":
            if over is None and not statement.ongoing:
                account.note(statement, "date_missing", f"{id} counts within {within} days of the IgM")
                continue
            if over is not None and (first.first - over.last).days > within:
                account.note(statement, "too_long_ago", id)
                continue
        kept.append((statement, meaning))
    return kept


def _refuted(id: str, said: list[Meant], book: Codebook, account: Account) -> list[Meant]:
    kept = []
    for statement, meaning in said:
        if statement.present:
            continue
        if meaning.system != "local" and id in book.rules.one_of_many:
            account.note(statement, "one_episode_refuted", id)
        else:
            kept.append((statement, meaning))
    return kept


def _course(
    id: str, present: list[Statement], igm: Sequence[Result], before: dict[str, str], doubts: list[str]
) -> dict[str, str]:
    """Return started, last_dose and igm_before as far as they are known."""
    course: dict[str, str] = {}
    started = _started(id, present, igm, course, before, doubts)
    if started is not None:
        course["started"] = started
    ended = last_day(present)
    if ended is not None:
        course["last_dose"] = ended.text
    return course


def last_day(present: Iterable[Statement]) -> Day | None:
    """Return the latest end; None where one goes on or no end is known."""
    listed = list(present)
    ends = [end for statement in listed if (end := statement.last) is not None]
    if not ends or any(statement.ongoing for statement in listed):
        return None
    return max(ends, key=lambda day: day.last)


def _started(
    id: str,
    present: list[Statement],
    igm: Sequence[Result],
    course: dict[str, str],
    before: dict[str, str],
    doubts: list[str],
) -> str | None:
    """Return whether it began before or after the low IgM; None where the dates do not tell."""
    dated = [(statement.first, statement) for statement in present if statement.first is not None]
    if not dated:
        return None
    start, earliest = min(dated, key=lambda pair: (pair[0].first, pair[0].last))
    earlier = [result for result in igm if result.day.last < start.first]
    if not earlier:
        return "before_low_igm" if start.last < igm[0].day.first else None
    if not earliest.starts or len(dated) < len(present):
        return None  # it was there on that day; it may have begun before the first IgM
    levels = {_level(result) for result in earlier}
    if len(earlier) == len(igm) or levels == {"low"}:
        if levels == {"low"}:
            course["igm_before"] = "low"
        return "after_low_igm"
    if levels == {"normal"}:
        course["igm_before"] = "normal"
        for result in earlier:
            before[result.source] = f"{before[result.source]}, {id}" if result.source in before else id
        return "before_low_igm"
    doubts.append(
        f"IgM of {earlier[0].day.text} lies before {id} began, and its record does not say whether it was low or "
        "normal: give its reference range or interpretation."
    )
    return None


def _level(result: Result) -> str | None:
    """Return low or normal by the laboratory's own word or limits; None where neither says it."""
    if result.flag in ("low", "normal"):
        return result.flag
    if result.flag is not None or result.reference is None:
        return None
    value, low, high = (float(text) for text in (result.value, *result.reference))
    if result.comparator in ("<", "<="):
        return "low" if value <= low else None
    if result.comparator is not None:
        return None
    return "low" if value < low else "normal" if value <= high else None


def tell(id: str, present: list[Meant], course: dict[str, Any], account: Account) -> None:
    """Note what the statements of a present cause became."""
    details = ", ".join(f"{name} {value}" for name, value in course.items())
    for statement, meaning in present:
        remarks = [
            part for part in (statement.note, "a wide code: check it" if meaning.caution == "broad" else "") if part
        ]
        tail = f" ({'; '.join(remarks)})" if remarks else ""
        account.use(statement, f"{id} present{f', {details}' if details else ''}{tail}")
