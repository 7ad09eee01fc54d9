"""What a mapping file says: which column of the tables is what, its unit, its words."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sigm_bayes.catalogue.tables import nearest
from sigm_bayes.errors import InputError, Problem
from sigm_bayes.registry.dates import Order
from sigm_bayes.registry.results import Decimals

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue

FORMAT = "sigm_bayes.registry_mapping/1"
PLAIN = (
    *("person_id", "visit", "centre", "age_years", "age_months", "birth_date", "gestational_weeks", "label_date"),
    *("immunoglobulin_started", "immunoglobulin_stopped"),
)
"""Entries of [person] that name a column."""
CHOICES = ("sex", "setting", "label", "igg_status", "iga_status")
"""Entries of [person] that are one of a few words."""
SWITCHES = ("on_immunoglobulin", "known_inborn_error", "no_significant_infection")
"""Entries of [person] that are present, absent or unknown."""
EPISODE = ("site", "organism", "severity", "number")
"""Entries of [invasive]."""
LABELS = ("primary", "secondary", "normal", "other_immunodeficiency")
SEXES = ("female", "male", "unknown")
PRESENT = ("1", "present", "yes", "true", "y", "positive", "x", "checked")
ABSENT = ("0", "absent", "no", "false", "n", "negative", "unchecked")
UNKNOWN = ("unknown", "not known", "?", "9", "-9", "999")
SEX_WORDS = {"female": ("female", "f", "w", "woman"), "male": ("male", "m", "man"), "unknown": ("unknown", "u", "?")}
TEST_STATES = {
    "normal": ("normal",),
    "abnormal": ("abnormal",),
    "not_done": ("not_done", "not done"),
    "not_interpretable": ("not_interpretable", "not interpretable"),
}


STATUSES = ("normal", "low", "high")
STATUS_WORDS = {
    "normal": ("normal", "n"),
    "low": ("low", "l", "reduced"),
    "high": ("high", "h", "raised"),
    "unknown": UNKNOWN,
}
STARTED_WORDS = {
    "before_low_igm": ("before_low_igm", "before"),
    "after_low_igm": ("after_low_igm", "after"),
    "unknown": UNKNOWN,
}
BEFORE_WORDS = {"normal": ("normal",), "low": ("low",), "unknown": UNKNOWN}
YES_NO_WORDS = {"yes": ("yes", "y", "1", "true"), "no": ("no", "n", "0", "false"), "unknown": UNKNOWN}


@dataclass(frozen=True)
class FileRules:
    """How both tables are written, and what to do with doubts.

    Attributes
    ----------
    decimal
        Decimal sign; ``auto`` lets each column's unambiguous numbers decide.
    date_order
        What ``03/04/2021`` is; None leaves such dates out.
    two_digit_years_until
        Last year that a two-digit year can mean; None leaves such dates out.
    suspected_units
        ``leave_out``, ``keep`` or ``convert`` results that look as if in another unit than stated.
    repeats
        ``visits``: rows with the same person id are visits; ``refuse``: one row a person.
    data_until
        ISO date of the export; later dates lie in the future. None: today.
    """

    decimal: Decimals = "auto"
    date_order: Order | None = None
    two_digit_years_until: int | None = None
    suspected_units: Literal["leave_out", "keep", "convert"] = "leave_out"
    repeats: Literal["visits", "refuse"] = "visits"
    data_until: str | None = None


@dataclass(frozen=True)
class Choice:
    """A column whose words mean one of a few ids, or one id for everybody.

    Attributes
    ----------
    column : str or None
    fixed : str or None
        The id that holds for all rows, where there is no column.
    words : mapping of str to str
        Word in lower case to id.
    """

    column: str | None
    fixed: str | None
    words: MappingType[str, str]


@dataclass(frozen=True)
class States:
    """A column that says present, absent or unknown of one finding or cause, or of any of several (a union).

    Attributes
    ----------
    id : str
        Of the catalogue; of the union a name of its own.
    column : str
    asked : bool
        Whether everybody was asked: only then 0 or an unticked box is absent.
    words : mapping of str to int
        Word in lower case to 1 (present), 0 (absent), -1 (unknown).
    of : tuple of str
        The findings that a union is over.
    """

    id: str
    column: str
    asked: bool
    words: MappingType[str, int]
    of: tuple[str, ...] = ()


@dataclass(frozen=True)
class Course:
    """The columns that tell the course of one exposure, each None where there is none.

    `started_on` is the date on which it began; where `started` does not say it, the reader compares that date with
    the first low IgM.
    """

    cause: str
    started: Choice | None = None
    started_on: str | None = None
    last_dose: str | None = None
    igm_before: Choice | None = None
    igm_recovered_after_stop: Choice | None = None

    def columns(self) -> Iterator[tuple[str, str]]:
        """Yield (key, column)."""
        for name in ("started", "igm_before", "igm_recovered_after_stop"):
            choice = getattr(self, name)
            if choice is not None and choice.column is not None:
                yield f"{name}.column", choice.column
        for name in ("started_on", "last_dose"):
            if getattr(self, name) is not None:
                yield name, getattr(self, name)


@dataclass(frozen=True)
class Invasive:
    """The columns that describe an invasive infection: a row describes at most one episode.

    A cell of `site` may list several sites, separated by ``;``, ``,``, ``/`` or ``+``.
    """

    site: Choice | None = None
    organism: Choice | None = None
    severity: Choice | None = None
    number: Choice | None = None


@dataclass(frozen=True)
class Labelled:
    """One more label in the same row, with its date: the latest label of a person counts."""

    column: str
    date: str | None


@dataclass(frozen=True)
class Result:
    """The columns of one analyte in a wide table, or of all of them in the table of samples.

    `resolution` is the step of printed results in their unit; None: from the digits.  The laboratory's own reference
    interval, in the unit of the value, is in two columns or in one (``40-230``).
    """

    analyte: str
    column: str
    unit: str | None = None
    unit_column: str | None = None
    date: str | None = None
    context: Choice | None = None
    resolution: float | None = None
    reference_low: str | None = None
    reference_high: str | None = None
    reference: str | None = None


@dataclass(frozen=True)
class Samples:
    """The table of samples: one result a row."""

    person_id: str
    analyte: Choice
    result: Result


@dataclass(frozen=True)
class Mapping:
    """A whole mapping file.  Columns are names in the files, other words are ids of the catalogue."""

    file: FileRules = field(default_factory=FileRules)
    person_id: str | None = None
    visit: str | None = None
    centre: str | None = None
    age_years: str | None = None
    age_months: str | None = None
    birth_date: str | None = None
    gestational_weeks: str | None = None
    sex: Choice | None = None
    setting: Choice | None = None
    label: Choice | None = None
    label_date: str | None = None
    more_labels: tuple[Labelled, ...] = ()
    igg_status: Choice | None = None
    iga_status: Choice | None = None
    on_immunoglobulin: States | None = None
    immunoglobulin_started: str | None = None
    immunoglobulin_stopped: str | None = None
    known_inborn_error: States | None = None
    no_significant_infection: States | None = None
    results: tuple[Result, ...] = ()
    findings: tuple[States, ...] = ()
    unions: tuple[States, ...] = ()
    invasive: Invasive | None = None
    causes: tuple[States, ...] = ()
    courses: tuple[Course, ...] = ()
    tests: tuple[tuple[str, Choice], ...] = ()
    samples: Samples | None = None

    def columns(self) -> Iterator[tuple[str, str]]:
        """Yield (place in the mapping, column) of every column of the table of people."""
        for name in PLAIN:
            if getattr(self, name) is not None:
                yield f"person.{name}", getattr(self, name)
        for name in (*CHOICES, *SWITCHES):
            said = getattr(self, name)
            if said is not None and said.column is not None:
                yield f"person.{name}.column", said.column
        for i, label in enumerate(self.more_labels):
            yield f"person.more_labels[{i}].column", label.column
            if label.date is not None:
                yield f"person.more_labels[{i}].date", label.date
        for result in self.results:
            yield from _result_columns(f"results.{result.analyte}", result)
        for part in ("findings", "unions", "causes"):
            for states in getattr(self, part):
                yield f"{part}.{states.id}.column", states.column
        for course in self.courses:
            yield from ((f"causes.{course.cause}.{key}", column) for key, column in course.columns())
        for name in EPISODE if self.invasive is not None else ():
            choice = getattr(self.invasive, name)
            if choice is not None and choice.column is not None:
                yield f"invasive.{name}.column", choice.column
        for test, choice in self.tests:
            if choice.column is not None:
                yield f"tests.{test}.column", choice.column

    def column_of(self, id: str) -> str | None:
        """Return the column of a finding, union, cause or entry of [person]; None where it is not mapped."""
        for states in (*self.findings, *self.unions, *self.causes):
            if states.id == id:
                return states.column
        return getattr(getattr(self, id, None), "column", None)

    def course_column(self, cause: str) -> str:
        """Return the first column that tells the course of an exposure; blank where none does."""
        course = next((course for course in self.courses if course.cause == cause), None)
        return "" if course is None else next((column for _, column in course.columns()), "")

    def sample_columns(self) -> Iterator[tuple[str, str]]:
        """Yield (place in the mapping, column) of every column of the table of samples."""
        if self.samples is None:
            return
        yield "samples.person_id", self.samples.person_id
        if self.samples.analyte.column is not None:
            yield "samples.analyte.column", self.samples.analyte.column
        yield from _result_columns("samples", self.samples.result)


def _result_columns(place: str, result: Result) -> Iterator[tuple[str, str]]:
    yield f"{place}.column", result.column
    for name in ("unit_column", "date", "reference_low", "reference_high", "reference"):
        if getattr(result, name) is not None:
            yield f"{place}.{name}", getattr(result, name)
    if result.context is not None and result.context.column is not None:
        yield f"{place}.context.column", result.context.column


def read_mapping(
    path: Path,
    *,
    catalogue: Catalogue,
    header: Sequence[str] | None = None,
    samples_header: Sequence[str] | None = None,
    samples_needed: bool = True,
) -> Mapping:
    """Read a mapping file, checked against the catalogue and, where given, the headers of the tables.

    Parameters
    ----------
    path : Path
        TOML; see ``sigm registry template``.
    catalogue : Catalogue
        Knows findings, causes, tests, settings and contexts.
    header, samples_header : sequence of str, optional
        Columns of the table of people and of the table of samples.
    samples_needed : bool
        Whether a mapping without [samples] is a problem where `samples_header` is given.

    Raises
    ------
    InputError
        Every problem of the file together; a column that is not there with the nearest one that is.
    """
    from sigm_bayes.registry.mapping_file import parse_mapping

    try:
        document: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError([Problem(str(path), None, f"is no TOML: {error}", "Mend the line.")]) from None
    mapping, problems = parse_mapping(document, catalogue=catalogue)
    if header is not None:
        problems += _absent_columns(mapping.columns(), header)
    if samples_header is not None and mapping.samples is None and samples_needed:
        remedy = "Add [samples], or leave the table of samples out."
        problems.append(Problem("samples", None, "a table of samples is given and not mapped", remedy))
    if samples_header is not None:
        problems += _absent_columns(mapping.sample_columns(), samples_header)
    if samples_header is None and header is not None and mapping.samples is not None and not mapping.results:
        remedy = "Give it with --samples FILE."
        problems.append(Problem("samples", None, "results are in the table of samples, which is missing", remedy))
    if problems:
        raise InputError(problems, source=str(path))
    return mapping


def _absent_columns(mapped: Iterator[tuple[str, str]], header: Sequence[str]) -> list[Problem]:
    names, problems = tuple(header), []
    lower = {name.lower(): name for name in names}
    for place, column in mapped:
        if column in names:
            continue
        near = lower.get(column.lower()) or nearest(column, names)
        remedy = f'Did you mean "{near}"?' if near else f"Columns of the table: {', '.join(names[:40])}."
        problems.append(Problem(place, column, "the table has no such column", remedy))
    return problems
