"""Exit codes, and errors that show no patient data."""

import errno
import re
import tomllib
from pathlib import Path

import pytest

from sigm_bayes.cli.guard import EXTRAS
from sigm_bayes.errors import GateError, ModelError, Problem

SECRET = "Jane Roe 1977"


def failing(model, error):
    def query(_patient):
        raise error

    model.query = query


def test_an_unexpected_error_shows_its_place_and_no_values(run, model, patients):
    failing(model, KeyError(SECRET))
    result = run("query", patients / "adult-sinopulmonary.toml")
    assert result.code == 1
    assert SECRET not in result.err + result.out
    assert "Traceback" not in result.err
    assert re.search(r"unexpected KeyError in \S+, line \d+", result.err)


def test_the_traceback_comes_back_on_request(run, model, patients, monkeypatch):
    monkeypatch.setenv("SIGM_TRACEBACK", "1")
    failing(model, KeyError("shape"))
    result = run("query", patients / "adult-sinopulmonary.toml")
    assert result.code == 1
    assert "Traceback" in result.err


@pytest.mark.parametrize(
    "error",
    [
        ModelError([Problem("posterior.npz", None, "hash does not match", "Run sigm model build.")]),
        GateError("R-hat of pi is 1.2, above 1.01. Draw more."),
    ],
)
def test_a_model_problem_is_code_4(run, model, patients, error):
    failing(model, error)
    result = run("query", patients / "adult-sinopulmonary.toml")
    assert result.code == 4
    assert str(error) in result.err


def test_a_missing_optional_package_names_its_extra(run, model, patients):
    failing(model, ModuleNotFoundError("No module named 'pyarrow'", name="pyarrow.parquet"))
    result = run("query", patients / "adult-sinopulmonary.toml")
    assert result.code == 2
    assert "pip install 'sigm-bayes[table]'" in result.err


IMPORTED_AS = {"scikit-learn": "sklearn", "python-multipart": "python_multipart"}


def test_every_package_of_an_extra_has_a_remedy_that_brings_it():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    extras = {
        extra: {re.split(r"[^A-Za-z0-9_.-]", line)[0] for line in lines}
        for extra, lines in project["project"]["optional-dependencies"].items()
    }
    for packages in extras.values():
        for package in packages:
            name = IMPORTED_AS.get(package, package)
            assert package in extras[EXTRAS[name]], package


@pytest.mark.parametrize("name", ["jax.numpy", "pydantic", "duckdb"])
def test_an_absent_package_of_the_fit_is_no_unexpected_error(run, model, patients, name):
    failing(model, ModuleNotFoundError(f"No module named '{name}'", name=name))
    result = run("query", patients / "adult-sinopulmonary.toml")
    assert result.code == 2
    assert f"pip install 'sigm-bayes[{EXTRAS[name.partition('.')[0]]}]'" in result.err


def test_a_file_problem_names_the_file(run, model, patients):
    failing(model, PermissionError(errno.EACCES, "Permission denied", "scored.csv"))
    result = run("query", patients / "adult-sinopulmonary.toml")
    assert result.code == 2
    assert "scored.csv: Permission denied" in result.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("qery",), ("qery", "query")),
        (("query", "--agee", "3"), ("--agee", "--age")),
        (("score",), ("TABLE",)),
        (("score", "people.csv"), ("--out",)),
        (("list", "finding"), ("findings",)),
    ],
)
def test_a_wrong_command_line_is_code_2_with_a_hint(run, arguments, words):
    result = run(*arguments)
    assert result.code == 2
    for word in words:
        assert word in result.err


def test_help_and_version(run):
    assert "Exit codes: 0 answered" in " ".join(run("--help").out.split())
    assert re.match(r"sigm-bayes \S+", run("--version").out)
    assert "--no-other-cause" in run("query", "--help").out


def test_a_model_without_a_card_is_told_how_to_get_one(run, tmp_path):
    result = run("model", "card", tmp_path)
    assert result.code == 4
    assert "sigm model build" in result.err
