"""People scored per second by `sigm score`, on a table drawn from the ids of the catalogue.

The people are random and made up; many findings are blank, as in a registry.
"""

from __future__ import annotations

import argparse
import csv
import random
import tempfile
import time
from pathlib import Path

from sigm_bayes.cohort.scoring import score_table
from sigm_bayes.query import load_model

SEED = 20261122


def write_people(path: Path, *, count: int, catalogue) -> None:
    """Write a table of `count` made-up people."""
    generator = random.Random(SEED)
    findings = [finding.id for finding in catalogue.findings]
    causes = [cause.id for cause in catalogue.causes if cause.recordable and cause.max_age_years is None]
    settings = [setting.id for setting in catalogue.settings]
    header = ["person_id", "age_years", "sex", "setting", "igm", "igm_unit", "igg", "igg_unit"]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header + findings + causes)
        for number in range(count):
            igm = f"{generator.lognormvariate(3.2, 0.6):.0f}"
            person = [
                f"P{number}",
                f"{generator.uniform(1, 90):.1f}",
                generator.choice(["female", "male"]),
                generator.choice(settings),
                igm if igm != "0" else "<5",
                "mg/dL",
                f"{generator.lognormvariate(6.9, 0.25):.0f}" if generator.random() < 0.7 else "",
                "mg/dL",
            ]
            states = generator.choices(["", "0", "1"], weights=[6, 3, 1], k=len(findings))
            exposures = generator.choices(["", "0", "1"], weights=[6, 4, 0.3], k=len(causes))
            writer.writerow(person + states + exposures)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=5000, help="rows of the table (default 5000)")
    arguments = parser.parse_args()
    begin = time.perf_counter()
    model = load_model()
    loaded = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "people.csv"
        write_people(table, count=arguments.people, catalogue=model.catalogue)
        start = time.perf_counter()
        outcome = score_table(table, Path(folder) / "scored.csv", model=model)
        end = time.perf_counter()
    print(f"model loaded in {loaded - begin:.3f} s")
    rate = outcome.rows / (end - start)
    print(f"{outcome.scored} of {outcome.rows} rows in {end - start:.2f} s: {rate:.0f} rows per second")
    for problem in outcome.problems[:5]:
        print(problem)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
