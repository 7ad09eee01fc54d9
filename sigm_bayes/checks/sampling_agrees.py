"""Is the released posterior that of the model? A second, separately written density, sampled with another seed, agrees.

The log density of the checks shares the expected values with the PyMC graph, and nothing else: priors, study effects,
likelihood and compiler are its own.
"""

from __future__ import annotations

import numpy as np

from sigm_bayes.checks.power_scaling import entry_names, released_z
from sigm_bayes.checks.result import CheckResult, CheckTable
from sigm_bayes.checks.subject import Subject

NAME = "posterior"
TITLE = "The released draws, found again by another density and another seed"
FAMILY = 0.01
"""Chance of a false alarm over all quantities (Bonferroni)."""
MOST_R_HAT = 1.02
SHOWN = 10


def run(subject: Subject) -> CheckResult:
    """Compare means and spreads of every released quantity."""
    from arviz_stats.base import array_stats
    from scipy.stats import norm

    subject.tell(NAME, 0, 1)
    sampled = subject.posterior
    released, names = released_z(subject), entry_names(subject)
    found: list[tuple[float, float, str, float, float]] = []
    for name, draws in released.items():
        own = sampled.z[:, :, subject.density.places[name]]
        ess = np.atleast_1d(array_stats.ess(own, chain_axis=0, draw_axis=1, method="mean"))
        flat = own.reshape((-1, own.shape[-1]))
        for k in range(draws.shape[1]):
            a, b = draws[:, k], flat[:, k]
            # The released draws were thinned from four times as many and are taken as independent.
            gap = (a.mean() - b.mean()) / np.sqrt(a.var() / len(a) + b.var() / ess[k])
            ratio = a.std() / b.std()
            found.append((float(gap), float(ratio), f"{name}[{names[name][k]}]", float(a.mean()), float(b.mean())))
    limit = float(norm.isf(0.5 * FAMILY / len(found)))
    worst = sorted(found, key=lambda f: -abs(f[0]))
    reliable = sampled.divergences == 0 and sampled.r_hat < MOST_R_HAT
    passed = bool(abs(worst[0][0]) < limit) if reliable else None
    table = CheckTable(
        ("quantity", "released mean", "second mean", "difference, standard errors", "ratio of SDs"),
        tuple((f[2], f"{f[3]:.3f}", f"{f[4]:.3f}", f"{f[0]:+.2f}", f"{f[1]:.2f}") for f in worst[:SHOWN]),
        note="In prior SDs from the prior mean; the ten that differ most.",
    )
    text = (
        f"Of {len(found)} quantities the largest difference of means is {abs(worst[0][0]):.1f} standard errors (limit "
        f"{limit:.1f}, {FAMILY:.0%} over all). The second sample has {sampled.z.shape[0]} chains of "
        f"{sampled.z.shape[1]} draws, r-hat at most {sampled.r_hat:.3f}, {sampled.divergences} divergences."
    )
    if not reliable:
        text += " That sample did not converge well enough to judge: the check is not decided."
    statistic = {
        "largest_difference_se": abs(worst[0][0]), "limit_se": limit, "r_hat": sampled.r_hat, "ess_bulk": sampled.ess,
        "divergences": sampled.divergences,
    }  # fmt: skip
    return CheckResult(NAME, passed, statistic, table, "", text)
