"""The studies and priors behind a weight, ready to print."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sigm_bayes.query.sources import Basis, Number, StudySource
from sigm_bayes.report.numbers import counted

Block = dict[str, Any]
MOST_NUMBERS = 6
"""Printed numbers named of one study; the rest are counted, and all are in the JSON."""


def basis_block(basis: Basis) -> Block:
    """Return what one weight rests on.

    Returns
    -------
    dict
        `summary` (such as ``13 studies, 4 priors``), `studies` and `priors`.
    """
    n = len(basis.studies)
    counts = [f"{n} {'study' if n == 1 else 'studies'}"] if n else []
    counts += [counted(len(basis.priors), "prior")] if basis.priors else []
    return {
        "summary": ", ".join(counts),
        "studies": [study_row(study) for study in basis.studies],
        "priors": [{"name": prior.parameter, "source": prior.source} for prior in basis.priors],
    }


def told_once(blocks: Iterable[Block]) -> Block:
    """Return the `studies` and `priors` of several blocks, each once and in the order of their names."""
    rows = list(blocks)
    studies = {study["id"]: study for block in rows for study in block["studies"]}
    priors = {prior["name"]: prior for block in rows for prior in block["priors"]}
    return {"studies": [studies[id] for id in sorted(studies)], "priors": [priors[name] for name in sorted(priors)]}


def study_row(study: StudySource) -> Block:
    """Return citation, id, people, the numbers that were used, and where it is found."""
    citation = study.citation if study.year in study.citation else f"{study.citation} {study.year}"
    numbers = [_printed(number) for number in study.numbers]
    shown = [text for text in numbers if text][:MOST_NUMBERS]
    left = len([text for text in numbers if text]) - len(shown)
    return {
        "citation": citation.strip(),
        "id": study.study,
        "people": "" if study.n is None else f"n = {study.n:,}",
        "numbers": "; ".join([*shown, *([f"{left} more"] if left else [])]),
        "where": _where(study),
    }


def _printed(number: Number) -> str:
    if number.k is not None and number.n is not None:
        return f"{number.k:,} of {number.n:,}"
    if number.value is None:
        return ""
    people = "" if number.n is None else f" (n = {number.n:,})"
    unit = "" if number.unit == "proportion" else number.unit.replace("_", " ")
    return f"{number.value:g} {unit}".strip() + people


def _where(study: StudySource) -> str:
    """Return the identifiers by which the study is found; text, because a page of ours points to no other host."""
    told = (f"doi:{study.doi}" if study.doi else "", f"PMID {study.pmid}" if study.pmid else "")
    return ", ".join(part for part in told if part)
