"""The tables and columns of OMOP CDM v5.4 that are read; a table may lack those that are not required."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CdmTable:
    """Columns of one table that are read.

    Attributes
    ----------
    required, optional : tuple of str
        Columns without which the table cannot be used; columns that are blank where they are not there.
    needed : bool
        Whether there is no registry without this table.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    needed: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that are read."""
        return (*self.required, *self.optional)


TABLES: dict[str, CdmTable] = {
    "person": CdmTable(
        ("person_id", "gender_concept_id", "year_of_birth"),
        (
            *("month_of_birth", "day_of_birth", "birth_datetime", "care_site_id", "location_id"),
            *("person_source_value", "gender_source_value"),
        ),
        needed=True,
    ),
    "measurement": CdmTable(
        ("person_id", "measurement_concept_id", "measurement_date"),
        (
            *("measurement_id", "operator_concept_id", "value_as_number", "value_as_concept_id", "unit_concept_id"),
            *("range_low", "range_high", "measurement_source_value", "measurement_source_concept_id"),
            *("unit_source_value", "value_source_value"),
        ),
        needed=True,
    ),
    "condition_occurrence": CdmTable(
        ("person_id", "condition_concept_id", "condition_start_date"),
        ("condition_end_date", "condition_source_value", "condition_source_concept_id"),
    ),
    "drug_exposure": CdmTable(
        ("person_id", "drug_concept_id", "drug_exposure_start_date"),
        ("drug_exposure_end_date", "drug_source_value", "drug_source_concept_id"),
    ),
    "procedure_occurrence": CdmTable(
        ("person_id", "procedure_concept_id", "procedure_date"),
        ("procedure_source_value", "procedure_source_concept_id"),
    ),
    "observation": CdmTable(
        ("person_id", "observation_concept_id", "observation_date"),
        (
            *("value_as_string", "value_as_number", "value_as_concept_id", "observation_source_value"),
            *("observation_source_concept_id", "observation_event_id"),
        ),
    ),
    "care_site": CdmTable(
        ("care_site_id",), ("care_site_name", "care_site_source_value", "place_of_service_source_value")
    ),
    "location": CdmTable(("location_id",), ("location_source_value",)),
    "concept": CdmTable(("concept_id", "vocabulary_id", "concept_code")),
    "concept_ancestor": CdmTable(("ancestor_concept_id", "descendant_concept_id"), ("min_levels_of_separation",)),
}


@dataclass(frozen=True)
class Event:
    """Columns of a table of events by their role.

    Attributes
    ----------
    concept, start, end, source, source_concept : str
        `end` is empty where events have no end.
    """

    concept: str
    start: str
    end: str
    source: str
    source_concept: str


EVENTS: dict[str, Event] = {
    "condition_occurrence": Event(
        "condition_concept_id",
        "condition_start_date",
        "condition_end_date",
        "condition_source_value",
        "condition_source_concept_id",
    ),
    "drug_exposure": Event(
        "drug_concept_id",
        "drug_exposure_start_date",
        "drug_exposure_end_date",
        "drug_source_value",
        "drug_source_concept_id",
    ),
    "procedure_occurrence": Event(
        "procedure_concept_id", "procedure_date", "", "procedure_source_value", "procedure_source_concept_id"
    ),
    "observation": Event(
        "observation_concept_id", "observation_date", "", "observation_source_value", "observation_source_concept_id"
    ),
}
LOCAL = "SIGM:"
"""Beginning of source values that say in an observation what OMOP has no standard place for."""
