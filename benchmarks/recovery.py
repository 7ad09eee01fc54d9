"""Does a fit recover known parameters? Simulated registries, the truth drawn from the literature posterior.

Each registry's true parameters are one released draw (the prior of these fits is the literature posterior), its
centre effects come from `registry.toml`. The coverage of 90% intervals over all free parameters and over P(primary)
of reference patients should be 90%. Everything is compiled once; finished registries are kept in the output table, so
that the command can be stopped and goes on. The curvature of the first registry's posterior serves for all.

    python benchmarks/recovery.py 50 recovery.csv [--people 500] [--ascertainment low_igm]
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binom

from sigm_bayes import load_model
from sigm_bayes.checks.simulated_registries import CUT_OFF_MG_DL, Compiled, Design, Simulated, draws_by_name, simulated
from sigm_bayes.fit.spec import FitSpec
from sigm_bayes.inference.hmc import find_and_mend, sample_nearly_normal
from sigm_bayes.inference.whitening import find_whitening, whiten
from sigm_bayes.paths import models_dir
from sigm_bayes.patient import parse_patient
from sigm_bayes.query.draws import classes
from sigm_bayes.query.model import Model
from sigm_bayes.query.weighing import Weighing
from sigm_bayes.simulate import draw_parameters

MODEL = models_dir() / "sigm"
CENTRES, CHAINS, DRAWS, TUNE = 4, 2, 300, 60
SEED = 20261122
LEVEL = 0.9
FAMILY = 0.01
"""Chance that any quantity is outside its bound although all intervals are right (Bonferroni)."""
LOOKED_AT = 8
"""Registries by whose size the arrays are made, before anything is compiled."""


def reference_patients(model: Model) -> list[Any]:
    """Twenty patients: IgM 3 to 35 mg/dL, three ages, four settings, with and without infections."""
    out = []
    for i in range(20):
        findings = {"pneumonia": "present", "sinusitis": "present"} if i % 2 else {}
        given = {
            "age_years": (4, 35, 70)[i % 3], "sex": ("female", "male")[i // 2 % 2],
            "setting": model.catalogue.settings[i % 4].id, "findings": findings,
            "igm": [{"value": (3, 10, 18, 25, 35)[i % 5], "unit": "mg/dL"}],
            "igg": [{"value": 900, "unit": "mg/dL"}], "iga": [{"value": 150, "unit": "mg/dL"}],
        }  # fmt: skip
        out.append(parse_patient(given, catalogue=model.catalogue))
    return out


def inside(truth: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Whether the central interval of draws (draw, ...) holds the truth (...)."""
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return np.asarray((truth >= low) & (truth <= high))


def rows_of(model: Model, truth: dict[str, np.ndarray], draws: dict[str, np.ndarray]) -> list[tuple[str, bool]]:
    """Every free parameter entry and every reference patient: was the truth inside?"""
    out: list[tuple[str, bool]] = []
    for parameter in model.priors.parameters:
        if parameter.evidence_only or not parameter.free.any():
            continue
        ok = inside(truth[parameter.name], draws[parameter.name])[parameter.free].ravel()
        labels = parameter.free_labels(model.priors.coords) if parameter.dims else [""]
        out += [(f"{parameter.name}[{label}]", bool(hit)) for label, hit in zip(labels, ok, strict=True)]
    one = {name: values[None] for name, values in truth.items()}
    for i, patient in enumerate(reference_patients(model)):
        case = model.encoder.encode(patient)
        known = float(classes(Weighing(one, case).probabilities())["primary"][0])
        found = classes(Weighing(draws, case).probabilities())["primary"]
        out.append((f"P(primary)[{i}]", bool(inside(np.array(known), found))))
    return out


def main() -> None:
    """Fit as many registries as are missing in the table, then say the pooled coverage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("registries", type=int)
    parser.add_argument("table", type=Path)
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--ascertainment", default="low_igm")
    given = parser.parse_args()
    model = load_model()
    done = finished(given.table)
    spec = FitSpec(
        ascertainment=given.ascertainment, labels="ignored", cut_off_mg_dl=CUT_OFF_MG_DL, chains=CHAINS, draws=DRAWS,
        tune=TUNE,
    )  # fmt: skip
    design = Design(given.people, CENTRES, given.ascertainment)
    compiled = Compiled(MODEL, spec)
    for number in range(min(LOOKED_AT, given.registries)):
        compiled.look_at(made(model, design, number).registry)
    found = None
    for number in range(given.registries):
        if number in done:
            continue
        made_now = made(model, design, number)
        start = time.perf_counter()
        handle = compiled.put(made_now.registry).joined.handle
        if found is None:
            found = find_and_mend(handle, seed=number, cores=CHAINS, target_accept=spec.target_accept)
        else:
            found = find_whitening(handle, like=found, cores=CHAINS)
        tree = sample_nearly_normal(
            whiten(handle, found), seed=number, chains=CHAINS, draws=DRAWS, tune=TUNE, cores=CHAINS,
            target_accept=spec.target_accept, first_step=found.step,
        )  # fmt: skip
        draws = draws_by_name(model, tree["posterior"])
        posterior = tree["posterior"]
        centres = [
            (f"{name}[{i}]", bool(hit)) for name, known in made_now.centres.items()
            for i, hit in enumerate(inside(known, posterior[name].to_numpy().reshape(-1, *known.shape)).ravel())
        ]  # fmt: skip
        append(given.table, number, [*rows_of(model, made_now.truth, draws), *centres])
        steps, accepted = (float(tree["sample_stats"][name].mean()) for name in ("n_steps", "mean_tree_accept"))
        print(
            f"{number}: {time.perf_counter() - start:.0f} s, {steps:.1f} steps a draw, {accepted:.2f} accepted",
            file=sys.stderr,
            flush=True,
        )
    report(given.table)


def made(model: Model, design: Design, number: int) -> Simulated:
    """The registry of a number and its truth."""
    truth = draw_parameters(model, seed=7, draw=(37 * number) % 1000)
    return simulated(model, truth, design, folder=MODEL, seed=SEED + number)


def finished(table: Path) -> set[int]:
    """Registries that the table has."""
    if not table.is_file():
        return set()
    with table.open(encoding="utf-8", newline="") as stream:
        return {int(row["registry"]) for row in csv.DictReader(stream)}


def append(table: Path, number: int, rows: list[tuple[str, bool]]) -> None:
    """Add one registry's rows."""
    new = not table.is_file()
    with table.open("a", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        if new:
            writer.writerow(["registry", "quantity", "inside"])
        writer.writerows([number, name, int(hit)] for name, hit in rows)


def report(table: Path) -> None:
    """Pooled coverage, and the quantities furthest from it."""
    with table.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    registries = len({row["registry"] for row in rows})
    hits: dict[str, list[int]] = {}
    for row in rows:
        hits.setdefault(row["quantity"], []).append(int(row["inside"]))
    patients = [h for name, found in hits.items() if name.startswith("P(primary)") for h in found]
    whole = [h for found in hits.values() for h in found]
    least = lowest_likely(registries, len(hits))
    print(f"{registries} registries; 90% intervals hold the truth of {np.mean(whole):.1%} of {len(whole)} quantities")
    print(f"P(primary) of reference patients: {np.mean(patients):.1%} of {len(patients)}")
    worst = sorted(hits.items(), key=lambda item: np.mean(item[1]))[:10]
    print("lowest: " + ", ".join(f"{name} {sum(found)} of {len(found)}" for name, found in worst))
    outside = [name for name, found in hits.items() if len(found) == registries and sum(found) < least]
    print(f"below the Bonferroni bound of {least} of {registries}: {', '.join(outside) or 'none'} of {len(hits)}")


def lowest_likely(registries: int, quantities: int) -> int:
    """Fewest hits that a right interval keeps to with Bonferroni's share of `FAMILY`; all of them is no surprise."""
    return int(binom.ppf(FAMILY / quantities, registries, LEVEL))


if __name__ == "__main__":
    main()
