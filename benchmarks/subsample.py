"""Does the informative subsample of a large registry say what all of it says, and how long does it take?

    python benchmarks/subsample.py agree [--people 20000]
    python benchmarks/subsample.py large [--people 200000]

agree: everybody tested is fitted; then only those with a first IgM printed below 60 mg/dL and a tenth of the others,
with the likelihood conditional on that selection. A subsample holds less, so the two posteriors cannot be equal: where
the subsample is right, the difference of two means has the variance that the smaller one lacks, and Monte Carlo error.

large: a registry as a file, fitted by the command that a researcher types. Nothing is kept of the result but its
summary.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from recovery import inside, reference_patients
from registry_claims import answers, free_columns, free_names

from sigm_bayes import load_model
from sigm_bayes.checks.simulated_registries import Compiled, Design, draws_by_name, simulated
from sigm_bayes.fit.spec import FitSpec
from sigm_bayes.inference.hmc import find_and_mend, sample_nearly_normal
from sigm_bayes.inference.whitening import Whitening, find_whitening, whiten
from sigm_bayes.paths import models_dir
from sigm_bayes.simulate import draw_parameters

MODEL = models_dir() / "sigm"
CENTRES, CHAINS, DRAWS, TUNE = 8, 2, 250, 40
SEED = 20261124
TRUTH = 500
"""Released draw that is the truth."""
NEVER = 10**9

Moments = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Posterior mean, SD and effective size of every quantity."""


def agree(people: int, keep_share: float) -> None:
    """All of a registry and its subsample, against each other and against the truth."""
    import arviz as az

    model = load_model()
    truth = draw_parameters(model, seed=0, draw=TRUTH)
    made = simulated(model, truth, Design(people, CENTRES, "all_tested"), folder=MODEL, seed=SEED)
    n_patients = len(reference_patients(model))
    one = {name: np.asarray(values)[None] for name, values in truth.items()}
    known = np.concatenate([free_columns(model, truth), answers(model, one)[0]])
    names = [*free_names(model), *(f"P(primary)[{i}]" for i in range(n_patients))]
    whitening: Whitening | None = None
    at: dict[str, Moments] = {}
    for name, subsample_from in (("subsample", 1), ("all", NEVER)):
        spec = FitSpec(labels="ignored", subsample_from=subsample_from, keep_share=keep_share, most_people=people)
        start = time.perf_counter()
        ready = Compiled(MODEL, spec, tight=True).put(made.registry)
        handle = ready.joined.handle
        compiled = time.perf_counter()
        if whitening is None:
            whitening = find_and_mend(handle, seed=1, cores=CHAINS, target_accept=spec.target_accept)
        else:
            whitening = find_whitening(handle, like=whitening, cores=CHAINS)
        tree = sample_nearly_normal(
            whiten(handle, whitening), seed=2, chains=CHAINS, draws=DRAWS, tune=TUNE, cores=CHAINS,
            target_accept=spec.target_accept, first_step=whitening.step,
        )  # fmt: skip
        draws = draws_by_name(model, tree["posterior"])
        every = np.concatenate([free_columns(model, draws), answers(model, draws)], axis=1)
        by_chain = every.reshape(CHAINS, DRAWS, -1)
        ess = np.array([az.ess(by_chain[:, :, k]) for k in range(every.shape[1])])
        mean, sd = every.mean(axis=0), np.maximum(every.std(axis=0), 1e-12)
        at[name] = mean, sd, ess
        hit, z = inside(known, every), (mean - known) / sd
        n = known.size - n_patients
        far = np.argsort(-np.abs(z))[:5]
        print(
            f"{name}: {len(ready.entries.entries):,} people; compiled in {compiled - start:.0f} s, the rest "
            f"{time.perf_counter() - compiled:.0f} s, {int(tree['sample_stats']['diverging'].sum())} diverged, median "
            f"effective size {np.median(ess):.0f}; 90% intervals hold the truth of {hit[:n].mean():.1%} of {n} "
            f"parameters and {hit[n:].mean():.0%} of {n_patients} P(primary), furthest "
            + ", ".join(f"{names[k]} {z[k]:+.1f} SDs" for k in far),
            flush=True,
        )
    compare(at["all"], at["subsample"], names)


def compare(whole: Moments, part: Moments, names: list[str]) -> None:
    """Differences of the posterior means, against the variance that what was left out and Monte Carlo error allow for.

    The variance that the subsample lacks is itself estimated from draws, and by chance near 0 for some quantities, so
    the sum over all quantities is judged; single ones by a variance that has twice its own standard error added.
    """
    (a, sd_a, ess_a), (b, sd_b, ess_b) = whole, part
    lacking, monte_carlo = sd_b**2 - sd_a**2, sd_a**2 / ess_a + sd_b**2 / ess_b
    unsure = np.sqrt(2.0 * (sd_a**4 / ess_a + sd_b**4 / ess_b))
    squared, scale = (b - a) ** 2, sd_b**2
    ratio = np.mean(squared / scale) / np.mean((lacking + monte_carlo) / scale)
    z = (b - a) / np.sqrt(np.maximum(lacking, 0.0) + monte_carlo + 2.0 * unsure)
    far = np.argsort(-np.abs(z))[:5]
    print(
        f"subsample against all: SDs {np.median(sd_b / sd_a):.3f} times as wide in the median, at most "
        f"{np.max(sd_b / sd_a):.2f}; squared differences of the means {ratio:.2f} times those expected (1); beyond "
        f"1.64 SDs at the widest {np.mean(np.abs(z) > 1.64):.1%} of {len(z)} (below 10%), furthest "
        + ", ".join(f"{names[k]} {z[k]:+.1f}" for k in far)
    )


def large(people: int) -> int:
    """A large registry as a file, by the command."""
    program = [sys.executable, "-c", "from sigm_bayes.cli.entry import main; main()"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = [str(folder / "registry.csv"), "--samples", str(folder / "samples.csv")]
        subprocess.run(
            [*program, "simulate", "--n", str(people), "--centres", str(CENTRES), "--seed", "5", "--ascertainment",
             "all_tested", "--out", str(folder)], check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        proposed = subprocess.run([*program, "registry", "map", *files], check=True, capture_output=True, text=True)
        (folder / "mapping.toml").write_text(proposed.stdout, encoding="utf-8")
        load, start = os.getloadavg()[0], time.perf_counter()
        code = subprocess.run(
            [*program, "fit", *files, "--mapping", str(folder / "mapping.toml"), "--model", str(MODEL), "--out",
             str(folder / "model"), "--ascertainment", "all_tested", "--cores", "2"],
        ).returncode  # fmt: skip
        seconds = time.perf_counter() - start
    megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{people:,} people: {seconds:.0f} s, {megabytes:.0f} MB, exit code {code}, load before {load:.1f}")
    return code


def main() -> Any:
    """Run one of the two."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("claim", choices=("agree", "large"))
    parser.add_argument("--people", type=int)
    parser.add_argument("--keep-share", type=float, default=0.1)
    given = parser.parse_args()
    if given.claim == "agree":
        return agree(given.people or 20_000, given.keep_share)
    return large(given.people or 200_000)


if __name__ == "__main__":
    sys.exit(main())
