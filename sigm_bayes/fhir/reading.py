"""The result of reading a Bundle: a patient mapping, an account of every resource, and cautions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sigm_bayes.errors import InputError
from sigm_bayes.fhir.ledger import Entry, as_document, as_lines
from sigm_bayes.fhir.person import relabelled

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue
    from sigm_bayes.patient import Patient


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a Bundle says of its one patient.

    Attributes
    ----------
    mapping : dict
        As the content of a patient file.
    entries : tuple of Entry
        What became of every resource.
    cautions : tuple of dict
        Code, severity and message, as in an answer.
    subject : str
        Reference to the Patient.
    basis : tuple of str
        References to the resources that were used.
    places : dict
        Where in the mapping to the resource it comes from.
    source : str
        Named at the head of an error.
    """

    mapping: dict[str, Any]
    entries: tuple[Entry, ...]
    cautions: tuple[dict[str, str], ...]
    subject: str
    basis: tuple[str, ...]
    places: dict[str, str]
    source: str = ""

    def patient(self, *, catalogue: Catalogue) -> Patient:
        """Return the patient in normal form.

        Raises
        ------
        InputError
            What cannot be used in the results and statements, each with the resource it comes from.
        """
        from sigm_bayes.patient import parse_patient

        try:
            return parse_patient(self.mapping, catalogue=catalogue, source=self.source)
        except InputError as error:
            raise InputError(relabelled(error.problems, self.places), source=self.source) from None

    def document(self) -> dict[str, Any]:
        """Return the account as plain data, for JSON."""
        return {"subject": self.subject, **as_document(self.entries)}

    def lines(self) -> Iterator[str]:
        """Yield the account as lines of text."""
        yield from as_lines(self.entries)
