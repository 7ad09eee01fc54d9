"""What an answer may say: one table, current, and nothing in it that must not be said."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

from sigm_bayes.paths import models_dir
from sigm_bayes.query import wording
from sigm_bayes.query.esid import MET, NOT_MET, OPEN
from sigm_bayes.report import sentences as say
from sigm_bayes.report.html_report import TEMPLATES as REPORT_TEMPLATES
from sigm_bayes.report.sentences_page import FORBIDDEN, forbidden, sentences, sentences_page
from sigm_bayes.report.wording import CRITERION_STATE
from sigm_bayes.web.pages import TEMPLATES as WEB_TEMPLATES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "sentences.md"
MODEL = models_dir() / "sigm"
TEMPLATES = sorted([*REPORT_TEMPLATES.glob("*.j2"), *WEB_TEMPLATES.glob("*.j2")])


def test_the_page_is_current(catalogue):
    assert PAGE.read_text(encoding="utf-8") == sentences_page(catalogue, model_dir=MODEL), (
        "run: python -m sigm_bayes.report.sentences_page docs/sentences.md"
    )


def test_no_sentence_says_what_must_not_be_said(catalogue):
    found = sentences(catalogue, model_dir=MODEL)
    assert len(found) > 100
    assert forbidden(s.text for s in found) == []


@pytest.mark.parametrize(
    "text",
    [
        "The diagnosis is selective IgM deficiency.",
        "This patient can be Diagnosed with SIgMD.",
        "A normal IgM.",
        "IgM is normal.",
        "The IgM level is probably normal.",
        "She has primary deficiency.",
        "This rules out lymphoma.",
        "Start immunoglobulin.",
        "needs intravenous immunoglobulin",
        "Three low values confirm it; a fourth definitely does.",
    ],
)
def test_the_check_finds_such_a_sentence(text):
    assert forbidden([text]) != []


def test_every_reason_is_given():
    assert all(len(why) > 10 for why in FORBIDDEN.values())


def test_every_sentence_of_the_module_is_in_one_section():
    listed = [name for names in wording.SECTIONS.values() for name in names]
    assert len(listed) == len(set(listed))
    texts = {
        name
        for name, value in vars(wording).items()
        if name.isupper() and isinstance(value, str | tuple) and name != "SECTIONS"
    }
    assert texts == set(listed)


def test_every_sentence_of_the_pages_is_in_one_section():
    listed = [name for names in say.SECTIONS.values() for name in names]
    assert len(listed) == len(set(listed))
    texts = {n for n, value in vars(say).items() if n.isupper() and isinstance(value, str | tuple) and n != "SECTIONS"}
    assert texts == set(listed)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.name)
def test_a_template_holds_structure_and_no_sentence(path):
    """What is left of a template without tags and Jinja: headings and words of the form, nothing with a full stop."""
    text = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", " ", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->|<[^>]*>", "\n", text, flags=re.DOTALL)
    left = [" ".join(part.split()) for part in text.split("\n")]
    assert [part for part in left if len(re.findall(r"[a-z]{2,}", part)) >= 4 and part.endswith(".")] == []


@pytest.mark.parametrize(
    "sentence",
    [
        "IgM is probably in the low normal range; this does not exclude other causes of infection.",
        "A probable primary deficiency of IgM alone is no indication for immunoglobulin.",
        "Recheck IgG, IgA and IgM yearly: IgG can follow IgM down.",
    ],
)
def test_what_must_be_said_is_there(sentence):
    assert sentence in PAGE.read_text(encoding="utf-8")


def test_a_criterion_is_met_not_met_or_not_documented():
    assert {MET: "met", NOT_MET: "not met", OPEN: "not documented"} == CRITERION_STATE


def test_the_query_holds_no_sentence_of_its_own():
    """Long texts with a full stop belong into the module of sentences, not between the code."""
    room = Path(inspect.getfile(wording)).parent
    stray = []
    for path in room.glob("*.py"):
        if path.name == "wording.py":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        errors = {id(n) for raised in ast.walk(tree) if isinstance(raised, ast.Raise | ast.Call) and _is_error(raised)
                  for n in ast.walk(raised)}  # fmt: skip
        prose = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
        stray += [
            (path.name, n.value)
            for n in ast.walk(tree)
            if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in prose | errors
            and len(n.value) > 60 and " " in n.value.strip()
        ]  # fmt: skip
    assert stray == []


def _is_error(node):
    if isinstance(node, ast.Raise):
        return True
    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
    return name in {"Problem", "ModelError", "InputError"}
