"""What a row of the evidence must satisfy; each rule notes the column, the value and the remedy."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.catalogue.tables import Kind
from sigm_bayes.errors import Problem
from sigm_bayes.evidence import vocabulary as words
from sigm_bayes.evidence.files import Row
from sigm_bayes.evidence.tables import EvidenceItem, LabelledStudy, Study


def check_unique(rows: Sequence[Row]) -> None:
    """Ids (the first column) are filled and occur once."""
    first: dict[str, int] = {}
    for row in rows:
        column = next(iter(row.cells))
        row.filled(column)
        if row.key in first:
            row.problem(column, f"is already on line {first[row.key]}", "Give each row its own id.")
        first.setdefault(row.key, row.line)


def check_study(row: Row, catalogue: Catalogue) -> None:
    """A study has a known setting, age group and flag."""
    row.filled("citation")
    row.one_of("age_group", words.AGE_GROUPS)
    row.one_of("setting", catalogue.ids("setting"))
    row.one_of("flag", words.FLAGS)


def check_labelled(row: Row, studies: Collection[str], catalogue: Catalogue) -> None:
    """Labelled people belong to a study, have an age and a definition."""
    row.one_of("study_id", tuple(studies))
    row.one_of("setting", catalogue.ids("setting"))
    for column in ("age_years", "male_share"):
        row.filled(column)
    low = row.number("cutoff_low_mg_dl", low=0)
    high = row.number("cutoff_high_mg_dl", low=0)
    sd = row.number("cutoff_sd", low=-6, high=0)
    if (high is None) == (sd is None):
        row.problem("cutoff_high_mg_dl", "give a concentration or cutoff_sd, one of them", "Use -2 for 'below 2 SD'.")
    if low is not None and high is not None and low >= high:
        row.problem("cutoff_low_mg_dl", "is not below cutoff_high_mg_dl", "Exchange them.")


def check_fact(row: Row, studies: Mapping[str, Study]) -> None:
    """A published number is complete and possible."""
    row.one_of("study_id", tuple(studies))
    row.filled("kind")
    row.one_of("flag", words.FLAGS)
    row.one_of("k_source", words.K_SOURCES)
    row.one_of("spread", words.SPREADS)
    row.one_of("unit", words.UNITS)
    k, n = row.count("k"), row.count("n", least=1)
    if k is not None and n is None:
        row.problem("n", "is missing beside k", "Give the denominator, or the proportion in value.")
    if k is not None and n is not None and k > n:
        row.problem("k", f"is more than n ({n})", "Exchange them, or check the source.")
    for column in ("threshold_mg_dl", "threshold_assumed_mg_dl"):
        row.number(column, low=1, high=1000)
    value, low, high = row.number("value"), row.number("low"), row.number("high")
    if low is not None and high is not None and low > high:
        row.problem("low", "is above high", "Exchange them.")
    if value is not None and ((low is not None and value < low) or (high is not None and value > high)):
        row.problem("value", "lies outside low and high", "Check the source.")
    if row["unit"] == "proportion":
        for column in ("value", "low", "high"):
            row.number(column, low=0, high=1)


def check_reading(row: Row, fact: Row, labelled: Mapping[str, LabelledStudy], catalogue: Catalogue) -> None:
    """A reading says what its term needs, nothing else, and uses no number that may not be used."""
    role = row.one_of("role", words.ROLES)
    row.one_of("spread_read", words.SPREADS)
    if role == "context":
        if not row["note"]:
            row.problem("note", "context needs the reason why the number is not used", "Write it in a sentence.")
        for column in ("term", "bound", *words.SPECIFIC):
            if row[column]:
                row.problem(column, "a context row has no term", "Empty the cell, or change the role.")
        return
    if fact["flag"] == "recalled":
        row.problem("role", "a number recalled from memory is never fitted", "Make it context until it is checked.")
    if role == "bound":
        row.one_of("bound", words.BOUNDS)
    elif row["bound"]:
        row.problem("bound", "only a row of role bound has a side", "Empty it, or make the role bound.")
    _check_term(row, fact)
    _check_names(row, fact, labelled, catalogue)
    for column, low, high in (("age_years", 0, 120), ("male_share", 0, 1)):
        row.filled(column)
        row.number(column, low=low, high=high)
    row.number("window_years", low=0, high=100)


def _check_term(row: Row, fact: Row) -> None:
    name = row.one_of("term", tuple(words.TERMS))
    if name not in words.TERMS:
        return
    term = words.TERMS[name]
    row.one_of("stat", tuple(term.scales))
    for column in term.needs:
        if not row.parts(column):
            row.problem(column, f"the term {name} needs it", "Fill it in.")
    for column in set(words.SPECIFIC) - {*term.needs, *term.takes, "stat"}:
        if row[column]:
            row.problem(column, f"the term {name} does not use it", "Empty it: it would be ignored.")
    if len(row.parts("cause")) > 1 and not term.union:
        row.problem("cause", f"the term {name} takes one cause", "Name one, or use a term that takes a union.")
    for column in ("cause", "findings"):
        if len(set(row.parts(column))) < len(row.parts(column)):
            row.problem(column, "names one of the union twice", "Name each once.")
    threshold = row.number("threshold_mg_dl", low=1, high=1000)
    printed = Row(fact.file, fact.line, fact.cells).number("threshold_mg_dl")
    if threshold is not None and printed is not None and threshold != printed:
        row.problem("threshold_mg_dl", f"the source prints {printed:g}", "Use the printed cut-off.")


def _check_names(row: Row, fact: Row, labelled: Mapping[str, LabelledStudy], catalogue: Catalogue) -> None:
    row.one_of("setting", catalogue.ids("setting"))
    row.one_of("context", catalogue.ids("context"))
    named: list[tuple[str, Kind, str]] = [("test", "test", row["test"])]
    named += [("findings", "finding", part) for part in row.parts("findings")]
    named += [("cause", "cause", part) for part in row.parts("cause") if row["cause"] != words.NO_CAUSE]
    for column, kind, name in named:
        if name and not catalogue.has(kind, name):
            near = catalogue.suggest(kind, name)
            hint = f"Did you mean {near}?" if near else "Use an id of the catalogue (a union: semicolons)."
            row.problem(column, f"{name!r} is not a {kind} of the catalogue", hint)
    if row["labelled_id"]:
        row.one_of("labelled_id", tuple(labelled))
        group = labelled.get(row["labelled_id"])
        if group is not None and group.study_id != fact["study_id"]:
            row.problem("labelled_id", f"belongs to {group.study_id}", f"Name a group of {fact['study_id']}.")


def check_alternatives(items: Iterable[EvidenceItem]) -> list[Problem]:
    """An alternative cut-off or date of the same patients is never used beside its twin."""
    used = [item for item in items if item.used]
    twins: dict[tuple[str, str], str] = {(item.overlap_group, item.kind): item.item_id for item in used}
    problems = []
    for item in used:
        twin = twins.get((item.overlap_group, item.kind.removesuffix(words.ALTERNATIVE)))
        if item.kind.endswith(words.ALTERNATIVE) and twin is not None:
            place = f"terms.csv ({item.item_id}).role"
            message = f"an alternative of {twin}, which is used: the same patients would count twice"
            problems.append(Problem(place, item.role, message, "Make one of the two context."))
    return problems
