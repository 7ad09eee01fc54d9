"""The choices of `data/fhir/reading.toml`: recurrence, episodes, windows of causes, routes, tests."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sigm_bayes.errors import InputError, Problem
from sigm_bayes.paths import data_dir

LOCAL = "urn:sigm-bayes"
"""Code system of the package: ids of the catalogue as codes, and the few words below."""
CONTEXT = f"{LOCAL}:context"
"""Extension of an Observation: the circumstances of the sample, an id of the catalogue's contexts."""
Codes = Mapping[str, tuple[str, ...]]
"""System to codes; a code stands also for what begins with it."""


@dataclass(frozen=True)
class Rules:
    """What `data/fhir/reading.toml` says; see there for the meaning and source of each.

    Attributes
    ----------
    recurrent : mapping of str to Codes
        Finding to the codes that say by themselves that it is recurrent or chronic.
    days_apart : int
        Records of one infection less than this apart are one episode.
    counts_first : tuple of str
        Which finding a code with several counts as.
    organisms : tuple of (str, Codes)
        Organism of an invasive infection that a code names.
    one_of_many : frozenset of str
        Ids of which one refuted code does not say absent.
    systemic_routes : frozenset of str
    within_days, shortest_days : mapping of str to int
        By cause.
    inborn_error : Codes
    abnormal_if : mapping of str to str
        Test to ``low`` or ``high``.
    need_interpretation : frozenset of str
    subclasses : tuple of str
    acute_days : int
        An acute infection marks a sample taken within so many days of its end.
    """

    recurrent: Mapping[str, Codes]
    days_apart: int
    counts_first: tuple[str, ...]
    organisms: tuple[tuple[str, Codes], ...]
    one_of_many: frozenset[str]
    systemic_routes: frozenset[str]
    within_days: Mapping[str, int]
    shortest_days: Mapping[str, int]
    inborn_error: Codes
    abnormal_if: Mapping[str, str]
    need_interpretation: frozenset[str]
    subclasses: tuple[str, ...]
    acute_days: int


def stands_in(codes: Codes, *, system: str, code: str) -> bool:
    """Return whether a code is one of the codes or begins with one; dots and case do not matter."""
    plain = _plain(code)
    return any(plain.startswith(_plain(one)) for one in codes.get(system, ()))


def _plain(code: str) -> str:
    return code.replace(".", "").strip().upper()


@cache
def load_rules(path: Path | None = None) -> Rules:
    """Read the choices.

    Raises
    ------
    InputError
        The file is not there or not as it should be.
    """
    path = path or data_dir() / "fhir" / "reading.toml"
    try:
        return _rules(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
        message = f"cannot be read: {type(error).__name__} {error}"
        raise InputError([Problem(str(path), None, message, "Reinstall sigm-bayes.")]) from None


def _codes(entry: Mapping[str, Any]) -> Codes:
    return {system: tuple(codes) for system, codes in entry.items() if isinstance(codes, list)}


def _rules(document: Mapping[str, Any]) -> Rules:
    if document["local"]["system"] != LOCAL:
        raise KeyError("local.system")
    episodes, causes, tests = document["episodes"], document["causes"], document["tests"]
    return Rules(
        recurrent={id: _codes(entry) for id, entry in document["recurrent"]["codes"].items()},
        days_apart=int(episodes["days_apart"]),
        counts_first=tuple(episodes["first"]),
        organisms=tuple((entry["organism"], _codes(entry)) for entry in episodes["organisms"]),
        one_of_many=frozenset(causes["one_of_many"]),
        systemic_routes=frozenset(causes["systemic_routes"]),
        within_days=dict(causes["within_days"]),
        shortest_days=dict(causes["shortest_days"]),
        inborn_error=_codes(document["inborn_error"]),
        abnormal_if=dict(tests["abnormal_if"]),
        need_interpretation=frozenset(tests["need_interpretation"]),
        subclasses=tuple(tests["subclasses"]),
        acute_days=int(document["context"]["acute_infection_days"]),
    )
