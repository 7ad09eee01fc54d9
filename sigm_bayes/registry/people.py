"""The registry as read: people, findings, causes, tests and samples as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.registry.issues import Account
from sigm_bayes.registry.tables import Table

FloatArray = NDArray[np.float64]
Int8Array = NDArray[np.int8]
SEXES = ("female", "male")
TEST_STATES = ("not_done", "not_interpretable", "normal", "abnormal")
SAMPLES = ("person", "analyte", "value", "low", "high", "comparator", "date_low", "date_high", "context")


@dataclass(frozen=True)
class Tally:
    """What became of the rows of one table.

    Attributes
    ----------
    table : Table
        As read.
    account : Account
        Status and issues of every row that could be split into cells.
    person : str or None
        Column of the person id.
    """

    table: Table
    account: Account
    person: str | None = None

    @property
    def rows(self) -> int:
        """All rows of the file, also those that could not be split into cells."""
        return self.table.rows + len(self.table.unreadable)

    def counts(self) -> dict[str, int]:
        """Return how many rows are accepted, accepted with caution, rejected; they sum to `rows`."""
        found = self.account.counts()
        found["rejected"] += len(self.table.unreadable)
        return found

    def reasons(self) -> list[tuple[str, str, int]]:
        """Return kind of issue, column and number of rows, the most frequent first."""
        found = self.account.reasons()
        if self.table.unreadable:
            found.append(("cell_count", "", len(self.table.unreadable)))
        return sorted(found, key=lambda entry: -entry[2])


@dataclass(frozen=True)
class Registry:
    """Accepted people and their samples.

    Attributes
    ----------
    person_id : ndarray of str, shape (person,)
    centre : ndarray of int, shape (person,)
        Position in `centres`, -1 where not known.
    centres : tuple of str
    age_years : ndarray, shape (person,)
        At the first IgM.
    sex : ndarray of int, shape (person,)
        0 female, 1 male, -1 not known.
    setting, label : ndarray of int, shape (person,)
        Position in `settings` and `labels`, -1 where not known.
    label_date : ndarray, shape (person,)
        Middle of the date of the label in decimal years, NaN where not known.
    on_immunoglobulin : ndarray of int, shape (person,)
    findings : ndarray of int, shape (person, finding)
    unions : ndarray of int, shape (person, union)
    causes : ndarray of int, shape (person, cause)
        1 present, 0 absent, -1 unknown.
    union_members : ndarray of bool, shape (union, finding)
    tests : ndarray of int, shape (person, test)
        Position in `TEST_STATES`, -1 where blank.
    samples : mapping of str to ndarray, shape (sample,)
        ``person`` (position), ``analyte`` (position in IgM, IgG, IgA), ``value``, ``low``, ``high`` (mg/dL; the
        levels that print as this result), ``comparator`` (position in ``= < <= > >=``), ``date_low``,
        ``date_high`` (decimal years, NaN where not known), ``context`` (position in `contexts`).
    finding_ids, union_ids, cause_ids, test_ids, settings, labels, contexts : tuple of str
        What the positions mean.
    people, measured : Tally
        Account of the rows of the table of people and of the table of samples (None where there is none).
    """

    person_id: NDArray[np.object_]
    centre: NDArray[np.int32]
    centres: tuple[str, ...]
    age_years: FloatArray
    sex: Int8Array
    setting: Int8Array
    label: Int8Array
    label_date: FloatArray
    on_immunoglobulin: Int8Array
    findings: Int8Array
    unions: Int8Array
    union_members: NDArray[np.bool_]
    causes: Int8Array
    tests: Int8Array
    samples: dict[str, NDArray[Any]]
    finding_ids: tuple[str, ...]
    union_ids: tuple[str, ...]
    cause_ids: tuple[str, ...]
    test_ids: tuple[str, ...]
    settings: tuple[str, ...]
    labels: tuple[str, ...]
    contexts: tuple[str, ...]
    people: Tally
    measured: Tally | None

    @property
    def size(self) -> int:
        """Number of people."""
        return int(self.person_id.size)

    def to_dataset(self) -> Any:
        """Return an ``xarray.Dataset`` with dims person, finding, union, cause, test and sample (needs xarray)."""
        import xarray

        person = {
            name: ("person", getattr(self, name))
            for name in ("centre", "age_years", "sex", "setting", "label", "label_date", "on_immunoglobulin")
        }
        states = {
            "findings": (("person", "finding"), self.findings),
            "unions": (("person", "union"), self.unions),
            "union_members": (("union", "finding"), self.union_members),
            "causes": (("person", "cause"), self.causes),
            "tests": (("person", "test"), self.tests),
        }
        samples = {f"sample_{name}": ("sample", self.samples[name]) for name in SAMPLES}
        coords = {
            "person": self.person_id.astype(str),
            "finding": list(self.finding_ids),
            "union": list(self.union_ids),
            "cause": list(self.cause_ids),
            "test": list(self.test_ids),
        }
        words = {
            "centres": list(self.centres),
            "sexes": list(SEXES),
            "settings": list(self.settings),
            "labels": list(self.labels),
            "contexts": list(self.contexts),
            "test_states": list(TEST_STATES),
            "analytes": ["IgM", "IgG", "IgA"],
            "states": "1 present, 0 absent, -1 unknown",
            "units": "levels mg/dL, ages and dates decimal years",
        }
        return xarray.Dataset({**person, **states, **samples}, coords=coords, attrs=words)
