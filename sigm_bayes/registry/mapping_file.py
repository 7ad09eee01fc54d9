"""Reading the tables of a mapping file; every problem is noted, none stops the reading."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from collections.abc import Mapping as MappingType
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sigm_bayes import units
from sigm_bayes.errors import Problem
from sigm_bayes.patient import fields
from sigm_bayes.patient.fields import Problems
from sigm_bayes.registry import mapping as m
from sigm_bayes.registry.mapping_words import (
    read_choice,
    read_column,
    read_many_states,
    read_states,
    read_table,
    state_words,
)

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue

_PARTS = (
    *("format", "file", "words", "person", "results"),
    *("findings", "unions", "invasive", "causes", "tests", "samples"),
)
_PERSON = (*m.PLAIN, *m.CHOICES, *m.SWITCHES, "more_labels")
_REFERENCE = ("reference_low", "reference_high", "reference")
_RESULT = ("column", "unit", "unit_column", "date", "context", "resolution", *_REFERENCE)
_COURSE_WORDS = {
    "started": m.STARTED_WORDS,
    "igm_before": m.BEFORE_WORDS,
    "igm_recovered_after_stop": m.YES_NO_WORDS,
}
_COURSE = (*_COURSE_WORDS, "started_on", "last_dose")
ANALYTES = ("igm", "igg", "iga")
_NAMES = {"igm": "IgM", "igg": "IgG", "iga": "IgA"}


def parse_mapping(document: MappingType[str, Any], *, catalogue: Catalogue) -> tuple[m.Mapping, list[Problem]]:
    """Return the mapping that a document says, and everything that is wrong with it.

    Parameters
    ----------
    document
        The parsed TOML.
    catalogue : Catalogue
        Knows findings, causes, tests, settings and contexts.
    """
    problems = Problems()
    fields.unknown_keys(problems, "", document, _PARTS)
    if document.get("format") != m.FORMAT:
        problems.add("format", document.get("format"), "is no known format", f'Write format = "{m.FORMAT}" on top.')
    parts = {name: read_table(problems, name, document.get(name, {})) for name in _PARTS if name != "format"}
    words = state_words(problems, "words", parts["words"], {})
    person = parts["person"]
    fields.unknown_keys(problems, "person", person, _PERSON)
    flags = tuple(flag.id for flag in catalogue.invasive.flags)
    findings = (*catalogue.ids("finding"), *flags)
    causes = tuple(cause.id for cause in catalogue.causes if cause.recordable)
    labels = {name: (name,) for name in m.LABELS}
    settings = {name: (name,) for name in catalogue.ids("setting")}
    usual: dict[str, MappingType[str, Iterable[str]]] = {
        "sex": m.SEX_WORDS,
        "setting": settings,
        "label": labels,
        "igg_status": m.STATUS_WORDS,
        "iga_status": m.STATUS_WORDS,
    }
    said: dict[str, Any] = {name: read_column(problems, f"person.{name}", person.get(name)) for name in m.PLAIN}
    said |= {name: read_choice(problems, f"person.{name}", person.get(name), usual[name]) for name in m.CHOICES}
    said |= {name: read_states(problems, f"person.{name}", name, person.get(name), words) for name in m.SWITCHES}
    read = m.Mapping(
        **said,
        file=_file_rules(problems, parts["file"]),
        more_labels=_more_labels(problems, person.get("more_labels", [])),
        results=_results(problems, parts["results"], catalogue),
        findings=read_many_states(problems, "findings", parts["findings"], findings, words),
        unions=read_many_states(problems, "unions", parts["unions"], None, words, members=catalogue.ids("finding")),
        invasive=_invasive(problems, parts["invasive"], catalogue),
        causes=read_many_states(problems, "causes", parts["causes"], causes, words, others=_COURSE),
        courses=_courses(problems, parts["causes"], causes),
        tests=_tests(problems, parts["tests"], catalogue),
        samples=_samples(problems, parts["samples"], catalogue),
    )
    _whole(problems, read)
    return read, problems.found


def _whole(problems: Problems, read: m.Mapping) -> None:
    """Note what is missing for any use of the tables."""
    if read.age_years is None and read.age_months is None and read.birth_date is None:
        problems.add("person", None, "no age", "Give age_years, age_months or birth_date.")
    if not any(result.analyte == "IgM" for result in read.results) and read.samples is None:
        problems.add("results", None, "no IgM", "Give [results.igm] with column and unit, or [samples].")
    if read.samples is not None and read.person_id is None:
        problems.add("person.person_id", None, "missing", "Samples are joined by it: name its column.")
    if read.more_labels and read.label is None:
        problems.add("person.label", None, "missing", "more_labels have the words of label: give it too.")


def _file_rules(problems: Problems, given: dict[str, Any]) -> m.FileRules:
    options: dict[str, tuple[str, ...]] = {
        "decimal": (".", ",", "auto"),
        "date_order": ("dmy", "mdy"),
        "suspected_units": ("leave_out", "keep", "convert"),
        "repeats": ("visits", "refuse"),
    }
    fields.unknown_keys(problems, "file", given, (*options, "two_digit_years_until", "data_until"))
    read: dict[str, Any] = {}
    for name, allowed in options.items():
        if name in given:
            said = fields.choice(problems, f"file.{name}", given[name], allowed, what=name)
            if said is not None:
                read[name] = said
    until = given.get("two_digit_years_until")
    if until is not None:
        if isinstance(until, int) and not isinstance(until, bool) and 1950 <= until <= 2100:
            read["two_digit_years_until"] = until
        else:
            problems.add("file.two_digit_years_until", until, "expected a year", "For example 2026.")
    until = given.get("data_until")
    if until is not None:
        try:
            read["data_until"] = datetime.date.fromisoformat(str(until)).isoformat()
        except ValueError:
            problems.add("file.data_until", until, "expected a day", 'Write the day of the export: "2026-01-15".')
    return m.FileRules(**read)


def _more_labels(problems: Problems, given: Any) -> tuple[m.Labelled, ...]:
    """Read further labels of the same row."""
    found = []
    for i, entry in enumerate(fields.rows(problems, "person.more_labels", given, example='[{ column = "..." }]')):
        field = f"person.more_labels[{i}]"
        read = read_table(problems, field, entry)
        fields.unknown_keys(problems, field, read, ("column", "date"))
        column = read_column(problems, f"{field}.column", read.get("column"))
        date = read_column(problems, f"{field}.date", read.get("date"))
        if column is not None:
            found.append(m.Labelled(column, date))
        elif read.get("column") is None:
            problems.add(f"{field}.column", None, "missing", "Name the column of the label.")
    return tuple(found)


def _invasive(problems: Problems, given: dict[str, Any], catalogue: Catalogue) -> m.Invasive | None:
    """Read what describes an episode of invasive infection."""
    fields.unknown_keys(problems, "invasive", given, m.EPISODE)
    options = zip(m.EPISODE, invasive_ids(catalogue), strict=True)
    read = {
        name: read_choice(
            problems, f"invasive.{name}", given.get(name), {id: (id,) for id in ids} | {"unknown": m.UNKNOWN}
        )
        for name, ids in options
    }
    return m.Invasive(**read) if any(choice is not None for choice in read.values()) else None


def invasive_ids(catalogue: Catalogue) -> tuple[tuple[str, ...], ...]:
    """Return the ids of sites, organisms, severities and numbers of an invasive infection."""
    invasive = catalogue.invasive
    parts = (invasive.sites, invasive.organisms, invasive.severities, invasive.numbers)
    return tuple(tuple(option.id for option in options) for options in parts)


def _courses(problems: Problems, given: dict[str, Any], ids: tuple[str, ...]) -> tuple[m.Course, ...]:
    """Read the columns of the course of each exposure."""
    found = []
    for id, entry in given.items():
        if id not in ids or not isinstance(entry, MappingType) or not set(entry) & set(_COURSE):
            continue
        field = f"causes.{id}"
        read: dict[str, Any] = {
            name: read_choice(problems, f"{field}.{name}", entry.get(name), usual)
            for name, usual in _COURSE_WORDS.items()
        }
        for name in ("started_on", "last_dose"):
            read[name] = read_column(problems, f"{field}.{name}", entry.get(name))
        found.append(m.Course(id, **read))
    return tuple(found)


def _result(
    problems: Problems, field: str, analyte: str, entry: dict[str, Any], catalogue: Catalogue, *, key: str = "column"
) -> m.Result | None:
    column = read_column(problems, f"{field}.{key}", entry.get(key))
    unit = entry.get("unit")
    if unit is not None:
        known = units.canonical_unit(unit) if isinstance(unit, str) else None
        if known is None:
            problems.add(f"{field}.unit", unit, "is no known unit", f"Use one of: {', '.join(units.UNITS)}.")
        unit = known
    unit_column = read_column(problems, f"{field}.unit_column", entry.get("unit_column"))
    if entry.get("unit") is None and entry.get("unit_column") is None:
        problems.add(f"{field}.unit", None, "missing; a unit is never guessed", "Give unit or unit_column.")
    contexts = {name: (name,) for name in catalogue.ids("context")}
    resolution = entry.get("resolution")
    if resolution is not None:
        resolution = fields.number(problems, f"{field}.resolution", resolution, example="0.01")
        if resolution is not None and resolution <= 0:
            problems.add(f"{field}.resolution", resolution, "must be above 0", "Give the step of printed results.")
    if column is None:
        if entry.get(key) is None:
            problems.add(f"{field}.{key}", None, "missing", "Name the column of the values.")
        return None
    date = read_column(problems, f"{field}.date", entry.get("date"))
    context = read_choice(problems, f"{field}.context", entry.get("context"), contexts)
    reference = {name: read_column(problems, f"{field}.{name}", entry.get(name)) for name in _REFERENCE}
    if (entry.get("reference_low") is None) != (entry.get("reference_high") is None):
        missing = "reference_high" if entry.get("reference_high") is None else "reference_low"
        problems.add(f"{field}.{missing}", None, "missing", "Name the columns of both ends, or one with both.")
    return m.Result(analyte, column, unit, unit_column, date, context, resolution, **reference)


def _results(problems: Problems, given: dict[str, Any], catalogue: Catalogue) -> tuple[m.Result, ...]:
    fields.unknown_keys(problems, "results", given, ANALYTES)
    read = []
    for name in ANALYTES:
        if name in given:
            entry = read_table(problems, f"results.{name}", given[name])
            fields.unknown_keys(problems, f"results.{name}", entry, _RESULT)
            read.append(_result(problems, f"results.{name}", _NAMES[name], entry, catalogue))
    results = tuple(result for result in read if result is not None)
    leader = next((result for result in results if result.analyte == "IgM"), None)
    if leader is None:
        return results
    return tuple(  # date and context of IgM hold for what stands beside it
        replace(result, date=result.date or leader.date, context=result.context or leader.context) for result in results
    )


def _tests(problems: Problems, given: dict[str, Any], catalogue: Catalogue) -> tuple[tuple[str, m.Choice], ...]:
    fields.unknown_keys(problems, "tests", given, catalogue.ids("test"))
    read = [
        (id, read_choice(problems, f"tests.{id}", given[id], m.TEST_STATES))
        for id in catalogue.ids("test")
        if id in given
    ]
    return tuple((id, choice) for id, choice in read if choice is not None)


def _samples(problems: Problems, given: dict[str, Any], catalogue: Catalogue) -> m.Samples | None:
    if not given:
        return None
    keys = ("person_id", "analyte", "value", *_RESULT[1:])
    fields.unknown_keys(problems, "samples", given, keys)
    person_id = read_column(problems, "samples.person_id", given.get("person_id"))
    names = {name: (name.lower(),) for name in _NAMES.values()}
    analyte = read_choice(problems, "samples.analyte", given.get("analyte"), names)
    for key in ("person_id", "analyte"):
        if given.get(key) is None:
            problems.add(f"samples.{key}", None, "missing", "Name the column.")
    result = _result(problems, "samples", "", given, catalogue, key="value")
    if person_id is None or analyte is None or result is None:
        return None
    return m.Samples(person_id, analyte, result)
