"""Conditions, procedures and drugs: what is or was there, from when to when, or was refuted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sigm_bayes.fhir.codebook import Codebook
from sigm_bayes.fhir.elements import (
    Day,
    codes_in,
    codings,
    extensions,
    named,
    objects,
    read_day,
    reference,
    single,
    word,
)
from sigm_bayes.fhir.facts import Fact, Meanings, Refused, Said, Statement
from sigm_bayes.fhir.ledger import Entry
from sigm_bayes.fhir.rules import LOCAL

ONGOING = ("active", "recurrence", "relapse")
UNSETTLED = ("unconfirmed", "provisional", "differential")
Resolve = Callable[[str], dict[str, Any] | None]
"""Finds the resource that a reference points to."""
Dates = tuple[Day | None, Day | None, str]
"""First, last, note."""


def read_condition(resource: dict[str, Any], source: str, *, book: Codebook) -> Fact | Entry:
    """Return what a Condition says: present, refuted, or why it is not used."""
    shown = named(resource.get("code"))
    verified = codes_in(resource.get("verificationStatus"))
    if "entered-in-error" in verified:
        return Entry(source, shown, "entered_in_error")
    if any(code in UNSETTLED for code in verified):
        return Entry(source, shown, "not_asserted", verified[0])
    if verified and not {"confirmed", "refuted"} & set(verified):
        return Entry(source, shown, "status_missing", verified[0][:30])
    meanings = _usable(book, resource.get("code"), source, shown)
    if isinstance(meanings, Entry):
        return meanings
    dates = _onset(resource)
    if isinstance(dates, str):
        return Entry(source, shown, dates)
    clinical = codes_in(resource.get("clinicalStatus"))
    invasive = (
        _invasive(resource, book) if any(m.sort == "flag" or m.id == "invasive_infection" for m in meanings) else {}
    )
    return Statement(
        source=source,
        shown=shown,
        meanings=meanings,
        present="refuted" not in verified,
        first=dates[0],
        last=dates[1],
        ongoing=any(code in ONGOING for code in clinical) and dates[1] is None,
        note=dates[2],
        **invasive,
    )


def read_procedure(resource: dict[str, Any], source: str, *, book: Codebook) -> Fact | Entry:
    """Return what a Procedure says (transplant, splenectomy, radiotherapy ...)."""
    shown = named(resource.get("code"))
    refused = _by_status(resource, source, shown, done=("completed", "in-progress", "stopped"))
    if refused is not None:
        return refused
    meanings = _usable(book, resource.get("code"), source, shown)
    if isinstance(meanings, Entry):
        return meanings
    dates = _dates(resource, ("performedDateTime",), ("performedPeriod",))
    if isinstance(dates, str):
        return Entry(source, shown, dates)
    return Statement(source=source, shown=shown, meanings=meanings, present=True, first=dates[0], last=dates[1])


def read_drug(resource: dict[str, Any], source: str, *, book: Codebook, resolve: Resolve) -> Fact | Entry:
    """Return what a MedicationStatement, MedicationRequest or MedicationAdministration says."""
    concept: Any = resource.get("medicationCodeableConcept")
    if concept is None:
        target = reference(resource, "medicationReference")
        drug = None if target is None else resolve(target)
        if drug is None:
            return Entry(source, "", "reference_unresolved" if target else "code_missing")
        concept = drug.get("code")
    shown = named(concept)
    meant = book.read(concept)
    if resource.get("status") == "not-taken" and not isinstance(meant, Refused) and meant[0].system == "local":
        return Statement(source=source, shown=shown, meanings=meant, present=False)
    refused = _by_status(resource, source, shown, done=("active", "completed", "stopped", "in-progress"))
    if refused is not None:
        return refused
    if resource.get("resourceType") == "MedicationRequest" and resource.get("intent") in ("proposal", "plan", "option"):
        return Entry(source, shown, "not_taken", str(resource["intent"]))
    meanings = _usable(book, concept, source, shown)
    if isinstance(meanings, Entry):
        return meanings
    route = _route(resource, book)
    if route is False:
        return Entry(source, shown, "route_local")
    if route is None and any(m.caution == "route" for m in meanings):
        return Entry(source, shown, "route_missing")
    found = _drug_dates(resource)
    if isinstance(found, str):
        return Entry(source, shown, found)
    first, last, note, starts = found
    active = resource.get("status") in ("active", "in-progress")
    return Statement(
        source=source, shown=shown, meanings=meanings, present=True, first=first, last=last, starts=starts,
        ongoing=active and last is None, note=note,
    )  # fmt: skip


def read_encounter(resource: dict[str, Any], source: str, *, book: Codebook) -> Fact | Entry:
    """Return the setting, where an Encounter names it in the package's own code system."""
    shown = "; ".join(named(entry) for entry in objects(resource, "type"))
    if resource.get("status") in ("entered-in-error", "cancelled", "planned"):
        return Entry(source, shown, "entered_in_error" if resource["status"] == "entered-in-error" else "not_done")
    for entry in objects(resource, "type"):
        for coding in codings(entry):
            if coding.system == LOCAL and coding.code in book.catalogue.ids("setting"):
                return Said(source=source, shown=shown, name="setting", value=coding.code)
    return Entry(source, shown, "identity", "names no setting of the catalogue")


def _usable(book: Codebook, concept: Any, source: str, shown: str) -> Meanings | Entry:
    """Return the meanings that a condition or a drug can have, or why there are none."""
    meant = book.read(concept)
    if isinstance(meant, Refused):
        return Entry(source, shown, *meant)
    if any(m.sort in ("analyte", "test", "said") for m in meant):
        return Entry(source, shown, "phenotype")
    return meant


def _by_status(resource: dict[str, Any], source: str, shown: str, *, done: tuple[str, ...]) -> Entry | None:
    """Return why a procedure or drug does not count by its status, or None where it does."""
    status = resource.get("status")
    if status in done:
        return None
    if status == "entered-in-error":
        return Entry(source, shown, "entered_in_error")
    known = ("intended", "on-hold", "not-taken", "cancelled", "draft", "not-done", "preparation", "unknown")
    return Entry(source, shown, "not_taken", str(status)) if status in known else Entry(source, shown, "status_missing")


def _onset(resource: dict[str, Any]) -> Dates | str:
    found = _dates(resource, ("onsetDateTime",), ("onsetPeriod",), ends=("abatementDateTime", "abatementPeriod"))
    if isinstance(found, str) or found[0] is not None or found[1] is not None:
        return found
    if resource.get("recordedDate") is None:
        return found
    day = read_day(resource["recordedDate"])
    return "date_unreadable" if day is None else (day, None, "dated by its record")


def _dates(
    resource: dict[str, Any], moments: tuple[str, ...], periods: tuple[str, ...], *, ends: tuple[str, ...] = ()
) -> Dates | str:
    """Return start, end and note; or the kind of reason where a date is there and cannot be read."""
    first: object = next((resource[name] for name in moments if resource.get(name) is not None), None)
    last: object = None
    for name in periods:
        period = single(resource, name) or {}
        first, last = first or period.get("start"), last or period.get("end")
    for name in ends:
        period = single(resource, name) or {}
        last = (
            resource.get(name)
            if isinstance(resource.get(name), str)
            else period.get("end") or period.get("start") or last
        )
    read = [None if value is None else read_day(value) for value in (first, last)]
    if (first is not None and read[0] is None) or (last is not None and read[1] is None):
        return "date_unreadable"
    if read[0] is not None and read[1] is not None and read[1].last < read[0].first:
        return "date_unreadable"
    return read[0], read[1], ""


def _drug_dates(resource: dict[str, Any]) -> tuple[Day | None, Day | None, str, bool] | str:
    """Return first and last day, a note, and whether the first day is the start."""
    kind = resource.get("resourceType")
    if kind != "MedicationRequest":
        single_day = resource.get("effectiveDateTime") is not None
        found = _dates(resource, ("effectiveDateTime",), ("effectivePeriod",))
        if isinstance(found, str):
            return found
        first, last, note = found
        if kind == "MedicationAdministration" and single_day:
            return first, first, "given that day", True
        if single_day and resource.get("status") in ("completed", "stopped"):
            return first, first, note, False
        return first, last, note, not single_day
    bounds = [
        period
        for dosage in objects(resource, "dosageInstruction")
        if (period := single(single(single(dosage, "timing"), "repeat"), "boundsPeriod")) is not None
    ]
    if bounds:
        found = _dates({"bounds": bounds[0]}, (), ("bounds",))
        return found if isinstance(found, str) else (*found, True)
    found = _dates(resource, ("authoredOn",), ())
    return found if isinstance(found, str) else (found[0], None, "ordered that day; taken to have been given", True)


def _route(resource: dict[str, Any], book: Codebook) -> bool | None:
    """Return whether the drug went into the whole body; None where the route is not said."""
    dosages = resource.get("dosage") if resource.get("resourceType") != "MedicationRequest" else None
    holders = objects({"dosage": dosages}, "dosage") + objects(resource, "dosageInstruction")
    said = [code for holder in holders for code in codes_in(holder.get("route"))]
    return any(code in book.rules.systemic_routes for code in said) if said else None


def _invasive(resource: dict[str, Any], book: Codebook) -> dict[str, Any]:
    """Return what a Condition says of an invasive infection beside its code, in the package's own code system."""
    options = book.catalogue.invasive

    def local(concepts: list[dict[str, Any]], known: tuple[Any, ...]) -> tuple[str, ...]:
        said = [c.code for concept in concepts for c in codings(concept) if c.system == LOCAL]
        return tuple(option.id for option in known if option.id in said)

    def extended(name: str, known: tuple[Any, ...]) -> str | None:
        said = [word(entry, "valueCode") for entry in extensions(resource, f"{LOCAL}:{name}")]
        return next((option.id for option in known if option.id in said), None)

    severity = single(resource, "severity")
    return {
        "sites": local(objects(resource, "bodySite"), options.sites),
        "organism": extended("organism", options.organisms),
        "severity": next(iter(local([severity] if severity else [], options.severities)), None),
        "number": extended("number", options.numbers),
    }
