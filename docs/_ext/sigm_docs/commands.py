"""The command reference, from the command line itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import typer.main

from sigm_bayes.cli.guard import EXIT_CODES_HELP
from sigm_bayes.cli.main import app
from sigm_docs.tables import cell, code, heading, table

type Command = Any
type Parameter = Any
"""The library beneath typer, which typer carries inside itself: known here by what it can do."""


def commands() -> str:
    """Every command with its arguments and options."""
    parts = [f"{EXIT_CODES_HELP}\n"]
    for path, command in walk(typer.main.get_command(app), "sigm"):
        parts.append(heading(2, code(path)))
        parts.append(f"{_escaped(command.help or '')}\n\n")
        parts.append(f"```sh\n{_usage(path, command)}\n```\n\n")
        rows = [_option(command, p) for p in command.params if not getattr(p, "hidden", False)]
        if rows:
            parts.append(table(("", "takes", "default", "meaning"), rows))
    return "".join(parts)


def walk(command: Command, path: str) -> Iterator[tuple[str, Command]]:
    """Yield every command that does something, with the words that call it."""
    below = getattr(command, "commands", None)
    if below is None:
        yield path, command
        return
    for name in sorted(below):
        yield from walk(below[name], f"{path} {name}")


def _usage(path: str, command: Command) -> str:
    return f"{path} {' '.join(command.collect_usage_pieces(_context(command, path)))}"


def _context(command: Command, path: str) -> Any:
    return command.context_class(command, info_name=path)


def _option(command: Command, parameter: Parameter) -> tuple[str, str, str, str]:
    names = ", ".join(code(name) for name in (*parameter.opts, *parameter.secondary_opts))
    if parameter.param_type_name == "argument":
        names = code(parameter.make_metavar(_context(command, command.name)))
    kind = getattr(parameter.type, "choices", None)
    takes = ", ".join(str(c) for c in kind) if kind else parameter.type.name.lower()
    if getattr(parameter, "is_flag", False):
        takes = "(flag)"
    default = parameter.default
    if default in (None, False, ()) or callable(default) or "UNSET" in repr(default):
        default = ""
    return names, takes, code(str(default)) if default != "" else "", getattr(parameter, "help", "") or ""


def _escaped(text: str) -> str:
    return "\n\n".join(cell(paragraph) for paragraph in text.replace("\b", "").split("\n\n"))


PAGES: dict[str, Callable[[], str]] = {"commands": commands}
