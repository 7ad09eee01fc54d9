"""A model that answers with an invented document, so that the command line is tested without a posterior."""

import copy
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from sigm_bayes.catalogue import default_catalogue

DATA = Path(__file__).parents[1] / "report" / "data"
PATIENTS = Path(__file__).parents[2] / "examples" / "patients"


class FakeModel:
    """Keeps the patients it was asked about; answers every one alike."""

    def __init__(self):
        self.catalogue = default_catalogue()
        self.asked = []
        self.answer = json.loads((DATA / "adult.json").read_text(encoding="utf-8"))

    def query(self, patient):
        self.asked.append(patient)
        document = copy.deepcopy(self.answer)
        return SimpleNamespace(to_dict=lambda: document)

    def score(self, patients):
        self.asked += patients
        return [self._row(patient) for patient in patients]

    def _row(self, patient):
        young = patient.corrected_age_years < 0.5
        row = {"top_cause": "" if young else "occult", "cautions": "single_value;x", "refused": ""}
        if young:
            row["refused"] = "under_6_months"
        for name, band in self.answer["probability"].items():
            row[f"p_{name}"] = None if young else band["mean"]
            row[f"p_{name}_lower"] = None if young else band["lower"]
            row[f"p_{name}_upper"] = None if young else band["upper"]
        return row


@pytest.fixture
def model(monkeypatch):
    import sigm_bayes.query

    fake = FakeModel()
    fake.folders = []

    def load_model(path=None):
        fake.folders.append(path)
        return fake

    monkeypatch.setattr(sigm_bayes.query, "load_model", load_model, raising=False)
    return fake


@pytest.fixture
def run():
    """Run the command line in this process: standard output, standard error and exit code."""
    from sigm_bayes.cli.main import app

    runner = CliRunner()

    def invoke(*arguments, stdin=None):
        result = runner.invoke(app, [str(argument) for argument in arguments], input=stdin)
        return SimpleNamespace(code=result.exit_code, out=result.stdout, err=result.stderr)

    return invoke


@pytest.fixture
def patients():
    """The folder of example patients."""
    return PATIENTS
