"""The weights before any laboratory value after a change of the recorded exposures, for many changes at once.

The numbers are those of `person.log_weights` (a test holds both to 1e-11). Under the integral over s the causes are
factors: a change of one exposure, and of those that come with it, changes a few of them and leaves the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sigm_bayes.likelihood import person
from sigm_bayes.likelihood.case import Case
from sigm_bayes.likelihood.exposures import TIME_LOG_WEIGHTS, TIME_NODES, ExposureState
from sigm_bayes.likelihood.hypotheses import FIRST_CAUSE, NORMAL, OTHER, PRIMARY
from sigm_bayes.likelihood.namespace import NUMPY

_TINY = 1e-300


@dataclass(frozen=True, eq=False)
class Factors:
    """The exposures of one person, factor by factor.

    Attributes
    ----------
    state : ExposureState
    log_weights : (draw, hypothesis)
        `person.log_weights` with this state.
    logits : (draw, exposure)
        Without what comes with other exposures.
    left, acting : (draw, time, exposure)
        E[exp(-s h w)], and exp(-s h) over it.
    survive : (draw, time)
        Their product with that of the causes not recorded, times the weight of the node.
    """

    parameters: Mapping[str, np.ndarray]
    state: ExposureState
    log_weights: np.ndarray
    logits: np.ndarray
    left: np.ndarray
    acting: np.ndarray
    survive: np.ndarray
    log_total: np.ndarray


def factors(p: Mapping[str, np.ndarray], case: Case, *, log_weights: np.ndarray) -> Factors:
    """Factorise the weights (draw, hypothesis) of a person."""
    state = case.exposures
    nothing = np.zeros(len(state.state))
    logits = person.exposure_logits(NUMPY, p, setting=case.setting, age_band=case.age_band, raised=nothing)
    occult = np.exp(np.take(p["log_occult_hazard"], case.setting, axis=-1) + p["occult_age"][:, case.age_band])
    primary, other = person.log_prior_odds(NUMPY, p, setting=case.setting, age_band=case.age_band, boy=case.boy)
    left, decay = _left(p, logits, state, np.arange(len(state.state)))
    survive = np.exp(np.log(left).sum(axis=-1) - TIME_NODES * occult[:, None] + TIME_LOG_WEIGHTS)
    return Factors(
        p, state, log_weights, logits, left, decay / left, survive, np.log1p(np.exp(primary) + np.exp(other))
    )  # fmt: skip


def _some(p: Mapping[str, np.ndarray], logits: np.ndarray, state: ExposureState, m: np.ndarray) -> np.ndarray:
    """P(exposed) given what is recorded, of columns m; (draw, column)."""
    e = NUMPY.expit(logits[:, m] + p["co_exposure"][:, None] * state.raised[m])
    return np.asarray(state.present[m] + (1.0 - state.present - state.absent)[m] * state.possible[m] * e)


def _left(
    p: Mapping[str, np.ndarray], logits: np.ndarray, state: ExposureState, m: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """E[exp(-s h w)] and exp(-s h) of columns m; (draw, time, column) each."""
    hazard = np.exp(p["log_hazard"][:, m]) * state.hazard_factor[m]
    decay = np.exp(-TIME_NODES[:, None] * hazard[:, None, :])
    some = _some(p, logits, state, m)[:, None, :]
    return (1.0 - some) + some * decay, decay


def reweighed(f: Factors, states: Sequence[ExposureState]) -> np.ndarray:
    """log P(hypothesis, recorded exposures) under each of several states; (state, draw, hypothesis)."""
    if not states:
        return np.zeros((0, *f.log_weights.shape))
    pairs = [(v, m) for v, state in enumerate(states) for m in _changed(f.state, state)]
    v, m = (np.array(x, dtype=int) for x in zip(*pairs, strict=True)) if pairs else (np.zeros(0, int), np.zeros(0, int))
    belongs = (v[:, None] == np.arange(len(states))).astype(float)  # (pair, state)
    new = _pick(states, v, m)
    before, after = f.state, ExposureState(new.state, new.hazard_factor, f.state.possible[m], new.raised)
    logits, column = f.logits[:, m], np.arange(len(m))
    thin = {name: f.parameters[name] for name in ("co_exposure",)} | {"log_hazard": f.parameters["log_hazard"][:, m]}
    left, decay = _left(thin, logits, after, column)
    survive = f.survive[:, :, None] * np.exp(np.log(left / f.left[:, :, m]) @ belongs)  # (draw, time, state)
    share = survive.transpose(0, 2, 1) @ f.acting  # (draw, state, exposure)
    share *= _acting_hazard(f.parameters, f.logits, before)[:, None, :]
    share[:, v, m] = (survive[:, :, v] * decay / left).sum(axis=1) * _acting_hazard(thin, logits, after)
    return _assembled(f, states, m, belongs, after, survive, share)


def _assembled(
    f: Factors, states: Sequence[ExposureState], m: np.ndarray, belongs: np.ndarray, after: ExposureState,
    survive: np.ndarray, share: np.ndarray,
) -> np.ndarray:  # fmt: skip
    p, before = f.parameters, f.state
    complication = p["exposure_complication"]

    def told(extra: np.ndarray | float) -> np.ndarray:
        """Change of log P(recorded exposures); (draw, state)."""
        base = f.logits[:, m] + (extra[:, m] if isinstance(extra, np.ndarray) else extra)
        old = _log_told(base + p["co_exposure"][:, None] * before.raised[m], before.present[m], before.absent[m])
        new = _log_told(base + p["co_exposure"][:, None] * after.raised, after.present, after.absent)
        return np.asarray((new - old) @ belongs)

    rest = told(0.0)
    known = _known(f)[:, None] + rest - f.log_total[:, None]
    out = np.empty((len(states), *f.log_weights.shape))
    start = f.log_weights
    out[:, :, PRIMARY] = (start[:, PRIMARY, None] + told(complication[:, :, 0])).T
    out[:, :, OTHER] = (start[:, OTHER, None] + told(complication[:, :, 1])).T
    one = {"co_exposure": p["co_exposure"], "log_hazard": p["log_hazard"][:, m]}
    spared = np.log(_at_one(one, f.logits[:, m], after) / _at_one(one, f.logits[:, m], _columns(before, m)))
    out[:, :, NORMAL] = (start[:, NORMAL, None] + rest + spared @ belongs).T
    n = share.shape[2]
    out[:, :, FIRST_CAUSE : FIRST_CAUSE + n] = (np.log(share + _TINY) + known[:, :, None]).transpose(1, 0, 2)
    log_occult = start[:, FIRST_CAUSE + n] - np.log(f.survive.sum(axis=1))  # with the margin of the exposures, below
    occult = np.log(survive.sum(axis=1)) + log_occult[:, None] + rest
    out[:, :, FIRST_CAUSE + n] = occult.T
    return out


def _changed(before: ExposureState, after: ExposureState) -> np.ndarray:
    differs = (before.state != after.state) | (before.raised != after.raised)
    return np.flatnonzero(differs | (before.hazard_factor != after.hazard_factor))


def _pick(states: Sequence[ExposureState], v: np.ndarray, m: np.ndarray) -> ExposureState:
    """Column m of state v, for every pair."""
    return ExposureState(
        state=np.array([s.state for s in states])[v, m],
        hazard_factor=np.array([s.hazard_factor for s in states])[v, m],
        possible=states[0].possible[m],
        raised=np.array([s.raised for s in states])[v, m],
    )


def _columns(state: ExposureState, m: np.ndarray) -> ExposureState:
    return ExposureState(state.state[m], state.hazard_factor[m], state.possible[m], state.raised[m])


def _acting_hazard(p: Mapping[str, np.ndarray], logits: np.ndarray, state: ExposureState) -> np.ndarray:
    """h P(exposed); (draw, column)."""
    m = np.arange(logits.shape[1])
    return np.asarray(np.exp(p["log_hazard"]) * state.hazard_factor * _some(p, logits, state, m))


def _at_one(p: Mapping[str, np.ndarray], logits: np.ndarray, state: ExposureState) -> np.ndarray:
    """E[exp(-h w)]; (draw, column)."""
    hazard = np.exp(p["log_hazard"]) * state.hazard_factor
    return np.asarray(1.0 - _some(p, logits, state, np.arange(logits.shape[1])) * (1.0 - np.exp(-hazard)))


def _log_told(logits: np.ndarray, present: np.ndarray, absent: np.ndarray) -> np.ndarray:
    positive = NUMPY.softplus(-logits)
    return np.asarray(-(present * positive + absent * (positive + logits)))


def _known(f: Factors) -> np.ndarray:
    """log P(recorded exposures) for people without a defined immunodeficiency; (draw,)."""
    logits = f.logits + f.parameters["co_exposure"][:, None] * f.state.raised
    return np.asarray(_log_told(logits, f.state.present, f.state.absent).sum(axis=1))
