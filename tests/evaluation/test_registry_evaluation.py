"""From a registry to the report: outcome, features, exclusions, tables of predictions, page, command."""

import csv
import json
import re
import tomllib
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

from sigm_bayes.catalogue import default_catalogue
from sigm_bayes.cli.main import app
from sigm_bayes.cohort.columns import CLASSES
from sigm_bayes.errors import InputError
from sigm_bayes.evaluation import assess as assess_module
from sigm_bayes.evaluation.assess import assess
from sigm_bayes.evaluation.features import cut_off_rule, registry_features
from sigm_bayes.evaluation.outcome import AMBIGUOUS, BLANK, NO_TRUTH, label_outcome, read_truth
from sigm_bayes.evaluation.outside import read_predictions
from sigm_bayes.evaluation.page import page
from sigm_bayes.evaluation.scoring import score_people
from sigm_bayes.evaluation.terminal import render
from sigm_bayes.evaluation.wording import number
from sigm_bayes.paths import data_dir
from sigm_bayes.patient import parse_patient
from sigm_bayes.query import load_model
from sigm_bayes.registry import read_registry

MAPPING = """
format = "sigm_bayes.registry_mapping/1"
[person]
person_id = "id"
centre = "centre"
age_years = "age"
sex = { column = "sex" }
label = { column = "label" }
label_date = "label_date"
[results.igm]
column = "igm"
unit = "mg/dL"
[results.igg]
column = "igg"
unit = "mg/dL"
[results.iga]
column = "iga"
unit = "mg/dL"
[findings]
pneumonia = { column = "pneumonia", asked = true }
asthma = { column = "asthma", asked = true }
[causes]
clozapine = { column = "clozapine", asked = true }
"""
HEADER = ("id", "centre", "age", "sex", "label", "label_date", "igm", "igg", "iga", "pneumonia", "asthma", "clozapine")
USUAL = {
    "centre": "A", "age": "40", "sex": "female", "label": "normal", "label_date": "", "igm": "25", "igg": "1000",
    "iga": "200", "pneumonia": "1", "asthma": "0", "clozapine": "0",
}  # fmt: skip


@pytest.fixture
def read(tmp_path):
    """read(rows): the registry of these rows, the usual person where a row says nothing."""

    def make(rows):
        with (tmp_path / "people.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, HEADER)
            writer.writeheader()
            writer.writerows({**USUAL, **row} for row in rows)
        (tmp_path / "mapping.toml").write_text(MAPPING, encoding="utf-8")
        return read_registry(tmp_path / "people.csv", tmp_path / "mapping.toml")

    return make


@pytest.fixture
def many(read):
    """A registry of 160 people in two centres, whose names a page must not run."""
    rng = np.random.default_rng(9)
    labels = rng.choice(CLASSES, 160, p=[0.15, 0.3, 0.4, 0.15])
    return read(
        {
            "id": f"P{n:03d}", "centre": "<b>A</b>" if n % 2 else "=B", "age": str(2 + n % 80), "label": labels[n],
            "igm": str(8 + int(rng.integers(50))), "pneumonia": str(rng.integers(2)),
            "clozapine": str(int(labels[n] == "secondary")),
        }
        for n in range(160)
    )  # fmt: skip


@pytest.fixture
def quick_scores(monkeypatch):
    """Replace the model's answers (a thirtieth of a second each) by made-up ones that know a little."""

    def score(patients, *, model, workers, progress):
        rng = np.random.default_rng(2)
        linear = rng.standard_normal((len(patients), 4))
        for n, patient in enumerate(patients):
            exposure = patient.causes.get("clozapine")
            linear[n, 1] += 3.0 * (exposure is not None and exposure.state == "present")
        p = np.exp(linear)
        progress(len(patients), len(patients))
        return p / p.sum(axis=1, keepdims=True), [""] * len(patients)

    monkeypatch.setattr(assess_module, "score_people", score)


@pytest.fixture
def assessed(many, quick_scores):
    return assess(many, label_outcome(many), model=None, test="<i>test</i>", draws=20)


def test_blank_and_ambiguous_labels_are_left_out_and_counted(read):
    registry = read(
        [
            {"id": "1", "label": "primary"},
            {"id": "2", "label": ""},
            {"id": "3", "label": "primary"},
            {"id": "3", "label": "secondary", "igm": "26"},
            {"id": "4", "label": "primary", "label_date": "2019-01-01"},
            {"id": "4", "label": "secondary", "label_date": "2021-01-01", "igm": "26"},
        ]
    )
    found = label_outcome(registry)
    assert dict(zip(registry.person_id, found.code.tolist(), strict=True)) == {"1": 0, "2": -1, "3": -1, "4": 1}
    assert found.excluded == {AMBIGUOUS: 1, BLANK: 1}
    assert not found.known


def test_a_registry_without_labels_is_refused(read):
    with pytest.raises(InputError, match="--truth"):
        label_outcome(read([{"id": "1", "label": ""}]))


def test_truth_is_matched_by_id(read, tmp_path):
    registry = read([{"id": "a"}, {"id": "b"}, {"id": "c"}])
    path = tmp_path / "truth.csv"
    path.write_text("class,person_id\nprimary,c\nsecondary,a\nnormal,elsewhere\n", encoding="utf-8")
    found = read_truth(path, registry)
    assert found.code.tolist() == [1, -1, 0]
    assert found.excluded == {NO_TRUTH: 1}
    assert found.known


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("person_id,klass\na,primary\n", "class: the column is missing"),
        ("person_id,class\na,sick\n", "row 1, class: is no class"),
        ("person_id,class\na,primary\na,normal\n", "there twice with two classes"),
        ("person_id,class\nz,primary\n", "nobody of the registry"),
    ],
)
def test_a_truth_that_cannot_be_used_is_refused(read, tmp_path, text, message):
    (tmp_path / "truth.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_truth(tmp_path / "truth.csv", read([{"id": "a"}]))


def test_the_rule_on_a_registry(read):
    registry = read(
        [
            {"id": "meets"},
            {"id": "igm in range", "igm": "90"},
            {"id": "igg low", "igg": "300"},
            {"id": "iga high", "iga": "900"},
            {"id": "iga not measured", "iga": ""},
            {"id": "no infection", "pneumonia": "0"},
            {"id": "asthma only", "pneumonia": "", "asthma": "1"},
            {"id": "cause", "clozapine": "1"},
        ]
    )
    met = cut_off_rule(registry_features(registry, catalogue=default_catalogue()))
    assert dict(zip(registry.person_id, met.tolist(), strict=True)) == {
        name: name == "meets" for name in registry.person_id
    }


def test_features_of_a_limit(read):
    registry = read([{"id": "1", "igm": "<20"}, {"id": "2", "igm": "20"}])
    found = registry_features(registry, catalogue=default_catalogue())
    assert found.limit.tolist() == [True, False]
    assert found.z[0, 0] == found.z[1, 0]


def test_who_is_refused_is_left_out_and_counted(many, monkeypatch):
    def score(patients, *, model, workers, progress):
        p = np.full((len(patients), 4), 0.25)
        p[:3] = np.nan
        return p, ["under_six_months"] * 3 + [""] * (len(patients) - 3)

    monkeypatch.setattr(assess_module, "score_people", score)
    found = assess(many, label_outcome(many), model=None, test="t", draws=20, baselines=False)
    assert found.evaluation.cases.size == 157
    assert found.excluded == {"no answer is given (under six months)": 3}
    assert "P000" not in found.person_id


def test_scores_are_those_of_the_query(tmp_path):
    """One person at a time or several processes: the probabilities of a query, to the last digit."""
    patients = [
        parse_patient({"age_years": age, "sex": "female", "igm": [{"value": 20, "unit": "mg/dL"}]})
        for age in (0.3, 5.0, 50.0)
    ]
    p, refused = score_people(patients, model=None, workers=1)
    assert refused == ["under_six_months", "", ""]
    assert np.isnan(p[0]).all()
    answer = load_model().query(patients[2]).to_dict()["probability"]
    assert p[2] == pytest.approx([answer[name]["mean"] for name in CLASSES], abs=1e-12)


@pytest.mark.slow
def test_several_processes_score_alike():
    patients = [parse_patient({"age_years": 5 + n, "igm": [{"value": 15 + n, "unit": "mg/dL"}]}) for n in range(45)]
    one, two = (score_people(patients, model=None, workers=workers)[0] for workers in (1, 2))
    assert np.array_equal(one, two)


def test_predictions_of_other_models_are_compared(many, quick_scores, tmp_path):
    path = tmp_path / "refit.csv"
    lines = ["person_id,p_primary,p_secondary,p_normal,p_other_immunodeficiency"]
    lines += [f"P{n:03d},0.1,0.2,0.6,0.1" for n in range(150)]
    path.write_text("\n".join([*lines, "P150,,,,", "stranger,0.25,0.25,0.25,0.25"]), encoding="utf-8")
    found = assess(
        many, label_outcome(many), model=None, test="t", draws=20, baselines=False, others={"refit": path}
    )  # fmt: skip
    assert list(found.evaluation.methods) == ["model", "refit"]
    assert found.evaluation.cases.size == 150
    assert found.excluded == {"no prediction by refit": 10}
    shares = np.log([0.1, 0.2, 0.6, 0.1])
    expected = np.mean([shares[CLASSES.index(name)] for name in found.truth])
    assert found.evaluation.methods["refit"].log_score.value == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("person_id,p_primary\na,1\n", "p_secondary: the column is missing"),
        ("person_id,p_primary,p_secondary,p_normal,p_other_immunodeficiency\na,x,0,0,0\n", "is no number"),
        ("person_id,p_primary,p_secondary,p_normal,p_other_immunodeficiency\na,1,0,0,0\na,1,0,0,0\n", "there twice"),
    ],
)
def test_a_table_of_predictions_that_cannot_be_used_is_refused(tmp_path, text, message):
    (tmp_path / "p.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_predictions(tmp_path / "p.csv", ["a"])


def test_baselines_are_compared_and_the_document_is_json(assessed):
    document = assessed.to_dict()
    assert list(document["methods"]) == [
        "model", "cut-off rule", "naive Bayes", "logistic regression", "IgM alone", "class shares"
    ]  # fmt: skip
    text = json.dumps(document, allow_nan=False)
    assert "P000" not in text  # no person is in it
    assert document["baselines_left_out"] == "centre"
    assert document["rules"]["cut-off rule"]["acted"] > 0


def test_the_page_stands_alone_and_runs_nothing(assessed):
    text = page(assessed)
    assert "<b>A</b>" not in text
    assert "&lt;b&gt;A&lt;/b&gt;" in text
    assert "<i>test" not in text
    assert "<script" not in text
    assert not re.search(r'(?:src|href)="(?!#)', text)
    assert "P000" not in text
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'xlink:href="#([^"]+)"', text)) <= set(ids)
    assert text.count("<svg") == 3
    assert text.index('class="summary"') < text.index("<svg")


def test_the_page_of_a_registry_without_the_class(many, quick_scores):
    outcome = label_outcome(many)
    code = np.where(outcome.code == 0, 2, outcome.code)
    found = assess(many, SimpleNamespace(**vars(outcome) | {"code": code}), model=None, test="t", draws=20)
    text = page(found)
    assert text.count("<svg") == 2
    assert "nobody has this class" in text
    assert "nobody has this class" in render(found)


@pytest.mark.parametrize("width", [72, 100, 140])
def test_the_terminal_says_the_sentence_cautions_and_tables(assessed, width):
    text = render(assessed, width=width)
    assert max(len(line) for line in text.splitlines()) <= width
    own = assessed.evaluation.methods["model"]
    for found in (own.log_score, own.c["primary"], own.polytomous, own.calibration["normal"].ratio):
        assert number(found) in text  # whole, whatever the width
    assert "…" not in text
    for words in ("In 160 people", "Methods", "By centre", "Who is in it", "For research and decision support"):
        assert words in " ".join(text.split())
    assert "The comparison is with what the centres call a person" in " ".join(text.split())
    assert "\x1b" not in text
    assert "\ue000" not in text


def test_the_command(many, quick_scores, tmp_path):
    out, report = tmp_path / "p.csv", tmp_path / "r.html"
    arguments = [
        *("evaluate", "models/none", str(tmp_path / "people.csv"), "-m", str(tmp_path / "mapping.toml")),
        *("--no-baselines", "--draws", "20", "--json", "--out", str(out), "--report", str(report)),
    ]
    missing = CliRunner().invoke(app, arguments)
    assert missing.exit_code == 4
    arguments[1] = str(data_dir().parent / "models" / "sigm")
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["rows"] == 160
    assert document["model"]["name"] == "sigm"
    with out.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 160
    assert {row["centre"] for row in rows} == {"<b>A</b>", "'=B"}
    assert "<svg" in report.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "extra",
    [["--report", "r.txt"], ["--out", "p.parquet"], ["--predictions", "x"], ["--predictions", "model=x.csv"]],
)
def test_options_that_cannot_be_used_are_refused(tmp_path, extra):
    arguments = ["evaluate", "models/sigm", str(tmp_path / "people.csv"), "-m", str(tmp_path / "m.toml"), *extra]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2


def test_the_mapping_of_the_synthetic_registry_says_what_its_dictionary_says():
    root = data_dir().parent
    with (root / "data" / "registry" / "dictionary.csv").open(encoding="utf-8", newline="") as stream:
        columns = [row for row in csv.DictReader(stream) if row["table"] == "registry"]
    rows = [row for row in columns if row["type"] == "state"]
    described = {row["column"] for row in columns if row["meaning"] == "of the recorded invasive infection"}
    assert len(described) == 4
    mapping = tomllib.loads((root / "examples" / "synthetic-registry-mapping.toml").read_text(encoding="utf-8"))
    said = {**mapping["findings"], **mapping["causes"]}
    asked = {name: isinstance(entry, dict) and entry.get("asked", False) for name, entry in said.items()}
    assert asked == {row["column"]: row["asked"] == "yes" for row in rows}
    assert {entry["column"] for entry in mapping["invasive"].values()} == described
