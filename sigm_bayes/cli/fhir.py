"""`sigm query --fhir BUNDLE`: a patient from a record system, and the answer back to it."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sigm_bayes.errors import InputError, Problem

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue
    from sigm_bayes.cli.flags import Flags
    from sigm_bayes.fhir import Reading
    from sigm_bayes.patient import Patient


@dataclass(frozen=True)
class Record:
    """The patient of a Bundle, and where the answer goes back to.

    Attributes
    ----------
    reading : Reading
    out : Path or None
        File for the RiskAssessment.
    """

    reading: Reading
    out: Path | None

    def patient(self, *, catalogue: Catalogue) -> Patient:
        """Return the patient of the Bundle."""
        return self.reading.patient(catalogue=catalogue)

    def caution(self, document: dict[str, Any], *, as_json: bool) -> None:
        """Put the cautions of the reading (and, for JSON, the account of the resources) into the answer."""
        document["cautions"] = [*document["cautions"], *self.reading.cautions]
        if as_json:
            document["fhir"] = self.reading.document()

    def finish(self, document: dict[str, Any], *, catalogue: Catalogue, as_json: bool) -> None:
        """Write the account of the resources below a page, and the RiskAssessment."""
        if not as_json:
            _write_account(self.reading)
        if self.out is None:
            return
        from sigm_bayes.cli.answering import labels
        from sigm_bayes.fhir import risk_assessment
        from sigm_bayes.fhir.json_text import dumps

        assessment = risk_assessment(
            document, subject=self.reading.subject, basis=self.reading.basis, labels=labels(catalogue)
        )
        self.out.write_text(dumps(assessment, indent=2) + "\n", encoding="utf-8")


def open_record(
    bundle: str | None, out: Path | None, *, file: str | None, flags: Flags, catalogue: Catalogue
) -> Record | None:
    """Return the record that the options name; None where they name none.

    Raises
    ------
    InputError
        The options contradict each other, or the Bundle cannot be used.
    """
    if bundle is None and out is None:
        return None
    if bundle is None:
        remedy = "Add --fhir BUNDLE, whose patient it is about."
        raise InputError([Problem("--fhir-out", str(out), "is given without --fhir", remedy)])
    if file is not None or replace(flags, setting=None).given:
        remedy = "The patient comes from the Bundle; only --setting may be added."
        raise InputError([Problem("--fhir", bundle, "a FILE or flags were given beside it", remedy)])
    if out is not None and not out.parent.is_dir():
        raise InputError([Problem("--fhir-out", str(out), "its folder is not there", "Make it, or correct the path.")])
    return Record(_read(bundle, catalogue=catalogue, setting=flags.setting), out)


def _read(bundle: str, *, catalogue: Catalogue, setting: str | None) -> Reading:
    from sigm_bayes.fhir import read_bundle, read_bundle_file
    from sigm_bayes.fhir.json_text import NotJsonError, loads

    if bundle != "-":
        return read_bundle_file(Path(bundle), catalogue=catalogue, setting=setting)
    try:
        document: Any = loads(sys.stdin.buffer.read())
    except NotJsonError as error:
        problem = Problem("standard input", None, f"is no JSON: {error}", "Send a FHIR R4 Bundle as JSON.")
        raise InputError([problem]) from None
    return read_bundle(document, catalogue=catalogue, setting=setting, source="standard input")


def _write_account(reading: Reading) -> None:
    """Write what became of the resources below the answer, wrapped to the width of the terminal."""
    import shutil
    import textwrap

    width = shutil.get_terminal_size((100, 24)).columns
    sys.stdout.write("\n")
    for line in reading.lines():
        indent = " " * 12 if line.startswith("  ") else ""
        sys.stdout.write(textwrap.fill(line, width, subsequent_indent=indent, break_long_words=False) + "\n")
