"""What was entered, in words: the rows of the report's table of inputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.patient import Episode, Exposure, Patient, Sample
from sigm_bayes.units import in_unit_of

Row = tuple[str, str]
_WORDS = {"before_low_igm": "began before the first low IgM", "after_low_igm": "began after the first low IgM"}


def input_rows(patient: Patient, *, catalogue: Catalogue) -> list[Row]:
    """Return name and value of everything that was entered and used, in the order of the form."""
    rows = [*_person(patient, catalogue)]
    for name, label in (("igm", "IgM"), ("igg", "IgG"), ("iga", "IgA")):
        rows += _samples(label, getattr(patient, name), catalogue)
    for key, label in (("igg_status", "IgG"), ("iga_status", "IgA")):
        if getattr(patient, key) is not None:
            rows.append((label, f"{getattr(patient, key)} (no number)"))
    if patient.no_significant_infection == "present":
        rows.append(("significant infections", "none"))
    tables: tuple[tuple[Any, ...], ...] = (catalogue.findings, catalogue.invasive.flags, catalogue.tests)
    labels = {row.id: row.label for table in tables for row in table}
    rows += [(labels[id], state) for id, state in patient.findings.items() if state != "unknown"]
    rows += [(labels[id], state) for id, state in patient.invasive_flags.items() if state != "unknown"]
    rows += [(f"invasive infection {n}", _episode(e, catalogue)) for n, e in enumerate(patient.invasive, start=1)]
    rows += [(cause.label, _exposure(patient.causes[cause.id])) for cause in catalogue.causes
             if cause.id in patient.causes and patient.causes[cause.id].state != "unknown"]  # fmt: skip
    rows += [(labels[id], result.replace("_", " ")) for id, result in patient.tests.items()]
    return rows


def _person(patient: Patient, catalogue: Catalogue) -> Iterator[Row]:
    months = 12.0 * patient.age_years
    yield "age at the first IgM", f"{months:.3g} months" if patient.age_years < 2 else f"{patient.age_years:.4g} years"
    if patient.corrected_age_years != patient.age_years:
        yield "age counted from term", f"{12.0 * patient.corrected_age_years:.3g} months"
    yield "sex", patient.sex
    if patient.setting is not None:
        yield "setting", catalogue.settings[catalogue.setting_index(patient.setting)].label
    if patient.known_inborn_error:
        yield "inborn error of immunity", "known"
    if patient.on_immunoglobulin is not None:
        yield "immunoglobulin replacement", "yes" if patient.on_immunoglobulin else "no"


def _samples(label: str, samples: tuple[Sample, ...], catalogue: Catalogue) -> Iterator[Row]:
    for sample in samples:
        parts = [sample.text]
        if sample.date is not None:
            parts.append(sample.date)
        if sample.context != "unknown":
            parts.append(catalogue.contexts[catalogue.context_index(sample.context)].label)
        if sample.reference_low_mg_dl is not None and sample.reference_high_mg_dl is not None:
            low, high = (in_unit_of(sample.text, x) for x in (sample.reference_low_mg_dl, sample.reference_high_mg_dl))
            interval = f"{low.partition(' ')[0]} to {high}"
            parts.append(f"the laboratory's interval {interval}")
        yield label, ", ".join(parts)


def _episode(episode: Episode, catalogue: Catalogue) -> str:
    invasive = catalogue.invasive
    labels = {option.id: option.label for option in invasive.sites}
    parts = [labels[site] for site in episode.sites]
    for value, options in (
        (episode.organism, invasive.organisms),
        (episode.severity, invasive.severities),
        (episode.number, invasive.numbers),
    ):
        parts += [option.label for option in options if option.id == value]
    return ", ".join(parts) or "present, details not known"


def _exposure(exposure: Exposure) -> str:
    parts: list[str] = [exposure.state]
    if exposure.started != "unknown":
        parts.append(_WORDS[exposure.started])
    if exposure.last_dose is not None:
        parts.append(f"last dose or end {exposure.last_dose}")
    if exposure.igm_before != "unknown":
        parts.append(f"IgM before it {exposure.igm_before}")
    if exposure.igm_recovered_after_stop != "unknown":
        recovered = "recovered" if exposure.igm_recovered_after_stop == "yes" else "did not recover"
        parts.append(f"IgM {recovered} after it stopped")
    return ", ".join(parts)
