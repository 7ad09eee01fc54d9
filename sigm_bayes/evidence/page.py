"""Write the page that says what the evidence is used for: ``python -m sigm_bayes.evidence.page FILE``."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from sigm_bayes.evidence.load import load_evidence
from sigm_bayes.evidence.tables import Evidence, EvidenceItem
from sigm_bayes.evidence.vocabulary import ROLES, TERMS

_HEAD = """# The published evidence

Generated from `data/evidence/` by `python -m sigm_bayes.evidence.page docs/evidence.md`; do not edit by hand.
What the columns mean and how to add a study: `data/evidence/README.md`.
"""


_BOUNDS = """One-sided: `at most` says that the quantity of the model is no larger than the number (within its
error and study effect), `at least` that it is no smaller.
"""


def evidence_page(evidence: Evidence) -> str:
    """Return the page in Markdown: counts by role, kind and term, bounds, and what is not used and why."""
    parts = [_HEAD, _summary(evidence), "## By kind of number\n", _by_kind(evidence)]
    parts += ["## By likelihood term\n", _by_term(evidence)]
    parts += [
        "## Bounds\n",
        _BOUNDS,
        _bounds(evidence.items),
        "## Precision that the source does not print\n",
        "The standard error of these items rests on a choice of `reading.toml`.\n",
        ", ".join(f"`{i.item_id}`" for i in evidence.items if i.observed and not i.observed.precision_printed) + "\n",
        "## Not used, and why\n",
        _table(
            ("item", "kind", "reason"),
            ((f"`{i.item_id}`", i.kind, i.note) for i in evidence.items if not i.used),
        ),
    ]
    return "\n".join(parts)


def _summary(evidence: Evidence) -> str:
    counts = evidence.counts()
    studies = len({item.study_id for item in evidence.fitted})
    return (
        f"{len(evidence.items)} published numbers of {len(evidence.studies)} studies: "
        f"{counts['fitted']} fitted, {counts['bound']} bounds, {counts['context']} context. "
        f"{len(evidence.fitted)} enter the likelihood, from {studies} studies.\n"
    )


def _by_kind(evidence: Evidence) -> str:
    count: Counter[tuple[str, str]] = Counter((item.kind, item.role) for item in evidence.items)
    kinds = list(dict.fromkeys(item.kind for item in evidence.items))
    rows = [(kind, *(str(count[kind, role]) for role in ROLES)) for kind in sorted(kinds)]
    return _table(("kind", *ROLES), rows)


def _by_term(evidence: Evidence) -> str:
    count: Counter[tuple[str, str]] = Counter((item.term, item.role) for item in evidence.items)
    rows = [
        (f"`{name}`", term.quantity, str(count[name, "fitted"]), str(count[name, "bound"]))
        for name, term in TERMS.items()
        if count[name, "fitted"] + count[name, "bound"]
    ]
    return _table(("term", "the quantity", "fitted", "bound"), rows)


def _bounds(items: Iterable[EvidenceItem]) -> str:
    side = {"upper": "at most", "lower": "at least"}
    return _table(
        ("item", "term", "model value is", "why"),
        ((f"`{i.item_id}`", i.term, side[i.bound], i.note) for i in items if i.role == "bound"),
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(c.replace("|", "/") for c in line) + " |\n" for line in lines)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(evidence_page(load_evidence()), encoding="utf-8")
