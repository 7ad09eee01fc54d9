"""P(exposure | hypothesis, what is known) for every exposure of which nothing is known.

A recorded exposure acts in three ways: it competes as a cause, it brings infections and lower IgG and IgA, and it comes
with other exposures. An unknown one acts only in the first, so that the sum over all of them still factorises; and
`secondary:m` is a person who has exposure m. With change(state, h) the factor by which recording the exposure changes
P(h, y), the odds for every other hypothesis h are

    odds(present | h, y) = change(present, h) / (change(absent, h) change(present, secondary:m)).

Times the answer this is a joint distribution whose margin is the answer. Where the exposure only competes, it is the
model's own; else it says after "present", to first order in the exposure rate, what the answer will say then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sigm_bayes.likelihood.exposures import ABSENT, PRESENT, ExposureState, together
from sigm_bayes.likelihood.hypotheses import FIRST_CAUSE
from sigm_bayes.likelihood.namespace import NUMPY
from sigm_bayes.query.exposure_change import reweighed
from sigm_bayes.query.igg_iga import igg_iga_term
from sigm_bayes.query.proneness import log_sum, product, weights_of
from sigm_bayes.query.situation import Situation
from sigm_bayes.query.unknowns import Likelihoods
from sigm_bayes.query.weighing import OTHER_FINDINGS

N_SHIFTS = 5
"""Sizes of effect at which the likelihood of the infections is computed; between them it is a polynomial of the size.
The error in the log is below 1e-3 (a test holds it)."""
DRAWS = 100
"""Draws for the exposures, picked in proportion to their weight: 28 of them are weighed twice, more than all else
together."""


@dataclass(frozen=True)
class ExposureOdds:
    """What finding an exposure would change.

    Attributes
    ----------
    ids : exposures that are not recorded as present and possible at this age
    situation : the patient under the draws used
    present, absent : (exposure, draw, hypothesis)
        Change of log P(everything known, hypothesis) once it is recorded so; the same constant for both.
    """

    ids: tuple[str, ...]
    situation: Situation
    present: np.ndarray
    absent: np.ndarray


def exposure_odds(s: Situation) -> ExposureOdds:
    """Weigh every exposure that is unknown or absent as present, and as absent; with at most `DRAWS` draws."""
    s = s.thinned(DRAWS)
    state = s.case.exposures
    recordable = [c for c in s.encoder.catalogue.causes if c.recordable]
    numbers = [m for m in range(len(recordable)) if state.possible[m] > 0.0 and state.state[m] != PRESENT]
    now = s.weighing.start(exposures=True)
    states = [_recorded(s, m, to) for to in (PRESENT, ABSENT) for m in numbers]  # an absent one recorded so: no change
    found, gone = reweighed(s.weighing.exposure_factors, states).reshape(2, len(numbers), *s.joint.shape)
    return ExposureOdds(
        tuple(recordable[m].id for m in numbers), s, found + _effects(s, numbers) - now, gone - now
    )  # fmt: skip


def exposures(odds: ExposureOdds) -> Likelihoods:
    """present, absent for those of which nothing is known; under the draws of `odds.situation`."""
    s, out = odds.situation, {}
    for id, found, gone in zip(odds.ids, odds.present, odds.absent, strict=True):
        recorded = s.patient.causes.get(id)
        if recorded is None or recorded.state == "unknown":
            m = FIRST_CAUSE + s.encoder.catalogue.cause_index(id)
            p = NUMPY.expit(found - gone - found[:, m, None])
            p[:, m] = 1.0
            out[id] = np.array([p, 1.0 - p])
    return out


def _recorded(s: Situation, m: int, state: int) -> ExposureState:
    """The exposures with one of them recorded, of full strength."""
    now = s.case.exposures
    states, factor, raised = now.state.copy(), now.hazard_factor.copy(), now.raised
    states[m], factor[m] = state, 1.0
    if state == PRESENT:
        recordable = [c for c in s.encoder.catalogue.causes if c.recordable]
        raised = np.maximum(raised, [float(recordable[m].id in c.raised_with) for c in recordable])
    return replace(now, state=states, hazard_factor=factor, raised=raised)


def _effects(s: Situation, numbers: Sequence[int]) -> np.ndarray:
    """log L(infections, IgG, IgA | exposure, hypothesis) against the same without; (exposure, draw, hypothesis)."""
    total = np.zeros((len(numbers), *s.joint.shape))
    case = s.case
    infections = case.infections
    if len(infections.present) + len(infections.absent) + infections.invasive_partial > 0:
        plain = s.weighing.effects(exposed=False)
        others = s.weighing.inverse_of(OTHER_FINDINGS, exposed=False)

        def found(size: np.ndarray) -> np.ndarray:
            brought = plain.raised(size, infections=case.is_infection)
            return log_sum(weights_of(others * product(brought, case.all_findings, wanted=case.is_infection > 0.0)))

        total = total + _between(found, *_sizes(s, "infection", numbers))[:, :, s.weighing.columns]
    if case.igg is not None or case.iga is not None:
        p = {**s.parameters, "exposure_ig_shift": -_sizes(s, "ig", numbers)[1].T[:, :, None]}
        acting = replace(case, present=np.array([0]))
        total = total + igg_iga_term(p, acting, exposed=True) - s.weighing.igg_iga(exposed=s.exposed)
    return total


def _sizes(s: Situation, what: str, numbers: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Effect of the exposures recorded now (draw,), and with each one beside them (draw, exposure)."""
    p = s.parameters
    sizes = np.exp(p["log_exposure_infection"]) if what == "infection" else -p["exposure_ig_shift"]
    acting = s.case.present
    now = together(NUMPY, sizes[:, acting]) if len(acting) else np.zeros(len(sizes))
    one = sizes[:, list(numbers)]
    return now, together(NUMPY, NUMPY.stack([one, now[:, None] + 0.0 * one]))


def _between(log_likelihood: Callable[[np.ndarray], np.ndarray], now: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Likelihood at the wanted sizes of an effect against that at the size now; (exposure, draw, class4).

    Lagrange's polynomial through Chebyshev nodes between the size now and the largest wanted, a draw each.
    """
    reach = wanted.max(axis=1, initial=0.0) - now
    nodes = 0.5 - 0.5 * np.cos(np.pi * np.arange(N_SHIFTS) / (N_SHIFTS - 1))
    table = np.array([log_likelihood(now + x * reach) for x in nodes])
    at = (wanted - now[:, None]) / np.maximum(reach, 1e-12)[:, None]
    out = np.zeros((wanted.shape[1], *table.shape[1:]))
    for i, x in enumerate(nodes):
        others = np.delete(nodes, i)
        basis = np.prod((at[..., None] - others) / (x - others), axis=-1)
        out += basis.T[:, :, None] * (table[i] - table[0])
    return out
