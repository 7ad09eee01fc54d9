"""The table of codes: well formed, no licensed descriptions, concepts known here."""

from __future__ import annotations

import csv

from sigm_bayes.catalogue import default_catalogue
from sigm_bayes.paths import data_dir

# Concepts that are no row of the catalogue: the disease itself, flat columns of one invasive finding, and
# laboratory quantities that are results or work-up, not tests with a normal and an abnormal state.
BESIDE = {
    "selective_igm_deficiency", "meningitis", "sepsis", "invasive_encapsulated", "osteomyelitis",
    "igm", "igg", "iga", "immunoglobulin_panel", "igg1", "igg2", "igg3", "igg4", "pneumococcal_antibody_response",
    "cd19_b_cells", "cd3_t_cells", "cd4_t_cells", "serum_albumin", "urine_protein", "immunoglobulin_replacement",
}  # fmt: skip


def rows():
    with (data_dir() / "codes" / "codes.csv").open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def test_rows_are_well_formed_and_unique():
    found = rows()
    assert len(found) > 1000
    assert {row["match"] for row in found} == {"exact", "prefix"}
    assert {row["flag"] for row in found} == {"seen", "recalled"}
    assert all(row["code"].strip() == row["code"] != "" for row in found)
    keys = [(row["concept_id"], row["system"], row["code"]) for row in found]
    assert len(keys) == len(set(keys))


def test_no_licensed_descriptions():
    assert not [row["code"] for row in rows() if row["system"] in ("SNOMED", "LOINC", "OMOP") and row["display"]]


def test_snomed_rows_are_exact():
    assert {row["match"] for row in rows() if row["system"] == "SNOMED"} == {"exact"}


def test_concepts_are_known():
    catalogue = default_catalogue()
    known = {id for kind in ("finding", "cause", "test") for id in catalogue.ids(kind)}
    assert {row["concept_id"] for row in rows()} - known <= BESIDE
