"""All measures of one method: scores, discrimination, calibration; over everybody and within a group."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.evaluation.calibration import Calibration, Recalibration, calibrate, ratio, recalibrate
from sigm_bayes.evaluation.cases import Cases, IntArray
from sigm_bayes.evaluation.discrimination import c_statistic, pairwise_c, polytomous_index, within_c
from sigm_bayes.evaluation.resampling import Bootstrap, Estimate, proportion
from sigm_bayes.evaluation.scores import brier_scores, floored, log_scores, weighted_mean

FloatArray = NDArray[np.float64]
FEWEST = 10
"""Events (and non-events) below which no measure is given; Collins et al. 2016 (doi:10.1002/sim.6787) ask for 100."""


@dataclass(frozen=True)
class Measures:
    """How one method did over everybody.

    Attributes
    ----------
    log_score, brier : Estimate
        Mean over people: ln P(class that turned out), 0 is perfect; squared distance, 0 is perfect.
    floored : int
        People whose class got less than `sigm_bayes.evaluation.scores.FLOOR`.
    log_score_lead, brier_lead : Estimate or None
        The first method's score less this one's (paired); None for the first method.
    c : dict of str to Estimate
        Class against the rest.
    within : dict of str to Estimate
        The same among people of one centre.
    pairwise : dict of tuple to Estimate
        Class against class.
    polytomous : Estimate
    calibration : dict of str to Calibration or str
        By class; a text is the reason why there is none.
    recalibration : Recalibration
    """

    log_score: Estimate
    brier: Estimate
    floored: int
    log_score_lead: Estimate | None
    brier_lead: Estimate | None
    c: dict[str, Estimate]
    within: dict[str, Estimate]
    pairwise: dict[tuple[str, str], Estimate]
    polytomous: Estimate
    calibration: dict[str, Calibration | str]
    recalibration: Recalibration

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "log_score": self.log_score.to_dict(),
            "brier": self.brier.to_dict(),
            "people_below_floor": self.floored,
            "log_score_of_first_minus_this": self.log_score_lead and self.log_score_lead.to_dict(),
            "brier_of_first_minus_this": self.brier_lead and self.brier_lead.to_dict(),
            "c_statistic": {name: value.to_dict() for name, value in self.c.items()},
            "c_statistic_within_centres": {name: value.to_dict() for name, value in self.within.items()},
            "pairwise_c": {f"{a} against {b}": value.to_dict() for (a, b), value in self.pairwise.items()},
            "polytomous_discrimination_index": self.polytomous.to_dict(),
            "calibration": {
                name: {"reason": found} if isinstance(found, str) else found.to_dict()
                for name, found in self.calibration.items()
            },
            "multinomial_recalibration": self.recalibration.to_dict(),
        }


def measure(p: FloatArray, cases: Cases, bootstrap: Bootstrap, *, first: FloatArray | None) -> Measures:
    """Return all measures of one method.

    Parameters
    ----------
    p : ndarray, shape (row, class)
    cases : Cases
    bootstrap : Bootstrap
    first : ndarray, shape (row, class), or None
        Predictions of the method that this one is compared with.
    """
    truth, classes = cases.truth, cases.classes
    counts = [int((truth == k).sum()) for k in range(len(classes))]
    logs, briers = log_scores(p, truth), brier_scores(p, truth)
    lead: list[Estimate | None] = [None, None]
    if first is not None:
        pairs = ((log_scores(first, truth), logs), (brier_scores(first, truth), briers))
        lead = [_mean(theirs - own, bootstrap) for theirs, own in pairs]
    c: dict[str, Estimate] = {}
    within: dict[str, Estimate] = {}
    calibration: dict[str, Calibration | str] = {}
    for k, name in enumerate(classes):
        few, event = too_few(counts[k], cases.size), truth == k
        if few:
            c[name] = within[name] = Estimate(None, reason=few)
            calibration[name] = few
            continue
        c[name] = bootstrap.estimate(partial(c_statistic, p[:, k], event))
        inside = partial(within_c, p[:, k], event, cases.centre)
        within[name] = bootstrap.estimate(inside, undefined="no centre has both the class and others")
        calibration[name] = calibrate(p[:, k], event, bootstrap)
    pairwise = {
        (classes[a], classes[b]): _pair(p, truth, a, b, counts, bootstrap)
        for a, b in combinations(range(len(classes)), 2)
    }
    few = next((f"{name}: {reason}" for name, n in zip(classes, counts, strict=True) if (reason := too_few(n))), "")
    index = Estimate(None, reason=few) if few else bootstrap.estimate(lambda w: polytomous_index(p, truth, w))
    return Measures(
        log_score=_mean(logs, bootstrap),
        brier=_mean(briers, bootstrap),
        floored=floored(p, truth),
        log_score_lead=lead[0],
        brier_lead=lead[1],
        c=c,
        within=within,
        pairwise=pairwise,
        polytomous=index,
        calibration=calibration,
        recalibration=recalibrate(p, truth, classes, bootstrap),
    )


def too_few(events: int, people: int | None = None) -> str:
    """Return why a measure of one class is not given, or an empty text."""
    if events < FEWEST:
        return "nobody has this class" if not events else f"only {events} of this class (fewer than {FEWEST})"
    if people is not None and people - events < FEWEST:
        rest = people - events
        return "everybody has this class" if not rest else f"only {rest} of the other classes (fewer than {FEWEST})"
    return ""


def _mean(values: FloatArray, bootstrap: Bootstrap) -> Estimate:
    return bootstrap.estimate(lambda w: weighted_mean(values, w))


def _pair(p: FloatArray, truth: IntArray, a: int, b: int, counts: list[int], bootstrap: Bootstrap) -> Estimate:
    few = min(counts[a], counts[b])
    if few < FEWEST:
        return Estimate(None, reason=f"only {few} of one of the two classes (fewer than {FEWEST})")
    return bootstrap.estimate(lambda w: pairwise_c(p, truth, a, b, w))


@dataclass(frozen=True)
class Group:
    """One centre or one age band.

    Attributes
    ----------
    kind, name : str
    counts : dict of str to int
        People by class.
    share : Estimate
        Share of the class in question, Wilson interval.
    log_score, c, ratio : dict of str to Estimate
        By method: mean log score, c-statistic and observed over expected of the class in question.
    """

    kind: str
    name: str
    counts: dict[str, int]
    share: Estimate
    log_score: dict[str, Estimate]
    c: dict[str, Estimate]
    ratio: dict[str, Estimate]

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        by_method = {
            name: {key: getattr(self, key)[name].to_dict() for key in ("log_score", "c", "ratio")}
            for name in self.log_score
        }
        return {
            "kind": self.kind,
            "name": self.name,
            "counts": self.counts,
            "share": self.share.to_dict(),
            "methods": by_method,
        }


def measure_group(
    kind: str,
    name: str,
    rows: IntArray,
    predictions: dict[str, FloatArray],
    cases: Cases,
    bootstrap: Bootstrap,
    event: int,
) -> Group:
    """Return the measures of one group; a measure with fewer than `FEWEST` events is a reason.

    An event of the log score is a person who is not of the group's commonest class.
    """
    truth = cases.truth[rows]
    within = Bootstrap(np.unique(cases.person[rows], return_inverse=True)[1], bootstrap.draws, bootstrap.seed)
    counts = np.bincount(truth, minlength=len(cases.classes))
    hit = truth == event
    few = too_few(int(hit.sum()), rows.size)
    rare = int(rows.size - counts.max())
    few_scores = f"only {rare} people of the rarer classes (fewer than {FEWEST})" if rare < FEWEST else ""
    log_score, c, ratios = {}, {}, {}
    for method, p in predictions.items():
        own = p[rows]
        log_score[method] = Estimate(None, reason=few_scores) if few_scores else _mean(log_scores(own, truth), within)
        if few:
            c[method] = ratios[method] = Estimate(None, reason=few)
            continue
        c[method] = within.estimate(partial(c_statistic, own[:, event], hit))
        ratios[method] = within.estimate(partial(ratio, own[:, event], hit.astype(float)))
    return Group(
        kind=kind,
        name=name,
        counts={label: int(n) for label, n in zip(cases.classes, counts, strict=True)},
        share=proportion(int(hit.sum()), int(rows.size)),
        log_score=log_score,
        c=c,
        ratio=ratios,
    )
