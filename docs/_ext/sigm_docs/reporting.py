"""Pages of the reporting checklists, from docs/reporting/*.toml."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from sigm_docs.tables import heading, table

FOLDER = Path(__file__).resolve().parents[2] / "reporting"
STATUS = ("met", "partly", "not met", "not applicable")
ANSWERS = ("yes", "probably yes", "probably no", "no", "no information", "not applicable")


@cache
def read(name: str) -> dict[str, Any]:
    """Return the parsed table."""
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))


def tripod() -> str:
    """Counts by status, then every part."""
    parts = read("tripod.toml")["part"]
    count = Counter(part["status"] for part in parts)
    said = ", ".join(f"{count[status]} {status}" for status in STATUS)
    rows = [(p["id"], p["topic"], f"**{p['status']}**" if p["status"] != "met" else "met", p["where"]) for p in parts]
    return f"Of {len(parts)} parts: {said}.\n\n" + table(
        ("item", "asks for", "status", "where, or what is missing"), rows
    )


def probast() -> str:
    """Every domain with its judgement and its questions."""
    out = []
    for domain in read("probast.toml")["domain"]:
        out.append(heading(2, domain["title"]))
        kind = "quality" if domain["id"].startswith("development") else "risk of bias"
        said = f"**{kind.capitalize()}: {domain['quality']}.**"
        if domain["applicability"]:
            said += f" **Applicability: {domain['applicability']}.**"
        out.append(f"{said} {domain['why']}\n\n")
        rows = [(q["text"], q["answer"], q["why"]) for q in domain["question"]]
        out.append(table(("question", "answer", "why"), rows))
    return "".join(out)


PAGES: dict[str, Callable[[], str]] = {"tripod": tripod, "probast": probast}
