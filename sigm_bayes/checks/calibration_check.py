"""Calibration and decision curves on simulated low-IgM people under the model itself, parameters redrawn per block.

What calibration requires. Let theta be drawn from the posterior and a person from the model given theta. Then the
share of the class among people of whom P = p was said is p only if P = P(class | person), the average of P(class |
person, theta) over p(theta | person): draws under which the person is improbable count less. That is the answer of the
tool. The plain mean over p(theta), as if the person said nothing about theta, is shown beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sigm_bayes.checks.cohort import Scored, kept_cohort
from sigm_bayes.checks.result import CheckResult, CheckTable
from sigm_bayes.checks.subject import Subject
from sigm_bayes.evaluation.calibration import bin_numbers, calibration_error, logit, ratio
from sigm_bayes.evaluation.decision import DecisionCurves, decision_curves
from sigm_bayes.evaluation.regression import fit_logistic
from sigm_bayes.evaluation.resampling import Bootstrap
from sigm_bayes.likelihood.hypotheses import CLASSES, PRIMARY
from sigm_bayes.plots.decision_curve import NetBenefit, plot_decision_curve
from sigm_bayes.plots.evaluation_svg import svg_text

NAME = "calibration"
TITLE = "Calibration and net benefit on simulated low-IgM people, parameters redrawn per block"
BLOCKS, TESTED, DRAWS = 1000, 700, 200
QUICK_BLOCKS, QUICK_TESTED, QUICK_DRAWS = 20, 200, 20
HALF_WIDTH, ERROR = 0.05, 0.01
"""Largest half-width of the 99% interval of the slope, and largest expected calibration error."""
Z99 = 2.5758293035489004
RULE = "cut-off rule after ESID"


@dataclass(frozen=True)
class OneClass:
    """Calibration of one class; the intervals are those of the blocks drawn again.

    Attributes
    ----------
    slope, slope_half_width : float
        99% interval of the slope: plus and minus the half-width (normal, from the bootstrap's standard error).
    intercept : float
        With the slope held at 1.
    over : float
        Observed over expected.
    error : float
        Expected calibration error over ten bins of people.
    """

    name: str
    events: int
    slope: float
    slope_half_width: float
    intercept: float
    over: float
    error: float

    @property
    def slope_text(self) -> str:
        """The slope with its interval, or a dash where there are too few events for one."""
        return "–" if np.isnan(self.slope_half_width) else f"{self.slope:.3f} ± {self.slope_half_width:.3f}"

    @property
    def holds(self) -> bool:
        """Whether the 99% interval of the slope contains 1 and the error is small."""
        return abs(self.slope - 1.0) <= self.slope_half_width and self.error < ERROR


def run(subject: Subject) -> CheckResult:
    """Simulate, score and judge; finished blocks are kept."""
    size = (QUICK_BLOCKS, QUICK_TESTED, QUICK_DRAWS) if subject.quick else (BLOCKS, TESTED, DRAWS)
    cohort = kept_cohort(subject, NAME, blocks=size[0], tested=size[1], draws=size[2])
    return summarise(cohort, quick=subject.quick)


def block_bootstrap(cohort: Scored) -> Bootstrap:
    """Draw whole blocks again: people of one block share their parameters."""
    return Bootstrap(np.unique(cohort.block, return_inverse=True)[1])


def calibrate_class(p: np.ndarray, event: np.ndarray, bootstrap: Bootstrap, *, name: str) -> OneClass:
    """Calibration of one class against the rest; p (person,), event (person,)."""
    x, y = logit(p), event.astype(float)
    one = np.ones((p.size, 1))
    line = np.column_stack([one[:, 0], x])
    slope, drawn = bootstrap.apply(lambda w: fit_logistic(line, y, w)[:, 1])
    unit = np.ones((1, p.size))
    return OneClass(
        name, int(event.sum()), float(slope), _half_width(drawn),
        float(fit_logistic(one, y, unit, offset=x)[0, 0]), float(ratio(p, y, unit)[0]),
        float(calibration_error(p, y, bin_numbers(p), unit)[0]),
    )  # fmt: skip


def _half_width(drawn: np.ndarray) -> float:
    """Half of the 99% interval from bootstrap draws; nan where hardly any draw has a slope."""
    there = drawn[np.isfinite(drawn)]
    return float(Z99 * there.std()) if 2 * len(there) > len(drawn) else float("nan")


def calibrate_all(p: np.ndarray, cohort: Scored) -> list[OneClass]:
    """Calibration of every class that has people; p (person, class)."""
    bootstrap = block_bootstrap(cohort)
    return [
        calibrate_class(p[:, k], cohort.truth == k, bootstrap, name=name)
        for k, name in enumerate(CLASSES)
        if 0 < int((cohort.truth == k).sum()) < len(cohort.truth)
    ]


def decisions(cohort: Scored) -> DecisionCurves:
    """Net benefit of acting on P(primary), against the cut-off rule, all and none."""
    p = cohort.answer[:, PRIMARY]
    return decision_curves(
        {"answer of the tool": p, RULE: cohort.rule.astype(float)}, cohort.truth == PRIMARY, block_bootstrap(cohort),
        acts={RULE: cohort.rule},
    )  # fmt: skip


def summarise(cohort: Scored, *, quick: bool) -> CheckResult:
    """Judge slope and error of every class, and draw the decision curves."""
    answer, plain = calibrate_all(cohort.answer, cohort), calibrate_all(cohort.plain, cohort)
    curves = decisions(cohort)
    primary = next((c for c in answer if c.name == "primary"), None)
    wide = primary is None or primary.slope_half_width >= HALF_WIDTH
    passed = None if quick or wide else all(c.holds for c in answer)
    statistic: dict[str, float] = {"people": len(cohort.truth), "tested": cohort.tested}
    for kind, found in (("answer", answer), ("plain mean", plain)):
        for c in found:
            statistic |= {
                f"{kind}, {c.name}: slope": c.slope, f"{kind}, {c.name}: half-width (99%)": c.slope_half_width,
                f"{kind}, {c.name}: calibration error": c.error, f"{kind}, {c.name}: observed over expected": c.over,
            }  # fmt: skip
    table = CheckTable(
        (
            "answer",
            "class",
            "people",
            "slope (99%)",
            "intercept",
            "observed over expected",
            "calibration error",
            "holds",
        ),
        tuple(_row("of the tool", c) for c in answer) + tuple(_row("plain mean", c) for c in plain),
        note=f"Holds: the 99% interval of the slope contains 1 and the expected calibration error is below {ERROR:g}. "
        "Intervals by drawing blocks again.",
    )
    return CheckResult(NAME, passed, statistic, table, _figure(curves), _text(cohort, answer, plain, curves, wide))


def _text(
    cohort: Scored, answer: Sequence[OneClass], plain: Sequence[OneClass], curves: DecisionCurves, wide: bool
) -> str:
    text = (
        f"{len(cohort.truth):,} people with a low IgM out of {cohort.tested:,} tested. The answer of the tool holds "
        f"for {_holding(answer)}; the plain mean over the draws, which it is not, for {_holding(plain)}. "
    )
    if wide:
        text += f"The interval of the slope is wider than {HALF_WIDTH:g} either way: too few people to judge. "
    return text + gain_text(curves)


def _holding(found: Sequence[OneClass]) -> str:
    """Name the classes whose calibration holds."""
    held = [c.name.replace("_", " ") for c in found if c.holds]
    if len(held) == len(found):
        return "every class"
    return " and ".join(held) if held else "no class"


def lead_of(curves: DecisionCurves) -> np.ndarray:
    """Net benefit of the answer less the best of the rule, all and none; (threshold,), at most 1e-12 below is 0."""
    own, rule = curves.methods["answer of the tool"], curves.methods[RULE]
    lead = own.value - np.maximum(np.maximum(rule.value, curves.everybody.value), 0.0)
    return np.where(np.abs(lead) < 1e-12, 0.0, lead)


def gain_text(curves: DecisionCurves) -> str:
    """Say over which thresholds the answer is worth more than the rule, all and none."""
    lead = 1000.0 * lead_of(curves)
    return (
        f"Its net benefit is at least that of the {RULE}, of acting on all and on none at {int((lead >= 0.0).sum())} "
        f"of {len(lead)} thresholds from 1% to 50%; the lead is {lead.min():+.2f} to {lead.max():+.2f} cases per 1,000."
    )


def _figure_title(curves: DecisionCurves) -> str:
    lead = lead_of(curves)
    return (
        f"The answer is worth more than the rule, all and none at {int((lead >= 0.0).sum())} of {len(lead)} thresholds"
    )


def _row(kind: str, c: OneClass) -> tuple[str, ...]:
    return (
        kind, c.name.replace("_", " "), f"{c.events:,}", c.slope_text,
        f"{c.intercept:+.3f}", f"{c.over:.3f}", f"{c.error:.4f}", "yes" if c.holds else "no",
    )  # fmt: skip


def _figure(curves: DecisionCurves) -> str:
    lines = [NetBenefit(name, line.value, line.lower, line.upper) for name, line in curves.methods.items()]
    drawn = plot_decision_curve(
        curves.thresholds, lines, curves.everybody.value, title=_figure_title(curves), event="primary"
    )
    return svg_text(drawn, alt="Decision curves of the answer, the cut-off rule and acting on everybody", prefix="net")
