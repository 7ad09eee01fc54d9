"""`sigm score`: what it says, what it writes, how it leaves."""

import csv
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "people.csv"


def write(path, rows):
    path.write_text("person_id,age_years,igm,igm_unit,pneumonia\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_a_good_table_is_code_0(run, model, tmp_path):
    out = tmp_path / "scored.csv"
    result = run("score", EXAMPLE, "--out", out)
    assert result.code == 0, result.err
    assert result.out == ""
    assert "8 of 8 rows scored, 1 of them refused with a reason" in result.err
    assert len(out.read_text(encoding="utf-8").splitlines()) == 9


def test_a_thousand_bad_rows_are_code_3_and_all_on_screen(run, model, tmp_path):
    rows = [f"B{n},34,25,stone,1" for n in range(1000)] + [f"G{n},34,25,mg/dL,1" for n in range(7)]
    result = run("score", write(tmp_path / "people.csv", rows), "--out", tmp_path / "scored.csv")
    assert result.code == 3
    assert result.err.startswith("7 of 1,007 rows scored")
    assert "bad and left out: 1,000 rows; problems by column: igm_unit 1,000" in result.err
    lines = [line for line in result.err.splitlines() if line.startswith("row ")]
    assert len(lines) == 1000
    assert lines[0].startswith("row 2, B0: igm_unit: ")
    assert "stone" in lines[0]
    assert "mg/dL" in lines[0]
    assert len((tmp_path / "scored.csv").read_text(encoding="utf-8").splitlines()) == 8


def test_an_error_file_holds_them_all(run, model, tmp_path):
    rows = [f"B{n},34,25,stone,maybe" for n in range(30)] + ["G,34,25,mg/dL,1"]
    errors = tmp_path / "errors.csv"
    people = write(tmp_path / "people.csv", rows)
    result = run("score", people, "--out", tmp_path / "scored.csv", "--errors", errors)
    assert result.code == 3
    assert f"all in {errors}" in result.err
    with errors.open(encoding="utf-8", newline="") as stream:
        found = list(csv.DictReader(stream))
    assert {row["person_id"] for row in found} == {f"B{n}" for n in range(30)}
    assert all(row["column"] and row["message"] and row["remedy"] for row in found)


def test_a_table_of_only_bad_rows_leaves_an_empty_scored_table(run, model, tmp_path):
    people = write(tmp_path / "people.csv", ["B,34,25,stone,1"])
    result = run("score", people, "--out", tmp_path / "scored.csv")
    assert result.code == 3
    assert len((tmp_path / "scored.csv").read_text(encoding="utf-8").splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("person_id,age_years,igm\nA,34,25\n", ("igm_unit", "missing", "mg/dL")),
        ("person_id,age_years,igm,igm_unit,pnemonia\n", ("pnemonia", "Did you mean pneumonia?", "--ignore")),
        ("", ("people.csv", "header")),
    ],
)
def test_a_bad_header_is_code_2(run, model, tmp_path, content, words):
    people = tmp_path / "people.csv"
    people.write_text(content, encoding="utf-8")
    result = run("score", people, "--out", tmp_path / "scored.csv")
    assert result.code == 2
    for word in words:
        assert word in result.err
    assert not (tmp_path / "scored.csv").exists()


def test_ctrl_c_writes_nothing_and_says_so(run, model, tmp_path):
    def stop(_patients):
        raise KeyboardInterrupt

    model.score = stop
    out = tmp_path / "scored.csv"
    result = run("score", EXAMPLE, "--out", out)
    assert result.code == 130
    assert f"stopped; {out} was not written" in result.err
    assert not out.exists()


def test_columns_that_are_not_read_are_named(run, model, tmp_path):
    people = tmp_path / "people.csv"
    people.write_text("person_id,age_years,igm,igm_unit,hair\nA,34,25,mg/dL,red\nA,34,25,mg/dL,red\n", encoding="utf-8")
    result = run("score", people, "--out", tmp_path / "scored.csv")
    assert result.code == 0
    assert "columns not read: hair" in result.err
    assert "person_id repeated: 1 row;" in result.err
