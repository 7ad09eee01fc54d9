"""Time and memory of a whole `sigm fit` of the synthetic registry: 2,000 people, 4 chains, 2 cores, nothing kept.

The command is the one a researcher types; a process of its own, so that the memory reported is that of the fit. A
refusal of the diagnostics gate is a failure whatever the time.
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

ROOT = Path(__file__).resolve().parents[1]
REGISTRY = ROOT / "data" / "registry"
LIMIT_SECONDS, LIMIT_MB = 600.0, 2048.0


def command(out: Path, *, cores: int, extra: list[str]) -> list[str]:
    """The fit as typed in the README."""
    return [
        sys.executable, "-c", "from sigm_bayes.cli.entry import main; main()", "fit", str(REGISTRY / "registry.csv"),
        "--samples", str(REGISTRY / "samples.csv"),
        "--mapping", str(ROOT / "examples" / "synthetic-registry-mapping.toml"),
        "--model", str(ROOT / "models" / "sigm"), "--out", str(out), "--ascertainment", "low_igm",
        "--cut-offs", str(REGISTRY / "centres.csv"), "--cores", str(cores), *extra,
    ]  # fmt: skip


def main() -> int:
    """Fit once and say what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("extra", nargs="*", help="further options of sigm fit, after --")
    given = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        code = subprocess.run(command(Path(folder) / "model", cores=given.cores, extra=given.extra)).returncode
        seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    megabytes = used.ru_maxrss / 1024
    print(
        f"whole fit {seconds:.0f} s, processor time {used.ru_utime + used.ru_stime:.0f} s, peak memory {megabytes:.0f} "
        f"MB, exit code {code}; load of the machine before {load:.1f} on {os.cpu_count()} processors"
    )
    met = code == 0 and seconds < LIMIT_SECONDS and megabytes < LIMIT_MB
    print(f"released, under {LIMIT_SECONDS:.0f} s and {LIMIT_MB:.0f} MB: {'yes' if met else 'NO'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
