"""What single resources say, before it is decided what counts: results, statements, courses of drugs, tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from sigm_bayes.fhir.elements import Coding, Day

Sort = Literal["analyte", "test", "finding", "flag", "cause", "treatment", "inborn_error", "said"]
Flag = Literal["low", "normal", "high", "abnormal"]


class Refused(NamedTuple):
    """Why something is not used: a key of `ledger.REASONS`, and details."""

    kind: str
    details: str = ""


@dataclass(frozen=True, slots=True)
class Meaning:
    """One thing that a code means here.

    Attributes
    ----------
    sort, id : str
        What it is, and its id in the catalogue (or one of `codebook.SAID`).
    coding : Coding
    system : str
        Its system by the names of the table of codes; ``local`` for the package's own.
    whole : bool
        Whether one record is enough for a finding that otherwise needs several: the code says recurrent or chronic.
    caution : str
        What the table of codes says of it.
    """

    sort: Sort
    id: str
    coding: Coding
    system: str
    whole: bool = False
    caution: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A printed result of IgM, IgG or IgA, not yet checked as such.

    `reference` holds low and high as sent, in the unit of the value; `flag` is the laboratory's own word.
    """

    source: str
    shown: str
    analyte: str
    value: str
    unit: str
    comparator: str | None
    day: Day
    note: str = ""
    context: str | None = None
    reference: tuple[str, str] | None = None
    flag: Flag | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """That a finding, a cause, a kind of invasive infection, or an inborn error is there or is not.

    Attributes
    ----------
    present : bool
    first, last : Day or None
        Start (or the earliest day on which it is known to have been there) and end; None where not known.
    starts : bool
        Whether `first` is the start, not just a day on which it was there.
    ongoing : bool
        Whether it is said to go on.
    sites, organism, severity, number
        Of an invasive infection, ids of the catalogue.
    """

    source: str
    shown: str
    meanings: tuple[Meaning, ...]
    present: bool
    first: Day | None = None
    last: Day | None = None
    starts: bool = True
    ongoing: bool = False
    note: str = ""
    sites: tuple[str, ...] = ()
    organism: str | None = None
    severity: str | None = None
    number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """The result of an immunology test; `part` is the laboratory quantity of a test that has several."""

    source: str
    shown: str
    test: str
    part: str
    state: str
    day: Day | None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One of the package's own statements about the person: see `codebook.SAID`."""

    source: str
    shown: str
    name: str
    value: str
    day: Day | None = None


Meanings = tuple[Meaning, ...]
Fact = Result | Statement | Tested | Said
