"""One person of a registry as one row of numbers: what `People` holds of a person, before equal rows come together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from sigm_bayes.likelihood.case import Case
from sigm_bayes.likelihood.immunoglobulins import Result
from sigm_bayes.patient import Patient
from sigm_bayes.query.encode import Encoder
from sigm_bayes.query.encode_samples import Later, courses, kept_results, later_results, sample_bounds

ABSENT_STEP = -1e4
"""Log weight of a node that is not there."""
NARROW = 0.12
"""A result no wider than this (ln) is one Gaussian beside another one: error below 1e-3 in the log."""
COARSE, COARSE_NODES = 0.45, 4
WIDE_NODES = 12
"""Pieces of a first result up to this wide, and of a wider one."""
WIDEST = 6.0
"""Levels further than this (ln) below a limit of quantification weigh nothing."""
IG_NARROW, IG_NODES, IG_WIDE_NODES, IG_WIDEST = 0.3, 3, 24, 4.5
"""Nodes over an IgG or IgA result, and how far (ln) an open concentration reaches."""
OPEN_BELOW_LN = -2.9
"""Concentrations that begin below this (ln mg/dL) have no lower bound."""
NO_LABEL = 4
NO_THRESHOLD = 40.0


@dataclass(frozen=True)
class Entry:
    """A person of a registry with what the registry knows beside the patient.

    Attributes
    ----------
    person_id : str
    patient : Patient
    centre : int
    label : int
        Class in the order of `hypotheses.CLASSES`, 4 without a label.
    threshold_mg_dl : float
        Measured IgM below which a person could enter the registry; infinite where everybody could.
    """

    person_id: str
    patient: Patient
    centre: int
    label: int = NO_LABEL
    threshold_mg_dl: float = math.inf


@dataclass(frozen=True)
class Row:
    """One encoded person; see `People` for the meaning and the units of the fields."""

    group: tuple[int, int, int]
    boy: float
    median_rows: np.ndarray
    spread_rows: np.ndarray
    own: np.ndarray
    own_ln_median: np.ndarray
    own_ln_sd: np.ndarray
    igm: np.ndarray
    igm_context: int
    ig_node: np.ndarray
    ig_log_weight: np.ndarray
    ig_on_z: np.ndarray
    ig_known: np.ndarray
    ig_wide: bool
    exposures: np.ndarray
    acting: np.ndarray
    present: np.ndarray
    absent: np.ndarray
    unticked: np.ndarray
    union: np.ndarray
    invasive_present: float
    attribute: np.ndarray
    abnormal: np.ndarray
    normal: np.ndarray
    label: int
    threshold: float
    second: np.ndarray
    rate: np.ndarray
    fixed: np.ndarray
    delay_share: float

    def key(self) -> bytes:
        """Equal for people who are the same to the likelihood."""
        parts = [np.asarray(getattr(self, f.name), dtype=float).tobytes() for f in fields(self)]
        return b"|".join(parts)


def encode_row(entry: Entry, encoder: Encoder, *, boxes: np.ndarray, unions: Sequence[np.ndarray] = ()) -> Row:
    """Encode a person.

    Parameters
    ----------
    boxes : (box,) int
        Findings that the registry has as boxes to tick: unknown means not ticked.
    unions : arrays of int
        Findings of which at least one is present ("infection"), for this person.
    """
    case = encoder.encode(entry.patient, series=False)
    catalogue = encoder.catalogue
    n_findings, n_tests = len(catalogue.findings), len(catalogue.tests)
    found = case.all_findings
    invasive = found.invasive
    present, absent = np.zeros(n_findings), np.zeros(n_findings)
    present[found.present] = 1.0
    absent[found.absent] = 1.0
    has, has_not = present[invasive], absent[invasive]
    present[invasive] = absent[invasive] = 0.0
    abnormal, normal = np.zeros(n_tests), np.zeros(n_tests)
    abnormal[case.tests.abnormal] = 1.0
    normal[case.tests.normal] = 1.0
    e = case.exposures
    ig = (case.igg, case.iga)
    nodes = [_ig_nodes(result) for result in ig]
    second, rate, fixed = _second(entry.patient, case, encoder)
    return Row(
        group=(case.setting, case.age_band, entry.centre),
        boy=case.boy,
        median_rows=np.stack([c.median for c in case.curves]),
        spread_rows=np.stack([c.spread for c in case.curves]),
        own=np.array([float(c.own_ln_median is not None) for c in case.curves]),
        own_ln_median=np.array([c.own_ln_median or 0.0 for c in case.curves]),
        own_ln_sd=np.array([c.own_ln_sd or 1.0 for c in case.curves]),
        igm=np.array([case.samples.log_low[0], case.samples.log_high[0]]),
        igm_context=int(case.samples.context[0]),
        ig_node=np.stack([n[0] for n in nodes]),
        ig_log_weight=np.stack([n[1] for n in nodes]),
        ig_on_z=np.array([float(r is not None and r.on_z_scale) for r in (case.igg, case.iga)]),
        ig_known=np.array([float(r is not None) for r in (case.igg, case.iga)]),
        ig_wide=any(n[1][IG_NODES] > ABSENT_STEP for n in nodes) or any(r is not None and r.on_z_scale for r in ig),
        exposures=np.stack([e.present, e.absent, e.hazard_factor, e.possible, e.raised]),
        acting=_one_hot(case.present, len(case.exposures.state)),
        present=present,
        absent=absent,
        unticked=np.array([1.0 - present[k] - absent[k] for k in boxes]),
        union=_union(unions, present, absent, has, invasive),
        invasive_present=has,
        attribute=_attribute(case, has_not=bool(has_not), has=bool(has)),
        abnormal=abnormal,
        normal=normal,
        label=entry.label,
        threshold=min(math.log(entry.threshold_mg_dl), NO_THRESHOLD),
        second=second,
        rate=rate,
        fixed=fixed,
        delay_share=case.delay_share if second[4] else 0.0,
    )


def _one_hot(index: np.ndarray, length: int) -> np.ndarray:
    out = np.zeros(length)
    out[index] = 1.0
    return out


def _attribute(case: Case, *, has_not: bool, has: bool) -> np.ndarray:
    """Severity and number (-1: not recorded), then where an episode may lie (site by organism)."""
    found = case.all_findings
    allowed = np.ones_like(found.allowed)
    severity = number = -1
    if has_not:
        allowed = np.zeros_like(found.allowed)
    elif has or found.invasive_partial:
        allowed, severity, number = found.allowed, found.severity, found.number
    return np.concatenate([[severity, number], allowed.ravel()])


def _union(
    unions: Sequence[np.ndarray], present: np.ndarray, absent: np.ndarray, has_invasive: float, invasive: int
) -> np.ndarray:
    """Members, themselves unknown, of the unions of which one at least is present and none is known to be.

    Where several unions hold, the smallest says most.
    """
    out = np.zeros(len(present))
    open_unions = []
    for members in unions:
        if present[members].any() or (has_invasive and invasive in members):
            continue
        unknown = members[absent[members] == 0.0]
        unknown = unknown[unknown != invasive]
        if len(unknown):
            open_unions.append(unknown)
    if open_unions:
        out[min(open_unions, key=len)] = 1.0
    return out


def _ig_nodes(result: Result | None) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre nodes over an IgG or IgA result, padded to `IG_WIDE_NODES`; each (node,)."""
    node, log_weight = np.zeros(IG_WIDE_NODES), np.full(IG_WIDE_NODES, ABSENT_STEP)
    if result is None:
        log_weight[:IG_NODES] = 0.0
        return node, log_weight
    centre = 0.5 * float(result.node.max() + result.node.min())  # the nodes are symmetric
    width = float(np.exp(result.log_weight).sum())
    low, high = centre - 0.5 * width, centre + 0.5 * width
    if width > IG_WIDEST and not result.on_z_scale:
        low, high = (high - IG_WIDEST, high) if low < OPEN_BELOW_LN else (low, low + IG_WIDEST)
    count = IG_NODES if width <= IG_NARROW else IG_WIDE_NODES
    x, w = np.polynomial.legendre.leggauss(count)
    half = 0.5 * (high - low)
    node[:count] = 0.5 * (low + high) + half * x
    node[count:] = node[0]
    log_weight[:count] = np.log(half * w)
    return node, log_weight


def _second(patient: Patient, case: Case, encoder: Encoder) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The second result that is used: the last repeat, or what is told of the time before or after an exposure.

    Returns
    -------
    second : (5,)
        ln low, ln high, context, years, and 1 if there is one.
    rate, fixed : (hypothesis,)
        See `courses`.
    """
    later = later_results(patient, priors=encoder.priors, limits=encoder.igm_limits(patient))
    repeats = len(kept_results(patient)) - 1
    n = 3 + len(case.depletion)
    if not later:
        return np.zeros(5), np.zeros(n), np.full(n, -1.0)
    chosen: Later = later[repeats - 1] if repeats else later[0]
    low, high, context = sample_bounds(chosen, encoder.catalogue)
    rate, fixed = courses([chosen], encoder.catalogue, list(encoder.priors.coords["recovery"]))
    return np.array([low, high, context, chosen.years, 1.0]), rate[:, 0].astype(float), fixed[:, 0]
