"""What a new user meets: the README's commands, the pins, the wheel."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
README = (ROOT / "README.md").read_text(encoding="utf-8")


def shell_lines(markdown: str) -> list[str]:
    blocks = re.findall(r"```(?:sh|bash|console)\n(.*?)```", markdown, flags=re.DOTALL)
    return [line.strip() for block in blocks for line in block.splitlines() if line.strip()]


def test_ci_runs_the_two_opening_commands_word_by_word():
    opening = [line for line in shell_lines(README) if line.startswith("python3 -m pip install uv &&")]
    assert len(opening) == 2
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert [line for line in opening if line not in ci] == []


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "docs/glossary.md", "docs/decisions/README.md"])
def test_links_lead_somewhere(document: str):
    path = ROOT / document
    targets = re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (path.parent / target).exists()] == []


def test_every_decision_is_in_the_index():
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    records = [path.name for path in folder.glob("[0-9]*.md")]
    assert records
    assert [name for name in records if f"({name})" not in index] == []


def test_every_dependency_is_pinned_exactly():
    pins = {}
    for line in PYPROJECT["tool"]["uv"]["constraint-dependencies"]:
        requirement = Requirement(line)
        assert [s.operator for s in requirement.specifier] == ["=="], line
        pins[canonicalize_name(requirement.name)] = requirement
    roots = [*PYPROJECT["project"]["dependencies"]]
    for extra in PYPROJECT["project"]["optional-dependencies"].values():
        roots += extra
    for group in PYPROJECT["dependency-groups"].values():
        roots += [line for line in group if isinstance(line, str)]  # the others include a group by name
    assert dependency_closure(roots) - pins.keys() == set()


def dependency_closure(roots: list[str]) -> set[str]:
    """Return the names of all that the roots bring in on this platform, from the installed metadata."""
    seen: set[tuple[str, str]] = set()
    waiting = [Requirement(root) for root in roots]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        for extra in ["", *requirement.extras]:
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            try:
                needed = [Requirement(line) for line in requires(name) or []]
            except PackageNotFoundError:  # another extra's: its own name is checked all the same
                needed = []
            waiting += [r for r in needed if r.marker is None or r.marker.evaluate({"extra": extra})]
    return {name for name, _ in seen}


def test_no_tracked_configuration_names_an_index_host():
    for name in ("pyproject.toml", ".pre-commit-config.yaml", ".ci/run"):
        assert "://" not in (ROOT / name).read_text(encoding="utf-8"), name
    assert "uv.lock" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_the_versions_agree():
    version = PYPROJECT["project"]["version"]
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    uv("build", "--wheel", "--out-dir", str(out), str(ROOT))
    (path,) = out.glob("*.whl")
    return path


def uv(*arguments: str) -> str:
    """Run the uv that started the tests; the suite is documented to run under it."""
    executable = os.environ.get("UV") or shutil.which("uv")
    assert executable, "uv is not found: run the tests with `python3 -m uv run --all-extras pytest -m slow`"
    environment = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    done = subprocess.run([executable, *arguments], text=True, capture_output=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_wheel_carries_the_released_model_and_the_data(wheel: Path):
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder, inside in (("models", "_models"), ("data", "_data")):
        files = [path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        expected = {f"sigm_bayes/{inside}/{path.relative_to(ROOT / folder).as_posix()}" for path in files}
        assert expected
        assert expected - names == set()
    assert {"sigm_bayes/_models/sigm/model.toml", "sigm_bayes/_models/sigm/posterior.npz"} <= names
    assert not {name for name in names if name.startswith(("tests/", "docs/", "models/", "data/"))}


@pytest.mark.slow
def test_an_installed_wheel_answers_with_the_light_dependencies_only(wheel: Path, tmp_path: Path):
    environment = tmp_path / "empty"
    uv("venv", "--python", sys.executable, str(environment))
    binaries = environment / ("Scripts" if os.name == "nt" else "bin")
    # The pins of this project, so that the test does not move with the index.
    pins = tmp_path / "pins.txt"
    pins.write_text("\n".join(PYPROJECT["tool"]["uv"]["constraint-dependencies"]), encoding="utf-8")
    uv("pip", "install", "--python", str(binaries / "python"), "--constraint", str(pins), str(wheel))
    listed = json.loads(uv("pip", "list", "--python", str(binaries / "python"), "--format", "json"))
    installed = {canonicalize_name(package["name"]) for package in listed}
    assert {"numpy", "rich", "typer"} <= installed
    assert not installed & {
        "pydantic",
        "jax",
        "pymc",
        "pytensor",
        "arviz",
        "xarray",
        "pandas",
        "scipy",
        "matplotlib",
        "pyarrow",
    }

    patient = ROOT / "examples" / "patients" / "adult-sinopulmonary.toml"
    done = subprocess.run(
        [str(binaries / "sigm"), "query", str(patient), "--json"],
        cwd=tmp_path,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert sum(p["mean"] for p in answer["probability"].values()) == pytest.approx(1)
