"""The ledger: how much each group of evidence moved the odds of primary deficiency (exact Shapley values).

With v(S) the log10 odds of the draw-averaged P(primary | groups in S), group i gets its average contribution over all
orders in which the groups can be told; the contributions sum to v(all) - v(none) exactly.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

from sigm_bayes.query.weighing import LABELS, Weighing


def shapley(players: tuple[str, ...], value: Callable[[frozenset[str]], float]) -> dict[str, float]:
    """Exact Shapley values of a set function; 2^n evaluations."""
    n = len(players)
    v = {
        frozenset(subset): value(frozenset(subset))
        for size in range(n + 1)
        for subset in itertools.combinations(players, size)
    }
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


def ledger(weighing: Weighing) -> dict[str, object]:
    """Start, contribution of each known group, and the sum, as log10 odds of primary against the rest."""
    value = weighing.log10_odds
    parts = shapley(weighing.known, value)
    return {
        "prior_log10_odds": value(frozenset()),
        "items": [
            {"group": group, "label": LABELS[group], "log10_lr": parts[group], "details": []}
            for group in weighing.known
        ],
        "posterior_log10_odds": value(weighing.everything),
    }
