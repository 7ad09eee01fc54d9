"""`sigm query --next`: the explanation through the installed command, its flags, and their errors."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATIENT = ROOT / "examples" / "patients" / "adult-sinopulmonary.toml"
INFANT = ROOT / "examples" / "patients" / "infant-4-months.toml"


def sigm(*arguments, **environment):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "sigm_bayes.cli.main", "query", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_json_adds_blocks_and_changes_nothing_else():
    plain, told = (json.loads(sigm(PATIENT, "--json", *more).stdout) for more in ((), ("--next",)))
    assert set(told) - set(plain) == {"next", "settings", "uncertainty", "sources"}
    assert {key: told[key] for key in plain if key != "tipping"} == {k: v for k, v in plain.items() if k != "tipping"}
    assert {key: told["tipping"][key] for key in plain["tipping"]} == plain["tipping"]
    for item in told["next"]["information"]:
        assert sum(o["probability"] for o in item["outcomes"]) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("written", ["0.2", "20%", " 20 %"])
def test_a_threshold_of_ones_own(written):
    told = json.loads(sigm(PATIENT, "--json", "--threshold", written).stdout)
    assert [point["threshold"] for point in told["tipping"]["points"]] == [0.5, 0.2]


def test_a_repeat_at_another_time():
    told = json.loads(sigm(PATIENT, "--json", "--repeat-months", "6").stdout)
    repeat = next(item for item in told["next"]["information"] if item["kind"] == "repeat")
    assert repeat["months"] == 6.0
    assert repeat["label"] == "IgM again in 6 months"


@pytest.mark.parametrize("columns", ["50", "100"])
def test_the_page_says_what_would_tell_most(columns):
    done = sigm(PATIENT, "--next", COLUMNS=columns)
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= int(columns)
    text = " ".join(done.stdout.split())
    assert "Would tell most" in text
    assert "IgM again in 3 months" in text
    assert "primary reaches 50% at a prevalence of" in text


def test_a_refusal_keeps_its_work_up():
    told = json.loads(sigm(INFANT, "--json", "--next").stdout)
    assert [item["label"] for item in told["next"]["workup"]] == told["refused"]["workup"]
    assert told["settings"] is None
    assert sigm(INFANT, "--next").stdout == sigm(INFANT).stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--threshold", "half"), "--threshold: is no number (given: 'half')"),
        (("--threshold", "0"), "threshold: expected a probability between 0 and 1"),
        (("--threshold", "150%"), "threshold: expected a probability between 0 and 1"),
        (("--threshold", "nan"), "threshold: expected a probability between 0 and 1"),
        (("--repeat-months", "soon"), "--repeat-months: is no number"),
        (("--repeat-months", "0"), "repeat_months: expected months above 0"),
        (("--repeat-months", "١٢e99"), "repeat_months: expected months above 0"),
    ],
)
def test_a_flag_that_cannot_be_used_says_so(arguments, said):
    done = sigm(PATIENT, *arguments)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())
    assert done.stdout == ""


def test_all_bad_flags_are_told_together():
    said = sigm(PATIENT, "--threshold", "a", "--threshold", "b", "--repeat-months", "c").stderr
    assert said.count("is no number") == 3
