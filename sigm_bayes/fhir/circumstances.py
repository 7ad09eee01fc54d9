"""Whether a sample was taken during or soon after a recorded acute infection."""

from __future__ import annotations

from collections.abc import Iterable

from sigm_bayes.fhir.codebook import Codebook
from sigm_bayes.fhir.elements import Day
from sigm_bayes.fhir.facts import Result, Statement


def acute_infection(result: Result, statements: Iterable[Statement], *, book: Codebook) -> str | None:
    """Return the resource of an acute infection that a sample belongs to, or None.

    Parameters
    ----------
    result : Result
    statements : iterable of Statement
        Of the same person.
    book : Codebook
        Its rules say how long after the end of the infection a sample still belongs to it.
    """
    for statement in statements:
        if _acute(statement, book) and _near(result.day, statement, book.rules.acute_days):
            return statement.source
    return None


def _acute(statement: Statement, book: Codebook) -> bool:
    """Return whether a statement is of an infection that a code names as one illness, not as recurrent or chronic."""
    infections = {finding.id for finding in book.catalogue.findings if finding.infection}
    return statement.present and any(
        meaning.sort == "flag" or meaning.id in infections
        for meaning in statement.meanings
        if meaning.system != "local" and not meaning.whole
    )


def _near(day: Day, statement: Statement, days: int) -> bool:
    """Return whether a sample lies within an illness or so many days of its end (of its start, if it has no end)."""
    first, last = statement.first, statement.last or statement.first
    if first is None or last is None or day.partial or first.partial or last.partial or not statement.starts:
        return False
    return first.first <= day.first and (day.first - last.first).days <= days
