"""Findings of a patient as indices; an invasive infection with all its sites is one episode."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.likelihood.findings import FindingState
from sigm_bayes.patient import Episode, Patient

INVASIVE = "invasive_infection"
DEEPEST_FIRST = ("meningitis", "bone_or_joint", "lung", "bloodstream", "other")
"""The site that describes an episode with several: the focus rather than the blood it spread by."""


@dataclass(frozen=True, eq=False)
class FindingStates:
    """The same findings cut in three ways."""

    infections: FindingState
    others: FindingState
    all: FindingState


def finding_states(patient: Patient, *, catalogue: Catalogue) -> FindingStates:
    """Encode the findings of a patient."""
    index = {f.id: n for n, f in enumerate(catalogue.findings)}
    infection = {f.id for f in catalogue.findings if f.infection}
    allowed, excluded_any = _allowed(patient, catalogue)
    known = {id: state for id, state in patient.findings.items() if state != "unknown"}
    partial = excluded_any and INVASIVE not in known
    severity, number = _course(patient, catalogue)

    def cut(ids: set[str], *, invasive: bool) -> FindingState:
        return FindingState(
            present=np.array(sorted(index[i] for i in ids if known.get(i) == "present"), dtype=int),
            absent=np.array(sorted(index[i] for i in ids if known.get(i) == "absent"), dtype=int),
            invasive=index[INVASIVE],
            invasive_partial=partial and invasive,
            allowed=allowed,
            severity=severity,
            number=number,
        )

    others = set(index) - infection
    return FindingStates(
        infections=cut(infection, invasive=True), others=cut(others, invasive=False), all=cut(set(index), invasive=True)
    )


def _episode(patient: Patient) -> Episode | None:
    """The episode that describes the patient's invasive infections: the one best described."""
    if not patient.episodes:
        return None
    return max(patient.episodes, key=lambda e: (e.organism is not None) + bool(e.sites))


def _allowed(patient: Patient, catalogue: Catalogue) -> tuple[np.ndarray, bool]:
    """Where an episode may lie (site, organism), and whether anything was excluded."""
    sites = [o.id for o in catalogue.invasive.sites]
    organisms = [o.id for o in catalogue.invasive.organisms]
    allowed = np.ones((len(sites), len(organisms)))
    for flag in catalogue.invasive.flags:
        if patient.invasive_flags.get(flag.id) != "absent":
            continue
        rows = [sites.index(flag.site)] if flag.site else list(range(len(sites)))
        columns = [organisms.index(flag.organism)] if flag.organism else list(range(len(organisms)))
        allowed[np.ix_(rows, columns)] = 0.0
    excluded = bool((allowed == 0.0).any())
    episode = _episode(patient)
    if episode is not None:
        if episode.sites:
            focus = next(s for s in DEEPEST_FIRST if s in episode.sites)
            keep = np.zeros_like(allowed)
            keep[sites.index(focus)] = 1.0
            allowed = keep
        if episode.organism is not None:
            keep = np.zeros_like(allowed)
            keep[:, organisms.index(episode.organism)] = allowed[:, organisms.index(episode.organism)]
            allowed = keep if keep.any() else allowed
    return allowed, excluded


def _course(patient: Patient, catalogue: Catalogue) -> tuple[int, int]:
    """Severity and number as indices, -1 where not recorded."""
    severities = [o.id for o in catalogue.invasive.severities]
    numbers = [o.id for o in catalogue.invasive.numbers]
    episodes = patient.episodes
    severity = max((severities.index(e.severity) for e in episodes if e.severity is not None), default=-1)
    number = max((numbers.index(e.number) for e in episodes if e.number is not None), default=-1)
    return severity, (numbers.index("two_or_more") if len(episodes) > 1 else number)
