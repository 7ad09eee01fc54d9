"""A small OMOP database written by hand: tables as lists of rows, as CSV files in a folder."""

from __future__ import annotations

import csv

COLUMNS = {
    "person": "person_id gender_concept_id year_of_birth month_of_birth day_of_birth care_site_id",
    "measurement": "measurement_id person_id measurement_concept_id measurement_date operator_concept_id "
    "value_as_number value_as_concept_id unit_concept_id range_low range_high measurement_source_value "
    "measurement_source_concept_id unit_source_value value_source_value",
    "condition_occurrence": "person_id condition_concept_id condition_start_date condition_source_value "
    "condition_source_concept_id",
    "drug_exposure": "person_id drug_concept_id drug_exposure_start_date drug_exposure_end_date drug_source_value "
    "drug_source_concept_id",
    "procedure_occurrence": "person_id procedure_concept_id procedure_date",
    "observation": "person_id observation_concept_id observation_date value_as_string observation_source_value "
    "observation_event_id",
    "care_site": "care_site_id care_site_name place_of_service_source_value",
    "location": "location_id location_source_value",
    "concept": "concept_id vocabulary_id concept_code",
    "concept_ancestor": "ancestor_concept_id descendant_concept_id min_levels_of_separation",
}
WOMAN = {"person_id": "1", "gender_concept_id": "8532", "year_of_birth": "1985", "month_of_birth": "3"}
IGM = {
    "measurement_id": "1",
    "person_id": "1",
    "measurement_concept_id": "3028026",
    "measurement_date": "2020-06-15",
    "value_as_number": "25",
    "unit_concept_id": "8840",
}


def tables(**more):
    """One woman with one low IgM, and what the test adds: table name = list of rows (dicts)."""
    return {"person": [WOMAN], "measurement": [IGM], **more}


def write(folder, content, *, delimiter=",", ending=".csv", columns=COLUMNS):
    """Write tables as files; return the folder."""
    folder.mkdir(exist_ok=True)
    for name, rows in content.items():
        names = columns[name].split()
        with (folder / f"{name}{ending}").open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, names, delimiter=delimiter, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    return folder


def condition(concept, day, **more):
    return {"person_id": "1", "condition_concept_id": concept, "condition_start_date": day, **more}


def drug(concept, start, end="", **more):
    return {
        "person_id": "1",
        "drug_concept_id": concept,
        "drug_exposure_start_date": start,
        "drug_exposure_end_date": end or start,
        **more,
    }


def local(what, value, day="2020-06-15", **more):
    return {
        "person_id": "1",
        "observation_concept_id": "0",
        "observation_date": day,
        "value_as_string": value,
        "observation_source_value": f"SIGM:{what}",
        **more,
    }
