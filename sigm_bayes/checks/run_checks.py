"""Run checks by name, one after the other; an error in one does not lose the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any

from sigm_bayes.checks.result import CheckResult
from sigm_bayes.checks.subject import Subject
from sigm_bayes.errors import InputError, Problem

CHECKS = {
    "accuracy": "accuracy",
    "dependence": "dependence",
    "shift-sbc": "shift_sbc",
    "posterior": "sampling_agrees",
    "predictive": "predictive",
    "leave-one-study-out": "leave_study_out",
    "power-scaling": "power_scaling",
    "comparison": "compare",
    "calibration": "calibration_check",
    "misspecification": "misspecification",
    "sbc": "prior_sbc",
    "registry-sbc": "registry_sbc",
}
"""Name on the command line -> module of this room, quick ones first."""

OF_THE_EVIDENCE = (
    "posterior",
    "predictive",
    "leave-one-study-out",
    "power-scaling",
    "comparison",
    "sbc",
    "registry-sbc",
)
"""Checks of the evidence model: a model that was fitted to a registry too they would judge by half of its data."""


def module_of(name: str) -> Any:
    """The module of a check: NAME, TITLE and run(subject)."""
    return import_module(f"sigm_bayes.checks.{CHECKS[name]}")


def chosen(only: Sequence[str]) -> list[str]:
    """Names of the checks to run, in the order of `CHECKS`; all of them where none is named. Commas separate names.

    Raises
    ------
    InputError
        With every name that is no check.
    """
    from difflib import get_close_matches

    problems = []
    only = [name.strip() for given in only for name in given.split(",")]
    for name in only:
        if name not in CHECKS:
            near = get_close_matches(name, CHECKS, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Use one of: {', '.join(CHECKS)}."
            problems.append(Problem("--only", name, "is no check", hint))
    if problems:
        raise InputError(problems)
    return [name for name in CHECKS if not only or name in only]


def run_checks(
    subject: Subject, names: Sequence[str], *, finished: Callable[[CheckResult], None] | None = None
) -> Iterator[CheckResult]:
    """Yield the result of every check as it is done."""
    with_registry = "registry" in subject.model.posterior.meta
    for name in names:
        if with_registry and name in OF_THE_EVIDENCE:
            text = (
                "This model was fitted to a registry too; the check knows the published evidence only and was not run."
            )
            result = CheckResult(name, None, {}, text=text)
        else:
            result = module_of(name).run(subject)
        if finished is not None:
            finished(result)
        yield result
