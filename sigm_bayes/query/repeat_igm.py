"""What a repeat IgM, taken when well some months after the last sample, would show: the results on a grid."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace

import numpy as np

from sigm_bayes.likelihood import person
from sigm_bayes.likelihood.igm_series import BIN_WIDTH, MAX_SAMPLES
from sigm_bayes.likelihood.namespace import NUMPY
from sigm_bayes.query.encode_samples import Later, kept_results, later_results, sample_bounds, series_of
from sigm_bayes.query.repeat_after_one import MOST_BINS, cells_after_one
from sigm_bayes.query.situation import Situation

FINE, COARSE = 1.22, 1.45
"""Ratio of neighbouring grid values after one result, and where every cell is tabulated by itself. `FINE` is two and
a half laboratory SDs: a finer grid has about 1% more bits, the coarse one about 5% less."""
LOWEST_SHARE, HIGHEST_SHARE = 0.1, 1.0
"""The grid runs from this share of the lower limit to this share of the upper one; beyond them one cell each."""
WELL = "well"
FEWER_DRAWS = {1: 2, 2: 4, 3: 5, 4: 8}
"""Divisor of the number of draws by the number of results, on the coarse grid: long series cost more and surprise
less."""


@dataclass(frozen=True)
class RepeatGrid:
    """The cells of printed results and how likely each is.

    Attributes
    ----------
    edges : (cell + 1,)
        mg/dL, from 0 to infinity; `lower_limit` lies on an edge.
    likelihood : (cell, draw, hypothesis)
        P(result in the cell | hypothesis, what is known); sums to 1 over cells.
    p : (draw, hypothesis)
        The draws that it belongs to.
    low : (cell,) bool
        Below the lower limit.
    """

    edges: np.ndarray
    likelihood: np.ndarray
    p: np.ndarray
    low: np.ndarray


def repeat_grid(s: Situation, *, years: float) -> RepeatGrid:
    """Predict a repeat.

    Parameters
    ----------
    years
        From the last IgM to the repeat.
    """
    n = len(s.case.series.elapsed) if s.case.series is not None else 0
    simple = _one_close_result(s)
    few = s if simple else s.thinned(max(1, len(s.p) // FEWER_DRAWS[min(n + 1, max(FEWER_DRAWS))]))
    limits = s.encoder.igm_limits(s.patient)
    edges = grid_edges(limits, step=FINE if simple else COARSE)
    log_p = repeat_cells(few, edges=edges, years=years)
    likelihood = np.exp(log_p - log_p.max(axis=0))
    return RepeatGrid(edges, likelihood / likelihood.sum(axis=0), few.p, edges[1:] <= limits[0])


def repeat_cells(s: Situation, *, edges: np.ndarray, years: float) -> np.ndarray:
    """log P(results known, repeat in each cell of the grid | hypothesis); (cell, draw, hypothesis)."""
    catalogue, priors = s.encoder.catalogue, s.encoder.priors
    rows, place = _known_results(s, s.encoder.igm_limits(s.patient))
    at, stopped = _years_of_last(rows, place) + years, _stopped(s)
    cells = [Later(float(a), float(b), WELL, at, stopped_for=stopped) for a, b in itertools.pairwise(edges)]
    if _one_close_result(s):
        series = series_of(s.patient.igm[0], cells[:1], s.case, catalogue=catalogue, priors=priors)
        low, high, context = zip(*(sample_bounds(cell, catalogue) for cell in cells), strict=True)
        return cells_after_one(s, series, log_low=np.array(low), log_high=np.array(high), well=context[0])
    log_p = []
    for cell in cells:
        later = [*rows[:place], cell, *rows[place:]][: MAX_SAMPLES - 1]
        series = series_of(
            s.patient.igm[0], later, s.case, catalogue=catalogue, priors=priors, without_first=False
        )  # fmt: skip
        case = replace(s.case, series=series)
        log_p.append(np.asarray(person.log_igm_series(NUMPY, s.parameters, case, first_known=True)[0]))
    return np.array(log_p)


def _one_close_result(s: Situation) -> bool:
    """Whether all that is known of IgM is one result in so few Gaussians that every cell can be done at once."""
    first = s.patient.igm[0]
    bins = math.log(first.high_mg_dl / first.low_mg_dl) / (BIN_WIDTH * s.case.noise.error_sd) if first.low_mg_dl else 99
    return s.case.series is None and s.case.delay_share == 0.0 and bins <= MOST_BINS


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
    return rows, repeats


def _years_of_last(rows: list[Later], place: int) -> float:
    return max((row.years for row in rows[:place]), default=0.0)


def _stopped(s: Situation) -> tuple[str, ...]:
    """Exposures that have a last dose: by the time of a repeat they are over."""
    dated = ((id, e) for id, e in s.patient.causes.items() if e.state == "present")
    return tuple(id for id, e in dated if e.last_dose_years is not None)
