"""What every command shares: exit codes, and errors that name the problem without a traceback."""

from __future__ import annotations

import errno
import os
import traceback
from enum import IntEnum
from pathlib import Path
from typing import Any, NoReturn

import typer
from typer.core import TyperGroup

from sigm_bayes.errors import EvidenceError, GateError, InputError, ModelError, SigmError

SHOW_TRACEBACK = "SIGM_TRACEBACK"
"""Environment variable that brings back Python's traceback for an unexpected error."""

EXTRAS: dict[str, str] = {
    "pyarrow": "table",
    "duckdb": "registry",
    "pymc": "fit",
    "pytensor": "fit",
    "jax": "fit",
    "jaxlib": "fit",
    "nutpie": "fit",
    "pydantic": "fit",
    "arviz": "fit",
    "xarray": "fit",
    "scipy": "fit",
    "sklearn": "evaluate",
    "threadpoolctl": "fit",
    "h5netcdf": "fit",
    "matplotlib": "fit",
    "fastapi": "web",
    "jinja2": "web",
    "python_multipart": "web",
    "uvicorn": "web",
}
"""Optional package -> the extra of the distribution that brings it."""


class ExitCode(IntEnum):
    """Exit codes of every command; they are part of the interface."""

    OK = 0
    INTERNAL = 1
    BAD_INPUT = 2
    SOME_ROWS_BAD = 3
    MODEL_PROBLEM = 4


EXIT_CODES_HELP = (
    "Exit codes: 0 answered (also when the answer is a reasoned refusal), 1 unexpected error, "
    "2 bad input, 3 some rows of a table are bad, 4 a problem of the model."
)


class GuardedGroup(TyperGroup):
    """The command group that turns errors into a message on standard error and an exit code.

    Patient data never reach a traceback: an unexpected error shows its type and place, not its values.
    """

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, typer.TyperException):
            raise
        except InputError as error:
            fail(str(error), ExitCode.BAD_INPUT)
        except (ModelError, EvidenceError, GateError) as error:
            fail(str(error), ExitCode.MODEL_PROBLEM)
        except SigmError as error:
            fail(str(error), ExitCode.BAD_INPUT)
        except ModuleNotFoundError as error:
            _missing_package(error)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            where = f"{error.filename}: " if error.filename is not None else ""
            fail(f"{where}{error.strerror or type(error).__name__}. Check the path.", ExitCode.BAD_INPUT)
        except Exception as error:
            _unexpected(error)  # the last stand between patient data and the screen


def fail(message: str, code: ExitCode) -> NoReturn:
    """Write a message to standard error and leave with the exit code."""
    typer.echo(f"sigm: {message}", err=True)
    raise typer.Exit(int(code))


def _missing_package(error: ModuleNotFoundError) -> NoReturn:
    package = (error.name or "").partition(".")[0]
    extra = EXTRAS.get(package)
    if extra is None:
        _unexpected(error)
    fail(
        f"this command needs the package {package}. Install it with: pip install 'sigm-bayes[{extra}]'",
        ExitCode.BAD_INPUT,
    )


def _unexpected(error: Exception) -> NoReturn:
    if os.environ.get(SHOW_TRACEBACK):
        typer.echo("".join(traceback.format_exception(error)), err=True)
        raise typer.Exit(ExitCode.INTERNAL)
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "sigm_bayes" in Path(frame.filename).parts] or frames
    place = f"{'/'.join(Path(ours[-1].filename).parts[-2:])}, line {ours[-1].lineno}" if ours else "unknown"
    fail(
        f"unexpected {type(error).__name__} in {place}. Its text is withheld: it may hold patient data. "
        f"Set {SHOW_TRACEBACK}=1 to see all of it, and report it without patient data.",
        ExitCode.INTERNAL,
    )
