"""People of a registry as patients, exactly as the registry was understood: what scoring, evaluation and fit take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from sigm_bayes.patient import Episode, Exposure, Patient, Sample
from sigm_bayes.patient.sections import corrected_age, merge_flags
from sigm_bayes.registry.courses import IGM_BEFORE, RECOVERED, STARTED
from sigm_bayes.registry.dates import iso_text
from sigm_bayes.registry.mapping import STATUSES
from sigm_bayes.registry.measurements import COMPARATORS
from sigm_bayes.registry.people import SEXES, TEST_STATES, Registry

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue
    from sigm_bayes.patient.records import State

_STATES = ("absent", "present")
_YES_NO = {-1: None, 0: False, 1: True}


def registry_patients(registry: Registry, *, catalogue: Catalogue | None = None) -> Iterator[tuple[str, Patient]]:
    """Yield (person id, patient) of every person of a registry, in its order.

    The patients are what the same statements in a patient file would give; levels keep the intervals that the registry
    read from the printed digits.  Where nobody can say more than a registry does: a question over several findings
    ("any infection") answered with no makes each of them absent; answered with yes it is kept only where it covers all
    infections, as ``no_significant_infection = "absent"``.  A person who went on immunoglobulin after the first IgM
    counts as not on it.

    Parameters
    ----------
    registry : Registry
    catalogue : Catalogue, optional
        That the registry was read with; default that of the shipped model.
    """
    from sigm_bayes.catalogue import default_catalogue

    people = _People(registry, catalogue or default_catalogue())
    for i, id in enumerate(registry.person_id.tolist()):
        yield str(id), people.patient(i)


class _People:
    """Makes the patients; what is the same for all is prepared once."""

    def __init__(self, registry: Registry, catalogue: Catalogue) -> None:
        self.registry, self.catalogue = registry, catalogue
        self.split = len(catalogue.findings)
        self.flags = registry.finding_ids[self.split :]
        samples = registry.samples
        self.columns = {name: values.tolist() for name, values in samples.items()}
        self.sample_edges = _edges(samples["person"], registry.size)
        self.episode_edges = _edges(registry.episodes["person"], registry.size)
        self.exposure_edges = _edges(registry.exposures["person"], registry.size)
        self.courses = {name: values.tolist() for name, values in registry.exposures.items()}
        self.described = {name: values.tolist() for name, values in registry.episodes.items()}
        self.findings, self.unions = registry.findings.tolist(), registry.unions.tolist()
        self.causes, self.tests = registry.causes.tolist(), registry.tests.tolist()
        infections = {id for id, f in zip(catalogue.ids("finding"), catalogue.findings, strict=True) if f.infection}
        self.members = [
            tuple(id for id, inside in zip(registry.finding_ids, row, strict=True) if inside)
            for row in registry.union_members
        ]
        self.over_all = [infections <= set(members) for members in self.members]

    def patient(self, i: int) -> Patient:
        """Return the patient at a position."""
        registry = self.registry
        age = float(registry.age_years[i])
        weeks = float(registry.gestational_weeks[i])
        gestation = None if np.isnan(weeks) else weeks
        igm, igg, iga = self._samples(i)
        patient = Patient.__new__(Patient)
        patient._take(
            {
                "age_years": age,
                "corrected_age_years": corrected_age(age, gestation, self.catalogue),
                "gestational_weeks": gestation,
                "sex": _word(SEXES, registry.sex[i]) or "unknown",
                "setting": _word(registry.settings, registry.setting[i]),
                "igm": igm,
                "igg": igg,
                "iga": iga,
                "igg_status": _word(STATUSES, registry.igg_status[i]),
                "iga_status": _word(STATUSES, registry.iga_status[i]),
                **self._infections(i),
                "causes": self._causes(i),
                "tests": {
                    id: TEST_STATES[state]
                    for id, state in zip(registry.test_ids, self.tests[i], strict=True)
                    if state >= 0
                },
                "known_inborn_error": bool(registry.known_inborn_error[i] == 1),
                "on_immunoglobulin": self._on_immunoglobulin(i, igm),
            }
        )
        return patient

    def _samples(self, i: int) -> tuple[tuple[Sample, ...], ...]:
        found: tuple[list[Sample], ...] = ([], [], [])
        c = self.columns
        for r in range(self.sample_edges[i], self.sample_edges[i + 1]):
            low, high = c["date_low"][r], c["date_high"][r]
            dated = low == low  # not NaN
            reference = c["reference_low"][r]
            printed = reference == reference
            sign = COMPARATORS[c["comparator"][r]]
            found[c["analyte"][r]].append(
                Sample(
                    low_mg_dl=c["low"][r],
                    high_mg_dl=c["high"][r],
                    value_mg_dl=c["value"][r],
                    comparator=cast(Any, sign),
                    resolution_mg_dl=c["step"][r],
                    text=f"{'' if sign == '=' else sign}{c['value'][r]:.12g} mg/dL",
                    date=_iso(low, high) if dated else None,
                    date_years=(low + high) / 2 if dated else None,
                    context=self.registry.contexts[c["context"][r]],
                    reference_low_mg_dl=reference if printed else None,
                    reference_high_mg_dl=c["reference_high"][r] if printed else None,
                )
            )
        return tuple(tuple(samples) for samples in found)

    def _infections(self, i: int) -> dict[str, Any]:
        registry = self.registry
        states = {id: s for id, s in zip(registry.finding_ids, self.findings[i], strict=True) if s >= 0}
        settled = int(registry.no_significant_infection[i])
        for answer, members, whole in zip(self.unions[i], self.members, self.over_all, strict=True):
            if answer == 0:
                states |= {id: 0 for id in members if id not in states}
            elif answer == 1 and whole and settled < 0:
                settled = 0
        findings = {id: _STATES[s] for id, s in states.items() if id not in self.flags}
        flags = {id: cast("State", _STATES[states[id]]) for id in self.flags if id in states}
        first, last = self.episode_edges[i], self.episode_edges[i + 1]
        described = tuple(self._episode(e) for e in range(first, last))
        return {
            "findings": findings,
            "invasive_flags": flags,
            "no_significant_infection": {1: "present", 0: "absent"}.get(settled, "unknown"),
            "invasive": described,
            "episodes": described or merge_flags(flags, self.catalogue),
        }

    def _episode(self, e: int) -> Episode:
        registry, told = self.registry, self.described
        return Episode(
            sites=tuple(site for site, there in zip(registry.sites, told["sites"][e], strict=True) if there),
            organism=_word(registry.organisms, told["organism"][e]),
            severity=_word(registry.severities, told["severity"][e]),
            number=_word(registry.numbers, told["number"][e]),
        )

    def _causes(self, i: int) -> dict[str, Exposure]:
        states = zip(self.registry.cause_ids, self.causes[i], strict=True)
        found = {id: _plain_exposure(state) for id, state in states if state >= 0}
        told = self.courses
        for e in range(self.exposure_edges[i], self.exposure_edges[i + 1]):
            low, high = told["last_dose_low"][e], told["last_dose_high"][e]
            dated = low == low
            found[self.registry.cause_ids[told["cause"][e]]] = Exposure(
                state="present",
                started=cast(Any, _word(STARTED, told["started"][e]) or "unknown"),
                last_dose=_iso(low, high) if dated else None,
                last_dose_years=(low + high) / 2 if dated else None,
                igm_before=cast(Any, _word(IGM_BEFORE, told["igm_before"][e]) or "unknown"),
                igm_recovered_after_stop=cast(Any, _word(RECOVERED, told["igm_recovered_after_stop"][e]) or "unknown"),
            )
        return found

    def _on_immunoglobulin(self, i: int, igm: tuple[Sample, ...]) -> bool | None:
        registry = self.registry
        on = _YES_NO[int(registry.on_immunoglobulin[i])]
        first = igm[0].date_years
        if on and first is not None and first <= registry.immunoglobulin_started_low[i]:
            return False
        return on


def _edges(person: Any, size: int) -> list[int]:
    """Return where the entries of each person begin, and the end; entries are in order of person."""
    return cast("list[int]", np.searchsorted(person, np.arange(size + 1)).tolist())


def _word(words: Sequence[str], position: Any) -> Any:
    """Return the word at a position, None for -1."""
    return None if position < 0 else words[position]


@cache
def _plain_exposure(state: int) -> Exposure:
    return Exposure(state=cast("State", _STATES[state]))


@cache
def _iso(low: float, high: float) -> str:
    return iso_text(low, high)
