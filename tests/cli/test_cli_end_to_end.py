"""The installed command over the shipped model, in processes of its own."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATIENTS = ROOT / "examples" / "patients"
PEOPLE = ROOT / "examples" / "people.csv"
CLASSES = ("primary", "secondary", "normal", "other_immunodeficiency")


def sigm(*arguments, stdin=None, **environment):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "sigm_bayes.cli.main", *map(str, arguments)],
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.mark.parametrize("columns", ["50", "100"])
def test_the_page_reaches_a_pipe_as_plain_text(columns):
    done = sigm("query", PATIENTS / "adult-sinopulmonary.toml", COLUMNS=columns)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= int(columns)
    words = " ".join(done.stdout.split())
    for heading in ("Woman, 34 years, IgM 25 mg/dL", "of 1,000 people like this", "Why", "Due anyway"):
        assert heading in words
    assert "not known" in words.split("Would change the answer")[1]


def test_json_keeps_its_promises():
    done = sigm("query", PATIENTS / "adult-sinopulmonary.toml", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    probability = answer["probability"]
    assert set(probability) == set(CLASSES)
    assert abs(sum(band["mean"] for band in probability.values()) - 1) < 1e-9
    assert all(0 <= band["lower"] <= band["upper"] <= 1 for band in probability.values())
    ledger = answer["ledger"]
    total = ledger["prior_log10_odds"] + sum(item["log10_lr"] for item in ledger["items"])
    assert abs(total - ledger["posterior_log10_odds"]) < 1e-9
    assert {"esid", "causes", "cautions", "interval", "model", "input_sha256"} <= set(answer)
    assert answer["refused"] is None


def test_a_refusal_is_an_answer():
    page = sigm("query", PATIENTS / "infant-4-months.toml")
    assert page.returncode == 0, page.stderr
    assert "no probability is given" in page.stdout
    answer = json.loads(sigm("query", PATIENTS / "infant-4-months.toml", "--json").stdout)
    assert answer["probability"] is None
    assert answer["refused"]["message"]


@pytest.mark.parametrize("path", sorted(PATIENTS.iterdir()), ids=lambda path: path.stem)
@pytest.mark.parametrize("arguments", [(), ("--full",)], ids=["page", "full"])
def test_every_example_has_a_page(path, arguments):
    done = sigm("query", path, *arguments, COLUMNS="60")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_flags_and_standard_input_give_the_same_answer():
    patient = {"age_years": 34, "sex": "female", "igm": [{"value": "25", "unit": "mg/dL"}]}
    by_input = sigm("query", "-", "--json", stdin=json.dumps(patient))
    by_flags = sigm("query", "--age", "34", "--sex", "female", "--igm", "25 mg/dL", "--json")
    assert by_flags.returncode == 0, by_flags.stderr
    assert json.loads(by_input.stdout) == json.loads(by_flags.stdout)


def test_the_table_and_the_query_agree(tmp_path):
    out = tmp_path / "scored.csv"
    done = sigm("score", PEOPLE, "--out", out)
    assert done.returncode == 0, done.stderr
    with out.open(encoding="utf-8", newline="") as stream:
        rows = {row["person_id"]: row for row in csv.DictReader(stream)}
    assert rows["A07"]["refused"]
    assert rows["A07"]["p_primary"] == ""
    flags = ("--age", "29", "--sex", "unknown", "--setting", "primary_care", "--igm", "38 mg/dL")
    query = sigm("query", *flags, "--igg", "10.2 g/L", "--iga", "180 mg/dL", "--json")
    probability = json.loads(query.stdout)["probability"]
    for name in CLASSES:
        assert float(rows["A08"][f"p_{name}"]) == pytest.approx(probability[name]["mean"], abs=2e-6)
        assert float(rows["A08"][f"p_{name}_lower"]) == pytest.approx(probability[name]["lower"], abs=2e-6)


def test_a_thousand_bad_rows_leave_with_code_3(tmp_path):
    table, out = tmp_path / "people.csv", tmp_path / "scored.csv"
    bad = [f"B{n},34,-25,mg/dL" for n in range(1000)]
    table.write_text("\n".join(["person_id,age_years,igm,igm_unit", *bad, "G,34,25,mg/dL"]) + "\n", encoding="utf-8")
    done = sigm("score", table, "--out", out)
    assert done.returncode == 3
    assert sum(line.startswith("row ") for line in done.stderr.splitlines()) == 1000
    assert len(out.read_text(encoding="utf-8").splitlines()) == 2


def test_bad_input_leaves_with_code_2_and_says_why():
    done = sigm("query", "--age", "34", "--igm", "0.25 mg/dL")
    assert done.returncode == 2
    assert "g/L" in done.stderr


def test_a_folder_that_is_no_model_leaves_with_code_4(tmp_path):
    done = sigm("query", PATIENTS / "adult-sinopulmonary.toml", "--model", tmp_path)
    assert done.returncode == 4
    assert str(tmp_path) in done.stderr


@pytest.mark.slow
def test_the_benchmark_of_a_cold_query_runs():
    command = [sys.executable, ROOT / "benchmarks" / "cold_query.py", "--runs", "2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "times numpy" in done.stdout
