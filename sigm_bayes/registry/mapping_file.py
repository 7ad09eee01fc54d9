"""Reading the tables of a mapping file; every problem is noted, none stops the reading."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as MappingType
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sigm_bayes import units
from sigm_bayes.errors import Problem
from sigm_bayes.patient import fields
from sigm_bayes.patient.fields import Problems
from sigm_bayes.registry import mapping as m

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue

_PARTS = ("format", "file", "words", "person", "results", "findings", "unions", "causes", "tests", "samples")
_PLAIN = ("centre", "age_years", "age_months", "birth_date", "label_date")
_PERSON = ("person_id", *_PLAIN, "sex", "setting", "label", "on_immunoglobulin")
_RESULT = ("column", "unit", "unit_column", "date", "context", "resolution")
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
    parts = {name: _table(problems, name, document.get(name, {})) for name in _PARTS if name != "format"}
    words = _state_words(problems, "words", parts["words"], {})
    person = parts["person"]
    fields.unknown_keys(problems, "person", person, _PERSON)
    flags = tuple(flag.id for flag in catalogue.invasive.flags)
    findings = (*catalogue.ids("finding"), *flags)
    causes = tuple(cause.id for cause in catalogue.causes if cause.recordable)
    labels = {name: (name,) for name in m.LABELS}
    settings = {name: (name,) for name in catalogue.ids("setting")}
    replaced = person.get("on_immunoglobulin")
    read = m.Mapping(
        file=_file_rules(problems, parts["file"]),
        person_id=_text(problems, "person.person_id", person.get("person_id")),
        **{name: _text(problems, f"person.{name}", person.get(name)) for name in _PLAIN},
        sex=_choice(problems, "person.sex", person.get("sex"), m.SEX_WORDS),
        setting=_choice(problems, "person.setting", person.get("setting"), settings),
        label=_choice(problems, "person.label", person.get("label"), labels),
        on_immunoglobulin=_states(problems, "person.on_immunoglobulin", "on_immunoglobulin", replaced, words),
        results=_results(problems, parts["results"], catalogue),
        findings=_many_states(problems, "findings", parts["findings"], findings, words),
        unions=_many_states(problems, "unions", parts["unions"], None, words, members=catalogue.ids("finding")),
        causes=_many_states(problems, "causes", parts["causes"], causes, words),
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


def _table(problems: Problems, field: str, given: Any) -> dict[str, Any]:
    return fields.table(problems, field, given, example='{ column = "..." }')


def _text(problems: Problems, field: str, given: Any) -> str | None:
    if given is None:
        return None
    if isinstance(given, str) and given.strip():
        return given.strip()
    problems.add(field, given, "expected the name of a column", "Write it in quotes as in the header.")
    return None


def _file_rules(problems: Problems, given: dict[str, Any]) -> m.FileRules:
    options: dict[str, tuple[str, ...]] = {
        "decimal": (".", ",", "auto"),
        "date_order": ("dmy", "mdy"),
        "suspected_units": ("leave_out", "keep", "convert"),
        "repeats": ("visits", "refuse"),
    }
    fields.unknown_keys(problems, "file", given, (*options, "two_digit_years_until"))
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
    return m.FileRules(**read)


def _word_list(problems: Problems, field: str, given: Any) -> list[str]:
    """Return words in lower case; numbers and truth values as they print."""
    listed = given if isinstance(given, list) else [given]
    if not all(isinstance(word, str | int | float) for word in listed):
        problems.add(field, given, "expected a list of words", 'For example ["yes", "1"].')
        return []
    return [str(word).strip().lower() for word in listed]


def _state_words(
    problems: Problems, field: str, given: MappingType[str, Any], default: MappingType[str, int]
) -> dict[str, int]:
    """Return the words for present (1), absent (0) and unknown (-1); those given replace the usual ones of a state."""
    usual = {"present": (1, m.PRESENT), "absent": (0, m.ABSENT), "unknown": (-1, m.UNKNOWN)}
    words: dict[str, int] = dict(default)
    for name, (state, listed) in usual.items():
        if name in given:
            words = {word: value for word, value in words.items() if value != state}
            chosen: Iterable[str] = _word_list(problems, f"{field}.{name}", given[name])
        elif default:
            continue
        else:
            chosen = listed
        for word in chosen:
            if words.get(word, state) != state and name in given and _stated(given, word):
                problems.add(f"{field}.{name}", word, "means two states", "Keep it in one list.")
            words[word] = state
    return words


def _stated(given: MappingType[str, Any], word: str) -> bool:
    lists = [given[name] if isinstance(given[name], list) else [given[name]] for name in given if name != "column"]
    return sum(str(entry).strip().lower() == word for listed in lists for entry in listed) > 1


def _states(
    problems: Problems, field: str, id: str, given: Any, words: MappingType[str, int], *, union: tuple[str, ...] = ()
) -> m.States | None:
    if given is None:
        return None
    entry = {"column": given} if isinstance(given, str) else _table(problems, field, given)
    known = ("column", "asked", "present", "absent", "unknown", *(("of",) if union else ()))
    fields.unknown_keys(problems, field, entry, known)
    column = _text(problems, f"{field}.column", entry.get("column"))
    asked = fields.truth(problems, f"{field}.asked", entry.get("asked", False))
    own = {name: entry[name] for name in ("present", "absent", "unknown") if name in entry}
    of = _word_list(problems, f"{field}.of", entry.get("of", [])) if union else []
    for i, member in enumerate(of):
        fields.choice(problems, f"{field}.of[{i}]", member, union, what="finding")
    if union and len(of) < 2:
        problems.add(f"{field}.of", entry.get("of"), "expected two or more findings", "List what the union is over.")
    if column is None:
        if entry.get("column") is None:
            problems.add(f"{field}.column", None, "missing", "Name the column.")
        return None
    return m.States(id, column, bool(asked), _state_words(problems, field, own, words), tuple(of))


def _many_states(
    problems: Problems,
    part: str,
    given: dict[str, Any],
    ids: tuple[str, ...] | None,
    words: MappingType[str, int],
    *,
    members: tuple[str, ...] = (),
) -> tuple[m.States, ...]:
    if ids is not None:
        fields.unknown_keys(problems, part, given, ids)
    read = [
        _states(problems, f"{part}.{id}", id, entry, words, union=members)
        for id, entry in given.items()
        if ids is None or id in ids
    ]
    return tuple(states for states in read if states is not None)


def _choice(problems: Problems, field: str, given: Any, usual: MappingType[str, Iterable[str]]) -> m.Choice | None:
    """Read ``"Column"``, ``{ fixed = id }`` or ``{ column = "Column", id = [words] }``."""
    if given is None:
        return None
    entry = {"column": given} if isinstance(given, str) else _table(problems, field, given)
    fields.unknown_keys(problems, field, entry, ("column", "fixed", *usual))
    column = _text(problems, f"{field}.column", entry.get("column"))
    fixed = entry.get("fixed")
    if fixed is not None:
        fixed = fields.choice(problems, f"{field}.fixed", fixed, usual, what="id")
    if (entry.get("column") is None) == (entry.get("fixed") is None):
        problems.add(field, None, "expected either a column or a fixed id", 'Write { column = "..." }.')
    words: dict[str, str] = {}
    for id, listed in usual.items():
        stated = _word_list(problems, f"{field}.{id}", entry[id]) if id in entry else []
        for word in (*listed, *stated):
            if stated and word in stated and words.get(word, id) != id and words[word] in entry:
                problems.add(f"{field}.{id}", word, f"also means {words[word]}", "Keep it in one list.")
            if word in stated or word not in words:
                words[word] = id
    for id in usual:  # words of the mapping count before the usual ones
        for word in _word_list(Problems(), field, entry[id]) if id in entry else []:
            words[word] = id
    return m.Choice(column, fixed, words)


def _result(
    problems: Problems, field: str, analyte: str, entry: dict[str, Any], catalogue: Catalogue, *, key: str = "column"
) -> m.Result | None:
    column = _text(problems, f"{field}.{key}", entry.get(key))
    unit = entry.get("unit")
    if unit is not None:
        known = units.canonical_unit(unit) if isinstance(unit, str) else None
        if known is None:
            problems.add(f"{field}.unit", unit, "is no known unit", f"Use one of: {', '.join(units.UNITS)}.")
        unit = known
    unit_column = _text(problems, f"{field}.unit_column", entry.get("unit_column"))
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
    date = _text(problems, f"{field}.date", entry.get("date"))
    context = _choice(problems, f"{field}.context", entry.get("context"), contexts)
    return m.Result(analyte, column, unit, unit_column, date, context, resolution)


def _results(problems: Problems, given: dict[str, Any], catalogue: Catalogue) -> tuple[m.Result, ...]:
    fields.unknown_keys(problems, "results", given, ANALYTES)
    read = []
    for name in ANALYTES:
        if name in given:
            entry = _table(problems, f"results.{name}", given[name])
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
        (id, _choice(problems, f"tests.{id}", given[id], m.TEST_STATES)) for id in catalogue.ids("test") if id in given
    ]
    return tuple((id, choice) for id, choice in read if choice is not None)


def _samples(problems: Problems, given: dict[str, Any], catalogue: Catalogue) -> m.Samples | None:
    if not given:
        return None
    keys = ("person_id", "analyte", "value", *_RESULT[1:])
    fields.unknown_keys(problems, "samples", given, keys)
    person_id = _text(problems, "samples.person_id", given.get("person_id"))
    names = {name: (name.lower(),) for name in _NAMES.values()}
    analyte = _choice(problems, "samples.analyte", given.get("analyte"), names)
    for key in ("person_id", "analyte"):
        if given.get(key) is None:
            problems.add(f"samples.{key}", None, "missing", "Name the column.")
    result = _result(problems, "samples", "", given, catalogue, key="value")
    if person_id is None or analyte is None or result is None:
        return None
    return m.Samples(person_id, analyte, result)
