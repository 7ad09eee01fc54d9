"""Examples run: in the docstrings of the package and on the pages."""

from __future__ import annotations

import doctest
import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "sigm_bayes").rglob("*.py")
    if re.search(r"^\s*>>> ", path.read_text(encoding="utf-8"), re.MULTILINE)
)
PAGES = sorted(
    path
    for folder in ("", "start", "howto", "model", "data", "api")
    for path in (ROOT / "docs" / folder).glob("*.md")
    if "```pycon\n" in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name):
    done = doctest.testmod(import_module(name), optionflags=FLAGS)
    assert done.failed == 0
    assert done.attempted > 0


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_pages(page, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert run("\n".join(re.findall(r"^```pycon\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S))) > 0


def run(text):
    test = doctest.DocTestParser().get_doctest(text, {}, "page", "page", 0)
    done = doctest.DocTestRunner(optionflags=FLAGS).run(test)
    assert done.failed == 0
    return done.attempted


def test_there_are_examples():
    assert len(MODULES) >= 3
    assert len(PAGES) >= 2


def test_a_wrong_example_fails():
    with pytest.raises(AssertionError):
        run(">>> 1 + 1\n3\n")
