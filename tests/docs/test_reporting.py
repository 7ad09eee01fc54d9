"""The reporting checklists are complete, and say nothing that they may not."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from sigm_docs import reporting

PARTS = reporting.read("tripod.toml")["part"]
DOMAINS = reporting.read("probast.toml")["domain"]
LETTERS = {1: "", 2: "", 3: "abc", 4: "", 5: "ab", 6: "abc", 7: "", 8: "abc", 9: "abc", 10: "", 11: "", 12: "abcdefg",
           13: "", 14: "", 15: "", 16: "", 17: "", 18: "abcdef", 19: "", 20: "abc", 21: "", 22: "", 23: "ab", 24: "",
           25: "", 26: "", 27: "abc"}  # fmt: skip
TRIPOD = [f"{item}{letter}" for item, letters in LETTERS.items() for letter in letters or [""]]


def test_every_part_of_tripod_is_there_once_in_order():
    assert [part["id"] for part in PARTS] == TRIPOD
    assert (len(LETTERS), len(TRIPOD)) == (27, 52)


@pytest.mark.parametrize("part", PARTS, ids=lambda p: p["id"])
def test_a_part_has_a_status_and_says_where(part):
    assert part["status"] in reporting.STATUS
    assert part["topic"]
    assert len(part["where"]) > 3
    if part["status"] == "met":
        assert "](/" in part["where"] or "`" in part["where"] or len(part["where"]) > 60


def test_links_of_the_checklists_lead_to_pages(docs):
    text = "".join(part["where"] for part in PARTS)
    targets = re.findall(r"\]\(/([^)#]+)", text)
    assert len(targets) > 30
    assert [t for t in targets if not (docs / t).exists()] == []


def test_probast_has_its_34_questions_in_8_domains():
    assert [len(d["question"]) for d in DOMAINS] == [3, 4, 4, 5, 3, 4, 4, 7]
    for domain in DOMAINS:
        assert domain["why"]
        for question in domain["question"]:
            assert question["answer"] in reporting.ANSWERS
            assert question["why"]


def test_no_domain_without_patients_is_called_good():
    """Nothing is evaluated on patients: the page may not say low risk of bias until something is."""
    by_kind = Counter(d["quality"] for d in DOMAINS if d["id"].startswith("evaluation"))
    assert set(by_kind) == {"high risk"}
    assert next(p for p in PARTS if p["id"] == "23a")["status"] == "not met"
