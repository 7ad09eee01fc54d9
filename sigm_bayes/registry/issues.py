"""What can be wrong with a row or a value, what follows from it, and the account of every row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sigm_bayes.registry.tables import Column

Effect = Literal["rejected", "left_out", "caution", "note"]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

ACCEPTED, CAUTION, REJECTED = 0, 1, 2
STATUSES = ("accepted", "caution", "rejected")


@dataclass(frozen=True)
class Kind:
    """One kind of issue.

    Attributes
    ----------
    effect
        ``rejected``: the row is not used.  ``left_out``: the value is not used, the row is, with caution.
        ``caution``: the value is used and should be looked at.  ``note``: said, the row stays accepted.
    says
        What is wrong, in words a registry manager can act on.
    remedy
        What to do about it.
    """

    effect: Effect
    says: str
    remedy: str


KINDS: dict[str, Kind] = {
    "cell_count": Kind("rejected", "the row has not as many cells as the header", "Quote cells that hold a separator."),
    "not_converted": Kind("rejected", "the row belongs to no table that is read", "See the text of the row."),
    "blank_row": Kind("rejected", "no mapped column holds anything", "Delete the row."),
    "no_person_id": Kind("rejected", "the person has no id", "Give every person an id."),
    "duplicate_row": Kind("rejected", "all mapped columns repeat an earlier row", "Delete the copy."),
    "conflicting_person": Kind(
        "rejected", "an earlier row of this person has another sex or date of birth", "Check the id and the person."
    ),
    "repeated_person": Kind(
        "rejected", "the person has an earlier row, and the mapping says one row a person", 'Or set repeats = "visits".'
    ),
    "age_missing": Kind("rejected", "neither age nor date of birth with a sample date", "Add the age."),
    "age_not_a_number": Kind("rejected", "the age is no number", "Write years as a number, for example 34 or 1.5."),
    "age_negative": Kind("rejected", "the age is negative", "Correct the age or the dates."),
    "age_impossible": Kind("rejected", "the age is above 120 years", "Correct the age."),
    "under_6_months": Kind(
        "rejected", "younger than 6 months (corrected age): IgM is not judged there", "None: out of scope."
    ),
    "may_be_under_6_months": Kind("caution", "the age is not known exactly and may be under 6 months", "Add months."),
    "gestation_impossible": Kind("left_out", "no possible length of pregnancy", "Give completed weeks at birth."),
    "no_igm": Kind("rejected", "no usable IgM result", "See what was said about the IgM value, if anything."),
    "unknown_person": Kind("rejected", "the person is not in the table of people, or was rejected there", "See there."),
    "unknown_analyte": Kind("rejected", "the analyte is none of IgM, IgG, IgA", "Map the word, or leave the row."),
    "no_value": Kind("rejected", "the sample has no usable value", "See what was said about the value, if anything."),
    "value_missing": Kind("left_out", "the value is blank", "Give the value or delete the row."),
    "value_not_a_number": Kind("left_out", "the result is no number", 'Write 25, "0.30" or "<20".'),
    "value_negative": Kind("left_out", "the result is negative", "Correct the value."),
    "value_ambiguous": Kind(
        "left_out", "a thousand or a decimal comma: 1,234 can be both", 'Set decimal = "," or "." in the mapping.'
    ),
    "value_not_believed": Kind("left_out", "no unit error aside, the result cannot be believed", "Check the value."),
    "unit_missing": Kind("left_out", "the result has no unit; units are never guessed", "Add the unit."),
    "unit_unknown": Kind("left_out", "the unit is none that is known", "Write mg/dL, g/L, mg/L ..."),
    "unit_suspected": Kind(
        "left_out",
        "IgM, IgG and IgA together look as if in another unit than stated",
        'Correct the unit in the row, or set suspected_units = "keep" or "convert" in the mapping.',
    ),
    "unit_suspected_kept": Kind("caution", "the unit looks wrong; kept as stated, as the mapping says", "Check it."),
    "unit_converted": Kind("caution", "the unit looked wrong; converted, as the mapping says", "Check it."),
    "unit_in_cell": Kind("caution", "the cell names its own unit, which was used", "Put units in a column."),
    "sample_repeated": Kind(
        "left_out", "the same result of the same person and day stands in an earlier row", "None: it counts once."
    ),
    "before_birth": Kind("left_out", "the sample is dated before birth", "Correct one of the dates."),
    "sample_in_future": Kind(
        "left_out",
        "the sample is dated in the future",
        "Correct the date. If the clock of this computer is wrong, set data_until in the mapping.",
    ),
    "date_in_future": Kind(
        "left_out",
        "the date lies in the future and is not used",
        "Correct the date. If the clock of this computer is wrong, set data_until in the mapping.",
    ),
    "reference_not_readable": Kind("left_out", "no reference interval can be read", "Write two numbers, low - high."),
    "reference_not_believed": Kind(
        "left_out", "no reference interval of this analyte in the unit of the value", "Correct the interval or unit."
    ),
    "status_beside_result": Kind("note", "low, normal or high is said beside a result: the result counts", ""),
    "replacement_from_date": Kind("note", "replacement has a first date and no state: counted as present", ""),
    "exposure_from_course": Kind(
        "caution", "an exposure has a course and no state: counted as present", "Add the state."
    ),
    "course_of_absent": Kind("left_out", "the course of an exposure that is absent", "Correct state or course."),
    "course_differs": Kind("caution", "rows of one person differ in the course of an exposure", "Check the rows."),
    "course_contradicts": Kind(
        "left_out",
        "the exposure began after the low IgM, but ended before it or followed a normal IgM: order unknown",
        "Correct the dates.",
    ),
    "cause_not_at_age": Kind("left_out", "the exposure does not occur at this age", "Correct exposure or age."),
    "infection_contradicts": Kind(
        "caution", "absent is said of what another column says is present: present counts", "Correct one of them."
    ),
    "igg_on_replacement": Kind(
        "left_out", "IgG on immunoglobulin replacement says nothing of the person's own", "Use IgG from before it."
    ),
    "tests_on_replacement": Kind(
        "left_out", "vaccine responses and subclasses cannot be interpreted on immunoglobulin", "None."
    ),
    "word_unknown": Kind("left_out", "the word is not in the mapping, hence unknown", "Add the word to the mapping."),
    "states_differ": Kind("caution", "rows of one person differ: present counts", "Check the rows."),
    "date_not_readable": Kind("caution", "no date; the sample is used without one", "Write 2026-01-15."),
    "date_two_digit_year": Kind(
        "caution", "the year has two digits; the date is not used", "Set two_digit_years_until in the mapping."
    ),
    "date_ambiguous": Kind(
        "caution", "day and month cannot be told apart; the date is not used", 'Set date_order = "dmy" or "mdy".'
    ),
    "date_out_of_range": Kind("caution", "the year cannot be right; the date is not used", "Correct the date."),
    "date_partial": Kind("note", "month or year only: kept as that interval", ""),
    "age_from_birth_year": Kind("note", "age from an incomplete date of birth: the middle of its range", ""),
    "label_changed": Kind("caution", "the diagnosis changed: the latest by its date is used", "Check the dates."),
    "label_date_missing": Kind("caution", "diagnoses differ and are undated: none is used", "Add the date."),
    "not_asked": Kind("note", "0 in a column that was not asked of everybody: unknown", "If asked, set asked = true."),
    "decimal_comma": Kind("note", "a decimal comma was read as such", ""),
    "text_repaired": Kind("caution", "a broken character was repaired", "Export the file as UTF-8."),
}


@dataclass(frozen=True)
class Issue:
    """One kind of issue in one column, and the rows that have it.

    Attributes
    ----------
    kind : str
        Key of `KINDS`.
    column : str
        Name in the file; empty for the row as a whole.
    rows : ndarray, shape (issue_row,)
        Positions in the table (0-based).
    values : Column or None
        The column that holds the offending text.
    """

    kind: str
    column: str
    rows: IntArray
    values: Column | None

    def text(self, position: int) -> str:
        """Return the offending text of the issue's row number `position`."""
        return "" if self.values is None else self.values.text(int(self.rows[position]))


class Account:
    """Every row of one table: its status and the issues that led to it."""

    def __init__(self, rows: int) -> None:
        self.status: NDArray[np.int8] = np.zeros(rows, dtype=np.int8)
        self.issues: list[Issue] = []

    def add(self, kind: str, rows: BoolArray, *, column: str = "", values: Column | None = None) -> None:
        """Note an issue.

        Parameters
        ----------
        kind
            Key of `KINDS`.
        rows : ndarray of bool, shape (row,)
            Which rows have it.
        column, values
            Where it is, and the texts of that column.
        """
        where = np.flatnonzero(rows)
        if not where.size:
            return
        effect = KINDS[kind].effect
        if effect != "note":
            level = REJECTED if effect == "rejected" else CAUTION
            self.status[where] = np.maximum(self.status[where], level)
        for i, issue in enumerate(self.issues):
            if (issue.kind, issue.column) == (kind, column):  # a column that serves several results is counted once
                self.issues[i] = Issue(kind, column, np.union1d(issue.rows, where), issue.values or values)
                return
        self.issues.append(Issue(kind, column, where, values))

    @property
    def rejected(self) -> BoolArray:
        """Which rows are rejected so far, shape (row,)."""
        return np.asarray(self.status == REJECTED)

    def counts(self) -> dict[str, int]:
        """Return how many rows are accepted, accepted with caution, rejected; they sum to the rows."""
        found = np.bincount(self.status, minlength=3)
        return {name: int(found[i]) for i, name in enumerate(STATUSES)}

    def reasons(self) -> list[tuple[str, str, int]]:
        """Return kind, column and number of rows, the most frequent first."""
        found = [(issue.kind, issue.column, issue.rows.size) for issue in self.issues]
        return sorted(found, key=lambda entry: (-entry[2], entry[0], entry[1]))
