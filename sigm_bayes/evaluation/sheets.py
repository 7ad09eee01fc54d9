"""An evaluation as tables of text, which the terminal and the page print alike."""

from __future__ import annotations

from dataclasses import dataclass

from sigm_bayes.evaluation.assess import Assessment
from sigm_bayes.evaluation.calibration import Calibration
from sigm_bayes.evaluation.measures import FEWEST, Group
from sigm_bayes.evaluation.resampling import Estimate
from sigm_bayes.evaluation.wording import LABELS, beyond_all_and_none, number, share

NONE = "–"
WITHIN = (
    " c within centres compares people of one centre only: what learns with a centre left out expects the less of a "
    "class the more of it that centre has, so that between centres (and in the polytomous index) it can fall below "
    "guessing."
)


@dataclass(frozen=True)
class Sheet:
    """A table: title, what to know of it, header, rows; all columns but the first are numbers."""

    title: str
    note: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def sheets(found: Assessment) -> list[Sheet]:
    """Return all tables, the most asked for first."""
    out = [methods_sheet(found), calibration_sheet(found), discrimination_sheet(found), decision_sheet(found)]
    if found.evaluation.rules:
        out.append(rules_sheet(found))
    for kind, title in (("centre", "By centre"), ("age band", "By age")):
        groups = [group for group in found.evaluation.groups if group.kind == kind]
        if groups:
            out.append(groups_sheet(found, groups, title))
    return [*out, excluded_sheet(found)]


def _label(name: str) -> str:
    return LABELS.get(name, name)


def methods_sheet(found: Assessment) -> Sheet:
    """Scores of every method over everybody."""
    methods, event = found.evaluation.methods, found.evaluation.event
    first = next(iter(methods))
    several = len(found.evaluation.cases.centres) > 1
    rows = [
        (
            name,
            number(m.log_score),
            NONE if m.log_score_lead is None else number(m.log_score_lead),
            number(m.brier, digits=3),
            _brief(m.c[event]),
            *([_brief(m.within[event])] if several else []),
            _brief(m.polytomous),
        )
        for name, m in methods.items()
    ]
    header = ["method", "log score", f"{first} ahead by", "Brier", f"c, {_label(event)}"]
    header += [*(["c, within centres"] if several else []), "polytomous"]
    return Sheet(
        "Methods",
        "Log score: mean of ln P(class that turned out), 0 is perfect. Brier: squared distance from what turned out, "
        "0 is perfect, 2 the worst. c: chance that a person of the class has the higher probability, one half is "
        "guessing. Polytomous: the same for all classes at once, one quarter is guessing. The classes have no order, "
        "so there is no ranked score." + (WITHIN if several else ""),
        tuple(header),
        tuple(rows),
    )


def _brief(found: Estimate) -> str:
    return number(found) if found.value is not None else NONE


def calibration_sheet(found: Assessment) -> Sheet:
    """Calibration of the first method, by class."""
    first, own = next(iter(found.evaluation.methods.items()))
    rows: list[tuple[str, ...]] = []
    for name, c in own.calibration.items():
        if isinstance(c, Calibration):
            shift = own.recalibration.intercepts.get(name)
            joint = NONE if shift is None else number(shift)
            rows.append(
                (
                    _label(name),
                    f"{c.events:,}",
                    f"{c.expected:,.0f}",
                    number(c.ratio),
                    number(c.intercept),
                    number(c.slope),
                    number(c.error, digits=3),
                    joint,
                )
            )
        else:
            rows.append((_label(name), c, *[NONE] * 6))
    slope = number(own.recalibration.slope)
    return Sheet(
        f"Calibration of the {first}",
        "Each class against the rest. Intercept (slope held at 1): above 0, commoner than predicted. Slope: below 1, "
        "predictions too extreme. Error: mean distance of prediction and outcome over tenths of the people; never "
        f"0, the less people the larger. Jointly: intercept against {_label(own.recalibration.reference)} when all "
        f"classes are recalibrated at once; the joint slope is {slope}.",
        ("class", "turned out", "expected", "ratio", "intercept", "slope", "error", "jointly"),
        tuple(rows),
    )


def discrimination_sheet(found: Assessment) -> Sheet:
    """c-statistics of every method: class against rest, and the class in question against each other class."""
    evaluation = found.evaluation
    classes, event = evaluation.cases.classes, evaluation.event
    pairs = [pair for pair in next(iter(evaluation.methods.values())).pairwise if event in pair]
    header = ["method", *(f"{_label(name)} / rest" for name in classes)]
    header += [" / ".join(_label(name) for name in pair) for pair in pairs]
    rows = [
        (name, *(_brief(m.c[k]) for k in classes), *(_brief(m.pairwise[pair]) for pair in pairs))
        for name, m in evaluation.methods.items()
    ]
    few = {reason for m in evaluation.methods.values() for e in m.c.values() if (reason := e.reason)}
    note = "c-statistics: one class against all others, and two classes among people of these two."
    return Sheet("Discrimination", " ".join([note, *sorted(few)]), tuple(header), tuple(rows))


def decision_sheet(found: Assessment) -> Sheet:
    """Where acting on each method is shown to be worth more than acting on all or none."""
    rows = [(name, beyond_all_and_none(found, name)) for name in found.evaluation.methods]
    note = (
        "Net benefit at a threshold t: cases found less t / (1 - t) for every needless work-up, by person; a method is "
        "named where the interval of its gain over the better of acting on all and on none lies above 0. A rule acts "
        "or does not, whatever the threshold."
    )
    return Sheet("Decisions", note, ("method", f"acting on P({_label(found.evaluation.event)}) is"), tuple(rows))


def rules_sheet(found: Assessment) -> Sheet:
    """How often a rule acts, and how well."""
    rows = [
        (name, f"{r.acted:,}", share(r.sensitivity), share(r.specificity), share(r.positive_predictive))
        for name, r in found.evaluation.rules.items()
    ]
    header = ("rule", "met by", "sensitivity", "specificity", "of those who meet it")
    return Sheet(f"Rules, for {_label(found.evaluation.event)}", "", header, tuple(rows))


def groups_sheet(found: Assessment, groups: list[Group], title: str) -> Sheet:
    """Measures of the first method by group, and the log score of the best other one."""
    methods, event = found.evaluation.methods, found.evaluation.event
    first = next(iter(methods))
    others = [name for name in methods if name != first]
    best = max(others, key=lambda name: methods[name].log_score.value or float("-inf"), default=None)
    rows = []
    for g in groups:
        scores = [_brief(g.log_score[first])] + ([] if best is None else [_brief(g.log_score[best])])
        own = (_brief(g.c[first]), _brief(g.ratio[first]))
        rows.append((g.name, f"{sum(g.counts.values()):,}", f"{g.counts[event]:,}", share(g.share), *scores, *own))
    label = _label(event)
    header = ["group", "people", label, f"share {label}", f"log score, {first}"]
    header += [] if best is None else [f"log score, {best}"]
    note = (
        f"{NONE}: fewer than {FEWEST} {label} (c, ratio), or fewer than {FEWEST} people outside the commonest class "
        "(log score): too few for a number."
    )
    return Sheet(title, note, (*header, f"c, {label}", f"ratio, {label}"), tuple(rows))


def excluded_sheet(found: Assessment) -> Sheet:
    """Who was not evaluated, and why."""
    rows = [(why, f"{n:,}") for why, n in found.excluded.items() if n]
    rows.append(("evaluated", f"{found.evaluation.cases.size:,}"))
    note = f"Of {found.registry_people:,} people that the registry holds."
    return Sheet("Who is in it", note, ("", "people"), tuple(rows))
