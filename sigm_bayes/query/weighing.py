"""The evidence of one person as log-likelihoods per draw and hypothesis, in groups that can be left out.

Groups: the start (setting, age and sex), exposures, first IgM, repeats, IgG and IgA, infections, other findings,
tests. Any subset gives class probabilities; a group that is left out is unknown, not absent. Every term is weighed
once, when it is first asked for; a changed patient takes over the terms that the change leaves alone (`moved`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sigm_bayes.likelihood import immunology, person
from sigm_bayes.likelihood.case import Case
from sigm_bayes.likelihood.exposures import ExposureState
from sigm_bayes.likelihood.hypotheses import NORMAL, PRIMARY, class_of_hypothesis
from sigm_bayes.likelihood.namespace import NUMPY
from sigm_bayes.query import draws as draws_
from sigm_bayes.query.draws import by_class_log
from sigm_bayes.query.igg_iga import igg_iga_term, with_state_weights
from sigm_bayes.query.igm_results import log_igm_results
from sigm_bayes.query.proneness import (
    UNKNOWN,
    Effects,
    effects,
    known_state,
    log_sum,
    one_turned,
    product,
    same_course,
    term_of_invasive,
    turned_log_sum,
    weights_of,
)

if TYPE_CHECKING:
    from sigm_bayes.query.exposure_change import Factors

EXPOSURES, IGM, REPEATS, IMMUNOGLOBULINS, INFECTIONS, OTHER_FINDINGS, TESTS = (
    "exposures", "igm", "repeats", "igg_iga", "infections", "other_findings", "tests",
)  # fmt: skip
LABORATORY = frozenset((EXPOSURES, IGM, REPEATS, IMMUNOGLOBULINS))
"""Groups whose terms differ between the causes: a coalition is first cut down to them and summed over the causes."""
GROUPS = (IGM, REPEATS, IMMUNOGLOBULINS, INFECTIONS, OTHER_FINDINGS, EXPOSURES, TESTS)
LABELS: Mapping[str, str] = {
    EXPOSURES: "exposures",
    IGM: "IgM",
    REPEATS: "repeats and earlier values",
    IMMUNOGLOBULINS: "IgG and IgA",
    INFECTIONS: "infections",
    OTHER_FINDINGS: "other findings",
    TESTS: "immunology tests",
}
Picked = tuple[np.ndarray | slice, np.ndarray | None, Mapping[str, np.ndarray]]
BLOCK = 250
"""Draws weighed at once: what lies between two steps stays in the processor's cache."""


class Weighing:
    """One case weighed under all draws.

    Parameters
    ----------
    parameters : mapping of arrays (draw, ...)
    case : Case
    log_draw : (draw,), optional
        log of how often each draw counts before anything is known of the person; by default all alike.
    """

    def __init__(self, parameters: Mapping[str, np.ndarray], case: Case, *, log_draw: np.ndarray | None = None) -> None:
        self.p = with_state_weights(parameters)
        self.case = case
        self.log_draw = log_draw
        self.columns = class_of_hypothesis(len(case.depletion))
        self._start: dict[bool, np.ndarray] = {}
        self._igm: dict[str, np.ndarray] = {}
        self._ig: dict[bool, np.ndarray] = {}
        self._effects: dict[bool, Effects] = {}
        self._inverse: dict[tuple[str, bool], np.ndarray] = {}
        self._found: dict[tuple[bool, bool, bool], np.ndarray] = {}
        self._laboratory: dict[frozenset[str], np.ndarray] = {}
        self._elsewhere: dict[int, Weighing] = {}
        self._picks: dict[int, Picked] = {}

    @property
    def draws(self) -> int:
        """How many parameter draws."""
        return len(self.p["logit_primary"])

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

    @cached_property
    def _blocks(self) -> list[Mapping[str, np.ndarray]]:
        if self.draws <= BLOCK:
            return [self.p]
        starts = range(0, self.draws, BLOCK)
        return [{name: values[at : at + BLOCK] for name, values in self.p.items()} for at in starts]

    def _in_blocks(self, term: Callable[[Mapping[str, np.ndarray]], np.ndarray]) -> np.ndarray:
        """A term (draw, ...) made of some draws at a time: arrays that stay small are twice as quick."""
        return np.concatenate([np.asarray(term(p)) for p in self._blocks])

    # --- The terms -----------------------------------------------------------------------------------------------

    def weights(self, *, exposures: bool) -> np.ndarray:
        """log P(hypothesis, recorded exposures); (draw, hypothesis)."""
        c = self.case
        unknown = replace(ExposureState.unknown(len(c.exposures.state)), possible=c.exposures.possible)
        state = c.exposures if exposures else unknown
        return self._in_blocks(
            lambda p: person.log_weights(NUMPY, p, setting=c.setting, age_band=c.age_band, boy=c.boy, state=state)
        )

    def start(self, *, exposures: bool) -> np.ndarray:
        """`weights`, kept; without recorded exposures both are the same."""
        recorded = exposures and EXPOSURES in self.known
        if recorded not in self._start:
            self._start[recorded] = self.weights(exposures=recorded)
        return self._start[recorded]

    def _igm_first(self) -> np.ndarray:
        if "first" not in self._igm:
            self._igm["first"] = np.asarray(person.log_igm_first(NUMPY, self.p, self.case))
        return self._igm["first"]

    def _igm_all(self) -> tuple[np.ndarray, np.ndarray]:
        if "all" not in self._igm:
            parts = [log_igm_results(p, self.case, first_known=True) for p in self._blocks]
            full, delay = (np.concatenate(part) for part in zip(*parts, strict=True))
            self._igm |= {"all": full, "delay": delay}
        return self._igm["all"], self._igm["delay"]

    def _igm_later(self) -> np.ndarray:
        if "later" not in self._igm:
            found = self._in_blocks(lambda p: log_igm_results(p, self.case, first_known=False)[0])
            self._igm["later"] = found
        return self._igm["later"]

    @property
    def igm_term(self) -> np.ndarray:
        """log P(all IgM results | hypothesis); (draw, hypothesis)."""
        return self._igm_first() if self.case.series is None else self._igm_all()[0]

    def igg_iga(self, *, exposed: bool) -> np.ndarray:
        """log P(IgG, IgA | hypothesis); `exposed` False leaves the recorded exposures' own shift out."""
        if exposed not in self._ig:
            self._ig[exposed] = self._in_blocks(lambda p: igg_iga_term(p, self.case, exposed=exposed))
        return self._ig[exposed]

    def effects(self, *, exposed: bool) -> Effects:
        """What the probabilities of the findings are made of."""
        if exposed not in self._effects:
            self._effects[exposed] = effects(self.p, self.case, exposed=exposed)
        return self._effects[exposed]

    def inverse_of(self, group: str, *, exposed: bool) -> np.ndarray:
        """1 / P(findings of a group | class, u); (class4, node, draw)."""
        exposed = exposed and group == INFECTIONS  # an exposure brings infections only
        if (group, exposed) not in self._inverse:
            wanted = self.case.is_infection > 0.0 if group == INFECTIONS else self.case.is_infection == 0.0
            found = product(self.effects(exposed=exposed), self.case.all_findings, wanted=wanted)
            self._inverse[group, exposed] = found
        return self._inverse[group, exposed]

    @cached_property
    def node_weights(self) -> np.ndarray:
        """w(u) P(all findings | class, u); (class4, node, draw)."""
        exposed = self._has_exposure_effect()
        known = [self.inverse_of(g, exposed=exposed) for g in (INFECTIONS, OTHER_FINDINGS) if g in self.known]
        if not known:
            e = self.effects(exposed=exposed)
            return weights_of(np.ones((e.attributes.shape[0], 1, e.attributes.shape[1])))
        return weights_of(known[0] if len(known) == 1 else known[0] * known[1])

    def found(self, groups: frozenset[str]) -> np.ndarray | None:
        """log P(findings in `groups` | class), (draw, class4); None where there are none."""
        key = self.found_key(groups)
        wanted = [group for group, is_in in zip((INFECTIONS, OTHER_FINDINGS), key[:2], strict=True) if is_in]
        if not wanted:
            return None
        if key not in self._found:
            known = [self.inverse_of(group, exposed=key[2]) for group in wanted]
            self._found[key] = log_sum(weights_of(known[0] if len(known) == 1 else known[0] * known[1]))
        return self._found[key]

    def found_without(self, k: int) -> np.ndarray:
        """log P(all findings but one | class); (draw, class4)."""
        e, state = self.effects(exposed=self._has_exposure_effect()), self.case.all_findings
        if k == state.invasive:
            return log_sum(self.node_weights * term_of_invasive(e, state))
        return turned_log_sum(e, self.node_weights, k, now=known_state(state, k), then=UNKNOWN)

    def found_key(self, groups: frozenset[str]) -> tuple[bool, bool, bool]:
        """Whether infections and other findings are among the groups, and whether an exposure brings infections."""
        infections = INFECTIONS in groups and INFECTIONS in self.known
        others = OTHER_FINDINGS in groups and OTHER_FINDINGS in self.known
        return infections, others, infections and EXPOSURES in groups and self._has_exposure_effect()

    @cached_property
    def tests(self) -> np.ndarray:
        """log P(test results | class); (draw, class4)."""
        logits = person.test_logits(NUMPY, self.p, self.case.setting)
        return np.asarray(immunology.log_tests(NUMPY, logits, self.case.tests))

    # --- The same person changed, or seen elsewhere ----------------------------------------------------------------

    def moved(self, case: Case) -> Weighing:
        """The person with another case; every term whose inputs are the very same objects is taken over."""
        new, old = Weighing(self.p, case, log_draw=self.log_draw), self.case
        acting = np.array_equal(case.present, old.present)
        if case.exposures is old.exposures:
            new._start = self._start
        else:
            from sigm_bayes.query.exposure_change import reweighed

            told = reweighed(self.exposure_factors, [case.exposures])[0]
            new._start = {False: self.start(exposures=False), True: told}
        if case.samples is old.samples and case.curves is old.curves:
            first = {"first": self._igm_first()} if case.series is None else {}
            new._igm = self._igm if case.series is old.series else first
        if case.igg is old.igg and case.iga is old.iga:
            new._ig = self._ig if acting else {k: v for k, v in self._ig.items() if not k}
        if same_course(old.all_findings, case.all_findings):
            new._effects = self._effects if acting else {k: v for k, v in self._effects.items() if not k}
        if case.all_findings is old.all_findings:
            new._inverse = self._inverse if acting else {k: v for k, v in self._inverse.items() if not k[1]}
            new._found = self._found if acting else {k: v for k, v in self._found.items() if not k[2]}
        elif acting:
            self._turn_one(new)
        same_laboratory = case.exposures is old.exposures and case.curves is old.curves and acting
        if same_laboratory and case.samples is old.samples and case.series is old.series and new._ig is self._ig:
            new._laboratory = self._laboratory
        if case.tests is old.tests:
            new.__dict__["tests"] = self.tests
        return new

    def _turn_one(self, new: Weighing) -> None:
        """Give a person who differs in one finding the sum over the nodes with that finding turned."""
        old, state = self.case.all_findings, new.case.all_findings
        turned = one_turned(old, state)
        if turned is not None:
            now, then = known_state(old, turned), known_state(state, turned)
            e = self.effects(exposed=self._has_exposure_effect())
            told = turned_log_sum(e, self.node_weights, turned, now=now, then=then)
            new._found[new.found_key(new.everything)] = told

    @cached_property
    def exposure_factors(self) -> Factors:
        """The exposures, ready to be changed."""
        from sigm_bayes.query.exposure_change import factors

        return factors(self.p, self.case, log_weights=self.start(exposures=True))

    def _picked(self, draws: int) -> Picked:
        """Places of about `draws` draws, log of how often each counts before the person is known, parameters."""
        if draws >= self.draws:
            return slice(None), self.log_draw, self.p
        if draws not in self._picks:
            p, weights = draws_.split(self.class_log_everything)
            at, times = draws_.picks(weights, p[:, PRIMARY], draws)
            log_draw = np.log(times / weights[at]) + (0.0 if self.log_draw is None else self.log_draw[at])
            self._picks[draws] = at, log_draw, {name: values[at] for name, values in self.p.items()}
        return self._picks[draws]

    def thinned(self, draws: int, *, setting: int | None = None) -> Weighing:
        """The same under at most so many draws, and asked in another setting.

        Draws are picked in proportion to their weight, so that each pick then counts alike: a change of the person
        weighs them again. What has been weighed is taken over; in another setting only the IgM, IgG and IgA, which do
        not depend on it.
        """
        if draws >= self.draws and setting is None:
            return self
        at, log_draw, parameters = self._picked(draws)
        case = self.case if setting is None else replace(self.case, setting=setting)
        new = Weighing(parameters, case, log_draw=log_draw)
        new._igm = {key: values[at] for key, values in self._igm.items()}
        new._ig = {key: values[at] for key, values in self._ig.items()}
        if setting is None:
            new._start = {key: values[at] for key, values in self._start.items()}
            new._effects = {key: e.at(at) for key, e in self._effects.items()}
            new._inverse = {key: values[..., at] for key, values in self._inverse.items()}
            new._found = {key: values[at] for key, values in self._found.items()}
        return new

    def elsewhere(self, setting: int, *, draws: int) -> Weighing:
        """The same person asked in another setting under at most so many draws; kept."""
        if setting == self.case.setting:
            return self
        if setting not in self._elsewhere:
            self._elsewhere[setting] = self.thinned(draws, setting=setting)
        return self._elsewhere[setting]

    # --- What follows from them --------------------------------------------------------------------------------------

    def laboratory(self, groups: frozenset[str]) -> np.ndarray:
        """log P(class, exposures, IgM, repeats, IgG, IgA of `groups`), causes summed out; (draw, class4). Kept."""
        wanted = groups & LABORATORY
        if wanted not in self._laboratory:
            self._laboratory[wanted] = by_class_log(self._before_findings(wanted))
        return self._laboratory[wanted]

    def _before_findings(self, groups: frozenset[str]) -> np.ndarray:
        exposures = EXPOSURES in groups
        total = self.start(exposures=exposures)
        if self.log_draw is not None:
            total = total + self.log_draw[:, None]
        if REPEATS in groups:
            total = total + (self._igm_all()[0] if IGM in groups else self._igm_later())
        elif IGM in groups:
            total = total + self._igm_first()
        if IMMUNOGLOBULINS in groups:
            total = total + self.igg_iga(exposed=exposures and self._has_exposure_effect())
        return total

    def log_joint(self, groups: frozenset[str]) -> np.ndarray:
        """log P(hypothesis, what the groups say | draw), absolute: also between draws; (draw, hypothesis)."""
        found, total = self.found(groups), self._before_findings(groups)
        if found is not None:
            total = total + found[:, self.columns]
        return total + self.tests[:, self.columns] if TESTS in groups else total

    @cached_property
    def _everything(self) -> tuple[np.ndarray, np.ndarray]:
        return draws_.split(self.log_joint(self.everything))

    def probabilities(self, groups: frozenset[str] | None = None) -> np.ndarray:
        """P(hypothesis | groups, draw); (draw, hypothesis). Their average is the answer only with the weights."""
        return self._everything[0] if groups is None else draws_.normalise(self.log_joint(groups))

    @property
    def draw_weights(self) -> np.ndarray:
        """How much each draw counts given everything known of the person; (draw,), sums to 1."""
        return self._everything[1]

    def joint(self, groups: frozenset[str] | None = None) -> np.ndarray:
        """P(draw, hypothesis | groups); (draw, hypothesis), sums to 1. Summed over draws it is the answer."""
        if groups is not None:
            return draws_.joint(self.log_joint(groups))
        return self._everything[0] * self._everything[1][:, None]

    @cached_property
    def class_log_everything(self) -> np.ndarray:
        """log P(class, everything known); (draw, class4)."""
        return self.class_log_joint(self.everything)

    def class_log_joint(self, groups: frozenset[str]) -> np.ndarray:
        """log P(class, what the groups say); (draw, class4)."""
        found, total = self.found(groups), self.laboratory(groups)
        if found is not None:
            total = total + found
        return total + self.tests if TESTS in groups else total

    def primary(self) -> float:
        """P(primary | everything known)."""
        return float(draws_.primary(self.class_log_everything))

    def log10_odds(self, groups: frozenset[str]) -> float:
        """log10 odds of P(primary | groups) against the rest."""
        return draws_.log10_odds(self.class_log_joint(groups))

    def delay_share(self) -> np.ndarray:
        """Share of `normal` that is maturational delay, given the IgM results; (draw,)."""
        if self.case.delay_share <= 0.0:
            return np.zeros(self.draws)
        if self.case.series is not None:
            full, delay = self._igm_all()
            return np.asarray(np.exp(delay - full[:, NORMAL]))
        late = np.asarray(person.log_delay_single(NUMPY, self.p, self.case))
        return np.minimum(np.exp(late - self._igm_first()[:, NORMAL]), 1.0)
