"""From the content of a patient file to the attributes of the normal form, with all problems at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.catalogue.tables import nearest
from sigm_bayes.errors import InputError
from sigm_bayes.patient import consistency, fields, sections
from sigm_bayes.patient.fields import Problems
from sigm_bayes.patient.records import Episode, Exposure, Sample, Sex, State, Status
from sigm_bayes.patient.result import read_sample

KEYS = (
    "age_years",
    "age_months",
    "sex",
    "setting",
    "gestational_weeks",
    "igm",
    "igg",
    "igg_status",
    "iga",
    "iga_status",
    "findings",
    "invasive",
    "causes",
    "tests",
    "known_inborn_error",
    "on_immunoglobulin",
)
"""The keys of a patient file."""


def normal_form(given: Any, *, catalogue: Catalogue, source: str = "") -> dict[str, Any]:
    """Return the attributes of a `Patient`.

    Parameters
    ----------
    given
        The content of a patient file; a key with ``None`` counts as not given.
    source
        Named at the head of the error, for example the path of the file.

    Raises
    ------
    InputError
        Lists every problem: field, value, what was expected, remedy.
    """
    problems = Problems()
    read = fields.table(problems, "patient", given, example="age_years = 34 and an igm result")
    if not read:
        if not problems.found:
            problems.add("patient", None, "is empty", "Give at least an age and one igm result.")
        raise InputError(problems.found, source=source)
    _unknown_top_level(problems, read, catalogue)
    attributes = _person(problems, read, catalogue)
    attributes |= _laboratory(problems, read, catalogue)
    attributes |= _history(problems, read, catalogue)
    consistency.check_causes(
        problems,
        causes=attributes["causes"],
        igm=attributes["igm"],
        age_years=attributes["age_years"],
        catalogue=catalogue,
    )
    if problems.found:
        raise InputError(problems.found, source=source)
    return attributes


def _person(problems: Problems, read: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    age = sections.read_age(problems, read, catalogue)
    weeks, sex, setting = None, "unknown", None
    if "gestational_weeks" in read:
        weeks = sections.read_gestation(problems, read["gestational_weeks"], catalogue)
    if "sex" in read:
        sex = fields.choice(problems, "sex", read["sex"], get_args(Sex), what="sex") or sex
    if "setting" in read:
        setting = fields.choice(problems, "setting", read["setting"], catalogue.ids("setting"), what="setting")
    stated = {
        key: fields.truth(problems, key, read[key])
        for key in ("known_inborn_error", "on_immunoglobulin")
        if key in read
    }
    return {
        "age_years": age,
        "corrected_age_years": None if age is None else sections.corrected_age(age, weeks, catalogue),
        "gestational_weeks": weeks,
        "sex": sex,
        "setting": setting,
        "known_inborn_error": bool(stated.get("known_inborn_error")),
        "on_immunoglobulin": stated.get("on_immunoglobulin"),
    }


def _laboratory(problems: Problems, read: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        name: _samples(problems, name, read[name], catalogue) if name in read else () for name in ("igm", "igg", "iga")
    }
    if "igm" not in read:
        problems.add("igm", None, "missing", 'Add igm = [{ value = 25, unit = "mg/dL" }].')
    elif isinstance(read["igm"], list | tuple) and not read["igm"]:
        problems.add("igm", read["igm"], "is an empty list", 'Add { value = 25, unit = "mg/dL" }.')
    for name in ("igg", "iga"):
        key = f"{name}_status"
        attributes[key] = None
        if key in read:
            attributes[key] = fields.choice(problems, key, read[key], get_args(Status), what="status")
        if key in read and attributes[name]:
            problems.add(key, read[key], f"stands beside a result of {name}", "Give one; the result says more.")
    return attributes


def _samples(problems: Problems, name: str, given: Any, catalogue: Catalogue) -> tuple[Sample, ...]:
    analyte = catalogue.analyte({"igm": "IgM", "igg": "IgG", "iga": "IgA"}[name])
    example = f'[{{ value = 25, unit = "{analyte.usual_unit}" }}]'
    listed = fields.rows(problems, name, given, example=example)
    read = [
        read_sample(problems, f"{name}[{i}]", entry, analyte=analyte, catalogue=catalogue)
        for i, entry in enumerate(listed)
    ]
    samples = tuple(sample for sample in read if sample is not None)
    if len(samples) == len(listed):
        consistency.check_order(problems, name, samples)
    return samples


def _history(problems: Problems, read: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    findings: dict[str, State] = {}
    flags: dict[str, State] = {}
    no_infection: State = "unknown"
    episodes: tuple[Episode, ...] = ()
    causes: dict[str, Exposure] = {}
    if "findings" in read:
        findings, flags, no_infection = sections.read_findings(problems, read["findings"], catalogue)
    if "invasive" in read:
        episodes = sections.read_episodes(problems, read["invasive"], catalogue)
    if "causes" in read:
        causes = sections.read_causes(problems, read["causes"], catalogue)
    tests = sections.read_tests(problems, read["tests"], catalogue) if "tests" in read else {}
    consistency.check_infections(
        problems,
        findings=findings,
        flags=flags,
        no_infection=no_infection,
        episodes=episodes,
        catalogue=catalogue,
    )
    consistency.check_flags(problems, flags=flags, episodes=episodes, catalogue=catalogue)
    if no_infection == "present":
        infections = (finding.id for finding in catalogue.findings if finding.infection)
        findings = {**dict.fromkeys(infections, "absent"), **findings}
        flags = {**dict.fromkeys((flag.id for flag in catalogue.invasive.flags), "absent"), **flags}
    if episodes or "present" in flags.values():
        findings = {**findings, "invasive_infection": "present"}
    return {
        "findings": findings,
        "no_significant_infection": no_infection,
        "invasive": episodes,
        "episodes": episodes or sections.merge_flags(flags, catalogue),
        "invasive_flags": flags,
        "causes": causes,
        "tests": tests,
    }


def _unknown_top_level(problems: Problems, read: Mapping[str, Any], catalogue: Catalogue) -> None:
    """Note keys without meaning; those that belong into a section are sent there."""
    findings = (
        *catalogue.ids("finding"),
        *(flag.id for flag in catalogue.invasive.flags),
        sections.NO_INFECTION,
    )
    homes = {"findings": findings, "causes": catalogue.ids("cause"), "tests": catalogue.ids("test")}
    for key in read:
        if key in KEYS:
            continue
        home = next((section for section, ids in homes.items() if key in ids), None)
        near = nearest(key, KEYS)
        if home:
            remedy = f"Put it under [{home}]."
        elif near:
            remedy = f"Did you mean {near}?"
        else:
            remedy = f"Known keys: {', '.join(KEYS)}."
        problems.add(key, None, "unknown key", remedy)
