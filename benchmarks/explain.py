"""Warm time of an answer and of its explanation (next tests, tipping points, settings), one core.

OMP_NUM_THREADS=1 python benchmarks/explain.py
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

from sigm_bayes import load_model
from sigm_bayes.patient import read_patient

PATIENTS = Path(__file__).resolve().parents[1] / "examples" / "patients"
REPEATS = 21


def median_ms(work: Callable[[], object]) -> float:
    """Median processor time in ms; processor time, because a busy machine must not count."""
    work()
    taken = []
    for _ in range(REPEATS):
        begin = time.process_time()
        work()
        taken.append(1e3 * (time.process_time() - begin))
    return statistics.median(taken)


def main() -> None:
    """Print a row for every example patient."""
    model = load_model()
    print(f"{model.posterior.draws} draws released; ms of processor time, median of {REPEATS}")
    print(f"{'patient':40s} {'answer':>8s} {'next':>8s} {'tipping':>8s} {'all':>8s}")
    totals = []
    for path in sorted(PATIENTS.iterdir()):
        patient = read_patient(path, catalogue=model.catalogue)
        if model.query(patient).refused is not None:
            continue
        answer = median_ms(lambda p=patient: model.query(p))
        following = median_ms(lambda p=patient: model.query(p, explain=True).next()) - answer
        tipping = median_ms(lambda p=patient: model.query(p, explain=True).tipping()) - answer
        everything = median_ms(lambda p=patient: model.query(p, explain=True).explain())
        totals.append(everything)
        print(f"{path.name:40s} {answer:8.0f} {following:8.0f} {tipping:8.0f} {everything:8.0f}")
    print(f"{'median of the patients':67s} {statistics.median(totals):8.0f}")


if __name__ == "__main__":
    main()
