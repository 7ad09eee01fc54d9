"""What the likelihood of a registry promises, shown on simulated registries whose truth is known.

    python benchmarks/registry_claims.py ascertainment [--people 3000] [--registry 0]
    python benchmarks/registry_claims.py labels [--people 2000] [--registry 0]

ascertainment: everybody tested is fitted; then only those with a first IgM printed below 60 mg/dL, once as what they
are and once as if they were everybody. The first two should agree with the truth and with each other, the third not.

labels: a registry in which one label in ten is wrong is fitted with the labels as noisy, trusted and ignored; what each
fit, and the literature alone, says of new people is scored.

`--registry` is the number of a registry: another truth, other people.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from recovery import inside, reference_patients

from sigm_bayes import load_model
from sigm_bayes.checks.simulated_registries import CUT_OFF_MG_DL, Compiled, Design, draws_by_name, simulated
from sigm_bayes.fit.pipeline import Prepared
from sigm_bayes.fit.spec import FitSpec
from sigm_bayes.inference.hmc import find_and_mend, sample_nearly_normal
from sigm_bayes.inference.whitening import whiten
from sigm_bayes.likelihood.hypotheses import CLASSES
from sigm_bayes.paths import models_dir
from sigm_bayes.patient import scope
from sigm_bayes.query.draws import classes
from sigm_bayes.query.model import Model
from sigm_bayes.query.weighing import Weighing
from sigm_bayes.simulate import draw_parameters

MODEL = models_dir() / "sigm"
CENTRES, CHAINS, DRAWS, TUNE = 4, 2, 300, 60
SEED = 20261123
TRUTH, NEXT = 500, 137
"""Released draw that is the truth of the first registry, and how much further on that of the next is."""
SCORED_DRAWS = 200
Draws = Mapping[str, np.ndarray]


def sampled(model: Model, ready: Prepared, joined: Any, *, seed: int) -> Draws:
    """Draws (draw, ...) of a prepared registry, by name."""
    start = time.perf_counter()
    handle = joined.handle
    found = find_and_mend(handle, seed=seed, cores=CHAINS)
    tree = sample_nearly_normal(
        whiten(handle, found), seed=seed, chains=CHAINS, draws=DRAWS, tune=TUNE, cores=CHAINS,
        first_step=found.step,
    )  # fmt: skip
    people, divergences = len(ready.encoded.people.weight), int(tree["sample_stats"]["diverging"].sum())
    print(
        f"{people:,} places: {time.perf_counter() - start:.0f} s, {divergences} diverged", file=sys.stderr, flush=True
    )  # fmt: skip
    return draws_by_name(model, tree["posterior"])


def free_columns(model: Model, values: Draws) -> np.ndarray:
    """All free parameters; (..., quantity)."""
    parts = [
        np.asarray(values[p.name])[..., p.free] if p.dims else np.asarray(values[p.name])[..., None]
        for p in model.priors.parameters
        if not p.evidence_only and p.free.any()
    ]
    return np.concatenate(parts, axis=-1)


def free_names(model: Model) -> list[str]:
    """Names of the columns of `free_columns`."""
    coords = model.priors.coords
    return [
        f"{p.name}[{label}]" if p.dims else p.name
        for p in model.priors.parameters
        if not p.evidence_only and p.free.any()
        for label in (p.free_labels(coords) if p.dims else [""])
    ]


def answers(model: Model, draws: Draws) -> np.ndarray:
    """P(primary | patient, draw) of the reference patients; (draw, patient)."""
    cases = [model.encoder.encode(patient) for patient in reference_patients(model)]
    return np.column_stack([classes(Weighing(draws, case).probabilities())["primary"] for case in cases])


def truth_of(model: Model, number: int) -> Draws:
    """Parameters of a registry."""
    return draw_parameters(model, seed=0, draw=(TRUTH + NEXT * number) % len(model.parameters["log_tau"]))


def ascertainment(people: int, number: int) -> None:
    """Everybody, the low ones rightly, the low ones wrongly."""
    model = load_model()
    truth = truth_of(model, number)
    made = simulated(model, truth, Design(people, CENTRES, "all_tested"), folder=MODEL, seed=SEED + 10 * number)
    spec = FitSpec(ascertainment="low_igm", labels="ignored", cut_off_mg_dl=CUT_OFF_MG_DL)
    low = Compiled(MODEL, spec, tight=True).put(made.registry)
    chosen = {entry.person_id for entry in low.entries.entries}
    print(f"{people:,} people tested, {len(chosen):,} with a first IgM below {CUT_OFF_MG_DL:g} mg/dL")
    found = {"low": sampled(model, low, low.joined, seed=3)}
    whole = Compiled(MODEL, FitSpec(ascertainment="all_tested", labels="ignored"), tight=True).put(made.registry)
    place = whole.encoded.place[[entry.person_id in chosen for entry in whole.entries.entries]]
    weight = np.bincount(place, minlength=len(whole.encoded.people.weight)).astype(float)
    found["low, as if everybody"] = sampled(model, whole, whole.joined.with_data(people_weight=weight), seed=2)
    found["everybody"] = sampled(model, whole, whole.joined, seed=1)
    one = {name: np.asarray(values)[None] for name, values in truth.items()}
    known = np.concatenate([free_columns(model, truth), answers(model, one)[0]])
    n = known.size - len(reference_patients(model))
    at = {}
    for name, draws in found.items():
        every = np.concatenate([free_columns(model, draws), answers(model, draws)], axis=1)
        mean, sd = every.mean(axis=0), np.maximum(every.std(axis=0), 1e-12)
        at[name] = mean, sd
        z, hit = (mean - known) / sd, inside(known, every)
        print(
            f"{name}: 90% intervals hold the truth of {hit[:n].mean():.1%} of {n} parameters and {hit[n:].mean():.0%} "
            f"of {known.size - n} P(primary); distance from the truth {np.sqrt(np.mean(z[:n] ** 2)):.2f} SDs (root "
            f"mean square), the furthest {np.abs(z[:n]).max():.1f}"
        )
    (a, sd_a), (b, sd_b) = at["everybody"], at["low"]
    told = sd_b > 1.05 * sd_a  # what the people left out tell something of
    z = (b - a)[told] / np.sqrt(sd_b[told] ** 2 - sd_a[told] ** 2)
    print(
        f"low against everybody: difference over its SD has a root mean square of {np.sqrt(np.mean(z**2)):.2f} and is "
        f"beyond 1.64 for {np.mean(np.abs(z) > 1.64):.1%} of {told.sum()} quantities (expected 1 and 10%)"
    )


def labels(people: int, number: int) -> None:
    """Noisy, trusted and ignored labels, and the literature, scored on new people."""
    model = load_model()
    truth = truth_of(model, number)
    made = simulated(model, truth, Design(people, CENTRES, "low_igm"), folder=MODEL, seed=SEED + 1 + 10 * number)
    new = simulated(model, truth, Design(NEW_PEOPLE, CENTRES, "low_igm"), folder=MODEL, seed=SEED + 2 + 10 * number)
    people_of = [
        (id, patient)
        for id, patient in new.registry.patients(catalogue=model.catalogue)
        if scope(patient, catalogue=model.catalogue) is None
    ]
    right = np.array([new.class_of[id] for id, _ in people_of])
    cases = [model.encoder.encode(patient) for _, patient in people_of]
    every = {name: v[:: max(1, len(v) // SCORED_DRAWS)] for name, v in model.parameters.items()}
    scores = {"literature": score(every, cases, right)}
    for how in ("ignored", "noisy", "trusted"):
        spec = FitSpec(ascertainment="low_igm", labels=how, cut_off_mg_dl=CUT_OFF_MG_DL)
        ready = Compiled(MODEL, spec, tight=True).put(made.registry)
        draws = sampled(model, ready, ready.joined, seed=4)
        thinned = {name: v[:: max(1, len(v) // SCORED_DRAWS)] for name, v in draws.items()}
        scores[how] = score(thinned, cases, right)
    print(f"{people:,} people fitted, {len(cases):,} new ones of other centres scored (log score, lower is better)")
    print("; ".join(f"{name} {one.mean():.4f}" for name, one in scores.items()))
    for worse, better in (("trusted", "noisy"), ("ignored", "noisy"), ("literature", "ignored")):
        difference = scores[worse] - scores[better]
        error = difference.std() / np.sqrt(len(difference))
        print(f"{worse} more than {better}: {difference.mean():+.4f} +- {error:.4f}")


def score(draws: Draws, cases: list[Any], right: np.ndarray) -> np.ndarray:
    """-log P(true class) of every person; (person,)."""
    out = []
    for case, k in zip(cases, right, strict=True):
        found = classes(Weighing(draws, case).joint().sum(axis=0))
        out.append(-np.log(found[CLASSES[int(k)]]))
    return np.array(out)


NEW_PEOPLE = 1000


def main() -> None:
    """Run one of the two."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("claim", choices=("ascertainment", "labels"))
    parser.add_argument("--people", type=int)
    parser.add_argument("--registry", type=int, default=0)
    given = parser.parse_args()
    if given.claim == "ascertainment":
        ascertainment(given.people or 3000, given.registry)
    else:
        labels(given.people or 2000, given.registry)


if __name__ == "__main__":
    main()
