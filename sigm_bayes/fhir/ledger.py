"""What became of every resource: used for what, or ignored for which reason and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

Outcome = Literal["used", "ignored", "problem"]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a resource is not used: its outcome, the words, and the remedy (empty where nothing is amiss)."""

    outcome: Outcome
    says: str
    remedy: str = ""


REASONS: dict[str, Reason] = {
    "type_not_read": Reason("ignored", "this kind of resource is not read"),
    "identity": Reason("ignored", "names a person, place or drug; its use is told where it is used"),
    "entered_in_error": Reason("ignored", "entered in error"),
    "not_final": Reason("ignored", "the result is not final", "Send it again when its status is final."),
    "status_missing": Reason("problem", "the status is missing or not one of FHIR", "Give the status."),
    "not_asserted": Reason("ignored", "neither confirmed nor refuted", "Set verificationStatus when it is known."),
    "not_taken": Reason("ignored", "planned, on hold, cancelled or not taken"),
    "not_done": Reason("ignored", "not done"),
    "subject_missing": Reason("problem", "does not say whose it is", "Give the subject."),
    "modifier": Reason("problem", "carries a modifier extension, which may change all of it", "Resolve it."),
    "duplicate": Reason("ignored", "the same resource is there already"),
    "no_resource": Reason("problem", "the entry holds no resource", "Remove the entry."),
    "code_missing": Reason("problem", "has no code with its system", "Give code.coding with system and code."),
    "system_unknown": Reason("ignored", "its code system is none of those read", "Add a code of a system that is."),
    "code_unknown": Reason("ignored", "its code has no meaning here"),
    "code_recalled": Reason("ignored", "its code is in the table but unchecked", "Enter what it is by hand."),
    "code_ambiguous": Reason("problem", "its codes mean different things here", "Keep the code that is right."),
    "code_is_question": Reason("ignored", "names the deficiency that is asked about: no evidence for it"),
    "code_is_wider": Reason(
        "problem", "its code holds more than is meant here", "Enter what it is by hand, or send a narrower code."
    ),
    "phenotype": Reason("ignored", "a statement about a result, not the result", "Send the result itself."),
    "not_input": Reason("ignored", "a laboratory quantity that the model does not use"),
    "data_absent": Reason("ignored", "no value, and the reason is given"),
    "value_missing": Reason("problem", "has no value", "Give valueQuantity, or dataAbsentReason."),
    "value_not_a_number": Reason("problem", "the value is no number", "Give valueQuantity with value and unit."),
    "comparator_unknown": Reason("problem", "the comparator is none of <, <=, >=, >", "Correct the comparator."),
    "unit_missing": Reason("problem", "the value has no unit; units are never guessed", "Give the UCUM unit."),
    "unit_unknown": Reason(
        "problem", "the unit is none of mass per volume that is known", "Use mg/dL, g/L or mg/L; ask the laboratory."
    ),
    "unit_conflict": Reason("problem", "unit and UCUM code say different things", "Correct the one that is wrong."),
    "context_unknown": Reason("problem", "the context of the sample is none of the catalogue", "See the catalogue."),
    "date_missing": Reason("problem", "has no date", "Give the date (effectiveDateTime, onsetDateTime ...)."),
    "date_unreadable": Reason("problem", "its date is no FHIR date", "Write 2026-01-15, 2026-01 or 2026."),
    "result_unclear": Reason(
        "problem", "neither an interpretation nor comparable limits say whether it is normal", "Give interpretation."
    ),
    "too_few_episodes": Reason("ignored", "fewer episodes than the definition asks for: not known"),
    "outside_window": Reason("ignored", "outside the look-back of the definition"),
    "after_last_igm": Reason("ignored", "after the last IgM"),
    "too_long_ago": Reason("ignored", "ended too long before the first IgM to have lowered it"),
    "too_short": Reason("ignored", "a course shorter than the definition asks for"),
    "one_episode_refuted": Reason("ignored", "one episode or one of many diseases refuted: the others are not known"),
    "present_elsewhere": Reason("ignored", "refuted here, present by other records"),
    "result_twice": Reason("ignored", "the same result of that day is there already"),
    "no_igm": Reason("ignored", "its person has no usable IgM result"),
    "contradicted": Reason("problem", "contradicts another record", "Correct the one that is wrong."),
    "older_result": Reason("ignored", "a later result of the same test counts"),
    "results_differ": Reason("problem", "results of one day differ", "Keep the one that is right."),
    "incomplete_set": Reason("ignored", "not all of its set are there, and none is abnormal"),
    "route_missing": Reason("problem", "neither the code nor dosage.route says the route", "Give the route."),
    "route_local": Reason("ignored", "not given for the whole body"),
    "reference_unresolved": Reason(
        "problem", "points to a drug that is not there", "Put the Medication into the Bundle, or code it in place."
    ),
    "subject_contained": Reason(
        "problem", "its subject is a contained Patient", "Give the Patient as an entry and refer to that."
    ),
    "broken": Reason("problem", "is no FHIR resource", "Give an object with resourceType."),
    "person_unknown": Reason("ignored", "its person is not in the export"),
}  # fmt: skip
"""Kind to reason. `used` entries have the kind ``used`` and say what they became."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the account.

    Attributes
    ----------
    resource : str
        ``Observation/igm-1``; what FHIR calls the resource.
    shown : str
        Its codes with name, cut to a line.
    kind : str
        ``used``, or a key of `REASONS`.
    says : str
        What it became, or details of the reason.
    """

    resource: str
    shown: str
    kind: str
    says: str = ""

    @property
    def outcome(self) -> Outcome:
        """Whether it is used, ignored, or ignored because something is wrong with it."""
        return "used" if self.kind == "used" else REASONS[self.kind].outcome

    @property
    def text(self) -> str:
        """The whole reason in words."""
        if self.kind == "used":
            return self.says
        reason = REASONS[self.kind]
        return f"{reason.says}{f' ({self.says})' if self.says else ''}"

    @property
    def remedy(self) -> str:
        """What to do about it; empty where nothing is amiss."""
        return "" if self.kind == "used" else REASONS[self.kind].remedy


def as_document(entries: Iterable[Entry]) -> dict[str, list[dict[str, str]]]:
    """Return the account as plain data: ``used`` and ``ignored``, problems first."""
    listed = sorted(entries, key=lambda entry: ("used", "problem", "ignored").index(entry.outcome))
    out: dict[str, list[dict[str, str]]] = {"used": [], "ignored": []}
    for entry in listed:
        said: dict[str, Any] = {"resource": entry.resource, "code": entry.shown}
        if entry.outcome == "used":
            out["used"].append(said | {"became": entry.text})
        else:
            out["ignored"].append(said | {"reason": entry.text, "kind": entry.kind, "remedy": entry.remedy})
    return out


def as_lines(entries: Iterable[Entry], *, source: str = "FHIR") -> Iterator[str]:
    """Yield the account as lines of plain text: what was used, then what was not, problems first."""
    document = as_document(entries)
    used, ignored = document["used"], document["ignored"]
    yield f"From {source}: {len(used)} used, {len(ignored)} not used; what is not stated is not known, never absent"
    for entry in used:
        yield f"  used      {_place(entry)}: {entry['became']}"
    for entry in ignored:
        remedy = f" {entry['remedy']}" if entry["remedy"] else ""
        yield f"  not used  {_place(entry)}: {entry['reason']}.{remedy}"


def _place(entry: dict[str, str]) -> str:
    return f"{entry['resource']}, {entry['code']}" if entry["code"] else entry["resource"]
