"""From lines to what they say of each person, kept until the person is whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sigm_bayes.fhir.bundle import GENDERS
from sigm_bayes.fhir.codebook import Codebook
from sigm_bayes.fhir.elements import Day, codes_in, named, objects, read_day, reference, word
from sigm_bayes.fhir.facts import Fact, Said
from sigm_bayes.fhir.ledger import Entry
from sigm_bayes.fhir.resources import CLINICAL, read_resource, subject_of
from sigm_bayes.registry.fhir.lines import Line, read_lines
from sigm_bayes.registry.fhir.tallies import KindTally

USED = Entry("", "", "used")
IDENTITY = Entry("", "", "identity")


@dataclass(slots=True)
class Person:
    """One Patient, and what the other resources say of it."""

    id: str
    line: int
    sex: str | None
    birth: Day | None
    organisation: str | None
    facts: list[Fact] = field(default_factory=list)


@dataclass
class Export:
    """A bulk export as read: people in the order of their file, and the account of every line."""

    people: dict[str, Person]
    organisations: dict[str, str]
    tallies: dict[str, KindTally]
    entries: dict[str, list[Entry]]
    """Line (``Observation:17``) to its entries that are settled, for lines that also gave facts."""


class Collector:
    """Reads the files of an export in an order in which references can be followed."""

    def __init__(self, book: Codebook) -> None:
        self.book = book
        self.export = Export({}, {}, {}, {})
        self._drugs: dict[str, dict[str, Any]] = {}
        self._seen: dict[tuple[str, str], int] = {}

    def read(self, kind: str, paths: list[Path]) -> None:
        """Read all files of one kind."""
        tally = self.export.tallies.setdefault(kind, KindTally(kind))
        for line in read_lines(kind, paths):
            tally.rows += 1
            if line.resource is None:
                tally.reject(line.number, line.fault)
            elif not self._again(kind, line, tally):
                self._take(kind, line.number, line.resource, tally)

    def _again(self, kind: str, line: Line, tally: KindTally) -> bool:
        """Note a line whose resource has an id that is there already."""
        assert line.resource is not None
        id = line.resource.get("id")
        if not isinstance(id, str):
            return False
        known = self._seen.get((kind, id))
        if known is None:
            self._seen[kind, id] = line.key
            return False
        if known == line.key:
            tally.ignored["the same resource is there already"] += 1
        else:
            tally.reject(line.number, "its id stands in an earlier line with different content")
        return True

    def _take(self, kind: str, number: int, resource: dict[str, Any], tally: KindTally) -> None:
        id = resource.get("id")
        if kind == "Patient":
            self._patient(number, resource, tally)
        elif kind == "Organization":
            if isinstance(id, str):
                self.export.organisations[id] = word(resource, "name") or id
            tally.settle(number, [IDENTITY])
        elif kind == "Medication":
            if isinstance(id, str):
                self._drugs[id] = {"code": resource.get("code")}
            tally.settle(number, [IDENTITY])
        elif kind in CLINICAL:
            self._clinical(kind, number, resource, tally)

    def _patient(self, number: int, resource: dict[str, Any], tally: KindTally) -> None:
        id = resource.get("id")
        if not isinstance(id, str) or not id:
            tally.reject(number, "the Patient has no id")
            return
        if objects(resource, "modifierExtension"):
            tally.reject(number, "carries a modifier extension")
            return
        gender, birth = resource.get("gender"), resource.get("birthDate")
        self.export.people[id] = Person(
            id=id,
            line=number,
            sex=GENDERS.get(gender) if isinstance(gender, str) else None,
            birth=read_day(birth),
            organisation=id_in(reference(resource, "managingOrganization")),
        )
        tally.settle(number, [USED])

    def _clinical(self, kind: str, number: int, resource: dict[str, Any], tally: KindTally) -> None:
        person = self.export.people.get(id_in(subject_of(resource)) or "")
        source = f"{kind}:{number}"
        found = list(read_resource(resource, source, book=self.book, resolve=self._drug))
        found = [self._label(kind, resource, one) for one in found]
        facts = [one for one in found if not isinstance(one, Entry)]
        settled = [one for one in found if isinstance(one, Entry)]
        if person is None and facts:
            tally.settle(number, [Entry(source, "", "person_unknown")])
            return
        if person is not None and kind == "Encounter":
            person.organisation = person.organisation or id_in(reference(resource, "serviceProvider"))
        if person is None or not facts:
            tally.settle(number, settled)
            return
        person.facts += facts
        if settled:
            self.export.entries[source] = settled

    def _label(self, kind: str, resource: dict[str, Any], one: Fact | Entry) -> Fact | Entry:
        """Return the label that a Condition of the deficiency itself is in a registry."""
        if not isinstance(one, Entry) or one.kind != "code_is_question" or kind != "Condition":
            return one
        if "confirmed" not in codes_in(resource.get("verificationStatus")):
            return one
        day = read_day(resource.get("recordedDate")) or read_day(resource.get("onsetDateTime"))
        return Said(source=one.resource, shown=named(resource.get("code")), name="label", value="primary", day=day)

    def _drug(self, target: str) -> dict[str, Any] | None:
        return self._drugs.get(id_in(target) or "")


def id_in(target: str | None) -> str | None:
    """Return the id at the end of a reference ``Patient/17`` (with or without an address, or a version)."""
    if target is None:
        return None
    parts = target.partition("/_history/")[0].rsplit("/", 2)
    return parts[-1] or None
