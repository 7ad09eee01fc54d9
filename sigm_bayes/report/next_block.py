"""What comes next and what would change the answer, where it was asked for (`--next`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sigm_bayes.query import wording
from sigm_bayes.report.layout import Layout, hanging, indented, paragraph
from sigm_bayes.report.numbers import GLUE, bar, fine_percent, percent, with_interval
from sigm_bayes.report.wording import CLASS_LABELS, SHORT_LABELS, lower_first
from sigm_bayes.units import in_unit_of

BAR_WIDTH = 8
SHOWN_SINGLES = 5
"""Single changes named beside a threshold; the rest are counted, and all are in ``--full`` and ``--json``."""
STATE_NOTES = {"partly": "partly known", "done": "known"}


def due(answer: Mapping[str, Any], *, layout: Layout) -> list[RenderableType]:
    """Return the work-up that is due whatever the numbers say; with reasons and sources in ``--full``."""
    items = [item for item in answer["next"]["workup"] if layout.full or item["state"] != "done"]
    if not items:
        return []
    if not layout.full:
        return [paragraph("Due anyway", "; ".join(_due_label(item) for item in items))]
    rows = []
    for item in items:
        source = f" [{item['source']}]" if item["source"] else ""
        mark = "!!" if item["urgent"] else "-"
        rows.append(hanging(mark, f"{_due_label(item)}. {item['reason']}{source}"))
    return [Text("Due anyway", style="bold"), *rows]


def _due_label(item: Mapping[str, Any]) -> str:
    note = STATE_NOTES.get(item["state"])
    urgent = "urgent: " if item["urgent"] else ""
    return urgent + item["label"] + (f" ({note})" if note else "")


def would_tell_most(answer: Mapping[str, Any], *, layout: Layout) -> list[RenderableType]:
    """Return the unknowns that would tell most, each with its results and P(primary) after them."""
    found = answer["next"]["information"]
    shown = found if layout.full else [item for item in found if item["first"]]
    if not shown:
        return []
    title = Text.assemble(
        ("Would tell most", "bold"),
        f" (bits about the explanation, {answer['next']['entropy_bits']:.1f} are open; "
        "result, its chance, and P(primary) then)",
    )
    rows = _narrow(shown) if layout.narrow else _wide(shown, layout=layout)
    return [title, indented(rows)]


def _wide(items: Iterable[Mapping[str, Any]], *, layout: Layout) -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(max_width=34)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1)
    rows = list(items)
    largest = max(item["bits"] for item in rows)
    for item in rows:
        share = item["bits"] / largest if largest > 0.0 else 0.0
        drawn = bar(share, width=BAR_WIDTH, ascii_only=layout.ascii_only)
        grid.add_row(Text(lower_first(item["label"])), f"{item['bits']:.2f}", Text(drawn, style="cyan"), _results(item))
    return grid


def _narrow(items: Iterable[Mapping[str, Any]]) -> Group:
    rows: list[RenderableType] = []
    for item in items:
        rows.append(Text(f"{item['bits']:.2f} {lower_first(item['label'])}"))
        rows.append(indented(Text(_results(item)), by=5))
    return Group(*rows)


def _results(item: Mapping[str, Any]) -> str:
    """`still low (80%): 22%; not low (20%): 1%`, and why it must not be missed."""
    parts = [
        f"{outcome['label']} ({percent(outcome['probability'])}): {percent(outcome['after']['primary'])}".replace(
            " ", GLUE
        )
        for outcome in item["outcomes"]
    ]
    reason = f"; {wording.MUST_NOT_MISS}: {item['reason']}" if item["must_not_miss"] else ""
    return "; ".join(parts) + reason


def would_change(answer: Mapping[str, Any], *, layout: Layout) -> list[RenderableType]:
    """Return the tipping points, the answer in every setting, and what is uncertain."""
    rows: list[RenderableType] = [Text("Would change the answer", style="bold")]
    tipping = answer["tipping"]
    for point in tipping["points"]:
        rows += [hanging("-", line) for line in tipping_lines(point, tipping=tipping, full=layout.full)]
    rows += _settings(answer, layout=layout)
    baseline = answer["baseline"]["primary"]
    rows.append(hanging("-", wording.BASELINE.format(value=with_interval(baseline))))
    rows.append(paragraph("Uncertain", answer["uncertainty"]["message"]))
    return rows


def tipping_lines(point: Mapping[str, Any], *, tipping: Mapping[str, Any], full: bool) -> list[str]:
    """Return what takes P(primary) across one threshold: prevalence, IgM, single changes."""
    level = percent(point["threshold"])
    way = wording.BELOW if point["above_now"] else wording.ABOVE
    lines = []
    if point["prevalence"] is None:
        lines.append(wording.NO_PREVALENCE.format(level=level))
    else:
        now = fine_percent(tipping["prevalence_now"])
        lines.append(wording.PREVALENCE_TIP.format(level=level, value=fine_percent(point["prevalence"]), now=now))
    igm = point["igm"]
    if igm is None:
        lines.append(wording.NO_IGM.format(way=way, level=level))
    else:
        several = wording.IN_PROPORTION if len(igm["values_mg_dl"]) > 1 else ""
        direction = wording.OR_LOWER if igm["direction"] == "at_or_below" else wording.OR_HIGHER
        if igm["until_mg_dl"] is not None:
            direction = wording.DOWN_TO if igm["direction"] == "at_or_below" else wording.UP_TO
            direction = direction.format(until=in_unit_of(igm["text"], igm["until_mg_dl"]).replace(" ", GLUE))
        value = igm["text"].replace(" ", GLUE)
        lines.append(wording.IGM_TIP.format(value=value, direction=direction, several=several, way=way, level=level))
    lines.append(_singles(point, way=way, level=level, full=full))
    return lines


def _singles(point: Mapping[str, Any], *, way: str, level: str, full: bool) -> str:
    tips = point["singles"]
    if not tips:
        nearest = point["nearest"]
        text = wording.NO_SINGLE.format(way=way, level=level)
        return text if nearest is None else f"{text}; {wording.NEAREST.format(change=_single(nearest))}"
    shown = tips if full else tips[:SHOWN_SINGLES]
    more = f"; {len(tips) - len(shown)} more" if len(shown) < len(tips) else ""
    return wording.SINGLES.format(way=way, level=level, changes="; ".join(map(_single, shown)) + more)


def _single(tip: Mapping[str, Any]) -> str:
    state = tip["to_state"].replace("_", " ")
    was = "" if tip["from_state"] in ("unknown", "not_done") else f", not {tip['from_state']}"
    return f"{lower_first(tip['label'])} {state}{was} ({percent(tip['primary'])})".replace(" (", f"{GLUE}(")


def _settings(answer: Mapping[str, Any], *, layout: Layout) -> list[RenderableType]:
    if layout.full:
        rows: list[RenderableType] = []
        for row in answer["settings"]:
            bands = "; ".join(f"{SHORT_LABELS[c]} {with_interval(row['probability'][c])}" for c in CLASS_LABELS)
            rows.append(hanging("-", f"{row['label']} (prevalence {fine_percent(row['prevalence'])}): {bands}"))
        return rows
    elsewhere = [
        f"{row['label']} {with_interval(row['probability']['primary'])}"
        for row in answer["settings"]
        if not row["current"]
    ]
    return [hanging("-", wording.ELSEWHERE.format(settings="; ".join(elsewhere)))] if elsewhere else []
