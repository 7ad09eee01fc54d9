"""Prior and posterior predictive of every published number: what the model expected before the evidence, and after it.

Study effects are redrawn and the sampling error of the study's size is added. The posterior part is in-sample: a high
share inside says that study effects are wide, not that the model is right (leave-one-study-out asks that).
"""

from __future__ import annotations

import numpy as np

from sigm_bayes.checks.result import CheckResult, CheckTable
from sigm_bayes.checks.subject import Subject
from sigm_bayes.release.evidence_fit import FitRow, coverage, evidence_fit

NAME = "predictive"
TITLE = "Prior and posterior predictive of every published number"
PRIOR_DRAWS, QUICK_DRAWS = 1000, 200
LEAST = 0.80
"""Share of two-sided items inside the 90% posterior predictive interval below which the check does not pass."""


def run(subject: Subject) -> CheckResult:
    """Draw both predictives and compare."""
    density = subject.density
    count = QUICK_DRAWS if subject.quick else PRIOR_DRAWS
    subject.tell(f"{NAME}: prior", 0, 2)
    z = np.random.default_rng(subject.seed).standard_normal((count, density.n_dim))
    before = evidence_fit(density.items, density.seen, density.pointwise(z)[0], seed=subject.seed)
    subject.tell(f"{NAME}: posterior", 1, 2)
    after = evidence_fit(density.items, density.seen, subject.expected, seed=subject.seed)
    subject.tell(f"{NAME}: done", 2, 2)
    return summarise(before, after)


def summarise(before: tuple[FitRow, ...], after: tuple[FitRow, ...]) -> CheckResult:
    """Judge the two lists of items, in the same order."""
    inside = [coverage(before), coverage(after)]
    shares = [n / total for n, total in inside]
    surprised = [b.item.item_id for b in before if not b.inside]
    narrower = np.array([_width(a) / _width(b) for b, a in zip(before, after, strict=True) if _width(b) > 0.0])
    rows = tuple(
        (
            a.item.item_id, a.item.term.replace("_", " "), a.subject, f"{a.published:.3g} {a.unit}", _interval(b),
            _interval(a), _said(b), _said(a),
        )
        for b, a in zip(before, after, strict=True)
    )  # fmt: skip
    table = CheckTable(
        ("item", "term", "about", "published", "prior predictive (90%)", "posterior predictive (90%)", "prior",
         "posterior"), rows, note="A bound is met when the interval reaches the allowed side of the published number.",
    )  # fmt: skip
    text = (
        f"Before the evidence {inside[0][0]} of {inside[0][1]} two-sided numbers ({shares[0]:.0%}) lie in the 90% "
        f"predictive interval of the priors, after it {inside[1][0]} ({shares[1]:.0%}; asked for: at least "
        f"{LEAST:.0%}). The interval after is {np.median(narrower):.0%} as wide as before (median). Priors and "
        f"published number disagree in: {', '.join(surprised) if surprised else 'none'}."
    )
    return CheckResult(
        NAME, bool(shares[1] >= LEAST),
        {"prior_coverage": shares[0], "posterior_coverage": shares[1], "items": inside[1][1],
         "bounds_met": sum(r.inside for r in after if not r.two_sided),
         "bounds": sum(not r.two_sided for r in after), "median_width_ratio": float(np.median(narrower))},
        table, text=text,
    )  # fmt: skip


def _width(row: FitRow) -> float:
    return row.high - row.low


def _interval(row: FitRow) -> str:
    return f"{row.median:.3g} ({row.low:.3g} to {row.high:.3g})"


def _said(row: FitRow) -> str:
    if row.two_sided:
        return "inside" if row.inside else "OUTSIDE"
    return "met" if row.inside else "NOT MET"
