"""Exposures of many people: the competing hazards of `exposures`, arranged as matrix products over blocks.

Unknown exposures factorise under the integral over s in [0, 1], recorded ones add to one total hazard. What depends on
setting and age band alone is tabulated a group; nothing is exponentiated once a person but the survival at the nodes.
"""

from __future__ import annotations

import numpy as np

from sigm_bayes.likelihood.namespace import Array, Namespace
from sigm_bayes.likelihood.people import People, in_blocks
from sigm_bayes.likelihood.person import Parameters

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)
TIMES = 0.5 * (_NODES + 1.0)
LOG_WEIGHTS = np.log(0.5 * _WEIGHTS)
"""Nodes of s: with total hazards below 20 the integral is right to 1e-7."""
TINY = 1e-36
"""In place of 0 in a logarithm; single precision holds it."""
N_KINDS = 3
LONGEST_CHAIN = 4
"""Exposures that raise one another in a row, at most (lymphoma, transplant, immunosuppression)."""


def log_exposures(xp: Namespace, p: Parameters, people: People, *, recorded: bool) -> Array:
    """log P(recorded exposures, and for the rest the cause | primary, other, rest); (person, hypothesis).

    With `recorded` False nothing counts as recorded, and no exposure as known: the sum over causes is then 1.
    """
    present, absent, raised = people.exposure_present, people.exposure_absent, people.exposure_raised
    if not recorded:
        present, absent, raised = 0.0 * present, 0.0 * absent, 0.0 * raised
    kinds = _kinds(xp, people, present + absent, raised)
    unknown = (1.0 - present - absent) * people.exposure_possible
    ticked = _ticked(xp, p, people) if recorded else np.zeros(people.n_exposures)
    logit = _group_logits(xp, p, people)
    hazard = xp.exp(p["log_hazard"])
    of_kinds = xp.concatenate([hazard] * N_KINDS)
    columns = xp.concatenate([unknown * kind for kind in kinds])
    times = np.concatenate([TIMES, [1.0]])
    decay = xp.exp(-of_kinds[:, None] * times)
    tick = xp.concatenate([ticked] * N_KINDS)
    given, spared = xp.expit(logit), xp.expit(-logit)
    # Where a box was not ticked: present and overlooked, or absent.
    missed = given * (1.0 - tick)
    rate, free = (missed / (missed + spared))[:, :, None], (spared / (missed + spared))[:, :, None]
    left = free + rate * decay
    log_left = in_blocks(people, columns, xp.log(left))
    total = xp.sum(present * people.exposure_hazard_factor * hazard, axis=-1)
    log_occult = p["log_occult_hazard"][people.setting] + p["occult_age"][people.age_band]
    all_hazard = total + xp.exp(log_occult)
    survive = xp.exp(log_left[:, :-1] - TIMES * all_hazard[:, None] + LOG_WEIGHTS)
    acting = in_blocks(people, survive, (rate * decay / left)[:, :, :-1].transpose(0, 2, 1)) * columns * of_kinds
    n = people.n_exposures
    survived = xp.sum(survive, axis=-1)
    unrecorded = xp.sum(acting.reshape((-1, N_KINDS, n)), axis=-2)
    share = unrecorded + present * people.exposure_hazard_factor * hazard * survived[:, None]
    known = _log_known(xp, p, (present, absent, unknown), kinds, logit, tick, people)
    rest = known[:, 2]
    causes = xp.log(share + TINY) + rest[:, None]
    normal = log_left[:, -1] - all_hazard + rest
    occult = xp.log(survived) + log_occult + rest
    return xp.concatenate([xp.stack([known[:, 0], known[:, 1], normal]), causes, occult[:, None]])


def _group_logits(xp: Namespace, p: Parameters, people: People) -> Array:
    """Logit of each exposure, of the three `_kinds` one after the other; (group, 3 exposures)."""
    setting, band = people.group_setting, people.group_age_band
    alone = p["logit_exposure"] + p["exposure_setting"].T[setting] + p["exposure_age"].T[band]
    raised = alone + p["co_exposure"]
    return xp.concatenate([alone, raised, _averaged(xp, alone, raised, people)])


def _kinds(xp: Namespace, people: People, recorded: Array, raised: Array) -> list[Array]:
    """1 where nothing raises an exposure, where a recorded one does, where that is not known; (person, exposure)."""
    may = xp.where((1.0 - recorded) @ people.raised_by.T > 0.0, 1.0, 0.0)
    not_known = (1.0 - raised) * may
    return [1.0 - raised - not_known, raised, not_known]


def _averaged(xp: Namespace, alone: Array, raised: Array, people: People) -> Array:
    """Logits with the exposures that raise an exposure summed out, as if those were independent; (group, exposure).

    The query leaves them out (decision 0004). In a registry a parameter that makes exposures come together would then
    change what is recorded, but not the probability of entry.
    """
    alone, raised = xp.expit(alone), xp.expit(raised)
    some = alone
    for _ in range(LONGEST_CHAIN):
        none = xp.exp(xp.log1p(-some) @ people.raised_by.T)
        some = alone * none + raised * (1.0 - none)
    return xp.log(some) - xp.log1p(-some)


def _ticked(xp: Namespace, p: Parameters, people: People) -> Array:
    """P(recorded | exposed) where the registry has a box to tick, else 0; (exposure,)."""
    if not len(people.exposure_boxes):
        return np.zeros(people.n_exposures)
    return xp.expit(p["logit_ticked_exposure"]) @ np.eye(people.n_exposures)[people.exposure_boxes]


def _log_known(
    xp: Namespace, p: Parameters, states: tuple[Array, Array, Array], kinds: list[Array], logit: Array, tick: Array,
    people: People,
) -> Array:  # fmt: skip
    """log P(what is recorded of exposures | primary, other, rest); (person, 3).

    `states` are present, absent and unknown; where there is a box to tick, unknown is "not ticked".
    """
    columns = xp.concatenate([state * kind for state in states for kind in kinds])
    tables = []
    for i in range(3):
        shifted = logit
        if i < 2:
            extra = xp.take(p["exposure_complication"], i)
            shifted = logit + xp.concatenate([extra] * N_KINDS)
        positive = -xp.softplus(-shifted)
        empty = xp.log(xp.expit(-shifted) + (1.0 - tick) * xp.expit(shifted))
        tables.append(xp.concatenate([positive, positive - shifted, empty]))
    known = in_blocks(people, columns, xp.stack(tables))
    if not len(people.exposure_boxes):
        return known
    log_ticked = -xp.softplus(-p["logit_ticked_exposure"])
    return known + xp.sum(states[0][:, people.exposure_boxes] * log_ticked, axis=-1)[:, None]
