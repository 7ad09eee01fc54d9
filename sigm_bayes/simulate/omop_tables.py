"""The columns of the OMOP CDM v5.4 tables that a synthetic registry is written as, and their types."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sigm_bayes.simulate.tables import MARK, Table

CDM: dict[str, tuple[str, ...]] = {
    "person": (
        *("person_id", "gender_concept_id", "year_of_birth", "month_of_birth", "day_of_birth", "birth_datetime"),
        *("race_concept_id", "ethnicity_concept_id", "location_id", "provider_id", "care_site_id"),
        *("person_source_value", "gender_source_value", "gender_source_concept_id", "race_source_value"),
        *("race_source_concept_id", "ethnicity_source_value", "ethnicity_source_concept_id"),
    ),
    "measurement": (
        *("measurement_id", "person_id", "measurement_concept_id", "measurement_date", "measurement_datetime"),
        *("measurement_time", "measurement_type_concept_id", "operator_concept_id", "value_as_number"),
        *("value_as_concept_id", "unit_concept_id", "range_low", "range_high", "provider_id"),
        *("visit_occurrence_id", "visit_detail_id", "measurement_source_value", "measurement_source_concept_id"),
        *("unit_source_value", "unit_source_concept_id", "value_source_value", "measurement_event_id"),
        "meas_event_field_concept_id",
    ),
    "condition_occurrence": (
        *("condition_occurrence_id", "person_id", "condition_concept_id", "condition_start_date"),
        *("condition_start_datetime", "condition_end_date", "condition_end_datetime", "condition_type_concept_id"),
        *("condition_status_concept_id", "stop_reason", "provider_id", "visit_occurrence_id", "visit_detail_id"),
        *("condition_source_value", "condition_source_concept_id", "condition_status_source_value"),
    ),
    "drug_exposure": (
        *("drug_exposure_id", "person_id", "drug_concept_id", "drug_exposure_start_date"),
        *("drug_exposure_start_datetime", "drug_exposure_end_date", "drug_exposure_end_datetime", "verbatim_end_date"),
        *("drug_type_concept_id", "stop_reason", "refills", "quantity", "days_supply", "sig", "route_concept_id"),
        *("lot_number", "provider_id", "visit_occurrence_id", "visit_detail_id", "drug_source_value"),
        *("drug_source_concept_id", "route_source_value", "dose_unit_source_value"),
    ),
    "procedure_occurrence": (
        *("procedure_occurrence_id", "person_id", "procedure_concept_id", "procedure_date", "procedure_datetime"),
        *("procedure_end_date", "procedure_end_datetime", "procedure_type_concept_id", "modifier_concept_id"),
        *("quantity", "provider_id", "visit_occurrence_id", "visit_detail_id", "procedure_source_value"),
        *("procedure_source_concept_id", "modifier_source_value"),
    ),
    "observation": (
        *("observation_id", "person_id", "observation_concept_id", "observation_date", "observation_datetime"),
        *("observation_type_concept_id", "value_as_number", "value_as_string", "value_as_concept_id"),
        *("qualifier_concept_id", "unit_concept_id", "provider_id", "visit_occurrence_id", "visit_detail_id"),
        *("observation_source_value", "observation_source_concept_id", "unit_source_value"),
        *("qualifier_source_value", "value_source_value", "observation_event_id", "obs_event_field_concept_id"),
    ),
    "care_site": (
        *("care_site_id", "care_site_name", "place_of_service_concept_id", "location_id"),
        *("care_site_source_value", "place_of_service_source_value"),
    ),
}
"""Table -> columns, in the order of the specification."""
_TYPED = {"condition_occurrence": "condition", "drug_exposure": "drug", "procedure_occurrence": "procedure"}


class CdmRows:
    """Rows of the tables, cell by cell as text; every row gets its id and the type of its record."""

    def __init__(self, record_type: str) -> None:
        self.record_type = record_type
        self._rows: dict[str, list[dict[str, str]]] = {name: [] for name in CDM}

    def add(self, table: str, **cells: str) -> str:
        """Add a row; return its id."""
        listed = self._rows[table]
        id = str(len(listed) + 1)
        row = {f"{table}_id": id, f"{_TYPED.get(table, table)}_type_concept_id": self.record_type, **cells}
        listed.append({name: cell for name, cell in row.items() if name in CDM[table]})
        odd = set(cells) - set(CDM[table])
        if odd:
            raise KeyError(f"{table} has no column {', '.join(sorted(odd))}")
        return id

    def table(self, name: str) -> Table:
        """Return a table as texts, the mark in front."""
        rows = self._rows[name]
        return {
            MARK: ["yes"] * len(rows),
            **{column: [row.get(column, "") for row in rows] for column in CDM[name]},
        }


def as_parquet(path: Path, table: Table) -> None:
    """Write a table as Parquet with the types of OMOP: whole numbers, numbers, dates, texts."""
    import pyarrow
    import pyarrow.parquet

    from sigm_bayes.simulate.writing import NOTICE

    columns: dict[str, Any] = {}
    for name, cells in table.items():
        texts = pyarrow.array([cell or None for cell in cells], pyarrow.string())
        columns[name] = texts.cast(_type(name))
    made = pyarrow.table(columns).replace_schema_metadata({MARK: NOTICE})
    pyarrow.parquet.write_table(made, path)


def _type(column: str) -> Any:
    import pyarrow

    if column.endswith("_id") or column in {"year_of_birth", "month_of_birth", "day_of_birth"}:
        return pyarrow.int64()
    if column in {"value_as_number", "range_low", "range_high", "quantity"}:
        return pyarrow.float64()
    if column.endswith("_datetime"):
        return pyarrow.timestamp("us")
    return pyarrow.date32() if column.endswith("_date") else pyarrow.string()
