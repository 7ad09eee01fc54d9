"""A table in, a scored table out: cells, bad rows, refusals, files."""

import csv
import re
from pathlib import Path

import pytest

from sigm_bayes.cohort.columns import WRITTEN
from sigm_bayes.cohort.scoring import CHUNK, score_table
from sigm_bayes.errors import InputError

EXAMPLE = Path(__file__).parents[2] / "examples" / "people.csv"
ADULT = {"person_id": "A", "age_years": "34", "igm": "25", "igm_unit": "mg/dL"}


def only(scorer):
    assert len(scorer.patients) == 1
    return scorer.patients[0]


def test_the_example_table_is_scored(scorer, tmp_path, read):
    outcome = score_table(EXAMPLE, tmp_path / "out.csv", model=scorer)
    assert (outcome.scored, outcome.bad_rows, outcome.refused) == (8, 0, 1), outcome.problems
    rows = read(tmp_path / "out.csv")
    assert tuple(rows[0]) == WRITTEN
    assert [row["person_id"] for row in rows] == [f"A0{n}" for n in range(1, 9)]
    assert rows[0]["p_primary"] == "0.100000"
    assert rows[0]["cautions"] == "single_value;acute_illness"
    assert (rows[6]["p_primary"], rows[6]["refused"]) == ("", "under_6_months")


def test_cells_become_the_patient(scorer, people, tmp_path):
    row = ADULT | {
        "sex": "female",
        "setting": "hospital",
        "igm": "<20",
        "igg": "9.8",
        "igg_unit": "g/L",
        "igg_resolution": "0.2",
        "iga_status": "normal",
        "igm_date": "2026-01",
        "igm_context": "well",
        "igm_reference_low": "40",
        "igm_reference_high": "230",
        "pneumonia": "1",
        "sinusitis": "absent",
        "otitis_media": "",
        "bronchitis": "NA",
        "asthma": "unknown",
        "clozapine": "0",
        "lymphoma": "Present",
        "ige": "normal",
        "on_immunoglobulin": "1",
    }
    score_table(people([row]), tmp_path / "out.csv", model=scorer)
    patient = only(scorer)
    assert (patient.igm[0].low_mg_dl, patient.igm[0].high_mg_dl) == (0, 20)
    assert (patient.igm[0].reference_low_mg_dl, patient.igm[0].reference_high_mg_dl) == (40, 230)
    assert (patient.igm[0].date, patient.igm[0].context) == ("2026-01", "well")
    assert patient.igg[0].resolution_mg_dl == 20
    assert patient.iga_status == "normal"
    known = {name: state for name, state in patient.findings.items() if state != "unknown"}
    assert known == {"pneumonia": "present", "sinusitis": "absent"}
    assert {name: cause.state for name, cause in patient.causes.items()} == {
        "clozapine": "absent",
        "lymphoma": "present",
    }
    assert patient.tests == {"ige": "normal"}
    assert patient.on_immunoglobulin is True


def test_printed_digits_say_the_resolution_unless_it_is_given(scorer, people, tmp_path):
    rows = [
        ADULT | {"igm": "0.3", "igm_unit": "g/L"},
        ADULT | {"igm": "0.3", "igm_unit": "g/L", "igm_resolution": "0.01"},
    ]
    score_table(people(rows), tmp_path / "out.csv", model=scorer)
    spans = [(p.igm[0].low_mg_dl, p.igm[0].high_mg_dl) for p in scorer.patients]
    assert spans == [(25, 35), (29.5, 30.5)]


def test_flat_invasive_columns_are_one_episode(scorer, people, tmp_path):
    score_table(people([ADULT | {"meningitis": "1", "invasive_encapsulated": "1"}]), tmp_path / "o.csv", model=scorer)
    patient = only(scorer)
    assert patient.findings["invasive_infection"] == "present"
    assert len(patient.episodes) == 1


@pytest.mark.parametrize(
    ("cells", "column", "value"),
    [
        ({"igm_unit": ""}, "igm_unit", ""),
        ({"igm_unit": "stone"}, "igm_unit", "stone"),
        ({"igm": "0.25"}, "igm", "0.25"),
        ({"igm": "-3"}, "igm", "-3"),
        ({"igm": "nan"}, "igm", "nan"),
        ({"igm": ""}, "igm", ""),
        ({"igm": "0,25"}, "igm", "0,25"),
        ({"igm_resolution": "fine"}, "igm_resolution", "fine"),
        ({"igm_date": "yesterday"}, "igm_date", "yesterday"),
        ({"igm_context": "wel"}, "igm_context", "wel"),
        ({"igm_reference_low": "40", "igm_reference_high": ""}, "igm_reference_low", None),
        ({"age_years": "200"}, "age_years", "200.0"),
        ({"age_years": "old"}, "age_years", "old"),
        ({"age_years": "nan"}, "age_years", "nan"),
        ({"sex": "f"}, "sex", "f"),
        ({"setting": "hospitl"}, "setting", "hospitl"),
        ({"pneumonia": "2"}, "pneumonia", "2"),
        ({"pneumonia": "maybe"}, "pneumonia", "maybe"),
        ({"clozapine": "x"}, "clozapine", "x"),
        ({"ige": "fine"}, "ige", "fine"),
        ({"igg": "9.8"}, "igg_unit", ""),
        ({"no_significant_infection": "1", "pneumonia": "1"}, None, None),
    ],
    ids=lambda cells: "-".join(f"{k}={v}" for k, v in cells.items()) if isinstance(cells, dict) else None,
)
def test_a_bad_cell_names_row_column_value_and_remedy(scorer, people, tmp_path, read, cells, column, value):
    outcome = score_table(people([ADULT, ADULT | {"person_id": "B"} | cells]), tmp_path / "out.csv", model=scorer)
    assert outcome.bad_rows == 1
    assert outcome.problems
    problem = outcome.problems[0]
    assert (problem.row, problem.person_id) == (3, "B")
    assert column is None or problem.column == column
    assert value is None or problem.value == value
    assert problem.remedy
    assert [row["person_id"] for row in read(tmp_path / "out.csv")] == ["A"]


def test_a_row_reports_all_its_problems(scorer, people, tmp_path):
    row = ADULT | {"pneumonia": "x", "clozapine": "y", "igm_unit": "stone", "age_years": "old"}
    outcome = score_table(people([row]), tmp_path / "out.csv", model=scorer)
    assert {problem.column for problem in outcome.problems} == {
        "pneumonia",
        "clozapine",
        "igm_unit",
        "age_years",
    }
    assert outcome.bad_rows == 1


def test_a_thousand_bad_rows_are_all_reported_and_good_ones_scored(scorer, people, tmp_path, read):
    good = [ADULT | {"person_id": f"G{n}"} for n in range(CHUNK + 500)]
    bad = [ADULT | {"person_id": f"B{n}", "igm_unit": "stone"} for n in range(1000)]
    mixed = [row for pair in zip(good[:1000], bad, strict=True) for row in pair] + good[1000:]
    outcome = score_table(people(mixed), tmp_path / "out.csv", model=scorer)
    assert (outcome.rows, outcome.scored, outcome.bad_rows) == (2500, 1500, 1000)
    assert [problem.person_id for problem in outcome.problems] == [row["person_id"] for row in bad]
    assert outcome.by_column() == [("igm_unit", 1000)]
    assert [row["person_id"] for row in read(tmp_path / "out.csv")] == [row["person_id"] for row in good]
    assert max(scorer.calls) <= CHUNK


def test_lines_of_the_wrong_length_are_reported_and_the_rest_scored(scorer, tmp_path):
    table = tmp_path / "people.csv"
    table.write_text("person_id,age_years,igm,igm_unit\nA,34,25,mg/dL\nB,34,25\n\nC,34,25,mg/dL,x\nD,34,25,mg/dL\n")
    outcome = score_table(table, tmp_path / "out.csv", model=scorer)
    assert [problem.row for problem in outcome.problems] == [3, 5]
    assert "4" in outcome.problems[0].message
    assert outcome.scored == 2


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_separators_and_byte_order_mark(scorer, people, tmp_path, delimiter):
    table = people([ADULT], delimiter=delimiter)
    table.write_bytes(b"\xef\xbb\xbf" + table.read_bytes())
    assert score_table(table, tmp_path / "out.csv", model=scorer).scored == 1


@pytest.mark.parametrize(
    ("header", "field", "remedy"),
    [
        (["person_id", "igm", "igm_unit"], "age_years", "age_months"),
        (["person_id", "age_years", "igm_unit"], "igm", "Add"),
        (["person_id", "age_years", "igm"], "igm_unit", "mg/dL"),
        ([*ADULT, "pnemonia"], "pnemonia", "Did you mean pneumonia?"),
        ([*ADULT, "clozapin"], "clozapin", "--ignore clozapin"),
    ],
)
def test_a_bad_header_stops_before_anything_is_written(scorer, people, tmp_path, header, field, remedy):
    out = tmp_path / "out.csv"
    with pytest.raises(InputError) as caught:
        score_table(people([], columns=header), out, model=scorer)
    problem = next(problem for problem in caught.value.problems if problem.field == field)
    assert remedy in problem.remedy
    assert not out.exists()


def test_a_column_twice_is_refused(scorer, tmp_path):
    table = tmp_path / "people.csv"
    table.write_text("age_years,igm,igm,igm_unit\n34,25,26,mg/dL\n")
    with pytest.raises(InputError, match="twice"):
        score_table(table, tmp_path / "out.csv", model=scorer)


def test_other_columns_are_named_not_hidden(scorer, people, tmp_path):
    table = people([ADULT | {"hair_colour": "red", "clozapin": "1"}])
    outcome = score_table(table, tmp_path / "out.csv", model=scorer, ignore=["clozapin"])
    assert outcome.ignored == ("hair_colour", "clozapin")
    assert only(scorer).causes == {}


def test_a_person_without_a_name_has_a_row_number_and_repeats_are_counted(scorer, people, tmp_path, read):
    rows = [ADULT, ADULT | {"person_id": ""}, ADULT]
    outcome = score_table(people(rows), tmp_path / "out.csv", model=scorer)
    assert outcome.repeated == 1
    assert [row["person_id"] for row in read(tmp_path / "out.csv")] == ["A", "row 3", "A"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("people.csv", b"", "header"),
        ("people.csv", b"\n\n", "header"),
        ("people.csv", "Größe,igm\n".encode("latin-1"), "UTF-8"),
        ("people.xlsx", b"x", ".csv or .parquet"),
        ("people.parquet", b"not parquet", "Parquet"),
    ],
)
def test_files_that_are_no_table(scorer, tmp_path, name, content, words):
    table = tmp_path / name
    table.write_bytes(content)
    with pytest.raises(InputError, match=re.escape(words)):
        score_table(table, tmp_path / "out.csv", model=scorer)


def test_a_table_that_is_not_there(scorer, tmp_path):
    with pytest.raises(InputError, match="no such file"):
        score_table(tmp_path / "none.csv", tmp_path / "out.csv", model=scorer)


@pytest.mark.parametrize("out", ["out.txt", "missing/out.csv", "people.csv"])
def test_outputs_that_cannot_be(scorer, people, tmp_path, out):
    table = people([ADULT])
    before = table.read_bytes()
    with pytest.raises(InputError, match="--out"):
        score_table(table, tmp_path / out, model=scorer)
    assert table.read_bytes() == before


def test_nothing_is_left_when_scoring_stops(scorer, people, tmp_path):
    out = tmp_path / "out.csv"
    out.write_text("older\n")

    def stop(_patients):
        raise KeyboardInterrupt

    scorer.score = stop
    table = people([ADULT])
    with pytest.raises(KeyboardInterrupt):
        score_table(table, out, model=scorer)
    assert out.read_text() == "older\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "people.csv"]


def test_progress_ends_with_all_rows(scorer, people, tmp_path):
    seen = []
    rows = [ADULT | {"person_id": str(n)} for n in range(CHUNK + 1)]
    score_table(people(rows), tmp_path / "o.csv", model=scorer, progress=lambda *done: seen.append(done))
    assert seen == [(CHUNK, CHUNK + 1), (CHUNK + 1, CHUNK + 1)]


def test_parquet_in_and_out_says_the_same_as_csv(scorer, tmp_path, read):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    with EXAMPLE.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    typed = [
        row
        | {
            "age_years": float(row["age_years"]),
            "pneumonia": {"1": True, "present": True, "0": False, "absent": False}.get(row["pneumonia"]),
            "clozapine": {"1": 1.0, "present": 1.0, "0": 0.0, "absent": 0.0}.get(row["clozapine"], float("nan")),
            "sinusitis": {"1": 1, "present": 1, "0": 0, "absent": 0}.get(row["sinusitis"]),
        }
        for row in rows
    ]
    table = tmp_path / "people.parquet"
    parquet.write_table(pyarrow.Table.from_pylist(typed), table)
    outcome = score_table(table, tmp_path / "out.parquet", model=scorer)
    assert outcome.problems == []
    from_parquet = [patient.canonical() for patient in scorer.patients]
    scorer.patients.clear()
    score_table(EXAMPLE, tmp_path / "out.csv", model=scorer)
    assert from_parquet == [patient.canonical() for patient in scorer.patients]
    written = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    assert tuple(written[0]) == WRITTEN
    assert written[0]["p_primary_upper"] == pytest.approx(0.15)
    assert written[6]["p_primary"] is None
    assert [row["person_id"] for row in written] == [row["person_id"] for row in read(tmp_path / "out.csv")]


def test_numbers_in_parquet_have_the_analysers_resolution(scorer, tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = tmp_path / "people.parquet"
    person = {"age_years": 34, "igm": 0.3, "igm_unit": "g/L"}
    parquet.write_table(pyarrow.Table.from_pylist([person]), table)
    score_table(table, tmp_path / "out.csv", model=scorer)
    assert (only(scorer).igm[0].low_mg_dl, only(scorer).igm[0].high_mg_dl) == (29.5, 30.5)
