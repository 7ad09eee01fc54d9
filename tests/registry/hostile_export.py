"""A made-up hospital export with everything that goes wrong in real ones."""

from __future__ import annotations

import random
from pathlib import Path

SEED = 20261122

MAPPING = """
format = "sigm_bayes.registry_mapping/1"

[file]
date_order = "dmy"

[words]
present = ["1", "ja"]
absent = ["0", "nein"]

[person]
person_id = "PatNr"
centre = "Klinik"
birth_date = "Geburtsdatum"
age_years = "Alter"
sex = { column = "Geschlecht", female = ["w"], male = ["m"] }
setting = { fixed = "hospital" }
label = { column = "Diagnose", primary = ["SIgMD"], secondary = ["sekundär"] }
label_date = "Diagnosedatum"
on_immunoglobulin = { column = "IVIG", asked = true }

[results.igm]
column = "IgM"
unit = "mg/dL"
date = "Datum"

[results.igg]
column = "IgG"
unit = "mg/dL"

[results.iga]
column = "IgA"
unit = "mg/dL"

[findings]
pneumonia = { column = "Pneumonie", asked = true }
otitis_media = "Otitis"

[unions.any_infection]
column = "Infektion"
of = ["pneumonia", "otitis_media", "sinusitis"]

[causes]
clozapine = { column = "Clozapin", asked = true }
"""

HEADER = [
    *("PatNr", "Klinik", "Geburtsdatum", "Alter", "Geschlecht", "Diagnose", "Diagnosedatum", "IVIG"),
    *("IgM", "IgG", "IgA", "Datum", "Pneumonie", "Otitis", "Infektion", "Clozapin", "Freitext"),
]


def clean_row(number: int, rng: random.Random) -> list[str]:
    """Return a healthy adult's row in mg/dL."""
    return [
        f"P{number:06d}",
        rng.choice(["München", "Köln", "Zürich"]),
        "",
        f"{rng.randint(18, 80)}",
        rng.choice("wm"),
        "",
        "",
        "0",
        f"{rng.lognormvariate(4.5, 0.45):.0f}",
        f"{rng.lognormvariate(6.95, 0.22):.0f}",
        f"{rng.lognormvariate(5.2, 0.4):.0f}",
        f"{rng.randint(1, 28):02d}.{rng.randint(1, 12):02d}.20{rng.randint(10, 25)}",
        rng.choice("01"),
        rng.choice(["0", "1", ""]),
        rng.choice(["0", "1", ""]),
        "0",
        "",
    ]


def in_grams(row: list[str]) -> None:
    """Write the row's results in g/L without saying so."""
    for place in (8, 9, 10):
        row[place] = f"{float(row[place]) / 100:.2f}"


FAULTS = {
    "below": lambda row: row.__setitem__(8, "<30"),
    "below_in_grams": lambda row: (in_grams(row), row.__setitem__(8, "<0.7")),
    "grams": in_grams,
    "decimal_comma": lambda row: row.__setitem__(8, row[8] + ",5"),
    "text": lambda row: row.__setitem__(8, "haemolytic"),
    "blank": lambda row: row.__setitem__(8, ""),
    "negative": lambda row: row.__setitem__(8, "-12"),
    "negative_age": lambda row: row.__setitem__(3, "-3"),
    "age_text": lambda row: row.__setitem__(3, "adult"),
    "old": lambda row: row.__setitem__(3, "213"),
    "infant": lambda row: row.__setitem__(3, "0.2"),
    "no_id": lambda row: row.__setitem__(0, ""),
    "two_digit_year": lambda row: row.__setitem__(11, "03.04.21"),
    "before_birth": lambda row: (row.__setitem__(2, "01.05.2024"), row.__setitem__(11, "01.05.2001")),
    "partial_date": lambda row: row.__setitem__(11, "2021-03"),
    "mojibake": lambda row: row.__setitem__(1, "MÃ¼nchen"),
    "ivig": lambda row: row.__setitem__(7, "1"),
    "odd_word": lambda row: row.__setitem__(12, "vielleicht"),
    "label": lambda row: (row.__setitem__(5, "SIgMD"), row.__setitem__(6, "2020-05-01")),
    "too_many_cells": lambda row: row.append("x;y"),
}
"""Fault -> what it does to a clean row."""


def write_export(path: Path, *, rows: int, seed: int = SEED, share: float = 0.25) -> dict[str, list[int]]:
    """Write the export in Windows-1252 and return which rows (1 is the first) have which fault.

    Further faults by row: ``duplicate`` (a copy of an earlier row), ``clean``.
    """
    rng = random.Random(seed)
    faults: dict[str, list[int]] = {name: [] for name in (*FAULTS, "duplicate", "clean")}
    lines, clean = [";".join(HEADER)], []
    for number in range(1, rows + 1):
        row = clean_row(number, rng)
        kind = rng.choice([*FAULTS, "duplicate"]) if rng.random() < share else "clean"
        if kind == "duplicate" and not clean:
            kind = "clean"
        if kind == "duplicate":
            lines.append(rng.choice(clean))
        else:
            if kind != "clean":
                FAULTS[kind](row)
            lines.append(";".join(row))
        if kind == "clean":
            clean.append(lines[-1])
        faults[kind].append(number)
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode("cp1252"))
    return faults
