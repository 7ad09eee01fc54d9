"""Simulate, write in each format, read back: the same registry to the last variable."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from sigm_bayes.cohort.columns import read_header
from sigm_bayes.registry import Table, open_table, read_registry
from sigm_bayes.registry.compare import differences
from sigm_bayes.registry.read import build_registry
from sigm_bayes.registry.standard import standard_mapping
from sigm_bayes.simulate import load_options, simulate_registry, write_registry
from sigm_bayes.simulate.tables import registry_table, samples_table


@pytest.fixture(scope="session")
def simulated(encoder, frequent):
    """A registry with many of every class, its options, and what the reader makes of its tables in memory."""
    catalogue = encoder.catalogue
    options = load_options(catalogue=catalogue)
    registry = simulate_registry(
        frequent, catalogue=catalogue, priors=encoder.priors, curves=encoder.curves, options=options, n=400, centres=8,
        seed=5,
    )  # fmt: skip
    tables = registry_table(registry, catalogue=catalogue), samples_table(registry, catalogue=catalogue)
    return registry, options, understood(*(Table.from_columns(Path("memory"), t) for t in tables), catalogue, options)


def understood(people, samples, catalogue, options):
    mapping = standard_mapping(
        catalogue, header=people.header, samples_header=samples.header, not_asked=options.records["tick_boxes"]
    )
    return build_registry(people, mapping, samples=samples, catalogue=catalogue)


@pytest.fixture(scope="session")
def written(simulated, frequent, encoder, tmp_path_factory):
    """written(format): the folder with the files."""
    registry, options, _ = simulated

    def write(format):
        folder = tmp_path_factory.mktemp(format)
        write_registry(registry, frequent, folder, catalogue=encoder.catalogue, options=options, format=format)
        return folder

    return write


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_flat_tables_come_back(simulated, written, catalogue, format):
    folder = written(format)
    people, samples = (open_table(folder / f"{name}.{format}") for name in ("registry", "samples"))
    found = understood(people, samples, catalogue, simulated[1])
    assert differences(simulated[2], found) == []
    assert simulated[2].to_dataset().identical(found.to_dataset())
    assert found.people.counts() == {"accepted": 400, "caution": 0, "rejected": 0}
    assert found.measured.counts()["accepted"] == found.measured.rows


def test_redcap_comes_back(simulated, written):
    found = read_registry(written("redcap") / "redcap_export.csv", format="redcap")
    assert differences(simulated[2], found) == []
    assert found.people.counts()["accepted"] == found.people.rows
    assert found.measured.counts()["accepted"] == found.measured.rows


def test_what_comes_back_holds_what_was_simulated(simulated):
    """Against the records themselves: the comparison above would not see what both ways lose."""
    registry, _, found = simulated
    people = [(part, i) for part in registry.records for i in range(len(part.people))]
    assert found.size == len(people) == 400
    described = {int(p): e for e, p in enumerate(found.episodes["person"])}
    igm = found.samples["person"][found.samples["analyte"] == 0]
    for k, (part, i) in enumerate(people):
        assert found.age_years[k] == round(part.people.age_years[i], 2)
        assert found.sex[k] == part.people.male[i]
        assert (igm == k).sum() == sum(bool(printed.text[i]) for printed in part.igm)
        invasive = part.findings[i, found.finding_ids.index("invasive_infection")]
        assert (k in described) == (invasive == 1)
        if invasive == 1:
            e = described[k]
            assert found.episodes["sites"][e].nonzero()[0].tolist() == [part.people.site[i]]
            for name in ("organism", "severity", "number"):
                assert found.episodes[name][e] == getattr(part.people, name)[i]
    assert 20 < len(described) < 380


@pytest.mark.parametrize("format", ["parquet", "redcap"])
def test_the_folder_says_how_it_was_made_and_that_it_is_synthetic(written, format):
    folder = written(format)
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert f"--format {format}" in readme
    assert not (folder / "registry.csv").exists()
    assert json.loads((folder / "parameters.json").read_text(encoding="utf-8"))["synthetic"]
    for path in folder.iterdir():
        assert path.suffix not in {".csv", ".parquet"} or f"`{path.name}`" in readme
        if path.name == "redcap_export.csv":
            with path.open(encoding="utf-8", newline="") as stream:
                rows = [row for row in csv.DictReader(stream) if not row["redcap_repeat_instrument"]]
            assert len(rows) == 400
            assert {row["synthetic"] for row in rows} == {"yes"}


def test_a_redcap_folder_is_replaced_and_an_export_of_patients_is_not(run, tmp_path):
    arguments = ("simulate", "--n", 30, "--centres", 3, "--format", "redcap", "--out", tmp_path)
    assert run(*arguments).code == 0
    assert run(*arguments).code == 0
    for name in ("redcap_export.csv", "redcap_dictionary.csv"):
        before = (tmp_path / name).read_bytes()
        (tmp_path / name).write_text("person_id,sex\n1,female\n", encoding="utf-8")
        done = run(*arguments)
        assert done.code == 2
        assert name in done.err
        assert (tmp_path / name).read_text(encoding="utf-8").startswith("person_id,sex")
        (tmp_path / name).write_bytes(before)


def test_the_commands_of_the_round_trip(run, tmp_path):
    assert run("simulate", "--n", 30, "--centres", 3, "--format", "redcap", "--out", tmp_path).code == 0
    done = run("registry", "check", tmp_path / "redcap_export.csv", "--format", "redcap")
    assert done.code == 0, done.err
    assert "What can be used holds 30 people" in done.out
    done = run("registry", "template", "--redcap", "--out", tmp_path / "dictionary.csv")
    assert done.code == 0
    assert (tmp_path / "dictionary.csv").read_text(encoding="utf-8").startswith("Variable / Field Name,Form Name,")
    assert run("registry", "check", tmp_path / "redcap_export.csv").code == 2


def test_an_unknown_format_is_named(run, tmp_path):
    done = run("simulate", "--n", 30, "--format", "excel", "--out", tmp_path / "new")
    assert done.code == 2
    assert "excel" in done.err
    assert not (tmp_path / "new").exists()


def test_no_sample_is_later_than_the_export(simulated):
    last = simulated[1].samples["last_year"] + 2
    assert simulated[2].samples["date_high"].max() <= last


def test_sigm_score_leaves_the_description_of_an_infection_alone(written, catalogue):
    header = open_table(written("csv") / "registry.csv").header
    columns = read_header((*header, "igm", "igm_unit"), catalogue=catalogue, source="t")
    assert {f"invasive_{name}" for name in ("site", "organism", "severity", "number")} <= set(columns.ignored)
