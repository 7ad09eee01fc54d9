"""The words of the page: class names, people, states.  One word for one thing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CLASS_LABELS: dict[str, str] = {
    "normal": "low normal variant",
    "secondary": "secondary",
    "primary": "primary selective deficiency",
    "other_immunodeficiency": "another immunodeficiency",
}
"""Row names of the answer.  The class `normal` is never called normal: the IgM is low."""

SHORT_LABELS: dict[str, str] = {
    "normal": "low normal",
    "secondary": "secondary",
    "primary": "primary",
    "other_immunodeficiency": "another immunodeficiency",
}

SEVERITY_MARKS: dict[str, str] = {"warning": "!!", "caution": "!", "info": "i"}
SEVERITY_ORDER: tuple[str, ...] = ("warning", "caution", "info")

ESID_STATUS: dict[str, str] = {"met": "met", "not_met": "not met", "possible": "possible"}
CRITERION_STATE: dict[str, str] = {"met": "met", "not_met": "not met", "not_documented": "not documented"}

INTENDED_USE = "For research and decision support."
ADULT_YEARS = 18.0


def person(summary: Mapping[str, Any]) -> str:
    """Return `Woman`, `Boy`, `Child` ... for the summary of an answer."""
    adult = summary["age_years"] >= ADULT_YEARS
    words = {
        "female": "Woman" if adult else "Girl",
        "male": "Man" if adult else "Boy",
    }
    return words.get(summary["sex"], "Person" if adult else "Child")


def peers(summary: Mapping[str, Any]) -> str:
    """Return whom a centile refers to, such as `healthy women her age`."""
    adult = summary["age_years"] >= ADULT_YEARS
    words = {
        "female": "healthy women her age" if adult else "healthy girls her age",
        "male": "healthy men his age" if adult else "healthy boys his age",
    }
    return words.get(summary["sex"], "healthy people this age" if adult else "healthy children this age")


LIMITS_FROM: Mapping[str, str] = {"age_curve": "at this age", "laboratory": "by the laboratory's interval"}
"""Whose the lower limit is that an IgM is held against."""
LIMIT_NAMES: Mapping[str, str] = {
    "age_curve": "2.5th centile", "laboratory": "lower limit by the laboratory's interval",
}  # fmt: skip
"""The same in a figure."""


def lower_first(label: str) -> str:
    """Return a label for the middle of a sentence: `Pneumonia` becomes `pneumonia`, `IgG`, `HIV` and `B cells` stay."""
    if label[1:2].islower() and label[0].isupper() and not any(c.isupper() or c.isdigit() for c in label[1:4]):
        return label[0].lower() + label[1:]
    return label


def stated(label: str, state: str) -> str:
    """Return a finding, cause or test with its state: `no meningitis`, `pneumonia`, `IgE normal`."""
    name = lower_first(label)
    if state == "present":
        return name
    if state == "absent":
        return f"no {name}"
    return f"{name} {state.replace('_', ' ')}"


def other_immunoglobulins(summary: Mapping[str, Any]) -> str:
    """Return `IgG and IgA normal` where both say the same, else both texts."""
    igg, iga = summary["igg_text"] or "", summary["iga_text"] or ""
    same = igg.removeprefix("IgG") == iga.removeprefix("IgA")
    if same and igg.startswith("IgG") and iga.startswith("IgA"):
        return f"IgG and IgA{igg.removeprefix('IgG')}"
    return ", ".join(text for text in (igg, iga) if text)
