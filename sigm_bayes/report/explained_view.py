"""What an answer leaves open, as blocks: what to do next, what each unknown would tell, what would tip the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sigm_bayes.query import wording
from sigm_bayes.report import sentences as say
from sigm_bayes.report.basis_block import fine_percent
from sigm_bayes.report.numbers import GLUE, percent, with_interval
from sigm_bayes.report.wording import SHORT_LABELS
from sigm_bayes.units import in_unit_of

Block = dict[str, Any]
SHOWN_SINGLES = 10
"""Single changes named under a threshold, the farthest first; the rest are counted, and all are in the JSON."""
STATE_WORDS = {"due": "due", "partly": "partly done", "done": "done"}
STATEMENTS = {"present": "present", "absent": "absent", "unknown": "not known", "not_done": "not done"}


def explained_blocks(answer: Mapping[str, Any]) -> Block:
    """Return the blocks of the explained part of a document; empty where it was not explained.

    Parameters
    ----------
    answer : mapping
        ``answer.to_dict() | answer.explain().to_dict()``.
    """
    if "next" not in answer:
        return {}
    steps = answer["next"]
    information = [_information(row) for row in steps["information"]]
    blocks: Block = {
        "workup": [
            {**{key: row[key] for key in ("label", "reason", "source", "urgent")}, "state": STATE_WORDS[row["state"]]}
            for row in steps["workup"]
            if row["state"] != "done"
        ],
        "workup_done": [row["label"] for row in steps["workup"] if row["state"] == "done"],
        "tells_most": [row for row in information if row["first"]],
        "tells_less": [row for row in information if not row["first"]],
    }
    if answer.get("uncertainty") is not None:
        blocks["uncertainty"] = answer["uncertainty"]["message"]
    if answer.get("tipping") is not None and "points" in answer["tipping"]:
        blocks["tips"] = [_tip(point, answer["tipping"]["primary_now"]) for point in answer["tipping"]["points"]]
    if answer.get("settings"):
        blocks["settings"] = [
            {
                "label": row["label"],
                "here": row["current"],
                "prevalence": fine_percent(row["prevalence"]),
                "values": [_glued(with_interval(row["probability"][name])) for name in SHORT_LABELS],
            }
            for row in answer["settings"]
        ]
    return blocks


def _information(row: Mapping[str, Any]) -> Block:
    return {
        "label": row["label"],
        "help": row["help"],
        "reason": _sentence(row["reason"]) if row["must_not_miss"] else "",
        "first": row["first"] or row["must_not_miss"],
        "share": say.SETTLES.format(share=percent(min(max(row["share"], 0.0), 1.0))),
        "outcomes": [
            {
                "label": outcome["label"],
                "probability": percent(outcome["probability"]),
                "after": [percent(outcome["after"][name]) for name in SHORT_LABELS],
            }
            for outcome in row["outcomes"]
        ],
    }


def _tip(point: Mapping[str, Any], now: float) -> Block:
    """Return one threshold: its title and the sentences of what crosses it."""
    threshold = percent(point["threshold"])
    way = wording.BELOW if point["above_now"] else wording.ABOVE
    lines = []
    if point["prevalence"] is not None:
        lines.append(say.TIP_PREVALENCE.format(value=fine_percent(point["prevalence"])))
    igm = point["igm"]
    if igm is not None:
        together = say.TIP_TOGETHER if len(igm["values_mg_dl"]) > 1 else ""
        shown = percent(igm["primary"])
        lines.append(say.TIP_IGM.format(value=igm["text"], side=_side(igm), together=together, primary=shown))
    lines += [_single(tip) for tip in point["singles"][:SHOWN_SINGLES]]
    left = len(point["singles"]) - SHOWN_SINGLES
    lines += [say.TIP_MORE.format(count=left)] if left > 0 else []
    nearest = point["nearest"]
    alone = "" if nearest is None else say.TIP_NEAREST.format(change=_single(nearest))
    return {
        "title": say.TIP_TITLE.format(way=way, level=threshold, now=percent(now)),
        "lines": lines,
        "alone": alone,
    }


def _single(tip: Mapping[str, Any]) -> str:
    states = [STATEMENTS.get(tip[key], tip[key].replace("_", " ")) for key in ("from_state", "to_state")]
    return say.TIP_SINGLE.format(
        label=tip["label"], to_state=states[1], from_state=states[0], primary=percent(tip["primary"])
    )


def _side(igm: Mapping[str, Any]) -> str:
    """Return `or lower`, or how far down where the answer turns back farther on."""
    lower = igm["direction"] == "at_or_below"
    if igm["until_mg_dl"] is None:
        return wording.OR_LOWER if lower else wording.OR_HIGHER
    return (wording.DOWN_TO if lower else wording.UP_TO).format(until=in_unit_of(igm["text"], igm["until_mg_dl"]))


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _glued(words: str) -> str:
    return words.replace(GLUE, "\u00a0")
