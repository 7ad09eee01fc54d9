"""Evaluate predicted class probabilities against what turned out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sigm_bayes.cohort.columns import CLASSES
from sigm_bayes.errors import InputError, Problem
from sigm_bayes.evaluation.cases import Cases, check_predictions, make_cases
from sigm_bayes.evaluation.decision import DecisionCurves, decision_curves
from sigm_bayes.evaluation.measures import Group, Measures, measure, measure_group, too_few
from sigm_bayes.evaluation.resampling import DRAWS, SEED, Bootstrap, Estimate, proportion
from sigm_bayes.query.summary import INTERVAL_LEVEL

FORMAT = "sigm_bayes.evaluation/1"


@dataclass(frozen=True)
class RuleCounts:
    """How a rule that acts or does not act found the class in question."""

    acted: int
    sensitivity: Estimate
    specificity: Estimate
    positive_predictive: Estimate

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {k: v.to_dict() if isinstance(v, Estimate) else v for k, v in vars(self).items()}


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    Attributes
    ----------
    cases : Cases
    event : str
        The class that decision curves and groups are about.
    methods : dict of str to Measures
        The first is the one that the others are compared with.
    decision : DecisionCurves or str
        A text is the reason why there are none.
    rules : dict of str to RuleCounts
    groups : tuple of Group
        Centres, then age bands.
    draws, seed : int
        Of the bootstrap.
    """

    cases: Cases
    event: str
    methods: dict[str, Measures]
    decision: DecisionCurves | str
    rules: dict[str, RuleCounts]
    groups: tuple[Group, ...]
    draws: int
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """The whole evaluation as plain data; no row of any person is in it."""
        decision = {"reason": self.decision} if isinstance(self.decision, str) else self.decision.to_dict()
        return {
            "format": FORMAT,
            "people": int(np.unique(self.cases.person).size),
            "rows": self.cases.size,
            "counts": self.cases.counts(),
            "event": self.event,
            "interval": {"level": INTERVAL_LEVEL, "kind": "bootstrap of people, equal-tailed"},
            "bootstrap": {"draws": self.draws, "seed": self.seed},
            "methods": {name: found.to_dict() for name, found in self.methods.items()},
            "decision_curves": decision,
            "rules": {name: found.to_dict() for name, found in self.rules.items()},
            "groups": [group.to_dict() for group in self.groups],
        }


def evaluate(
    predictions: Mapping[str, ArrayLike],
    truth: Sequence[str] | ArrayLike,
    *,
    centre: Sequence[str] | None = None,
    age_band: Sequence[str] | None = None,
    person: Sequence[object] | None = None,
    acts: Mapping[str, ArrayLike] | None = None,
    classes: Sequence[str] = CLASSES,
    event: str = "primary",
    draws: int = DRAWS,
    seed: int = SEED,
) -> Evaluation:
    """Evaluate class probabilities of one or several methods.

    Predictions of models that were refitted without each centre are given here like any others.

    Parameters
    ----------
    predictions : mapping of str to array_like, shape (row, class)
        By method; the first is the one that the others are compared with.
    truth : sequence of str, or array_like of int, shape (row,)
        Class that turned out.
    centre, age_band : sequence of str, shape (row,), optional
        Groups that are reported on their own; empty where not known.
    person : sequence, shape (row,), optional
        Who the row belongs to: rows of one person are drawn together in the bootstrap.
    acts : mapping of str to array_like of bool, shape (row,), optional
        What a rule among the methods does whatever the threshold.
    classes : sequence of str
    event : str
        The class that decision curves and groups are about.
    draws, seed : int
        Of the bootstrap.

    Raises
    ------
    InputError
        Lists what is wrong: shapes, NaN, rows that do not sum to 1, unknown classes.
    """
    names = tuple(str(name) for name in classes)
    if event not in names:
        raise InputError([Problem("event", event, "is no class", f"Use one of: {', '.join(names)}.")])
    cases = make_cases(truth, centre=centre, age_band=age_band, person=person, classes=names)
    checked = check_predictions(predictions, cases)
    ruled = _check_acts(acts or {}, checked, cases)
    bootstrap = Bootstrap(cases.person, draws, seed)
    first = next(iter(checked))
    methods = {
        name: measure(p, cases, bootstrap, first=None if name == first else checked[first])
        for name, p in checked.items()
    }
    at = names.index(event)
    hit = cases.truth == at
    few = too_few(int(hit.sum()), cases.size)
    decision: DecisionCurves | str = f"{event}: {few}"
    if not few:
        decision = decision_curves({name: p[:, at] for name, p in checked.items()}, hit, bootstrap, acts=ruled)
    groups = tuple(
        measure_group(kind, word, rows, checked, cases, bootstrap, at)
        for kind, code, words in (
            ("centre", cases.centre, cases.centres),
            ("age band", cases.age_band, cases.age_bands),
        )
        for n, word in enumerate(words)
        if (rows := np.flatnonzero(code == n)).size
    )
    rules = {name: _rule(acted, hit) for name, acted in ruled.items()}
    return Evaluation(cases, event, methods, decision, rules, groups, draws, seed)


def _check_acts(
    acts: Mapping[str, ArrayLike], predictions: Mapping[str, object], cases: Cases
) -> dict[str, NDArray[np.bool_]]:
    problems, out = [], {}
    for name, given in acts.items():
        acted = np.asarray(given)
        if name not in predictions:
            problems.append(Problem(f"acts: {name}", None, "is not among the predictions", "Give its probabilities."))
        elif acted.shape != (cases.size,) or acted.dtype != bool:
            problems.append(Problem(f"acts: {name}", None, f"expected {cases.size} truth values", ""))
        out[name] = acted
    if problems:
        raise InputError(problems, source="acts")
    return out


def _rule(acted: NDArray[np.bool_], hit: NDArray[np.bool_]) -> RuleCounts:
    both = int((acted & hit).sum())
    return RuleCounts(
        acted=int(acted.sum()),
        sensitivity=proportion(both, int(hit.sum())),
        specificity=proportion(int((~acted & ~hit).sum()), int((~hit).sum())),
        positive_predictive=proportion(both, int(acted.sum())),
    )
