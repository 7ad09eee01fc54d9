"""The ledger: how much each group of evidence moved the odds of primary deficiency (exact Shapley values).

With v(S) the log10 odds of the draw-averaged P(primary | groups in S), group i gets its average contribution over all
orders in which the groups can be told; the contributions sum to v(all) - v(none) exactly.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np

from sigm_bayes.likelihood.hypotheses import PRIMARY
from sigm_bayes.query.weighing import EXPOSURES, IGM, IMMUNOGLOBULINS, LABELS, REPEATS, TESTS, Weighing

Coalition = frozenset[str]
LABORATORY = frozenset((EXPOSURES, IGM, REPEATS, IMMUNOGLOBULINS))
"""Groups whose terms differ between the causes: a coalition is first cut down to them and summed over the causes."""
AT_ONCE = 16
"""Coalitions weighed at once; more do not fit the processor's cache."""


def shapley(players: tuple[str, ...], value: Callable[[Coalition], float]) -> dict[str, float]:
    """Exact Shapley values of a set function; 2^n evaluations."""
    n = len(players)
    v = {s: value(s) for s in _coalitions(players)}
    out = {}
    for player in players:
        rest = [q for q in players if q != player]
        total = 0.0
        for size in range(n):
            weight = math.factorial(size) * math.factorial(n - 1 - size) / math.factorial(n)
            for subset in itertools.combinations(rest, size):
                s = frozenset(subset)
                total += weight * (v[s | {player}] - v[s])
        out[player] = total
    return out


def _coalitions(players: tuple[str, ...]) -> list[Coalition]:
    sizes = range(len(players) + 1)
    return [frozenset(subset) for size in sizes for subset in itertools.combinations(players, size)]


def values(weighing: Weighing) -> dict[Coalition, float]:
    """log10 odds of the draw-averaged P(primary | groups) for every coalition of the known groups."""
    coalitions = _coalitions(weighing.known)
    before = {part: weighing.laboratory(part).T for part in {c & LABORATORY for c in coalitions}}
    nothing, tests = np.zeros((1, 1)), weighing.tests.T
    out: dict[Coalition, float] = {}
    for batch in itertools.batched(coalitions, AT_ONCE):
        log_joint = np.empty((len(batch), *tests.shape))  # (coalition, class4, draw)
        for row, c in zip(log_joint, batch, strict=True):
            found = weighing.found(c)
            np.add(before[c & LABORATORY], nothing if found is None else found.T, out=row)
            if TESTS in c:
                row += tests
        log_joint -= log_joint.max(axis=1, keepdims=True)
        joint = np.exp(log_joint, out=log_joint)
        total = joint.sum(axis=1)
        rest = joint[:, PRIMARY + 1 :].sum(axis=1)
        odds = (joint[:, PRIMARY] / total).mean(axis=1) / (rest / total).mean(axis=1)
        out |= zip(batch, map(float, np.log10(odds)), strict=True)
    return out


def ledger(weighing: Weighing) -> dict[str, object]:
    """Start, contribution of each known group, and the sum, as log10 odds of primary against the rest."""
    value = values(weighing)
    parts = shapley(weighing.known, value.__getitem__)
    return {
        "prior_log10_odds": value[frozenset()],
        "items": [
            {"group": group, "label": LABELS[group], "log10_lr": parts[group], "details": []}
            for group in weighing.known
        ],
        "posterior_log10_odds": value[weighing.everything],
    }
