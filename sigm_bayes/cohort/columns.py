"""Which columns a table of people may have, and which part of a patient each one is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sigm_bayes.errors import InputError, Problem

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue

PERSON = "person_id"
ANALYTES = ("igm", "igg", "iga")
NUMBERS = ("age_years", "age_months", "gestational_weeks")
TEXTS = ("sex", "setting")
SWITCHES = ("on_immunoglobulin", "known_inborn_error")
SAMPLE_TEXTS = ("unit", "date", "context")
REFERENCE = ("reference_low", "reference_high")
WHOLE_PERSON = ("no_significant_infection",)

CLASSES = ("primary", "secondary", "normal", "other_immunodeficiency")
PROBABILITIES = tuple(f"p_{name}{end}" for name in CLASSES for end in ("", "_lower", "_upper"))
WRITTEN = (PERSON, *PROBABILITIES, "top_cause", "cautions", "refused")
"""Columns of the scored table, in order."""


@dataclass(frozen=True)
class Columns:
    """The columns of one table, sorted by what they mean.

    Attributes
    ----------
    findings, causes, tests
        Catalogue ids that are columns of the table; `findings` also holds the flat invasive columns.
    given
        Every column that is read.
    ignored
        Columns that mean nothing here.
    """

    findings: tuple[str, ...]
    causes: tuple[str, ...]
    tests: tuple[str, ...]
    given: frozenset[str]
    ignored: tuple[str, ...]


def sample_columns() -> tuple[str, ...]:
    """Return the columns of the three analytes: ``igm, igm_unit, igm_resolution, ... igg, ...``."""
    ends = ("", "_resolution", *(f"_{end}" for end in (*SAMPLE_TEXTS, *REFERENCE)))
    statuses = tuple(f"{analyte}_status" for analyte in ANALYTES[1:])
    return tuple(f"{analyte}{end}" for analyte in ANALYTES for end in ends) + statuses


def finding_columns(catalogue: Catalogue) -> tuple[str, ...]:
    """Return the findings of the catalogue and the flat invasive columns (``meningitis``, ``sepsis`` ...)."""
    return (*catalogue.ids("finding"), *(flag.id for flag in catalogue.invasive.flags), *WHOLE_PERSON)


def read_header(header: Sequence[str], *, catalogue: Catalogue, source: str, ignore: Iterable[str] = ()) -> Columns:
    """Sort the columns of a table, or say what is wrong with its header.

    Parameters
    ----------
    header : sequence of str
        Column names in order.
    catalogue : Catalogue
        Knows the findings, causes and tests.
    source : str
        Name of the table, for messages.
    ignore : iterable of str
        Columns to leave out although they resemble one that is read.

    Raises
    ------
    InputError
        A required column is missing, a name is there twice, or a name looks like a misspelt one.
    """
    findings = finding_columns(catalogue)
    causes = tuple(cause.id for cause in catalogue.causes if cause.recordable)
    tests = catalogue.ids("test")
    personal = (PERSON, *NUMBERS, *TEXTS, *SWITCHES, *sample_columns())
    known = dict.fromkeys((*personal, *findings, *causes, *tests))
    skipped = set(ignore)
    problems = _missing(header) + _repeated(header)
    ignored = []
    for name in header:
        if name in known and name not in skipped:
            continue
        ignored.append(name)
        near = _resembles(name, tuple(known)) if name not in skipped else None
        if near is not None and near not in header:
            problems.append(Problem(name, None, "unknown column", f"Did you mean {near}? If not, add --ignore {name}."))
    if problems:
        raise InputError(problems, source=source)
    given = frozenset(header) - set(ignored)
    return Columns(
        findings=tuple(name for name in findings if name in given),
        causes=tuple(name for name in causes if name in given),
        tests=tuple(name for name in tests if name in given),
        given=given,
        ignored=tuple(ignored),
    )


def _missing(header: Sequence[str]) -> list[Problem]:
    problems = []
    if "age_years" not in header and "age_months" not in header:
        problems.append(Problem("age_years", None, "the column is missing", "Add age_years or age_months."))
    remedies = {"igm": "Add the IgM results.", "igm_unit": "Add the unit of each IgM, such as mg/dL or g/L."}
    problems += [
        Problem(name, None, "the column is missing", remedy) for name, remedy in remedies.items() if name not in header
    ]
    return problems


def _repeated(header: Sequence[str]) -> list[Problem]:
    twice = sorted({name for name in header if header.count(name) > 1})
    return [Problem(name, None, "the column is there twice", "Keep one of them.") for name in twice]


def _resembles(name: str, known: tuple[str, ...]) -> str | None:
    """Return the known column that `name` is probably a misspelling of."""
    import difflib

    found = difflib.get_close_matches(name.strip().lower().replace(" ", "_"), known, n=1, cutoff=0.85)
    return found[0] if found else None


def column_of(field: str, *, columns: Columns) -> str:
    """Return the column that a field of a patient came from: ``igm[0].unit`` is ``igm_unit``.

    Parameters
    ----------
    field : str
        As an error of the patient schema names it.
    columns : Columns
        Of the table; an unknown field is returned unchanged.
    """
    head, _, last = field.partition(".")
    analyte = head.partition("[")[0]
    if analyte in ANALYTES:
        special: Mapping[str, str] = {"": analyte, "value": analyte, "comparator": analyte}
        name = last.partition("[")[0]
        if name == "reference_interval":
            return f"{analyte}_reference_low"
        return special.get(name, f"{analyte}_{name}")
    if head in {"findings", "causes", "tests"} and last:
        name = last.partition(".")[0]
        return name if name in columns.given else field
    return field
