"""What the person who reads an OMOP database may decide."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sigm_bayes.catalogue.tables import nearest
from sigm_bayes.codes.systems import SYSTEMS
from sigm_bayes.errors import InputError, Problem
from sigm_bayes.registry.omop.columns import EVENTS
from sigm_bayes.registry.omop.days import read_day

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue

FORMAT = "sigm_bayes.omop_options/1"


@dataclass(frozen=True)
class OmopOptions:
    """Options of `read_omop`.

    Attributes
    ----------
    schema : str or None
        Schema of the tables in a database; None: the default one.
    person_ids : str
        ``person_id``, or ``person_source_value`` (which may identify people: keep such a registry at home).
    setting : str or None
        Where IgM was measured, for everybody whose care site does not say it.
    settings : mapping of str to str
        ``place_of_service_source_value`` of the care site, in lower case -> setting of the catalogue.
    asked : tuple of str
        Findings and causes of which no record means absent: only where every person's whole history is in the data.
        All others are then unknown.
    source_codes : mapping of str to str
        Table of events -> the code system of its source values (``{"condition_occurrence": "ICD10CM"}``); they are
        read where the concept itself means nothing here.
    recalled : bool
        Use codes that nobody has checked in a source (four, see ``data/codes``), with a caution.
    data_until : str or None
        ISO date of the export; later dates lie in the future. None: today.
    """

    schema: str | None = None
    person_ids: Literal["person_id", "person_source_value"] = "person_id"
    setting: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    asked: tuple[str, ...] = ()
    source_codes: Mapping[str, str] = field(default_factory=dict)
    recalled: bool = False
    data_until: str | None = None

    def check(self, catalogue: Catalogue) -> None:
        """Check against the catalogue.

        Raises
        ------
        InputError
            Every option that does not fit.
        """
        problems: list[Problem] = []

        def known(name: str, value: str, allowed: tuple[str, ...]) -> None:
            if value not in allowed:
                near = nearest(value, allowed)
                remedy = f"Did you mean {near}?" if near else f"Use {', '.join(allowed)}."
                problems.append(Problem(name, value, "is not known", remedy))

        known("person_ids", self.person_ids, ("person_id", "person_source_value"))
        for value in (*([] if self.setting is None else [self.setting]), *self.settings.values()):
            known("setting", value, catalogue.ids("setting"))
        for id in self.asked:
            known("asked", id, state_ids(catalogue))
        for table, system in self.source_codes.items():
            known("source_codes", table, tuple(EVENTS))
            known(f"source_codes.{table}", system, SYSTEMS)
        if self.data_until is not None and read_day(self.data_until) is None:
            problems.append(Problem("data_until", self.data_until, "is no date", "Write 2026-01-15."))
        if self.schema is not None and not self.schema.replace("_", "").isalnum():
            problems.append(Problem("schema", self.schema, "is no name of a schema", "Use letters, digits and _."))
        if problems:
            raise InputError(problems, source="options of the OMOP reader")


def load_omop_options(path: Path) -> OmopOptions:
    """Read options from a TOML file: the attributes of `OmopOptions` as keys, the two mappings as tables.

    Raises
    ------
    InputError
        The file cannot be read, or entries are unknown or of another type: all of them together.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError([Problem(str(path), None, f"cannot be read: {error}", "Give a TOML file.")]) from None
    problems: list[Problem] = []
    read: dict[str, Any] = {}
    if document.pop("format", None) != FORMAT:
        problems.append(Problem("format", None, "is no known format", f'Write format = "{FORMAT}" on top.'))
    names = tuple(_EXPECTED)
    for name, value in document.items():
        if name not in _EXPECTED:
            near = nearest(name, names)
            remedy = f"Did you mean {near}?" if near else f"Use {', '.join(names)}."
            problems.append(Problem(name, None, "is no option", remedy))
        elif not _EXPECTED[name][1](value):
            problems.append(Problem(name, value, f"expected {_EXPECTED[name][0]}", "Correct the value."))
        else:
            read[name] = value
    if problems:
        raise InputError(problems, source=str(path))
    if "asked" in read:
        read["asked"] = tuple(read["asked"])
    if "settings" in read:
        read["settings"] = {place.lower(): setting for place, setting in read["settings"].items()}
    return OmopOptions(**read)


def _is_words(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(word, str) for word in value.values())


_TEXT: tuple[str, Callable[[Any], bool]] = ("a text", lambda value: isinstance(value, str))
_EXPECTED: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "schema": _TEXT,
    "person_ids": _TEXT,
    "setting": _TEXT,
    "settings": ('a table, place of service = "setting"', _is_words),
    "asked": ("a list of texts", lambda value: isinstance(value, list) and all(isinstance(v, str) for v in value)),
    "source_codes": ('a table, condition_occurrence = "ICD10CM"', _is_words),
    "recalled": ("true or false", lambda value: isinstance(value, bool)),
    "data_until": ('a date in quotes, "2026-01-15"', lambda value: isinstance(value, str)),
}


def state_ids(catalogue: Catalogue) -> tuple[str, ...]:
    """Return the findings, flags of an invasive infection and causes that a registry records."""
    flags = tuple(flag.id for flag in catalogue.invasive.flags)
    causes = tuple(cause.id for cause in catalogue.causes if cause.recordable)
    return (*catalogue.ids("finding"), *flags, *causes)
