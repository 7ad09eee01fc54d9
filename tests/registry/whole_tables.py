"""Made-up tables with every standard column: also with statements that contradict each other."""

from __future__ import annotations

import random

from sigm_bayes.registry.standard import standard_unions

SEED = 20261122


def whole_tables(catalogue, *, people, seed=SEED):
    """Return (people, samples) as columns of text; one row a person, then rows with one more label or episode."""
    rng = random.Random(seed)
    rows, samples = [], []
    for number in range(people):
        rows.append(_person(f"p{number:04d}", catalogue, rng))
        samples += _samples(f"p{number:04d}", catalogue, rng)
    for number in range(people):
        for visit in range(rng.choice([0, 0, 1, 2])):
            more = {"person_id": f"p{number:04d}", "visit": str(visit)}
            rows.append(more | (_label(rng) if rng.random() < 0.5 else _episode(catalogue, rng)))
    names = dict.fromkeys(name for row in rows for name in row)
    return (
        {name: [row.get(name, "") for row in rows] for name in names},
        {name: [row.get(name, "") for row in samples] for name in samples[0]},
    )


def _date(rng, first=2010, last=2024):
    year, month, day = rng.randint(first, last), rng.randint(1, 12), rng.randint(1, 28)
    return rng.choice([f"{year}", f"{year}-{month:02d}", f"{year}-{month:02d}-{day:02d}", ""])


def _label(rng):
    word = rng.choice(["primary", "secondary", "normal", "other_immunodeficiency", ""])
    return {"label": word, "label_date": _date(rng) if word else ""}


def _episode(catalogue, rng):
    invasive = catalogue.invasive
    sites = rng.sample([o.id for o in invasive.sites], rng.choice([0, 1, 1, 2]))
    return {
        "invasive_site": ";".join(s.id for s in invasive.sites if s.id in sites),
        "invasive_organism": rng.choice(["", *(o.id for o in invasive.organisms)]),
        "invasive_severity": rng.choice(["", *(o.id for o in invasive.severities)]),
        "invasive_number": rng.choice(["", *(o.id for o in invasive.numbers)]),
    }


def _person(id, catalogue, rng):
    by_birth = rng.random() < 0.3
    row = {
        "person_id": id,
        "visit": "",
        "centre": rng.choice(["North", "Süd", ""]),
        "setting": rng.choice([*catalogue.ids("setting"), ""]),
        "age_years": "" if by_birth else rng.choice(["34", "0.75", "4.5", "71.25", "17"]),
        "birth_date": rng.choice(["1980", "1990-05", "2001-02-03"]) if by_birth else "",
        "sex": rng.choice(["female", "male", "unknown", ""]),
        "gestational_weeks": rng.choice(["", "", "29", "38.5"]),
        "igg_status": rng.choice(["", "normal", "low", "high"]),
        "iga_status": rng.choice(["", "normal", "low", "high"]),
        "on_immunoglobulin": rng.choice(["", "0", "1"]),
        "immunoglobulin_started": _date(rng) if rng.random() < 0.2 else "",
        "immunoglobulin_stopped": _date(rng) if rng.random() < 0.1 else "",
        "known_inborn_error": rng.choice(["", "", "0", "1"]),
        "no_significant_infection": rng.choice(["", "", "", "0", "1"]),
        **_label(rng),
    }
    common = rng.choice([0.0, 0.05, 0.3])
    for id_ in (*catalogue.ids("finding"), *(flag.id for flag in catalogue.invasive.flags)):
        row[id_] = "1" if rng.random() < common else rng.choice(["", "0"])
    for id_ in standard_unions(catalogue):
        row[id_] = rng.choice(["", "", "0", "1"])
    if rng.random() < 0.3:
        row |= _episode(catalogue, rng)
    for cause in catalogue.causes:
        if cause.recordable:
            row[cause.id] = rng.choice(["", "0", "0", "1"])
            if rng.random() < 0.1:
                row |= {
                    f"{cause.id}_started": rng.choice(["", "before_low_igm", "after_low_igm", "unknown"]),
                    f"{cause.id}_started_on": _date(rng),
                    f"{cause.id}_last_dose": _date(rng),
                    f"{cause.id}_igm_before": rng.choice(["", "normal", "low", "unknown"]),
                    f"{cause.id}_igm_recovered_after_stop": rng.choice(["", "yes", "no", "unknown"]),
                }
    for id_ in catalogue.ids("test"):
        row[id_] = rng.choice(["", "normal", "abnormal", "not_done", "not_interpretable"])
    return row


def _samples(id, catalogue, rng):
    out = []
    for analyte in ("IgM", *rng.choices(["IgM", "IgG", "IgA"], k=rng.randint(0, 4))):
        scale = {"IgM": 1, "IgG": 10, "IgA": 2}[analyte]
        level = scale * rng.randint(20, 200)
        grams = rng.random() < 0.4
        value = f"{level / 100:.2f}" if grams else f"{level}"
        ends = (30 * scale, 220 * scale) if rng.random() < 0.5 else None
        out.append(
            {
                "person_id": id,
                "date": _date(rng),
                "analyte": analyte,
                "value": f"<{value}" if rng.random() < 0.1 else value,
                "unit": "g/L" if grams else "mg/dL",
                "context": rng.choice([*catalogue.ids("context"), ""]),
                "reference_low": "" if ends is None else f"{ends[0] / (100 if grams else 1):g}",
                "reference_high": "" if ends is None else f"{ends[1] / (100 if grams else 1):g}",
            }
        )
    return out
