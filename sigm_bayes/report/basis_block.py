"""What is due, what would change the answer, what is not known, and what the answer rests on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sigm_bayes.query import wording
from sigm_bayes.report.layout import Layout, hanging, indented, paragraph
from sigm_bayes.report.numbers import counted, interval, percent, thousands, with_interval
from sigm_bayes.report.numbers import fine_percent as fine_percent
from sigm_bayes.report.wording import CLASS_LABELS, CRITERION_STATE, INTENDED_USE, SHORT_LABELS

KINDS = ("findings", "causes", "tests")


def what_next(answer: Mapping[str, Any], *, layout: Layout) -> list[RenderableType]:
    """Return the work-up that is due whatever the ranking, what would tell most, and what decides."""
    rows: list[RenderableType] = []
    if "next" in answer:
        from sigm_bayes.report import next_block

        rows += [*next_block.due(answer, layout=layout), *next_block.would_tell_most(answer, layout=layout)]
    elif answer["due"]:
        rows.append(paragraph("Due anyway", "; ".join(answer["due"])))
    for decision in answer["decided_by"]:
        first, second = (SHORT_LABELS[name] for name in decision["between"])
        lead = f"What decides between {first} and {second}"
        driven = " (here driven by priors, not by data)" if decision["prior_driven"] else ""
        rows.append(paragraph(lead, "; ".join(decision["items"]) + driven + _stop(decision["message"])))
    return [Group(*rows)] if rows else []


def _stop(message: str) -> str:
    return f". {message}" if message else ""


def what_would_change(answer: Mapping[str, Any], *, layout: Layout) -> list[RenderableType]:
    """Return the prevalence that flips the answer, the other settings, and the person with nothing known."""
    if "next" in answer:
        from sigm_bayes.report import next_block

        return [Group(*next_block.would_change(answer, layout=layout))]
    tipping = answer["tipping"]
    parts = []
    now, half = tipping["prevalence_now"], tipping["prevalence_for_half"]
    if half is None:
        parts.append(wording.NO_PREVALENCE.format(level="50%"))
    else:
        parts.append(wording.PREVALENCE_TIP.format(level="50%", value=fine_percent(half), now=fine_percent(now)))
    elsewhere = [
        f"{layout.labels.get(setting, setting.replace('_', ' '))} {with_interval(row['primary'])}"
        for setting, row in answer["by_setting"].items()
        if setting != answer["summary"]["setting"]
    ]
    if elsewhere:
        parts.append(wording.ELSEWHERE.format(settings="; ".join(elsewhere)))
    baseline = answer["baseline"]["primary"]
    parts.append(wording.BASELINE.format(value=with_interval(baseline)))
    title = Text("Would change the answer", style="bold")
    return [Group(title, *(hanging("-", part) for part in parts))]


def details(answer: Mapping[str, Any], *, layout: Layout) -> list[RenderableType]:
    """Return what ``--full`` adds: causes, settings, ESID criteria and what is not known."""
    if not layout.full:
        return []
    return [
        _causes(answer),
        _settings(answer, layout=layout),
        _criteria(answer),
        _not_known(answer, layout=layout),
    ]


def _causes(answer: Mapping[str, Any]) -> RenderableType:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(overflow="fold")
    for kwargs in ({"justify": "right"}, {}, {}):
        grid.add_column(no_wrap=True, **kwargs)  # type: ignore[arg-type]
    for cause in sorted(answer["causes"].values(), key=lambda cause: -cause["mean"]):
        grid.add_row(Text(cause["label"]), percent(cause["mean"]), interval(cause, pad=2), Text(cause["recorded"]))
    return Group(Text("Causes (they add up to secondary)", style="bold"), indented(grid))


def _settings(answer: Mapping[str, Any], *, layout: Layout) -> RenderableType:
    rows: list[RenderableType] = []
    for setting, row in answer["by_setting"].items():
        name = layout.labels.get(setting, setting.replace("_", " "))
        bands = "; ".join(f"{SHORT_LABELS[label]} {with_interval(row[label])}" for label in CLASS_LABELS)
        rows.append(hanging("-", f"{name}: {bands}"))
    return Group(Text("In every setting", style="bold"), *rows)


def _criteria(answer: Mapping[str, Any]) -> RenderableType:
    rows: list[RenderableType] = []
    for criterion in answer["esid"]["criteria"]:
        detail = f" ({criterion['detail']})" if criterion["detail"] else ""
        rows.append(hanging("-", f"{criterion['label']}: {CRITERION_STATE[criterion['state']]}{detail}"))
    return Group(Text("ESID criteria", style="bold"), *rows)


def _not_known(answer: Mapping[str, Any], *, layout: Layout) -> RenderableType:
    rows: list[RenderableType] = []
    for kind in KINDS:
        identifiers = answer["not_known"][kind]
        listed = ", ".join(layout.label(identifier) for identifier in identifiers) or "none"
        rows.append(hanging("-", f"{kind}: {listed}"))
    return Group(Text("Not known (summed over, never read as absent)", style="bold"), *rows)


def basis(answer: Mapping[str, Any], *, layout: Layout) -> list[RenderableType]:
    """Return model, evidence, what is not known in numbers, and the intended use."""
    model = answer["model"]
    words = f"{model['name']} {model['version']}, {thousands(model['items_fitted'])} published numbers"
    if answer["refused"] is None:
        counts = ", ".join(counted(len(answer["not_known"][kind]), kind.removesuffix("s")) for kind in KINDS)
        words += f"; not known: {counts}" + ("" if layout.full else " (list: --full)")
    parts: list[RenderableType] = [Text(f"{words}. {INTENDED_USE}")]
    if layout.full:
        parts.append(Text(f"evidence {model['evidence_sha256']}\ninput    {answer['input_sha256']}"))
    return [Group(*parts)]
