"""The hypotheses a person's data are weighed under, and their order on the last axis.

0 primary, 1 other_immunodeficiency, 2 normal, then `secondary:m` for every cause m of the catalogue (occult last).
"""

from __future__ import annotations

from typing import Final

PRIMARY: Final = 0
OTHER: Final = 1
NORMAL: Final = 2
FIRST_CAUSE: Final = 3

CLASSES: Final = ("primary", "other_immunodeficiency", "normal", "secondary")
"""Order of the four classes wherever a `class` axis appears."""

EFFECT_CLASSES: Final = ("primary", "other_immunodeficiency", "secondary")
"""Classes that have an effect relative to `normal` (dim `effect_class` of the parameters)."""


def class_of_hypothesis(n_causes: int) -> list[int]:
    """Class index of each hypothesis: the causes all belong to `secondary`."""
    return [0, 1, 2, *([3] * n_causes)]
