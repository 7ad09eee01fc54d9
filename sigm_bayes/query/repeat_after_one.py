"""The results of a repeat after a single, closely printed IgM, all cells at once.

The same as `person.log_igm_series` for every cell (a test holds both to 1e-4, the error of the Gaussians that stand
for a printed interval there), without tabulating each: what the first result says of the true level is a few
Gaussians, and a repeat is an interval seen through each of them.
"""

from __future__ import annotations

import numpy as np

from sigm_bayes.likelihood import person
from sigm_bayes.likelihood.case import Series
from sigm_bayes.likelihood.igm import LOG_FLOOR, NONE, log_result
from sigm_bayes.likelihood.igm_series import log_node_weights
from sigm_bayes.likelihood.namespace import NUMPY, log_normal_pdf, logaddexp, logsumexp
from sigm_bayes.query.situation import Situation

MOST_BINS = 4.0
"""A first result printed in wider steps, in pieces of a Gaussian, or only as a limit is done cell by cell."""


def cells_after_one(
    s: Situation, series: Series, *, log_low: np.ndarray, log_high: np.ndarray, well: int
) -> np.ndarray:
    """log P(first result, repeat in each cell | hypothesis); (cell, draw, hypothesis).

    Parameters
    ----------
    series
        The first result with a repeat in any one cell.
    log_low, log_high : (cell,)
        ln mg/dL.
    well : int
        Index of the context of the repeat.
    """
    p, case, table = s.parameters, s.case, series.full
    here = table.pairs[1][0]  # the pattern in which the first result stands alone
    factor, weight = table.factors[here], log_node_weights(NUMPY, table, p["logit_dip"])[here]
    mean, sd = (x[..., None] for x in person.igm_components(NUMPY, p, case.curves[0]))  # (draw, component, 1)
    variance = sd * sd
    seen = variance + factor.variance
    log_first = weight[:, None] + log_normal_pdf(NUMPY, factor.centre, mean, np.sqrt(seen))
    shrink = variance / seen
    level, left = mean + shrink * (factor.centre - mean), variance * (1.0 - shrink)
    slope = variance[:, NONE, None] / variance
    own = mean[:, NONE, None] + slope * (level - mean)
    own_left = variance[:, NONE, None] * (1.0 - slope) + slope * slope * left
    dip = p["logit_dip"][:, well, None, None]
    low, high = (x[:, None, None, None] for x in (log_low, log_high))

    def cells(at: np.ndarray, around: np.ndarray) -> np.ndarray:
        seen_there = log_result(NUMPY, low=low, high=high, mean=at, sd=np.sqrt(around), logit_dip=dip, noise=case.noise)
        return np.asarray(logsumexp(NUMPY, log_first + seen_there))

    stays, goes = cells(level, left), cells(own, own_left)
    rates = np.exp(p["log_recovery_rate"])
    gone = np.clip(1.0 - np.exp(-rates * float(series.elapsed[0])), person._SURE, 1.0 - person._SURE)
    kinds = {}
    for rate in np.unique(series.rate[:, 0]):
        g = gone[:, rate, None]
        shifted = np.asarray(logaddexp(NUMPY, np.log1p(-g) + stays, np.log(g) + goes))
        shifted[..., NONE] = stays[..., NONE]
        kinds[int(rate)] = person.mix_components(NUMPY, p, np.maximum(shifted, LOG_FLOOR))
    columns = zip(person.kind_index(case.depletion), series.rate[:, 0], strict=True)
    return np.stack([kinds[int(rate)][..., kind] for kind, rate in columns], axis=-1)
