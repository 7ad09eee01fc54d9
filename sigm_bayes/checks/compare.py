"""Model comparison: what each part of the model is worth, by how well studies are predicted that were left out.

Without the latent trait, the profound part, the cause-specific shifts, or the complications: the parameters of the part
are held where it does nothing. The score is the expected log predictive density of a whole overlap group left out, by
Pareto-smoothed importance sampling, study effects integrated out (Vehtari et al. 2017, doi:10.1007/s11222-016-9696-4).
Published group data speak little about these parts: a difference near 0 says that the evidence does not tell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from sigm_bayes.checks.density import EvidenceDensity, Prior
from sigm_bayes.checks.leave_study_out import UNRELIABLE
from sigm_bayes.checks.result import CheckResult, CheckTable
from sigm_bayes.checks.sampling import sample
from sigm_bayes.checks.subject import Subject

NAME = "comparison"
TITLE = "Model comparison: is each part worth having?"
FULL = "the model"
OFF = -8.0
"""On a log or logit scale: small enough to be nothing (a loading, or a share, of 0.0003)."""
CHAINS, DRAWS, TUNE = 2, 400, 250
QUICK_DRAWS = 100

Change = Callable[[EvidenceDensity], Prior]


def held(density: EvidenceDensity, values: Mapping[str, float | np.ndarray]) -> Prior:
    """The priors with some parameters held at values."""
    mean, sd = density.prior.mean.copy(), density.prior.sd.copy()
    for name, value in values.items():
        mean[density.places[name]], sd[density.places[name]] = value, 0.0
    return Prior(mean, sd)


def without_trait(density: EvidenceDensity) -> Prior:
    """Findings independent given the class: no loading on a latent proneness."""
    return held(density, {"log_loading": OFF})


def without_profound(density: EvidenceDensity) -> Prior:
    """No profound part of the shift of IgM."""
    return held(density, {"logit_profound_primary": OFF, "logit_profound_depletion": OFF})


def without_own_shifts(density: EvidenceDensity) -> Prior:
    """Every disease lowers IgM by the same distribution: that of the partial primary shift at its prior mean."""
    shift, tau = (density.inputs.priors.parameter(name).mean[0] for name in ("log_shift", "log_tau"))
    return held(density, {"log_shift": float(shift), "log_tau": float(tau)})


def without_complications(density: EvidenceDensity) -> Prior:
    """No exposure follows a defined deficiency: every cause is only a cause."""
    return held(density, {"exposure_complication": 0.0})


VARIANTS: Mapping[str, Change] = {
    FULL: lambda density: density.prior,
    "without the latent trait": without_trait,
    "without the profound part": without_profound,
    "without cause-specific shifts": without_own_shifts,
    "without complications": without_complications,
}


def run(subject: Subject) -> CheckResult:
    """Sample every variant and compare; nothing is judged."""
    draws = QUICK_DRAWS if subject.quick else DRAWS
    work = subject.work(NAME, chains=CHAINS, draws=draws, tune=TUNE)
    found: dict[str, dict[str, np.ndarray]] = {}
    for n, (name, change) in enumerate(VARIANTS.items()):
        file = name.replace(" ", "-")
        kept = work.read_arrays(file)
        if kept is None:
            subject.tell(f"{NAME}: {name}", n, len(VARIANTS))
            kept = _score(subject, change(subject.density), draws)
            work.write_arrays(file, **kept)
        found[name] = kept
    return summarise(found, len(subject.density.items))


def _score(subject: Subject, prior: Prior, draws: int) -> dict[str, np.ndarray]:
    from arviz_stats.base import array_stats

    density = subject.density
    target = density.log_density(density.published, prior)
    drawn = sample(target, density.n_dim, seed=subject.seed, chains=CHAINS, draws=draws, tune=TUNE)
    log_likelihood = density.by_study(density.pointwise(drawn.flat, prior=prior)[0])
    elpd, k_hat = [], []
    for column in log_likelihood.T:
        log_w, k = array_stats.psislw(column)
        elpd.append(log_mean(column, log_w))
        k_hat.append(float(k))
    return {
        "elpd": np.array(elpd), "k_hat": np.array(k_hat), "divergences": np.array(drawn.divergences),
        "r_hat": np.array(drawn.r_hat),
    }  # fmt: skip


def log_mean(log_value: np.ndarray, log_weight: np.ndarray) -> float:
    """log of a weighted mean from logs of values and of unnormalised weights; each (draw,)."""
    total = log_value + log_weight
    tops = total.max(), log_weight.max()
    return float(tops[0] + np.log(np.exp(total - tops[0]).sum()) - tops[1] - np.log(np.exp(log_weight - tops[1]).sum()))


def summarise(found: Mapping[str, Mapping[str, np.ndarray]], items: int) -> CheckResult:
    """Tabulate the differences from the whole model."""
    base = found[FULL]["elpd"]
    rows, statistic = [], {}
    for name, kept in found.items():
        gap = kept["elpd"] - base
        error = float(np.sqrt(len(gap)) * gap.std(ddof=1))
        unreliable = int((kept["k_hat"] > UNRELIABLE).sum())
        rows.append(
            (name, f"{kept['elpd'].sum():.1f}", "–" if name == FULL else f"{gap.sum():+.1f} ± {error:.1f}",
             str(unreliable), f"{float(kept['r_hat']):.3f}", str(int(kept["divergences"])))
        )  # fmt: skip
        statistic[f"{name}: log predictive density"] = float(kept["elpd"].sum())
        if name != FULL:
            statistic[f"{name}: difference"] = float(gap.sum())
            statistic[f"{name}: standard error"] = error
    told = [
        n for n in found if n != FULL and abs(statistic[f"{n}: difference"]) > 2 * statistic[f"{n}: standard error"]
    ]
    text = (
        f"Expected log predictive density of {len(base)} overlap groups ({items} numbers) left out in turn. Told apart "
        f"from the whole model by two standard errors: {', '.join(told) if told else 'none'}. Group data alone do not "
        "settle the others; they are kept for reasons that the model description gives."
    )
    table = CheckTable(
        ("variant", "log predictive density", "less the model", "unreliable (k-hat above 0.7)", "r-hat", "divergences"),
        tuple(rows), note="Unreliable groups make a score uncertain beyond its standard error.",
    )  # fmt: skip
    return CheckResult(NAME, None, statistic, table, "", text)
