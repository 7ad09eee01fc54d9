"""What the expected values of published numbers share: parameters, catalogue, curves, and the class weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.catalogue.priors import Priors
from sigm_bayes.evidence import Evidence
from sigm_bayes.likelihood import person
from sigm_bayes.likelihood.exposures import ABSENT, UNKNOWN, ExposureState
from sigm_bayes.likelihood.igm import SampleNoise
from sigm_bayes.likelihood.namespace import Array, Namespace
from sigm_bayes.reference import Curves

MIXED_TERMS = ("tail_in_population", "low_in_tested", "solitary_given_low", "no_cause_given_solitary")
"""Terms about everybody tested in a setting, whatever the class."""


def logit(xp: Namespace, probability: Array) -> Array:
    """Log odds of a probability strictly between 0 and 1."""
    return xp.log(probability) - xp.log(1.0 - probability)


@dataclass(frozen=True)
class Record:
    """A group of people with the same class weights: indices, and what is known of their exposures."""

    setting: int
    age_band: int
    boy: float
    known: str
    possible: tuple[bool, ...]


@dataclass(frozen=True)
class Context:
    """Everything that an expected value can depend on; `p` has no draw axis."""

    xp: Namespace
    p: person.Parameters
    catalogue: Catalogue
    priors: Priors
    evidence: Evidence
    curves: Curves
    _shared: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def noise(self) -> SampleNoise:
        """Constants of an IgM result."""
        c = self.priors.constants
        return SampleNoise(c["igm_error_sd"], c["dip_shift"], c["dip_sd"])

    @cached_property
    def depletion(self) -> np.ndarray:
        """Which causes can shift IgM profoundly; (cause,)."""
        return np.array([c.depletion for c in self.catalogue.causes])

    @cached_property
    def recordable(self) -> tuple[Any, ...]:
        """The causes a record can name, in order."""
        return tuple(c for c in self.catalogue.causes if c.recordable)

    @cached_property
    def late_share_of_low(self) -> float:
        """Share of maturational delay among healthy toddlers below the lower limit."""
        c = self.priors.constants

        def cdf(z: float) -> float:
            return 0.5 * math.erfc(-z / math.sqrt(2.0))

        late = cdf((-c["limit_z"] + c["delay_shift_spreads"]) / c["delay_spread_ratio"])
        return float(c["delay_share"] * late / cdf(-c["limit_z"]))

    def igm_rows(self, age_years: float | None, male_share: float | None) -> tuple[np.ndarray, np.ndarray]:
        """Design rows of the IgM curve."""
        age = 45.0 if age_years is None else age_years
        return self.curves["IgM"].design_row(age, 0.5 if male_share is None else male_share)

    def band(self, age_years: float | None) -> int:
        """Index of the age band (adults where the age is not given)."""
        return self.catalogue.age_band_index(45.0 if age_years is None else max(age_years, 0.5))

    def record(self, setting: str, age_years: float | None, male_share: float | None, known: str) -> Record:
        """What decides the weights of a group of people (see `weights`)."""
        age = 45.0 if age_years is None else age_years
        boy = (0.5 if male_share is None else male_share) if age < self.priors.constants["boy_below_years"] else 0.0
        possible = tuple(possible_at(c, age) for c in self.recordable)
        return Record(self.catalogue.setting_index(setting), self.band(age_years), boy, known, possible)

    def shared(self, name: str, build: Callable[[], Any]) -> Any:
        """A part of the graph that several terms use, built once."""
        if name not in self._shared:
            self._shared[name] = build()
        return self._shared[name]

    def weights(self, records: Sequence[Record]) -> Array:
        """log P(hypothesis, record) for groups of people tested in a setting; (record, hypothesis).

        `known` of a record: "unknown" (nothing is known of exposures), "absent" (none recorded), or "excluded" (the
        secondary causes are excluded; exposures that also follow a primary deficiency stay unknown).
        """
        unique, table = self.shared("weights", self._all_weights)
        return table[np.array([unique.index(r) for r in records])]

    def _all_weights(self) -> tuple[list[Record], Array]:
        wanted: dict[Record, None] = {}
        for item in self.evidence.fitted:
            where = (item.setting, item.age_years, item.male_share)
            if item.term in MIXED_TERMS:
                wanted[self.record(*where, "unknown")] = None
                wanted[self.record(*where, "absent")] = None
        for g in self.evidence.labelled_studies:
            known = "excluded" if g.secondary_excluded else "unknown"
            wanted[self.record(g.setting, g.age_years, g.male_share, known)] = None
        records = list(wanted)
        return records, self._weights(records)

    def _weights(self, records: Sequence[Record]) -> Array:
        xp, p = self.xp, self.p
        setting = np.array([r.setting for r in records])
        band = np.array([r.age_band for r in records])
        unknown = np.array(
            [
                [r.known == "unknown" or (r.known == "excluded" and c.complication) for c in self.recordable]
                for r in records
            ]
        )
        state = ExposureState(
            state=np.where(unknown, UNKNOWN, ABSENT),
            hazard_factor=np.ones(unknown.shape),
            possible=np.array([r.possible for r in records], dtype=float),
            raised=np.zeros(unknown.shape),
        )
        primary = p["logit_primary"][setting] + p["primary_age"][band]
        other = p["logit_other"][setting] + p["other_age"][band] + np.array([r.boy for r in records]) * p["other_boy"]
        logit_e = p["logit_exposure"] + p["exposure_setting"].T[setting] + p["exposure_age"].T[band]
        occult = p["log_occult_hazard"][setting] + p["occult_age"][band]
        return person.combine_weights(
            xp, p, primary=primary, other=other, logit_e=logit_e, log_occult=occult, state=state
        )


def possible_at(cause: Any, age_years: float) -> bool:
    """Whether age allows the exposure."""
    low = -math.inf if cause.min_age_years is None else cause.min_age_years
    high = math.inf if cause.max_age_years is None else cause.max_age_years
    return bool(low <= age_years <= high)
