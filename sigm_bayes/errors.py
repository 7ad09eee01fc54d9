"""Errors of the package: every message names the place, the value, what was expected and the remedy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in an input.

    Attributes
    ----------
    field
        Where it is, written as in the file: ``igm[0].unit``, ``findings.otitis_media``.
    value
        The offending value as it was given (``None`` where something is missing).
    message
        What is wrong and what was expected.
    remedy
        What to do about it.
    """

    field: str
    value: object
    message: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.field}: " if self.field else ""
        shown = "" if self.value is None else f" (given: {_short(self.value)})"
        said = f"{place}{self.message}{shown}"
        return f"{said}. {self.remedy}" if self.remedy else said


def _short(value: object, *, limit: int = 60) -> str:
    """Show a value in an error line, cut to `limit` characters."""
    try:
        text = repr(value)
    except Exception:  # an object whose repr fails must not hide the real problem
        text = f"<{type(value).__name__}>"
    return text if len(text) <= limit else text[: limit - 3] + "..."


class SigmError(Exception):
    """Base of all errors that the package raises on purpose."""


class _ProblemsError(SigmError):
    """An error that reports all problems of one input together, a line each; or one plain sentence."""

    def __init__(self, problems: Iterable[Problem] | str, *, source: str = "") -> None:
        if isinstance(problems, str):
            problems = (Problem("", None, problems, ""),)
        self.problems: tuple[Problem, ...] = tuple(problems)
        self.source = source
        super().__init__(self.problems, source)

    def __str__(self) -> str:
        lines = [str(problem) for problem in self.problems]
        if self.source:
            count = len(lines)
            lines.insert(0, f"{self.source}: {count} problem{'' if count == 1 else 's'}")
        return "\n".join(lines)


class InputError(_ProblemsError):
    """What a person or a file said about a patient cannot be used; lists every problem."""


class ModelError(_ProblemsError):
    """A model folder (specification, priors, released posterior) cannot be used."""


class EvidenceError(_ProblemsError):
    """The evidence tables cannot be used; lists every bad row."""


class GateError(SigmError):
    """Sampling did not pass the diagnostics gate, so nothing is released."""
