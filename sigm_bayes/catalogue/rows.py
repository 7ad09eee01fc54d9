"""Turn tables of a TOML document into typed rows and gather what is wrong with them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sigm_bayes.catalogue.tables import nearest
from sigm_bayes.errors import Problem


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        raise TypeError
    return float(value)


def _exactly(kind: type) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError
        return value

    return check


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise TypeError
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError
    return tuple(_text(item) for item in value)


_READ: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "str": ("a text that is not empty", _text),
    "str | None": ("a text that is not empty", _text),
    "bool": ("true or false", _exactly(bool)),
    "int": ("a whole number", _exactly(int)),
    "float": ("a number", _number),
    "float | None": ("a number", _number),
    "Recovery": ("a text", _text),
    "tuple[str, ...]": ("a list of texts", _texts),
}
"""What each declared type of a row means in the file, and its reader (TypeError where it does not fit)."""


class Reader:
    """Turns TOML tables into rows and gathers the problems."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def problem(self, field: str, value: object, message: str, remedy: str) -> None:
        """Note one problem."""
        self.problems.append(Problem(field, value, message, remedy))

    def row[Row](self, kind: type[Row], given: Any, field: str) -> Row | None:
        """Read one row of type `kind`; ``None`` where it cannot be read."""
        if not isinstance(given, dict):
            self.problem(field, given, "expected a table", "Write key = value lines.")
            return None
        before = len(self.problems)
        values: dict[str, Any] = {}
        known = dataclasses.fields(kind)  # type: ignore[arg-type]
        for f in known:
            declared = str(f.type)
            expected, read = _READ[declared]
            if f.name not in given:
                if f.default is dataclasses.MISSING and not declared.endswith("| None"):
                    self.problem(f"{field}.{f.name}", None, f"missing; expected {expected}", "Add it.")
                elif f.default is dataclasses.MISSING:
                    values[f.name] = None
                continue
            try:
                values[f.name] = read(given[f.name])
            except TypeError:
                self.problem(f"{field}.{f.name}", given[f.name], f"expected {expected}", "Correct the value.")
        names = tuple(f.name for f in known)
        for key in given.keys() - set(names):
            near = nearest(key, names)
            self.problem(f"{field}.{key}", given[key], "unknown key", f"Did you mean {near}?" if near else "Remove it.")
        return kind(**values) if len(self.problems) == before else None

    def rows[Row](self, kind: type[Row], document: Mapping[str, Any], key: str, *, within: str = "") -> tuple[Row, ...]:
        """Read the list of tables ``[[key]]``: at least one row, no id twice."""
        field = f"{within}{key}"
        given = document.get(key)
        if not isinstance(given, list) or not given:
            self.problem(field, given, "expected at least one table", f"Add [[{field}]] tables.")
            return ()
        found: list[Row] = []
        seen: set[str] = set()
        for i, entry in enumerate(given):
            name = entry.get("id", i) if isinstance(entry, dict) else i
            row = self.row(kind, entry, f"{field}[{name}]")
            if row is None:
                continue
            if row.id in seen:  # type: ignore[attr-defined]
                self.problem(f"{field}[{name}].id", name, "the id is there twice", "Give every row its own id.")
            seen.add(row.id)  # type: ignore[attr-defined]
            found.append(row)
        return tuple(found)

    def one_of(self, field: str, value: str | None, choices: Iterable[str]) -> None:
        """Require that `value` (unless ``None``) is one of `choices`."""
        options = tuple(choices)
        if value is not None and value not in options:
            near = nearest(value, options)
            remedy = f"Did you mean {near}?" if near else f"Use one of: {', '.join(options)}."
            self.problem(field, value, "refers to an id that is not there", remedy)
