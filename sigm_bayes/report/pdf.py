"""The report as PDF: the same page through the print style sheet of a browser found on this computer."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from sigm_bayes.errors import InputError, Problem

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "msedge",
)
"""Programs that can print a page without a window, in the order in which they are looked for."""
SECONDS = 120.0
"""A browser that takes longer is stopped."""


def find_browser(which: Callable[[str], str | None] = shutil.which) -> str | None:
    """Return the path of the first browser on PATH that prints without a window, or None."""
    return next((found for name in BROWSERS if (found := which(name)) is not None), None)


def print_pdf(page: str, out: Path, *, browser: str | None = None) -> None:
    """Print a report to a PDF file.

    The page lies in a private temporary folder while the browser reads it, and is removed with it.

    Parameters
    ----------
    page : str
        The report, one self-contained HTML document.
    out : Path
        The PDF file to write.
    browser : str, optional
        Path of the program; default: the first of `BROWSERS` on PATH.

    Raises
    ------
    InputError
        If there is no browser, or it writes no PDF.
    """
    program = browser or find_browser()
    if program is None:
        remedy = "Install Chromium or Chrome, or write the report as .html and print that page from any browser."
        raise InputError([Problem("--report", out.name, "a PDF needs Chromium or Chrome, and none is on PATH", remedy)])
    with tempfile.TemporaryDirectory(prefix="sigm-report-") as folder:
        source, made = Path(folder) / "report.html", Path(folder) / "report.pdf"
        source.write_text(page, encoding="utf-8")
        command = [program, "--headless", "--disable-gpu", "--no-first-run", f"--user-data-dir={folder}/profile",
                   "--no-pdf-header-footer", f"--print-to-pdf={made}"]  # fmt: skip
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--no-sandbox")  # the browser refuses to start for root with its sandbox
        try:
            subprocess.run([*command, source.as_uri()], check=False, capture_output=True, timeout=SECONDS)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _no_pdf(program, out, type(error).__name__) from None
        if not made.is_file() or not made.read_bytes().startswith(b"%PDF"):
            raise _no_pdf(program, out, "it wrote no PDF")
        shutil.copyfile(made, out)


def _no_pdf(program: str, out: Path, why: str) -> InputError:
    remedy = "Write the report as .html and print that page from any browser."
    return InputError([Problem("--report", out.name, f"{Path(program).name} could not print it: {why}", remedy)])
