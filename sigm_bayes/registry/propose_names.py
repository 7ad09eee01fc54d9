"""Names that columns of registries have, for the proposal of a mapping."""

from __future__ import annotations

NAMES: dict[str, tuple[str, ...]] = {
    "person_id": (
        "person_id",
        "personid",
        "patient_id",
        "patientid",
        "pat_id",
        "patnr",
        "pid",
        "subject_id",
        "id",
        "record_id",
    ),
    "centre": ("centre", "center", "site", "hospital", "clinic", "klinik", "zentrum", "centre_id", "center_id"),
    "age_years": ("age_years", "age", "alter", "age_y", "age_in_years", "age_at_sample"),
    "age_months": ("age_months", "age_in_months"),
    "birth_date": ("birth_date", "birthdate", "date_of_birth", "dob", "geburtsdatum", "birth_year", "year_of_birth"),
    "sex": ("sex", "gender", "geschlecht"),
    "setting": ("setting",),
    "label": ("label", "diagnosis", "diagnose", "classification", "final_diagnosis"),
    "label_date": ("label_date", "diagnosis_date", "date_of_diagnosis", "diagnosedatum"),
    "on_immunoglobulin": ("on_immunoglobulin", "ivig", "scig", "igrt", "immunoglobulin_replacement"),
    "visit": ("visit", "visit_no", "visit_number", "redcap_repeat_instance"),
    "gestational_weeks": ("gestational_weeks", "gestation_weeks", "gestational_age", "ssw"),
    "igg_status": ("igg_status", "igg_level", "igg_text"),
    "iga_status": ("iga_status", "iga_level", "iga_text"),
    "immunoglobulin_started": ("immunoglobulin_started", "ivig_start", "ivig_started", "igrt_start", "igrt_started"),
    "immunoglobulin_stopped": ("immunoglobulin_stopped", "ivig_stop", "ivig_stopped", "igrt_stop", "igrt_stopped"),
    "known_inborn_error": ("known_inborn_error", "inborn_error", "iei", "genetic_diagnosis"),
    "no_significant_infection": ("no_significant_infection", "no_infection", "no_infections"),
    "invasive_site": ("invasive_site", "infection_site"),
    "invasive_organism": ("invasive_organism", "organism"),
    "invasive_severity": ("invasive_severity", "infection_severity"),
    "invasive_number": ("invasive_number", "invasive_episodes"),
    "reference_low": ("reference_low", "ref_low", "lower_limit", "normal_low"),
    "reference_high": ("reference_high", "ref_high", "upper_limit", "normal_high"),
    "reference": ("reference", "reference_interval", "reference_range", "ref_range", "normal_range", "referenzbereich"),
    "date": ("date", "sample_date", "datum", "igm_date", "date_of_sample", "collection_date"),
    "unit": ("unit", "units", "einheit"),
    "context": ("context", "sample_context"),
    "analyte": ("analyte", "test", "parameter", "lab_test"),
    "value": ("value", "result", "wert", "ergebnis"),
}
"""Names that columns of registries have, in lower case with ``_``."""
ANY_INFECTION = ("any_infection", "infection", "infections", "infektion", "infektionen", "recurrent_infections")
"""Names of one question over all infections."""
MORE_LABELS = r"(?:label|diagnosis|diagnose)_?([2-9])"
"""Names of further labels of one row."""
