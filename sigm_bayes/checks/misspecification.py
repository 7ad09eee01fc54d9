"""How wrong answers become when the world is not the model: seven named misspecifications and the damage.

Each is simulated with the seeds of the well-specified run beside it, so that the differences are not luck of the draw.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files

import numpy as np

from sigm_bayes.checks.calibration_check import OneClass, block_bootstrap, calibrate_class, decisions
from sigm_bayes.checks.cohort import Change, Records, Scored, kept_cohort, with_igm
from sigm_bayes.checks.result import CheckResult, CheckTable
from sigm_bayes.checks.subject import Subject
from sigm_bayes.evaluation.scores import log_scores
from sigm_bayes.likelihood.hypotheses import CLASSES, PRIMARY
from sigm_bayes.simulate.people import People

NAME = "misspecification"
TITLE = "Seven misspecifications and the size of the damage"
BLOCKS, TESTED, DRAWS = 200, 250, 200
QUICK_BLOCKS, QUICK_TESTED, QUICK_DRAWS = 20, 150, 20
THRESHOLD = 0.10
"""Of P(primary), at which net benefit is tabulated: ten work-ups for one found case."""
PRESENT_RECORDED = 0.9
NONE = "none: the model itself"


@dataclass(frozen=True)
class Misspecification:
    """One way in which the world differs; `size` means what `reason` says."""

    name: str
    size: float
    reason: str

    @property
    def change(self) -> Change:
        """What it does to parameters, people or records."""
        return _CHANGES[self.name](self.size)


def misspecifications() -> tuple[Misspecification, ...]:
    """Read ``misspecifications.toml``."""
    text = files("sigm_bayes.checks").joinpath("misspecifications.toml").read_text(encoding="utf-8")
    return tuple(Misspecification(**row) for row in tomllib.loads(text)["misspecification"])


def laboratory_offset(ln_factor: float) -> Change:
    """The laboratory reads too high by a factor."""
    return Change(people=lambda people, spread: with_igm(people, np.full(len(people), math.exp(ln_factor))))


def wrong_prevalence(factor: float) -> Change:
    """Primary deficiency is rarer or commoner by a factor."""
    return Change(parameters=lambda p: {**p, "logit_primary": p["logit_primary"] + math.log(factor)})


def heavier_tail(degrees: float) -> Change:
    """Healthy levels with the quantiles of Student's t instead of the normal, the same spread parameter."""

    def people(people: People, spread: np.ndarray) -> People:
        from scipy.stats import norm, t

        z = people.own_level / spread
        return with_igm(people, np.exp((t.ppf(norm.cdf(z), degrees) - z) * spread))

    return Change(people=people)


def stronger_correlation(factor: float) -> Change:
    """Findings go together more; what a class or an exposure does to each of them stays as it is."""

    def parameters(p: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {
            **p, "log_loading": p["log_loading"] + math.log(factor), "proneness": p["proneness"] / factor,
            "log_exposure_infection": p["log_exposure_infection"] - math.log(factor),
        }  # fmt: skip

    return Change(parameters=parameters)


def missing_not_at_random(absent_recorded: float) -> Change:
    """Present findings are recorded more often than absent ones."""

    def records(people: People, records: Records, rng: np.random.Generator) -> Records:
        chance = np.where(people.findings, PRESENT_RECORDED, absent_recorded)
        asked = rng.random(chance.shape) < chance
        return replace(records, findings=np.where(asked, people.findings.astype(int), -1))

    return Change(records=records)


def wrong_labels(share: float) -> Change:
    """The class against which the answer is judged is wrong in a share of people."""

    def records(people: People, records: Records, rng: np.random.Generator) -> Records:
        wrong = rng.random(len(people)) < share
        other = (people.class_index + rng.integers(1, len(CLASSES), len(people))) % len(CLASSES)
        return replace(records, label=np.where(wrong, other, records.label))

    return Change(records=records)


def unlisted_cause(share: float) -> Change:
    """A further cause that nobody can record suppresses IgM in a share of people."""
    hazard = -math.log1p(-share)
    return Change(
        parameters=lambda p: {**p, "log_occult_hazard": np.log(np.exp(p["log_occult_hazard"]) + hazard)}
    )  # fmt: skip


_CHANGES: Mapping[str, Callable[[float], Change]] = {
    "laboratory offset": laboratory_offset,
    "wrong prevalence": wrong_prevalence,
    "heavier tail": heavier_tail,
    "stronger symptom correlation": stronger_correlation,
    "missing not at random": missing_not_at_random,
    "wrong labels": wrong_labels,
    "unlisted cause": unlisted_cause,
}


def run(subject: Subject) -> CheckResult:
    """Simulate every misspecification and tabulate; nothing is judged."""
    size = (QUICK_BLOCKS, QUICK_TESTED, QUICK_DRAWS) if subject.quick else (BLOCKS, TESTED, DRAWS)
    worlds = [(NONE, "as-modelled", None), *((m.name, m.name.replace(" ", "-"), m.change) for m in misspecifications())]
    cohorts = {
        name: kept_cohort(subject, folder, blocks=size[0], tested=size[1], draws=size[2], change=change)
        for name, folder, change in worlds
    }
    return summarise(cohorts)


@dataclass(frozen=True)
class Damage:
    """What a misspecification does to P(primary) and to the whole answer."""

    calibration: OneClass
    log_score: float
    lead: float
    c: float


def damage(cohort: Scored) -> Damage:
    """Calibration of P(primary), mean log score, c-statistic, and lead in net benefit at `THRESHOLD` per 1,000."""
    from sigm_bayes.evaluation.discrimination import c_statistic

    p, event = cohort.answer[:, PRIMARY], cohort.truth == PRIMARY
    curves = decisions(cohort)
    at = int(np.argmin(np.abs(curves.thresholds - THRESHOLD)))
    rival = max(
        0.0, float(curves.everybody.value[at]), *(float(m.value[at]) for m in list(curves.methods.values())[1:])
    )
    own = float(next(iter(curves.methods.values())).value[at])
    return Damage(
        calibrate_class(p, event, block_bootstrap(cohort), name="primary"),
        float(log_scores(cohort.answer, cohort.truth).mean()), 1000.0 * (own - rival),
        float(c_statistic(p, event, np.ones((1, p.size)))[0]),
    )  # fmt: skip


def summarise(cohorts: Mapping[str, Scored]) -> CheckResult:
    """Tabulate the damage beside the well-specified run."""
    found = {name: damage(cohort) for name, cohort in cohorts.items()}
    base = found[NONE]
    reasons = {m.name: m.reason for m in misspecifications()} | {NONE: "People simulated from the model."}
    rows = tuple(_row(name, reasons[name], d, base, len(cohorts[name].truth)) for name, d in found.items())
    worst = max((n for n in found if n != NONE), key=lambda n: abs(math.log(max(found[n].calibration.over, 1e-9))))
    table = CheckTable(
        ("misspecification", "what", "low-IgM people", "primary: observed over expected", "intercept", "slope (99%)",
         "calibration error", "c-statistic", "log score, change", f"net benefit at {THRESHOLD:.0%}, lead per 1,000"),
        rows, note="Observed over expected above 1: more primary deficiency than the tool says. The lead in net "
        "benefit is over the best of the cut-off rule after ESID, acting on all and on none.",
    )  # fmt: skip
    text = (
        f"Of seven misspecifications '{worst}' moves P(primary) furthest: {found[worst].calibration.over:.2f} times as "
        f"many primary cases as expected (the model itself: {base.calibration.over:.2f})."
    )
    statistic = {f"{name}: observed over expected": d.calibration.over for name, d in found.items()}
    statistic |= {f"{name}: calibration error": d.calibration.error for name, d in found.items()}
    return CheckResult(NAME, None, statistic, table, "", text)


def _row(name: str, reason: str, d: Damage, base: Damage, people: int) -> tuple[str, ...]:
    c = d.calibration
    return (
        name, reason, f"{people:,}", f"{c.over:.2f}", f"{c.intercept:+.2f}", c.slope_text, f"{c.error:.4f}",
        f"{d.c:.3f}", f"{d.log_score - base.log_score:+.3f}", f"{d.lead:+.2f}",
    )  # fmt: skip
