"""The tables of a catalogue as frozen dataclasses; the order of the rows is the order of every index."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

Kind = Literal["setting", "context", "finding", "cause", "test", "analyte", "class"]
Recovery = Literal["fast", "slow", "never"]


@dataclass(frozen=True)
class Option:
    """A choice in a list: a class, a group of findings, a site of infection."""

    id: str
    label: str
    help: str = ""


@dataclass(frozen=True)
class Setting:
    """Where IgM was measured. Prevalences and backgrounds refer to the people tested there."""

    id: str
    label: str
    question: str


@dataclass(frozen=True)
class AgeBand:
    """Ages in years from `low_years` (included) to `high_years` (not included)."""

    id: str
    low_years: float
    high_years: float


@dataclass(frozen=True)
class Analyte:
    """An immunoglobulin class and the results that can be believed, in mg/dL.

    Attributes
    ----------
    default_resolution_mg_dl
        Step of the printed result where the file states none.
    lowest_mg_dl, highest_mg_dl
        Measured values outside are refused: almost always the wrong unit.
    lowest_limit_mg_dl
        The same for a limit of quantification (comparator ``<``).
    lowest_upper_limit_mg_dl
        A printed reference interval that ends below is in another unit than the result.
    check_unit_below_mg_dl
        Values below are possible, but a caution asks whether the unit is right.
    """

    id: str
    label: str
    usual_unit: str
    default_resolution_mg_dl: float
    lowest_mg_dl: float
    lowest_limit_mg_dl: float
    highest_mg_dl: float
    lowest_upper_limit_mg_dl: float
    check_unit_below_mg_dl: float
    source: str


@dataclass(frozen=True)
class Context:
    """The circumstances of a blood sample; `caution` marks those in which IgM misleads."""

    id: str
    label: str
    caution: bool
    help: str = ""


@dataclass(frozen=True)
class Finding:
    """A sign that counts as present with `min_count` episodes in the last `window_years`.

    `window_years` is ``None`` for "ever"; for a person younger than the window it is the age.
    """

    id: str
    label: str
    group: str
    infection: bool
    window_years: float | None
    min_count: int
    help: str
    source: str


@dataclass(frozen=True)
class InvasiveFlag:
    """A flat column of a table (``meningitis``) and the attributes of the invasive infection it means."""

    id: str
    label: str
    site: str | None = None
    organism: str | None = None


@dataclass(frozen=True)
class Invasive:
    """Attributes of an invasive infection: one episode is one piece of evidence."""

    sites: tuple[Option, ...]
    organisms: tuple[Option, ...]
    severities: tuple[Option, ...]
    numbers: tuple[Option, ...]
    flags: tuple[InvasiveFlag, ...]


@dataclass(frozen=True)
class Cause:
    """An exposure that can lower IgM.

    Attributes
    ----------
    recordable
        Whether a patient file may state it (``occult`` cannot be stated).
    complication
        Whether it also follows primary deficiency, so that its rate differs by class.
    min_age_years, max_age_years
        Ages outside which it does not occur (``None``: no limit).
    depletion
        Whether a profound shift of IgM is possible.
    hold_months, half_life_months
        How long the hazard stays whole after the last dose or remission, and how fast it halves after that
        (``inf``: never).
    recovers
        Course of IgM once the cause has gone.
    raised_with
        Causes in the presence of which this one is commoner.
    source
        Where the numbers of this row come from.
    """

    id: str
    label: str
    group: str
    recordable: bool
    complication: bool
    min_age_years: float | None
    max_age_years: float | None
    depletion: bool
    hold_months: float
    half_life_months: float
    recovers: Recovery
    raised_with: tuple[str, ...]
    help: str
    source: str


@dataclass(frozen=True)
class Test:
    """An immunology test; `esid` where its being normal is one of the ESID criteria."""

    id: str
    label: str
    esid: bool
    help: str

    __test__ = False  # not a pytest class, whatever its name


@dataclass(frozen=True)
class Limits:
    """Bounds of what is accepted and answered.

    Attributes
    ----------
    lowest_age_years, highest_age_years
        Ages that are believed.
    answered_from_years
        Corrected age below which no probability is given.
    term_weeks, preterm_below_weeks, correct_age_until_years
        Age is corrected to `term_weeks` in those born before `preterm_below_weeks`, until this age.
    lowest_gestational_weeks, highest_gestational_weeks
        Gestational ages that are believed.
    earliest_year, latest_year
        Years that are believed in a date.
    finest_resolution_mg_dl
        A result is never taken to be more exact than this.
    urgent_in_infants
        Findings that make the refusal below `answered_from_years` urgent.
    """

    lowest_age_years: float
    highest_age_years: float
    answered_from_years: float
    term_weeks: float
    preterm_below_weeks: float
    lowest_gestational_weeks: float
    highest_gestational_weeks: float
    correct_age_until_years: float
    earliest_year: int
    latest_year: int
    finest_resolution_mg_dl: float
    urgent_in_infants: tuple[str, ...]


@dataclass(frozen=True)
class Catalogue:
    """Everything a model knows by name."""

    name: str
    title: str
    version: str
    classes: tuple[Option, ...]
    parts: tuple[Option, ...]
    settings: tuple[Setting, ...]
    age_bands: tuple[AgeBand, ...]
    analytes: tuple[Analyte, ...]
    contexts: tuple[Context, ...]
    finding_groups: tuple[Option, ...]
    findings: tuple[Finding, ...]
    invasive: Invasive
    cause_groups: tuple[Option, ...]
    causes: tuple[Cause, ...]
    tests: tuple[Test, ...]
    limits: Limits

    @cached_property
    def _rows(self) -> dict[Kind, tuple[Any, ...]]:
        return {
            "setting": self.settings,
            "context": self.contexts,
            "finding": self.findings,
            "cause": self.causes,
            "test": self.tests,
            "analyte": self.analytes,
            "class": self.classes,
        }

    @cached_property
    def _indices(self) -> dict[Kind, dict[str, int]]:
        return {kind: {row.id: i for i, row in enumerate(rows)} for kind, rows in self._rows.items()}

    def ids(self, kind: Kind) -> tuple[str, ...]:
        """Return the ids of one table, in the order of its index."""
        return tuple(self._indices[kind])

    def has(self, kind: Kind, id: str) -> bool:
        """Say whether the table has this id."""
        return id in self._indices[kind]

    def _index(self, kind: Kind, id: str) -> int:
        try:
            return self._indices[kind][id]
        except KeyError:
            near = self.suggest(kind, id)
            raise KeyError(f"no {kind} {id!r} in model {self.name}; nearest: {near}") from None

    def setting_index(self, id: str) -> int:
        """Return the position of a setting; KeyError names the nearest id."""
        return self._index("setting", id)

    def context_index(self, id: str) -> int:
        """Return the position of a sample context; KeyError names the nearest id."""
        return self._index("context", id)

    def finding_index(self, id: str) -> int:
        """Return the position of a finding; KeyError names the nearest id."""
        return self._index("finding", id)

    def cause_index(self, id: str) -> int:
        """Return the position of a cause; KeyError names the nearest id."""
        return self._index("cause", id)

    def test_index(self, id: str) -> int:
        """Return the position of an immunology test; KeyError names the nearest id."""
        return self._index("test", id)

    def analyte(self, id: str) -> Analyte:
        """Return the analyte ``IgM``, ``IgG`` or ``IgA``."""
        return self.analytes[self._index("analyte", id)]

    def age_band_index(self, age_years: float) -> int:
        """Return the position of the age band that holds `age_years` (corrected age).

        Raises
        ------
        ValueError
            If no band holds this age.
        """
        for i, band in enumerate(self.age_bands):
            if band.low_years <= age_years < band.high_years:
                return i
        low, high = self.age_bands[0].low_years, self.age_bands[-1].high_years
        bands = f"no age band of model {self.name} ({low:g} to {high:g} years)"
        raise ValueError(f"age {age_years:g} years is in {bands}")

    def suggest(self, kind: Kind, id: str) -> str | None:
        """Return the id that an unknown one may mean: near in spelling, or named in label or help.

        ``"sinusitus"`` gives ``sinusitis``, ``"rituximab"`` gives ``b_cell_depletion``; else ``None``.
        """
        found = nearest(id, self.ids(kind))
        words = _plain(id)
        if found is not None or len(words.strip()) < 3:
            return found
        texts = {row.id: _plain(f"{row.label} {getattr(row, 'help', '')}") for row in self._rows[kind]}
        named = {row_id: text.index(words) for row_id, text in texts.items() if words in text}
        return min(named, key=lambda row_id: named[row_id]) if named else None


def _plain(text: str) -> str:
    """Return the words of a text in lower case, a blank between and around them."""
    return f" {' '.join(re.findall(r'[a-z0-9]+', text.lower()))} "


def nearest(word: str, choices: tuple[str, ...]) -> str | None:
    """Return the choice nearest to `word`: its initials, a near spelling, or one that contains it."""
    import difflib

    plain = "_".join(_plain(word).split())
    initials = [c for c in choices if "_" in c and "".join(part[0] for part in c.split("_") if part) == plain]
    if len(initials) == 1:
        return initials[0]
    found = difflib.get_close_matches(plain, choices, n=1, cutoff=0.6)
    if found:
        return found[0]
    inside = [choice for choice in choices if len(plain) >= 3 and (plain in choice or choice in plain)]
    return min(inside, key=len) if inside else None
