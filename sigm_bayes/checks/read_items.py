"""Published numbers that were not fitted, read from files in the format of ``data/evidence/``.

The rules and the messages are those of the evidence loader: the rows are checked as if they were added to the folder.
"""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.checks.propose_reading import propose
from sigm_bayes.errors import EvidenceError, InputError, Problem
from sigm_bayes.evidence import Evidence, check, load_evidence
from sigm_bayes.evidence.files import Row, read_table, read_text
from sigm_bayes.evidence.load import CHOICES_FILE, ITEM_COLUMNS, LABELLED_COLUMNS, STUDY_COLUMNS, TERM_COLUMNS
from sigm_bayes.evidence.vocabulary import TERMS
from sigm_bayes.paths import data_dir

BOTH = ("item_id", "threshold_mg_dl", "note")
"""Columns that facts and readings share."""
READ_COLUMNS = tuple(c for c in TERM_COLUMNS if c not in BOTH)


@dataclass(frozen=True)
class NewItems:
    """The new numbers.

    Attributes
    ----------
    evidence : Evidence
        Holds the new items only, in the order of the file.
    proposed : tuple of str
        For each item whose reading was proposed, what it was read as.
    fitted : tuple of str
        Ids of items that the model was fitted to.
    """

    evidence: Evidence
    proposed: tuple[str, ...]
    fitted: tuple[str, ...]


def read_new_items(
    items: Path, *, catalogue: Catalogue, studies: Path | None = None, terms: Path | None = None,
    labelled: Path | None = None,
) -> NewItems:  # fmt: skip
    """Read and check published numbers.

    Parameters
    ----------
    items
        Columns of ``items.csv``; the columns of ``terms.csv`` may follow in the same file.
    studies, terms, labelled
        In the format of the files of that name; what they lack is taken from the published evidence.

    Raises
    ------
    InputError
        With every problem of all files: row, value, remedy.
    """
    packaged = load_evidence(catalogue=catalogue)
    problems: list[Problem] = []
    facts, joined = _facts(items, problems)
    more = {
        "studies": _table(studies, STUDY_COLUMNS, problems),
        "terms": _table(terms, TERM_COLUMNS, problems),
        "labelled": _table(labelled, LABELLED_COLUMNS, problems),
    }
    if not facts and not problems:
        problems.append(Problem(items.name, None, "has no rows", "Give one published number a row."))
    if problems:
        raise InputError(problems, source=items.name)
    known = {s.study_id: _study_cells(s.study_id, packaged) for s in packaged.studies}
    known |= {row.key: row.cells for row in more["studies"]}
    for row in facts:
        check.check_fact(row, dict.fromkeys(known, packaged.studies[0]))  # only the ids are looked at
    check.check_unique(facts)
    readings, proposed = _readings(facts, joined, more["terms"], known, catalogue, packaged)
    problems += [problem for row in facts for problem in row.problems]
    groups = _groups(readings, facts, known, more["labelled"], packaged)
    read = {cells["item_id"] for cells in readings}
    try:  # the readable rows are checked further even if others are wrong: all problems in one report
        evidence = _load([row for row in facts if row.key in read], readings, more["studies"], groups, known, catalogue)
    except EvidenceError as error:
        told = {_told(problem) for problem in problems}
        problems += [problem for problem in error.problems if _told(problem) not in told]
    if problems:
        raise InputError(problems, source=items.name)
    used = {i.item_id for i in packaged.fitted}
    return NewItems(evidence, proposed, tuple(i.item_id for i in evidence.items if i.item_id in used))


def _facts(path: Path, problems: list[Problem]) -> tuple[list[Row], bool]:
    """Rows of the items file, and whether it holds readings too."""
    try:
        first = next(csv.reader(io.StringIO(read_text(path), newline="")), [])
    except EvidenceError as error:
        problems += error.problems
        return [], False
    except csv.Error as error:
        problems.append(Problem(path.name, None, f"is not a CSV file: {error}", "Mend it."))
        return [], False
    joined = any(name in READ_COLUMNS for name in first)
    columns = ITEM_COLUMNS + READ_COLUMNS if joined else ITEM_COLUMNS
    return _table(path, columns, problems), joined


def _table(path: Path | None, columns: Sequence[str], problems: list[Problem]) -> list[Row]:
    if path is None:
        return []
    try:
        rows = read_table(path, columns=columns)
    except EvidenceError as error:
        problems += error.problems
        return []
    return [Row(row.file, row.line, {name: row.cells[name] for name in columns}) for row in rows]


def _study_cells(study_id: str, packaged: Evidence) -> dict[str, str]:
    study = next(s for s in packaged.studies if s.study_id == study_id)
    return {c: "" if (v := getattr(study, c)) is None else str(v) for c in STUDY_COLUMNS}


def _readings(
    facts: list[Row], joined: bool, terms: list[Row], studies: Mapping[str, Mapping[str, str]], catalogue: Catalogue,
    packaged: Evidence,
) -> tuple[list[dict[str, str]], tuple[str, ...]]:  # fmt: skip
    """One reading an item: from its own row, from the file of readings, or proposed."""
    given = {row.key: row.cells for row in terms}
    readings: list[dict[str, str]] = []
    proposed: list[str] = []
    for row in facts:
        if joined and row["term"]:
            cells = {c: row[c] for c in TERM_COLUMNS}
        elif row.key in given:
            cells = dict(given[row.key])
        else:
            study = studies.get(row["study_id"])
            if study is None:  # told by the check of the fact
                continue
            read = propose(row, study, catalogue=catalogue, evidence=packaged)
            if read is None:
                continue
            cells = read
            quantity = TERMS[cells["term"]].quantity.split(" (")[0]
            proposed.append(f"{row.key}: {quantity}{_details(cells)}")
        if cells["role"] == "context":
            row.problem("item_id", "its reading is context: the model has no such quantity", "Give another reading.")
            continue
        readings.append({**cells, "role": cells["role"] or "fitted"})
    return readings, tuple(proposed)


def _details(cells: Mapping[str, str]) -> str:
    shown = ("stat", "cause", "findings", "test", "threshold_mg_dl", "age_years", "setting")
    told = [f"{name} {cells[name]}" for name in shown if cells[name]]
    return f" ({', '.join(told)})" if told else ""


def _groups(
    readings: Iterable[Mapping[str, str]], facts: Iterable[Row], studies: Mapping[str, Mapping[str, str]],
    given: list[Row], packaged: Evidence,
) -> list[dict[str, str]]:  # fmt: skip
    """Rows of labelled people: given, published, or made from the study where a reading was proposed."""
    rows = [row.cells for row in given]
    known = {row["labelled_id"] for row in rows}
    for group in packaged.labelled_studies:
        if group.labelled_id not in known:
            rows.append({c: _cell(getattr(group, c)) for c in LABELLED_COLUMNS})
            known.add(group.labelled_id)
    threshold = {row["study_id"]: row["threshold_mg_dl"] for row in facts if row["threshold_mg_dl"]}
    for reading in readings:
        name = reading["labelled_id"]
        if not name or name in known or name not in studies:
            continue
        known.add(name)
        rows.append(
            {
                "labelled_id": name, "study_id": name, "age_years": reading["age_years"], "male_share": "0.5",
                "setting": studies[name]["setting"], "cutoff_low_mg_dl": "",
                "cutoff_high_mg_dl": threshold.get(name, "40"), "cutoff_sd": "", "igg_iga_normal": "1",
                "secondary_excluded": "1", "other_excluded": "0", "literature_cases": "0",
                "note": "assumed: IgM below the cut-off, IgG and IgA normal, no recorded cause",
            }
        )  # fmt: skip
    return rows


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _load(
    facts: list[Row], readings: list[dict[str, str]], studies: list[Row], groups: list[dict[str, str]],
    known: Mapping[str, Mapping[str, str]], catalogue: Catalogue,
) -> Evidence:  # fmt: skip
    """Check the rows as an evidence folder of their own, each on the line that it has in its file."""
    own = {row.key for row in studies}
    rest = [cells for name, cells in known.items() if name not in own]
    with tempfile.TemporaryDirectory(prefix="sigm-items-") as name:
        folder = Path(name)
        usable = [(row.line, {**row.cells, "flag": _usable(row["flag"])}) for row in facts]
        _write(folder / "items.csv", ITEM_COLUMNS, usable)
        _write(folder / "terms.csv", TERM_COLUMNS, list(enumerate(readings, start=2)))
        last = max((row.line for row in studies), default=1)
        placed = [(row.line, row.cells) for row in studies] + [(last + n, c) for n, c in enumerate(rest, start=1)]
        _write(folder / "studies.csv", STUDY_COLUMNS, placed)
        _write(folder / "labelled_studies.csv", LABELLED_COLUMNS, list(enumerate(groups, start=2)))
        shutil.copy(data_dir() / "evidence" / CHOICES_FILE, folder / CHOICES_FILE)
        return load_evidence(folder, catalogue=catalogue)


def _told(problem: Problem) -> tuple[str, object]:
    """Where a problem is, whatever the name of the file, and what was given there."""
    return problem.field.partition(" ")[2], problem.value


def _usable(flag: str) -> str:
    """A number from memory is never fitted, but it may be held against the model."""
    return "seen_second_hand" if flag == "recalled" else flag


def _write(path: Path, columns: Sequence[str], rows: Sequence[tuple[int, Mapping[str, str]]]) -> None:
    """Write a table with every row on a given line (blank lines between), so that messages name the right one."""
    lines = [",".join(columns)]
    for line, cells in rows:
        lines += [""] * (line - len(lines) - 1)
        text = io.StringIO()
        csv.writer(text, lineterminator="").writerow([" ".join(cells[c].split("\n")) for c in columns])
        lines.append(text.getvalue())
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
