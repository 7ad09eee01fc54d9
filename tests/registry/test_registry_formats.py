"""Tables made in memory, the standard names, the comparison, and the one door for all formats."""

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from whole_tables import whole_tables

from sigm_bayes.catalogue import default_catalogue
from sigm_bayes.errors import InputError
from sigm_bayes.registry import Table, open_table, read_registry
from sigm_bayes.registry.compare import differences
from sigm_bayes.registry.mapping_file import parse_mapping
from sigm_bayes.registry.propose import propose_mapping
from sigm_bayes.registry.read import build_registry
from sigm_bayes.registry.standard import standard_mapping, standard_unions

CATALOGUE = default_catalogue()


def written(folder, people, samples):
    """The tables as CSV files."""
    import csv

    for name, table in (("people", people), ("samples", samples)):
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(table)
            writer.writerows(zip(*table.values(), strict=True))
    return folder / "people.csv", folder / "samples.csv"


def build(people, samples, **options):
    mapping = standard_mapping(CATALOGUE, header=people.header, samples_header=samples.header, **options)
    return build_registry(people, mapping, samples=samples, catalogue=CATALOGUE)


@pytest.fixture(scope="module")
def tables():
    return whole_tables(CATALOGUE, people=120)


@pytest.fixture(scope="module")
def registry(tables):
    return build(*(Table.from_columns(Path("memory"), table) for table in tables))


def test_a_table_in_memory_is_the_table_in_a_file(tables, registry, tmp_path):
    paths = written(tmp_path, *tables)
    other = build(*(open_table(path) for path in paths))
    assert differences(registry, other) == []
    assert registry.to_dataset().identical(other.to_dataset())


def test_parquet_is_the_same(tables, registry, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    paths = []
    for name, table in zip(("people", "samples"), tables, strict=True):
        paths.append(tmp_path / f"{name}.parquet")
        pq.write_table(pa.table({key: pa.array([c or None for c in cells], "string") for key, cells in table.items()}),
                       paths[-1])  # fmt: skip
    assert differences(registry, build(*(open_table(path) for path in paths))) == []


def test_the_order_of_rows_does_not_matter(tables):
    """But for labels: which of two without a date was first is told by the rows."""
    people = {name: cells for name, cells in tables[0].items() if not name.startswith("label")}
    shuffled = []
    for table in (people, tables[1]):
        order = np.random.default_rng(3).permutation(len(table["person_id"]))
        shuffled.append({name: [cells[i] for i in order] for name, cells in table.items()})
    one = build(*(Table.from_columns(Path("m"), table) for table in (people, tables[1])))
    other = build(*(Table.from_columns(Path("m"), table) for table in shuffled))
    assert differences(one, other) == []


def test_the_proposal_for_standard_names_says_the_same(tables, registry, tmp_path):
    people, samples = (open_table(path) for path in written(tmp_path, *tables))
    text = propose_mapping(people, catalogue=CATALOGUE, samples=samples)
    proposed, problems = parse_mapping(tomllib.loads(text), catalogue=CATALOGUE)
    assert problems == []
    standard = standard_mapping(CATALOGUE, header=people.header, samples_header=samples.header, not_asked=people.header)
    assert dict(proposed.columns()) == dict(standard.columns())
    assert dict(proposed.sample_columns()) == dict(standard.sample_columns())
    assert proposed.visit == "visit"
    assert {union.id for union in proposed.unions} == set(standard_unions(CATALOGUE))
    unknown = build(people, samples, not_asked=people.header)
    assert differences(unknown, build_registry(people, proposed, samples=samples, catalogue=CATALOGUE)) == []


def test_names_of_others_are_proposed_or_asked(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(
        "person_id,age,igm,igm_unit,igm_ref_low,igm_ref_high,Infektion,ivig,ivig_start,diagnosis,diagnosis_2,"
        "diagnosis_2_date,sample_date,clozapine,clozapine_last_dose\n"
        "a,40,25,mg/dL,40,230,ja,0,,primary,normal,2019,2092-01-01,1,2018\n",
        encoding="utf-8",
    )
    text = propose_mapping(open_table(path), catalogue=CATALOGUE)
    document = tomllib.loads(text)
    assert document["results"]["igm"]["reference_low"] == "igm_ref_low"
    assert document["person"]["immunoglobulin_started"] == "ivig_start"
    assert document["person"]["more_labels"] == [{"column": "diagnosis_2", "date": "diagnosis_2_date"}]
    assert document["causes"]["clozapine"] == {"column": "clozapine", "last_dose": "clozapine_last_dose"}
    assert '# any_infection = { column = "Infektion", of = [' in text
    assert "# 1 dates lie in the future" in text
    assert parse_mapping(document, catalogue=CATALOGUE)[1] == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"age_low": lambda a: a + 0.5}, "age_low"),
        ({"igg_status": lambda a: np.where(a == 1, -1, a)}, "igg_status"),
        ({"label_changed": lambda a: ~a}, "label_changed"),
        ({"samples": lambda s: s | {"low": s["low"] * 0.9}}, "sample_low"),
        ({"episodes": lambda s: s | {"sites": ~s["sites"]}}, "episode_sites"),
        ({"exposures": lambda s: {name: values[:-1] for name, values in s.items()}}, "exposure_person"),
        ({"centres": lambda a: tuple(reversed(a))}, "centre"),
        ({"person_id": lambda a: a + "x"}, "person"),
    ],
)
def test_the_comparison_finds_every_difference(registry, change, named):
    (field, how), = change.items()  # fmt: skip
    other = replace(registry, **{field: how(getattr(registry, field))})
    assert any(said.startswith(f"{named}:") for said in differences(registry, other))
    assert differences(registry, registry) == []


def test_columns_of_different_lengths_are_no_table():
    with pytest.raises(ValueError, match="different lengths"):
        Table.from_columns(Path("m"), {"a": ["1"], "b": []})
    with pytest.raises(ValueError, match="3 record numbers"):
        Table.from_columns(Path("m"), {"a": ["1"]}, records=[1, 2, 3])


def test_rows_that_were_set_aside_are_accounted_for():
    people = Table.from_columns(
        Path("m"),
        {"person_id": ["a", None], "age_years": ["40", "5"]},
        records=[4, 9],
        set_aside=[(7, "no such thing")],
    )
    samples = Table.from_columns(
        Path("s"), {"person_id": ["a"], "analyte": ["IgM"], "value": ["25"], "unit": ["mg/dL"]}
    )
    found = build(people, samples)
    assert found.people.counts() == {"accepted": 1, "caution": 0, "rejected": 2}
    assert ("not_converted", "", 1) in found.people.reasons()


def test_standard_names_without_an_age_or_a_result_are_refused():
    with pytest.raises(ValueError, match="no age"):
        standard_mapping(CATALOGUE, header=["person_id"], samples_header=["person_id", "analyte", "value", "unit"])
    with pytest.raises(ValueError, match="no IgM"):
        standard_mapping(CATALOGUE, header=["person_id", "age_years"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "sigm registry map"),
        ({"format": "csv"}, "sigm registry map"),
        ({"format": "word"}, "csv, parquet, redcap"),
        ({"format": "redcap", "samples": Path("s.csv")}, "its own samples"),
    ],
)
def test_the_door_names_what_is_missing(tmp_path, arguments, said):
    (tmp_path / "t.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read_registry(tmp_path / "t.csv", **arguments)
