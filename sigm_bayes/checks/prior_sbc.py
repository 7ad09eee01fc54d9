"""Prior SBC of the evidence model: published numbers made up from the prior, fitted, the truth ranked among the draws.

Counts are binomial with the effect of the item, other numbers normal, and a bound is a censored number: drawn, and only
on which side of the published limit it falls is kept. Nothing is compiled again between replicates.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sigm_bayes.checks.density import STUDY_EFFECT, EvidenceDensity, Numbers
from sigm_bayes.checks.figures import ecdf_figure
from sigm_bayes.checks.patients import primary_by_draw, reference_patients
from sigm_bayes.checks.result import CheckResult, CheckTable
from sigm_bayes.checks.sampling import sample
from sigm_bayes.checks.sbc import band, ranks, uniformity
from sigm_bayes.checks.subject import Subject

NAME = "sbc"
TITLE = "Prior simulation-based calibration of the evidence model"
REPLICATES, QUICK_REPLICATES = 200, 10
DRAWS, TUNE, THIN = 400, 200, 4
FAMILY = 0.01
"""Chance of a false alarm over all quantities together (Bonferroni)."""
FEWEST = 20
"""Replicates from which on the check judges."""


def run(subject: Subject, *, replicates: int | None = None) -> CheckResult:
    """Run what is missing of the replicates and judge; finished ones are taken from the folder of the check."""
    wanted = replicates or subject.replicates or (QUICK_REPLICATES if subject.quick else REPLICATES)
    density = EvidenceDensity(subject.inputs, whole_counts=True)
    work = subject.work(NAME, draws=DRAWS, tune=TUNE, thin=THIN)
    for n in range(wanted):
        if work.read(f"{n:04d}") is None:
            subject.tell(NAME, n, wanted)
            work.write(f"{n:04d}", replicate(subject, density, n))
    found = [r for name in work.names() if (r := work.read(name)) is not None]
    names = quantity_names(subject, density)
    story = f"{len(found)} replicates of the evidence were made up from the prior and fitted"
    first = len(names) - len(reference_patients(subject.model.catalogue))
    return summarise(found, names, name=NAME, story=story, shown=[first - 1, first, first + 1])


def quantity_names(subject: Subject, density: EvidenceDensity) -> list[str]:
    """Names of the ranked quantities: every free variable, the log-likelihood, P(primary) of new patients."""
    patients = [f"P(primary) of {p.id}" for p in reference_patients(subject.model.catalogue)]
    return [*density.labels, "log-likelihood", *patients]


def simulate(density: EvidenceDensity, z: np.ndarray, rng: np.random.Generator) -> Numbers:
    """Draw the published numbers that parameters z (variable,) would have produced."""
    seen = density.seen
    expected = density.pointwise(z[None, :])[0][0]
    centre = expected + z[density.places[STUDY_EFFECT]][seen.group] * seen.shared_sd
    own = rng.standard_normal(len(centre))
    share = 1.0 / (1.0 + np.exp(-(centre + seen.item_sd * own)))
    k = np.where(seen.is_count, rng.binomial(np.round(seen.n).astype(int), share), seen.k)
    value = np.where(seen.is_count, seen.value, centre + np.hypot(seen.se, seen.item_sd) * own)
    limit = density.published.value
    drawn = centre + np.hypot(seen.se, seen.total_sd) * own
    side = np.where(drawn <= limit, 1.0, -1.0)
    is_bound = seen.bound != 0
    return Numbers(
        k=k.astype(float), value=np.where(is_bound, limit, value), bound=np.where(is_bound, side, 0.0),
        weight=np.ones(len(centre)),
    )  # fmt: skip


def replicate(subject: Subject, density: EvidenceDensity, n: int) -> dict[str, Any]:
    """Simulate, fit and rank once."""
    rng = np.random.default_rng([subject.seed, n])
    truth = rng.standard_normal(density.n_dim)
    numbers = simulate(density, truth, rng)
    seed = int(rng.integers(2**31))
    drawn = sample(density.log_density(numbers), density.n_dim, seed=seed, chains=1, draws=DRAWS, tune=TUNE)
    z = np.vstack([truth, drawn.flat[::THIN]])
    log_likelihood = density.pointwise(z, numbers)[1].sum(axis=1)
    patients = reference_patients(subject.model.catalogue)
    primary = primary_by_draw(density.parameters(z), patients, subject.model.encoder)
    quantities = np.column_stack([z, log_likelihood, primary])
    placed = ranks(quantities[0], quantities[1:], rng)
    return {"ranks": np.round(placed, 6).tolist(), "divergences": drawn.divergences, "ess": drawn.ess}


EVERYTHING = "all parameters, the log-likelihood, probabilities of ten new patients"


def summarise(
    found: list[dict[str, Any]], names: list[str], *, name: str, story: str, shown: list[int], about: str = EVERYTHING
) -> CheckResult:
    """Judge the ranks of all finished replicates.

    Parameters
    ----------
    found
        One a replicate: its ranks and its number of divergent transitions.
    names
        Of the ranked quantities.
    name
        Of the check.
    story
        What was simulated and fitted, as the beginning of a sentence.
    shown
        Quantities in the figure, beside those that are furthest from uniform.
    about
        What the quantities are.
    """
    placed = np.array([f["ranks"] for f in found])
    tested = uniformity(placed)
    order = np.argsort(tested.p_value)
    joint = tested.family_wise()
    n = len(found)
    table = CheckTable(
        ("quantity", "p-value", "mean rank (0.5 if right)"),
        tuple((names[i], f"{tested.p_value[i]:.4f}", f"{placed[:, i].mean():.2f}") for i in order[:10]),
        note="The ten quantities that are furthest from uniform.",
    )
    below = float((tested.p_value < FAMILY).mean())
    divergences = sum(f["divergences"] for f in found)
    text = (
        f"{story}. Of {len(names)} quantities ({about}) "
        f"{below:.1%} leave their own 99% band (1% by chance); the smallest p-value over all of them is {joint:.3f} "
        f"after Bonferroni (asked for: at least {FAMILY:g}). {divergences} divergent transitions in all."
    )
    judged = bool(joint >= FAMILY) if n >= FEWEST else None
    if judged is None:
        text += f" Fewer than {FEWEST} replicates show that it runs; they judge nothing."
    chosen = [*shown, *order[:3]]
    figure = ecdf_figure(tested, band(n, 0.99), [names[i] for i in chosen], chosen, replicates=n)
    return CheckResult(
        name, judged,
        {"replicates": n, "quantities": len(names), "family_wise_p": joint, "share_outside_own_band": below,
         "divergences": divergences},
        table, figure, text,
    )  # fmt: skip
