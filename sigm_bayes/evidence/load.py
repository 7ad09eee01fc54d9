"""Load the evidence folder: facts, our reading of them, and every problem of all files in one error."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from sigm_bayes.catalogue import Catalogue, default_catalogue
from sigm_bayes.errors import EvidenceError, Problem
from sigm_bayes.evidence import check
from sigm_bayes.evidence.files import Row, nearest, read_table, read_toml
from sigm_bayes.evidence.observe import CHOICE_KEYS, Choices, observe
from sigm_bayes.evidence.tables import Evidence, EvidenceItem, LabelledStudy, Study
from sigm_bayes.evidence.vocabulary import SEPARATOR
from sigm_bayes.paths import data_dir

ITEM_COLUMNS = (
    "item_id", "study_id", "kind", "target", "k", "n", "value", "low", "high", "unit", "threshold_mg_dl",
    "k_source", "flag", "note", "spread", "threshold_assumed_mg_dl",
)  # fmt: skip
TERM_COLUMNS = (
    "item_id", "role", "term", "cause", "findings", "test", "threshold_mg_dl", "age_years", "male_share",
    "setting", "context", "stat", "window_years", "bound", "labelled_id", "overlap_group", "spread_read",
    "low_text", "note",
)  # fmt: skip
STUDY_COLUMNS = tuple(f.name for f in fields(Study))
LABELLED_COLUMNS = tuple(f.name for f in fields(LabelledStudy))

_TABLES: Mapping[str, tuple[str, ...]] = {
    "items.csv": ITEM_COLUMNS,
    "studies.csv": STUDY_COLUMNS,
    "terms.csv": TERM_COLUMNS,
    "labelled_studies.csv": LABELLED_COLUMNS,
}
CHOICES_FILE = "reading.toml"
FILES = (*_TABLES, CHOICES_FILE)
"""Files of an evidence folder that decide the fit; all of them are in the hash."""


def load_evidence(
    folder: Path | None = None, *, exclude: Collection[str] = (), catalogue: Catalogue | None = None
) -> Evidence:
    """Load and validate the published evidence.

    Parameters
    ----------
    folder
        Holds items.csv, studies.csv, terms.csv, labelled_studies.csv and reading.toml. Default: the evidence
        that ships with the package.
    exclude
        Ids to leave out of the likelihood: items, studies (all their items) or overlap groups.
    catalogue
        Names of causes, findings, tests, settings and contexts. Default: that of the released model.

    Raises
    ------
    EvidenceError
        Lists every problem of the files with file, line, id, column, value and remedy.
    """
    folder = data_dir() / "evidence" if folder is None else Path(folder)
    catalogue = default_catalogue() if catalogue is None else catalogue
    tables, document = _read_all(folder)
    choices, problems = _choices(document)
    studies = {row.key: _study(row, catalogue) for row in tables["studies.csv"]}
    labelled = {row.key: _labelled(row, studies, catalogue) for row in tables["labelled_studies.csv"]}
    items = list(_items(tables, studies, labelled, catalogue))
    for rows in tables.values():
        check.check_unique(rows)
        problems += [problem for row in rows for problem in row.problems]
    if not problems:
        problems += check.check_alternatives(items)
    if problems or choices is None:
        raise EvidenceError(problems, source=str(folder))
    items, problems = _observed(items, choices)
    excluded = _excluded(items, exclude)
    if problems:
        raise EvidenceError(problems, source=str(folder))
    digest = _sha256(tables, document, excluded)
    return Evidence(tuple(items), tuple(studies.values()), tuple(labelled.values()), excluded, digest)


def _read_all(folder: Path) -> tuple[dict[str, list[Row]], dict[str, Any]]:
    tables: dict[str, list[Row]] = {}
    document: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, columns in _TABLES.items():
        try:
            tables[name] = read_table(folder / name, columns=columns)
        except EvidenceError as error:
            problems += error.problems
    try:
        document = read_toml(folder / CHOICES_FILE)
    except EvidenceError as error:
        problems += error.problems
    if problems:
        raise EvidenceError(problems, source=str(folder))
    return tables, document


def _choices(document: Mapping[str, Any]) -> tuple[Choices | None, list[Problem]]:
    problems: list[Problem] = []
    values: dict[str, float] = {}
    for name, (table, key) in CHOICE_KEYS.items():
        within = document.get(table)
        value = within.get(key) if isinstance(within, dict) else None
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e12:
            values[name] = float(value)
        else:
            place = f"{CHOICES_FILE} {table}.{key}"
            problems.append(Problem(place, value, "expected a positive number", "Add it; see README.md."))
    return (None if problems else Choices(**values)), problems


def _study(row: Row, catalogue: Catalogue) -> Study:
    check.check_study(row, catalogue)
    return Study(**{**row.cells, "n": row.count("n", least=1)})  # type: ignore[arg-type]


def _labelled(row: Row, studies: Mapping[str, Study], catalogue: Catalogue) -> LabelledStudy:
    check.check_labelled(row, studies, catalogue)
    return LabelledStudy(
        labelled_id=row.key,
        study_id=row["study_id"],
        age_years=row.number("age_years", low=0, high=120) or 0.0,
        male_share=row.number("male_share", low=0, high=1) or 0.0,
        setting=row["setting"],
        cutoff_low_mg_dl=row.number("cutoff_low_mg_dl"),
        cutoff_high_mg_dl=row.number("cutoff_high_mg_dl"),
        cutoff_sd=row.number("cutoff_sd"),
        igg_iga_normal=row.yes_no("igg_iga_normal"),
        secondary_excluded=row.yes_no("secondary_excluded"),
        other_excluded=row.yes_no("other_excluded"),
        literature_cases=row.yes_no("literature_cases"),
        note=row["note"],
    )


def _items(
    tables: Mapping[str, list[Row]],
    studies: Mapping[str, Study],
    labelled: Mapping[str, LabelledStudy],
    catalogue: Catalogue,
) -> Iterable[EvidenceItem]:
    """Merge each fact with its reading; rows without a partner are noted as problems."""
    readings = {row.key: row for row in tables["terms.csv"]}
    facts = {row.key: row for row in tables["items.csv"]}
    for key, row in readings.items():
        if key not in facts:
            near = nearest(key, facts)
            row.problem("item_id", "no such item in items.csv", f"Did you mean {near}?" if near else "Remove the row.")
    for key, fact in facts.items():
        check.check_fact(fact, studies)
        if key not in readings:
            fact.problem("item_id", "has no reading in terms.csv", "Add a row; context with a note if it is not used.")
            continue
        reading = readings[key]
        check.check_reading(reading, fact, labelled, catalogue)
        if fact["study_id"] in studies:
            yield _item(fact, reading, studies[fact["study_id"]])


def _item(fact: Row, reading: Row, study: Study) -> EvidenceItem:
    """Merge one fact and its reading; cells that cannot be read have been noted and become None."""
    texts = {c: fact[c] for c in ("item_id", "study_id", "kind", "target", "unit", "k_source", "flag", "spread")}
    words = ("role", "term", "test", "setting", "context", "stat", "bound", "labelled_id")
    texts |= {c: reading[c] for c in (*words, "spread_read", "low_text", "note")}
    texts["cause"] = SEPARATOR.join(reading.parts("cause"))
    quiet = Row(fact.file, fact.line, fact.cells), Row(reading.file, reading.line, reading.cells)
    numbers = {c: quiet[0].number(c) for c in ("value", "low", "high")}
    numbers |= {c: quiet[1].number(c) for c in ("threshold_mg_dl", "age_years", "male_share", "window_years")}
    return EvidenceItem(
        **texts,  # type: ignore[arg-type]
        **numbers,  # type: ignore[arg-type]
        k=quiet[0].count("k"),
        n=quiet[0].count("n"),
        threshold_printed_mg_dl=quiet[0].number("threshold_mg_dl"),
        note_source=fact["note"],
        findings=reading.parts("findings"),
        overlap_group=reading["overlap_group"] or study.overlap_group or study.study_id,
        study=study,
    )


def _observed(items: list[EvidenceItem], choices: Choices) -> tuple[list[EvidenceItem], list[Problem]]:
    """Give each item that is used its observation."""
    sds = {i.study_id: i.value for i in items if i.kind == "igm_level_labelled_primary_sd" and i.unit == "mg/dL"}
    done: list[EvidenceItem] = []
    problems: list[Problem] = []
    for item in items:
        if not item.used:
            done.append(item)
            continue
        sd = sds.get(item.study_id) if item.term == "igm_moment_labelled" else None
        try:
            done.append(replace(item, observed=observe(item, choices=choices, sd_mg_dl=sd)))
        except (ValueError, ArithmeticError) as error:
            remedy = "Complete the row in items.csv, or make its role context with a note."
            problems.append(Problem(f"items.csv ({item.item_id})", item.term, str(error), remedy))
    return done, problems


def _excluded(items: Iterable[EvidenceItem], exclude: Collection[str]) -> frozenset[str]:
    """Turn ids of items, studies and overlap groups into item ids."""
    wanted = [exclude] if isinstance(exclude, str) else list(exclude)
    by_name: dict[str, set[str]] = {}
    for item in items:
        for name in (item.item_id, item.study_id, item.overlap_group):
            by_name.setdefault(name, set()).add(item.item_id)
    problems: list[Problem] = []
    for name in wanted:
        if name not in by_name:
            near = nearest(str(name), by_name)
            hint = f"Did you mean {near}?" if near else "Name an item, a study or an overlap group."
            problems.append(Problem("exclude", name, "nothing of this name in the evidence", hint))
    if problems:
        raise EvidenceError(problems)
    return frozenset[str]().union(*(by_name[name] for name in wanted))


def _sha256(tables: Mapping[str, list[Row]], document: Mapping[str, Any], excluded: frozenset[str]) -> str:
    canonical: dict[str, Any] = {
        name: sorted((row.cells for row in rows), key=lambda cells: json.dumps(cells, sort_keys=True))
        for name, rows in tables.items()
    }
    canonical[CHOICES_FILE] = document
    canonical["excluded"] = sorted(excluded)
    text = json.dumps(canonical, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
