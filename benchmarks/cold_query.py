"""Wall time and peak memory of a cold `sigm query`, against `python -c "import numpy"`.

Every run is a new process; the commands alternate; medians are compared. Byte code is cached in a folder of
its own, as in any normal installation; ``--no-bytecode`` measures without it (modules compiled each time).
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PATIENT = ROOT / "examples" / "patients" / "adult-sinopulmonary.toml"
WALL_TARGET = 3.0
MEMORY_TARGET_MB = 120.0


@dataclass
class Timed:
    """Wall seconds and peak resident memory (MB) of each run of a command."""

    name: str
    command: list[str]
    seconds: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)

    def run(self, environment: dict[str, str]) -> None:
        """Run once in a new process and record what it took."""
        begin = time.perf_counter()
        process = subprocess.Popen(
            self.command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        assert process.stderr is not None
        message = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        elapsed = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stderr.close()
        if process.returncode:
            raise SystemExit(f"{self.name} failed with {process.returncode}:\n{message.decode()}")
        scale = 2**20 if sys.platform == "darwin" else 2**10
        self.seconds.append(elapsed)
        self.megabytes.append(usage.ru_maxrss / scale)


def commands() -> list[Timed]:
    """The yardstick first, then the queries."""
    script = Path(sys.executable).with_name("sigm")
    sigm = [str(script)] if script.exists() else [sys.executable, "-m", "sigm_bayes.cli.main"]
    return [
        Timed("import numpy", [sys.executable, "-c", "import numpy"]),
        Timed("sigm query (page)", [*sigm, "query", str(PATIENT)]),
        Timed("sigm query --json", [*sigm, "query", str(PATIENT), "--json"]),
        Timed("sigm --help", [*sigm, "--help"]),
    ]


def environment(*, bytecode: bool, cache: str) -> dict[str, str]:
    """The environment of every run: with byte code in `cache`, or with none read or written."""
    chosen = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    chosen["PYTHONPYCACHEPREFIX"] = cache
    if not bytecode:
        chosen["PYTHONDONTWRITEBYTECODE"] = "1"
    return chosen


def measure(timed: list[Timed], *, runs: int, bytecode: bool) -> None:
    """Run every command `runs` times in turn, after one run that fills the caches."""
    with tempfile.TemporaryDirectory() as cache:
        chosen = environment(bytecode=bytecode, cache=cache)
        for entry in timed:
            entry.run(chosen)
            entry.seconds.clear()
            entry.megabytes.clear()
        for _ in range(runs):
            for entry in timed:
                entry.run(chosen)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15, help="runs of each command (default 15)")
    parser.add_argument("--check", action="store_true", help="leave with 1 when a target is missed")
    parser.add_argument("--no-bytecode", action="store_true", help="compile every module every time")
    arguments = parser.parse_args()
    timed = commands()
    measure(timed, runs=arguments.runs, bytecode=not arguments.no_bytecode)
    yardstick = statistics.median(timed[0].seconds)
    print(f"{'command':22}{'median s':>10}{'min s':>8}{'max s':>8}{'times numpy':>13}{'peak MB':>9}")
    missed = False
    for entry in timed:
        median = statistics.median(entry.seconds)
        memory = max(entry.megabytes)
        ratio = median / yardstick
        missed |= entry.name.startswith("sigm query") and (ratio >= WALL_TARGET or memory >= MEMORY_TARGET_MB)
        print(
            f"{entry.name:22}{median:10.3f}{min(entry.seconds):8.3f}{max(entry.seconds):8.3f}{ratio:13.2f}{memory:9.1f}"
        )
    verdict = "missed" if missed else "met"
    print(f"targets: under {WALL_TARGET:g} times numpy, under {MEMORY_TARGET_MB:g} MB: {verdict}")
    return int(missed and arguments.check)


if __name__ == "__main__":
    raise SystemExit(main())
