"""Time and memory of reading and checking a registry of a million rows, on a made-up hospital export.

The rows are those of the tests' hostile export: a quarter of them has a fault. The table is written once, in a
process of its own, so that the memory reported is that of the check alone.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "tests" / "registry"
LIMIT_SECONDS, LIMIT_MIB = 60.0, 2048.0


def write(folder: Path, rows: int) -> None:
    sys.path.insert(0, str(TESTS))
    import hostile_export

    (folder / "mapping.toml").write_text(hostile_export.MAPPING, encoding="utf-8")
    hostile_export.write_export(folder / "export.csv", rows=rows)


def check(folder: Path) -> int:
    from sigm_bayes.registry import read_registry

    start = time.perf_counter()
    registry = read_registry(folder / "export.csv", folder / "mapping.toml")
    read = time.perf_counter()
    from sigm_bayes.report.registry_report import write_report

    write_report(registry, folder / "report.html")
    end = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    counts = registry.people.counts()
    assert sum(counts.values()) == registry.people.rows
    print(f"{registry.people.rows:,} rows, {(folder / 'export.csv').stat().st_size / 1e6:.0f} MB: {counts}")
    print(f"read {read - start:.1f} s, report and row list {end - read:.1f} s, peak memory {peak:.0f} MiB")
    met = end - start < LIMIT_SECONDS and peak < LIMIT_MIB
    print(f"under {LIMIT_SECONDS:.0f} s and {LIMIT_MIB:.0f} MiB: {'yes' if met else 'NO'}")
    return 0 if met else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the table (default a million)")
    parser.add_argument("--step", choices=("write", "check"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step == "write":
        write(arguments.folder, arguments.rows)
        return 0
    if arguments.step == "check":
        return check(arguments.folder)
    with tempfile.TemporaryDirectory() as folder:
        own = [sys.executable, __file__, "--folder", folder, "--rows", str(arguments.rows)]
        subprocess.run([*own, "--step", "write"], check=True)
        return subprocess.run([*own, "--step", "check"], check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
