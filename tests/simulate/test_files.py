"""The files: marked as synthetic, complete, regenerated word by word, and accepted by `sigm score`."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from sigm_bayes.cohort.columns import WRITTEN
from sigm_bayes.cohort.scoring import score_table
from sigm_bayes.errors import InputError
from sigm_bayes.paths import data_dir
from sigm_bayes.simulate import draw_parameters, load_options, simulate_registry, write_registry
from sigm_bayes.simulate.parameters import from_document, to_document
from sigm_bayes.simulate.writing import PARAMETERS, TABLES, read_parameters

SHIPPED = data_dir() / "registry"
LARGEST_BYTES = 1_500_000
FILES = {*(f"{name}.csv" for name in TABLES), PARAMETERS, "README.md"}


def rows(path):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="session")
def shapes(truth, encoder):
    """Shapes of the parameters that a released model has."""
    return {
        name: value.shape
        for name, value in truth.items()
        if name.startswith("curve_") or not encoder.priors.parameter(name).evidence_only
    }


@pytest.fixture(scope="session")
def written(tmp_path_factory, encoder, truth, shapes):
    folder = tmp_path_factory.mktemp("registry")
    catalogue = encoder.catalogue
    options = load_options(catalogue=catalogue)
    known = {name: truth[name] for name in shapes}
    registry = simulate_registry(
        known, catalogue=catalogue, priors=encoder.priors, curves=encoder.curves, options=options, n=120, centres=8,
        seed=3,
    )  # fmt: skip
    write_registry(registry, known, folder, catalogue=catalogue, options=options, parquet=True)
    return folder


# ---------------------------------------------------------------- what is shipped


def test_the_shipped_registry_is_what_the_command_writes(tmp_path, run):
    """Its own parameters, the options beside it, the default seed and size."""
    done = run("simulate", "--parameters", SHIPPED / PARAMETERS, "--out", tmp_path)
    assert done.code == 0, done.err
    assert {path.name for path in tmp_path.iterdir()} == FILES
    differing = [name for name in FILES if (tmp_path / name).read_bytes() != (SHIPPED / name).read_bytes()]
    assert differing == []


def test_the_shipped_registry_is_of_the_promised_size():
    people = rows(SHIPPED / "registry.csv")
    assert len(people) == 2000
    assert len({row["person_id"] for row in people}) == 2000
    assert len({row["centre"] for row in people}) == 8
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < LARGEST_BYTES
    assert {row["class"] for row in rows(SHIPPED / "truth.csv")} == {
        "primary", "secondary", "normal", "other_immunodeficiency",
    }  # fmt: skip


@pytest.mark.parametrize("folder", ["shipped", "written"])
def test_every_file_says_that_it_is_synthetic(folder, written):
    path = SHIPPED if folder == "shipped" else written
    for file in path.iterdir():
        if file.suffix == ".csv":
            table = rows(file)
            assert next(iter(table[0])) == "synthetic"
            assert {row["synthetic"] for row in table} == {"yes"}
        elif file.suffix == ".parquet":
            continue  # its own test below
        else:
            assert b"synthetic" in file.read_bytes().lower()[:400]


def test_tables_fit_together(written):
    tables = {name: rows(written / f"{name}.csv") for name in TABLES}
    ids = [row["person_id"] for row in tables["registry"]]
    assert [row["person_id"] for row in tables["truth"]] == ids
    assert list(dict.fromkeys(row["person_id"] for row in tables["samples"])) == ids
    assert {row["centre"] for row in tables["registry"]} == {row["centre"] for row in tables["centres"]}
    described = {name: [r["column"] for r in tables["dictionary"] if r["table"] == name] for name in TABLES}
    for name in ("registry", "samples", "centres", "truth"):
        assert described[name] == list(tables[name][0])


def test_cells_hold_what_the_dictionary_allows(written):
    for entry in rows(written / "dictionary.csv"):
        allowed = {"" if value == "blank" else value for value in entry["values"].split(";")}
        if not entry["values"]:
            continue
        cells = {row[entry["column"]] for row in rows(written / f"{entry['table']}.csv")}
        assert cells <= allowed | ({""} if entry["table"] == "truth" else set()), entry["column"]


def test_parquet_holds_the_same_and_is_marked(written):
    parquet = pytest.importorskip("pyarrow.parquet")
    for name in TABLES:
        table = parquet.read_table(written / f"{name}.parquet")
        assert b"Synthetic" in table.schema.metadata[b"synthetic"]
        same = [{k: v or "" for k, v in row.items()} for row in table.to_pylist()]
        assert same == rows(written / f"{name}.csv")


def test_parameters_read_back_to_the_last_digit(written, truth, shapes):
    back = read_parameters(written / PARAMETERS, like=shapes)
    assert back.keys() == shapes.keys()
    for name, value in back.items():
        np.testing.assert_array_equal(value, truth[name])


def test_what_is_wrong_with_parameters_is_named(shapes, truth):
    document = to_document({name: truth[name] for name in shapes})
    del document["log_hazard"]
    document["logit_primary"] = [1.0]
    document["co_exposure"] = float("nan")
    with pytest.raises(InputError) as caught:
        from_document(document, like=shapes, source="file")
    assert {p.field for p in caught.value.problems} == {
        "parameters.log_hazard", "parameters.logit_primary", "parameters.co_exposure",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"parameters": 3}', "no json"])
def test_a_file_that_is_no_parameters_is_refused(text, tmp_path, shapes):
    path = tmp_path / PARAMETERS
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError):
        read_parameters(path, like=shapes)


def test_one_draw_is_taken_as_it_is(prior_draws):
    class Drawn:
        parameters = prior_draws(5, seed=1)

    truth = draw_parameters(Drawn(), seed=9, draw=3)
    for name, value in truth.items():
        np.testing.assert_array_equal(value, Drawn.parameters[name][3])
    chosen = draw_parameters(Drawn(), seed=9)["log_hazard"]
    assert (Drawn.parameters["log_hazard"] == chosen).all(axis=1).sum() == 1
    with pytest.raises(InputError, match="draws 0 to 4"):
        draw_parameters(Drawn(), seed=9, draw=5)


# ---------------------------------------------------------------- a person of the registry as a patient


class AnyModel:
    """Gives everyone an empty answer; only whether the rows are read matters."""

    def __init__(self, catalogue):
        self.catalogue = catalogue
        self.patients = []

    def score(self, patients):
        self.patients += patients
        return [dict.fromkeys(WRITTEN[1:]) for _ in patients]


def score_rows(folder):
    """The simple mapping: the first sample's results beside the registry row."""
    firsts = {}
    for sample in rows(folder / "samples.csv"):
        person = firsts.setdefault(sample["person_id"], {"date": sample["date"]})
        if sample["date"] == person["date"]:
            name = sample["analyte"].lower()
            person |= {name: sample["value"], f"{name}_unit": sample["unit"], f"{name}_context": sample["context"]}
            firsts[sample["person_id"]] = person
    boxes = {r["column"] for r in rows(folder / "dictionary.csv") if r["asked"] == "no"}
    out = []
    for row in rows(folder / "registry.csv"):
        results = {key: value for key, value in firsts[row["person_id"]].items() if key != "date"}
        cells = {k: "" if k in boxes and v == "0" else v for k, v in row.items()}
        out.append(cells | results)
    names = dict.fromkeys(name for row in out for name in row)
    return [{name: row.get(name, "") for name in names} for row in out]


def test_sigm_score_takes_every_person_of_the_shipped_registry(tmp_path, catalogue):
    table = score_rows(SHIPPED)
    path = tmp_path / "people.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(table[0]))
        writer.writeheader()
        writer.writerows(table)
    model = AnyModel(catalogue)
    outcome = score_table(path, tmp_path / "scored.csv", model=model)
    assert [str(problem) for problem in outcome.problems] == []
    assert outcome.scored == 2000
    described = {f"invasive_{name}" for name in ("site", "organism", "severity", "number")}
    assert set(outcome.ignored) - described == {"synthetic", "centre", "label", "label_date"}
    for row, patient in zip(table, model.patients, strict=True):
        assert patient.setting == row["setting"]
        assert (
            patient.findings.get("pneumonia", "unknown")
            == {"1": "present", "0": "absent", "": "unknown"}[row["pneumonia"]]
        )


# ---------------------------------------------------------------- the command


def test_the_command_writes_a_registry(run, tmp_path):
    done = run(
        "simulate", "--n", 30, "--centres", 3, "--seed", 5, "--ascertainment", "all_tested", "--parquet",
        "--out", tmp_path / "new",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "synthetic registry of 30 people in 3 centres" in done.err
    assert len(done.out.splitlines()) == len(list((tmp_path / "new").iterdir())) == len(FILES) + len(TABLES)
    assert len(rows(tmp_path / "new" / "registry.csv")) == 30
    document = json.loads((tmp_path / "new" / PARAMETERS).read_text(encoding="utf-8"))
    assert (document["seed"], document["people"], document["ascertainment"]) == (5, 30, "all_tested")


@pytest.mark.parametrize("name", ["samples.csv", "README.md", "parameters.json", "truth.parquet"])
def test_what_is_not_synthetic_is_not_replaced(run, tmp_path, name):
    (tmp_path / name).write_text("person_id,comment\n1,not a synthetic value\n", encoding="utf-8")
    done = run("simulate", "--n", 30, "--centres", 3, "--parquet", "--out", tmp_path)
    assert done.code == 2
    assert name in done.err
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text(encoding="utf-8").startswith("person_id,comment")


def test_a_synthetic_registry_is_replaced_by_another(run, tmp_path):
    for seed in (1, 2):
        assert run("simulate", "--n", 30, "--centres", 3, "--parquet", "--seed", seed, "--out", tmp_path).code == 0
    assert json.loads((tmp_path / PARAMETERS).read_text(encoding="utf-8"))["seed"] == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("--ascertainment", "some"),
        ("--centres", "31"),
        ("--options", "nowhere.toml"),
        ("--parameters", "nowhere.json"),
    ],
)
def test_the_command_names_what_does_not_fit(run, tmp_path, arguments):
    done = run("simulate", "--n", 30, "--out", tmp_path / "new", *arguments)
    assert done.code == 2
    assert arguments[1] in done.err
    assert not (tmp_path / "new").exists()
