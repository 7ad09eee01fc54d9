"""What a repeat IgM, taken when well some months after the last sample, would show: the results on a grid."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from sigm_bayes.likelihood import person
from sigm_bayes.likelihood.hypotheses import NORMAL
from sigm_bayes.likelihood.igm_series import MAX_SAMPLES
from sigm_bayes.likelihood.namespace import NUMPY
from sigm_bayes.query.encode_samples import Later, as_later, courses, kept_results, later_results, sample_bounds
from sigm_bayes.query.repeat_nodes import Course, Nodes
from sigm_bayes.query.situation import Situation

FINE = 1.22
"""Ratio of neighbouring grid values: two and a half laboratory SDs. A finer grid has about 1% more bits."""
LOWEST_SHARE, HIGHEST_SHARE = 0.1, 1.0
"""The grid runs from this share of the lower limit to this share of the upper one; beyond them one cell each."""
WELL = "well"
_SMALLEST = 1e-300
FEWER = 2
"""Divisor of the number of draws where there are several results, which take longer to weigh."""


@dataclass(frozen=True)
class RepeatGrid:
    """The cells of printed results and how likely each is.

    Attributes
    ----------
    edges : (cell + 1,)
        mg/dL, from 0 to infinity; `lower_limit` lies on an edge.
    likelihood : (cell, draw, hypothesis)
        P(result in the cell | hypothesis, what is known); sums to 1 over cells.
    joint : (draw, hypothesis)
        P(draw, hypothesis | what is known) of the draws that it belongs to.
    low : (cell,) bool
        Below the lower limit.
    """

    edges: np.ndarray
    likelihood: np.ndarray
    joint: np.ndarray
    low: np.ndarray


def repeat_grid(s: Situation, *, years: float) -> RepeatGrid:
    """Predict a repeat.

    Parameters
    ----------
    years
        From the last IgM to the repeat.
    """
    few = s if s.case.series is None else s.thinned(max(1, len(s.joint) // FEWER))
    limits = s.limits
    edges = grid_edges(limits)
    log_p = repeat_cells(few, edges=edges, years=years)
    likelihood = np.exp(log_p - log_p.max(axis=0))
    return RepeatGrid(edges, likelihood / likelihood.sum(axis=0), few.joint, edges[1:] <= limits[0])


def repeat_cells(s: Situation, *, edges: np.ndarray, years: float) -> np.ndarray:
    """log P(results known, repeat in each cell of the grid | hypothesis); (cell, draw, hypothesis)."""
    catalogue, priors = s.encoder.catalogue, s.encoder.priors
    rows, place = _known_results(s, s.limits)
    at, stopped = _years_of_last(rows, place) + years, _stopped(s)
    cells = [Later(float(a), float(b), WELL, at, stopped_for=stopped) for a, b in itertools.pairwise(edges)]
    low, high, _ = (np.array(x) for x in zip(*(sample_bounds(cell, catalogue) for cell in cells), strict=True))
    known = [sample_bounds(row, catalogue) for row in (as_later(s.patient.igm[0]), *rows)]
    nodes = Nodes(s, known, cells=(low, high), well=catalogue.context_index(WELL))
    rate, fixed = courses([*rows, cells[0]], catalogue, list(priors.coords["recovery"]))
    elapsed = np.array([*(row.years for row in rows), at])

    def course(rate: np.ndarray, fixed: np.ndarray) -> Course:
        gone = person._gone(NUMPY, np.exp(s.parameters["log_recovery_rate"]), rate, elapsed, fixed)
        return Course(gone[:, :-1], gone[:, -1])

    persistent, parts = nodes.together(nodes.healthy_mean, nodes.healthy_sd), [nodes.apart(c) for c in nodes.shifts()]
    mixing, kinds = nodes.mixing(), person.kind_index(s.case.depletion)
    made: dict[tuple[object, ...], np.ndarray] = {}
    columns = []
    for h, kind in enumerate(kinds):
        told = (tuple(rate[h]), tuple(fixed[h]))
        if told not in made:
            shifted = [nodes.over_patterns(part, course(rate[h], fixed[h])) for part in parts]
            made[told] = np.einsum("cdh,cdk->hdk", mixing, np.array([persistent, *shifted]))
        columns.append(made[told][kind])
    if s.case.delay_share > 0.0:
        maturing = np.full(len(elapsed), 4)
        columns[NORMAL] = _with_delay(s, nodes, persistent, course(maturing, np.full(len(elapsed), -1.0)))
    return np.log(np.maximum(np.array(columns), _SMALLEST)).transpose(2, 1, 0)


def _with_delay(s: Situation, nodes: Nodes, persistent: np.ndarray, maturing: Course) -> np.ndarray:
    """The healthy with the late maturers among them, whose later level is a fresh draw once they have caught up."""
    late, share = nodes.late(), s.case.delay_share
    stayed = share * nodes.together(late.mean, late.sd)
    remaining = np.maximum(persistent - stayed, 1e-6 * persistent)
    return np.asarray(remaining + share * nodes.over_patterns(nodes.apart(late), maturing))


def grid_edges(limits: tuple[float, float], *, step: float = FINE) -> np.ndarray:
    """Edges between printed whole numbers of mg/dL; the largest result that is low ends below an edge."""
    limit, high = limits
    last_low = max(1, math.floor(limit - 0.5))  # prints as a value whose whole interval lies below the limit
    values = {last_low}
    for start, stop, ratio in ((last_low, LOWEST_SHARE * limit, 1.0 / step), (last_low, HIGHEST_SHARE * high, step)):
        value = float(start)
        while (value > stop) if ratio < 1.0 else (value < stop):
            value *= ratio
            values.add(max(1, round(value)))
    return np.array([0.0, *(value + 0.5 for value in sorted(values)), math.inf])


def _known_results(s: Situation, limits: tuple[float, float]) -> tuple[list[Later], int]:
    """Results after the first as they will count beside a repeat, and the place of the repeat among them."""
    rows = later_results(s.patient, priors=s.encoder.priors, limits=limits)
    repeats = min(len(kept_results(s.patient)) - 1, len(rows))
    if repeats == MAX_SAMPLES - 1:  # the oldest repeat makes room, as it will once the new one is entered
        rows, repeats = rows[1:], repeats - 1
    return rows[: MAX_SAMPLES - 2], repeats


def _years_of_last(rows: list[Later], place: int) -> float:
    return max((row.years for row in rows[:place]), default=0.0)


def _stopped(s: Situation) -> tuple[str, ...]:
    """Exposures that have a last dose: by the time of a repeat they are over."""
    dated = ((id, e) for id, e in s.patient.causes.items() if e.state == "present")
    return tuple(id for id, e in dated if e.last_dose_years is not None)
