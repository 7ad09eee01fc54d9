"""The registry as read: people, findings, causes, tests and samples as arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.registry.issues import Account
from sigm_bayes.registry.mapping import STATUSES
from sigm_bayes.registry.sources import SourceTally
from sigm_bayes.registry.tables import Table

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue
    from sigm_bayes.patient import Patient

FloatArray = NDArray[np.float64]
Int8Array = NDArray[np.int8]
SEXES = ("female", "male")
TEST_STATES = ("not_done", "not_interpretable", "normal", "abnormal")
SAMPLES = (
    *("person", "analyte", "value", "step", "low", "high", "comparator", "date_low", "date_high", "context"),
    *("reference_low", "reference_high"),
)
_WORDS = ("centres", "settings", "labels", "contexts", "organisms", "severities", "numbers")
_PERSON = (
    *("centre", "age_years", "age_low", "age_high", "gestational_weeks", "sex", "setting"),
    *("label", "label_date", "first_label", "label_changed", "igg_status", "iga_status", "on_immunoglobulin"),
    *("immunoglobulin_started_low", "immunoglobulin_started_high"),
    *("immunoglobulin_stopped_low", "immunoglobulin_stopped_high"),
    *("known_inborn_error", "no_significant_infection"),
)


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
            found.append((self.table.unreadable_kind, "", len(self.table.unreadable)))
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
    age_years, age_low, age_high : ndarray, shape (person,)
        At the first IgM: as given or the middle of what the date of birth leaves open, and the range it can be in.
    gestational_weeks : ndarray, shape (person,)
        NaN where not known.
    sex : ndarray of int, shape (person,)
        0 female, 1 male, -1 not known.
    setting, label, first_label : ndarray of int, shape (person,)
        Position in `settings` and `labels`, -1 where not known; `label` is the latest one.
    label_date : ndarray, shape (person,)
        Middle of the date of the latest label in decimal years, NaN where not known.
    label_changed : ndarray of bool, shape (person,)
        Whether an earlier label was another one.
    igg_status, iga_status : ndarray of int, shape (person,)
        Position in `STATUSES` where nothing but this word is known, else -1.
    on_immunoglobulin, known_inborn_error : ndarray of int, shape (person,)
        1 yes, 0 no, -1 unknown.
    immunoglobulin_started_low, ..., immunoglobulin_stopped_high : ndarray, shape (person,)
        Start and end, in decimal years, of the date on which replacement began and stopped; NaN where not known.
    no_significant_infection : ndarray of int, shape (person,)
        1: none, and all infections are absent; 0: some infection, perhaps not known which; -1 unknown.
    findings : ndarray of int, shape (person, finding)
    unions : ndarray of int, shape (person, union)
    causes : ndarray of int, shape (person, cause)
        1 present, 0 absent, -1 unknown.
    union_members : ndarray of bool, shape (union, finding)
    tests : ndarray of int, shape (person, test)
        Position in `TEST_STATES`, -1 where blank.
    exposures : mapping of str to ndarray, shape (exposure,)
        Present exposures of whose course anything is known: ``person`` and ``cause`` (positions), ``started``
        (0 before the first low IgM, 1 after it), ``last_dose_low``, ``last_dose_high`` (decimal years),
        ``igm_before`` (0 normal, 1 low), ``igm_recovered_after_stop`` (0 no, 1 yes); -1 or NaN where not known.
    episodes : mapping of str to ndarray, shape (episode,)
        Described invasive infections: ``person``, ``sites`` (episode, site), ``organism``, ``severity``, ``number``
        (positions, -1 where not known).
    samples : mapping of str to ndarray, shape (sample,)
        ``person`` (position), ``analyte`` (position in IgM, IgG, IgA), ``value`` and ``step`` (as printed), ``low``,
        ``high`` (mg/dL; the levels that print as this result), ``comparator`` (position in ``= < <= > >=``),
        ``date_low``, ``date_high`` (decimal years, NaN where not known), ``context`` (position in `contexts`),
        ``reference_low``, ``reference_high`` (the laboratory's own interval, mg/dL, NaN where not printed).
    boxes : tuple of str
        Findings and causes that not everybody was asked about: unknown means that nobody ticked it.
    finding_ids, union_ids, cause_ids, test_ids, settings, labels, contexts : tuple of str
    sites, organisms, severities, numbers : tuple of str
        What the positions mean.
    people, measured : Tally
        Account of the rows of the table of people and of the table of samples (None where there is none).
    sources : tuple of SourceTally
        Account of the tables behind these two, where the format has others (OMOP, FHIR).
    """

    person_id: NDArray[np.object_]
    centre: NDArray[np.int32]
    centres: tuple[str, ...]
    age_years: FloatArray
    age_low: FloatArray
    age_high: FloatArray
    gestational_weeks: FloatArray
    sex: Int8Array
    setting: Int8Array
    label: Int8Array
    label_date: FloatArray
    first_label: Int8Array
    label_changed: NDArray[np.bool_]
    igg_status: Int8Array
    iga_status: Int8Array
    on_immunoglobulin: Int8Array
    immunoglobulin_started_low: FloatArray
    immunoglobulin_started_high: FloatArray
    immunoglobulin_stopped_low: FloatArray
    immunoglobulin_stopped_high: FloatArray
    known_inborn_error: Int8Array
    no_significant_infection: Int8Array
    findings: Int8Array
    unions: Int8Array
    union_members: NDArray[np.bool_]
    causes: Int8Array
    tests: Int8Array
    exposures: dict[str, NDArray[Any]]
    episodes: dict[str, NDArray[Any]]
    samples: dict[str, NDArray[Any]]
    finding_ids: tuple[str, ...]
    union_ids: tuple[str, ...]
    cause_ids: tuple[str, ...]
    test_ids: tuple[str, ...]
    settings: tuple[str, ...]
    labels: tuple[str, ...]
    contexts: tuple[str, ...]
    sites: tuple[str, ...]
    organisms: tuple[str, ...]
    severities: tuple[str, ...]
    numbers: tuple[str, ...]
    people: Tally
    measured: Tally | None
    boxes: tuple[str, ...] = ()
    sources: tuple[SourceTally, ...] = ()

    @property
    def size(self) -> int:
        """Number of people."""
        return int(self.person_id.size)

    def to_dataset(self) -> Any:
        """Return an ``xarray.Dataset`` (needs xarray).

        Dims are person, finding, union, cause, test and, each entry with the position of its person, sample, exposure
        and episode (with site).
        """
        import xarray

        person = {name: ("person", getattr(self, name)) for name in _PERSON}
        states = {
            "findings": (("person", "finding"), self.findings),
            "unions": (("person", "union"), self.unions),
            "union_members": (("union", "finding"), self.union_members),
            "causes": (("person", "cause"), self.causes),
            "tests": (("person", "test"), self.tests),
        }
        entries = {f"sample_{name}": ("sample", self.samples[name]) for name in SAMPLES}
        entries |= {f"exposure_{name}": ("exposure", values) for name, values in self.exposures.items()}
        for name, values in self.episodes.items():
            entries[f"episode_{name}"] = (("episode", "site")[: values.ndim], values)  # type: ignore[assignment]
        coords = {
            "person": self.person_id.astype(str),
            "finding": list(self.finding_ids),
            "union": list(self.union_ids),
            "cause": list(self.cause_ids),
            "test": list(self.test_ids),
            "site": list(self.sites),
        }
        words = {name: list(getattr(self, name)) for name in _WORDS}
        words |= {"sexes": list(SEXES), "test_states": list(TEST_STATES), "statuses": list(STATUSES)}
        words |= {"analytes": ["IgM", "IgG", "IgA"], "started": ["before_low_igm", "after_low_igm"]}
        told = {
            "states": "1 present, 0 absent, -1 unknown",
            "units": "levels mg/dL, ages and dates decimal years, gestation weeks",
        }
        return xarray.Dataset({**person, **states, **entries}, coords=coords, attrs={**words, **told})

    def patients(self, *, catalogue: Catalogue | None = None) -> Iterator[tuple[str, Patient]]:
        """Yield (person id, patient) of every person, exactly as the registry was understood.

        See `sigm_bayes.registry.patients`.
        """
        from sigm_bayes.registry.patients import registry_patients

        return registry_patients(self, catalogue=catalogue)
