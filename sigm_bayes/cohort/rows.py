"""One row of a table -> the mapping that a patient file would give."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sigm_bayes.cohort.columns import ANALYTES, NUMBERS, REFERENCE, SAMPLE_TEXTS, SWITCHES, TEXTS, Columns
from sigm_bayes.errors import Problem

BLANKS = frozenset({"", "na", "n/a"})
STATES: Mapping[str, str] = {
    "present": "present",
    "1": "present",
    "1.0": "present",
    "true": "present",
    "yes": "present",
    "absent": "absent",
    "0": "absent",
    "0.0": "absent",
    "false": "absent",
    "no": "absent",
    "unknown": "unknown",
}
"""How a cell says present or absent; a blank cell is unknown."""


@dataclass(frozen=True)
class Row:
    """A row as read.

    Attributes
    ----------
    number : int
        Line of the file for CSV (the header is 1), position for Parquet (the first person is 1).
    person : str
        `person_id`, or ``row N`` where it is blank.
    cells : mapping
        Column to text, number, truth value or None.
    """

    number: int
    person: str
    cells: Mapping[str, Any]


def is_blank(cell: Any) -> bool:
    """Return whether a cell says nothing: empty, ``NA``, or the NaN that a data frame writes for missing."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return True
    return isinstance(cell, str) and cell.strip().lower() in BLANKS


def row_mapping(row: Row, *, columns: Columns) -> tuple[dict[str, Any], list[Problem]]:
    """Return what a patient file with the same content would hold, and the cells that cannot be read.

    Parameters
    ----------
    row : Row
        As read.
    columns : Columns
        Of the table.

    Returns
    -------
    mapping, problems
        A cell that says neither present nor absent is a problem, and unknown in the mapping.  Values, units
        and dates are for the patient schema to judge.
    """
    cells = {name: row.cells[name] for name in columns.given if not is_blank(row.cells.get(name))}
    problems: list[Problem] = []
    patient: dict[str, Any] = {name: _number(cells[name]) for name in NUMBERS if name in cells}
    patient |= {name: _text(cells[name]) for name in TEXTS if name in cells}
    for name in SWITCHES:
        if name in cells:
            state = _state(name, cells[name], problems)
            if state in {"present", "absent"}:
                patient[name] = state == "present"
    for analyte in ANALYTES:
        sample = _sample(analyte, cells)
        if sample:
            patient[analyte] = [sample]
        if f"{analyte}_status" in cells:
            patient[f"{analyte}_status"] = _text(cells[f"{analyte}_status"])
    for table, names in (("findings", columns.findings), ("causes", columns.causes)):
        states = {name: _state(name, cells[name], problems) for name in names if name in cells}
        if states:
            patient[table] = states
    tests = {name: _text(cells[name]) for name in columns.tests if name in cells}
    if tests:
        patient["tests"] = tests
    return patient, problems


def _text(cell: Any) -> Any:
    if isinstance(cell, str):
        return cell.strip()
    return cell.isoformat()[:10] if isinstance(cell, date) else cell


def _number(cell: Any) -> Any:
    """Return the number a cell holds, or its text where it holds none (the schema then names it)."""
    if not isinstance(cell, str):
        return cell
    try:
        return float(cell)
    except ValueError:
        return cell.strip()


def _state(name: str, cell: Any, problems: list[Problem]) -> str:
    text = str(cell).strip().lower()
    state = STATES.get(text)
    if state is None:
        remedy = "Write present or 1, absent or 0, or leave the cell blank for unknown."
        problems.append(Problem(name, cell, "says neither present nor absent", remedy))
        return "unknown"
    return state


def _sample(analyte: str, cells: Mapping[str, Any]) -> dict[str, Any]:
    """Return one result; its text keeps ``<`` and the printed digits, which say how it was rounded."""
    if analyte not in cells:
        return {}
    sample: dict[str, Any] = {"value": _text(cells[analyte])}
    for end in SAMPLE_TEXTS:
        if f"{analyte}_{end}" in cells:
            sample[end] = _text(cells[f"{analyte}_{end}"])
    if f"{analyte}_resolution" in cells:
        sample["resolution"] = _number(cells[f"{analyte}_resolution"])
    low, high = (cells.get(f"{analyte}_{end}") for end in REFERENCE)
    if low is not None or high is not None:
        sample["reference_interval"] = [_number(low), _number(high)]
    return sample
