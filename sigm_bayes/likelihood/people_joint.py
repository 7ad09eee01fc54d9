"""The log-likelihood of every person of a registry, with how the registry was collected taken into account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from sigm_bayes.likelihood import immunoglobulins as ig_
from sigm_bayes.likelihood import people_findings, people_igm
from sigm_bayes.likelihood.hypotheses import class_of_hypothesis
from sigm_bayes.likelihood.namespace import Array, Namespace, logaddexp, logsumexp
from sigm_bayes.likelihood.people import People, origins, spread
from sigm_bayes.likelihood.people_exposures import log_exposures
from sigm_bayes.likelihood.person import Parameters, ig_low_logits, state_levels, test_logits, with_prior_odds

Ascertainment = Literal["all_tested", "low_igm", "labelled_primary"]
Labels = Literal["trusted", "noisy", "ignored"]
IMPOSSIBLE = -1e4
PRIMARY_LABEL = 0


@dataclass(frozen=True)
class Scheme:
    """How a registry was collected and what its labels are worth.

    Attributes
    ----------
    ascertainment
        all_tested: everybody tested is in it. low_igm: only people whose first IgM was printed below `threshold`.
        labelled_primary: only people whom the centre labelled primary.
    labels
        trusted: the label is the class. noisy: right with a probability by class. ignored.
    subsampled
        Rows with a higher IgM were thinned (`kept_below`, `log_kept_above`).
    """

    ascertainment: Ascertainment = "all_tested"
    labels: Labels = "noisy"
    subsampled: bool = False


def log_person(xp: Namespace, p: Parameters, people: People, scheme: Scheme) -> Array:
    """log P(what is recorded of a person | the person is in the registry); (person,)."""
    mean, sd = (xp.settled(x) for x in people_igm.moments(xp, p, people))
    joint = log_joint(xp, p, people, mean=mean, sd=sd)
    labels = log_labels(xp, p, scheme, len(people.depletion))
    if labels is not None:
        joint = joint + labels[people.label]
    return logsumexp(xp, joint) - log_entry(xp, p, people, scheme, mean=mean, sd=sd, labels=labels)


def log_joint(xp: Namespace, p: Parameters, people: People, *, mean: Array, sd: Array) -> Array:
    """log P(everything recorded but the label, hypothesis); (person, hypothesis)."""
    total = xp.settled(_start(xp, p, people, recorded=True))
    total = total + people_igm.log_igm(xp, p, people, mean, sd) + xp.settled(_log_igg_iga(xp, p, people))
    findings = xp.settled(people_findings.log_findings(xp, p, people))
    per_class = findings + xp.settled(_log_tests(xp, p, people))
    return total + spread(per_class, np.array(class_of_hypothesis(len(people.depletion))))


def log_labels(xp: Namespace, p: Parameters, scheme: Scheme, n_causes: int) -> Array | None:
    """log P(label | hypothesis), a last row of zeros for no label; (label + 1, hypothesis)."""
    if scheme.labels == "ignored" and scheme.ascertainment != "labelled_primary":
        return None
    if scheme.labels == "noisy":
        by_class = p["label_logit"] - logsumexp(xp, p["label_logit"])[:, None]
    else:
        by_class = xp.asarray(np.where(np.eye(4) > 0.0, 0.0, IMPOSSIBLE))
    by_hypothesis = by_class[np.array(class_of_hypothesis(n_causes))].T
    return xp.rows([by_hypothesis, 0.0 * by_hypothesis[:1]])


def log_entry(
    xp: Namespace, p: Parameters, people: People, scheme: Scheme, *, mean: Array, sd: Array, labels: Array | None
) -> Array:
    """log P(the person is in the registry, among the rows that are fitted); (person,)."""
    if scheme.ascertainment == "all_tested" and not scheme.subsampled:
        return 0.0 * mean[:, 0]
    start = xp.settled(_start(xp, p, people, recorded=False))
    if scheme.ascertainment == "labelled_primary":
        assert labels is not None
        return logsumexp(xp, start + labels[PRIMARY_LABEL])

    def below(threshold: Array) -> Array:
        return logsumexp(xp, start + people_igm.log_first_below(xp, p, people, mean, sd, threshold))

    if not scheme.subsampled:
        return below(people.threshold)
    cut = xp.where(people.threshold < people.kept_below, people.threshold, people.kept_below)
    kept = below(cut)
    if scheme.ascertainment == "low_igm":
        whole = below(people.threshold)
    else:
        whole = 0.0 * kept
    # kept + f (whole - kept); `whole` is 1 where nothing else selects.
    share = xp.exp(people.log_kept_above)
    return logaddexp(xp, kept + xp.log1p(-share), people.log_kept_above + whole)


def _start(xp: Namespace, p: Parameters, people: People, *, recorded: bool) -> Array:
    """log P(hypothesis, exposures if `recorded` | setting, age, sex and centre); (person, hypothesis)."""
    primary = p["logit_primary"][people.setting] + p["primary_age"][people.age_band]
    other = p["logit_other"][people.setting] + p["other_age"][people.age_band] + people.boy * p["other_boy"]
    if "centre_prevalence" in p:
        primary = primary + p["centre_prevalence"][people.centre]
        other = other + p["centre_prevalence"][people.centre]
    if recorded:
        given = log_exposures(xp, p, people, recorded=True)
    else:
        given = log_exposures(xp, p, origins(people), recorded=False)[people.origin_row]
    return with_prior_odds(xp, given, primary=primary, other=other)


def _log_igg_iga(xp: Namespace, p: Parameters, people: People) -> Array:
    """log P(IgG, IgA | hypothesis); (person, hypothesis)."""
    shift = people_findings.exposure_shift(xp, p, people)
    curves = [people_igm.curve(xp, p, people, i, name, 0.0) for i, name in ((1, "curve_igg"), (2, "curve_iga"))]
    median, spread = (xp.stack([igg, iga]) for igg, iga in zip(*curves, strict=True))
    z = (people.ig_node - median[..., None]) / spread[..., None]
    log_weight = people.ig_log_weight - xp.log(spread)[..., None]
    narrow = _states(xp, p, people, z, log_weight, spread, shift, people.ig_known)
    who = people.ig_wide
    m, s, word = median[who][..., None], spread[who][..., None], people.ig_wide_on_z[..., None]
    z = word * people.ig_wide_node + (1.0 - word) * (people.ig_wide_node - m) / s
    log_weight = people.ig_wide_log_weight - (1.0 - word) * xp.log(s)
    wide = _states(xp, p, people, z, log_weight, spread[who], shift[who], people.ig_known[who])
    states, selective = (xp.rows([a, b])[people.ig_row] for a, b in zip(narrow, wide, strict=True))
    weights = ig_.log_state_weights(xp, ig_low_logits(xp, p), p["logit_ig_high"])
    mixed = logsumexp(xp, weights + states[:, None, :])
    head = xp.stack([selective, xp.take(mixed, 0), xp.take(states, 1)])
    return xp.concatenate([head, mixed[:, 1:]])


def _states(
    xp: Namespace, p: Parameters, people: People, z: Array, log_weight: Array, spread: Array, shift: Array, known: Array
) -> tuple[Array, Array]:
    """log P(known IgG and IgA | state), (person, 3), and if truly above the lower limit, (person,).

    `z` and `log_weight` are (person, analyte, node), `spread` and `known` (person, analyte).
    """
    states, selective = ig_.log_states(
        xp, z=z, log_weight=log_weight, spread=spread, shift=-shift[:, None],
        error_sd=np.array(people.error_sd)[:, None], **state_levels(xp, p),
    )  # fmt: skip
    return xp.sum(known[..., None] * states, axis=-2), xp.sum(known * selective, axis=-1)


def _log_tests(xp: Namespace, p: Parameters, people: People) -> Array:
    """log P(test results | class); (person, class4)."""
    logits = test_logits(xp, p, people.setting)
    positive = xp.softplus(-logits)
    return -xp.sum(people.abnormal[:, None, :] * positive + people.normal[:, None, :] * (positive + logits), axis=-1)
