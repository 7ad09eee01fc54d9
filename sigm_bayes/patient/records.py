"""The records of one person in normal form: samples, exposures, episodes of invasive infection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["present", "absent", "unknown"]
Sex = Literal["female", "male", "unknown"]
Status = Literal["normal", "low", "high"]
Comparator = Literal["=", "<", "<=", ">", ">="]
Started = Literal["before_low_igm", "after_low_igm", "unknown"]
Before = Literal["normal", "low", "unknown"]
YesNo = Literal["yes", "no", "unknown"]
TestResult = Literal["normal", "abnormal", "not_done", "not_interpretable"]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One printed result of one analyte, as the interval of levels that print like it.

    Attributes
    ----------
    low_mg_dl, high_mg_dl
        The level lies in ``[low_mg_dl, high_mg_dl)``: 25 at a resolution of 1 is [24.5, 25.5), ``<20`` is
        [0, 20), ``>300`` is [300, inf).
    value_mg_dl
        The printed number in mg/dL.
    comparator
        What stood before the number.
    resolution_mg_dl
        Step of the printed result.
    text
        The result as given, for showing: ``"<0.20 g/L"``.
    date
        ISO date as given, perhaps only a year or a month.
    date_years
        The middle of that day, month or year as a decimal year; ``None`` without a date.
    context
        Circumstances of the sample: an id of the catalogue's contexts.
    reference_low_mg_dl, reference_high_mg_dl
        The laboratory's own reference interval, where it was given.
    """

    low_mg_dl: float
    high_mg_dl: float
    value_mg_dl: float
    comparator: Comparator
    resolution_mg_dl: float
    text: str
    date: str | None
    date_years: float | None
    context: str
    reference_low_mg_dl: float | None
    reference_high_mg_dl: float | None


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """What is known of one possible cause.

    Attributes
    ----------
    started
        Whether it began before or after the first low IgM; after it, it cannot be the cause.
    last_dose, last_dose_years
        Last dose, end or remission: as given, and the middle of that period as a decimal year. ``None`` where
        it goes on or is not known.
    igm_before
        IgM before the exposure.
    igm_recovered_after_stop
        Whether IgM became normal once it had stopped.
    """

    state: State
    started: Started = "unknown"
    last_dose: str | None = None
    last_dose_years: float | None = None
    igm_before: Before = "unknown"
    igm_recovered_after_stop: YesNo = "unknown"


@dataclass(frozen=True, kw_only=True)
class Episode:
    """One invasive infection, whatever the number of its sites; ``None`` or empty where not known."""

    sites: tuple[str, ...] = ()
    organism: str | None = None
    severity: str | None = None
    number: str | None = None

    @property
    def site(self) -> str | tuple[str, ...] | None:
        """The site, the sites if several, ``None`` if not known."""
        if len(self.sites) == 1:
            return self.sites[0]
        return self.sites or None
