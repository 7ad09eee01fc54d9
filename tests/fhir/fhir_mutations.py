"""Changes one to four places of a JSON document, repeatably."""

from __future__ import annotations

import copy
from decimal import Decimal

LOINC = {"coding": [{"system": "http://loinc.org", "code": "2472-9"}]}
LABEL = {"coding": [{"system": "urn:sigm-bayes", "code": "label"}]}
QUANTITY = {"value": 25, "unit": "mg/dL"}
ODD = (
    *(None, True, False, 0, -1, 1, 10**30, Decimal("1e-30"), Decimal("-0.0"), "", " ", "x" * 300, "\u0000", "#", "#x"),
    *("Patient/other", "2026", "2026-13", "2026-02-30", "9999-12-31", "0001-01-01", "0000", "Observation", "Bundle"),
    *([], {}, [None], [[]], [{}], {"coding": None}, LABEL, LOINC, QUANTITY, {**QUANTITY, "value": Decimal("NaN")}),
    {"reference": "Patient/example"},
)
SEED = 20261122


def places(node, path=()):
    """Every place in a document."""
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in children:
        yield (*path, key)
        yield from places(value, (*path, key))


def mutated(document, rng):
    """A copy with one to four places changed, removed, or taken from elsewhere."""
    out = copy.deepcopy(document)
    for _ in range(rng.randint(1, 4)):
        listed = list(places(out))
        if not listed:
            break
        path = rng.choice(listed)
        holder = out
        for key in path[:-1]:
            holder = holder[key]
        how = rng.random()
        if how < 0.2:
            del holder[path[-1]]
        elif how < 0.4:
            other = out
            for key in rng.choice(listed):
                other = other[key]
            holder[path[-1]] = copy.deepcopy(other)
        else:
            holder[path[-1]] = copy.deepcopy(rng.choice(ODD))
    return out
