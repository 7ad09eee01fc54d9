"""The evidence of one person as log-likelihoods per draw and hypothesis, in groups that can be left out.

Groups: the start (setting, age and sex), exposures, first IgM, repeats, IgG and IgA, infections, other findings,
tests. Any subset gives class probabilities; a group that is left out is unknown, not absent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property

import numpy as np

from sigm_bayes.likelihood import person
from sigm_bayes.likelihood.case import Case
from sigm_bayes.likelihood.exposures import ExposureState
from sigm_bayes.likelihood.hypotheses import NORMAL, OTHER, PRIMARY
from sigm_bayes.likelihood.namespace import NUMPY

EXPOSURES, IGM, REPEATS, IMMUNOGLOBULINS, INFECTIONS, OTHER_FINDINGS, TESTS = (
    "exposures", "igm", "repeats", "igg_iga", "infections", "other_findings", "tests",
)  # fmt: skip
GROUPS = (IGM, REPEATS, IMMUNOGLOBULINS, INFECTIONS, OTHER_FINDINGS, EXPOSURES, TESTS)
SMALLEST_TOTAL = 1e-200
"""Below this sum of relative likelihoods the terms contradict each other so much that logarithms are needed."""
LABELS: Mapping[str, str] = {
    EXPOSURES: "exposures",
    IGM: "IgM",
    REPEATS: "repeats and earlier values",
    IMMUNOGLOBULINS: "IgG and IgA",
    INFECTIONS: "infections",
    OTHER_FINDINGS: "other findings",
    TESTS: "immunology tests",
}


class Weighing:
    """One case weighed under all draws.

    Parameters
    ----------
    parameters : mapping of arrays (draw, ...)
    case : Case
    """

    def __init__(self, parameters: Mapping[str, np.ndarray], case: Case) -> None:
        self.p = parameters
        self.case = case
        self._start: dict[bool, np.ndarray] = {}
        self._relative: dict[object, np.ndarray] = {}
        self._ig: dict[bool, np.ndarray] = {}
        self._found: dict[bool, dict[int, np.ndarray]] = {}
        self._summed: dict[tuple[bool, bool, bool], np.ndarray] = {}

    @cached_property
    def known(self) -> tuple[str, ...]:
        """Groups about which something is known."""
        c = self.case
        infections = len(c.infections.present) + len(c.infections.absent) + c.infections.invasive_partial
        found = {
            IGM: True,
            REPEATS: c.series is not None,
            IMMUNOGLOBULINS: c.igg is not None or c.iga is not None,
            INFECTIONS: infections > 0,
            OTHER_FINDINGS: len(c.other_findings.present) + len(c.other_findings.absent) > 0,
            EXPOSURES: bool((c.exposures.state >= 0).any()),
            TESTS: len(c.tests.abnormal) + len(c.tests.normal) > 0,
        }
        return tuple(group for group in GROUPS if found[group])

    @property
    def everything(self) -> frozenset[str]:
        """All known groups."""
        return frozenset(self.known)

    def _has_exposure_effect(self) -> bool:
        return len(self.case.present) > 0

    def weights(self, *, exposures: bool) -> np.ndarray:
        """log P(hypothesis, recorded exposures); (draw, hypothesis)."""
        c = self.case
        unknown = ExposureState(
            state=np.full(c.exposures.state.shape, -1), hazard_factor=np.ones(c.exposures.state.shape),
            possible=c.exposures.possible, raised=np.zeros(c.exposures.state.shape),
        )  # fmt: skip
        return np.asarray(
            person.log_weights(
                NUMPY, self.p, setting=c.setting, age_band=c.age_band, boy=c.boy,
                state=c.exposures if exposures else unknown,
            )
        )  # fmt: skip

    @cached_property
    def _igm_first(self) -> np.ndarray:
        return np.asarray(person.log_igm_first(NUMPY, self.p, self.case))

    @cached_property
    def _igm_all(self) -> tuple[np.ndarray, np.ndarray]:
        full, delay = person.log_igm_series(NUMPY, self.p, self.case, first_known=True)
        return np.asarray(full), np.asarray(delay)

    @cached_property
    def _igm_later(self) -> np.ndarray:
        return np.asarray(person.log_igm_series(NUMPY, self.p, self.case, first_known=False)[0])

    def _igg_iga(self, exposed: bool) -> np.ndarray:
        if exposed not in self._ig:
            self._ig[exposed] = np.asarray(person.log_igg_iga(NUMPY, self.p, self.case, exposed=exposed))
        return self._ig[exposed]

    def _terms(self, exposed: bool) -> dict[int, np.ndarray]:
        if exposed not in self._found:
            state = self.case.all_findings
            self._found[exposed] = person.finding_terms(NUMPY, self.p, self.case, state, exposed=exposed)
        return self._found[exposed]

    @cached_property
    def tests_term(self) -> np.ndarray:
        """log P(test results | hypothesis); (draw, hypothesis)."""
        return np.asarray(person.log_tests(NUMPY, self.p, self.case))

    def findings_term(self, groups: frozenset[str], *, without: int | None = None) -> np.ndarray | float:
        """log P(findings in `groups` | hypothesis), one finding left out if asked; 0 where there are none."""
        exposed = EXPOSURES in groups and self._has_exposure_effect()
        wanted = [
            term
            for k, term in self._terms(exposed).items()
            if (INFECTIONS if self.case.is_infection[k] else OTHER_FINDINGS) in groups and k != without
        ]
        if not wanted:
            return 0.0
        key = (INFECTIONS in groups, OTHER_FINDINGS in groups, exposed)
        if without is not None:
            return np.asarray(person.log_finding_product(NUMPY, self.case, math.prod(wanted)))
        if key not in self._summed:
            self._summed[key] = np.asarray(person.log_finding_product(NUMPY, self.case, math.prod(wanted)))
        return self._summed[key]

    def thinned(self, draws: int, *, case: Case) -> Weighing:
        """The same results weighed elsewhere (another setting) with about `draws` evenly spaced draws.

        The IgM, IgG and IgA terms do not depend on the setting and are taken over.
        """
        every = slice(None, None, max(1, len(self.p["logit_primary"]) // draws))
        moved = Weighing({name: values[every] for name, values in self.p.items()}, case)
        moved.__dict__["_igm_first"] = self._igm_first[every]
        if case.series is not None:
            moved.__dict__["_igm_all"] = (self._igm_all[0][every], self._igm_all[1][every])
        moved._ig = {exposed: values[every] for exposed, values in self._ig.items()}
        return moved

    def share_igm(self, other: Weighing) -> None:
        """Take over the IgM terms alone."""
        self.__dict__["_igm_first"] = other._igm_first
        if self.case.series is not None:
            self.__dict__["_igm_all"] = other._igm_all

    @property
    def igm_term(self) -> np.ndarray:
        """log P(all IgM results | hypothesis); (draw, hypothesis)."""
        return self._igm_first if self.case.series is None else self._igm_all[0]

    def share_start(self, other: Weighing) -> None:
        """Take over the weights before any laboratory value: the exposures are the same."""
        self._start = other._start

    def start(self, *, exposures: bool) -> np.ndarray:
        """`weights`, kept; without recorded exposures both are the same."""
        recorded = exposures and EXPOSURES in self.known
        if recorded not in self._start:
            self._start[recorded] = self.weights(exposures=recorded)
        return self._start[recorded]

    def _log_terms(self, groups: frozenset[str]) -> list[tuple[object, np.ndarray]]:
        """The terms of what the groups say, each with a key under which its likelihood is kept."""
        exposures = EXPOSURES in groups
        exposed = exposures and self._has_exposure_effect()
        terms: list[tuple[object, np.ndarray]] = [((EXPOSURES, exposures), self.start(exposures=exposures))]
        if REPEATS in groups:
            first = IGM in groups
            terms.append(((REPEATS, first), self._igm_all[0] if first else self._igm_later))
        elif IGM in groups:
            terms.append((IGM, self._igm_first))
        if IMMUNOGLOBULINS in groups:
            terms.append(((IMMUNOGLOBULINS, exposed), self._igg_iga(exposed)))
        found = self.findings_term(groups)
        if isinstance(found, np.ndarray):
            terms.append(((INFECTIONS in groups, OTHER_FINDINGS in groups, exposed), found))
        if TESTS in groups:
            terms.append((TESTS, self.tests_term))
        return terms

    def log_joint(self, groups: frozenset[str]) -> np.ndarray:
        """log P(hypothesis, what the groups say); (draw, hypothesis)."""
        return np.asarray(sum(term for _, term in self._log_terms(groups)))

    def probabilities(self, groups: frozenset[str] | None = None) -> np.ndarray:
        """P(hypothesis | groups) per draw; (draw, hypothesis)."""
        return normalise(self.log_joint(self.everything if groups is None else groups))

    def log10_odds(self, groups: frozenset[str]) -> float:
        """log10 odds of the draw-averaged P(primary | groups) against the rest.

        Works with likelihoods relative to the largest of each draw: one exponential a term instead of one a subset.
        """
        product: np.ndarray | float = 1.0
        for key, term in self._log_terms(groups):
            if key not in self._relative:
                self._relative[key] = np.exp(term - term.max(axis=-1, keepdims=True))
            product = product * self._relative[key]
        weights = np.asarray(product)
        primary = weights[:, PRIMARY]
        rest = weights[:, OTHER:].sum(axis=-1)
        if not np.all(primary + rest > SMALLEST_TOTAL):
            return log10_odds(self.probabilities(groups))
        total = primary + rest
        return float(np.log10((primary / total).mean() / (rest / total).mean()))

    def delay_share(self) -> np.ndarray:
        """Share of `normal` that is maturational delay, given the IgM results; (draw,)."""
        if self.case.delay_share <= 0.0:
            return np.zeros(len(self.p["logit_primary"]))
        if self.case.series is not None:
            return np.asarray(np.exp(self._igm_all[1] - self._igm_all[0][:, NORMAL]))
        late = np.asarray(person.log_delay_single(NUMPY, self.p, self.case))
        return np.minimum(np.exp(late - self._igm_first[:, NORMAL]), 1.0)


def normalise(log_joint: np.ndarray) -> np.ndarray:
    """Softmax over the last axis."""
    shifted = np.exp(log_joint - log_joint.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


def classes(p: np.ndarray) -> dict[str, np.ndarray]:
    """Class probabilities from hypothesis probabilities; each (...)."""
    return {
        "primary": p[..., PRIMARY],
        "secondary": p[..., NORMAL + 1 :].sum(axis=-1),
        "normal": p[..., NORMAL],
        "other_immunodeficiency": p[..., OTHER],
    }


def log10_odds(p: np.ndarray) -> float:
    """log10 odds of the draw-averaged P(primary) against the rest."""
    mean = p.mean(axis=0)
    rest = mean[OTHER:].sum()
    return float(np.log10(mean[PRIMARY] / rest))
