"""From the controls of the form to the mapping of a patient file, and what is wrong beside its control."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.errors import InputError, Problem
from sigm_bayes.patient import Patient, parse_patient
from sigm_bayes.web.names import FieldProblem, control_of

ANALYTES = ("igm", "igg", "iga")
SAMPLE_KEYS = ("value", "comparator", "unit", "resolution", "date", "context", "reference_low", "reference_high")
EPISODE_KEYS = ("site", "organism", "severity", "number")
COURSE_KEYS = ("started", "last_dose", "igm_before", "igm_recovered_after_stop")
MAX_ROWS = 20
"""Rows of results or episodes that a form may have."""
NOT_KNOWN = ("", "unknown")
_INDEXED = re.compile(r"(\w+)\[(\d{1,2})\]\.(\w+)")
_SINGLE = ("age", "age_unit", "sex", "setting", "gestational_weeks", "igg_status", "iga_status", "known_inborn_error",
           "on_immunoglobulin", "add", "threshold")  # fmt: skip

Values = dict[str, list[str]]
"""Control name to what it holds; several entries only for check boxes of one name."""


@dataclass
class Filled:
    """A form as sent.

    Attributes
    ----------
    values : Values
        Every control that holds something.
    mapping : dict
        What a patient file with the same content would hold.
    patient : Patient or None
        None where there are problems.
    problems : list of FieldProblem
    needed : list of str
        What is still missing for an answer: words for a person.
    thresholds : tuple of float
        Probabilities of primary whose tipping points are wanted; no part of the patient.
    """

    values: Values
    mapping: dict[str, Any] = field(default_factory=dict)
    patient: Patient | None = None
    problems: list[FieldProblem] = field(default_factory=list)
    needed: list[str] = field(default_factory=list)
    thresholds: tuple[float, ...] = ()


def read_form(pairs: Sequence[tuple[str, str]], *, catalogue: Catalogue) -> Filled:
    """Read a form.

    Parameters
    ----------
    pairs
        Control names and texts as sent; blank ones count as not given.
    """
    values: Values = {}
    for name, text in pairs:
        if text.strip():
            values.setdefault(name, []).append(text.strip())
    filled = Filled(values)
    filled.problems += _strangers(values, catalogue)
    mapping, rows, problems = form_mapping(values, catalogue=catalogue)
    filled.mapping = mapping
    filled.needed = [words for key, words in (("age", "an age"), ("igm", "an IgM result")) if not _has(values, key)]
    filled.problems += [FieldProblem(p.field, p.message, p.remedy) for p in problems]
    _read_threshold(filled)
    try:
        patient = parse_patient(mapping, catalogue=catalogue)
    except InputError as error:
        told = {problem.control for problem in filled.problems}
        found = [_in_form(p, rows) for p in error.problems]
        filled.problems += [problem for problem in found if problem.control not in told]
    else:
        filled.patient = None if filled.problems else patient
    return filled


def _read_threshold(filled: Filled) -> None:
    """Read the probability, in percent, that the reader wants tipping points for."""
    for text in filled.values.get("threshold", ())[:1]:
        try:
            percent = float(text.removesuffix("%").strip().replace(",", "."))
        except ValueError:
            percent = math.nan
        if 0.0 < percent < 100.0:
            filled.thresholds = (percent / 100.0,)
        else:
            problem = FieldProblem("threshold", "is no percentage between 0 and 100", "Enter for example 10.")
            filled.problems.append(problem)


def _in_form(problem: Problem, rows: dict[str, Sequence[int]]) -> FieldProblem:
    """Return a problem in the words of the form, where the file's words would not fit."""
    control = control_of(problem.field, rows)
    if problem.field in _MISSING and problem.message in ("missing", "is empty"):
        return FieldProblem(control, "missing", _MISSING[problem.field])
    return FieldProblem(control, problem.message, problem.remedy)


_MISSING = {
    "patient": "Enter the age at the first IgM, and the IgM result.",
    "age_years": "Enter the age at the first IgM.",
    "igm": "Enter the IgM result.",
}


def _has(values: Values, key: str) -> bool:
    return (
        "age" in values if key == "age" else any(name.startswith("igm[") and name.endswith(".value") for name in values)
    )


def _strangers(values: Values, catalogue: Catalogue) -> list[FieldProblem]:
    """Note controls that this form does not have: a page of another version, or a hand-made request."""
    known = control_names(catalogue)
    strange = [name for name in values if name not in known and not _row_control(name)]
    if not strange:
        return []
    remedy = "Reload the page and fill it in again."
    return [FieldProblem("", f"{len(strange)} control(s) do not belong to this form", remedy)]


def _row_control(name: str) -> bool:
    match = _INDEXED.fullmatch(name)
    if match is None or int(match[2]) >= MAX_ROWS:
        return False
    keys = EPISODE_KEYS if match[1] == "invasive" else SAMPLE_KEYS if match[1] in ANALYTES else ()
    return match[3] in keys


def control_names(catalogue: Catalogue) -> frozenset[str]:
    """Return the names of all controls but those of rows."""
    findings = (*catalogue.ids("finding"), *(flag.id for flag in catalogue.invasive.flags), "no_significant_infection")
    names = {*_SINGLE, *(f"findings.{id}" for id in findings), *(f"tests.{id}" for id in catalogue.ids("test"))}
    for cause in catalogue.causes:
        if cause.recordable:
            names |= {f"causes.{cause.id}.{key}" for key in ("state", *COURSE_KEYS)}
    names |= {f"rest.{group.id}" for group in catalogue.finding_groups}
    names |= {f"rest.causes.{group.id}" for group in catalogue.cause_groups}
    names |= {f"rows.{table}" for table in (*ANALYTES, "invasive")}
    return frozenset(names)


def form_mapping(
    values: Mapping[str, Sequence[str]], *, catalogue: Catalogue
) -> tuple[dict[str, Any], dict[str, Sequence[int]], list[Problem]]:
    """Return the patient mapping, the form rows behind each list, and texts that are no numbers."""
    problems: list[Problem] = []
    mapping: dict[str, Any] = {}
    age = _one(values, "age")
    if age:
        months = _one(values, "age_unit") == "months"
        _put(mapping, "age_months" if months else "age_years", _number(problems, "age", age, "18" if months else "34"))
    weeks = _one(values, "gestational_weeks")
    if weeks:
        _put(mapping, "gestational_weeks", _number(problems, "gestational_weeks", weeks, "32"))
    for key in ("sex", "setting", "igg_status", "iga_status"):
        if _one(values, key) not in NOT_KNOWN:
            mapping[key] = _one(values, key)
    if _one(values, "known_inborn_error"):
        mapping["known_inborn_error"] = True
    if _one(values, "on_immunoglobulin") not in NOT_KNOWN:
        mapping["on_immunoglobulin"] = _one(values, "on_immunoglobulin") == "yes"
    rows: dict[str, Sequence[int]] = {}
    for analyte in ANALYTES:
        samples, rows[analyte] = _samples(values, analyte, problems)
        if samples:
            mapping[analyte] = samples
    episodes, rows["invasive"] = _episodes(values)
    if episodes:
        mapping["invasive"] = episodes
    for key, table in (
        ("findings", _findings(values, catalogue)),
        ("causes", _causes(values, catalogue)),
        ("tests", {id: _one(values, f"tests.{id}") for id in catalogue.ids("test") if _one(values, f"tests.{id}")}),
    ):
        if table:
            mapping[key] = table
    return mapping, rows, problems


def _one(values: Mapping[str, Sequence[str]], name: str) -> str:
    texts = values.get(name, ())
    return texts[-1] if texts else ""


def _put(mapping: dict[str, Any], key: str, value: object) -> None:
    if value is not None:
        mapping[key] = value


def _number(problems: list[Problem], control: str, text: str, example: str) -> float | int | None:
    """Read a number as typed; a whole one stays whole."""
    plain = text if re.fullmatch(r"[-+]?\d{1,9}(\.\d{1,9})?", text, re.ASCII) else None
    if plain is None:
        hint = " Write a decimal point, not a comma." if "," in text else ""
        problems.append(Problem(control, None, "expected a number", f"For example {example}.{hint}"))
        return None
    return float(plain) if "." in plain else int(plain)


def _row_numbers(values: Mapping[str, Sequence[str]], table: str) -> list[int]:
    found = {int(m[2]) for name in values if (m := _INDEXED.fullmatch(name)) and m[1] == table}
    return sorted(number for number in found if number < MAX_ROWS)


def _samples(
    values: Mapping[str, Sequence[str]], analyte: str, problems: list[Problem]
) -> tuple[list[dict[str, Any]], list[int]]:
    """Return results of one analyte; a row without value counts only if something but unit and context is in it."""
    samples, rows = [], []
    for row in _row_numbers(values, analyte):
        at = f"{analyte}[{row}]"
        given = {key: _one(values, f"{at}.{key}") for key in SAMPLE_KEYS}
        telling = ("value", "date", "reference_low", "reference_high", "resolution")
        if not any(given[key] for key in telling):
            continue
        sample: dict[str, Any] = {key: given[key] for key in ("value", "unit", "date") if given[key]}
        if given["comparator"] not in ("", "="):
            sample["comparator"] = given["comparator"]
        if given["context"] not in NOT_KNOWN:
            sample["context"] = given["context"]
        if given["resolution"]:
            _put(sample, "resolution", _number(problems, f"{at}.resolution", given["resolution"], "1"))
        ends = [given["reference_low"], given["reference_high"]]
        if all(ends):
            read = [_number(problems, f"{at}.{key}", given[key], "40") for key in ("reference_low", "reference_high")]
            if None not in read:
                sample["reference_interval"] = read
        elif any(ends):
            missing = "reference_low" if ends[1] else "reference_high"
            problems.append(Problem(f"{at}.{missing}", None, "missing", "Give both ends of the interval, or none."))
        samples.append(sample)
        rows.append(row)
    return samples, rows


def _episodes(values: Mapping[str, Sequence[str]]) -> tuple[list[dict[str, Any]], list[int]]:
    episodes, rows = [], []
    for row in _row_numbers(values, "invasive"):
        at = f"invasive[{row}]"
        sites = list(dict.fromkeys(values.get(f"{at}.site", ())))
        episode: dict[str, Any] = {"site": sites[0] if len(sites) == 1 else sites} if sites else {}
        for key in EPISODE_KEYS[1:]:
            if _one(values, f"{at}.{key}") not in NOT_KNOWN:
                episode[key] = _one(values, f"{at}.{key}")
        if episode:
            episodes.append(episode)
            rows.append(row)
    return episodes, rows


def _findings(values: Mapping[str, Sequence[str]], catalogue: Catalogue) -> dict[str, str]:
    """Return the states that are marked; "the rest of this group is absent" fills the others of the group."""
    flags = tuple(flag.id for flag in catalogue.invasive.flags)
    out = {}
    for id in (*catalogue.ids("finding"), *flags, "no_significant_infection"):
        state = _one(values, f"findings.{id}")
        if state not in NOT_KNOWN:
            out[id] = state
    episodes = bool(_episodes(values)[0]) or any(out.get(flag) == "present" for flag in flags)
    for finding in catalogue.findings:
        told_otherwise = finding.id == "invasive_infection" and episodes
        if _one(values, f"rest.{finding.group}") and finding.id not in out and not told_otherwise:
            out[finding.id] = "absent"
    return out


def _causes(values: Mapping[str, Sequence[str]], catalogue: Catalogue) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for cause in catalogue.causes:
        if not cause.recordable:
            continue
        at = f"causes.{cause.id}"
        state = _one(values, f"{at}.state")
        course = {key: _one(values, f"{at}.{key}") for key in COURSE_KEYS}
        course = {key: text for key, text in course.items() if text not in NOT_KNOWN}
        if state in NOT_KNOWN and _one(values, f"rest.causes.{cause.group}"):
            state = "absent"
        if course:  # with another state than present the patient schema says that the two contradict
            out[cause.id] = {"state": state or "unknown", **course}
        elif state not in NOT_KNOWN:
            out[cause.id] = state
    return out
