"""What every check returns: whether it passed, by which number, and what to show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class CheckTable:
    """A table of texts, ready to print.

    Attributes
    ----------
    header : tuple of str
        Names of the columns, with units.
    rows : tuple of tuple of str
        Cells, one tuple a row, each as long as the header.
    note : str
        What a reader must know to read it.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    def __post_init__(self) -> None:
        wrong = [n for n, row in enumerate(self.rows) if len(row) != len(self.header)]
        if wrong:
            raise ValueError(f"row {wrong[0]} has not the {len(self.header)} cells of the header")


@dataclass(frozen=True)
class CheckResult:
    """The outcome of one check.

    Attributes
    ----------
    name : str
        As asked for on the command line.
    passed : bool or None
        None where a check shows something and judges nothing, or could not judge.
    statistic : mapping of str to float
        The numbers that decided, and those that a reader will want, by a name that says the unit.
    table : CheckTable or None
    figure : str
        SVG, or empty.
    text : str
        The finding in sentences, with the criterion.
    """

    name: str
    passed: bool | None
    statistic: dict[str, float]
    table: CheckTable | None = None
    figure: str = ""
    text: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """passed, NOT PASSED, or shown."""
        return {True: "passed", False: "NOT PASSED", None: "shown"}[self.passed]

    def to_dict(self) -> dict[str, Any]:
        """Plain data, without the figure."""
        table = None if self.table is None else {"header": self.table.header, "rows": self.table.rows}
        return {
            "name": self.name, "passed": self.passed, "statistic": self.statistic, "table": table,
            "text": self.text, **({"details": self.details} if self.details else {}),
        }  # fmt: skip
