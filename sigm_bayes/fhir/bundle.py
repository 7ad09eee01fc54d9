"""A FHIR R4 Bundle about one person: its entries, whose they are, and what they come to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sigm_bayes.errors import InputError, Problem
from sigm_bayes.fhir.account import Account
from sigm_bayes.fhir.codebook import Codebook
from sigm_bayes.fhir.elements import Day, clipped, named, objects, read_day
from sigm_bayes.fhir.facts import Fact, Refused
from sigm_bayes.fhir.index import Index
from sigm_bayes.fhir.json_text import MAX_BYTES, NotJsonError, loads
from sigm_bayes.fhir.ledger import Entry
from sigm_bayes.fhir.person import assemble
from sigm_bayes.fhir.reading import Reading
from sigm_bayes.fhir.resources import CLINICAL, IDENTITY, read_resource, subject_of

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue

KINDS = ("document", "message", "transaction", "batch", "searchset", "collection")
"""Types of Bundle that hold resources as they stand now."""
_KIND = re.compile(r"[A-Za-z]{1,64}")
GENDERS = {"female": "female", "male": "male", "other": "unknown", "unknown": "unknown"}
MOST_ENTRIES = 50_000
"""One person's record; more is a bulk export, which has its own door."""


def read_bundle_file(path: Path, *, catalogue: Catalogue, setting: str | None = None) -> Reading:
    """Read a Bundle from a JSON file; see `read_bundle`.

    Raises
    ------
    InputError
        The file cannot be read or is no strict JSON, and everything of `read_bundle`.
    """
    source = str(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _error(source, "", f"is longer than {MAX_BYTES // 1024**2} MB", "Send one person's record.")
        data = path.read_bytes()
    except FileNotFoundError:
        raise _error(source, "", "is not there", "Check the path.") from None
    except OSError as error:
        raise _error(source, "", f"cannot be read ({error.strerror})", "Check the file.") from None
    try:
        document = loads(data)
    except NotJsonError as error:
        raise _error(source, "", f"is no JSON: {error}", "Send a FHIR R4 Bundle as JSON.") from None
    return read_bundle(document, catalogue=catalogue, setting=setting, source=source)


def read_bundle(document: Any, *, catalogue: Catalogue, setting: str | None = None, source: str = "") -> Reading:
    """Read a Bundle about one person.

    What no resource says is unknown, never absent.  What cannot be read with certainty is not used, and told.

    Parameters
    ----------
    document
        The parsed JSON (`sigm_bayes.fhir.json_text.loads` keeps the printed digits).
    catalogue : Catalogue
    setting : str, optional
        Where IgM was measured, if not in the Bundle: an id of the catalogue.
    source : str
        Named at the head of an error.

    Raises
    ------
    InputError
        No Bundle, none or several patients, resources about somebody else, no date of birth, an IgM result that
        cannot be used, no IgM at all, statements that contradict each other.  All of them together.
    """
    entries = _entries(document, source)
    book = Codebook(catalogue)
    index = Index()
    problems: list[Problem] = []
    listed: list[Entry] = []
    kept = list(_resources(entries, index, listed, problems))
    patient = _patient(kept, index, problems)
    if patient is None or problems:
        raise InputError(problems, source=source)
    facts: list[Fact] = []
    for place, resource in kept:
        _check_subject(resource, place, index, patient, problems)
        for found in _read(resource, place, book, index):
            listed.append(found) if isinstance(found, Entry) else facts.append(found)
            if isinstance(found, Entry) and found.outcome == "problem" and _about_igm(resource, found, book):
                problems.append(Problem(found.resource, None, f"IgM: {found.text}", found.remedy))
    account = Account()
    birth = _birth(patient, index, facts, problems)
    gender = patient.get("gender")
    sex = GENDERS.get(gender) if isinstance(gender, str) else None
    person = assemble(facts, birth=birth, sex=sex, book=book, account=account)
    problems += account.problems
    listed += account.entries()
    if person is None and not problems:
        problems.append(_no_igm(listed, book))
    if person is None or problems:
        raise InputError(problems, source=source)
    mapping = dict(person.mapping)
    if setting is not None:
        mapping["setting"] = setting
    cautions = [_caution(code, message) for code, message in person.cautions] + list(_cautions(document, listed))
    used = sorted({entry.resource.partition(" ")[0] for entry in listed if entry.outcome == "used"})
    basis = tuple(used)
    subject = index.name_of(patient)
    return Reading(
        mapping=mapping, entries=tuple(listed), cautions=tuple(cautions), subject=subject, basis=basis,
        places=person.places, source=source,
    )  # fmt: skip


def _error(source: str, field: str, message: str, remedy: str) -> InputError:
    return InputError([Problem(field or source, None, message, remedy)])


def _entries(document: Any, source: str) -> list[Any]:
    """Return the entries of a Bundle that can be read, or say why it is none."""
    kind = document.get("resourceType") if isinstance(document, dict) else None
    if kind != "Bundle":
        shown = f"is a {clipped(kind)}" if isinstance(kind, str) else "has no resourceType"
        raise _error(
            source,
            "resourceType",
            f"{shown}, expected a FHIR R4 Bundle",
            'Put the resources into a Bundle of type "collection".',
        )
    if document.get("type") not in KINDS:
        remedy = f"Expected one of: {', '.join(KINDS)}."
        raise _error(source, "Bundle.type", "is missing or of no kind that holds a record as it stands now", remedy)
    entries = document.get("entry", [])
    if not isinstance(entries, list) or not entries:
        raise _error(source, "Bundle.entry", "holds no entries", "Add Patient and Observation.")
    if len(entries) > MOST_ENTRIES:
        raise _error(source, "Bundle.entry", f"holds more than {MOST_ENTRIES:,} entries", "Send one person's record.")
    return entries


def _resources(
    entries: list[Any], index: Index, listed: list[Entry], problems: list[Problem]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield place and resource of every entry that is read; the others go into the account."""
    for i, entry in enumerate(entries):
        place = f"entry[{i}]"
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict):
            listed.append(Entry(place, "", "no_resource"))
            continue
        kind = resource.get("resourceType")
        if not isinstance(kind, str) or not _KIND.fullmatch(kind):
            listed.append(Entry(place, "", "broken"))
            continue
        url = entry.get("fullUrl")
        name, status = index.add(resource, url if isinstance(url, str) else None, place)
        if status == "same":
            listed.append(Entry(name, named(resource.get("code")), "duplicate"))
        elif status == "other":
            remedy = "Keep the one that is right."
            problems.append(Problem(name, None, f"stands twice with different content ({place})", remedy))
        elif kind in CLINICAL or kind == "Patient":
            yield name, resource
        else:
            listed.append(Entry(name, named(resource.get("code")), "identity" if kind in IDENTITY else "type_not_read"))


def _patient(kept: list[tuple[str, dict[str, Any]]], index: Index, problems: list[Problem]) -> dict[str, Any] | None:
    """Return the one Patient, or None with the problem."""
    patients = [(place, resource) for place, resource in kept if resource["resourceType"] == "Patient"]
    if len(patients) == 1:
        place, patient = patients[0]
        if objects(patient, "modifierExtension"):
            problems.append(Problem(place, None, "carries a modifier extension", "Remove or resolve it."))
        return patient
    if not patients:
        problems.append(Problem("Patient", None, "is missing", "Add the Patient as an entry of the Bundle."))
    else:
        names = ", ".join(place for place, _ in patients[:5])
        problems.append(
            Problem("Patient", None, f"{len(patients)} people in one Bundle: {names}", "Send one person a Bundle.")
        )
    return None


def _check_subject(
    resource: dict[str, Any], place: str, index: Index, patient: dict[str, Any], problems: list[Problem]
) -> None:
    """Note a resource that is about somebody else."""
    subject = subject_of(resource)
    if resource["resourceType"] == "Patient" or subject is None or subject.startswith("#"):
        return
    if index.find(subject) is not patient:
        message = "is about somebody who is not the Patient of the Bundle"
        problems.append(Problem(place, None, message, "Send one person a Bundle, and refer to its Patient entry."))


def _read(resource: dict[str, Any], place: str, book: Codebook, index: Index) -> Iterator[Fact | Entry]:
    if resource["resourceType"] == "Patient":
        yield Entry(place, "", "used", "sex, and age at the first IgM from the date of birth")
        return
    yield from read_resource(resource, place, book=book, resolve=index.find)


def _about_igm(resource: dict[str, Any], entry: Entry, book: Codebook) -> bool:
    """Return whether an entry that could not be used is an IgM result."""
    holders = [resource, *objects(resource, "component")]
    if entry.resource.endswith("]") and " component[" in entry.resource:
        holders = [holders[1 + int(entry.resource.rpartition("[")[2][:-1])]]
    for holder in holders:
        meant = book.read(holder.get("code"))
        if not isinstance(meant, Refused) and meant[0].id == "IgM":
            return resource["resourceType"] == "Observation"
    return False


def _birth(patient: dict[str, Any], index: Index, facts: list[Fact], problems: list[Problem]) -> Day | None:
    """Return the date of birth; its absence is a problem unless the age itself is stated."""
    day = read_day(patient.get("birthDate"))
    stated = any(getattr(fact, "name", None) == "age_at_first_igm" for fact in facts)
    if day is None and not stated:
        given = patient.get("birthDate") is not None
        message = "birthDate is no FHIR date" if given else "has no birthDate; the age is needed"
        problems.append(Problem(index.name_of(patient), None, message, "Give birthDate, at least the year."))
    return day


def _no_igm(listed: list[Entry], book: Codebook) -> Problem:
    """Return the problem that there is no IgM result, with what was left out of them."""
    codes = [row.code for row in book.codes.codes_of("igm", system="LOINC")]
    remedy = f"Add an Observation of IgM in serum (LOINC {', '.join(codes)}) with valueQuantity, unit and date."
    left = [entry for entry in listed if any(code in entry.shown for code in codes)]
    if not left:
        return Problem("Observation", None, "no IgM result in the Bundle", remedy)
    said = "; ".join(f"{entry.resource}: {entry.text}" for entry in left[:5])
    return Problem("Observation", None, f"no usable IgM result ({said})", remedy)


def _caution(code: str, message: str) -> dict[str, str]:
    return {"code": code, "severity": "caution", "message": message}


def _cautions(document: dict[str, Any], listed: list[Entry]) -> Iterator[dict[str, str]]:
    if any(link.get("relation") == "next" for link in objects(document, "link")):
        yield _caution("fhir_page", "The Bundle is one page of several: what is on the others is not known here.")
    odd = [entry for entry in listed if entry.outcome == "problem"]
    if odd:
        count = "1 resource" if len(odd) == 1 else f"{len(odd)} resources"
        yield _caution(
            "fhir_not_used",
            f"{count} of the Bundle could not be read with certainty and count as not known: see the list.",
        )
