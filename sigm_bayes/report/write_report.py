"""Write the report of one patient to a file, by the ending of its name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sigm_bayes.errors import InputError, Problem
from sigm_bayes.patient import Patient
from sigm_bayes.query import Model

ENDINGS = (".html", ".pdf")


def check_report_name(out: Path) -> None:
    """Refuse a name that is neither ``.html`` nor ``.pdf`` before any work is done.

    Raises
    ------
    InputError
        With what to write instead.
    """
    if out.suffix.lower() not in ENDINGS:
        raise InputError([Problem("--report", out.name, "ends in neither .html nor .pdf", "Name it report.html.")])
    if not out.parent.is_dir():
        raise InputError([Problem("--report", str(out.parent), "is no folder", "Make it first, or name another one.")])


def write_report(patient: Patient, answer: Mapping[str, Any], out: Path, *, model: Model) -> None:
    """Write the report of a patient and the answer document that the model gave for it.

    Raises
    ------
    InputError
        If the name has another ending, or no browser can make the PDF.
    """
    check_report_name(out)
    from sigm_bayes.report.answer_view import AnswerPage
    from sigm_bayes.report.html_report import render_report

    page = render_report(AnswerPage.of(model).blocks(patient, answer))
    if out.suffix.lower() == ".pdf":
        from sigm_bayes.report.pdf import print_pdf

        print_pdf(page, out)
    else:
        out.write_text(page, encoding="utf-8")
