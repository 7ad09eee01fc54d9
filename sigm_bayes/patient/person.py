"""One person in normal form: what the rest of the package reads."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from sigm_bayes.catalogue import Catalogue, default_catalogue
from sigm_bayes.patient.normal_form import normal_form
from sigm_bayes.patient.records import Episode, Exposure, Sample, Sex, State, Status, TestResult


@dataclass(frozen=True, init=False)
class Patient:
    """One person as given, in normal form.

    Made in Python with the names of the patient file, or by `read_patient` and `parse_patient`:

    >>> patient = Patient(age_years=34, sex="female", igm=[{"value": 25, "unit": "mg/dL"}])
    >>> patient.igm[0].low_mg_dl, patient.igm[0].high_mg_dl
    (24.5, 25.5)

    Attributes
    ----------
    age_years, corrected_age_years
        Age at the first IgM, and the same counted from term in a preterm infant.
    sex, setting, gestational_weeks
        As given; ``None`` where not.
    igm, igg, iga
        Results in the order given; `igm` has at least one.
    igg_status, iga_status
        What is known where there is no number.
    findings
        State by finding, only those that are known or were stated. ``no_significant_infection`` is spread
        over all infections; ``invasive_infection`` is present if any episode or flat key is.
    no_significant_infection
        As stated; ``absent`` says that some infection was significant, not which.
    invasive
        Episodes of invasive infection as listed.
    episodes
        The same; where none is listed, those that the flat keys add up to.
    invasive_flags
        The flat keys (``meningitis``, ``sepsis`` ...) as stated.
    causes, tests
        By id, only those that were stated.
    known_inborn_error, on_immunoglobulin
        As stated.

    Raises
    ------
    InputError
        Lists everything that is wrong.
    """

    age_years: float
    corrected_age_years: float
    sex: Sex
    setting: str | None
    gestational_weeks: float | None
    igm: tuple[Sample, ...]
    igg: tuple[Sample, ...]
    iga: tuple[Sample, ...]
    igg_status: Status | None
    iga_status: Status | None
    findings: dict[str, State]
    no_significant_infection: State
    invasive: tuple[Episode, ...]
    episodes: tuple[Episode, ...]
    invasive_flags: dict[str, State]
    causes: dict[str, Exposure]
    tests: dict[str, TestResult]
    known_inborn_error: bool
    on_immunoglobulin: bool | None

    def __init__(self, **given: Any) -> None:
        self._take(normal_form(given, catalogue=default_catalogue()))

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any], *, catalogue: Catalogue, source: str = "") -> Self:
        """Make a patient from the content of a patient file; see `parse_patient`."""
        patient = cls.__new__(cls)
        patient._take(normal_form(given, catalogue=catalogue, source=source))
        return patient

    def _take(self, attributes: Mapping[str, Any]) -> None:
        for name, value in attributes.items():
            object.__setattr__(self, name, value)

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some attributes of the normal form changed, unchecked."""
        unknown = changes.keys() - self.__dataclass_fields__.keys()
        if unknown:
            raise TypeError(f"Patient has no attribute {', '.join(sorted(unknown))}")
        patient = copy.copy(self)
        patient._take(changes)
        return patient

    def canonical(self) -> dict[str, Any]:
        """Return what counts in the answer as plain sorted data: equal for two spellings of one patient."""
        plain: dict[str, Any] = {
            "age_years": self.age_years,
            "corrected_age_years": self.corrected_age_years,
            "sex": self.sex,
            "setting": self.setting,
            "igg_status": self.igg_status,
            "iga_status": self.iga_status,
            "no_significant_infection": self.no_significant_infection,
            "known_inborn_error": self.known_inborn_error,
            "on_immunoglobulin": self.on_immunoglobulin,
        }
        for name in ("igm", "igg", "iga"):
            plain[name] = [_sample(sample) for sample in getattr(self, name)]
        plain["findings"] = _stated(self.findings)
        plain["invasive_flags"] = _stated(self.invasive_flags)
        plain["invasive"] = [
            {"sites": list(e.sites), "organism": e.organism, "severity": e.severity, "number": e.number}
            for e in self.invasive
        ]
        plain["causes"] = {
            id: {
                "state": exposure.state,
                "started": exposure.started,
                "last_dose_years": exposure.last_dose_years,
                "igm_before": exposure.igm_before,
                "igm_recovered_after_stop": exposure.igm_recovered_after_stop,
            }
            for id, exposure in sorted(self.causes.items())
            if exposure.state != "unknown"
        }
        plain["tests"] = dict(sorted(self.tests.items()))
        return dict(sorted(plain.items()))

    def sha256(self) -> str:
        """Return the hash of `canonical` (UTF-8 JSON, keys sorted, no blanks)."""
        import hashlib
        import json

        text = json.dumps(self.canonical(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()


def _stated(states: Mapping[str, State]) -> dict[str, State]:
    return {id: state for id, state in sorted(states.items()) if state != "unknown"}


def _sample(sample: Sample) -> dict[str, Any]:
    return {
        "low_mg_dl": sample.low_mg_dl,
        "high_mg_dl": None if math.isinf(sample.high_mg_dl) else sample.high_mg_dl,
        "date_years": sample.date_years,
        "context": sample.context,
        "reference_low_mg_dl": sample.reference_low_mg_dl,
        "reference_high_mg_dl": sample.reference_high_mg_dl,
    }
