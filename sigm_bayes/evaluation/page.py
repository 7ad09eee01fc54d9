"""An evaluation as one HTML page with its figures inside (needs jinja2 and matplotlib)."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from sigm_bayes.evaluation.assess import Assessment
from sigm_bayes.evaluation.calibration import Calibration
from sigm_bayes.evaluation.resampling import Estimate
from sigm_bayes.evaluation.sheets import sheets
from sigm_bayes.evaluation.wording import LABELS, calibration_title, cautions, decision_title, summary
from sigm_bayes.plots.calibration import CalibrationPanel, plot_calibration
from sigm_bayes.plots.decision_curve import NetBenefit, plot_decision_curve
from sigm_bayes.plots.evaluation_svg import svg_text
from sigm_bayes.plots.group_scores import plot_group_scores
from sigm_bayes.query.summary import INTERVAL_LEVEL


def write_page(found: Assessment, path: Path) -> None:
    """Write the page."""
    path.write_text(page(found), encoding="utf-8")


def page(found: Assessment) -> str:
    """Return the page: a sentence to forward, what limits it, figures and tables."""
    import jinja2

    source = files("sigm_bayes.evaluation").joinpath("evaluation_report.html.j2").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    return environment.from_string(source).render(
        found=found,
        summary=summary(found),
        cautions=cautions(found),
        sheets=sheets(found),
        figures=figures(found),
        baselines=baseline_meanings(found),
        level=f"{INTERVAL_LEVEL:.0%}",
        first=next(iter(found.evaluation.methods)),
    )


def baseline_meanings(found: Assessment) -> dict[str, str]:
    """Return what each baseline of the evaluation is."""
    from sigm_bayes.evaluation.baselines import MEANING

    return {name: MEANING[name] for name in found.evaluation.methods if name in MEANING}


def figures(found: Assessment) -> dict[str, str]:
    """Return the figures as SVG by the title of the table they stand above; none where there is nothing to draw."""
    out = {}
    if (decision := _decision(found)) is not None:
        title = decision_title(found).replace("\n", " ")
        out["Decisions"] = svg_text(decision, alt=f"Decision curves. {title}", prefix="decision")
    if (calibration := _calibration(found)) is not None:
        out["Calibration"] = svg_text(calibration, alt="Calibration curves, a panel a class", prefix="calibration")
    scores = _scores(found)
    out["Methods"] = svg_text(scores, alt="Mean log score of every method with its interval", prefix="scores")
    return out


def _decision(found: Assessment) -> Any:
    decision, event = found.evaluation.decision, found.evaluation.event
    if isinstance(decision, str):
        return None
    lines = [
        NetBenefit(name, line.value, line.lower if n == 0 else None, line.upper if n == 0 else None)
        for n, (name, line) in enumerate(decision.methods.items())
        if name != "class shares"
    ]
    return plot_decision_curve(
        decision.thresholds,
        lines,
        decision.everybody.value,
        title=decision_title(found),
        event=LABELS.get(event, event),
    )


def _calibration(found: Assessment) -> Any:
    own = next(iter(found.evaluation.methods.values()))
    panels = [_panel(name, c) for name, c in own.calibration.items() if isinstance(c, Calibration)]
    return plot_calibration(panels, level=INTERVAL_LEVEL) if panels else None


def _panel(name: str, found: Calibration) -> CalibrationPanel:
    bins = np.array([[b.predicted, *_three(b.observed), b.people] for b in found.bins], dtype=float)
    curve = found.curve
    drawn = None
    if curve is not None:
        drawn = np.column_stack([curve.predicted, curve.observed, curve.lower, curve.upper])
    return CalibrationPanel(calibration_title(name, found), bins, drawn, found.curve_reason)


def _three(found: Estimate) -> tuple[float, float, float]:
    value = float("nan") if found.value is None else found.value
    lower = value if found.lower is None else found.lower
    return value, lower, value if found.upper is None else found.upper


def _scores(found: Assessment) -> Any:
    """Draw the log score of every method, over everybody and by centre."""
    evaluation = found.evaluation
    centres = [g for g in evaluation.groups if g.kind == "centre"]
    names = [f"everybody ({evaluation.cases.size:,})", *(f"{g.name} ({sum(g.counts.values()):,})" for g in centres)]
    values = {
        method: [_point(m.log_score), *(_point(g.log_score[method]) for g in centres)]
        for method, m in evaluation.methods.items()
    }
    return plot_group_scores(names, values, title=_scores_title(found), unit="mean log score (0 is perfect)")


def _point(found: Estimate) -> tuple[float, float, float] | None:
    return None if found.value is None else _three(found)


def _scores_title(found: Assessment) -> str:
    methods = found.evaluation.methods
    first = next(iter(methods))
    ahead = [n for n, m in methods.items() if m.log_score_lead is not None and (m.log_score_lead.lower or 0.0) > 0.0]
    return f"The {first} scores better than {len(ahead)} of {len(methods) - 1} other methods"
