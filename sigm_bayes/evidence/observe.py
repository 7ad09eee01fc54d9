"""From a printed number to an observation: value, standard error and effective n on the scale of its term."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from sigm_bayes.evidence.tables import EvidenceItem, Observed
from sigm_bayes.evidence.vocabulary import TERMS, UNITS_MG_DL, UNITS_PER_PERSON_YEAR

_Z95 = 1.959963984540054
_MEDIAN_SE = math.sqrt(math.pi / 2)  # standard error of a median over that of a mean, Gaussian


@dataclass(frozen=True)
class Choices:
    """The numbers of ``reading.toml``.

    Attributes
    ----------
    n_quoted, quoted_events, n_cap : float
        People that a proportion without counts is worth; people on its rarer side that it is worth at
        least; and people that it is worth at most.
    n_moment : float
        People behind a mean without n.
    moment_cv : float
        SD / mean of IgM where no SD is printed.
    change_sd : float
        SD of a change as a fraction of baseline.
    rate_ln_se : float
        Standard error of ln rate where neither interval nor events are printed.
    """

    n_quoted: float
    quoted_events: float
    n_cap: float
    n_moment: float
    moment_cv: float
    change_sd: float
    rate_ln_se: float


CHOICE_KEYS: Mapping[str, tuple[str, str]] = {
    "n_quoted": ("effective_n", "quoted"),
    "quoted_events": ("effective_n", "quoted_events"),
    "n_cap": ("effective_n", "cap"),
    "n_moment": ("moments", "n_quoted"),
    "moment_cv": ("moments", "cv"),
    "change_sd": ("moments", "change_sd"),
    "rate_ln_se": ("rates", "ln_se"),
}
"""Where each choice stands in ``reading.toml``: table and key."""


def observe(item: EvidenceItem, *, choices: Choices, sd_mg_dl: float | None = None) -> Observed:
    """Read the printed number of an item that is fitted or a bound.

    Parameters
    ----------
    item
        Facts and reading; its term and `stat` have been checked.
    choices
        What stands in where a source prints too little.
    sd_mg_dl
        SD of a mean that the source prints in a row of its own, mg/dL.

    Raises
    ------
    ValueError
        When the facts do not give a number on the scale of the term; the text says what is missing.
    """
    scale = TERMS[item.term].scale(item.stat)
    if scale == "proportion":
        seen = _proportion(item, choices)
    elif scale == "mg_dl":
        seen = _level(item, choices, sd_mg_dl)
    elif scale == "fraction":
        n, _ = _people(item, choices)
        seen = Observed(scale, _need(item), choices.change_sd / math.sqrt(n), n, False)
    elif scale == "ln_ratio":
        low, high = _interval(item)
        value = math.log(_positive(_need(item)))
        seen = Observed(scale, value, (math.log(high) - math.log(low)) / (2 * _Z95), math.nan, True)
    else:
        seen = _rate(item, choices)
    if not (math.isfinite(seen.value) and math.isfinite(seen.se) and seen.se > 0):
        raise ValueError("value or standard error is not a finite number")
    return seen


def _proportion(item: EvidenceItem, choices: Choices) -> Observed:
    if item.k is not None and item.n is not None:
        share, n, printed = item.k / item.n, float(item.n), True
    else:
        share = _share(item)
        n, printed = _effective_n(item, share, choices)
    if item.stat == "complement":
        share = 1 - share
    k = share * n
    return Observed("proportion", share, math.sqrt(1 / (k + 0.5) + 1 / (n - k + 0.5)), n, printed)


def _share(item: EvidenceItem) -> float:
    """Printed share, or the middle of the printed interval on the logit scale."""
    if item.value is not None:
        share = item.value
    elif item.low is not None and item.high is not None:
        share = 1 / (1 + math.exp(-(_logit(item.low) + _logit(item.high)) / 2))
    else:
        raise ValueError("needs k and n, a value, or low and high")
    if not 0 <= share <= 1:
        raise ValueError("a proportion lies between 0 and 1")
    return share


def _effective_n(item: EvidenceItem, share: float, choices: Choices) -> tuple[float, bool]:
    """People whose binomial has the printed precision, and whether the source prints what that needs.

    With an interval: n = 1 / (p (1 - p) se**2), se the half-width of the logit interval over 1.96; the
    extreme centres or years of a survey count as such an interval. Otherwise the printed n of the group (for
    the background of a population: of the study), otherwise `n_quoted`, or more for a rare share: enough for
    `quoted_events`. Never more than the printed n or `n_cap`.
    """
    people = item.study.n if item.n is None and item.kind == "background" else item.n
    limits = [] if people is None else [float(people)]
    if _spread(item) in ("interval95", "extremes") and item.low is not None and item.high is not None:
        se = (_logit(item.high) - _logit(item.low)) / (2 * _Z95)
        if se > 0 and 0 < share < 1:
            limits.append(1 / (share * (1 - share) * se**2))
    rarer = min(share, 1 - share)
    quoted = max(choices.n_quoted, choices.quoted_events / rarer if rarer > 0 else 0.0)
    n = min(limits, default=quoted)
    return min(n, choices.n_cap), bool(limits) and n <= choices.n_cap


def _people(item: EvidenceItem, choices: Choices) -> tuple[float, bool]:
    if item.n is not None and item.n > 1:
        return float(item.n), True
    return choices.n_moment, False


def _level(item: EvidenceItem, choices: Choices, sd_mg_dl: float | None) -> Observed:
    if item.unit not in UNITS_MG_DL:
        raise ValueError(f"needs a unit of {', '.join(UNITS_MG_DL)}")
    factor = UNITS_MG_DL[item.unit]
    value = _need(item) * factor
    n, printed = _people(item, choices)
    if item.stat == "sd":
        return Observed("mg_dl", value, value / math.sqrt(2 * (n - 1)), n, printed)
    if _spread(item) == "interval95":
        low, high = _ends(item)
        return Observed("mg_dl", value, (high - low) * factor / (2 * _Z95), n, True)
    if _spread(item) == "sd":
        low, high = _ends(item)
        sd = (high - low) * factor / 2
    elif sd_mg_dl is not None:
        sd = sd_mg_dl
    else:
        sd, printed = choices.moment_cv * abs(value), False
    return Observed("mg_dl", value, sd / math.sqrt(n) * (_MEDIAN_SE if item.stat == "median" else 1.0), n, printed)


def _rate(item: EvidenceItem, choices: Choices) -> Observed:
    if item.unit not in UNITS_PER_PERSON_YEAR:
        raise ValueError(f"needs a unit of {', '.join(UNITS_PER_PERSON_YEAR)}")
    value = math.log(_positive(_need(item)) * UNITS_PER_PERSON_YEAR[item.unit])
    if _spread(item) != "interval95":
        return Observed("ln_rate", value, choices.rate_ln_se, math.nan, False)
    low, high = _interval(item)
    return Observed("ln_rate", value, (math.log(high) - math.log(low)) / (2 * _Z95), math.nan, True)


def _spread(item: EvidenceItem) -> str:
    """What `low` and `high` are: as the table says, unless our reading corrects it."""
    return item.spread_read or item.spread


def _need(item: EvidenceItem) -> float:
    if item.value is None:
        raise ValueError("needs a value")
    return item.value


def _positive(value: float) -> float:
    if value <= 0:
        raise ValueError("needs a value above 0")
    return value


def _ends(item: EvidenceItem) -> tuple[float, float]:
    if item.low is None or item.high is None or item.low >= item.high:
        raise ValueError("needs low and high, low below high")
    return item.low, item.high


def _interval(item: EvidenceItem) -> tuple[float, float]:
    low, high = _ends(item)
    if _spread(item) != "interval95":
        raise ValueError("needs spread interval95")
    return _positive(low), high


def _logit(share: float) -> float:
    if not 0 < share < 1:
        raise ValueError("an end of the interval of a proportion lies between 0 and 1")
    return math.log(share) - math.log1p(-share)
