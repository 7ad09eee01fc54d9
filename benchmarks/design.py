"""How well would a registry tell the open parameters, by its size and by what it records? See `checks/design.py`.

One simulated registry for every way of recording; finished ways are kept in the output table.

    python benchmarks/design.py data/design/expected_sd.csv [--people 1000]
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from pathlib import Path
from typing import Any

from sigm_bayes import load_model
from sigm_bayes.checks.design import Way, expected
from sigm_bayes.checks.simulated_registries import Design
from sigm_bayes.paths import models_dir
from sigm_bayes.release.sigm import load_inputs

MODEL = models_dir() / "sigm"
CENTRES, SEED = 4, 20261123
SIZES = (0, 100, 200, 500, 1000, 2000, 5000, 10000)
EVERYTHING, ALL_TESTED = "everything", "everybody tested, not the low only"
CHANGES: dict[str, dict[str, dict[str, Any]]] = {
    EVERYTHING: {},
    ALL_TESTED: {},
    "no second IgM": {"samples": {"repeated": 0.0}},
    "no IgG and IgA": {"samples": {"igg_iga_measured": 0.0}},
    "no infections or other findings": {"records": {"finding_recorded": [0.0, 0.0]}},
    "no exposures": {"records": {"cause_recorded": [0.0, 0.0]}},
}
"""What is not recorded, as changes of the options of the simulation."""


def main() -> None:
    """Add the ways that are missing in the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path)
    parser.add_argument("--people", type=int, default=1000)
    given = parser.parse_args()
    model, inputs = load_model(), load_inputs(MODEL)
    done = finished(given.table)
    for name, changes in CHANGES.items():
        if name in done:
            continue
        start = time.perf_counter()
        design = Design(given.people, CENTRES, "all_tested" if name == ALL_TESTED else "low_igm")
        found = expected(model, inputs, Way(design, changes), folder=MODEL, seed=SEED)
        by_size = [found.sd(n) * found.prior_sd for n in SIZES]
        rows = [
            (name, unknown, *(f"{sd[i]:.3f}" for sd in by_size))
            for i, unknown in enumerate(found.names)
            if not unknown.startswith(("centre_", "assay_", "curve_"))
        ]
        append(given.table, rows)
        print(f"{name}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)


def finished(table: Path) -> set[str]:
    """Ways that the table has."""
    if not table.is_file():
        return set()
    with table.open(encoding="utf-8", newline="") as stream:
        return {row["recorded"] for row in csv.DictReader(stream)}


def append(table: Path, rows: list[tuple[str, ...]]) -> None:
    """Add the rows of one way."""
    new = not table.is_file()
    table.parent.mkdir(parents=True, exist_ok=True)
    with table.open("a", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        if new:
            writer.writerow(["recorded", "parameter", *(f"people_{n}" for n in SIZES)])
        writer.writerows(rows)


if __name__ == "__main__":
    main()
