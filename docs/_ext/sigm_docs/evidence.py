"""Pages of the published numbers: studies, items, reference limits, codes."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

from sigm_bayes.evidence import Evidence, EvidenceItem, load_evidence
from sigm_bayes.paths import data_dir
from sigm_docs.sources import FLAGS
from sigm_docs.tables import code, heading, table


def studies() -> str:
    """Every study, with what it is used for."""
    evidence = load_evidence()
    roles: dict[str, Counter[str]] = defaultdict(Counter)
    for item in evidence.items:
        roles[item.study_id][item.role] += 1
    rows = [
        (
            code(s.study_id), s.citation, _doi(s.doi), s.year, s.country, s.n, s.population,
            s.setting.replace("_", " "), s.definition, FLAGS[s.flag],
            *(roles[s.study_id][r] or "" for r in ("fitted", "bound", "context")),
        )
        for s in evidence.studies
    ]  # fmt: skip
    head = ("study", "citation", "DOI", "year", "country", "n", "who", "setting", "what it called low", "read",
            "fitted", "bounds", "context")  # fmt: skip
    return f"{len(rows)} studies.\n\n" + table(head, rows)


def _doi(doi: str) -> str:
    return f"[{doi}](https://doi.org/{doi})" if doi else ""


def items() -> str:
    """Every published number by kind, as printed, with its role."""
    evidence = load_evidence()
    parts = [f"{len(evidence.items)} numbers.\n"]
    kinds = list(dict.fromkeys(item.kind for item in evidence.items))
    for kind in sorted(kinds):
        parts.append(heading(2, kind.replace("_", " ")))
        parts.append(_items_of(evidence, kind))
    return "".join(parts)


def _items_of(evidence: Evidence, kind: str) -> str:
    rows = [
        (code(i.item_id), i.target.replace("_", " "), _printed(i), i.threshold_printed_mg_dl, FLAGS[i.flag], i.role,
         code(i.term), i.note_source)
        for i in evidence.items
        if i.kind == kind
    ]  # fmt: skip
    return table(("item", "about", "printed", "cut-off, mg/dL", "read", "role", "term", "note of the source"), rows)


def _printed(item: EvidenceItem) -> str:
    """The number as the source prints it."""
    said = []
    if item.k is not None and item.n is not None:
        said.append(f"{item.k} of {item.n}")
    elif item.n is not None:
        said.append(f"n = {item.n}")
    if item.value is not None:
        said.append(f"{item.value:g}")
    if item.low is not None and item.high is not None:
        said.append(f"({item.low:g} to {item.high:g}{', ' + item.spread if item.spread else ''})")
    unit = "" if item.unit in ("", "proportion") else item.unit.replace("_", " ")
    return " ".join([*said, unit])


def counts() -> str:
    """One sentence: how many numbers, of how many studies, in which role."""
    evidence = load_evidence()
    n = evidence.counts()
    studies_used = len({i.study_id for i in evidence.fitted})
    return (
        f"{len(evidence.items)} published numbers of {len(evidence.studies)} studies: {n['fitted']} fitted, "
        f"{n['bound']} one-sided bounds, {n['context']} not used (each with the reason). {len(evidence.fitted)} enter "
        f"the likelihood, from {studies_used} studies.\n"
    )


def reference_sources() -> str:
    """The tables of limits by age that the reference curves are fitted to."""
    used: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for row in _csv("reference/reading.csv"):
        total[row["source_id"]] += 1
        used[row["source_id"]] += row["role"] == "fitted"
    rows = [
        (
            code(s["source_id"]), f"{s['authors']}. {s['title']}. {s['journal']} ({s['year']})", s["population"],
            s["n"], s["method"], s["flag"].replace("_", " "), total[s["source_id"]], used[s["source_id"]],
        )
        for s in _csv("reference/sources.csv")
    ]  # fmt: skip
    return table(("source", "citation", "population", "n", "method", "read", "rows", "fitted"), rows)


def codes() -> str:
    """How many codes of each system stand for what."""
    tally: Counter[tuple[str, str]] = Counter()
    systems: dict[str, None] = {}
    for row in _csv("codes/codes.csv"):
        tally[row["concept_id"], row["system"]] += 1
        systems[row["system"]] = None
    kinds = {row["concept_id"]: row["kind"] for row in _csv("codes/codes.csv")}
    rows: Iterable[tuple[object, ...]] = (
        (code(concept), kind, *(tally[concept, s] or "" for s in systems)) for concept, kind in kinds.items()
    )
    return table(("concept", "kind", *systems), rows)


def _csv(name: str) -> list[dict[str, str]]:
    with (data_dir() / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _readme(folder: str) -> Callable[[], str]:
    """The README of a data folder, below the page's own heading."""

    def text() -> str:
        from sigm_docs.pages import mend_links

        lines = (data_dir() / folder / "README.md").read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if not line.startswith("# ")]
        return mend_links("\n".join(kept), f"data/{folder}")

    return text


PAGES: dict[str, Callable[[], str]] = {
    "studies": studies,
    "items": items,
    "counts": counts,
    "reference-sources": reference_sources,
    "codes": codes,
    "readme-evidence": _readme("evidence"),
    "readme-reference": _readme("reference"),
    "readme-codes": _readme("codes"),
    "readme-registry": _readme("registry"),
}
