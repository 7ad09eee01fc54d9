"""The work-up that is due whatever the probabilities say, from `workup.toml`: data, not code."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.catalogue.rows import Reader
from sigm_bayes.errors import ModelError, Problem
from sigm_bayes.patient import Patient, Refusal

IGM_REPEAT = "igm_repeat"
ILL = ("acute_infection", "intensive_care", "after_plasma_exchange_or_transfusion")
"""Contexts in which an IgM is no repeat "when well"."""


@dataclass(frozen=True)
class Due:
    """A row of `[[due]]`: work-up with whom it is for, why, and which entries of a patient file it would answer."""

    id: str
    label: str
    reason: str
    source: str
    from_years: float | None
    below_years: float | None
    sex: tuple[str, ...] = ()
    if_present: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    urgent: bool = False


@dataclass(frozen=True)
class MustNotMiss:
    """A row of `[[must_not_miss]]`: an unknown that stays on the first list whatever it would tell."""

    id: str
    reason: str
    source: str
    from_years: float | None
    below_years: float | None
    sex: tuple[str, ...] = ()


@dataclass(frozen=True)
class NotAsked:
    """A row of `[[not_asked]]`: an unknown that could not be read in people of this age."""

    id: str
    source: str
    from_years: float | None
    below_years: float | None
    sex: tuple[str, ...] = ()


@dataclass(frozen=True)
class First:
    """The table `[list]`."""

    first: int


@dataclass(frozen=True)
class Workup:
    """The parsed file."""

    due: tuple[Due, ...]
    must_not_miss: tuple[MustNotMiss, ...]
    not_asked: tuple[NotAsked, ...]
    first: int


@dataclass(frozen=True)
class WorkupItem:
    """Work-up for one patient.

    Attributes
    ----------
    state
        `due`, `partly` or `done`, as far as what is known of the patient can say.
    """

    id: str
    label: str
    reason: str
    source: str
    urgent: bool
    state: str


class _ForSome(Protocol):
    @property
    def from_years(self) -> float | None: ...
    @property
    def below_years(self) -> float | None: ...
    @property
    def sex(self) -> tuple[str, ...]: ...


def load_workup(folder: Path, *, catalogue: Catalogue) -> Workup:
    """Read `workup.toml` of a model folder.

    Raises
    ------
    ModelError
        With every problem of the file.
    """
    path = Path(folder) / "workup.toml"
    try:
        document: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        remedy = "Restore the file (models/sigm has one) or mend its syntax."
        raise ModelError([Problem(str(path), None, f"cannot be read: {error}", remedy)]) from None
    reader = Reader()
    first = reader.row(First, document.get("list"), "list")
    due = reader.rows(Due, document, "due")
    urgent = reader.rows(MustNotMiss, document, "must_not_miss")
    not_asked = reader.rows(NotAsked, document, "not_asked")
    known = _known_ids(catalogue)
    for row in due:
        for id in row.if_present + row.answers:
            reader.one_of(f"due[{row.id}]", id, (*known, IGM_REPEAT))
    for table, rows in (("must_not_miss", urgent), ("not_asked", not_asked)):
        for other in rows:
            reader.one_of(f"{table}[{other.id}].id", other.id, known)
    if first is not None and first.first < 0:
        reader.problem("list.first", first.first, "expected 0 or more", "Correct the value.")
    if reader.problems or first is None:
        raise ModelError(reader.problems, source=str(path))
    return Workup(due, urgent, not_asked, first.first)


def _known_ids(catalogue: Catalogue) -> tuple[str, ...]:
    recordable = (c.id for c in catalogue.causes if c.recordable)
    return (*catalogue.ids("finding"), *recordable, *catalogue.ids("test"))


def concerns(row: _ForSome, patient: Patient) -> bool:
    """Whether a row is for people of this age and sex."""
    age = patient.corrected_age_years
    old_enough = row.from_years is None or age >= row.from_years
    young_enough = row.below_years is None or age < row.below_years
    return old_enough and young_enough and (not row.sex or patient.sex in row.sex)


def workup_items(table: Workup, patient: Patient) -> tuple[WorkupItem, ...]:
    """What is due for a patient in scope, in the order to be done, urgent things first."""
    known, present = _known(patient), _present(patient)
    rows = [row for row in table.due if concerns(row, patient) and set(row.if_present) <= present]
    rows.sort(key=lambda row: not row.urgent)
    return tuple(
        WorkupItem(row.id, row.label, row.reason, row.source, row.urgent, _state(row.answers, known)) for row in rows
    )


def refusal_items(refusal: Refusal) -> tuple[WorkupItem, ...]:
    """What is usually considered where no probability is given."""
    return tuple(
        WorkupItem(f"{refusal.code}_{n}", line, "", "", refusal.urgent, "due")
        for n, line in enumerate(refusal.workup, start=1)
    )


def reason_not_to_miss(table: Workup, patient: Patient, id: str) -> str:
    """Why this unknown must not be missed in this patient; empty where it may."""
    return next((row.reason for row in table.must_not_miss if row.id == id and concerns(row, patient)), "")


def asked(table: Workup, patient: Patient, ids: Iterable[str]) -> list[str]:
    """The ids without those that could not be read in this patient."""
    out = {row.id for row in table.not_asked if concerns(row, patient)}
    return [id for id in ids if id not in out]


def _state(answers: Collection[str], known: set[str]) -> str:
    told = sum(id in known for id in answers)
    if not told:
        return "due"
    return "done" if told == len(answers) else "partly"


def _known(patient: Patient) -> set[str]:
    out = {id for id, state in patient.findings.items() if state != "unknown"}
    out |= {id for id, exposure in patient.causes.items() if exposure.state != "unknown"}
    out |= {id for id, value in patient.tests.items() if value != "not_done"}
    if sum(sample.context not in ILL for sample in patient.igm) > 1:
        out.add(IGM_REPEAT)
    return out


def _present(patient: Patient) -> set[str]:
    out = {id for id, state in patient.findings.items() if state == "present"}
    return out | {id for id, exposure in patient.causes.items() if exposure.state == "present"}
