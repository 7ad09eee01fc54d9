"""Round trips of the local page: ``python benchmarks/web_round_trip.py [PER_SECOND] [SECONDS] [WORKERS]``.

Starts ``sigm serve`` and posts one made-up patient at a fixed rate, whether or not earlier answers have come. Prints
median, 99th centile and the memory of the server before and after. Needs an otherwise idle machine.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import numpy as np

PATIENT = {
    "age": "34", "sex": "female", "setting": "allergy_immunology_clinic", "igm[0].value": "25", "igm[0].unit": "mg/dL",
    "igg_status": "normal", "iga_status": "normal", "findings.pneumonia": "present", "findings.sinusitis": "present",
}  # fmt: skip


async def measure(address: str, *, rate: float, seconds: float) -> np.ndarray:
    """Seconds of every round trip."""
    taken: list[float] = []
    async with httpx2.AsyncClient(timeout=120, limits=httpx2.Limits(max_connections=500)) as client:

        async def one() -> None:
            start = time.perf_counter()
            response = await client.post(f"{address}answer", data=PATIENT)
            response.raise_for_status()
            taken.append(time.perf_counter() - start)

        for _ in range(5):
            await one()
        taken.clear()
        start, tasks = time.perf_counter(), []
        for n in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, start + n / rate - time.perf_counter()))
            tasks.append(asyncio.create_task(one()))
        await asyncio.gather(*tasks)
    return np.array(taken)


def memory_mb(pid: int) -> float:
    """Resident memory of a process and of those that it started (Linux)."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="utf-8"))
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    return int(found[1]) / 1024 + sum(memory_mb(int(child)) for child in children) if found else float("nan")


def processor_seconds(pid: int) -> float:
    """Processor time that a process and those that it started have used (Linux)."""
    own = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    return (int(own[11]) + int(own[12])) / os.sysconf("SC_CLK_TCK") + sum(processor_seconds(int(c)) for c in children)


def main() -> None:
    """Serve, measure, print."""
    rate, seconds, workers = (float(a) for a in [*sys.argv[1:], *("20", "60", "1")[len(sys.argv) - 1 :]])
    command = [sys.executable, "-m", "sigm_bayes.cli.main", "serve", "--port", "0", "--workers", str(int(workers))]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            address = re.search(r"http://\S+/", server.stderr.readline())[0]
            asyncio.run(measure(address, rate=2, seconds=3))
            before, load, used = memory_mb(server.pid), os.getloadavg()[0], processor_seconds(server.pid)
            taken = asyncio.run(measure(address, rate=rate, seconds=seconds))
            used = processor_seconds(server.pid) - used
            print(
                f"{len(taken)} round trips at {rate:g} a second, {int(workers)} worker(s): median "
                f"{1000 * np.median(taken):.0f} ms, 99th centile {1000 * np.quantile(taken, 0.99):.0f} ms; memory "
                f"{before:.0f} MB before, {memory_mb(server.pid):.0f} MB after; load of the machine before and after "
                f"{load:.1f} and {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors; "
                f"processor time of the server {1000 * used / len(taken):.0f} ms a round trip"
            )
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
