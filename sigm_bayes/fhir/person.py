"""Everything the resources of one person say -> the mapping of a patient file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sigm_bayes.errors import Problem
from sigm_bayes.fhir.account import Account
from sigm_bayes.fhir.circumstances import acute_infection
from sigm_bayes.fhir.codebook import Codebook
from sigm_bayes.fhir.elements import Day, decimal_year
from sigm_bayes.fhir.exposures import exposures
from sigm_bayes.fhir.facts import Fact, Result, Said, Statement, Tested
from sigm_bayes.fhir.history import findings
from sigm_bayes.fhir.immunology import tests

ANALYTES = ("IgM", "IgG", "IgA")
AGE_OPEN_YEARS = 0.1
"""A wider range of ages that the dates leave open is told: more than a month of birth alone leaves."""
Spans = list[tuple[Day | None, Day | None]]
"""From when to when, None where open."""
STATE_OF = {"yes": "present", "no": "absent", "present": "present", "absent": "absent"}


@dataclass(frozen=True)
class Person:
    """What is known of one person.

    Attributes
    ----------
    mapping : dict
        As the content of a patient file.
    places : dict
        Where in the mapping (``igm[0]``) to the resource it comes from.
    label : tuple of (str, str or None), or None
        The class that a registry gave, and its date.
    cautions : tuple of (str, str)
        Code and message of what a person should look at.
    """

    mapping: dict[str, Any]
    places: dict[str, str]
    label: tuple[str, str | None] | None
    cautions: tuple[tuple[str, str], ...]


def assemble(
    facts: Iterable[Fact], *, birth: Day | None, sex: str | None, book: Codebook, account: Account
) -> Person | None:
    """Return the person, or None where there is no IgM result.

    Parameters
    ----------
    facts : iterable of Fact
    birth : Day or None
    sex : str or None
    book : Codebook
    account : Account
        Receives what became of every fact, and contradictions.
    """
    listed = list(facts)
    results = _results(listed, account)
    igm = results["IgM"]
    statements = [fact for fact in listed if isinstance(fact, Statement)]
    if not igm:
        for fact in (*listed,):
            account.note(fact, "no_igm")
        return None
    mapping: dict[str, Any] = {} if sex is None else {"sex": sex}
    cautions: list[tuple[str, str]] = []
    said = _said(listed, account)
    exposed = exposures(statements, igm=igm, book=book, account=account)
    cautions += [("before_unclear", text) for text in exposed.doubts]
    kept = [result for result in igm if result.source not in exposed.before]
    for result in igm:
        if result.source in exposed.before:
            account.use(result, f"igm_before normal of {exposed.before[result.source]}")
    replaced = _replacement(statements, kept[0].day, account)
    places: dict[str, str] = {}
    for analyte, mine in results.items():
        name = analyte.lower()
        samples = kept if analyte == "IgM" else mine
        if samples:
            mapping[name] = [
                _sample(r, i, _context(r, statements, replaced, book), account, places) for i, r in enumerate(samples)
            ]
    states, episodes = findings(statements, until=igm[-1].day, book=book, account=account)
    mapping |= {name: value for name, value in (("findings", states), ("causes", exposed.causes)) if value}
    if episodes:
        mapping["invasive"] = episodes
    tested = tests([fact for fact in listed if isinstance(fact, Tested)], book=book, account=account)
    if tested:
        mapping["tests"] = tested
    if _inborn(statements, account):
        mapping["known_inborn_error"] = True
    if replaced and any(_within(result.day, replaced) for result in kept):
        mapping["on_immunoglobulin"] = True
    label = _tell(mapping, said)
    if "age_years" not in mapping:
        _age(mapping, birth, kept[0].day, cautions)
    return Person(mapping, places, label, tuple(cautions))


def _results(facts: list[Fact], account: Account) -> dict[str, list[Result]]:
    """Return the results of each analyte in order of date; one that is there twice counts once."""
    out: dict[str, list[Result]] = {name: [] for name in ANALYTES}
    seen: set[tuple[Any, ...]] = set()
    ordered = [fact for fact in facts if isinstance(fact, Result)]
    for result in sorted(ordered, key=lambda fact: (fact.day.middle, fact.day.text)):
        key = (result.analyte, result.day.text, result.value, result.unit, result.comparator)
        if key in seen and not result.day.partial:
            account.note(result, "result_twice", f"{result.analyte} of {result.day.text}")
            continue
        seen.add(key)
        out[result.analyte].append(result)
    return out


def _sample(
    result: Result, i: int, context: tuple[str | None, str], account: Account, places: dict[str, str]
) -> dict[str, Any]:
    """Return a result as a patient file has it."""
    places[f"{result.analyte.lower()}[{i}]"] = result.source
    sample: dict[str, Any] = {"value": result.value, "unit": result.unit, "date": result.day.text}
    if result.comparator is not None:
        sample["comparator"] = result.comparator
    if context[0] is not None:
        sample["context"] = context[0]
    if result.reference is not None:
        sample["reference_interval"] = [Decimal(end) for end in result.reference]
    shown = f"{result.comparator or ''}{result.value} {result.unit} on {result.day.text}"
    remarks = "; ".join(part for part in (context[1], result.note) if part)
    account.use(result, f"{result.analyte} {shown}" + (f" ({remarks})" if remarks else ""))
    return sample


def _context(result: Result, statements: list[Statement], replaced: Spans, book: Codebook) -> tuple[str | None, str]:
    """Return the circumstances of a sample, and how they are known where the Observation does not say them."""
    if result.context is not None:
        return result.context, f"context {result.context}"
    if replaced and _within(result.day, replaced):
        return "on_immunoglobulin", "context on_immunoglobulin, by the drug records"
    illness = acute_infection(result, statements, book=book)
    return (None, "") if illness is None else ("acute_infection", f"context acute_infection, by {illness}")


def _replacement(statements: list[Statement], first: Day, account: Account) -> Spans:
    """Return from when to when immunoglobulin was given (None: open)."""
    out: Spans = []
    for statement in statements:
        if not any(meaning.sort == "treatment" for meaning in statement.meanings):
            continue
        if statement.first is None and statement.last is None and not statement.ongoing:
            account.note(statement, "date_missing", "immunoglobulin")
            continue
        end = None if statement.ongoing else statement.last or statement.first
        out.append((statement.first, end))
        account.use(statement, f"on_immunoglobulin from {_text(statement.first)} to {_text(end)}")
    return out


def _text(day: Day | None) -> str:
    return "?" if day is None else day.text


def _within(day: Day, spans: Spans) -> bool:
    """Return whether a day lies within one of the spans."""
    return any(
        (start is None or start.first <= day.last) and (end is None or day.first <= end.last) for start, end in spans
    )


def _inborn(statements: list[Statement], account: Account) -> bool:
    found = False
    for statement in statements:
        if not any(meaning.sort == "inborn_error" for meaning in statement.meanings):
            continue
        if statement.present:
            found = True
            account.use(statement, "known_inborn_error true")
        else:
            account.note(statement, "one_episode_refuted", "inborn error of immunity")
    return found


def _said(facts: list[Fact], account: Account) -> dict[str, Said]:
    """Return the package's own statements; the latest label counts, others must not differ."""
    out: dict[str, Said] = {}
    for fact in facts:
        if not isinstance(fact, Said):
            continue
        other = out.get(fact.name)
        if other is not None and other.value != fact.value and fact.name != "label":
            account.contradict(fact, other, f"{fact.name} is {fact.value}")
            continue
        newer = other is None or (fact.day is not None and (other.day is None or fact.day.last > other.day.last))
        out[fact.name] = fact if newer else out[fact.name]
        account.use(fact, f"{fact.name} {fact.value}")
    return out


def _tell(mapping: dict[str, Any], said: dict[str, Said]) -> tuple[str, str | None] | None:
    """Put the package's own statements into the mapping; return the label."""
    if (fact := said.get("no_significant_infection")) is not None:
        mapping.setdefault("findings", {})["no_significant_infection"] = STATE_OF.get(fact.value, fact.value)
    for name in ("known_inborn_error", "on_immunoglobulin"):
        if (fact := said.get(name)) is not None:
            mapping[name] = {"yes": True, "no": False}.get(fact.value, fact.value)
    for name, key in (("age_at_first_igm", "age_years"), ("gestational_weeks", "gestational_weeks")):
        if (fact := said.get(name)) is not None:
            mapping[key] = Decimal(fact.value) if fact.value.replace(".", "", 1).isdigit() else fact.value
    for name in ("setting", "igg_status", "iga_status"):
        if (fact := said.get(name)) is not None:
            mapping[name] = fact.value
    label = said.get("label")
    return None if label is None else (label.value, None if label.day is None else label.day.text)


def _age(mapping: dict[str, Any], birth: Day | None, first: Day, cautions: list[tuple[str, str]]) -> None:
    """Put the age at the first IgM into the mapping: the middle of what the date of birth leaves open."""
    if birth is None:
        return
    low_birth, high_birth = decimal_year(birth.first), decimal_year(birth.last, after=True)
    low_day, high_day = decimal_year(first.first), decimal_year(first.last, after=True)
    youngest, oldest = max(low_day - high_birth, 0.0), high_day - low_birth
    if oldest < 0:
        mapping["age_years"] = round(oldest, 2)  # refused as an impossible age, with the reason
        return
    age = (youngest + oldest) / 2
    mapping["age_years"] = round(age, 3)
    if oldest - youngest > AGE_OPEN_YEARS:
        open_between = f"{youngest:.1f} and {oldest:.1f} years"
        message = f"The dates leave the age at the first IgM open between {open_between}; {age:.1f} is used."
        cautions.append(("age_from_partial_date", message))


def relabelled(problems: Iterable[Problem], places: dict[str, str]) -> list[Problem]:
    """Return problems of a patient mapping with the resource that each comes from in front."""
    out = []
    for problem in problems:
        place, dot, rest = problem.field.partition(".")
        origin = places.get(place)
        out.append(replace(problem, field=f"{origin} ({place}{dot}{rest})") if origin else problem)
    return out
