"""Command-line flags -> the mapping that a patient file would give."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sigm_bayes.errors import InputError, Problem

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue

SAMPLE_EXAMPLE = '"25 mg/dL", "<20 mg/dL" or "0.25 g/L, date=2026-01, context=well, reference=0.4-2.3"'
STATUSES = ("normal", "low", "high")

_RESULT = re.compile(r"(?P<value>[<>=≤≥]*\s*[-+]?[\d.,]+|\S+)\s*(?P<unit>.*)")
_MORE = re.compile(r"[,;]\s*(?=\w+\s*=)")
_RANGE = re.compile(r"\s*([0-9.]+)\s*(?:-|to|\.\.)\s*([0-9.]+)\s*")


@dataclass(frozen=True, kw_only=True)
class Flags:
    """The flags of ``sigm query`` that describe a patient, as typed."""

    age: str | None = None
    age_months: str | None = None
    sex: str | None = None
    setting: str | None = None
    gestational_weeks: str | None = None
    igm: tuple[str, ...] = ()
    igg: tuple[str, ...] = ()
    iga: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    no_infection: bool = False
    invasive: tuple[str, ...] = ()
    cause: tuple[str, ...] = ()
    no_other_cause: bool = False
    test: tuple[str, ...] = ()
    on_immunoglobulin: bool = False
    known_inborn_error: bool = False

    @property
    def given(self) -> bool:
        """Whether any flag was used."""
        return self != Flags()


class _Reader:
    """Reads flags and gathers the problems, so that all are reported together."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def problem(self, flag: str, value: object, message: str, remedy: str) -> None:
        self.problems.append(Problem(flag, value, message, remedy))

    def number(self, flag: str, text: str, expected: str) -> float | None:
        try:
            return float(text)
        except ValueError:
            self.problem(flag, text, f"expected {expected}", f"Write it as a number, such as {flag} 34.")
            return None

    def pairs(self, flag: str, text: str, example: str) -> dict[str, str]:
        """Read ``key=value, key=value``."""
        found: dict[str, str] = {}
        for part in filter(None, (part.strip() for part in re.split(r"[,;]", text))):
            key, equals, value = (piece.strip() for piece in part.partition("="))
            if not equals or not key or not value:
                self.problem(flag, part, "expected key=value", f"For example {flag} {example}.")
            elif key in found:
                self.problem(flag, part, f"{key} is given twice", "Keep one of them.")
            else:
                found[key] = value
        return found

    def sample(self, flag: str, text: str) -> dict[str, Any]:
        """Read one result with its unit and what is known of the sample."""
        head, *rest = _MORE.split(text.strip(), maxsplit=1)
        found = _RESULT.fullmatch(head)
        if found is None:
            self.problem(flag, text, "is empty", f"For example {flag} {SAMPLE_EXAMPLE}.")
            return {}
        sample: dict[str, Any] = {"value": "".join(found["value"].split())}
        if found["unit"]:
            sample["unit"] = found["unit"]
        for key, value in self.pairs(flag, "".join(rest), SAMPLE_EXAMPLE).items():
            if key in {"reference", "reference_interval"}:
                limits = _RANGE.fullmatch(value)
                if limits is None:
                    self.problem(flag, value, "expected two limits", f"For example {flag} {SAMPLE_EXAMPLE}.")
                else:
                    sample["reference_interval"] = [float(limits[1]), float(limits[2])]
            elif key == "resolution":
                sample[key] = self.number(flag, value, "a resolution in the unit of the value")
            else:
                sample[key] = value
        return sample

    def samples(self, flag: str, texts: Iterable[str]) -> list[dict[str, Any]]:
        return [sample for sample in (self.sample(flag, text) for text in texts) if sample]

    def cause(self, text: str) -> tuple[str, Any]:
        """Read ``clozapine``, ``clozapine=absent`` or ``rituximab=present, last_dose=2025-09``."""
        name, _, rest = text.partition(",")
        identifier, _, state = (piece.strip() for piece in name.partition("="))
        state = state or "present"
        if not rest.strip():
            return identifier, state
        example = '"b_cell_depletion=present, started=before_low_igm, last_dose=2025-09"'
        return identifier, {"state": state, **self.pairs("--cause", rest, example)}


def split_ids(texts: Iterable[str]) -> list[str]:
    """Return the ids of repeated, comma-separated flags: ``["a,b", "c"]`` gives ``["a", "b", "c"]``."""
    return [name for text in texts for name in re.split(r"[,\s]+", text) if name]


def patient_mapping(flags: Flags, *, catalogue: Catalogue) -> dict[str, Any]:
    """Return what a patient file with the same content would hold.

    Parameters
    ----------
    flags : Flags
        As typed.
    catalogue : Catalogue
        Tells causes from findings in ``--present`` and ``--absent``.

    Raises
    ------
    InputError
        Lists every flag that cannot be read.  Whether the content makes sense is for the patient schema.
    """
    reader = _Reader()
    patient: dict[str, Any] = {}
    for flag, key, text, expected in (
        ("--age", "age_years", flags.age, "an age in years"),
        ("--age-months", "age_months", flags.age_months, "an age in months"),
        ("--gestational-weeks", "gestational_weeks", flags.gestational_weeks, "completed weeks at birth"),
    ):
        if text is not None:
            patient[key] = reader.number(flag, text, expected)
    for key, text in (("sex", flags.sex), ("setting", flags.setting)):
        if text is not None:
            patient[key] = text
    if flags.igm:
        patient["igm"] = reader.samples("--igm", flags.igm)
    for key, texts in (("igg", flags.igg), ("iga", flags.iga)):
        if len(texts) == 1 and texts[0].strip().lower() in STATUSES:
            patient[f"{key}_status"] = texts[0].strip().lower()
        elif texts:
            patient[key] = reader.samples(f"--{key}", texts)
    _states(reader, flags, patient, catalogue)
    if flags.invasive:
        example = '"site=meningitis, organism=encapsulated"'
        patient["invasive"] = [reader.pairs("--invasive", text, example) for text in flags.invasive]
    tests = [reader.pairs("--test", text, "pneumococcal_response=normal") for text in flags.test]
    if tests:
        patient["tests"] = _merged(reader, "--test", tests)
    for key in ("on_immunoglobulin", "known_inborn_error"):
        if getattr(flags, key):
            patient[key] = True
    if reader.problems:
        raise InputError(reader.problems)
    return patient


def _states(reader: _Reader, flags: Flags, patient: dict[str, Any], catalogue: Catalogue) -> None:
    """Sort present, absent and causes into the two tables of a patient file."""
    findings: dict[str, Any] = {}
    causes: dict[str, Any] = {}
    for text in flags.cause:
        _put(reader, "--cause", causes, *reader.cause(text))
    for state, texts in (("present", flags.present), ("absent", flags.absent)):
        for name in split_ids(texts):
            _put(reader, f"--{state}", causes if catalogue.has("cause", name) else findings, name, state)
    if flags.no_infection:
        findings["no_significant_infection"] = "present"
    if flags.no_other_cause:
        for cause in catalogue.causes:
            if cause.recordable:
                causes.setdefault(cause.id, "absent")
    if findings:
        patient["findings"] = findings
    if causes:
        patient["causes"] = causes


def _put(reader: _Reader, flag: str, table: dict[str, Any], name: str, value: Any) -> None:
    if name in table and table[name] != value:
        reader.problem(flag, name, f"{name} is stated twice, and differently", "Keep one of them.")
    table[name] = value


def _merged(reader: _Reader, flag: str, tables: list[dict[str, str]]) -> dict[str, str]:
    merged: dict[str, str] = {}
    for table in tables:
        for name, value in table.items():
            _put(reader, flag, merged, name, value)
    return merged
