"""Names of the form's controls: those of the patient file, so that a problem finds its control by its field."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_ROW = re.compile(r"(igm|igg|iga|invasive)(?:\[(\d+)\])?(?:\.(\w+))?(?:\[(\d+)\])?$")
FIRST_CONTROL = {"igm": "value", "igg": "value", "iga": "value", "invasive": "site"}
"""The control that stands for a whole row."""


@dataclass(frozen=True)
class FieldProblem:
    """A problem as the page prints it; never with the value, which stands in the control already.

    Attributes
    ----------
    control
        Name of the control, or empty where the problem belongs to none.
    message, remedy
        What is wrong, and what to do.
    """

    control: str
    message: str
    remedy: str


def control_id(name: str) -> str:
    """Return the id of a control: letters, digits and hyphens only."""
    return "f-" + re.sub(r"[^A-Za-z0-9_]+", "-", name).strip("-")


def control_of(field: str, rows: dict[str, Sequence[int]]) -> str:
    """Return the control that a field of the patient file came from.

    Parameters
    ----------
    field
        As in `sigm_bayes.errors.Problem`: ``igm[1].unit``, ``causes.clozapine``.
    rows
        For each list the row of the form that each entry came from: blank rows are skipped.
    """
    if field in ("age_years", "age_months", "patient"):
        return "age"
    match = _ROW.match(field)
    if match:
        table, number, key, end = match.groups()
        listed = rows.get(table, ())
        at = int(number or 0)
        row = listed[at] if at < len(listed) else 0
        if key == "reference_interval":
            key = "reference_high" if end == "1" else "reference_low"
        return f"{table}[{row}].{key or FIRST_CONTROL[table]}"
    parts = field.split(".")
    if parts[0] == "causes" and len(parts) == 2:
        return f"{field}.state"
    return field
