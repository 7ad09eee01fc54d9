"""What to do next: the work-up that is due, then what each unknown would tell."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from sigm_bayes.errors import InputError, Problem
from sigm_bayes.query import unknown_exposures, unknowns, wording
from sigm_bayes.query.information import (
    GridPoint,
    Information,
    after,
    entropy_bits,
    gain_bits,
    joint_of,
    outcomes,
    result_given_class,
)
from sigm_bayes.query.repeat_igm import repeat_grid
from sigm_bayes.query.situation import Situation
from sigm_bayes.query.unknown_exposures import ExposureOdds
from sigm_bayes.query.workup import Workup, WorkupItem, asked, reason_not_to_miss, workup_items
from sigm_bayes.units import in_unit_of

REPEAT = "repeat_igm"
MONTHS_PER_YEAR = 12.0
LONGEST_MONTHS = 120.0
"""A repeat later than this is no longer a repeat."""


@dataclass(frozen=True)
class Next:
    """What comes next.

    Attributes
    ----------
    workup
        Due whatever the probabilities say, in order.
    information
        Every unknown, the largest expected gain first; empty where no probability is given.
    entropy_bits
        What is open now about the class; None where no probability is given.
    draws
        Parameter draws used for the gains (the answer uses all).
    """

    workup: tuple[WorkupItem, ...]
    information: tuple[Information, ...]
    entropy_bits: float | None
    draws: int


def next_steps(s: Situation, table: Workup, *, odds: ExposureOdds, months: float | None = None) -> Next:
    """Work-up and expected information for a patient in scope.

    Parameters
    ----------
    months
        From the last IgM to a repeat; by default `default_interval_years` of `priors.toml`.

    Raises
    ------
    InputError
        If `months` is not between 0 and `LONGEST_MONTHS`.
    """
    if months is None:
        months = MONTHS_PER_YEAR * s.encoder.constants["default_interval_years"]
    check_months(months)
    found = [*_known_kinds(s, table, odds), _repeat(s, months)]
    found.sort(key=lambda item: (-item.bits, item.id))
    reasons = (reason_not_to_miss(table, s.patient, item.id) for item in found)
    listed = tuple(
        replace(item, reason=reason, first=rank < table.first or bool(reason), must_not_miss=bool(reason))
        for rank, (item, reason) in enumerate(zip(found, reasons, strict=True))
    )
    return Next(workup_items(table, s.patient), listed, float(entropy_bits(s.answer)), len(s.joint))


def check_months(months: float) -> None:
    """Refuse an interval that is no interval."""
    if not (math.isfinite(months) and 0.0 < months <= LONGEST_MONTHS):
        message = f"expected months above 0 and up to {LONGEST_MONTHS:g}"
        raise InputError(
            [Problem("repeat_months", months, message, "Give the months from the last IgM to the repeat.")]
        )


def _known_kinds(s: Situation, table: Workup, odds: ExposureOdds) -> list[Information]:
    """Findings, exposures, tests, IgG and IgA that are not known."""
    catalogue = s.encoder.catalogue
    finding = {f.id: f for f in catalogue.findings}
    cause = {c.id: c for c in catalogue.causes}
    test = {t.id: t for t in catalogue.tests}
    out = []
    open_findings = asked(table, s.patient, unknowns.unknown_findings(s))
    for id, p in unknowns.present_given_class(s, open_findings).items():
        likelihood = np.array([p, 1.0 - p])
        out.append(_item(s, id, "finding", finding[id].label, finding[id].help, likelihood, wording.PRESENT_ABSENT))
    by_exposure, few = unknown_exposures.exposures(odds), odds.situation
    for id in asked(table, s.patient, by_exposure):
        row = cause[id]
        out.append(_item(few, id, "exposure", row.label, row.help, by_exposure[id], wording.PRESENT_ABSENT))
    for id, p in unknowns.abnormal_given_class(s, asked(table, s.patient, unknowns.unknown_tests(s))).items():
        likelihood = np.array([p, 1.0 - p])
        out.append(_item(s, id, "test", test[id].label, test[id].help, likelihood, wording.ABNORMAL_NORMAL))
    for id, likelihood in s.kept("analytes", unknowns.open_analytes).items():
        label = unknowns.ANALYTES[id]
        out.append(_item(s, id, "analyte", label, wording.LIMITS_HELP, likelihood, wording.LOW_NORMAL_HIGH))
    return out


def _item(
    s: Situation, id: str, kind: str, label: str, help: str, likelihood: np.ndarray, named: tuple[tuple[str, str], ...]
) -> Information:
    """One unknown; likelihood (result, draw, class4) or (result, draw, hypothesis)."""
    known = s.class_joint if likelihood.shape[-1] == s.class_joint.shape[-1] else s.joint
    joint = joint_of(s.answer, result_given_class(known, likelihood))
    bits, share = _gain(s, joint)
    return Information(
        id=id, kind=kind, label=label, help=help, bits=bits, share=share, first=False, must_not_miss=False, reason="",
        outcomes=outcomes(joint, named),
    )  # fmt: skip


def _gain(s: Situation, joint: np.ndarray) -> tuple[float, float]:
    bits, open_ = gain_bits(joint), float(entropy_bits(s.answer))
    return bits, bits / open_ if open_ > 0.0 else 0.0


def _repeat(s: Situation, months: float) -> Information:
    grid = repeat_grid(s, years=months / MONTHS_PER_YEAR)
    joint = joint_of(s.answer, result_given_class(grid.joint, grid.likelihood))
    probability, given = after(joint)
    points = tuple(
        GridPoint(float(low), None if math.isinf(high) else float(high), float(p), row)
        for low, high, p, row in zip(grid.edges[:-1], grid.edges[1:], probability, given, strict=True)
    )
    parts = [(cells, named) for cells, named in zip((grid.low, ~grid.low), wording.REPEAT_RESULTS, strict=True)]
    kept = [(joint[cells].sum(axis=0), named) for cells, named in parts if cells.any()]
    limit = in_unit_of(s.patient.igm[0].text, f"{s.limits[0]:.0f}")
    bits, share = _gain(s, joint)
    return Information(
        id=REPEAT, kind="repeat", label=wording.repeat_label(months), help=wording.REPEAT_HELP.format(limit=limit),
        bits=bits, share=share, first=False, must_not_miss=False, reason="",
        outcomes=outcomes(np.array([row for row, _ in kept]), [named for _, named in kept]),
        months=months, grid=points,
    )  # fmt: skip
