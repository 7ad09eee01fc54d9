"""Simulated registry -> OMOP tables -> read: the same Dataset as through the flat tables."""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb
import numpy as np
import pytest
from typer.testing import CliRunner

from sigm_bayes.cli.main import app
from sigm_bayes.errors import InputError
from sigm_bayes.registry import Table
from sigm_bayes.registry.compare import differences
from sigm_bayes.registry.omop import OmopOptions, read_omop
from sigm_bayes.registry.read import build_registry
from sigm_bayes.registry.standard import standard_mapping
from sigm_bayes.simulate import load_options, simulate_registry
from sigm_bayes.simulate.omop import omop_tables, write_omop
from sigm_bayes.simulate.omop_tables import CDM
from sigm_bayes.simulate.tables import registry_table, samples_table

EVENTS = {
    "condition_occurrence": ("condition_source_value", "condition_start_date"),
    "drug_exposure": ("drug_source_value", "drug_exposure_start_date"),
    "procedure_occurrence": ("procedure_source_value", "procedure_date"),
}
PEOPLE = 300
BY_OWN_ID = OmopOptions(person_ids="person_source_value", data_until="2099-12-31")


@pytest.fixture(scope="module")
def options(catalogue):
    return load_options(catalogue=catalogue)


@pytest.fixture(scope="module", params=["low_igm", "all_tested"])
def simulated(request, encoder, prior_draws, options):
    truth = {name: value[0] for name, value in prior_draws(1, seed=41).items()}
    return simulate_registry(
        truth, catalogue=encoder.catalogue, priors=encoder.priors, curves=encoder.curves, options=options,
        n=PEOPLE, centres=4, seed=5, ascertainment=request.param,
    )  # fmt: skip


@pytest.fixture(scope="module")
def flat(simulated, catalogue, options):
    """The registry through the flat tables, with the dates that only OMOP has beside the causes."""
    people = registry_table(simulated, catalogue=catalogue)
    samples = samples_table(simulated, catalogue=catalogue)
    number = {str(i): row for i, row in enumerate(range(len(people["person_id"])), start=1)}
    causes = {cause.id: cause for cause in catalogue.causes}
    tables = omop_tables(simulated, catalogue=catalogue, options=options)
    for name, (source, start) in EVENTS.items():
        table = tables[name]
        for person, id, day in zip(table["person_id"], table[source], table[start], strict=True):
            if id in causes:
                column = people.setdefault(f"{id}_started_on", [""] * len(people["person_id"]))
                column[number[person]] = day
                if name == "procedure_occurrence" and np.isfinite(causes[id].half_life_months):  # done on that day
                    column = people.setdefault(f"{id}_last_dose", [""] * len(people["person_id"]))
                    column[number[person]] = day
    table, listed = Table.from_columns(Path("people"), people), Table.from_columns(Path("samples"), samples)
    mapping = standard_mapping(
        catalogue, header=table.header, samples_header=listed.header, not_asked=options.records["tick_boxes"]
    )
    return build_registry(table, mapping, samples=listed, catalogue=catalogue)


@pytest.mark.parametrize("parquet", [False, True])
def test_the_dataset_is_the_same(simulated, flat, catalogue, options, tmp_path, parquet):
    write_omop(simulated, tmp_path, catalogue=catalogue, options=options, parquet=parquet)
    read = read_omop(tmp_path, catalogue=catalogue, options=BY_OWN_ID)
    assert read.size == flat.size == PEOPLE
    assert differences(flat, read) == []
    # it is not the same because nothing is in it
    assert (read.findings == 0).sum() > PEOPLE
    assert (read.findings == 1).sum() > PEOPLE
    assert (read.causes == 1).sum() > 20
    assert len(set(read.label.tolist())) == 5
    assert len(set(read.samples["context"].tolist())) >= 3
    assert (read.samples["comparator"] == 1).any()
    assert read.exposures["person"].size > 20
    assert all(tally.balanced for tally in read.sources)
    assert not any(tally.rejected for tally in read.sources)
    assert sum(tally.rows for tally in read.sources) == sum(tally.used for tally in read.sources)


def test_from_a_duckdb_file_too(simulated, flat, catalogue, options, tmp_path):
    write_omop(simulated, tmp_path / "tables", catalogue=catalogue, options=options, parquet=True)
    file = tmp_path / "cdm.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("CREATE SCHEMA cdm54")
        for name in CDM:
            connection.execute(
                f"CREATE TABLE cdm54.{name.upper()} AS SELECT * FROM read_parquet('{tmp_path}/tables/{name}.parquet')"
            )
    for where in (file, f"duckdb://{file}", Path(f"duckdb://{file}")):
        assert differences(flat, read_omop(where, catalogue=catalogue, options=BY_OWN_ID)) == []


def test_age_follows_from_birth_without_the_local_observation(simulated, flat, catalogue, options, tmp_path):
    tables = omop_tables(simulated, catalogue=catalogue, options=options)
    kept = [what != "SIGM:age_years" for what in tables["observation"]["observation_source_value"]]
    assert not all(kept)
    tables["observation"] = {
        name: [cell for cell, here in zip(cells, kept, strict=True) if here]
        for name, cells in tables["observation"].items()
    }
    for name, table in tables.items():
        with (tmp_path / f"{name}.csv").open("w", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(table)
            writer.writerows(zip(*table.values(), strict=True))
    read = read_omop(tmp_path, catalogue=catalogue, options=BY_OWN_ID)
    order = np.argsort(read.person_id.astype(str)), np.argsort(flat.person_id.astype(str))
    assert np.abs(read.age_years[order[0]] - flat.age_years[order[1]]).max() < 0.02
    assert all(entry.startswith("age") for entry in differences(flat, read))


def test_every_file_says_that_it_is_synthetic(simulated, catalogue, options, tmp_path):
    for path in write_omop(simulated, tmp_path, catalogue=catalogue, options=options):
        lines = path.read_text(encoding="utf-8").splitlines()
        assert lines[0].startswith("synthetic,")
        assert all(line.startswith("yes,") for line in lines[1:])
    assert len(list(tmp_path.iterdir())) == len(CDM)


def test_a_real_table_is_never_replaced(simulated, catalogue, options, tmp_path):
    (tmp_path / "person.csv").write_text("person_id\n1\n")
    with pytest.raises(InputError, match="does not say that it is synthetic"):
        write_omop(simulated, tmp_path, catalogue=catalogue, options=options)
    assert [path.name for path in tmp_path.iterdir()] == ["person.csv"]


def test_results_carry_number_operator_unit_and_text(simulated, catalogue, options):
    table = omop_tables(simulated, catalogue=catalogue, options=options)["measurement"]
    assert set(table["unit_concept_id"]) == {"8840", "8636"}
    assert set(table["operator_concept_id"]) == {"4172703", "4171756"}
    for text, number in zip(table["value_source_value"], table["value_as_number"], strict=True):
        assert text.lstrip("<") == number


def test_the_command_reads_what_the_simulator_wrote(simulated, catalogue, options, tmp_path):
    write_omop(simulated, tmp_path / "cdm", catalogue=catalogue, options=options)
    report = tmp_path / "report.html"
    arguments = ["registry", "check", str(tmp_path / "cdm"), "--format", "omop", "--report", str(report)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert f"{PEOPLE} people" in done.output
    assert "condition_occurrence: " in report.read_text(encoding="utf-8")
    done = CliRunner().invoke(app, ["registry", "check", str(tmp_path / "nowhere"), "--format", "omop"])
    assert done.exit_code == 2
