"""Leave-one-study-out: whether the model predicts a study from all the others.

A whole overlap group leaves at once, its study effects and the selection by which its series was labelled with it; both
are redrawn.  Weights by Pareto-smoothed importance sampling (Vehtari et al. 2024, http://jmlr.org/papers/v25/19-556.html)
of one posterior sample, the study effects integrated out of the likelihood; where the weights are unreliable (Pareto
k-hat above 0.7) the model is sampled again without the group.  Nothing is compiled again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sigm_bayes.checks.density import EvidenceDensity
from sigm_bayes.checks.figures import left_out_figure
from sigm_bayes.checks.result import CheckResult, CheckTable
from sigm_bayes.checks.sampling import sample
from sigm_bayes.checks.subject import Subject
from sigm_bayes.checks.work import Work
from sigm_bayes.release.evidence_fit import FitRow, evidence_fit

NAME = "leave-one-study-out"
TITLE = "Leave-one-study-out: is a study predicted by the others?"
LOWEST, HIGHEST = 0.80, 0.97
"""Share of the two-sided items that may lie in their 90% predictive interval."""
UNRELIABLE = 0.7
"""Pareto k-hat above which importance weights are not used (Vehtari et al. 2024)."""
DRAWS, TUNE = 500, 200
QUICK_GROUPS = 6


def run(subject: Subject) -> CheckResult:
    """Run the check; finished groups are taken from the folder of the check."""
    density = subject.density
    groups = list(density.groups)[:QUICK_GROUPS] if subject.quick else list(density.groups)
    work = subject.work(NAME, draws=DRAWS, tune=TUNE)
    missing = [g for g in groups if work.read(_file(g)) is None]
    if missing:
        weights, k_hat = _importance(subject)
        redrawn = _redrawn(subject)
        order = sorted(missing, key=lambda g: bool(k_hat[g] > UNRELIABLE))
        for n, group in enumerate(order):
            subject.tell(f"{NAME}: {group}", len(groups) - len(missing) + n, len(groups))
            if k_hat[group] > UNRELIABLE:
                _refit(subject, group, work, k_hat[group])
            else:
                rows = _predicted(density, group, redrawn[weights[group]], seed=subject.seed)
                _keep(work, group, rows, "importance weights", k_hat[group], {})
    return summarise([found for g in groups if (found := work.read(_file(g))) is not None], density)


def _importance(subject: Subject) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Draws resampled as if each group had not been seen, and Pareto k-hat, by group."""
    from arviz_stats.base import array_stats

    log_likelihood = subject.density.by_study(subject.expected)
    rng = np.random.default_rng(subject.seed)
    weights, k_hat = {}, {}
    for g, group in enumerate(subject.density.groups):
        log_w, k = array_stats.psislw(log_likelihood[:, g])  # takes the log-likelihood
        w = np.exp(log_w - np.max(log_w))
        weights[group] = resample(w / w.sum(), rng)
        k_hat[group] = float(k)
    return weights, k_hat


def resample(weights: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Systematic resampling: as many indices as weights, each as often as its weight says, within one."""
    n = len(weights)
    position = (np.arange(n) + rng.random()) / n
    return np.minimum(np.searchsorted(np.cumsum(weights), position), n - 1)


def _redrawn(subject: Subject) -> np.ndarray:
    """Expected values with the selection of every labelled series drawn from its prior; (draw, item)."""
    z = subject.posterior.flat.copy()
    place = subject.density.places.get("label_selection")
    if place is None:
        return subject.expected
    z[:, place] = np.random.default_rng(subject.seed).standard_normal((len(z), place.stop - place.start))
    return subject.density.pointwise(z)[0]


def _predicted(density: EvidenceDensity, group: str, expected: np.ndarray, *, seed: int) -> tuple[FitRow, ...]:
    """The group's items beside what is predicted without them."""
    members = set(density.groups[group])
    rows = evidence_fit(density.items, density.seen, expected, seed=seed)
    return tuple(row for row in rows if row.item.item_id in members)


def _refit(subject: Subject, group: str, work: Work, k_hat: float) -> None:
    density = subject.density
    numbers = density.without(density.groups[group])
    sampled = sample(
        density.log_density(numbers), density.n_dim, seed=subject.seed, chains=1, draws=DRAWS, tune=TUNE
    )  # fmt: skip
    expected = density.pointwise(sampled.flat)[0]
    told = {"divergences": sampled.divergences, "ess": sampled.ess}
    _keep(work, group, _predicted(density, group, expected, seed=subject.seed), "sampled again", k_hat, told)


def _keep(
    work: Work, group: str, rows: Sequence[FitRow], method: str, k_hat: float, told: dict[str, Any]
) -> None:  # fmt: skip
    items = [
        {
            "item_id": r.item.item_id, "published": r.published, "median": r.median, "low": r.low, "high": r.high,
            "inside": r.inside, "two_sided": r.two_sided, "unit": r.unit, "subject": r.subject,
        }
        for r in rows
    ]  # fmt: skip
    work.write(_file(group), {"group": group, "method": method, "k_hat": k_hat, "items": items, **told})


def _file(group: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in group)


def summarise(found: Sequence[dict[str, Any]], density: EvidenceDensity) -> CheckResult:
    """Judge the groups that are finished."""
    items = [
        item | {"group": f["group"], "method": f["method"], "k_hat": f["k_hat"]} for f in found for item in f["items"]
    ]
    two_sided = [i for i in items if i["two_sided"]]
    bounds = [i for i in items if not i["two_sided"]]
    inside = sum(i["inside"] for i in two_sided)
    share = inside / len(two_sided) if two_sided else float("nan")
    by_id = {item.item_id: item for item in density.items}
    outside = sorted((i for i in items if not i["inside"]), key=lambda i: i["item_id"])
    table = CheckTable(
        ("item", "about", "published", "predicted without the study (90%)", "by", "note in the evidence table"),
        tuple(
            (
                i["item_id"], i["subject"], f"{i['published']:.3g} {i['unit']}",
                f"{i['median']:.3g} ({i['low']:.3g} to {i['high']:.3g})",
                f"{i['method']}, k-hat {i['k_hat']:.2f}", by_id[i["item_id"]].note or by_id[i["item_id"]].note_source,
            )
            for i in outside
        ),
        note="Items outside their interval. A bound is met when the interval reaches the allowed side.",
    )  # fmt: skip
    again = sum(f["method"] == "sampled again" for f in found)
    whole = len(found) == len(density.groups)
    text = (
        f"{inside} of {len(two_sided)} two-sided published numbers ({share:.0%}) lie in the 90% predictive interval "
        f"that the other studies give, study effects redrawn; {sum(i['inside'] for i in bounds)} of {len(bounds)} "
        f"bounds are met. Asked for: {LOWEST:.0%} to {HIGHEST:.0%}. {len(found)} of {len(density.groups)} overlap "
        f"groups were left out in turn, {again} of them by sampling again (Pareto k-hat above {UNRELIABLE:g}), "
        "the others by importance weights."
    )
    return CheckResult(
        name=NAME, passed=bool(LOWEST <= share <= HIGHEST) if whole else None,
        statistic={
            "coverage": share, "items": len(two_sided), "inside": inside, "bounds": len(bounds),
            "bounds_met": sum(i["inside"] for i in bounds), "groups": len(found), "sampled_again": again,
            "divergences": sum(f.get("divergences", 0) for f in found),
        },
        table=table, figure=left_out_figure(two_sided, coverage=f"{share:.0%}") if two_sided else "", text=text,
        details={"items": items},
    )  # fmt: skip
