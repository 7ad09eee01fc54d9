"""Read the sections of a patient file: age, findings, invasive episodes, causes, tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast, get_args

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.catalogue.tables import Kind, nearest
from sigm_bayes.patient import fields
from sigm_bayes.patient.fields import Problems
from sigm_bayes.patient.records import Before, Episode, Exposure, Started, State, TestResult, YesNo
from sigm_bayes.units import MONTHS_PER_YEAR, WEEKS_PER_YEAR

NO_INFECTION = "no_significant_infection"
_STATES = get_args(State)
_EXPOSURE_KEYS = ("state", "started", "last_dose", "igm_before", "igm_recovered_after_stop")
_EPISODE_KEYS = ("site", "organism", "severity", "number")
_SECTION_OF: Mapping[Kind, str] = {"finding": "findings", "cause": "causes", "test": "tests"}


def read_age(problems: Problems, given: Mapping[str, Any], catalogue: Catalogue) -> float | None:
    """Read the age in years from ``age_years`` or ``age_months``: exactly one of the two."""
    keys = [key for key in ("age_years", "age_months") if key in given]
    if not keys:
        problems.add("age_years", None, "missing", "Add age_years = 34, or age_months for an infant.")
        return None
    if len(keys) == 2:
        remedy = "Give one of the two."
        problems.add("age_months", given["age_months"], "stands beside age_years", remedy)
        return None
    key = keys[0]
    age = fields.number(problems, key, given[key], example="34" if key == "age_years" else "18")
    if age is None:
        return None
    years = age if key == "age_years" else age / MONTHS_PER_YEAR
    limits = catalogue.limits
    if limits.lowest_age_years <= years <= limits.highest_age_years:
        return years
    per_year = 1 if key == "age_years" else MONTHS_PER_YEAR
    span = f"{limits.lowest_age_years * per_year:g} to {limits.highest_age_years * per_year:g}"
    months = key == "age_years" and 0 <= years / MONTHS_PER_YEAR <= limits.highest_age_years
    remedy = "Is it in months? Then write age_months." if months else "Correct the age."
    problems.add(key, given[key], f"is no possible age (expected {span})", remedy)
    return None


def read_gestation(problems: Problems, given: Any, catalogue: Catalogue) -> float | None:
    """Read the gestational age at birth in weeks."""
    weeks = fields.number(problems, "gestational_weeks", given, example="32")
    if weeks is None:
        return None
    limits = catalogue.limits
    if not limits.lowest_gestational_weeks <= weeks <= limits.highest_gestational_weeks:
        span = f"{limits.lowest_gestational_weeks:g} to {limits.highest_gestational_weeks:g}"
        remedy = "Give completed weeks of pregnancy at birth."
        problems.add("gestational_weeks", given, f"is no possible length of pregnancy (expected {span})", remedy)
        return None
    return weeks


def corrected_age(age_years: float, weeks: float | None, catalogue: Catalogue) -> float:
    """Return the age in years counted from term for a preterm infant, else the age itself."""
    limits = catalogue.limits
    if weeks is None or weeks >= limits.preterm_below_weeks or age_years >= limits.correct_age_until_years:
        return age_years
    return age_years - (limits.term_weeks - weeks) / WEEKS_PER_YEAR


def read_findings(
    problems: Problems, given: Any, catalogue: Catalogue
) -> tuple[dict[str, State], dict[str, State], State]:
    """Read ``[findings]``.

    Returns
    -------
    findings : dict
        States by finding of the catalogue, as stated.
    flags : dict
        States of the flat keys of the invasive infection (``meningitis`` ...), as stated.
    no_infection : str
        State of ``no_significant_infection``.
    """
    findings: dict[str, State] = {}
    flags: dict[str, State] = {}
    none_at_all: State = "unknown"
    flag_ids = tuple(flag.id for flag in catalogue.invasive.flags)
    known = (*catalogue.ids("finding"), *flag_ids, NO_INFECTION)
    section = fields.table(problems, "findings", given, example='[findings] sinusitis = "present"')
    for key, entry in section.items():
        field = f"findings.{key}"
        if key not in known:
            _unknown_id(problems, field, key, "finding", (*flag_ids, NO_INFECTION), catalogue)
            continue
        state = cast(State | None, fields.choice(problems, field, entry, _STATES, what="state"))
        if state is None:
            continue
        if key == NO_INFECTION:
            none_at_all = state
        elif key in flag_ids:
            flags[key] = state
        else:
            findings[key] = state
    return findings, flags, none_at_all


def read_episodes(problems: Problems, given: Any, catalogue: Catalogue) -> tuple[Episode, ...]:
    """Read the ``[[invasive]]`` tables, one an episode."""
    example = '[[invasive]] site = "meningitis", organism = "encapsulated"'
    invasive = catalogue.invasive
    options = {
        "organism": tuple(option.id for option in invasive.organisms),
        "severity": tuple(option.id for option in invasive.severities),
        "number": tuple(option.id for option in invasive.numbers),
    }
    sites = tuple(option.id for option in invasive.sites)
    episodes = []
    for i, entry in enumerate(fields.rows(problems, "invasive", given, example=example)):
        field = f"invasive[{i}]"
        read = fields.table(problems, field, entry, example=example)
        fields.unknown_keys(problems, field, read, _EPISODE_KEYS)
        values: dict[str, Any] = {
            key: fields.choice(problems, f"{field}.{key}", read[key], words, what=key)
            for key, words in options.items()
            if key in read
        }
        if "site" in read:
            stated = read["site"] if isinstance(read["site"], list | tuple) else [read["site"]]
            if not stated:
                problems.add(f"{field}.site", stated, "is an empty list", "Leave it out where not known.")
            chosen = [fields.choice(problems, f"{field}.site", one, sites, what="site") for one in stated]
            values["sites"] = tuple(site for site in sites if site in chosen)
        episodes.append(Episode(**values))
    return tuple(episodes)


def merge_flags(flags: Mapping[str, State], catalogue: Catalogue) -> tuple[Episode, ...]:
    """Return the episodes that the flat keys which are present add up to.

    They do not say how many there were: one, with all their sites, unless they name several organisms. So a
    meningococcal septic meningitis with three ticks stays one episode.
    """
    present = [flag for flag in catalogue.invasive.flags if flags.get(flag.id) == "present"]
    if not present:
        return ()
    order = [option.id for option in catalogue.invasive.sites]
    organisms = [option.id for option in catalogue.invasive.organisms]
    stated = {flag.organism for flag in present if flag.organism}
    named: list[str | None] = [organism for organism in organisms if organism in stated] or [None]
    sites: dict[str | None, set[str]] = {organism: set() for organism in named}
    for flag in present:
        if flag.site and flag.organism:
            sites[flag.organism].add(flag.site)
    for flag in present:
        if flag.site and not any(flag.site in taken for taken in sites.values()):
            sites[named[0]].add(flag.site)
    return tuple(
        Episode(sites=tuple(site for site in order if site in sites[organism]), organism=organism) for organism in named
    )


def read_causes(problems: Problems, given: Any, catalogue: Catalogue) -> dict[str, Exposure]:
    """Read ``[causes]``: a state, or a table with the state and what is known of its course."""
    causes: dict[str, Exposure] = {}
    section = fields.table(problems, "causes", given, example='[causes] clozapine = "absent"')
    for key, entry in section.items():
        field = f"causes.{key}"
        if not catalogue.has("cause", key):
            _unknown_id(problems, field, key, "cause", (), catalogue)
        elif not catalogue.causes[catalogue.cause_index(key)].recordable:
            remedy = "Leave it out: it is the answer where no recorded cause explains the low IgM."
            problems.add(field, entry, "cannot be stated", remedy)
        elif isinstance(entry, Mapping):
            exposure = _read_exposure(problems, field, entry, catalogue)
            if exposure is not None:
                causes[key] = exposure
        else:
            state = fields.choice(problems, field, entry, _STATES, what="state")
            if state is not None:
                causes[key] = Exposure(state=cast(State, state))
    return causes


def _read_exposure(problems: Problems, field: str, given: Mapping[Any, Any], catalogue: Catalogue) -> Exposure | None:
    before = len(problems.found)
    read = fields.table(problems, field, given, example='{ state = "present" }')
    fields.unknown_keys(problems, field, read, _EXPOSURE_KEYS)
    if "state" not in read:
        problems.add(f"{field}.state", None, "missing", 'Add state = "present" or "absent".')
    words = {"state": _STATES, "started": get_args(Started)}
    words |= {"igm_before": get_args(Before), "igm_recovered_after_stop": get_args(YesNo)}
    values: dict[str, Any] = {
        key: fields.choice(problems, f"{field}.{key}", read[key], options, what=key.replace("_", " "))
        for key, options in words.items()
        if key in read
    }
    if "last_dose" in read:
        dated = fields.date(problems, f"{field}.last_dose", read["last_dose"], limits=catalogue.limits)
        if dated is not None:
            values |= {"last_dose": dated[0], "last_dose_years": (dated[1] + dated[2]) / 2}
    return Exposure(**values) if len(problems.found) == before else None


def read_tests(problems: Problems, given: Any, catalogue: Catalogue) -> dict[str, TestResult]:
    """Read ``[tests]``: normal, abnormal, not_done or not_interpretable."""
    tests: dict[str, TestResult] = {}
    section = fields.table(problems, "tests", given, example='[tests] pneumococcal_response = "normal"')
    for key, entry in section.items():
        field = f"tests.{key}"
        if not catalogue.has("test", key):
            _unknown_id(problems, field, key, "test", (), catalogue)
            continue
        result = fields.choice(problems, field, entry, get_args(TestResult), what="test result")
        if result is not None:
            tests[key] = cast(TestResult, result)
    return tests


def _unknown_id(
    problems: Problems, field: str, key: str, kind: Kind, others: tuple[str, ...], catalogue: Catalogue
) -> None:
    """Note an unknown id with the nearest one, or the section that it belongs to."""
    elsewhere = [section for other, section in _SECTION_OF.items() if other != kind and catalogue.has(other, key)]
    near = nearest(key, (*catalogue.ids(kind), *others)) or catalogue.suggest(kind, key)
    if elsewhere:
        remedy = f"Put it under [{elsewhere[0]}]."
    elif near:
        remedy = f"Did you mean {near}?"
    elif others and (cause := catalogue.suggest("cause", key)):
        remedy = f"Did you mean the cause {cause}, under [causes]?"
    else:
        remedy = f"Known: {', '.join((*catalogue.ids(kind), *others))}."
    problems.add(field, None, f"unknown {kind}", remedy)
