"""From single statements to the states of findings: windows, counts, refutations, episodes of invasive infection."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sigm_bayes.catalogue import Finding
from sigm_bayes.fhir.account import Account
from sigm_bayes.fhir.codebook import Codebook
from sigm_bayes.fhir.elements import Day
from sigm_bayes.fhir.facts import Meaning, Statement
from sigm_bayes.fhir.rules import stands_in
from sigm_bayes.fhir.timing import episodes, looks_back, span

INVASIVE = "invasive_infection"
Meant = tuple[Statement, Meaning]


@dataclass
class Episode:
    """Records that are one invasive infection."""

    day: datetime.date | None
    sites: set[str] = field(default_factory=set)
    organisms: set[str] = field(default_factory=set)
    severity: str | None = None
    number: str | None = None
    sources: set[str] = field(default_factory=set)

    def as_mapping(self, sites: Sequence[str]) -> dict[str, Any]:
        """Return it as a table of a patient file; an organism that records differ in is left out."""
        said: dict[str, Any] = {"severity": self.severity, "number": self.number}
        said["site"] = [site for site in sites if site in self.sites] or None
        said["organism"] = next(iter(self.organisms)) if len(self.organisms) == 1 else None
        return {name: value for name, value in said.items() if value is not None}


def findings(
    statements: Iterable[Statement], *, until: Day, book: Codebook, account: Account
) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Return the states of findings and flat keys, and the episodes of invasive infection.

    Parameters
    ----------
    statements : iterable of Statement
    until : Day
        The last IgM: look-backs end there.
    book : Codebook
    account : Account
        Receives what became of each statement.
    """
    by_id: dict[str, list[Meant]] = {}
    invasive: list[Meant] = []
    for statement in statements:
        for meaning in statement.meanings:
            if meaning.sort == "flag" or (meaning.sort == "finding" and meaning.id == INVASIVE):
                invasive.append((statement, meaning))
            elif meaning.sort == "finding":
                by_id.setdefault(meaning.id, []).append((statement, meaning))
    states: dict[str, str] = {}
    for id, said in by_id.items():
        state = _finding(book.catalogue.findings[book.catalogue.finding_index(id)], said, until, book, account)
        if state is not None:
            states[id] = state
    more, listed = _invasive(invasive, until, book, account)
    return states | more, listed


def _finding(finding: Finding, said: list[Meant], until: Day, book: Codebook, account: Account) -> str | None:
    counted: list[Meant] = []
    for statement, meaning in said:
        if not statement.present:
            continue
        needs_date = meaning.system != "local" and not meaning.whole
        refusal = looks_back(statement, until=until, window_years=finding.window_years, needs_date=needs_date)
        if refusal is None:
            counted.append((statement, meaning))
        else:
            account.note(statement, refusal, finding.label)
    enough = _enough(finding, counted, book)
    for statement, meaning in counted:
        if enough:
            account.use(statement, _became(finding.id, "present", statement, meaning))
        else:
            account.note(statement, "too_few_episodes", _asked_for(finding, counted, book))
    refuted = _refuted(finding, said, book, account)
    if enough:
        for statement, _ in refuted:
            _refuted_beside(statement, counted, finding.label, account)
        return "present"
    for statement, meaning in refuted:
        account.use(statement, _became(finding.id, "absent", statement, meaning))
    return "absent" if refuted else None


def _enough(finding: Finding, counted: list[Meant], book: Codebook) -> bool:
    """Return whether the records are what the definition asks for."""
    if any(meaning.whole for _, meaning in counted):
        return True
    if finding.min_count <= 1:
        return bool(counted)
    return _count(counted, book) >= finding.min_count


def _count(counted: list[Meant], book: Codebook) -> int:
    spans = [span(statement) for statement, _ in counted]
    return episodes([s.start for s in spans if s is not None], days_apart=book.rules.days_apart)


def _asked_for(finding: Finding, counted: list[Meant], book: Codebook) -> str:
    years = finding.window_years
    window = "" if years is None else f" in {years:g} year{'' if years == 1 else 's'}"
    return f"{finding.label}: {_count(counted, book)} of {finding.min_count}{window}"


def _refuted(finding: Finding, said: list[Meant], book: Codebook, account: Account) -> list[Meant]:
    """Return the refutations that say that the finding as a whole is absent."""
    kept = []
    for statement, meaning in said:
        if statement.present:
            continue
        part = meaning.system != "local" and not meaning.whole
        if part and (finding.min_count > 1 or finding.id in book.rules.one_of_many):
            account.note(statement, "one_episode_refuted", finding.label)
        else:
            kept.append((statement, meaning))
    return kept


def _refuted_beside(statement: Statement, present: list[Meant], label: str, account: Account) -> None:
    """Tell a refutation of another episode from one that contradicts what is confirmed."""
    when = statement.first or statement.last
    for other, _ in present:
        theirs = other.first or other.last
        if when is None or theirs is None or (when.first <= theirs.last and theirs.first <= when.last):
            account.contradict(statement, other, f"{label} is refuted")
            return
    account.note(statement, "present_elsewhere", label)


def _became(id: str, state: str, statement: Statement, meaning: Meaning) -> str:
    remarks = [statement.note] if statement.note else []
    if meaning.caution:
        remarks.append("a wide code: check it")
    return f"{id} {state}" + (f" ({'; '.join(remarks)})" if remarks else "")


def _invasive(
    said: list[Meant], until: Day, book: Codebook, account: Account
) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Return the states of the invasive infection and its flat keys, and its episodes."""
    catalogue = book.catalogue
    finding = catalogue.findings[catalogue.finding_index(INVASIVE)]
    attributes = {flag.id: (flag.site, flag.organism) for flag in catalogue.invasive.flags}
    states: dict[str, str] = {}
    listed: list[Episode] = []
    present: list[Meant] = []
    for statement, meaning in sorted((m for m in said if m[0].present), key=lambda m: _day(m[0]) or datetime.date.max):
        needs_date = meaning.system != "local"
        refusal = looks_back(statement, until=until, window_years=finding.window_years, needs_date=needs_date)
        if refusal is not None:
            account.note(statement, refusal, finding.label)
            continue
        present.append((statement, meaning))
        states[meaning.id] = "present"
        described = statement.sites or statement.organism or statement.severity or statement.number
        if meaning.system == "local" and not described:
            account.use(statement, f"{meaning.id} present")
            continue
        episode = _episode(listed, _day(statement), book.rules.days_apart)
        again = bool(episode.sources - {statement.source})
        episode.sources.add(statement.source)
        _describe(episode, statement, attributes.get(meaning.id, (None, None)), meaning, book)
        became = f"{meaning.id} present" + (", the same episode as another record" if again else "")
        account.use(statement, became + (f" ({statement.note})" if statement.note else ""))
    for statement, meaning in said:
        if statement.present:
            continue
        if meaning.system != "local" and meaning.id == INVASIVE:
            account.note(statement, "one_episode_refuted", finding.label)
        elif states.get(meaning.id) == "present":
            _refuted_beside(statement, [m for m in present if m[1].id == meaning.id], meaning.id, account)
        else:
            states[meaning.id] = "absent"
            account.use(statement, f"{meaning.id} absent")
    return states, [episode.as_mapping([site.id for site in catalogue.invasive.sites]) for episode in listed]


def _day(statement: Statement) -> datetime.date | None:
    when = span(statement)
    return None if when is None else when.start


def _episode(listed: list[Episode], day: datetime.date | None, days_apart: int) -> Episode:
    """Return the episode that a record of this day belongs to; a new one is listed."""
    for episode in listed:
        same = episode.day is None if day is None else episode.day is not None and (day - episode.day).days < days_apart
        if same:
            return episode
    listed.append(Episode(day))
    return listed[-1]


def _describe(
    episode: Episode, statement: Statement, flag: tuple[str | None, str | None], meaning: Meaning, book: Codebook
) -> None:
    site, organism = flag
    for codes_organism, codes in book.rules.organisms:
        if stands_in(codes, system=meaning.system, code=meaning.coding.code):
            organism = organism or codes_organism
    episode.sites |= {*statement.sites, *([site] if site else [])}
    episode.organisms |= {name for name in (statement.organism, organism) if name}
    episode.severity = statement.severity or episode.severity
    episode.number = statement.number or episode.number
