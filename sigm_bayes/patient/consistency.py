"""Contradictions between the statements of one patient file."""

from __future__ import annotations

from collections.abc import Mapping

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.patient.fields import Problems
from sigm_bayes.patient.records import Episode, Exposure, Sample, State
from sigm_bayes.patient.sections import NO_INFECTION


def check_infections(
    problems: Problems,
    *,
    findings: Mapping[str, State],
    flags: Mapping[str, State],
    no_infection: State,
    episodes: tuple[Episode, ...],
    catalogue: Catalogue,
) -> None:
    """Note infections that are stated both present and absent."""
    infections = tuple(finding.id for finding in catalogue.findings if finding.infection)
    present = [f"findings.{id}" for id in infections if findings.get(id) == "present"]
    present += [f"findings.{id}" for id, state in flags.items() if state == "present"]
    present += [f"invasive[{i}]" for i in range(len(episodes))]
    field = f"findings.{NO_INFECTION}"
    if no_infection == "present" and present:
        problems.add(field, "present", f"contradicts {', '.join(present)}", "Remove the one that is wrong.")
    if no_infection == "absent" and all(findings.get(id) == "absent" for id in infections):
        remedy = 'Name the infection that is present, or write "present" here.'
        problems.add(field, "absent", "contradicts that every infection is absent", remedy)
    invasive = [name for name in present if name.removeprefix("findings.") not in infections]
    if findings.get("invasive_infection") == "absent" and invasive:
        remedy = "Remove the one that is wrong."
        problems.add("findings.invasive_infection", "absent", f"contradicts {', '.join(invasive)}", remedy)


def check_flags(
    problems: Problems, *, flags: Mapping[str, State], episodes: tuple[Episode, ...], catalogue: Catalogue
) -> None:
    """Note flat keys that are absent although an episode, or another key that implies them, is present."""
    attributes = {flag.id: (flag.site, flag.organism) for flag in catalogue.invasive.flags}
    for id, state in flags.items():
        if state != "absent":
            continue
        site, organism = attributes[id]
        if site == "bone_or_joint" and organism is None:
            continue  # a joint infection is not osteomyelitis: no contradiction
        for i, episode in enumerate(episodes):
            if (site is None or site in episode.sites) and organism in (None, episode.organism):
                _contradiction(problems, id, f"invasive[{i}]")
        for other, other_state in flags.items():
            other_site, other_organism = attributes[other]
            implied = (site is None or site == other_site) and organism in (None, other_organism)
            if other_state == "present" and implied:
                _contradiction(problems, id, f"findings.{other}")


def _contradiction(problems: Problems, id: str, other: str) -> None:
    problems.add(f"findings.{id}", "absent", f"contradicts {other}, which is present", "Remove the wrong one.")


def check_causes(
    problems: Problems,
    *,
    causes: Mapping[str, Exposure],
    igm: tuple[Sample, ...],
    age_years: float | None,
    catalogue: Catalogue,
) -> None:
    """Note exposures whose details contradict their state, the dates of the samples or the age."""
    sampled = [sample.date_years for sample in igm]
    first = sampled[0] if sampled else None
    for id, exposure in causes.items():
        field = f"causes.{id}"
        details = [
            name
            for name in ("started", "last_dose", "igm_before", "igm_recovered_after_stop")
            if getattr(exposure, name) not in (None, "unknown")
        ]
        if exposure.state != "present" and details:
            message = f"contradicts {', '.join(details)}: only a present exposure has a course"
            remedy = 'Write state = "present" or remove the details.'
            problems.add(f"{field}.state", exposure.state, message, remedy)
            continue
        after = exposure.started == "after_low_igm"
        if after and exposure.igm_before == "normal":
            message = "contradicts started = after_low_igm: IgM was low before it"
            problems.add(f"{field}.igm_before", "normal", message, "Remove the wrong one.")
        ended = exposure.last_dose_years
        if after and first is not None and ended is not None and ended < first - _slack(exposure, igm[0]):
            message = "lies before the first IgM, but it started after the low IgM"
            problems.add(f"{field}.last_dose", exposure.last_dose, message, "Correct started or last_dose.")
        oldest = catalogue.causes[catalogue.cause_index(id)].max_age_years
        if exposure.state == "present" and oldest is not None and age_years is not None and age_years > oldest:
            message = f"concerns ages up to {oldest:g} years, not {age_years:g}"
            problems.add(field, "present", message, "Remove it, or correct the age.")


_HALF_PERIOD_YEARS = {4: 0.5, 7: 16 / 366, 10: 0.5 / 365}
"""At most half the length of a period, by the length of its ISO text: a year, a month, a day."""


def _slack(exposure: Exposure, sample: Sample) -> float:
    """Return how far apart the middles of two periods in years may lie although the periods overlap."""
    return sum(_HALF_PERIOD_YEARS[len(text)] for text in (exposure.last_dose or "", sample.date or "") if text)


def check_order(problems: Problems, field: str, samples: tuple[Sample, ...]) -> None:
    """Note samples that are not in order of date: the age belongs to the first."""
    latest: Sample | None = None
    for i, sample in enumerate(samples):
        if sample.date_years is None or sample.date is None:
            continue
        if latest is not None and latest.date_years is not None and latest.date is not None:
            slack = _HALF_PERIOD_YEARS[len(sample.date)] + _HALF_PERIOD_YEARS[len(latest.date)]
            if sample.date_years < latest.date_years - slack:
                remedy = "List the samples in order of date; the age is that at the first."
                problems.add(f"{field}[{i}].date", sample.date, f"lies before {latest.date}", remedy)
                continue
        latest = sample
