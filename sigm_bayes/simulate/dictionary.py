"""The data dictionary of a synthetic registry: every column of every table."""

from __future__ import annotations

from collections.abc import Iterator

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.simulate.options import LABELS, Options
from sigm_bayes.simulate.tables import MARK, Table

Entry = tuple[str, str, str, str, str]
"""Column, type, unit, values, meaning."""
STATE = "1;0;blank"
_MARKED: Entry = (MARK, "text", "", "yes", "this row is simulated; it describes no real person")
_PERSON: Entry = ("person_id", "text", "", "", "the same in all tables")
_CENTRE: Entry = ("centre", "text", "", "", "see centres.csv")


def dictionary_table(catalogue: Catalogue, options: Options) -> Table:
    """One row a column: table, column, type, unit, values, asked, meaning."""
    names = (MARK, "table", "column", "type", "unit", "values", "asked", "meaning")
    boxes = set(options.records["tick_boxes"])
    asked = _asked(catalogue, boxes)
    rows = []
    tables = (
        ("registry", [*_person_columns(catalogue), *_record_columns(catalogue, boxes)]),
        ("samples", _sample_columns(catalogue)),
        ("centres", _centre_columns(catalogue)),
        ("truth", _truth_columns(catalogue)),
    )
    for table, entries in tables:
        for column, kind, unit, values, meaning in (_MARKED, *entries):
            told = asked.get(column, "") if table == "registry" else ""
            rows.append(("yes", table, column, kind, unit, values, told, meaning))
    return {name: [row[i] for row in rows] for i, name in enumerate(names)}


def _asked(catalogue: Catalogue, boxes: set[str]) -> dict[str, str]:
    """Whether a 0 means absent: no for boxes to tick."""
    causes = [c.id for c in catalogue.causes if c.recordable]
    flags = [f.id for f in catalogue.invasive.flags]
    return {id: "no" if id in boxes else "yes" for id in (*catalogue.ids("finding"), *flags, *causes)}


def _person_columns(catalogue: Catalogue) -> list[Entry]:
    return [
        _PERSON,
        _CENTRE,
        ("setting", "text", "", ";".join(catalogue.ids("setting")), "where IgM was measured"),
        ("age_years", "number", "years", "", "age at the first sample, to two decimals"),
        ("sex", "text", "", "female;male", ""),
        ("label", "text", "", ";".join((*LABELS, "blank")), "what the centre calls the person; some are wrong"),
        ("label_date", "date", "", "", "day of the label"),
    ]


def _record_columns(catalogue: Catalogue, boxes: set[str]) -> Iterator[Entry]:
    for f in catalogue.findings:
        note = "; a box to tick: 0 means not ticked, which is unknown" if f.id in boxes else ""
        window = "ever" if f.window_years is None else f"in the last {f.window_years:g} years"
        values = "1;0" if f.id in boxes else STATE
        yield f.id, "state", "", values, f"{f.label} ({f.min_count} or more, {window}){note}"
    for flag in catalogue.invasive.flags:
        yield flag.id, "state", "", STATE, f"{flag.label}: the invasive infection was of this kind"
    for name, values in _attributes(catalogue):
        yield name, "text", "", f"{values};blank", "of the recorded invasive infection"
    for c in catalogue.causes:
        if c.recordable:
            yield c.id, "state", "", STATE, f"{c.label}, at the first sample"
    for t in catalogue.tests:
        yield t.id, "text", "", "normal;abnormal;not_done", t.label


def _attributes(catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """Column and words of everything that describes an invasive infection."""
    invasive = catalogue.invasive
    parts = {
        "site": invasive.sites, "organism": invasive.organisms, "severity": invasive.severities,
        "number": invasive.numbers,
    }  # fmt: skip
    for name, options in parts.items():
        yield f"invasive_{name}", ";".join(option.id for option in options)


def _sample_columns(catalogue: Catalogue) -> list[Entry]:
    printed = "as printed: its digits say how it was rounded; < before a limit of quantification"
    return [
        _PERSON,
        ("date", "date", "", "", "day of the sample"),
        ("analyte", "text", "", ";".join(a.id for a in catalogue.analytes), ""),
        ("value", "text", "as in unit", "", printed),
        ("unit", "text", "", "mg/dL;g/L", "may differ from row to row"),
        ("context", "text", "", ";".join(catalogue.ids("context")), "circumstances of the sample"),
    ]


def _centre_columns(catalogue: Catalogue) -> list[Entry]:
    out: list[Entry] = [
        _CENTRE,
        ("setting", "text", "", ";".join(catalogue.ids("setting")), "where IgM was measured"),
        ("people", "number", "people", "", ""),
        ("ascertainment", "text", "", "all_tested;low_igm;labelled_primary", "how people came into the registry"),
        ("igm_cut_off_mg_dl", "number", "mg/dL", "", "first IgM printed below it: enrolled; blank if all were"),
        ("unit", "text", "", "mg/dL;g/L", "usual unit of the laboratory"),
    ]
    for analyte in catalogue.analytes:
        name = analyte.id.lower()
        out.append((f"{name}_resolution_mg_dl", "number", "mg/dL", "", "rounding of results in the usual unit"))
        out.append((f"{name}_quantified_from_mg_dl", "number", "mg/dL", "", "printed as < below it"))
    return out


def _truth_columns(catalogue: Catalogue) -> list[Entry]:
    levels = "multiples of the median for age and sex, ln"
    return [
        _PERSON,
        _CENTRE,
        ("class", "text", "", ";".join(LABELS), "true class"),
        ("cause", "text", "", ";".join(catalogue.ids("cause")), "what lowered IgM, in those who are secondary"),
        ("maturational_delay", "state", "", "1;0", "late maturers among the normal"),
        ("igm_shift_kind", "text", "", "none;partial;profound;depletion;other_cause", "which shift of the model"),
        ("igm_ln_median_mg_dl", "number", "ln mg/dL", "", "true median for age and sex"),
        ("igm_own_level", "number", "ln", "", f"the person's own level, {levels}"),
        ("igm_shift", "number", "ln", "", "added to it by disease or drug at the first sample"),
        ("igm_dips", "text", "", "", "a digit a sample: 1 where it was in a transient dip"),
        ("igm_shift_gone", "text", "", "", "a digit a sample: 1 where the shift (or the delay) had gone"),
        ("igg_iga_state", "text", "", "both_low;usual;both_raised", ""),
        ("igg_z", "number", "SD of ln", "", "true level from the median, the effect of exposures left out"),
        ("iga_z", "number", "SD of ln", "", "as igg_z"),
        ("proneness", "number", "SD", "", "latent tendency to findings"),
        ("findings", "text", "", "", "all that the person truly had, joined by ;"),
        *((name, "text", "", values, "") for name, values in _attributes(catalogue)),
        ("causes", "text", "", "", "all exposures that the person truly had, joined by ;"),
        ("tests_abnormal", "text", "", "", "tests that are or would be abnormal, joined by ;"),
    ]
