"""The `sigm` script: `sigm query FILE [--json] [--full]` goes straight to the answer, all else to the command line.

The command-line library takes as long to import as NumPy does, and the commonest call needs none of it. Whatever is
unusual (another option, a bad file) is left to the command line, which starts again and tells what is wrong.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path

JSON, FULL = "--json", "--full"


def plain_query(arguments: Sequence[str]) -> tuple[Path, bool, bool] | None:
    """File, whether JSON, whether everything; None where the arguments are anything but a plain query."""
    if len(arguments) < 2 or arguments[0] != "query":
        return None
    options = [a for a in arguments[1:] if a in (JSON, FULL)]
    files = [a for a in arguments[1:] if a not in (JSON, FULL)]
    if len(files) != 1 or files[0].startswith("-") or len(set(options)) != len(options):
        return None
    return Path(files[0]), JSON in options, FULL in options


def main() -> None:
    """Run the command line."""
    asked = plain_query(sys.argv[1:])
    if asked is not None:
        gc.disable()  # one short answer: collecting garbage would only cost time
        if _answered(*asked):
            os._exit(0)  # nothing to tidy up, and Python would take its time
        gc.enable()
    from sigm_bayes.cli.main import app

    app()


def _answered(file: Path, as_json: bool, full: bool) -> bool:
    """Answer for a patient file; False, with nothing written, where anything is not in order."""
    try:
        from sigm_bayes.patient import read_patient
        from sigm_bayes.query import load_model

        model = load_model()
        answer = model.query(read_patient(file, catalogue=model.catalogue)).to_dict()
    except Exception:  # told by the command line, which tries again and keeps patient data out of the message
        return False
    from sigm_bayes.cli.answering import write_answer

    try:
        write_answer(answer, model.catalogue, as_json=as_json, full=full)
        sys.stdout.flush()
    except BrokenPipeError:
        os._exit(0)  # the reader has gone
    return True
