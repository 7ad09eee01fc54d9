"""The short way from `sigm query FILE` to the answer, and when it is not taken."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sigm_bayes.cli.entry import plain_query

ROOT = Path(__file__).resolve().parents[2]
PATIENT = ROOT / "examples" / "patients" / "adult-sinopulmonary.toml"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["query", "a.toml"], (Path("a.toml"), False, False)),
        (["query", "--json", "a.toml"], (Path("a.toml"), True, False)),
        (["query", "a.toml", "--full"], (Path("a.toml"), False, True)),
        (["query"], None),
        (["query", "-"], None),
        (["query", "a.toml", "b.toml"], None),
        (["query", "--age", "34"], None),
        (["query", "a.toml", "--model", "dir"], None),
        (["query", "a.toml", "--json", "--json"], None),
        (["query", "--help"], None),
        (["score", "a.csv"], None),
        ([], None),
    ],
)
def test_only_a_plain_query_is_taken(arguments, expected):
    assert plain_query(arguments) == expected


def run(module, *arguments):
    name = "main" if module.endswith("entry") else "app"
    code = f"import sys; sys.argv = ['sigm', *{arguments!r}]; from {module} import {name} as go; go()"
    return subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("option", [[], ["--json"], ["--full"]])
def test_both_ways_say_the_same(option):
    short = run("sigm_bayes.cli.entry", "query", str(PATIENT), *option)
    long = run("sigm_bayes.cli.main", "query", str(PATIENT), *option)
    assert short.returncode == long.returncode == 0
    assert short.stdout == long.stdout


def test_a_bad_file_is_told_by_the_command_line(tmp_path):
    bad = tmp_path / "bad.toml"
    bad.write_text("age_years = 340\n")
    short = run("sigm_bayes.cli.entry", "query", str(bad))
    assert short.returncode == 2
    assert "age_years" in short.stderr
    assert short.stdout == ""


def test_the_short_way_imports_no_command_line_library():
    code = (
        "import os, sys; from sigm_bayes.cli.entry import main; "
        "os._exit = lambda code: sys.exit(3 if {'typer', 'click', 'pydantic'} & set(sys.modules) else code); "
        f"sys.argv = ['sigm', 'query', {str(PATIENT)!r}]; main()"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
