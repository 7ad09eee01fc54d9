"""The rules of the house: one way for imports, a light query path, files of a readable size."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "sigm_bayes"

HEAVY = {"arviz", "matplotlib", "nutpie", "pandas", "pyarrow", "pymc", "pytensor", "scipy", "xarray"}

FILE_LINES = 400
FUNCTION_LINES = 60  # without the docstring


def run_python(code: str, *, cwd: Path = ROOT) -> str:
    """Run code in a fresh interpreter, warnings as errors, and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=cwd, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def heavy_modules_after(code: str) -> set[str]:
    """Return which heavy libraries are loaded once the code has run."""
    printed = run_python(
        f"{code}\nimport json, sys\nprint(json.dumps(sorted({{m.split('.')[0] for m in sys.modules}})))"
    )
    return HEAVY & set(json.loads(printed.splitlines()[-1]))


def test_import_contracts_hold():
    executable = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [executable, "--no-logo"],
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken" in done.stdout


def test_no_room_is_empty():
    """A folder is a room once it holds a concept; the exhaustive layer contract then asks for its place."""
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert {"catalogue", "patient", "likelihood", "model", "query", "cli"} <= rooms
    empty = {room for room in rooms if not any(p.name != "__init__.py" for p in (PACKAGE / room).glob("*.py"))}
    assert not empty, f"rooms without a file: {sorted(empty)}"


def test_importing_the_package_loads_nothing():
    loaded = json.loads(run_python("import json, sys, sigm_bayes; print(json.dumps(sorted(sys.modules)))"))
    assert "sigm_bayes" in loaded
    assert not {"numpy", "pydantic", "sigm_bayes.query", *HEAVY} & set(loaded)


def test_a_query_loads_no_heavy_library():
    code = (
        "from sigm_bayes import Patient, load_model\n"
        "patient = Patient(age_years=34, sex='female', igm=[{'value': 25, 'unit': 'mg/dL'}])\n"
        "answer = load_model().query(patient)\n"
        "assert abs(sum(p['mean'] for p in answer.to_dict()['probability'].values()) - 1) < 1e-9"
    )
    assert heavy_modules_after(code) == set()


def test_starting_the_command_line_loads_no_heavy_library():
    assert heavy_modules_after("import sigm_bayes.cli.main") == set()


def test_the_heavy_check_can_fail():
    assert heavy_modules_after("import scipy") == {"scipy"}


def test_public_names():
    printed = run_python("import json, sigm_bayes; print(json.dumps(sigm_bayes.__all__))")
    assert json.loads(printed) == ["Patient", "load_model", "__version__"]
    assert run_python("from sigm_bayes import *; print(Patient.__name__, callable(load_model))").split() == [
        "Patient",
        "True",
    ]


def test_unknown_public_name_is_an_attribute_error():
    import sigm_bayes

    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = sigm_bayes.nonsense


def test_version_is_that_of_the_distribution():
    from importlib.metadata import version

    import sigm_bayes

    assert sigm_bayes.__version__ == version("sigm-bayes")


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_files_and_functions_stay_readable(path: Path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= FILE_LINES, "two rooms in one file?"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            length = (node.end_lineno - body[0].lineno + 1) if body else 0
            assert length <= FUNCTION_LINES, f"{node.name} (line {node.lineno}) has {length} lines"
