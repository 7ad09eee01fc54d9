"""Does a fit recover known parameters? Simulated registries, the truth drawn from the literature posterior.

Each registry's true parameters are one released draw (the prior of these fits is the literature posterior), its
centre effects come from `registry.toml`. The coverage of 90% intervals over all free parameters and over P(primary)
of reference patients should be 90%. Everything is compiled once; finished registries are kept in the output table, so
that the command can be stopped and goes on.

    python benchmarks/recovery.py 50 recovery.csv [--people 500] [--ascertainment low_igm]
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sigm_bayes import load_model
from sigm_bayes.fit.encode import Capacity
from sigm_bayes.fit.pipeline import Prepared, encode_registry, prepare, with_registry
from sigm_bayes.fit.spec import FitSpec
from sigm_bayes.inference.whitening import find_whitening, whiten
from sigm_bayes.model.registry_priors import load_registry_priors
from sigm_bayes.paths import models_dir
from sigm_bayes.patient import parse_patient
from sigm_bayes.query.model import Model
from sigm_bayes.query.weighing import Weighing, classes
from sigm_bayes.registry import Registry, Table
from sigm_bayes.registry.read import build_registry
from sigm_bayes.registry.standard import standard_mapping
from sigm_bayes.simulate import draw_parameters, load_options, simulate_registry
from sigm_bayes.simulate.tables import registry_table, samples_table

MODEL = models_dir() / "sigm"
CENTRES, CHAINS, DRAWS, TUNE = 4, 2, 400, 250
LEVEL = 0.9
ROOM = 1.3
"""Arrays are this much longer than the first registry needs, so that the others fit in."""


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


def simulated(model: Model, truth: dict[str, np.ndarray], *, n: int, seed: int, ascertainment: str) -> Registry:
    """A registry from the story of the likelihood: exposures complete, no boxes, centre effects from their prior."""
    catalogue = model.catalogue
    priors, rng = load_registry_priors(MODEL / "registry.toml"), np.random.default_rng([seed, 1])
    options = load_options(catalogue=catalogue)

    def sd(prior: Any) -> float:
        return float(np.exp(prior.mean + prior.sd * rng.standard_normal()))

    mix = {**options.case_mix, "prevalence_sd": sd(priors.centre_prevalence),
           "background_sd": sd(priors.centre_background)}  # fmt: skip
    lab = {**options.laboratory, "offset_sd": sd(priors.assay_offset), "other_unit_share": [0.0],
           "cut_off_igm_mg_dl": [60]}  # fmt: skip
    records = {**options.records, "cause_recorded": [1.0, 1.0], "tick_boxes": []}
    found = simulate_registry(
        truth, catalogue=catalogue, priors=model.priors, curves=model.encoder.curves, n=n, centres=CENTRES, seed=seed,
        options=replace(options, case_mix=mix, laboratory=lab, records=records), ascertainment=ascertainment,
    )  # fmt: skip
    people = Table.from_columns(Path("people"), registry_table(found, catalogue=catalogue))
    samples = Table.from_columns(Path("samples"), samples_table(found, catalogue=catalogue))
    mapping = standard_mapping(catalogue, header=people.header, samples_header=samples.header)
    return build_registry(people, mapping, samples=samples, catalogue=catalogue)


def roomy(ready: Prepared) -> Capacity:
    """Lengths that other registries of this size will need too."""
    p = ready.encoded.people
    lengths = {
        "blocks": p.n_blocks, "groups": p.n_groups, "acting": len(p.acting_set), "attributes": len(p.attribute_allowed),
        "exposed": len(p.exposed), "igm_open": len(p.igm_open), "narrow": len(p.narrow.person),
        "open_second": len(p.open_second.person), "coarse": len(p.coarse.person), "wide": len(p.wide.person),
        "ig_wide": len(p.ig_wide),
    }  # fmt: skip
    return Capacity(**{name: int(ROOM * length) + 10 for name, length in lengths.items()})


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
        ascertainment=given.ascertainment, labels="ignored", cut_off_mg_dl=60.0, chains=CHAINS, draws=DRAWS, tune=TUNE
    )
    ready, capacity = None, None
    for number in range(given.registries):
        if number in done:
            continue
        truth = draw_parameters(model, seed=7, draw=(37 * number) % 1000)
        registry = simulated(model, truth, n=given.people, seed=20261122 + number, ascertainment=given.ascertainment)
        start = time.perf_counter()
        if ready is None or capacity is None:
            inputs_ready = prepare_roomy(registry, spec)
            ready, capacity = inputs_ready
        else:
            ready = with_registry(ready, registry, spec, capacity=capacity)
        handle = ready.joined.handle
        tree = whiten(handle, find_whitening(handle)).sample(
            seed=number, chains=CHAINS, draws=DRAWS, tune=TUNE, cores=CHAINS, progress=False, target_accept=0.8
        )
        posterior = tree["posterior"]
        draws = {
            p.name: posterior[p.name].to_numpy().reshape(CHAINS * DRAWS, *p.mean.shape) if p.free.any()
            else np.broadcast_to(p.mean, (CHAINS * DRAWS, *p.mean.shape))
            for p in model.priors.parameters if not p.evidence_only
        }  # fmt: skip
        for name in ("curve_igm", "curve_igg", "curve_iga"):
            draws[name] = posterior[name].to_numpy().reshape(CHAINS * DRAWS, -1)
        append(given.table, number, rows_of(model, truth, draws))
        steps = float(tree["sample_stats"]["n_steps"].mean())
        print(f"{number}: {time.perf_counter() - start:.0f} s, {steps:.1f} steps a draw", file=sys.stderr, flush=True)
    report(given.table)


def prepare_roomy(registry: Registry, spec: FitSpec) -> tuple[Prepared, Capacity]:
    """Compile for the first registry with room for the others."""
    from sigm_bayes.release.sigm import load_inputs

    entries, encoded = encode_registry(registry, spec, load_inputs(MODEL))
    sized = Prepared(None, entries, encoded, None, None)  # type: ignore[arg-type]
    capacity = roomy(sized)
    return prepare(registry, spec, model_dir=MODEL, capacity=capacity), capacity


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
    print(f"{registries} registries; 90% intervals hold the truth of {np.mean(whole):.1%} of {len(whole)} quantities")
    print(f"P(primary) of reference patients: {np.mean(patients):.1%} of {len(patients)}")
    worst = sorted(hits.items(), key=lambda item: np.mean(item[1]))[:10]
    print("lowest: " + ", ".join(f"{name} {sum(found)} of {len(found)}" for name, found in worst))


if __name__ == "__main__":
    main()
