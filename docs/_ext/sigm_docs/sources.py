"""Statements and their sources: rows of data/evidence, and docs/sources.toml for what is told but not counted.

Roles: {src}`A,B` prints the sources of a statement and how they were read; {pct}`ITEM`, {num}`ITEM` and {val}`ITEM`
print the number of a row (percent, "k of n", value). The directive {sources} lists all that its page cites.
"""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective, SphinxRole

if TYPE_CHECKING:
    from sphinx.application import Sphinx

DOCS = Path(__file__).resolve().parents[2]
EVIDENCE = DOCS.parent / "data" / "evidence"
FLAGS = {
    "seen": "seen",
    "seen_second_hand": "second hand",
    "derived": "derived",
    "recalled": "recalled",
}
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


class UnknownSourceError(KeyError):
    """A statement names a source that does not exist."""


@dataclass(frozen=True)
class Source:
    """One thing that a statement can cite.

    Attributes
    ----------
    id : what the statement names: an item, a study, or a key of sources.toml
    study : what the list of sources calls it
    citation, doi, flag : as in the table
    says : what was read of it, for people and for the check of numbers
    read : which part was read
    numbers : numbers that a statement may print because this source holds them
    """

    id: str
    study: str
    citation: str
    doi: str
    flag: str
    says: str
    read: str
    numbers: frozenset[str]


def _rows(name: str) -> list[dict[str, str]]:
    with (EVIDENCE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def items() -> Mapping[str, dict[str, str]]:
    """Rows of items.csv by id."""
    return {row["item_id"]: row for row in _rows("items.csv")}


@cache
def studies() -> Mapping[str, dict[str, str]]:
    """Rows of studies.csv by id."""
    return {row["study_id"]: row for row in _rows("studies.csv")}


@cache
def told() -> Mapping[str, dict[str, str]]:
    """Tables of docs/sources.toml by key."""
    return dict(tomllib.loads((DOCS / "sources.toml").read_text(encoding="utf-8")))


def find(id: str) -> Source:
    """Return the source of this id.

    Raises
    ------
    UnknownSourceError
        When neither table has it.
    """
    if id in items():
        row = items()[id]
        study = studies()[row["study_id"]]
        says = f"{row['note']} {study['definition']} {study['population']}"
        return _source(id, study, row["flag"], says, numbers=frozenset(_numbers_of(row)) | _spoken(says))
    if id in studies():
        study = studies()[id]
        says = f"{study['definition']} {study['population']}"
        return _source(id, study, study["flag"], says, numbers=_spoken(f"{says} {study['n']}"))
    if id not in told():
        raise UnknownSourceError(id)
    row = told()[id]
    if "study" in row:
        found = _source(id, studies()[row["study"]], row["flag"], row["says"], numbers=_spoken(row["says"]))
        return Source(**{**vars(found), "read": row["read"]})
    return Source(
        id, id, row["citation"], row.get("doi", ""), row["flag"], row["says"], row["read"], _spoken(row["says"])
    )


def _source(id: str, study: Mapping[str, str], flag: str, says: str, *, numbers: frozenset[str]) -> Source:
    return Source(id, study["study_id"], study["citation"], study["doi"], flag, says, "", numbers)


def _spoken(text: str) -> frozenset[str]:
    return frozenset(_NUMBER.findall(text))


def _numbers_of(row: Mapping[str, str]) -> Iterator[str]:
    """Numbers of a row as a statement may print them: as they are, per cent, and mg/dL as g/L."""
    for column in ("k", "n", "value", "low", "high", "threshold_mg_dl"):
        if not row[column]:
            continue
        number = abs(float(row[column]))
        yield from {f"{number:g}", f"{number:.2f}", row[column].lstrip("-")}
        yield f"{number / 100:.2f}" if column == "threshold_mg_dl" else f"{100 * number:g}"


def percent(id: str) -> str:
    """Print the share of a row in per cent."""
    row = items()[id]
    share = float(row["value"]) if row["value"] else int(row["k"]) / int(row["n"])
    digits = 0 if share >= 0.1 else 1 if share >= 0.01 else 2
    return f"{100 * share:.{digits}f}%"


def count(id: str) -> str:
    """Print "k of n" of a row."""
    return f"{items()[id]['k']} of {items()[id]['n']}"


def value(id: str) -> str:
    """Print the value of a row as it stands there."""
    return items()[id]["value"]


def cited(text: str) -> list[str]:
    """Return the ids that a page cites, in order, once each."""
    found = [id.strip() for group in re.findall(r"\{src\}`([^`]+)`", text) for id in group.split(",")]
    return list(dict.fromkeys(found))


class _Cite(SphinxRole):
    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        try:
            sources = [find(id.strip()) for id in self.text.split(",")]
        except UnknownSourceError as error:
            message = self.inliner.reporter.error(f"no source {error} in data/evidence or docs/sources.toml")
            return [message], [message]
        shown = nodes.inline(classes=["cited"])
        pairs = dict.fromkeys((s.study, FLAGS[s.flag]) for s in sources)
        for n, (study, flag) in enumerate(pairs):
            shown += nodes.Text(", " if n else "[")
            shown += nodes.reference("", study, refid=_anchor(study), internal=True)
            shown += nodes.inline("", f" {flag}", classes=[f"flag-{flag.replace(' ', '-')}"])
        shown += nodes.Text("]")
        return [shown], []


class _Number(SphinxRole):
    def __init__(self, printer: Any) -> None:
        super().__init__()
        self.printer = printer

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        try:
            return [nodes.Text(self.printer(self.text))], []
        except (KeyError, ValueError) as error:
            message = self.inliner.reporter.error(f"no number {self.text!r} in items.csv: {error}")
            return [message], [message]


class _Sources(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        text = Path(self.env.doc2path(self.env.docname)).read_text(encoding="utf-8")
        by_study: dict[str, list[Source]] = {}
        for id in cited(text):
            source = find(id)
            by_study.setdefault(source.study, []).append(source)
        out: list[nodes.Node] = []
        for study in sorted(by_study):
            out.append(_entry(study, by_study[study]))
        return [nodes.container("", *out, classes=["sources"])]


def _entry(study: str, sources: list[Source]) -> nodes.Node:
    first = sources[0]
    paragraph = nodes.paragraph(ids=[_anchor(study)])
    paragraph += nodes.strong("", study)
    paragraph += nodes.Text(f" {first.citation}. ")
    if first.doi:
        paragraph += nodes.reference("", f"doi:{first.doi}", refuri=f"https://doi.org/{first.doi}", internal=False)
        paragraph += nodes.Text(". ")
    rows = [s.id for s in sources if s.id in items()]
    if rows:
        paragraph += nodes.Text("Rows: ")
        for n, id in enumerate(rows):
            paragraph += nodes.Text(", " if n else "")
            paragraph += nodes.literal("", id)
        paragraph += nodes.Text(". ")
    for source in sources:
        if source.read:
            paragraph += nodes.Text(f"Read: {source.read} ({FLAGS[source.flag]}).")
    return paragraph


def _anchor(study: str) -> str:
    return f"source-{study.lower()}"


def setup(app: Sphinx) -> None:
    """Register roles and directive."""
    app.add_role("src", _Cite())
    for name, printer in (("pct", percent), ("num", count), ("val", value)):
        app.add_role(name, _Number(printer))
    app.add_directive("sources", _Sources)
