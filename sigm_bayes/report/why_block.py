"""The evidence ledger: signed bars about an axis, log10 weight for primary against the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sigm_bayes.report.layout import Layout, indented
from sigm_bayes.report.numbers import signed, signed_bar
from sigm_bayes.report.wording import stated

SHOWN_DETAILS = 4
"""Findings named beside their group; the rest are counted, and all are in ``--full`` and ``--json``."""
LONGEST_BAR = 10
"""Characters of the longest bar of the ledger."""
SMALLEST_STEP = 0.2
"""A character stands for at least this much log10 weight, so that a small ledger looks small."""


def why(answer: Mapping[str, Any], *, layout: Layout) -> list[RenderableType]:
    """Return the ledger block."""
    ledger = answer["ledger"]
    title = Text.assemble(("Why", "bold"), " (weight for primary against the rest, log10; 1 = ten times, - is against)")
    rows = _narrow(ledger, layout=layout) if layout.narrow else _wide(ledger, layout=layout)
    return [Group(title, indented(rows))]


def _wide(ledger: Mapping[str, Any], *, layout: Layout) -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(max_width=34)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1)
    axis = "|" if layout.ascii_only else "│"
    grid.add_row("starting point", signed(ledger["prior_log10_odds"]), "", "", "")
    largest = max((abs(item["log10_lr"]) for item in ledger["items"]), default=0.0)
    step = max(SMALLEST_STEP, largest / LONGEST_BAR)
    for item in ledger["items"]:
        weight = item["log10_lr"]
        left, right = signed_bar(weight, per_character=step, ascii_only=layout.ascii_only)
        grid.add_row(
            Text(item["label"]),
            Text(signed(weight)),
            Text(left, style="magenta"),
            Text.assemble(axis, (right, "cyan")),
            Text(details(item["details"], full=layout.full)),
        )
    grid.add_row(Text("together", style="bold"), Text(signed(ledger["posterior_log10_odds"]), style="bold"), "", "", "")
    return grid


def _narrow(ledger: Mapping[str, Any], *, layout: Layout) -> Group:
    rows: list[RenderableType] = [Text(f"{signed(ledger['prior_log10_odds']):>5}  starting point")]
    for item in ledger["items"]:
        rows.append(_hanging_weight(signed(item["log10_lr"]), item["label"]))
        named = details(item["details"], full=layout.full)
        if named:
            rows.append(indented(Text(named), by=7))
    rows.append(Text(f"{signed(ledger['posterior_log10_odds']):>5}  together", style="bold"))
    return Group(*rows)


def _hanging_weight(weight: str, label: str) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=5, justify="right", no_wrap=True)
    grid.add_column(ratio=1)
    grid.add_row(weight, Text(label))
    return grid


def details(items: Sequence[Mapping[str, Any]], *, full: bool) -> str:
    """Return the single findings of a group, weightiest first: ``pneumonia +0.3, no asthma 0.0``."""
    ranked = sorted(items, key=lambda item: -abs(item["log10_change"]))
    shown = ranked if full else ranked[:SHOWN_DETAILS]
    words = [f"{stated(item['label'], item['state'])} {signed(item['log10_change'])}" for item in shown]
    left = len(ranked) - len(shown)
    if left:
        words.append(f"{left} more")
    return ", ".join(words)
