"""Rules that hold between the rows of a catalogue."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from typing import Any

from sigm_bayes.catalogue import tables
from sigm_bayes.catalogue.rows import Reader


def check_bands(reader: Reader, bands: tuple[tables.AgeBand, ...], limits: tables.Limits | None) -> None:
    """Check that age bands follow each other without a gap and agree with the limits."""
    for before, after in itertools.pairwise(bands):
        if before.high_years != after.low_years:
            reader.problem(
                f"age_bands[{after.id}].low_years",
                after.low_years,
                f"must equal the end of {before.id}, {before.high_years:g}",
                "Close the gap.",
            )
    for band in bands:
        if not band.low_years < band.high_years:
            reader.problem(f"age_bands[{band.id}]", band.low_years, "begins at or after its end", "Swap the two ages.")
    if bands and limits is not None:
        if bands[0].low_years != limits.answered_from_years:
            reader.problem(
                "limits.answered_from_years",
                limits.answered_from_years,
                f"must equal the start of the first age band, {bands[0].low_years:g}",
                "Make them equal.",
            )
        if not bands[-1].high_years > limits.highest_age_years:
            reader.problem(
                "limits.highest_age_years",
                limits.highest_age_years,
                f"must lie below the end of the last age band, {bands[-1].high_years:g}",
                "Extend the band.",
            )


def check_causes(reader: Reader, causes: tuple[tables.Cause, ...]) -> None:
    """Check references, durations and the place of the occult cause."""
    ids = tuple(cause.id for cause in causes)
    for cause in causes:
        field = f"causes[{cause.id}]"
        reader.one_of(f"{field}.recovers", cause.recovers, ("fast", "slow", "never"))
        for other in cause.raised_with:
            reader.one_of(f"{field}.raised_with", other, (id for id in ids if id != cause.id))
        if cause.hold_months < 0 or math.isinf(cause.hold_months):
            reader.problem(f"{field}.hold_months", cause.hold_months, "must be finite and not negative", "Correct it.")
        if not cause.half_life_months > 0:
            reader.problem(f"{field}.half_life_months", cause.half_life_months, "must be above 0", "Correct it.")
    unrecorded = tuple(cause.id for cause in causes if not cause.recordable)
    if causes and unrecorded != ids[-1:]:
        reader.problem(
            "causes",
            unrecorded,
            "exactly the last cause must be recordable = false",
            "Put the occult cause last.",
        )


def check_findings(reader: Reader, findings: tuple[tables.Finding, ...]) -> None:
    """Check that windows and counts are positive."""
    for finding in findings:
        field = f"findings[{finding.id}]"
        if finding.window_years is not None and not 0 < finding.window_years < math.inf:
            reader.problem(
                f"{field}.window_years",
                finding.window_years,
                "must be above 0",
                "Leave it out where it means ever.",
            )
        if finding.min_count < 1:
            reader.problem(f"{field}.min_count", finding.min_count, "must be 1 or more", "Correct it.")


def check_analytes(reader: Reader, analytes: tuple[tables.Analyte, ...]) -> None:
    """Check that the limits are in order."""
    for analyte in analytes:
        field = f"analytes[{analyte.id}]"
        if not 0 < analyte.lowest_limit_mg_dl <= analyte.lowest_mg_dl < analyte.highest_mg_dl < math.inf:
            reader.problem(
                f"{field}.lowest_mg_dl",
                analyte.lowest_mg_dl,
                "expected 0 < lowest_limit_mg_dl <= lowest_mg_dl < highest_mg_dl",
                "Put the limits in order.",
            )
        if not 0 < analyte.default_resolution_mg_dl < math.inf:
            reader.problem(
                f"{field}.default_resolution_mg_dl",
                analyte.default_resolution_mg_dl,
                "must be above 0",
                "Correct it.",
            )


def check_groups(reader: Reader, kind: str, rows: Iterable[Any], groups: tuple[tables.Option, ...]) -> None:
    """Check that every row belongs to a group that is there."""
    for row in rows:
        reader.one_of(f"{kind}[{row.id}].group", row.group, (group.id for group in groups))


def check_limits(reader: Reader, limits: tables.Limits | None, findings: tuple[tables.Finding, ...]) -> None:
    """Check that the limits are positive, finite and name findings that are there."""
    if limits is None:
        return
    for name in ("highest_age_years", "answered_from_years", "finest_resolution_mg_dl"):
        value = getattr(limits, name)
        if not 0 < value < math.inf:
            reader.problem(f"limits.{name}", value, "must be above 0 and finite", "Correct it.")
    for finding in limits.urgent_in_infants:
        reader.one_of("limits.urgent_in_infants", finding, (row.id for row in findings))
