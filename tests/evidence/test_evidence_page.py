from __future__ import annotations

import re
from pathlib import Path

import pytest

from sigm_bayes.evidence import load_evidence
from sigm_bayes.evidence.page import evidence_page
from sigm_bayes.evidence.vocabulary import TERMS
from sigm_bayes.paths import data_dir

PAGE = Path(__file__).resolve().parents[2] / "docs" / "evidence.md"


def test_the_page_is_current(evidence):
    assert PAGE.read_text(encoding="utf-8") == evidence_page(evidence), (
        "run: python -m sigm_bayes.evidence.page docs/evidence.md"
    )


def test_the_page_names_every_bound_and_every_unused_item_with_its_reason(evidence):
    page = evidence_page(evidence)
    for item in evidence.items:
        if item.role != "fitted":
            assert re.search(rf"^\| `{re.escape(item.item_id)}` \|.*{re.escape(item.note)} \|$", page, re.MULTILINE)


def test_the_counts_add_up(evidence):
    page = evidence_page(evidence)
    kinds = re.findall(r"^\| [a-z_]+ \| (\d+) \| (\d+) \| (\d+) \|$", page, re.MULTILINE)
    totals = [sum(int(row[i]) for row in kinds) for i in range(3)]
    counts = evidence.counts()
    assert totals == [counts["fitted"], counts["bound"], counts["context"]]
    terms = re.findall(r"^\| `([a-z_]+)` \| .* \| (\d+) \| (\d+) \|$", page, re.MULTILINE)
    assert sum(int(fitted) + int(bound) for _, fitted, bound in terms) == len(evidence.fitted)


def test_the_page_follows_the_evidence(evidence):
    assert evidence_page(load_evidence(exclude=["G06"])) != evidence_page(evidence)


@pytest.mark.parametrize("term", TERMS)
def test_every_term_is_explained(term):
    assert len(TERMS[term].quantity) > 15


def test_the_readme_names_every_column():
    readme = (data_dir() / "evidence" / "README.md").read_text(encoding="utf-8")
    header = (data_dir() / "evidence" / "terms.csv").read_text(encoding="utf-8").splitlines()[0]
    assert not [
        column for column in header.split(",") if f"`{column}`" not in readme and column not in ("item_id", "note")
    ]
