"""The ledger: how much each group of evidence moved the odds of primary deficiency (exact Shapley values).

With J_d(c, S) the probability under draw d of class c and what the groups in S say, v(S) is the log10 odds of primary
given S,

    v(S) = log10 ( sum_d J_d(primary, S) / sum_d J_d(rest, S) ),

each draw counting by how well it explains S. Group i gets its average contribution over all orders in which the groups
can be told; the contributions sum to v(all) - v(none) exactly.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Hashable, Sequence

import numpy as np

from sigm_bayes.likelihood.hypotheses import CLASSES, PRIMARY
from sigm_bayes.query.weighing import (
    EXPOSURES,
    INFECTIONS,
    LABELS,
    LABORATORY,
    OTHER_FINDINGS,
    TESTS,
    Weighing,
)

Coalition = frozenset[str]
FINDINGS = frozenset((INFECTIONS, OTHER_FINDINGS))


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
    """log10 odds of P(primary | groups) for every coalition of the known groups.

    What a coalition says is a product of what its laboratory results, findings and tests say, (class4, draw) each; so
    the sums over draws of all coalitions are matrix products, class by class.
    """
    coalitions = _coalitions(weighing.known)
    laboratory = _Factors([(part, weighing.laboratory(part)) for part in {c & LABORATORY for c in coalitions}])
    findings = _Factors([(key, weighing.found(groups)) for key, groups in _finding_keys(weighing, coalitions).items()])
    tests = _Factors([(False, None)] + [(True, weighing.tests)] * (TESTS in weighing.known))
    beside = findings.linear[:, None] * tests.linear[None]  # (findings, tests, class4, draw)
    flat = np.broadcast_to(beside, (*beside.shape[:3], weighing.draws)).reshape(-1, len(CLASSES), weighing.draws)
    flat = flat.transpose(1, 2, 0)
    summed = (laboratory.linear.transpose(1, 0, 2) @ flat).reshape(flat.shape[0], -1, *beside.shape[:2])
    out = {}
    for c in coalitions:
        at = laboratory.place[c & LABORATORY], findings.place[weighing.found_key(c)], tests.place[TESTS in c]
        log_sum = (
            np.log(summed[:, *at]) + laboratory.log_scale[at[0]] + findings.log_scale[at[1]] + tests.log_scale[at[2]]
        )
        out[c] = (log_sum[PRIMARY] - np.logaddexp.reduce(log_sum[PRIMARY + 1 :])) / math.log(10.0)
    return {c: float(v) for c, v in out.items()}


def _finding_keys(weighing: Weighing, coalitions: Sequence[Coalition]) -> dict[tuple[bool, bool, bool], Coalition]:
    """A coalition for every way in which findings can count in one."""
    return {weighing.found_key(c): c & (FINDINGS | {EXPOSURES}) for c in coalitions}


class _Factors:
    """Terms log P(some groups | class, draw) without logarithms, each scaled so that nothing is too small to be told.

    Parameters
    ----------
    terms : sequence of (key, log term or None)
        A log term is (draw, class4); None is one that says nothing.
    """

    def __init__(self, terms: Sequence[tuple[Hashable, np.ndarray | None]]) -> None:
        self.place = {key: n for n, (key, _) in enumerate(terms)}
        logs = [np.zeros((len(CLASSES), 1)) if term is None else term.T for _, term in terms]
        shape = np.broadcast_shapes(*(log.shape for log in logs))
        log_terms = np.array([np.broadcast_to(log, shape) for log in logs])  # (term, class4, draw)
        self.log_scale = log_terms.max(axis=-1)
        self.linear = np.exp(log_terms - self.log_scale[:, :, None])


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
