"""Every statement of the background page has a source that exists, and prints only numbers that the source holds."""

from __future__ import annotations

import re
import tomllib

import pytest
from sigm_docs import sources

from sigm_bayes.report.sentences_page import forbidden

ROLE = re.compile(r"\{(\w+)\}`([^`]+)`")
WITHOUT_SOURCE = (
    "Two variants of the definition divide the literature, and this project reports both.",
    "In the model, *primary* is",
    "A high probability of primary deficiency by itself",
)
"""Paragraphs about this project, not about the world."""


def statements(text):
    """Bullets and paragraphs below the first heading of the second level, as one line each."""
    body = text.split("\n## ", 1)[1].rpartition("\n## Sources")[0]
    blocks = re.split(r"\n\n|\n(?=- )", body)
    lines = [" ".join(b.split()) for b in blocks if b.strip()]
    return [re.sub(r"^- ", "", line) for line in lines if not line.startswith("## ")]


def all_statements(docs):
    found = statements((docs / "background.md").read_text(encoding="utf-8"))
    found = [s for s in found if "{src}" in s or len(s) > 60]
    assert len(found) > 50
    return [s for s in found if not s.startswith(WITHOUT_SOURCE)]


def unsourced(text_of_statements):
    return [s for s in text_of_statements if not re.search(r"\{src\}`[^`]+`$", s)]


def test_every_statement_ends_with_its_source(docs):
    assert unsourced(all_statements(docs)) == []


def test_every_source_exists(docs):
    for statement in all_statements(docs):
        for id in sources.cited(statement):
            assert sources.find(id).citation


def odd_numbers(statement):
    """Numbers that the statement prints and none of its sources holds."""
    held = frozenset().union(*(sources.find(id).numbers for id in sources.cited(statement)))
    said = ROLE.sub("", statement)
    said = re.sub(r"22q11\.2|\b(23-valent|95%)", "", said)
    return sorted(set(re.findall(r"\d+(?:\.\d+)?", said)) - held)


def test_numbers_are_those_of_the_sources(docs):
    assert {s: odd for s in all_statements(docs) if (odd := odd_numbers(s))} == {}


def test_a_computed_number_is_cited_where_it_stands(docs):
    """`{pct}` of a row that the statement does not cite would be a number without a source."""
    for statement in all_statements(docs):
        used = [id for role, id in ROLE.findall(statement) if role in ("pct", "num", "val")]
        assert set(used) <= set(sources.cited(statement)), statement


def test_the_checks_can_fail():
    good = "Of adults {pct}`SURV21-low` had it. {src}`SURV21-low`"
    assert unsourced(["It is so.", good]) == ["It is so."]
    assert odd_numbers("Of 1511 adults 95 had it. {src}`SURV21-low`") == ["1511"]
    assert odd_numbers("Of 1510 adults 95 had it, below 0.40 g/L. {src}`SURV21-low`") == []
    with pytest.raises(sources.UnknownSourceError):
        sources.find("NOBODY99")


def test_numbers_come_from_the_table():
    assert sources.percent("SURV21-low") == "6.3%"
    assert sources.percent("G06-prevalence") == "0.26%"
    assert sources.count("JA18-lit-esid") == "6 of 69"


@pytest.mark.parametrize("key", sources.told())
def test_a_told_source_says_what_was_read(key):
    row = sources.told()[key]
    assert row["flag"] in sources.FLAGS
    assert row["read"]
    assert len(row["says"]) > 40
    assert ("study" in row) != ("citation" in row)
    assert row.get("study", "G06") in sources.studies()


def test_recalled_is_said_in_words(docs):
    """A statement that rests on memory alone says so beside the flag."""
    for statement in all_statements(docs):
        flags = {sources.find(id).flag for id in sources.cited(statement)}
        if flags == {"recalled"}:
            assert "no source text on this was read" in statement


def test_no_page_says_what_none_may_say(docs):
    pages = [docs / "index.md", docs / "background.md"]
    pages += [p for folder in ("start", "howto", "model", "reporting") for p in (docs / folder).glob("*.md")]
    texts = [line for p in pages for line in prose(p.read_text(encoding="utf-8"))]
    assert [text for text, _ in forbidden(texts) if "diagnos" not in text.lower() or claims(text)] == []


def claims(text):
    """Whether a line with the word claims one (TRIPOD's own wording and "diagnostics" of a sampler do not)."""
    return re.search(r"\b(we|it|this|sigm\w*) (can )?diagnos|confirmed diagnos", text, re.IGNORECASE) is not None


def prose(text):
    return [line for line in re.sub(r"```.*?```", "", text, flags=re.DOTALL).splitlines() if line.strip()]


def test_sources_file_parses(docs):
    assert len(tomllib.loads((docs / "sources.toml").read_text(encoding="utf-8"))) == len(sources.told())
