"""The findings of one person under all draws, as products over the nodes of the proneness that they share.

The numbers are those of `likelihood.findings` (a test holds both to 1e-12), computed so that one finding can be taken
out, put in or turned round without the others being weighed again. At node u the odds against a present finding are

    E[k](class, u) = exp(-logit[k, class]) exp(-loading[k] u),

two small exponentials instead of one a class and node, and all findings together have the likelihood
sum_u w(u) / prod_k (1 + E[k]), with 1/E[k] in place of E[k] where a finding is absent. Arrays end in `draw`, which is
long, rather than in `node`, which is short.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sigm_bayes.likelihood import findings, person
from sigm_bayes.likelihood.case import Case
from sigm_bayes.likelihood.findings import SMALLEST, FindingState, proneness_rule
from sigm_bayes.likelihood.namespace import NUMPY

PRESENT, ABSENT, UNKNOWN = "present", "absent", "unknown"
BLOCK = 250
"""Draws done at once: what is multiplied stays in the processor's cache."""
_STEEPEST = 350.0
"""Largest exponent: the product of two exponentials stays finite."""
LARGEST_PRODUCT = 650.0
"""Sum of the largest exponents up to which no product over the findings leaves the range of numbers."""
_U, _LOG_W = proneness_rule()


@dataclass(frozen=True, eq=False)
class Effects:
    """What the findings' probabilities are made of, for one age, setting and size of the exposures' effect.

    Attributes
    ----------
    logits : (finding, class4, draw)
        Of each finding at u = 0.
    loading : (finding, draw)
    attributes : (class4, draw)
        P(what is recorded of the invasive episode | there was one).
    """

    logits: np.ndarray
    loading: np.ndarray
    attributes: np.ndarray

    def odds_against(self, k: int, *, turned: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """E[k] as a factor a class (class4, draw) and one a node (node, draw); `turned` gives 1 / E[k]."""
        sign = 1.0 if turned else -1.0
        by_class = np.exp(np.clip(sign * self.logits[k], -_STEEPEST, _STEEPEST))
        return by_class, np.exp(np.clip(sign * _U[:, None] * self.loading[k], -_STEEPEST, _STEEPEST))

    def at(self, draws: slice | np.ndarray) -> Effects:
        """The same under some of the draws."""
        return Effects(self.logits[..., draws], self.loading[..., draws], self.attributes[..., draws])

    def raised(self, size: np.ndarray, *, infections: np.ndarray) -> Effects:
        """The same with the proneness to infections raised by `size` (draw,); infections : (finding,)."""
        shift = self.loading * infections[:, None] * size
        return Effects(self.logits + shift[:, None, :], self.loading, self.attributes)


def effects(p: Mapping[str, np.ndarray], case: Case, *, exposed: bool) -> Effects:
    """From parameters (draw, ...) and what is known of a person."""
    logits, loading, _ = person.finding_parameters(NUMPY, p, case, exposed=exposed)
    recorded = findings.log_attributes(NUMPY, state=case.all_findings, **person.attribute_logits(NUMPY, p))
    return Effects(
        np.ascontiguousarray(logits.transpose(2, 1, 0)), np.ascontiguousarray(loading.T), np.exp(recorded).T
    )  # fmt: skip


def product(e: Effects, state: FindingState, *, wanted: np.ndarray) -> np.ndarray:
    """The product over findings of 1 / P(finding | class, u); (class4, node, draw).

    Parameters
    ----------
    wanted : (finding,) bool
        Findings that count; the others are as if nothing were known of them.
    """
    known = [(int(k), False) for k in state.present if wanted[k]] + [(int(k), True) for k in state.absent if wanted[k]]
    out = np.empty((e.attributes.shape[0], len(_U), e.attributes.shape[1]))
    split = largest_exponent(e, [k for k, _ in known]) < LARGEST_PRODUCT
    with np.errstate(over="ignore"):  # beyond the largest number the likelihood is 0 either way
        for begin in range(0, out.shape[2], BLOCK):
            at = slice(begin, begin + BLOCK)
            out[:, :, at] = _product_of_odds(e.at(at), known, split=split)
    k = state.invasive
    if wanted[k] and k in state.present:
        out /= np.maximum(e.attributes, SMALLEST)[:, None, :]
    if wanted[k] and state.invasive_partial:
        out *= partly_excluded(e, k)
    return out


def _product_of_odds(e: Effects, known: list[tuple[int, bool]], *, split: bool) -> np.ndarray:
    """Product of 1 + E[k], or of 1 + 1/E[k] where a finding is absent; (class4, node, draw).

    Where no product leaves the range of numbers (`split`) it is taken as 1 + a b = a (1/a + b): a step less a node.
    """
    out = np.ones((e.attributes.shape[0], len(_U), e.attributes.shape[1]))
    term = np.empty_like(out)
    for k, absent in known:
        by_class, by_node = e.odds_against(k, turned=absent)
        if split:
            np.add((1.0 / by_class)[:, None], by_node, out=term)
        else:
            np.multiply(by_class[:, None], by_node, out=term)
            term += 1.0
        out *= term
    if split and known:
        k_, turned = (np.array(x) for x in zip(*known, strict=True))
        log_scale = (np.where(turned, 1.0, -1.0)[:, None, None] * e.logits[k_]).sum(axis=0)
        out *= np.exp(log_scale)[:, None]
    return out


def largest_exponent(e: Effects, known: list[int]) -> float:
    """Bound on the exponents of the product over findings, in any order and of any of its factors."""
    by_class, by_node = np.abs(e.logits[known]).max(axis=1, initial=0.0), np.abs(_U).max() * np.abs(e.loading[known])
    return float((by_class + np.maximum(by_class, by_node) + math.log(2.0)).sum(axis=0).max(initial=0.0))


def term_of_invasive(e: Effects, state: FindingState) -> np.ndarray:
    """1 / P(what is known of the invasive infection | class, u); (class4, node, draw)."""
    k = state.invasive
    if state.invasive_partial:
        return partly_excluded(e, k)
    by_class, by_node = e.odds_against(k, turned=k in state.absent)
    out = 1.0 + by_class[:, None, :] * by_node
    return out / np.maximum(e.attributes, SMALLEST)[:, None, :] if k in state.present else out


def partly_excluded(e: Effects, k: int) -> np.ndarray:
    """1 / P(no invasive infection where it is excluded, the rest unknown | class, u); (class4, node, draw)."""
    by_class, by_node = e.odds_against(k)
    against = by_class[:, None, :] * by_node
    return np.asarray((1.0 + against) / (against + np.maximum(e.attributes, SMALLEST)[:, None, :]))


def weights_of(inverse: np.ndarray) -> np.ndarray:
    """w(u) P(findings | class, u) from the `product`; (class4, node, draw)."""
    return np.asarray(np.exp(_LOG_W)[:, None] / inverse)


def log_sum(weights: np.ndarray) -> np.ndarray:
    """log P(findings | class); (class4, node, draw) -> (draw, class4)."""
    return np.asarray(np.log(weights.sum(axis=1) + SMALLEST).T)


def known_state(state: FindingState, k: int) -> str:
    """present, absent or unknown."""
    return PRESENT if k in state.present else ABSENT if k in state.absent else UNKNOWN


def one_turned(old: FindingState, new: FindingState) -> int | None:
    """The one finding, not the invasive infection, in which two states differ; None if they differ otherwise."""
    changed = {int(k) for k in (*np.setxor1d(old.present, new.present), *np.setxor1d(old.absent, new.absent))}
    partly = old.invasive_partial == new.invasive_partial
    return (
        changed.pop()
        if len(changed) == 1 and old.invasive not in changed and partly and same_course(old, new)
        else None
    )


def same_course(old: FindingState, new: FindingState) -> bool:
    """Whether the same is recorded of the invasive episode: site, organism, severity and number."""
    course = (old.severity, old.number) == (new.severity, new.number)
    return course and np.array_equal(old.allowed, new.allowed)


def turned_log_sum(e: Effects, weights: np.ndarray, k: int, *, now: str, then: str) -> np.ndarray:
    """`log_sum` with one finding (not the invasive infection) in another state; (draw, class4).

    Parameters
    ----------
    weights : (class4, node, draw)
        `weights_of` all findings that are known.
    now, then
        present, absent or unknown.
    """
    if now != UNKNOWN:
        by_class, by_node = e.odds_against(k, turned=now == ABSENT)
        other = by_class * np.einsum("cnd,nd->cd", weights, by_node)
        total = other if then != UNKNOWN else weights.sum(axis=1) + other
    else:
        total = (weights * shares(e, k, state=then)).sum(axis=1)
    return np.asarray(np.log(total + SMALLEST).T)


def shares(e: Effects, k: int, *, state: str) -> np.ndarray:
    """P(finding present, or absent | class, u); (class4, node, draw)."""
    by_class, by_node = e.odds_against(k, turned=state == ABSENT)
    out = by_class[:, None, :] * by_node
    out += 1.0
    return np.reciprocal(out, out=out)


def present_given_others(e: Effects, weights: np.ndarray, k: int, state: FindingState) -> np.ndarray:
    """P(finding present | class, what is known of all the others); (draw, class4).

    For a finding that is itself known, that is what it would be if it were not.
    """
    now = known_state(state, k)
    if k == state.invasive and (now == PRESENT or state.invasive_partial):
        return _invasive_given_others(e, weights, k, state)
    if now == UNKNOWN:
        return _share((weights * shares(e, k, state=PRESENT)).sum(axis=1), weights.sum(axis=1))
    by_class, by_node = e.odds_against(k, turned=now == ABSENT)
    here, other = weights.sum(axis=1), by_class * np.einsum("cnd,nd->cd", weights, by_node)
    return _share(other if now == ABSENT else here, here + other)


def _invasive_given_others(e: Effects, weights: np.ndarray, k: int, state: FindingState) -> np.ndarray:
    present = shares(e, k, state=PRESENT)
    others = weights * term_of_invasive(e, state)
    if state.invasive_partial:
        # Some sites are excluded: what is left of "present" is what the term leaves besides "absent".
        left = np.maximum(present - (1.0 - 1.0 / partly_excluded(e, k)), 0.0)
        return _share((others * left).sum(axis=1), weights.sum(axis=1))
    return _share((others * present).sum(axis=1), others.sum(axis=1))


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.asarray((part / (whole + SMALLEST)).T)
