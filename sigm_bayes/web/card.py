"""The card of CDS Hooks: a summary in one line, and the answer in Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sigm_bayes.errors import InputError
from sigm_bayes.report import sentences as say
from sigm_bayes.report.numbers import GLUE, percent, with_interval
from sigm_bayes.report.wording import CLASS_LABELS, SHORT_LABELS

LONGEST_SUMMARY = 139
"""Characters: the specification asks for fewer than 140."""
MOST_PROBLEMS = 10


def answer_card(answer: Mapping[str, Any], *, igm: str, used: tuple[int, int]) -> dict[str, Any]:
    """Return summary, indicator and detail of an answer.

    Parameters
    ----------
    answer : mapping
        ``Answer.to_dict()``.
    igm : str
        The first result as printed.
    used : (int, int)
        Resources used, and resources that could not be read with certainty.
    """
    warned = any(caution["severity"] == "warning" for caution in answer["cautions"])
    indicator = "warning" if warned or answer["refused"] is not None else "info"
    if answer["refused"] is not None and answer["refused"]["urgent"]:
        indicator = "critical"
    if answer["refused"] is not None:
        summary = say.CARD_REFUSED.format(igm=igm)
        urgent = f"**{say.URGENT}** " if answer["refused"]["urgent"] else ""
        blocks = [urgent + answer["refused"]["message"], _list(answer["refused"]["workup"])]
    else:
        order = sorted(SHORT_LABELS, key=lambda name: -answer["probability"][name]["mean"])
        shares = ", ".join(f"{SHORT_LABELS[n]} {percent(answer['probability'][n]['mean'])}" for n in order)
        summary = say.CARD_ANSWER.format(igm=igm, shares=shares)
        rows = [f"{CLASS_LABELS[n]}: **{with_interval(answer['probability'][n]).replace(GLUE, ' ')}**" for n in order]
        blocks = [_list(rows), say.CARD_BRACKETS, f"**{say.DUE}**", _list(answer["due"])]
    cautions = _list(f"**{caution['severity']}**: {caution['message']}" for caution in answer["cautions"])
    count, odd = used
    basis = say.CARD_BASIS.format(resources=f"{count} resource{'' if count == 1 else 's'}")
    basis += say.CARD_ODD.format(odd=odd) if odd else "."
    return {
        "summary": shortened(summary),
        "indicator": indicator,
        "detail": "\n\n".join(part for part in (cautions, *blocks, basis, say.INTENDED_USE) if part),
    }


def problem_card(error: InputError) -> dict[str, Any]:
    """Return the card that says why no answer could be given; without values of the record."""
    rows = [f"{p.field}: {p.message}. {p.remedy}" for p in error.problems[:MOST_PROBLEMS]]
    left = len(error.problems) - len(rows)
    more = [f"{left} more"] if left > 0 else []
    count = len(error.problems)
    return {
        "summary": shortened(say.CARD_PROBLEMS.format(things=f"{count} thing{'' if count == 1 else 's'}")),
        "indicator": "info",
        "detail": "\n\n".join((_list([*rows, *more]), say.INTENDED_USE)),
    }


def shortened(summary: str) -> str:
    """Return a summary of fewer than 140 characters."""
    return summary if len(summary) <= LONGEST_SUMMARY else summary[: LONGEST_SUMMARY - 1].rstrip() + "…"


def _list(lines: Any) -> str:
    return "\n".join(f"- {_plain(line)}" for line in lines)


def _plain(line: str) -> str:
    """Return a line in which nothing but our own bold is Markdown or HTML."""
    for sign in "\\`_[]<>#|":
        line = line.replace(sign, f"\\{sign}")
    return " ".join(line.split())
