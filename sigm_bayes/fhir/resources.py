"""One resource in, what it says out; every resource gives at least one fact or one entry of the account."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sigm_bayes.fhir.codebook import Codebook
from sigm_bayes.fhir.conditions import Resolve, read_condition, read_drug, read_encounter, read_procedure
from sigm_bayes.fhir.elements import named, objects, reference
from sigm_bayes.fhir.facts import Fact
from sigm_bayes.fhir.ledger import Entry
from sigm_bayes.fhir.observations import read_observation

DRUGS = ("MedicationStatement", "MedicationRequest", "MedicationAdministration")
CLINICAL = ("Observation", "Condition", "Procedure", "Encounter", *DRUGS)
"""Resources that say something of a person."""
IDENTITY = ("Patient", "Medication", "Organization", "Practitioner", "PractitionerRole", "Location", "Device")
"""Resources that others point to."""


def subject_of(resource: dict[str, Any]) -> str | None:
    """Return the reference to the person that a resource is about."""
    return reference(resource, "subject") or reference(resource, "patient")


def read_resource(resource: dict[str, Any], source: str, *, book: Codebook, resolve: Resolve) -> Iterator[Fact | Entry]:
    """Yield what a clinical resource says, or why it is not used.

    Parameters
    ----------
    resource : dict
    source : str
        How the account calls it: ``Observation/1``.
    book : Codebook
    resolve : callable
        Finds the resource (a Medication) that a reference points to.
    """
    kind = resource.get("resourceType")
    subject = subject_of(resource)
    refusal = None
    if objects(resource, "modifierExtension") or resource.get("implicitRules") is not None:
        refusal = "modifier"
    elif subject is None:
        refusal = "subject_missing"
    elif subject.startswith("#"):
        refusal = "subject_contained"
    if refusal is not None:
        yield Entry(source, named(resource.get("code")), refusal)
        return
    if kind == "Observation":
        yield from read_observation(resource, source, book=book)
        return
    readers: dict[str, Callable[[], Fact | Entry]] = {
        "Condition": lambda: read_condition(resource, source, book=book),
        "Procedure": lambda: read_procedure(resource, source, book=book),
        "Encounter": lambda: read_encounter(resource, source, book=book),
    }
    if kind in DRUGS:
        yield read_drug(resource, source, book=book, resolve=_with_contained(resource, resolve))
    else:
        yield readers[str(kind)]()


def _with_contained(resource: dict[str, Any], resolve: Resolve) -> Resolve:
    """Return a resolver that also knows the resources contained in this one."""

    def find(target: str) -> dict[str, Any] | None:
        if not target.startswith("#"):
            return resolve(target)
        named_so = [entry for entry in objects(resource, "contained") if entry.get("id") == target[1:]]
        return named_so[0] if len(named_so) == 1 else None

    return find
