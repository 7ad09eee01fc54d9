"""Every notebook answers its question, is in step with its text, and runs from a clean kernel (slow)."""

from __future__ import annotations

import ast
import importlib.util
import json
import platform
import re
from pathlib import Path
from typing import Any

import pytest

from sigm_bayes import load_model

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "notebooks"
SOURCES = sorted(FOLDER.glob("[0-9][0-9]_*.py"))
NAMES = [path.stem for path in SOURCES]
LARGEST_BYTES = 300_000
SHORTEST_ALT = 60
ELSEWHERE = re.compile(r"(?<![\w:/.])/(?:home|root|tmp|work|Users|usr|var|opt|mnt|private)/|[A-Z]:\\\\|file://")
NUMBER = re.compile(r"[-+]?\d[\d,]*\.?\d*(?:e[-+]?\d+)?")
BEGINNING = re.compile(r"# \d+\. \S[^\n]*\n\n\*\*Question\.\*\* [^?]+\?")
RELATIVE, WITHIN = 0.12, 2.0
"""How far a number may lie from the committed one: libraries differ in the last digits, and two are printed."""


def runner() -> Any:
    """Load ``tools/notebooks.py``, which is no package."""
    pytest.importorskip("nbclient")
    spec = importlib.util.spec_from_file_location("notebooks_tool", ROOT / "tools" / "notebooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def committed(name: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))


def text_of(value: str | list[str]) -> str:
    return value if isinstance(value, str) else "".join(value)


def sources_of(notebook: dict[str, Any]) -> list[tuple[str, str]]:
    return [(cell["cell_type"], text_of(cell["source"])) for cell in notebook["cells"]]


def outputs_of(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    return [output for cell in notebook["cells"] for output in cell.get("outputs", [])]


def said(notebook: dict[str, Any]) -> list[str]:
    """What every output says in words."""
    return [text_of(o["data"]["text/plain"]) for o in outputs_of(notebook) if "data" in o]


def form_problems(notebook: dict[str, Any]) -> list[str]:
    """What is wrong with the form of a notebook."""
    cells = sources_of(notebook)
    found = []
    if cells[0][0] != "markdown" or not re.match(
        r"# \d+\. \S.*\n\n\*\*Question\.\*\* [^\n].*\?", cells[0][1], re.DOTALL
    ):
        found.append("begins without a title and a question")
    if cells[-2] != ("markdown", "## Answer"):
        found.append("the last heading is not the answer")
    last = notebook["cells"][-1]
    answers = [text_of(o["data"].get("text/markdown", "")) for o in last.get("outputs", []) if "data" in o]
    if len(answers) != 1 or not answers[0].startswith("**Answer.** ") or "\n" in answers[0].strip():
        found.append("does not end with an answer in one paragraph")
    elif len(NUMBER.findall(answers[0])) < 3:
        found.append("the answer has no numbers")
    typed = typed_numbers(cells[-1][1])
    if typed:
        found.append(f"numbers typed into the answer: {typed}")
    return found


def typed_numbers(code: str) -> list[str]:
    """Numbers in the words of the answer, which must be computed."""
    calls = [
        node for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "answer"
    ]  # fmt: skip
    words = [
        part.value
        for call in calls
        for text in call.args
        for part in (text.values if isinstance(text, ast.JoinedStr) else [text])
        if isinstance(part, ast.Constant)
    ]
    return [number for part in words for number in re.findall(r"\d+", str(part))]


def output_problems(notebook: dict[str, Any]) -> list[str]:
    """What the outputs hold that they should not, or lack."""
    found = []
    for cell in notebook["cells"]:
        if cell["metadata"]:
            found.append(f"metadata {cell['metadata']}")
        if cell.get("execution_count") is not None:
            found.append("an execution count")
    for output in outputs_of(notebook):
        if output["output_type"] in ("error", "stream"):
            found.append(f"{output['output_type']}: {text_of(output.get('text', output.get('evalue', '')))[:80]}")
            continue
        if output.get("execution_count") is not None:
            found.append("an execution count of an output")
        if "image/png" in output["data"]:
            alt = output["metadata"].get("image/png", {}).get("alt", "")
            if len(alt) < SHORTEST_ALT or not NUMBER.search(alt):
                found.append(f"a figure without words and numbers: {alt!r}")
    words = json.dumps([sources_of(notebook), said(notebook)])
    found += [f"a path: {hit}" for hit in ELSEWHERE.findall(words)]
    host = platform.node()
    if len(host) > 3 and re.search(rf"\b{re.escape(host)}\b", words):
        found.append("the name of this machine")
    return found


def differences(before: list[str], after: list[str]) -> list[str]:
    """Where words differ, or numbers by more than the last digits."""
    found = []
    if len(before) != len(after):
        return [f"{len(before)} outputs before, {len(after)} now"]
    for old, new in zip(before, after, strict=True):
        if NUMBER.sub("#", old) != NUMBER.sub("#", new):
            found.append(f"{old[:160]!r} is now {new[:160]!r}")
            continue
        for was, now in zip(NUMBER.findall(old), NUMBER.findall(new), strict=True):
            if not close(was, now):
                found.append(f"{was} is now {now} in {old[:120]!r}")
    return found


def close(was: str, now: str) -> bool:
    """Whether two printed numbers are the same but for the last digits."""
    a, b = (float(text.replace(",", "")) for text in (was, now))
    digits = len(was.partition(".")[2])
    return abs(a - b) <= max(RELATIVE * abs(a), WITHIN * 10.0**-digits)


def test_the_nine_notebooks_are_there_and_in_the_index():
    assert [name[:2] for name in NAMES] == [f"{n:02d}" for n in range(1, len(NAMES) + 1)]
    assert len(NAMES) >= 9
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == set(NAMES)
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"({name}.ipynb)" not in index] == []


@pytest.mark.parametrize("name", NAMES)
def test_begins_with_a_question_and_ends_with_a_computed_answer(name: str):
    assert form_problems(committed(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_outputs_say_what_they_show_and_nothing_of_the_machine(name: str):
    assert output_problems(committed(name)) == []
    assert (FOLDER / f"{name}.ipynb").stat().st_size < LARGEST_BYTES


@pytest.mark.parametrize("name", NAMES)
def test_is_in_step_with_its_text(name: str):
    tool = runner()
    assert sources_of(committed(name)) == sources_of(tool.from_text(FOLDER / f"{name}.py"))


@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_of_the_released_model(name: str):
    draws = load_model().posterior.meta["draws_sha256"][:12]
    assert any(f"({draws})" in words for words in said(committed(name))), (
        "the model was built again: run `python tools/notebooks.py` and read the answers"
    )


def minimal(*, answer: str = "**Answer.** 1 of 2, 50%.", code: str = 'answer(f"{k} of {n}")') -> dict[str, Any]:
    shown = {"data": {"text/markdown": answer, "text/plain": answer}, "output_type": "display_data", "metadata": {}}
    return {
        "cells": [
            {"cell_type": "markdown", "source": "# 1. A title\n\n**Question.** What is it?", "metadata": {}},
            {"cell_type": "markdown", "source": "## Answer", "metadata": {}},
            {"cell_type": "code", "source": code, "metadata": {}, "execution_count": None, "outputs": [shown]},
        ]
    }


def test_the_rules_of_form_can_fail():
    assert form_problems(minimal()) == []
    assert form_problems(minimal(answer="**Answer.** It depends.")) == ["the answer has no numbers"]
    assert form_problems(minimal(answer="Probably 1 of 2, 3")) == ["does not end with an answer in one paragraph"]
    assert form_problems(minimal(code='answer(f"{k} of 200")')) == ["numbers typed into the answer: ['200']"]
    without = minimal()
    without["cells"][0]["source"] = "# A title"
    assert form_problems(without) == ["begins without a title and a question"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"metadata": {"image/png": {}}, "data": {"image/png": "", "text/plain": "figure"}}, "figure without words"),
        ({"data": {"text/plain": "/home/somebody/notebook"}}, "a path"),
        ({"execution_count": 3}, "execution count"),
        ({"output_type": "stream", "text": "UserWarning: 1"}, "stream"),
    ],
)
def test_the_rules_of_outputs_can_fail(change: dict[str, Any], word: str):
    notebook = minimal()
    assert output_problems(notebook) == []
    notebook["cells"][-1]["outputs"][0] |= change
    assert [problem for problem in output_problems(notebook) if word in problem]


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("P 26% (5.2% to 57%)", "P 26% (5.3% to 57%)", True),
        ("P 26%", "P 35%", False),
        ("0.75%", "0.76%", True),
        ("0.75%", "1.5%", False),
        ("slope 1.02", "slope 0.99", True),
        ("most is: IgM", "most is: infections", False),
        ("1,000 draws", "2,000 draws", False),
    ],
)
def test_differences_of_outputs(old: str, new: str, same: bool):
    assert (differences([old], [new]) == []) is same


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_runs_from_a_clean_kernel_and_says_the_same(name: str):
    tool = runner()
    notebook = tool.from_text(FOLDER / f"{name}.py")
    assert tool.execute(notebook) < tool.SECONDS
    assert form_problems(notebook) == []
    assert output_problems(notebook) == []
    assert differences(said(committed(name)), said(notebook)) == []
