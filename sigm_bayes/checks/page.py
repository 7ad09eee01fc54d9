"""The results of the checks as one HTML page that needs nothing beside it (needs jinja2)."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from sigm_bayes.checks.result import CheckResult
from sigm_bayes.checks.run_checks import module_of

MANY = 15
"""Rows from which on a table is folded."""


def page(results: Sequence[CheckResult], *, about: dict[str, Any], quick: bool) -> str:
    """Return the page: what passed, then each check with its finding, figure, numbers and table.

    Parameters
    ----------
    results
        In the order of the page.
    about
        Name, version and hashes of the model.
    quick
        Whether the checks were shortened.
    """
    import jinja2

    source = files("sigm_bayes.checks").joinpath("check_report.html.j2").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    shown = [{"result": r, "title": module_of(r.name).TITLE, "folded": _folded(r)} for r in results]
    return environment.from_string(source).render(
        shown=shown, about=about, quick=quick, summary=summary(results), number=number
    )


def _folded(result: CheckResult) -> bool:
    return result.table is not None and len(result.table.rows) > MANY


def summary(results: Sequence[CheckResult]) -> str:
    """Return the outcome in one sentence."""
    passed = [r.name for r in results if r.passed is True]
    failed = [r.name for r in results if r.passed is False]
    shown = [r.name for r in results if r.passed is None]
    parts = [f"{len(passed)} of {len(passed) + len(failed)} checks that can fail passed"]
    if failed:
        parts.append(f"not passed: {', '.join(failed)}")
    if shown:
        parts.append(f"shown without a verdict: {', '.join(shown)}")
    return "; ".join(parts) + "."


def number(value: float) -> str:
    """Return a statistic with four significant digits."""
    return f"{value:.4g}"
