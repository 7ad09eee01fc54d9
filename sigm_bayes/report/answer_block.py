"""Who was asked about, and the probabilities: rows with interval, bar and note."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sigm_bayes.report.layout import Layout, indented
from sigm_bayes.report.numbers import (
    bar,
    interval,
    limit_of,
    percent,
    share_below,
    thousands,
    with_interval,
)
from sigm_bayes.report.wording import (
    CLASS_LABELS,
    ESID_STATUS,
    LIMITS_FROM,
    SHORT_LABELS,
    lower_first,
    other_immunoglobulins,
    peers,
    person,
)

FULL_BAR = 40
"""Characters of a bar that stands for 100%."""
WORTH_NAMING = 0.01
"""A named part or cause below this probability is left to ``--full``."""


def position(answer: Mapping[str, Any]) -> list[RenderableType]:
    """Return the person, the IgM against the age curve, and the setting."""
    summary, igm = answer["summary"], answer["position"]["igm"]
    standing = (
        f"lower limit {limit_of(igm)} {LIMITS_FROM[igm['limits_from']]}; lower than "
        f"{share_below(igm)} of {peers(summary)}"
    )
    others = other_immunoglobulins(summary)
    asked = summary["setting_label"]
    if not summary["setting_given"]:
        asked += " (assumed: no setting was given)"
    return [
        Group(
            Text.assemble(
                (f"{person(summary)}, {summary['age_text']}, IgM {igm['value_text']}", "bold"),
                f" ({standing})",
                f"; {others}" if others else "",
            ),
            Text(f"Asked in: {asked}"),
        )
    ]


def probabilities(answer: Mapping[str, Any], *, layout: Layout) -> list[RenderableType]:
    """Return the four rows, likeliest first, and the natural frequencies in the same order."""
    table = answer["probability"]
    order = sorted(CLASS_LABELS, key=lambda name: -table[name]["mean"])
    rows = _narrow_rows(answer, order) if layout.narrow else _wide_rows(answer, order, layout=layout)
    level_percent = round(100 * answer["interval"]["level"])
    in_brackets = f"in brackets: {level_percent}% interval, {_kind(answer['interval']['kind'])}"
    frequencies = answer["natural_frequencies"]
    counts = ", ".join(f"{SHORT_LABELS[name]} {thousands(frequencies[name])}" for name in order)
    return [
        Group(
            indented(rows),
            indented(Text(f"of {thousands(frequencies['of'])} people like this: {counts}")),
            indented(Text(in_brackets, style="dim")),
        )
    ]


def _kind(kind: str) -> str:
    return kind.removeprefix("equal-tailed, ")


def _wide_rows(answer: Mapping[str, Any], order: list[str], *, layout: Layout) -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1)
    room = layout.width - 2 - 28 - 5 - 13 - 1
    scale = min(FULL_BAR, room)
    for rank, name in enumerate(order):
        band = answer["probability"][name]
        style = "bold" if rank == 0 else ""
        drawn = bar(band["mean"], width=scale, ascii_only=layout.ascii_only)
        note = class_note(answer, name)
        apart = "" if not note or not drawn else "\n" if len(drawn) + 2 + len(note) > room else "  "
        grid.add_row(
            Text(CLASS_LABELS[name], style=style),
            Text(percent(band["mean"]), style=style),
            Text(interval(band, pad=2)),
            Text.assemble((drawn, "cyan"), apart, note),
        )
    return grid


def _narrow_rows(answer: Mapping[str, Any], order: list[str]) -> Group:
    rows: list[RenderableType] = []
    for rank, name in enumerate(order):
        style = "bold" if rank == 0 else ""
        rows.append(Text(f"{CLASS_LABELS[name]} {with_interval(answer['probability'][name])}", style=style))
        note = class_note(answer, name)
        if note:
            rows.append(indented(Text(note)))
    return Group(*rows)


def class_note(answer: Mapping[str, Any], name: str) -> str:
    """Return what a reader needs beside a row: the leading cause, the ESID part, maturational delay."""
    if name == "secondary":
        return _leading_cause(answer)
    if name == "primary":
        return _esid(answer)
    if name == "normal":
        delay = answer["parts"].get("maturational_delay")
        if delay is not None and delay["mean"] >= WORTH_NAMING:
            return f"of this, maturational delay {with_interval(delay)}"
    return ""


def _leading_cause(answer: Mapping[str, Any]) -> str:
    causes = answer["causes"]
    if not causes:
        return ""
    top = max(causes, key=lambda cause: causes[cause]["mean"])
    if causes[top]["mean"] < WORTH_NAMING:
        return ""
    return f"mostly: {lower_first(causes[top]['label'])} {with_interval(causes[top])}"


def _esid(answer: Mapping[str, Any]) -> str:
    esid = answer["esid"]
    status = ESID_STATUS[esid["status"]]
    documented = f"{esid['documented']} of {len(esid['criteria'])} documented"
    return f"ESID criteria: {status}, {with_interval(esid['probability'])}; {documented}"
