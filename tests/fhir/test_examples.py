"""The shipped synthetic Bundles through the command line, and the RiskAssessment that comes back."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from types import SimpleNamespace

import pytest
from fhir_builders import EXAMPLES
from typer.testing import CliRunner

from sigm_bayes.cli.entry import plain_query
from sigm_bayes.fhir import read_bundle_file, risk_assessment
from sigm_bayes.fhir.json_text import dumps, loads

NAMES = ("adult-on-rituximab", "child-recurrent-otitis", "censored-igm")


@pytest.fixture(scope="session")
def model():
    from sigm_bayes.query import load_model

    return load_model()


@pytest.fixture
def run():
    """Run the command line in this process: standard output, standard error and exit code."""
    from sigm_bayes.cli.main import app

    def invoke(*arguments, stdin=None):
        result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)
        return SimpleNamespace(code=result.exit_code, out=result.stdout, err=result.stderr)

    return invoke


def test_every_example_is_here():
    assert sorted(path.stem for path in EXAMPLES.glob("*.json")) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_answered(run, tmp_path, name):
    from fhir.resources.R4B.bundle import Bundle
    from fhir.resources.R4B.riskassessment import RiskAssessment

    path, out = EXAMPLES / f"{name}.json", tmp_path / "risk.json"
    Bundle.model_validate_json(path.read_text())  # what ships is FHIR
    assert "HTEST" in path.read_text()
    page = run("query", "--fhir", path, "--fhir-out", out, "--setting", "hospital")
    assert page.code == 0, page.err
    assert "not used" in page.out
    assert page.out.index("From FHIR") > page.out.index("For")
    assessment = RiskAssessment.model_validate_json(out.read_text())
    assert assessment.status == "final"
    assert assessment.mitigation is None
    assert [one.outcome.coding[0].code for one in assessment.prediction] == [
        "primary", "secondary", "normal", "other_immunodeficiency",
    ]  # fmt: skip
    assert sum(one.probabilityDecimal for one in assessment.prediction) == pytest.approx(100, abs=0.05)
    assert "diagnos" not in out.read_text().lower()
    basis = {one.reference for one in assessment.basis}
    ids = {f"{e['resource']['resourceType']}/{e['resource']['id']}" for e in json.loads(path.read_text())["entry"]}
    assert basis <= ids
    assert {"Patient/example"} < basis


@pytest.mark.parametrize("name", NAMES)
def test_json_has_the_account(run, name):
    answer = json.loads(run("query", "--fhir", EXAMPLES / f"{name}.json", "--json").out)
    account = answer["fhir"]
    assert account["subject"] == "Patient/example"
    assert all(entry["became"] for entry in account["used"])
    assert all(entry["reason"] for entry in account["ignored"])
    assert answer["probability"]["primary"]["mean"] > 0


def test_standard_input(run):
    text = (EXAMPLES / "censored-igm.json").read_text()
    assert run("query", "--fhir", "-", "--json", stdin=text).code == 0
    assert "is no JSON" in run("query", "--fhir", "-", stdin="{").err


def test_what_the_adult_on_rituximab_becomes(model):
    reading = read_bundle_file(EXAMPLES / "adult-on-rituximab.json", catalogue=model.catalogue)
    assert reading.mapping["causes"]["b_cell_depletion"] == {
        "state": "present", "started": "before_low_igm", "igm_before": "normal", "last_dose": "2025-09-02",
    }  # fmt: skip
    assert reading.mapping["findings"] == {"pneumonia": "present"}
    answer = model.query(reading.patient(catalogue=model.catalogue))
    assert answer.probability["secondary"]["mean"] > 0.5


def test_the_censored_igm(model):
    reading = read_bundle_file(EXAMPLES / "censored-igm.json", catalogue=model.catalogue)
    patient = reading.patient(catalogue=model.catalogue)
    assert [(s.comparator, s.high_mg_dl) for s in patient.igm] == [("<", 20.0), ("<", 20.0)]
    assert patient.igm[0].context == "acute_infection"
    assert len(patient.invasive) == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--fhir-out", "x.json"], "without --fhir"),
        (["--fhir", "BUNDLE", "--age", "34"], "only --setting may be added"),
        (["patient.toml", "--fhir", "BUNDLE"], "only --setting may be added"),
        (["--fhir", "none.json"], "is not there"),
        (["--fhir", "BUNDLE", "--fhir-out", "no/such/folder/x.json"], "folder is not there"),
        (["--fhir", "BUNDLE", "--setting", "moon"], "moon"),
    ],
)
def test_options_that_contradict(run, arguments, told):
    given = [str(EXAMPLES / "censored-igm.json") if word == "BUNDLE" else word for word in arguments]
    done = run("query", *given)
    assert done.code == 2
    assert told in done.err
    assert done.out == ""


def test_the_short_way_does_not_take_it():
    assert plain_query(["query", "--fhir", "a.json"]) is None


def test_risk_assessment(model):
    reading = read_bundle_file(EXAMPLES / "censored-igm.json", catalogue=model.catalogue)
    answer = model.query(reading.patient(catalogue=model.catalogue)).to_dict()
    when = datetime.datetime(2026, 11, 22, 12, 30, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))
    made = risk_assessment(answer, subject="Patient/example", basis=["Observation/igm-1"], labels={}, when=when)
    assert made["occurrenceDateTime"] == "2026-11-22T11:30:00Z"
    assert made["identifier"][0]["value"].endswith(answer["input_sha256"])
    assert answer["model"]["version"] in made["identifier"][0]["value"]
    text = [note["text"] for note in made["note"]]
    assert text[0].startswith("For research and decision support")
    assert all(f"Caution: {caution['message']}" in text for caution in answer["cautions"])
    for one in made["prediction"]:
        name = one["outcome"]["coding"][0]["code"]
        parts = {part["url"]: part for part in one["extension"][0]["extension"]}
        band = answer["probability"][name]
        assert float(one["probabilityDecimal"]) == pytest.approx(100 * band["mean"], abs=0.005)
        assert float(parts["lower"]["valueDecimal"]) <= float(one["probabilityDecimal"])
        assert 0 < one["probabilityDecimal"] < 100
    assert loads(dumps(made)) == loads(dumps(made, indent=2))


def test_a_refused_answer_has_no_prediction(model):
    from fhir.resources.R4B.riskassessment import RiskAssessment

    from sigm_bayes.patient import parse_patient

    infant = parse_patient({"age_months": 3, "igm": [{"value": 12, "unit": "mg/dL"}]}, catalogue=model.catalogue)
    made = risk_assessment(model.query(infant).to_dict(), subject="Patient/p", basis=[], labels={})
    assert "prediction" not in made
    assert "basis" not in made
    assert any(note["text"].startswith("No probability: ") for note in made["note"])
    RiskAssessment.model_validate_json(dumps(made))


def loaded_after(code):
    """Names of the modules that are loaded once the code has run in a fresh interpreter."""
    printed = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(json.loads(printed.stdout.splitlines()[-1]))


def test_the_command_line_starts_without_fhir_and_fhir_is_light():
    assert "sigm_bayes.fhir" not in loaded_after("import sigm_bayes.cli.main")
    loaded = loaded_after(
        "from pathlib import Path\nfrom sigm_bayes.catalogue import default_catalogue\n"
        "from sigm_bayes.fhir import read_bundle_file\n"
        f"read_bundle_file(Path({str(EXAMPLES / 'censored-igm.json')!r}), catalogue=default_catalogue())"
    )
    assert "sigm_bayes.fhir" in loaded
    assert not {"numpy", "pandas", "pyarrow", "pydantic", "pymc", "scipy", "xarray", "fhir"} & loaded
