"""Reading the words of a mapping file: columns, lists of words, states, choices."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as MappingType
from typing import Any

from sigm_bayes.patient import fields
from sigm_bayes.patient.fields import Problems
from sigm_bayes.registry import mapping as m


def read_table(problems: Problems, field: str, given: Any) -> dict[str, Any]:
    """Read a table of the mapping file; an empty one (and a problem) for anything else."""
    return fields.table(problems, field, given, example='{ column = "..." }')


def read_column(problems: Problems, field: str, given: Any) -> str | None:
    """Read the name of a column; None where none is given."""
    if given is None:
        return None
    if isinstance(given, str) and given.strip():
        return given.strip()
    problems.add(field, given, "expected the name of a column", "Write it in quotes as in the header.")
    return None


def read_words(problems: Problems, field: str, given: Any) -> list[str]:
    """Return words in lower case; numbers and truth values as they print."""
    listed = given if isinstance(given, list) else [given]
    if not all(isinstance(word, str | int | float) for word in listed):
        problems.add(field, given, "expected a list of words", 'For example ["yes", "1"].')
        return []
    return [str(word).strip().lower() for word in listed]


def state_words(
    problems: Problems, field: str, given: MappingType[str, Any], default: MappingType[str, int]
) -> dict[str, int]:
    """Return the words for present (1), absent (0) and unknown (-1); those given replace the usual ones of a state."""
    usual = {"present": (1, m.PRESENT), "absent": (0, m.ABSENT), "unknown": (-1, m.UNKNOWN)}
    words: dict[str, int] = dict(default)
    for name, (state, listed) in usual.items():
        if name in given:
            words = {word: value for word, value in words.items() if value != state}
            chosen: Iterable[str] = read_words(problems, f"{field}.{name}", given[name])
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


def read_states(
    problems: Problems,
    field: str,
    id: str,
    given: Any,
    words: MappingType[str, int],
    *,
    union: tuple[str, ...] = (),
    others: tuple[str, ...] = (),
) -> m.States | None:
    """Read ``"Column"`` or ``{ column = "Column", asked = true, present = [words] }``.

    `union` are the ids that ``of`` may list; `others` are keys that somebody else reads.
    """
    if given is None:
        return None
    entry = {"column": given} if isinstance(given, str) else read_table(problems, field, given)
    known = ("column", "asked", "present", "absent", "unknown", *(("of",) if union else ()), *others)
    fields.unknown_keys(problems, field, entry, known)
    column = read_column(problems, f"{field}.column", entry.get("column"))
    asked = fields.truth(problems, f"{field}.asked", entry.get("asked", False))
    own = {name: entry[name] for name in ("present", "absent", "unknown") if name in entry}
    of = read_words(problems, f"{field}.of", entry.get("of", [])) if union else []
    for i, member in enumerate(of):
        fields.choice(problems, f"{field}.of[{i}]", member, union, what="finding")
    if union and len(of) < 2:
        problems.add(f"{field}.of", entry.get("of"), "expected two or more findings", "List what the union is over.")
    if column is None:
        if entry.get("column") is None:
            problems.add(f"{field}.column", None, "missing", "Name the column.")
        return None
    return m.States(id, column, bool(asked), state_words(problems, field, own, words), tuple(of))


def read_many_states(
    problems: Problems,
    part: str,
    given: dict[str, Any],
    ids: tuple[str, ...] | None,
    words: MappingType[str, int],
    *,
    members: tuple[str, ...] = (),
    others: tuple[str, ...] = (),
) -> tuple[m.States, ...]:
    """Read every entry of a part such as [findings]; `ids` None: any name may be given (unions)."""
    if ids is not None:
        fields.unknown_keys(problems, part, given, ids)
    read = [
        read_states(problems, f"{part}.{id}", id, entry, words, union=members, others=others)
        for id, entry in given.items()
        if ids is None or id in ids
    ]
    return tuple(states for states in read if states is not None)


def read_choice(problems: Problems, field: str, given: Any, usual: MappingType[str, Iterable[str]]) -> m.Choice | None:
    """Read ``"Column"``, ``{ fixed = id }`` or ``{ column = "Column", id = [words] }``."""
    if given is None:
        return None
    entry = {"column": given} if isinstance(given, str) else read_table(problems, field, given)
    fields.unknown_keys(problems, field, entry, ("column", "fixed", *usual))
    column = read_column(problems, f"{field}.column", entry.get("column"))
    fixed = entry.get("fixed")
    if fixed is not None:
        fixed = fields.choice(problems, f"{field}.fixed", fixed, usual, what="id")
    if (entry.get("column") is None) == (entry.get("fixed") is None):
        problems.add(field, None, "expected either a column or a fixed id", 'Write { column = "..." }.')
    words: dict[str, str] = {}
    for id, listed in usual.items():
        stated = read_words(problems, f"{field}.{id}", entry[id]) if id in entry else []
        for word in (*listed, *stated):
            if stated and word in stated and words.get(word, id) != id and words[word] in entry:
                problems.add(f"{field}.{id}", word, f"also means {words[word]}", "Keep it in one list.")
            if word in stated or word not in words:
                words[word] = id
    for id in usual:  # words of the mapping count before the usual ones
        for word in read_words(Problems(), field, entry[id]) if id in entry else []:
            words[word] = id
    return m.Choice(column, fixed, words)
