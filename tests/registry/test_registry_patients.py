"""From a registry to patients: what a patient file with the same content would give."""

import time
from pathlib import Path

import numpy as np
import pytest
from patient_texts import near, patient_file
from whole_tables import whole_tables

from sigm_bayes.catalogue import default_catalogue
from sigm_bayes.paths import data_dir
from sigm_bayes.patient import parse_patient
from sigm_bayes.registry import Table, open_table
from sigm_bayes.registry.read import build_registry
from sigm_bayes.registry.standard import standard_mapping

CATALOGUE = default_catalogue()


def build(people, samples, **options):
    people = people if isinstance(people, Table) else Table.from_columns(Path("people"), people)
    samples = samples if isinstance(samples, Table) else Table.from_columns(Path("samples"), samples)
    mapping = standard_mapping(CATALOGUE, header=people.header, samples_header=samples.header, **options)
    return build_registry(people, mapping, samples=samples, catalogue=CATALOGUE)


@pytest.fixture(scope="module")
def registry():
    return build(*whole_tables(CATALOGUE, people=400))


def test_every_patient_is_one_that_a_patient_file_can_state(registry):
    assert registry.size > 300
    for id, patient in registry.patients():
        again = parse_patient(patient_file(patient), catalogue=CATALOGUE, source=id)
        assert near(again.canonical(), patient.canonical()), id
        assert again.episodes == patient.episodes, id


def test_the_made_up_tables_hold_every_kind_of_statement(registry):
    patients = [patient for _, patient in registry.patients()]
    exposures = [e for p in patients for e in p.causes.values()]
    assert {e.started for e in exposures} == {"before_low_igm", "after_low_igm", "unknown"}
    assert {e.igm_before for e in exposures} == {"normal", "low", "unknown"}
    assert {e.igm_recovered_after_stop for e in exposures} == {"yes", "no", "unknown"}
    assert {len(e.last_dose) for e in exposures if e.last_dose} == {4, 7, 10}
    assert {p.igg_status for p in patients} == {"normal", "low", "high", None}
    assert {p.on_immunoglobulin for p in patients} == {True, False, None}
    assert {p.no_significant_infection for p in patients} == {"present", "absent", "unknown"}
    assert max(len(p.invasive) for p in patients) > 1
    assert any(p.gestational_weeks == 29 for p in patients)
    assert any(p.igm[0].reference_low_mg_dl for p in patients)
    assert any(p.known_inborn_error for p in patients)
    assert registry.label_changed.any()


def test_levels_keep_the_intervals_of_the_registry(registry):
    igm = registry.samples["analyte"] == 0
    for i, (id, patient) in enumerate(registry.patients()):
        assert id == registry.person_id[i]
        rows = igm & (registry.samples["person"] == i)
        assert [s.low_mg_dl for s in patient.igm] == registry.samples["low"][rows].tolist()
        assert [s.high_mg_dl for s in patient.igm] == registry.samples["high"][rows].tolist()
        if i == 50:
            break


def test_two_thousand_people_are_quick():
    folder = data_dir() / "registry"
    registry = build(open_table(folder / "registry.csv"), open_table(folder / "samples.csv"))
    start = time.perf_counter()
    patients = dict(registry.patients())
    assert time.perf_counter() - start < 3.0  # about 0.15 s
    assert list(patients) == registry.person_id.tolist()
    assert len(patients) == 2000


ONE = {"person_id": ["a"], "age_years": ["40"]}
LOW = {"person_id": ["a"], "date": ["2020-05-01"], "analyte": ["IgM"], "value": ["25"], "unit": ["mg/dL"]}


def only(people, samples=LOW):
    return dict(build({**ONE, **people}, samples).patients())["a"]


@pytest.mark.parametrize(
    ("columns", "findings", "no_infection"),
    [
        ({"any_respiratory": ["0"]}, "absent", "unknown"),
        ({"any_respiratory": ["1"]}, "unknown", "unknown"),
        ({"any_infection": ["0"]}, "absent", "unknown"),
        ({"any_infection": ["1"]}, "unknown", "absent"),
        ({"any_infection": ["1"], "no_significant_infection": ["1"]}, "absent", "present"),
    ],
)
def test_questions_over_several_findings(columns, findings, no_infection):
    patient = only(columns)
    assert patient.findings.get("sinusitis", "unknown") == findings
    assert patient.no_significant_infection == no_infection


@pytest.mark.parametrize(
    ("started", "expected"), [("2020-04-30", True), ("2020-05-02", False), ("2021", False), ("2020", True), ("", True)]
)
def test_replacement_that_began_after_the_first_igm_does_not_count(started, expected):
    patient = only({"on_immunoglobulin": ["1"], "immunoglobulin_started": [started]})
    assert patient.on_immunoglobulin is expected


def test_a_registry_of_nobody_has_no_patients():
    empty = build({"person_id": [], "age_years": []}, {name: [] for name in LOW})
    assert list(empty.patients()) == []
    assert empty.to_dataset().sizes["person"] == 0
    assert not np.isnan(empty.age_low).any()
