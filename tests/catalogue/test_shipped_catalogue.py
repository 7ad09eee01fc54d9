"""The catalogue that ships: ids in the agreed order, every row usable by a reader."""

from __future__ import annotations

import math

import pytest

from sigm_bayes.catalogue import default_catalogue

CATALOGUE = default_catalogue()

INFECTIONS = [
    "recurrent_urti",
    "otitis_media",
    "sinusitis",
    "bronchitis",
    "pneumonia",
    "severe_viral",
    "skin_infection",
    "chronic_diarrhoea",
    "urinary_tract_infection",
    "fungal_infection",
    "opportunistic_infection",
    "invasive_infection",
]
OTHER_FINDINGS = [
    "chronic_dermatitis",
    "asthma",
    "allergic_rhinitis",
    "glomerulonephritis",
    "culture_negative_osteomyelitis",
    "splenomegaly",
    "failure_to_thrive",
    "chromosomal_or_syndromic",
    "thrombocytopenia_small_platelets",
    "family_history_of_immunodeficiency",
    "bronchiectasis",
]
CAUSES = [
    "b_cell_depletion",
    "maternal_b_cell_depletion",
    "plasma_cell_or_baff_drug",
    "other_immunosuppressant",
    "glucocorticoid",
    "antiepileptic",
    "clozapine",
    "chronic_lymphocytic_leukaemia",
    "lymphoma",
    "myeloma_or_paraprotein",
    "mgus",
    "thymoma",
    "solid_malignancy",
    "chemo_or_radiotherapy",
    "car_t",
    "transplant",
    "systemic_lupus",
    "other_autoimmune_disease",
    "inflammatory_bowel_disease",
    "coeliac_disease",
    "protein_losing_enteropathy",
    "nephrotic_syndrome",
    "burns",
    "malnutrition",
    "hiv",
    "critical_illness",
    "plasma_exchange",
    "splenectomy",
    "occult",
]
TESTS = [
    "pneumococcal_response",
    "protein_vaccine_response",
    "igg_subclasses",
    "isohaemagglutinins",
    "b_cells_cd19",
    "surface_igm_b_cells",
    "t_cells_cd4",
    "t_cell_proliferation",
    "ige",
]


def ids_where(rows, attribute):
    return {row.id for row in rows if getattr(row, attribute)}


def test_ids_stand_in_the_agreed_order():
    assert list(CATALOGUE.ids("finding")) == INFECTIONS + OTHER_FINDINGS
    assert list(CATALOGUE.ids("cause")) == CAUSES
    assert list(CATALOGUE.ids("test")) == TESTS
    assert CATALOGUE.ids("class") == ("primary", "secondary", "normal", "other_immunodeficiency")
    assert CATALOGUE.ids("setting") == ("community", "primary_care", "hospital", "allergy_immunology_clinic")
    assert CATALOGUE.ids("context") == (
        "well",
        "unknown",
        "acute_infection",
        "intensive_care",
        "on_immunoglobulin",
        "after_plasma_exchange_or_transfusion",
        "pregnant",
    )
    assert [(band.id, band.low_years, band.high_years) for band in CATALOGUE.age_bands] == [
        ("infant", 0.5, 2),
        ("child", 2, 18),
        ("adult", 18, 65),
        ("older", 65, 121),
    ]


def test_infections_are_the_infections():
    assert ids_where(CATALOGUE.findings, "infection") == set(INFECTIONS)


def test_complications_also_follow_primary_deficiency():
    assert ids_where(CATALOGUE.causes, "complication") == {
        "systemic_lupus",
        "other_autoimmune_disease",
        "inflammatory_bowel_disease",
        "coeliac_disease",
        "lymphoma",
        "solid_malignancy",
        "thymoma",
    }


def test_profound_shift_is_possible_where_b_cells_or_plasma_cells_go():
    assert ids_where(CATALOGUE.causes, "depletion") == {
        "b_cell_depletion",
        "maternal_b_cell_depletion",
        "plasma_cell_or_baff_drug",
        "car_t",
        "chronic_lymphocytic_leukaemia",
        "myeloma_or_paraprotein",
        "chemo_or_radiotherapy",
    }


def test_only_the_occult_cause_cannot_be_stated():
    assert [cause.id for cause in CATALOGUE.causes if not cause.recordable] == ["occult"]


def test_esid_tests_are_subclasses_vaccine_responses_and_t_cells():
    assert ids_where(CATALOGUE.tests, "esid") == {
        "pneumococcal_response",
        "protein_vaccine_response",
        "igg_subclasses",
        "t_cells_cd4",
        "t_cell_proliferation",
    }


@pytest.mark.parametrize("row", [*CATALOGUE.findings, *CATALOGUE.causes, *CATALOGUE.tests], ids=lambda r: r.id)
def test_every_row_has_help_that_says_something(row):
    assert len(row.help) >= 30
    assert row.help.endswith(".")
    assert row.label != row.help


@pytest.mark.parametrize("row", CATALOGUE.findings, ids=lambda r: r.id)
def test_window_and_count_of_a_finding_stand_in_its_help(row):
    if row.window_years is None:
        assert "last 12 months" not in row.help
    elif row.window_years == 1:
        assert "last 12 months" in row.help
    else:
        assert f"last {row.window_years:g} years" in row.help
    word = {1: "", 2: "two or more", 3: "three or more", 4: "four or more"}[row.min_count]
    assert word in row.help.lower()


def test_rituximab_outlasts_its_treatment_and_critical_illness_does_not():
    cause = {row.id: row for row in CATALOGUE.causes}
    assert cause["b_cell_depletion"].hold_months >= 12
    assert cause["critical_illness"].half_life_months < 1
    assert math.isinf(cause["hiv"].half_life_months)
    assert cause["maternal_b_cell_depletion"].max_age_years == 1


@pytest.mark.parametrize(
    ("kind", "word", "meant"),
    [
        ("finding", "sinusitus", "sinusitis"),
        ("finding", "UTI", "urinary_tract_infection"),
        ("finding", "otitis", "otitis_media"),
        ("finding", "eczema", "chronic_dermatitis"),
        ("cause", "rituximab", "b_cell_depletion"),
        ("cause", "CLL", "chronic_lymphocytic_leukaemia"),
        ("cause", "SLE", "systemic_lupus"),
        ("cause", "mycophenolate", "other_immunosuppressant"),
        ("test", "cd4", "t_cells_cd4"),
        ("cause", "xyzzy", None),
        ("cause", "", None),
    ],
)
def test_suggestion_for_an_unknown_id(kind, word, meant):
    assert CATALOGUE.suggest(kind, word) == meant


def test_indices_are_positions_and_unknown_ids_name_the_nearest():
    assert CATALOGUE.finding_index("recurrent_urti") == 0
    assert CATALOGUE.cause_index("occult") == len(CAUSES) - 1
    assert CATALOGUE.setting_index("hospital") == 2
    assert CATALOGUE.test_index("ige") == len(TESTS) - 1
    assert CATALOGUE.context_index("well") == 0
    with pytest.raises(KeyError, match="nearest: clozapine"):
        CATALOGUE.cause_index("clozapin")


@pytest.mark.parametrize(("age", "band"), [(0.5, 0), (1.999, 0), (2, 1), (17.9, 1), (18, 2), (65, 3), (120, 3)])
def test_age_bands_hold_their_start_but_not_their_end(age, band):
    assert CATALOGUE.age_band_index(age) == band


def test_an_age_before_the_first_band_is_an_error():
    with pytest.raises(ValueError, match=r"age 0\.3 years"):
        CATALOGUE.age_band_index(0.3)
