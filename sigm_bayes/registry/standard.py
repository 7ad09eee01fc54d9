"""The column names of the package's own flat tables, as a mapping: `sigm simulate` and converters write them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sigm_bayes.registry import mapping as m
from sigm_bayes.registry.mapping_file import parse_mapping

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue

PERSON = (
    *("person_id", "visit", "centre", "age_years", "age_months", "birth_date", "gestational_weeks"),
    *("sex", "setting", "label", "label_date", "igg_status", "iga_status"),
    *("immunoglobulin_started", "immunoglobulin_stopped"),
)
"""Columns of the table of people that say one thing each."""
PERSON_STATES = ("on_immunoglobulin", "known_inborn_error", "no_significant_infection")
COURSE = ("started", "started_on", "last_dose", "igm_before", "igm_recovered_after_stop")
"""Endings of the columns of an exposure's course: ``clozapine_started``."""
INVASIVE = ("site", "organism", "severity", "number")
"""Endings of the columns of an invasive episode: ``invasive_site``."""
SAMPLES = ("person_id", "date", "analyte", "value", "unit", "context", "reference_low", "reference_high")
MOST_LABELS = 9
"""Labels of one row: ``label``, ``label_2`` ... with ``label_date``, ``label_2_date`` ..."""


def standard_mapping(
    catalogue: Catalogue,
    *,
    header: Iterable[str],
    samples_header: Iterable[str] | None = None,
    not_asked: Collection[str] = (),
) -> m.Mapping:
    """Return the mapping of tables that have the standard column names.

    Parameters
    ----------
    catalogue : Catalogue
    header : iterable of str
        Columns of the table of people; of the standard names only these are mapped, others are left alone.
    samples_header : iterable of str, optional
        Columns of the table of samples.
    not_asked : collection of str
        Findings, causes and unions in which 0 means that a box was not ticked, hence unknown.

    Raises
    ------
    ValueError
        The tables have not the columns that every registry needs.
    """
    document = standard_document(catalogue, header=header, samples_header=samples_header, not_asked=not_asked)
    mapping, problems = parse_mapping(document, catalogue=catalogue)
    if problems:
        raise ValueError("; ".join(str(problem) for problem in problems))
    return mapping


def standard_document(
    catalogue: Catalogue,
    *,
    header: Iterable[str],
    samples_header: Iterable[str] | None = None,
    not_asked: Collection[str] = (),
) -> dict[str, Any]:
    """Return the same as the content of a mapping file; see `standard_mapping`."""
    there = set(header)

    def states(ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        return {id: {"column": id, "asked": id not in not_asked} for id in ids if id in there}

    findings = (*catalogue.ids("finding"), *(flag.id for flag in catalogue.invasive.flags))
    unions = standard_unions(catalogue)
    causes = states(cause.id for cause in catalogue.causes if cause.recordable)
    for id, entry in causes.items():
        entry |= {end: f"{id}_{end}" for end in COURSE if f"{id}_{end}" in there}
    document: dict[str, Any] = {
        "format": m.FORMAT,
        "person": {name: name for name in PERSON if name in there} | states(PERSON_STATES),
        "findings": states(findings),
        "unions": {id: entry | {"of": list(unions[id])} for id, entry in states(unions).items()},
        "causes": causes,
        "tests": {id: id for id in catalogue.ids("test") if id in there},
    }
    later = [i for i in range(2, MOST_LABELS + 1) if f"label_{i}" in there]
    if later:
        document["person"]["more_labels"] = [
            {"column": f"label_{i}"} | ({"date": f"label_{i}_date"} if f"label_{i}_date" in there else {})
            for i in later
        ]
    invasive = {name: f"invasive_{name}" for name in INVASIVE if f"invasive_{name}" in there}
    if invasive:
        document["invasive"] = invasive
    if samples_header is not None:
        names: Sequence[str] = [name for name in SAMPLES if name in set(samples_header)]
        document["samples"] = {"unit_column" if name == "unit" else name: name for name in names}
    return document


def standard_unions(catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    """Return the standard questions over several findings: any infection, and any of a group of findings."""
    infections = [finding for finding in catalogue.findings if finding.infection]
    unions = {"any_infection": tuple(finding.id for finding in infections)}
    for group in catalogue.finding_groups:
        members = tuple(finding.id for finding in infections if finding.group == group.id)
        if 2 <= len(members) < len(infections):
            unions[f"any_{group.id}"] = members
    return unions
