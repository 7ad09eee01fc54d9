"""An evaluation in sentences: what can be forwarded, and what limits it."""

from __future__ import annotations

import math

import numpy as np

from sigm_bayes.evaluation.assess import MODEL, Assessment
from sigm_bayes.evaluation.calibration import Calibration
from sigm_bayes.evaluation.resampling import Estimate
from sigm_bayes.query.summary import INTERVAL_LEVEL
from sigm_bayes.report.numbers import percent, percent_digits

LABELS = {
    "primary": "primary",
    "secondary": "secondary",
    "normal": "low normal variant",
    "other_immunodeficiency": "another immunodeficiency",
}
SELECTION = {
    "all_tested": "Everybody whose IgM was measured is in the registry.",
    "low_igm": "Only people whose IgM was printed low are in the registry. What is predicted is P(class) once that IgM "
    "is known, so that it is compared as it is; but c-statistics hold among people with a low IgM and are lower than "
    "among everybody tested, and nothing is said of people above the cut-off.",
    "labelled_primary": "Only people whom their centre calls primary are in the registry: the shares of the classes "
    "are not those of a clinic, and calibration says more of the selection than of the model.",
    "not_stated": "How people came into the registry is not stated (--ascertainment); if they were chosen by anything "
    "but what the model is told of them, calibration says more of the choice than of the model.",
}


def people(count: int) -> str:
    """Return ``1 person``, ``2,000 people``."""
    return "1 person" if count == 1 else f"{count:,} people"


def number(found: Estimate, *, digits: int = 2) -> str:
    """Return ``0.86 (0.82 to 0.89)``, or the reason why there is none."""
    if found.value is None:
        return found.reason
    value = _text(found.value, digits)
    if found.lower is None or found.upper is None:
        return value
    return f"{value} ({_text(found.lower, digits)} to {_text(found.upper, digits)})"


def _text(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return text.replace("-0." + "0" * digits, "0." + "0" * digits) if float(text) == 0 else text


def share(found: Estimate) -> str:
    """Return a probability as ``67% (65 to 69)``."""
    if found.value is None:
        return found.reason
    if found.lower is None or found.upper is None:
        return percent(found.value)
    return f"{percent(found.value)} ({percent_digits(found.lower)} to {percent_digits(found.upper)})"


def typical(log_score: Estimate) -> Estimate:
    """Return a mean log score as the geometric mean of P(class that turned out)."""
    if log_score.value is None:
        return log_score
    ends = [None if end is None else math.exp(end) for end in (log_score.lower, log_score.upper)]
    return Estimate(math.exp(log_score.value), ends[0], ends[1], log_score.reason)


def summary(found: Assessment) -> str:
    """Return what was found, in sentences that can be forwarded as they are."""
    evaluation = found.evaluation
    first = next(iter(evaluation.methods))
    own = evaluation.methods[first]
    name = f"{found.model['name']} {found.model['version']}" if first == MODEL else first
    said = [
        (
            f"In {people(evaluation.cases.size)} of {found.test}, compared with {found.outcome}, the model {name} gave "
            f"the class that turned out a probability of {share(typical(own.log_score))} on (geometric) average."
        )
    ]
    rivals = {n: m for n, m in evaluation.methods.items() if n != first and m.log_score.value is not None}
    if rivals:
        best = max(rivals, key=lambda n: rivals[n].log_score.value or -math.inf)
        said.append(f"The best of the {len(rivals)} others, {best}, gave {share(typical(rivals[best].log_score))}; "
                    f"{_lead(rivals[best].log_score_lead)}.")  # fmt: skip
    calibration = own.calibration[evaluation.event]
    label = LABELS.get(evaluation.event, evaluation.event)
    if isinstance(calibration, Calibration):
        said.append(
            f"{calibration.events:,} turned out {label} where it expected {calibration.expected:,.0f}: observed over "
            f"expected {number(calibration.ratio)}, calibration slope {number(calibration.slope)}, "
            f"c-statistic {number(own.c[evaluation.event])}."
        )
    else:
        said.append(f"Of {label} nothing can be said: {calibration}.")
    said.append(f"In brackets: {INTERVAL_LEVEL:.0%} intervals over people. For research and decision support.")
    return " ".join(said)


def _lead(lead: Estimate | None) -> str:
    if lead is None or lead.value is None or lead.lower is None or lead.upper is None:
        return "the difference has no interval"
    text = f"difference in mean log score {number(lead)}"
    if lead.lower > 0.0:
        return f"{text}, in favour of the model"
    return f"{text}, against the model" if lead.upper < 0.0 else f"{text}, which leaves open which of them is better"


def cautions(found: Assessment) -> list[str]:
    """Return what limits the evaluation, in sentences."""
    out = [SELECTION[found.ascertainment]]
    if not found.outcome_known:
        out.append(
            "The comparison is with what the centres call a person, some of it wrong: a method that copies their "
            "habits looks better than it is, and the model worse."
        )
    baselines = len(found.evaluation.methods) > 1
    if baselines and found.left_out == "centre":
        out.append(
            "The baselines learnt from this registry (from the other centres each time) what turned out; the model "
            "has seen nothing of it. That favours the baselines: a clinic that starts has no such registry."
        )
    elif baselines:
        out.append(
            "There is one centre only: the baselines learnt from other parts of the same centre, so that how they "
            "would do elsewhere is not shown."
        )
    if found.evaluation.cases.centres and len(found.evaluation.cases.centres) < 10:
        count = len(found.evaluation.cases.centres)
        out.append(
            f"Intervals are over people, not over centres: with {count} centre{'s' if count > 1 else ''} little can be "
            "said of the next one."
        )
    for name, method in found.evaluation.methods.items():
        if method.floored:
            out.append(f"{name}: {people(method.floored)} had a class that it held impossible; counted at 1e-12.")
    return out


def beyond_all_and_none(found: Assessment, method: str) -> str:
    """Return at which thresholds acting on a method is shown to be better than acting on all and on none."""
    decision = found.evaluation.decision
    if isinstance(decision, str):
        return f"no decision curve: {decision}"
    better = np.flatnonzero(decision.gain[method].lower > 0.0)
    if not better.size:
        return "at no threshold is it shown to be better than acting on everybody and on nobody"
    runs = np.split(better, np.flatnonzero(np.diff(better) > 1) + 1)
    at = decision.thresholds
    spans = [percent(at[r[0]]) if r.size == 1 else f"{percent(at[r[0]])} to {percent(at[r[-1]])}" for r in runs]
    return f"better than acting on everybody and on nobody at thresholds of {', '.join(spans)}"


def decision_title(found: Assessment) -> str:
    """Return the finding of the decision curve."""
    first = next(iter(found.evaluation.methods))
    label = LABELS.get(found.evaluation.event, found.evaluation.event)
    return f"Acting on P({label}) of the {first}:\n{beyond_all_and_none(found, first)}"


def calibration_title(name: str, found: Calibration) -> str:
    """Return the finding of one calibration panel."""
    label = LABELS.get(name, name)
    ratio = found.ratio
    if ratio.value is None or ratio.lower is None or ratio.upper is None:
        return f"{label}: {found.events:,} turned out, {found.expected:,.0f} expected"
    word = "more than" if ratio.lower > 1.0 else "fewer than" if ratio.upper < 1.0 else "about as"
    return f"{label}: {found.events:,} turned out,\n{word} expected ({found.expected:,.0f})"
