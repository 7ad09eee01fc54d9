"""Power-scaling: which priors, and how much the evidence, drive P(primary) of the reference patients.

A prior (or the likelihood) is raised to a power near 1 by importance weights; the sensitivity is the rate at which the
distribution of P(primary) over the draws then moves, as a cumulative Jensen-Shannon distance per doubling (Kallioinen
et al. 2024, doi:10.1007/s11222-023-10366-5). Priors are scaled on the released draws and, unless quick, the sample of
the checks together. The likelihood, with study effects integrated out, needs quantities that are not released: it is
scaled on the sample of the checks alone.

The draws count as in an answer, by how well they explain the patient. Beside it: by how much P(primary) moves when a
prior mean moves by one prior SD (its covariance with the standardised parameter). Power-scaling asks how sure a prior
is, this asks where it lies.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from sigm_bayes.checks.figures import sensitivity_figure
from sigm_bayes.checks.patients import ByDraw, ReferencePatient, by_draw, reference_patients
from sigm_bayes.checks.result import CheckResult, CheckTable
from sigm_bayes.checks.subject import Subject
from sigm_bayes.model.graph import CURVES
from sigm_bayes.query.summary import band

if TYPE_CHECKING:
    from sigm_bayes.query.encode import Encoder

NAME = "power-scaling"
TITLE = "Power-scaling: what drives the answer of ten reference patients?"
ALPHAS = (0.99, 1.01)
"""Powers between which the gradient is taken (Kallioinen et al. 2024, section 3)."""
SENSITIVE = 0.05
"""Sensitivity from which on an answer is called sensitive (Kallioinen et al. 2024, section 3.3)."""
SHUFFLES = 200
"""Draws of the noise floor: the same sensitivity when prior and answer are paired at random."""
FAMILY = 0.05
"""Chance that the place of any unrelated prior (of one patient) is told from noise (Bonferroni)."""
USED_DRAWS = 10
"""Draws on which it is seen whether an answer uses a parameter."""
NAMED = 3


@dataclass(frozen=True)
class Sensitivity:
    """Sensitivity of P(primary) to one prior or to the likelihood.

    Attributes
    ----------
    of : str
        Parameter whose prior is scaled, or ``likelihood``.
    value : ndarray, shape (patient,)
    noise : ndarray, shape (patient,)
        What is found when prior and answer are unrelated.
    shift : ndarray, shape (patient,)
        Largest change of mean P(primary) when the prior mean of one entry moves by one prior SD (linear); 0 where no
        entry is told from noise, nan for the likelihood.
    moved : tuple of str
        That entry, by patient.
    """

    of: str
    value: np.ndarray
    noise: np.ndarray
    shift: np.ndarray
    moved: tuple[str, ...]


def run(subject: Subject) -> CheckResult:
    """Show the sensitivities and name the most influential priors; nothing is judged."""
    patients = reference_patients(subject.model.catalogue)
    subject.tell(f"{NAME}: answers", 0, 2)
    z, drawn = released_z(subject), by_draw(subject.model.parameters, patients, subject.model.encoder)
    likelihood, released = None, drawn
    if not subject.quick:
        flat = subject.posterior.flat
        own = by_draw(subject.density.parameters(flat), patients, subject.model.encoder)
        z = {name: np.vstack([draws, flat[:, subject.density.places[name]]]) for name, draws in z.items()}
        drawn = drawn.and_those_of(own)
        likelihood = _likelihood(subject, own)
    subject.tell(f"{NAME}: priors", 1, 2)
    used = depends(subject.model.parameters, patients, subject.model.encoder, list(z))
    priors = prior_sensitivities(
        z, entry_names(subject), drawn.primary, weights=drawn.weights, used=used, seed=subject.seed
    )
    subject.tell(f"{NAME}: done", 2, 2)
    return summarise(priors, likelihood, patients, released)


def released_z(subject: Subject) -> dict[str, np.ndarray]:
    """Released draws of the free parameters in prior SDs from the prior mean; each (draw, entry)."""
    variables = subject.model.posterior.variables
    out = {}
    for p in subject.inputs.priors.parameters:
        if p.released_name in variables and p.free.any():
            full = p.fill(variables[p.released_name])
            out[p.name] = ((full - p.mean) / np.where(p.free, p.sd, 1.0))[:, p.free].reshape((len(full), -1))
    for name, analyte in CURVES.items():
        curve = subject.inputs.curves[analyte]
        out[name] = np.linalg.solve(np.linalg.cholesky(curve.cov), (variables[name] - curve.mean).T).T
    return out


def entry_names(subject: Subject) -> dict[str, tuple[str, ...]]:
    """Labels of the entries of `released_z`."""
    out: dict[str, tuple[str, ...]] = {}
    for p in subject.inputs.priors.parameters:
        if p.free.any():
            out[p.name] = tuple(p.free_labels(subject.inputs.priors.coords)) if p.dims else ("",)
    return out | {name: subject.inputs.curves[analyte].names for name, analyte in CURVES.items()}


def prior_sensitivities(
    z: Mapping[str, np.ndarray], names: Mapping[str, tuple[str, ...]], quantity: np.ndarray, *,
    weights: np.ndarray, used: Mapping[str, np.ndarray], seed: int,
) -> list[Sensitivity]:  # fmt: skip
    """Sensitivity of quantities to the prior of each parameter.

    Parameters
    ----------
    z
        Draws in prior SDs from the prior mean, by parameter; each (draw, entry).
    quantity : ndarray, shape (draw, patient)
    weights : ndarray, shape (draw, patient)
        How much each draw counts; sums to 1 over draws.
    used : mapping of str to ndarray of bool, shape (patient,)
        Whether the answer uses the parameter; where it does not, the sensitivity is 0.
    """
    rng = np.random.default_rng(seed)
    entries = sum(values.shape[1] for values in z.values())
    told = normal_quantile(1.0 - 0.5 * FAMILY / entries) * np.sqrt((weights**2).sum(axis=0))
    out = []
    centred = quantity - (weights * quantity).sum(axis=0)
    spread = np.sqrt((weights * centred**2).sum(axis=0))
    for name, values in z.items():
        log_prior = -0.5 * (values**2).sum(axis=1)
        covariance = (weights * centred).T @ values  # d E[quantity] / d mean, in prior SDs
        sd = np.sqrt(np.maximum(weights.T @ values**2 - (weights.T @ values) ** 2, 0.0))
        real = np.abs(covariance) > (told * spread)[:, None] * sd
        covariance = np.where(real & used[name][:, None], covariance, 0.0)
        strongest = np.abs(covariance).argmax(axis=1)
        out.append(
            Sensitivity(
                name, used[name] * sensitivity(log_prior, quantity, weights),
                noise_floor(log_prior, quantity, weights, rng),
                covariance[np.arange(len(strongest)), strongest], tuple(names[name][k] for k in strongest),
            )
        )  # fmt: skip
    return out


def normal_quantile(p: float) -> float:
    """Quantile of the standard normal distribution."""
    from statistics import NormalDist

    return NormalDist().inv_cdf(p)


def noise_floor(
    log_density: np.ndarray, quantity: np.ndarray, weights: np.ndarray, rng: np.random.Generator
) -> np.ndarray:  # fmt: skip
    """Largest sensitivity in `SHUFFLES` pairings at random; (patient,)."""
    shuffled = np.stack([rng.permutation(log_density) for _ in range(SHUFFLES)])
    return np.asarray(
        np.max([sensitivity(part, quantity, weights) for part in np.array_split(shuffled, 4)], axis=(0, 1))
    )


def sensitivity(log_density: np.ndarray, quantity: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Power-scaling sensitivity; log_density (..., draw), quantity and weights (draw, patient) -> (..., patient).

    The cumulative Jensen-Shannon distance (Nguyen and Vreeken 2015), the larger of that of x and of -x, per doubling.
    """
    total = np.zeros((*log_density.shape[:-1], quantity.shape[1]))
    for alpha in ALPHAS:
        log_w = (alpha - 1.0) * log_density
        scaled = np.exp(log_w - log_w.max(axis=-1, keepdims=True))
        distance = []
        for x, before in zip(quantity.T, weights.T, strict=True):
            after = before * scaled
            after = after / after.sum(axis=-1, keepdims=True)
            distance.append(np.maximum(cjs_distance(x, before, after), cjs_distance(-x, before, after)))
        total += np.stack(distance, axis=-1) / abs(np.log2(alpha))
    return total / len(ALPHAS)


def cjs_distance(x: np.ndarray, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Cumulative Jensen-Shannon distance between draws x (draw,) with weights (draw,) and with others (..., draw)."""
    order = np.argsort(x)
    step = np.diff(x[order])
    p = np.maximum(np.cumsum(before[order])[:-1], 1e-300)
    q = np.cumsum(after[..., order], axis=-1)[..., :-1]
    middle = 0.5 * (p + q)
    # What the two directions add beyond the logarithms cancels in their sum.
    both = p * np.log2(p / middle) + q * np.log2(np.maximum(q, 1e-300) / middle)
    bound = (p + q) @ step
    return np.sqrt(np.maximum(both @ step, 0.0) / np.maximum(bound, 1e-300))


def depends(
    parameters: Mapping[str, np.ndarray], patients: Sequence[ReferencePatient], encoder: Encoder, names: Sequence[str]
) -> dict[str, np.ndarray]:
    """Whether the answer of each patient uses a parameter at all: does it change when only that one does; (patient,).

    What an answer does not use can move it only through the evidence, which is far below what draws can show.
    """
    some = {name: values[:USED_DRAWS] for name, values in parameters.items()}
    before = by_draw(some, patients, encoder)
    out = {}
    for name in names:
        after = by_draw({**some, name: np.roll(some[name], 1, axis=0)}, patients, encoder)
        moved = np.abs(after.primary - before.primary) > 1e-12
        out[name] = np.any(moved | (np.abs(after.log_evidence - before.log_evidence) > 1e-9), axis=0)
    return out


def _likelihood(subject: Subject, drawn: ByDraw) -> Sensitivity:
    log_likelihood = subject.density.by_study(subject.expected).sum(axis=1)
    floor = noise_floor(log_likelihood, drawn.primary, drawn.weights, np.random.default_rng(subject.seed))
    patients = drawn.primary.shape[1]
    found = sensitivity(log_likelihood, drawn.primary, drawn.weights)
    return Sensitivity("likelihood", found, floor, np.full(patients, np.nan), ("",) * patients)


def in_words() -> dict[str, str]:
    """What each parameter is, in words for a reader of the model card."""
    text = files("sigm_bayes.checks").joinpath("prior_words.toml").read_text(encoding="utf-8")
    words: dict[str, str] = tomllib.loads(text)["words"]
    return words


def summarise(
    priors: list[Sensitivity], likelihood: Sensitivity | None, patients: tuple[ReferencePatient, ...],
    drawn: ByDraw,
) -> CheckResult:  # fmt: skip
    """Rank the priors by their mean sensitivity above the noise, and write it down."""
    words = in_words()
    above = {s.of: float(np.maximum(s.value - s.noise, 0.0).mean()) for s in priors}
    ranked = sorted(priors, key=lambda s: -above[s.of])
    best = [s for s in ranked if above[s.of] > 0.0][:NAMED]
    rows = [_row(p.id, drawn, ranked, likelihood, n) for n, p in enumerate(patients)]
    table = CheckTable(
        ("patient", "P(primary)", "likelihood", "most influential priors (sensitivity)",
         "prior mean one SD higher: change of P(primary), points"), tuple(rows),
        note="Sensitivity per doubling of the weight of a prior or of the evidence; 0.05 and more is called sensitive. "
        "Only what lies above the noise floor (the same with prior and answer paired at random) is listed. The last "
        "column is linear, for the entry of that prior that moves the answer most.",
    )  # fmt: skip
    named = "; ".join(f"({n}) {words.get(s.of, s.of)} (`{s.of}`)" for n, s in enumerate(best, start=1))
    moving = sorted(priors, key=lambda s: -float(np.abs(s.shift).mean()))[:NAMED]
    moved = "; ".join(
        f"{words.get(s.of, s.of)} ({100 * np.abs(s.shift).mean():.1f} points on average, at most "
        f"{100 * np.abs(s.shift).max():.0f})" for s in moving
    )  # fmt: skip
    sensitive = sum(bool(s.value[n] > max(SENSITIVE, s.noise[n])) for n in range(len(patients)) for s in priors)
    statistic = {f"sensitivity to {s.of}, mean above noise": above[s.of] for s in ranked[:10]}
    if likelihood is not None:
        statistic["sensitivity to the likelihood, mean"] = float(likelihood.value.mean())
    text = (
        f"The most influential priors for P(primary), over {len(patients)} reference patients: {named}. "
        f"{sensitive} pairs of patient and prior are sensitive (above {SENSITIVE:g} and above the noise). Where a "
        f"prior lies matters most for: {moved}, for one prior SD."
    )
    details = {
        "patients": [p.id for p in patients],
        "priors": {
            s.of: {"value": s.value.tolist(), "noise": s.noise.tolist(), "shift": s.shift.tolist()} for s in ranked
        },
    }  # fmt: skip
    if likelihood is not None:
        details["likelihood"] = likelihood.value.tolist()
    shown = {s.of: s.value for s in ranked[:4]} | ({} if likelihood is None else {"likelihood": likelihood.value})
    title = f"The prior of {best[0].of} moves answers most" if best else "No prior is told from noise"
    figure = sensitivity_figure([p.id for p in patients], shown, threshold=SENSITIVE, title=title)
    return CheckResult(NAME, None, statistic, table, figure, text, details)


def _row(id: str, drawn: ByDraw, ranked: list[Sensitivity], likelihood: Sensitivity | None, n: int) -> tuple[str, ...]:
    own = sorted((s for s in ranked if s.value[n] > s.noise[n]), key=lambda s: -s.value[n])[:NAMED]
    moves = sorted((s for s in ranked if s.shift[n] != 0.0), key=lambda s: -abs(s.shift[n]))[:NAMED]
    found = band(drawn.primary[:, n], drawn.weights[:, n])
    return (
        id, f"{100 * found['mean']:.2g}% ({100 * found['lower']:.2g} to {100 * found['upper']:.2g})",
        "–" if likelihood is None else f"{likelihood.value[n]:.2f}",
        "; ".join(f"{s.of} {s.value[n]:.2f}" for s in own) or "none above the noise",
        "; ".join(f"{_entry(s, n)} {100 * s.shift[n]:+.2g}" for s in moves) or "none above the noise",
    )  # fmt: skip


def _entry(s: Sensitivity, n: int) -> str:
    return f"{s.of}[{s.moved[n]}]" if s.moved[n] else s.of
