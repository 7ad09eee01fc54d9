"""Immunology tests: the latest result of each; subclasses of IgG together are one test."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from sigm_bayes.fhir.account import Account
from sigm_bayes.fhir.codebook import Codebook
from sigm_bayes.fhir.facts import Tested


def tests(results: Iterable[Tested], *, book: Codebook, account: Account) -> dict[str, str]:
    """Return test to its state, from the latest result of each of its parts.

    Parameters
    ----------
    results : iterable of Tested
    book : Codebook
    account : Account
        Receives what became of each result.
    """
    parts: dict[str, dict[str, list[Tested]]] = {}
    for result in results:
        parts.setdefault(result.test, {}).setdefault(result.part, []).append(result)
    states = {}
    for test, by_part in parts.items():
        latest = {part: found for part, listed in by_part.items() if (found := _latest(listed, account)) is not None}
        whole = [result for part, result in latest.items() if part not in book.rules.subclasses]
        single = {part: result for part, result in latest.items() if part in book.rules.subclasses}
        state = _together([result.state for result in whole])
        if state is None and single:
            state = _of_parts({part: result.state for part, result in single.items()}, book.rules.subclasses)
        used = (*whole, *single.values())
        if state is None:
            for result in used:
                account.note(result, "results_differ" if whole else "incomplete_set", test)
            continue
        states[test] = state
        for result in used:
            account.use(result, f"tests.{test} {state}" + (f" ({result.note})" if result.note else ""))
    return states


def _latest(listed: list[Tested], account: Account) -> Tested | None:
    """Return the latest result; None where those of the latest day differ."""
    ordered = sorted(listed, key=lambda r: datetime.date.min if r.day is None else r.day.last)
    last = ordered[-1]
    same_day = [r for r in ordered if (r.day.text if r.day else "") == (last.day.text if last.day else "")]
    if len({r.state for r in same_day}) > 1:
        for result in same_day:
            account.note(result, "results_differ", last.test)
        return None
    for result in ordered:
        if result is not last:
            account.note(result, "older_result", last.test)
    return last


def _together(states: list[str]) -> str | None:
    """Return abnormal if one quantity of a test is, else their common state; None where there is none."""
    if "abnormal" in states:
        return "abnormal"
    return states[0] if len(set(states)) == 1 else None


def _of_parts(states: dict[str, str], needed: tuple[str, ...]) -> str | None:
    if "abnormal" in states.values():
        return "abnormal"
    return "normal" if set(states) == set(needed) and set(states.values()) == {"normal"} else None
