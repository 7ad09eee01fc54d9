"""Whether a selected order concerns immunoglobulins: CDS Hooks `order-select` (https://cds-hooks.hl7.org/hooks/STU1).

`context.draftOrders` holds all unsigned orders of the session, `context.selections` which of them were selected just
now. Only those count: an order that was drafted earlier has had its card.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.codes import system_of_uri
from sigm_bayes.fhir.codebook import REPLACEMENT, Codebook
from sigm_bayes.fhir.elements import codings
from sigm_bayes.fhir.facts import Refused as Unread
from sigm_bayes.web.shield import Refused

IMMUNOGLOBULINS = frozenset({"IgM", "IgG", "IgA", "igg_subclasses", "ige", REPLACEMENT})
"""Quantities, tests and the treatment whose order makes the card worth showing."""
ONLY_ORDERED = frozenset({"immunoglobulin_panel", "igg1", "igg2", "igg3", "igg4"})
"""Of the table of codes: panels of immunoglobulins, and single subclasses. They are ordered; no result reads as one."""
MAX_CONTAINED = 20
"""Contained resources of one order that are looked through."""


def concern_immunoglobulins(context: Mapping[str, Any], *, catalogue: Catalogue) -> bool:
    """Return whether one of the orders selected just now is for, or of, an immunoglobulin.

    Raises
    ------
    Refused
        400 where `selections` or `draftOrders` is missing or of another shape than the hook's.
    """
    selections, drafts = context.get("selections"), context.get("draftOrders")
    if not isinstance(selections, list) or not all(isinstance(one, str) for one in selections):
        raise Refused(400, "Expected context.selections, a list of references such as ServiceRequest/1.")
    if not isinstance(drafts, dict) or drafts.get("resourceType") != "Bundle":
        raise Refused(400, "Expected context.draftOrders, a Bundle of the orders not yet signed.")
    selected, book = set(selections), Codebook(catalogue)
    return any(_is_of_immunoglobulins(order, book) for order in _orders(drafts) if _reference(order) in selected)


def _orders(drafts: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    entries = drafts.get("entry")
    rows = [entry.get("resource") for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return [row for row in rows if isinstance(row, dict)]


def _reference(order: Mapping[str, Any]) -> str:
    return f"{order.get('resourceType')}/{order.get('id')}"


def _is_of_immunoglobulins(order: Mapping[str, Any], book: Codebook) -> bool:
    for concept in _concepts(order):
        meanings = book.read(concept)
        if not isinstance(meanings, Unread) and any(meaning.id in IMMUNOGLOBULINS for meaning in meanings):
            return True
        if any(_only_ordered(coding.system, coding.code, book) for coding in codings(concept)):
            return True
    return False


def _only_ordered(uri: str, code: str, book: Codebook) -> bool:
    system = system_of_uri(uri)
    rows = () if system is None else book.codes.find(code, system=system)
    return any(row.concept_id in ONLY_ORDERED for row in rows)


def _concepts(order: Mapping[str, Any]) -> list[Any]:
    """Return what is ordered as codes: of the order itself, and of a drug that it contains."""
    contained = order.get("contained")
    drugs = contained[:MAX_CONTAINED] if isinstance(contained, list) else []
    inside = [drug.get("code") for drug in drugs if isinstance(drug, dict) and drug.get("resourceType") == "Medication"]
    return [order.get("code"), order.get("medicationCodeableConcept"), *inside]
