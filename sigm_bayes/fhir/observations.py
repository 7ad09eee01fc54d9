"""Observations: results of IgM, IgG and IgA, immunology tests, and statements about findings."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from sigm_bayes.codes import LAB_TESTS
from sigm_bayes.fhir.codebook import Codebook
from sigm_bayes.fhir.elements import Day, codes_in, extensions, named, objects, read_day, single, word
from sigm_bayes.fhir.facts import Fact, Flag, Meaning, Meanings, Refused, Result, Said, Statement, Tested
from sigm_bayes.fhir.ledger import Entry
from sigm_bayes.fhir.rules import CONTEXT
from sigm_bayes.fhir.values import Quantity, limits, read_value

DONE = ("final", "amended", "corrected")
UNDONE = ("registered", "preliminary", "unknown")
UCUM = "http://unitsofmeasure.org"
_WORDS: dict[Flag, tuple[str, ...]] = {
    "normal": ("N",),
    "low": ("L", "LL", "LU"),
    "high": ("H", "HH", "HU"),
    "abnormal": ("A", "AA"),
}
_FLAGS: dict[str, Flag] = {code: flag for flag, codes in _WORDS.items() for code in codes}
_YES = ("present", "yes", "Y", "POS", "52101004", "373066001")
_NO = ("absent", "no", "N", "NEG", "2667000", "373067005")
"""Words and codes (local, v2-0136, interpretation, SNOMED CT) for there and not there."""


def read_observation(resource: dict[str, Any], source: str, *, book: Codebook) -> Iterator[Fact | Entry]:
    """Yield what an Observation, or each of its components, says, or why it is not used."""
    status = resource.get("status")
    if status in ("entered-in-error", "cancelled"):
        kind = "entered_in_error" if status == "entered-in-error" else "not_done"
        yield Entry(source, named(resource.get("code")), kind)
        return
    if status not in DONE:
        kind = "not_final" if status in UNDONE else "status_missing"
        yield Entry(source, named(resource.get("code")), kind, str(status) if kind == "not_final" else "")
        return
    day, note = _day(resource)
    meant = book.read(resource.get("code"))
    parts = objects(resource, "component")
    if isinstance(meant, Refused) and parts:
        for i, part in enumerate(parts):
            place = f"{source} component[{i}]"
            yield _one(part, part, place, book.read(part.get("code")), day=day, note=note, book=book)
        return
    yield _one(resource, resource, source, meant, day=day, note=note, book=book)


def _day(resource: dict[str, Any]) -> tuple[Day | Refused, str]:
    """Return when the sample was taken (or released, said so), or why that is not known."""
    period = single(resource, "effectivePeriod")
    for value, note in (
        (resource.get("effectiveDateTime"), ""),
        (resource.get("effectiveInstant"), ""),
        ((period or {}).get("start") or (period or {}).get("end"), ""),
        (resource.get("issued"), "dated by its release"),
    ):
        if value is not None:
            return read_day(value) or Refused("date_unreadable"), note
    return Refused("date_missing"), ""


def _one(
    holder: dict[str, Any],
    coded: dict[str, Any],
    source: str,
    meant: Meanings | Refused,
    *,
    day: Day | Refused,
    note: str,
    book: Codebook,
) -> Fact | Entry:
    shown = named(coded.get("code"))
    if isinstance(meant, Refused):
        return Entry(source, shown, *meant)
    first = meant[0]
    if first.sort == "said":
        return _said(holder, source, shown, first.id, day)
    if first.sort == "test":
        return _tested(holder, source, shown, first, day=day, note=note, book=book)
    absent = _absent_reason(holder)
    if absent is not None:
        return Entry(source, shown, "data_absent", absent)
    if first.sort == "analyte":
        return _result(holder, source, shown, first.id, day=day, note=note, book=book)
    state = _yes_or_no(holder)
    if state is None:
        return Entry(source, shown, "value_missing")
    when = day if isinstance(day, Day) else None
    return Statement(
        source=source, shown=shown, meanings=meant, present=state, first=when, starts=False, ongoing=True, note=note
    )


def _absent_reason(holder: dict[str, Any]) -> str | None:
    """Return the dataAbsentReason, or None where there is none."""
    reason = single(holder, "dataAbsentReason")
    if reason is None:
        return None
    return ", ".join(codes_in(reason)) or word(reason, "text") or "no reason given"


def _result(
    holder: dict[str, Any], source: str, shown: str, analyte: str, *, day: Day | Refused, note: str, book: Codebook
) -> Fact | Entry:
    read = read_value(holder)
    if not isinstance(read, Quantity):
        return Entry(source, shown, *read)
    if not isinstance(day, Day):
        return Entry(source, shown, *day)
    context = None
    for entry in extensions(holder, CONTEXT):
        context = word(entry, "valueCode") or ""
        if context not in book.catalogue.ids("context"):
            return Entry(source, shown, "context_unknown", context[:40])
    reference, doubt = limits(holder, unit=read.unit)
    return Result(
        source=source,
        shown=shown,
        analyte=analyte,
        value=read.text,
        unit=read.unit,
        comparator=read.comparator,
        day=day,
        note="; ".join(part for part in (note, doubt) if part),
        context=context,
        reference=reference,
        flag=_flag(holder),
    )


def _flag(holder: dict[str, Any]) -> Flag | None:
    """Return the laboratory's interpretation; None where there is none or they differ."""
    found = {_FLAGS[code] for entry in objects(holder, "interpretation") for code in codes_in(entry) if code in _FLAGS}
    return found.pop() if len(found) == 1 else None


def _tested(
    holder: dict[str, Any],
    source: str,
    shown: str,
    meaning: Meaning,
    *,
    day: Day | Refused,
    note: str,
    book: Codebook,
) -> Fact | Entry:
    local = meaning.system == "local"
    test = meaning.id if local else LAB_TESTS[meaning.id]
    if not book.catalogue.has("test", test):
        return Entry(source, shown, "not_input")
    if isinstance(day, Refused) and day.kind == "date_unreadable":
        return Entry(source, shown, *day)
    state: str | None = None
    absent = _absent_reason(holder)
    flag = _flag(holder)
    if absent is not None:
        if "not-performed" not in absent or not local:
            return Entry(source, shown, "data_absent", absent)
        state = "not_done"
    elif "IND" in {code for entry in objects(holder, "interpretation") for code in codes_in(entry)}:
        state = "not_interpretable"
    else:
        if flag is None and test not in book.rules.need_interpretation:
            flag = _against_limits(holder)
        state = _judged(flag, book.rules.abnormal_if.get(test))
    if state is None:
        return Entry(source, shown, "result_unclear")
    when = day if isinstance(day, Day) else None
    return Tested(source=source, shown=shown, test=test, part=meaning.id, state=state, day=when, note=note)


def _judged(flag: Flag | None, abnormal_if: str | None) -> str | None:
    """Return normal or abnormal; None where the flag does not settle it."""
    if flag is None:
        return None
    if flag == "normal":
        return "normal"
    if flag == "abnormal":
        return "abnormal"
    if abnormal_if is None:
        return None
    return "abnormal" if flag == abnormal_if else "normal"


def _against_limits(holder: dict[str, Any]) -> Flag | None:
    """Return where a plain number lies against the laboratory's limits in the same unit."""
    quantity = single(holder, "valueQuantity")
    value = None if quantity is None else quantity.get("value")
    unit = None if quantity is None else word(quantity, "code") or word(quantity, "unit")
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or unit is None:
        return None
    reference, _ = limits(holder, unit=unit, compare=False)
    if reference is None or word(quantity, "comparator") is not None:
        return None
    low, high = (Decimal(end) for end in reference)
    return "low" if value < low else "high" if value > high else "normal"


def _yes_or_no(holder: dict[str, Any]) -> bool | None:
    """Return whether a finding is said to be there; None where nothing says it."""
    value = holder.get("valueBoolean")
    if isinstance(value, bool):
        return value
    said = [*codes_in(holder.get("valueCodeableConcept"))]
    if not said:
        said = [code for entry in objects(holder, "interpretation") for code in codes_in(entry) if code != "N"]
    states = {True for code in said if code in _YES} | {False for code in said if code in _NO}
    return states.pop() if len(states) == 1 else None


def _said(holder: dict[str, Any], source: str, shown: str, name: str, day: Day | Refused) -> Fact | Entry:
    """Return one of the package's own statements."""
    value = holder.get("valueBoolean")
    quantity = single(holder, "valueQuantity")
    text = word(holder, "valueString") or next(iter(codes_in(holder.get("valueCodeableConcept"))), None)
    if isinstance(value, bool):
        text = "yes" if value else "no"
    elif quantity is not None and isinstance(quantity.get("value"), int | Decimal):
        number = quantity["value"]
        text = None if isinstance(number, bool) or abs(number) > 1000 else f"{number:f}"
    if text is None:
        return Entry(source, shown, "value_missing")
    return Said(source=source, shown=shown, name=name, value=text, day=day if isinstance(day, Day) else None)
