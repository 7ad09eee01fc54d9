"""Mutated NDJSON: no crash, and every line of every file is accounted for once."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "fhir"))
from fhir_builders import EXAMPLES
from fhir_mutations import SEED, mutated

from sigm_bayes.fhir.json_text import loads
from sigm_bayes.registry.fhir import read_fhir


def lines(rng):
    """Kind to lines: three people, their resources mutated, some texts broken."""
    out = {"Patient": []}
    for number, path in enumerate(sorted(EXAMPLES.glob("*.json"))):
        text = path.read_text(encoding="utf-8").replace("Patient/example", f"Patient/p{number}")
        for entry in loads(text)["entry"]:
            resource = entry["resource"]
            kind = resource["resourceType"]
            if kind == "Patient":
                out["Patient"].append(json.dumps({**resource, "id": f"p{number}"}))
            for _ in range(3):
                changed = mutated({"r": resource}, rng).get("r")
                line = json.dumps(changed, default=str)
                if rng.random() < 0.05:
                    line = line[: rng.randrange(len(line) + 1)].replace("\n", " ")
                out.setdefault(kind, []).append(line)
    for listed in out.values():
        rng.shuffle(listed)
    return out


def run(count, folder, catalogue):
    rng = random.Random(SEED)
    rejected = 0
    for i in range(count):
        export = folder / f"export-{i}"
        export.mkdir()
        written = lines(rng)
        for kind, listed in written.items():
            (export / f"{kind}.ndjson").write_text("\n".join(listed) + "\n", encoding="utf-8")
        registry = read_fhir(export, catalogue=catalogue)
        assert all(tally.balanced for tally in registry.sources)
        rows = sum(tally.rows for tally in registry.sources)
        assert rows == sum(bool(line.strip()) for listed in written.values() for line in listed)
        rejected += sum(sum(tally.rejected.values()) for tally in registry.sources)
    return rejected


def test_mutated_exports(tmp_path, catalogue):
    assert run(10, tmp_path, catalogue) > 100


@pytest.mark.slow
def test_many_mutated_exports(tmp_path, catalogue):
    assert run(200, tmp_path, catalogue) > 2_000
