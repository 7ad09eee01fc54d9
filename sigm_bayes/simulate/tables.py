"""A synthetic registry as tables of text: what the registry holds, and apart from it the truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.likelihood.hypotheses import CLASSES
from sigm_bayes.simulate.centres import Centre
from sigm_bayes.simulate.people import People, hypothesis_ids
from sigm_bayes.simulate.printing import printing_step
from sigm_bayes.simulate.registry import NO_LABEL, Records, Registry
from sigm_bayes.simulate.signs import INVASIVE
from sigm_bayes.units import to_mg_dl

MARK = "synthetic"
"""First column of every table; its cells say yes."""
Table = dict[str, list[str]]
"""Column name to cells, all columns of one length."""
_STATE = {1: "1", 0: "0", -1: ""}
_IG_STATES = ("both_low", "usual", "both_raised")
_COMPONENTS = ("none", "partial", "profound", "depletion", "other_cause")


def person_ids(registry: Registry) -> list[list[str]]:
    """Id of every person, by centre: P00001 and on, in the order of the tables."""
    number = iter(range(1, len(registry) + 1))
    return [[f"P{next(number):05d}" for _ in range(len(part.people))] for part in registry.records]


def registry_table(registry: Registry, *, catalogue: Catalogue) -> Table:
    """One row a person, as the centres recorded it."""
    labels = (*CLASSES, "")
    parts = []
    for centre, part, ids in zip(registry.centres, registry.records, person_ids(registry), strict=True):
        people = part.people
        table: Table = {
            "person_id": ids,
            "centre": [centre.id] * len(ids),
            "setting": [centre.setting] * len(ids),
            "age_years": [f"{age:.2f}" for age in people.age_years],
            "sex": ["male" if m else "female" for m in people.male],
            "label": [labels[i] for i in np.minimum(part.label, NO_LABEL)],
            "label_date": _dates(part.label_day),
        }
        for k, id in enumerate(catalogue.ids("finding")):
            table[id] = _states(part.findings[:, k])
        known = part.findings[:, catalogue.finding_index(INVASIVE)] >= 0
        for id, flag in flags(people, catalogue).items():
            table[id] = _states(np.where(known, flag.astype(int), -1))
        for name, values, ids in attributes(people, catalogue):
            table[name] = _option(np.where(known, values, -1), ids)
        recordable = [c.id for c in catalogue.causes if c.recordable]
        for m, id in enumerate(recordable):
            table[id] = _states(part.causes[:, m])
        for k, id in enumerate(catalogue.ids("test")):
            result = np.where(people.tests_abnormal[:, k], "abnormal", "normal")
            table[id] = np.where(part.tests_done[:, k], result, "not_done").tolist()
        parts.append(table)
    return _marked(parts)


def flags(people: People, catalogue: Catalogue) -> dict[str, np.ndarray]:
    """The flat columns of an invasive infection (``meningitis`` ...): whether the episode is of that kind."""
    sites = [o.id for o in catalogue.invasive.sites]
    organisms = [o.id for o in catalogue.invasive.organisms]
    out = {}
    for flag in catalogue.invasive.flags:
        fits = people.site >= 0
        if flag.site is not None:
            fits = fits & (people.site == sites.index(flag.site))
        if flag.organism is not None:
            fits = fits & (people.organism == organisms.index(flag.organism))
        out[flag.id] = fits
    return out


def attributes(people: People, catalogue: Catalogue) -> list[tuple[str, np.ndarray, list[str]]]:
    """The columns that describe an invasive infection: name, position (-1 without one), words."""
    invasive = catalogue.invasive
    parts = (
        ("invasive_site", people.site, invasive.sites),
        ("invasive_organism", people.organism, invasive.organisms),
        ("invasive_severity", people.severity, invasive.severities),
        ("invasive_number", people.number, invasive.numbers),
    )
    return [(name, values, [option.id for option in options]) for name, values, options in parts]


def samples_table(registry: Registry, *, catalogue: Catalogue) -> Table:
    """One row a result, by person, date and analyte."""
    names = ("person_id", "date", "analyte", "value", "unit", "context")
    rows: list[tuple[str, ...]] = []
    for part, ids in zip(registry.records, person_ids(registry), strict=True):
        rows += _sample_rows(part, ids, catalogue.ids("context"))
    columns = [list(column) for column in zip(*rows, strict=True)]
    return _marked([dict(zip(names, columns, strict=True))])


def _sample_rows(part: Records, ids: Sequence[str], contexts: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for i, id in enumerate(ids):
        for j, igm in enumerate(part.igm):
            results = [("IgM", igm)] if j else [("IgM", igm), ("IgG", part.igg), ("IgA", part.iga)]
            for analyte, printed in results:
                if printed.text[i]:
                    context = contexts[part.people.context[i, j]]
                    yield id, str(part.day[i, j]), analyte, printed.text[i], printed.unit[i], context


def truth_table(registry: Registry, *, catalogue: Catalogue) -> Table:
    """One row a person: what the registry cannot know."""
    findings = catalogue.ids("finding")
    exposures = [c.id for c in catalogue.causes if c.recordable]
    tests = catalogue.ids("test")
    causes = hypothesis_ids(catalogue)
    parts = []
    for centre, part, ids in zip(registry.centres, registry.records, person_ids(registry), strict=True):
        p = part.people
        parts.append(
            {
                "person_id": ids,
                "centre": [centre.id] * len(ids),
                "class": [CLASSES[c] for c in p.class_index],
                "cause": [causes[h] for h in p.hypothesis],
                "maturational_delay": ["1" if d else "0" for d in p.delay],
                "igm_shift_kind": [_COMPONENTS[c] for c in p.component],
                "igm_ln_median_mg_dl": _numbers(p.ln_median),
                "igm_own_level": _numbers(p.own_level),
                "igm_shift": _numbers(p.shift),
                "igm_dips": ["".join("1" if d else "0" for d in row) for row in _taken(p, p.dip)],
                "igm_shift_gone": ["".join("1" if g else "0" for g in row) for row in _taken(p, p.gone)],
                "igg_iga_state": [_IG_STATES[s] for s in p.ig_state],
                "igg_z": _numbers(p.ig_z[:, 0]),
                "iga_z": _numbers(p.ig_z[:, 1]),
                "proneness": _numbers(p.proneness),
                "findings": _listed(p.findings, findings),
                **{name: _option(values, ids) for name, values, ids in attributes(p, catalogue)},
                "causes": _listed(p.exposures, exposures),
                "tests_abnormal": _listed(p.tests_abnormal, tests),
            }
        )
    return _marked(parts)


def centres_table(registry: Registry) -> Table:
    """One row a centre: what its people would tell a researcher who asks."""
    low = registry.ascertainment != "all_tested"

    def row(centre: Centre, part: Records) -> dict[str, str]:
        out = {
            "centre": centre.id,
            "setting": centre.setting,
            "people": str(len(part.people)),
            "ascertainment": registry.ascertainment,
            "igm_cut_off_mg_dl": f"{centre.cut_off_igm_mg_dl:g}" if low else "",
            "unit": centre.unit,
        }
        for analyte, resolution in centre.resolution_mg_dl.items():
            step = to_mg_dl(printing_step(resolution, centre.unit), centre.unit)
            out[f"{analyte.lower()}_resolution_mg_dl"] = f"{float(step):g}"
            out[f"{analyte.lower()}_quantified_from_mg_dl"] = f"{centre.quantified_from_mg_dl[analyte]:g}"
        return out

    rows = [row(c, r) for c, r in zip(registry.centres, registry.records, strict=True)]
    return _marked([{name: [r[name] for r in rows] for name in rows[0]}])


def _marked(parts: list[Table]) -> Table:
    """Join tables with the same columns and put the mark in front."""
    joined = {name: [cell for part in parts for cell in part[name]] for name in parts[0]}
    return {MARK: ["yes"] * len(next(iter(joined.values()))), **joined}


def _states(values: np.ndarray) -> list[str]:
    return [_STATE[int(v)] for v in values]


def _dates(days: np.ndarray) -> list[str]:
    return ["" if np.isnat(day) else str(day) for day in days]


def _numbers(values: np.ndarray) -> list[str]:
    return [f"{v:.4f}" for v in values]


def _taken(people: People, flags_: np.ndarray) -> list[np.ndarray]:
    """Flags of the samples that were taken, person by person."""
    return [row[~np.isnan(igm)] for row, igm in zip(flags_, people.igm, strict=True)]


def _listed(has: np.ndarray, ids: Sequence[str]) -> list[str]:
    return [";".join(id for id, h in zip(ids, row, strict=True) if h) for row in has]


def _option(index: np.ndarray, ids: Sequence[str]) -> list[str]:
    return ["" if i < 0 else ids[i] for i in index]
