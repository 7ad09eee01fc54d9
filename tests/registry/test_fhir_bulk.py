"""FHIR bulk NDJSON: simulate -> files -> the Dataset of the flat tables; every line accounted for."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from sigm_bayes.errors import InputError
from sigm_bayes.registry import Table
from sigm_bayes.registry.compare import differences
from sigm_bayes.registry.fhir import read_fhir
from sigm_bayes.registry.read import build_registry
from sigm_bayes.registry.standard import standard_mapping
from sigm_bayes.simulate import load_options, simulate_registry
from sigm_bayes.simulate.fhir import write_fhir
from sigm_bayes.simulate.tables import registry_table, samples_table

PEOPLE = 120


@pytest.fixture(scope="module")
def options(catalogue):
    return load_options(catalogue=catalogue)


@pytest.fixture(scope="module", params=["low_igm", "all_tested"])
def simulated(request, encoder, prior_draws, options):
    truth = {name: value[0] for name, value in prior_draws(1, seed=43).items()}
    return simulate_registry(
        truth, catalogue=encoder.catalogue, priors=encoder.priors, curves=encoder.curves, options=options,
        n=PEOPLE, centres=4, seed=7, ascertainment=request.param,
    )  # fmt: skip


@pytest.fixture(scope="module")
def written(simulated, catalogue, options, tmp_path_factory):
    folder = tmp_path_factory.mktemp("ndjson")
    return write_fhir(simulated, folder, catalogue=catalogue, options=options)


@pytest.fixture(scope="module")
def flat(simulated, catalogue, options):
    people = Table.from_columns(Path("people"), registry_table(simulated, catalogue=catalogue))
    samples = Table.from_columns(Path("samples"), samples_table(simulated, catalogue=catalogue))
    mapping = standard_mapping(
        catalogue, header=people.header, samples_header=samples.header, not_asked=options.records["tick_boxes"]
    )
    return build_registry(people, mapping, samples=samples, catalogue=catalogue)


def balanced(registry):
    assert registry.sources
    return all(tally.balanced for tally in registry.sources)


def test_the_dataset_is_the_same(flat, written, catalogue):
    read = read_fhir(written[0].parent, catalogue=catalogue)
    assert read.size == flat.size == PEOPLE
    assert differences(flat, read) == []
    assert balanced(read)
    # it is not the same because nothing is in it
    assert (read.findings == 0).sum() > PEOPLE
    assert (read.findings == 1).sum() > PEOPLE
    assert (read.causes == 1).sum() > 20
    assert (read.tests > 1).sum() > 20
    assert len(set(read.label.tolist())) >= 4
    assert set(read.samples["comparator"].tolist()) == {0, 1}


def test_a_difference_would_be_seen(flat, written, catalogue, tmp_path):
    for path in written:
        lines = path.read_text().splitlines()
        if path.name == "Condition.ndjson":
            present = next(i for i, line in enumerate(lines) if '"confirmed"' in line)
            lines.pop(present)
        (tmp_path / path.name).write_text("\n".join(lines))
    assert differences(flat, read_fhir(tmp_path, catalogue=catalogue)) != []


@pytest.mark.parametrize("kind", ["Patient", "Encounter", "Observation", "Condition", "MedicationStatement"])
def test_what_is_written_is_fhir(written, kind):
    from importlib import import_module

    model = getattr(import_module(f"fhir.resources.R4B.{kind.lower()}"), kind)
    path = next(path for path in written if path.stem == kind)
    lines = path.read_text().splitlines()
    assert all('"HTEST"' in line for line in lines)
    ids = [json.loads(line)["id"] for line in lines]
    assert len(ids) == len(set(ids))
    for line in lines[:40] + lines[-40:]:
        model.model_validate_json(line)


def test_foreign_files_are_not_replaced(simulated, catalogue, options, tmp_path):
    (tmp_path / "Patient.ndjson").write_text('{"resourceType":"Patient","id":"real"}\n')
    with pytest.raises(InputError, match="does not say that it is synthetic"):
        write_fhir(simulated, tmp_path, catalogue=catalogue, options=options)
    assert len(list(tmp_path.iterdir())) == 1


SUBJECT = {"reference": "Patient/a"}


def igm(id, value=25, date="2026-01-01", **more):
    return {
        "resourceType": "Observation", "id": id, "status": "final", "subject": SUBJECT, "effectiveDateTime": date,
        "code": {"coding": [{"system": "http://loinc.org", "code": "2472-9"}]},
        "valueQuantity": {"value": value, "unit": "mg/dL"}, **more,
    }  # fmt: skip


def condition(id, code, onset, system="http://hl7.org/fhir/sid/icd-10", verified="confirmed", **more):
    return {
        "resourceType": "Condition", "id": id, "subject": SUBJECT, "onsetDateTime": onset,
        "verificationStatus": {"coding": [{"code": verified}]},
        "code": {"coding": [{"system": system, "code": code}]}, **more,
    }  # fmt: skip


PATIENT = {"resourceType": "Patient", "id": "a", "gender": "female", "birthDate": "1990-01-01"}


@pytest.fixture
def read(tmp_path, catalogue):
    """read(Patient=[...], Observation=[...]): the registry of these resources; texts are lines as they stand."""

    def make(**files):
        for kind, lines in files.items():
            texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
            (tmp_path / f"{kind}.ndjson").write_text("\n".join(texts) + "\n", encoding="utf-8")
        return read_fhir(tmp_path, catalogue=catalogue)

    return make


def tally(registry, name):
    return next(found for found in registry.sources if found.name == f"{name}.ndjson")


def test_broken_lines_are_told_with_their_number(read):
    registry = read(
        Patient=[PATIENT, "{", "", '{"resourceType": "Patient"}', '{"resourceType": "Device", "id": "d"}', "[1]"],
        Observation=[
            "\ufeff{}",
            igm("x"),
            '{"a": NaN}',
            igm("y", subject={"reference": "Patient/b"}),
            igm("z", date=None),
        ],
    )
    assert registry.size == 1
    assert balanced(registry)
    assert dict(registry.people.table.unreadable) == {
        2: "no JSON: Expecting property name enclosed in double quotes",
        4: "the Patient has no id",
        5: "another kind of resource than the file's",
        6: "no resource",
    }
    assert registry.people.counts() == {"accepted": 1, "caution": 0, "rejected": 4}
    observations = tally(registry, "Observation")
    assert (observations.rows, observations.used) == (5, 1)
    assert any(line.startswith("line 3: no JSON: NaN") for line in observations.cautions)
    assert sum(observations.ignored.values()) == 1  # whose person is not there
    assert any("rows rejected: has no date" in note for note in registry.people.table.notes)


def test_real_codes_are_counted_before_the_first_low_igm(read, catalogue):
    registry = read(
        Patient=[PATIENT],
        Observation=[igm("normal", 120, "2020-05-01"), igm("low", 25, "2025-05-01")],
        Condition=[
            condition("a", "H66.9", "2024-01-01"),
            condition("b", "H66.9", "2024-06-01"),
            condition("c", "H66.9", "2025-01-01"),
            condition("d", "J18.9", "2025-09-01"),
            condition("e", "J45.9", "2000-01-01", clinicalStatus={"coding": [{"code": "active"}]}),
            condition("f", "C85.9", "2024-01-01", verified="provisional"),
            condition("g", "D80.4", "2025-06-01"),
            condition("h", "M32.9", "2025-06-01", verified="refuted"),
            condition("i", "A39.0", "2021-06-01"),
            condition("j", "A41.5", "2023-06-01"),
        ],
        MedicationStatement=[{
            "resourceType": "MedicationStatement", "id": "r", "status": "completed", "subject": SUBJECT,
            "medicationCodeableConcept": {"coding": [{"system": "http://www.whocc.no/atc", "code": "L01FA01"}]},
            "effectivePeriod": {"start": "2023-03-01", "end": "2024-02-01"},
        }],
    )  # fmt: skip
    data = registry.to_dataset()

    def state(name):
        return int(data["findings"].sel(finding=name).values[0])

    assert registry.size == 1
    assert state("otitis_media") == state("asthma") == state("invasive_infection") == state("meningitis") == 1
    assert state("pneumonia") == state("sinusitis") == -1
    causes = {name: int(value) for name, value in zip(data["cause"].values, data["causes"].values[0], strict=True)}
    assert causes["b_cell_depletion"] == 1
    assert causes["systemic_lupus"] == 0
    assert causes["lymphoma"] == -1
    assert data.attrs["labels"][int(registry.label[0])] == "primary"
    assert balanced(registry)
    conditions = tally(registry, "Condition")
    assert (conditions.rows, conditions.used) == (10, 8)


def test_several_files_of_a_kind_and_packed_ones(tmp_path, catalogue):
    (tmp_path / "1.Patient.ndjson").write_text(json.dumps(PATIENT) + "\n")
    with gzip.open(tmp_path / "2.Patient.ndjson.gz", "wt") as stream:
        stream.write(json.dumps({**PATIENT, "id": "b"}) + "\n")
    (tmp_path / "export.jsonl").write_text(json.dumps(igm("x")) + "\n")
    (tmp_path / "Claim.ndjson").write_text('{"resourceType": "Claim"}\n\nnot json\n')
    (tmp_path / "notes.txt").write_text("x")
    registry = read_fhir(tmp_path, catalogue=catalogue)
    assert registry.person_id.tolist() == ["a"]
    assert tally(registry, "Claim").rows == 2
    assert balanced(registry)
    assert any("lines are numbered through" in note for note in registry.people.table.notes)


def test_the_same_id_twice(read):
    registry = read(
        Patient=[PATIENT, PATIENT, {**PATIENT, "gender": "male"}], Observation=[igm("x"), igm("x"), igm("x", 95)]
    )
    assert registry.size == 1
    assert int(registry.sex[0]) == 0
    assert len(registry.samples["value"]) == 1
    assert balanced(registry)
    assert tally(registry, "Observation").rejected == {"its id stands in an earlier line with different content": 1}


def test_people_without_igm_or_anything(read):
    registry = read(Patient=[PATIENT, {"resourceType": "Patient", "id": "b"}], Observation=[igm("x")])
    assert registry.person_id.tolist() == ["a"]
    assert registry.people.counts()["rejected"] == 1


def test_nobody_has_igm(read):
    registry = read(Patient=[PATIENT], Observation=[], Condition=[condition("c", "J18.9", "2020-01-01")])
    assert registry.size == 0
    assert balanced(registry)


def test_contradictions_are_told_and_present_counts(read):
    registry = read(
        Patient=[PATIENT],
        Observation=[igm("x")],
        Condition=[condition("a", "J18.9", "2025-01-01"), condition("b", "J18.9", "2025-01-01", verified="refuted")],
    )
    assert tally(registry, "Condition").rejected == {"contradicts another record": 1}
    assert (registry.findings == 1).sum() == 1


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (None, "is no folder"),
        ([], "holds no NDJSON file"),
        (["Observation.ndjson"], "holds no Patient.ndjson"),
    ],
)
def test_folders_that_are_none(tmp_path, catalogue, names, told):
    folder = tmp_path / "export"
    if names is not None:
        folder.mkdir()
        for name in names:
            (folder / name).write_text("")
    with pytest.raises(InputError, match=told):
        read_fhir(folder, catalogue=catalogue)


def test_a_damaged_archive_is_named(tmp_path, catalogue):
    (tmp_path / "Patient.ndjson.gz").write_bytes(b"\x1f\x8b no archive")
    with pytest.raises(InputError, match="cannot be read"):
        read_fhir(tmp_path, catalogue=catalogue)


def test_lines_are_streamed(tmp_path, catalogue, monkeypatch):
    """A line that is too long is one rejected row, and does not reach the memory whole."""
    monkeypatch.setattr("sigm_bayes.registry.fhir.lines.LONGEST_LINE", 1000)
    (tmp_path / "Patient.ndjson").write_text(
        json.dumps(PATIENT) + "\n" + "x" * 50_000 + "\n" + json.dumps({**PATIENT, "id": "b"})
    )
    (tmp_path / "Observation.ndjson").write_text(json.dumps(igm("x")) + "\n")
    registry = read_fhir(tmp_path, catalogue=catalogue)
    assert dict(registry.people.table.unreadable) == {2: "the line is too long"}
    assert np.array_equal(registry.people.table.records, [1, 3])
