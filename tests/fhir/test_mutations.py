"""Mutated Bundles: an answer or an InputError, never another error; every entry accounted for."""

from __future__ import annotations

import json
import random

import pytest
from fhir_builders import EXAMPLES
from fhir_mutations import SEED, mutated

from sigm_bayes.errors import InputError
from sigm_bayes.fhir import read_bundle
from sigm_bayes.fhir.json_text import NotJsonError, loads


def check(document, catalogue):
    """Read a Bundle; return whether a patient came out of it."""
    try:
        reading = read_bundle(document, catalogue=catalogue)
        reading.patient(catalogue=catalogue)
    except InputError as caught:
        if not sound(caught):
            raise AssertionError(str(caught)) from caught
        return False
    told = {entry.resource.partition(" ")[0] for entry in reading.entries}
    for i, entry in enumerate(document["entry"]):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        names = {f"entry[{i}]"}
        if isinstance(resource, dict):
            names |= {f"{resource.get('resourceType')}/{resource.get('id')}", str(entry.get("fullUrl"))}
        assert names & told, f"entry {i} is not in the account"
    assert all(entry.text for entry in reading.entries)
    json.dumps(reading.document())
    return True


def sound(caught):
    """Whether an error names what is wrong and what to do."""
    return bool(caught.problems) and all(problem.message and problem.remedy for problem in caught.problems)


def run(count, catalogue):
    rng = random.Random(SEED)
    originals = [loads(path.read_bytes()) for path in sorted(EXAMPLES.glob("*.json"))]
    return sum(check(mutated(originals[i % len(originals)], rng), catalogue) for i in range(count))


def test_some_mutated_bundles(catalogue):
    answered = run(600, catalogue)
    assert 100 < answered < 590  # both ways out are taken


@pytest.mark.slow
def test_many_mutated_bundles(catalogue):
    assert run(10_000, catalogue) > 2_000


@pytest.mark.slow
def test_many_mutated_texts(catalogue):
    rng = random.Random(SEED + 1)
    texts = [path.read_bytes() for path in sorted(EXAMPLES.glob("*.json"))]
    unsound = parsed = 0
    for i in range(2_000):
        text = bytearray(texts[i % len(texts)])
        for _ in range(rng.randint(1, 6)):
            text[rng.randrange(len(text))] = rng.choice(b'0123456789abcXYZ-. "')
        try:
            document = loads(bytes(text))
        except NotJsonError:
            continue
        parsed += 1
        try:
            read_bundle(document, catalogue=catalogue).patient(catalogue=catalogue)
        except InputError as caught:
            unsound += not sound(caught)
    assert unsound == 0
    assert parsed > 100
