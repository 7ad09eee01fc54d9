"""Whatever a table holds: no crash, and every row accounted for exactly once."""

import csv
import io
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from patient_texts import near, patient_file
from tests_registry_texts import HEAD

from sigm_bayes.catalogue import default_catalogue
from sigm_bayes.errors import InputError
from sigm_bayes.patient import parse_patient
from sigm_bayes.registry import Table, read_registry
from sigm_bayes.registry.read import build_registry
from sigm_bayes.registry.standard import standard_mapping
from sigm_bayes.report.registry_report import summary, write_rows

COLUMNS = (
    *("id", "centre", "age", "born", "sex", "igm", "igg", "unit"),
    *("date", "ivig", "pn", "any", "label", "when", "t"),
)
MAPPING = (
    HEAD
    + """
[person]
person_id = "id"
centre = "centre"
age_years = "age"
birth_date = "born"
sex = "sex"
label = "label"
label_date = "when"
on_immunoglobulin = "ivig"
[results.igm]
column = "igm"
unit = "mg/dL"
date = "date"
[results.igg]
column = "igg"
unit_column = "unit"
[findings]
pneumonia = { column = "pn", asked = true }
[unions.any]
column = "any"
of = ["pneumonia", "sinusitis"]
[tests]
ige = "t"
"""
)
PLAUSIBLE = st.sampled_from(
    [
        *("", "NA", "0", "1", "25", "<20", "0,25", "1,234", "-3", "34", "213", "0.2", "1e400", "nan", "inf"),
        *("mg/dL", "g/L", "f", "m", "male", "2020-01-01", "2020-02-30", "03/04/21", "1.5.1980", "1980", "primary"),
        *("secondary", "normal", "a", "b", "yes", "no", "MÃ¼", "\u0660", "=1+1", '"', "x\ny", ";", "\u2028", "<"),
        *(">=15001", "0" * 17),
    ]
)
CELL = PLAUSIBLE | st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
QUICK = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))


def check(data: bytes, *, rows: int | None) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "t.csv").write_bytes(data)
        (folder / "m.toml").write_text(MAPPING, encoding="utf-8")
        try:
            registry = read_registry(folder / "t.csv", folder / "m.toml")
        except InputError:
            if rows is not None:  # a sound file with bad cells is no error
                raise
            return
        people = registry.people
        numbers = [*people.table.records.tolist(), *(number for number, _ in people.table.unreadable)]
        assert sorted(numbers) == list(range(1, people.rows + 1))
        assert sum(people.counts().values()) == people.rows
        if rows is not None:
            assert people.rows == rows
        explained = set()
        for issue in people.account.issues:
            explained |= set(issue.rows.tolist())
        assert set(np.flatnonzero(people.account.status)) <= explained
        low, high = registry.samples["low"], registry.samples["high"]
        assert ((low >= 0) & (low < high)).all()
        assert np.isfinite(registry.age_years).all()
        with_igm = registry.samples["person"][registry.samples["analyte"] == 0]
        assert set(with_igm.tolist()) == set(range(registry.size))
        assert summary(registry)
        write_rows(registry, folder / "rows.csv")


@QUICK
@given(st.lists(st.lists(CELL, min_size=len(COLUMNS), max_size=len(COLUMNS)), min_size=1, max_size=12))
def test_any_cells(rows):
    stream = io.StringIO()
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([COLUMNS, *rows])
    held = sum(cell.count(",") >= len(COLUMNS) - 1 and "\n" in cell for row in rows for cell in row)
    check(stream.getvalue().encode(), rows=None if held else len(rows))


@QUICK
@given(st.lists(st.lists(CELL, max_size=len(COLUMNS) + 2), min_size=1, max_size=12), st.sampled_from(",;\t"))
def test_any_ragged_and_unquoted_rows(rows, mark):
    lines = [mark.join(COLUMNS), *(mark.join(row) for row in rows)]
    check("\n".join(lines).encode(), rows=None)


@QUICK
@given(st.binary(max_size=200))
def test_any_bytes_after_a_header(data):
    check(",".join(COLUMNS).encode() + b"\n" + data, rows=None)


SAMPLES = """
[samples]
person_id = "pid"
analyte = "what"
value = "value"
unit_column = "unit"
date = "day"
"""
ROW = st.tuples(
    st.sampled_from(["a", "b", "c", "z", ""]), st.sampled_from(["IgM", "IgG", "igm", "IgE", ""]), CELL, CELL, CELL
)


@QUICK
@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c", ""]), CELL), min_size=1), st.lists(ROW, min_size=1))
def test_any_table_of_samples(people, samples):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, header, rows in (
            ("p", ("id", "age"), people),
            ("s", ("pid", "what", "value", "unit", "day"), samples),
        ):
            with (folder / f"{file}.csv").open("w", encoding="utf-8", newline="") as stream:
                csv.writer(stream, quoting=csv.QUOTE_ALL).writerows([header, *rows])
        mapping = HEAD + '[person]\nperson_id = "id"\nage_years = "age"\n' + SAMPLES
        (folder / "m.toml").write_text(mapping, encoding="utf-8")
        registry = read_registry(folder / "p.csv", folder / "m.toml", samples=folder / "s.csv")
        for tally in (registry.people, registry.measured):
            assert sum(tally.counts().values()) == tally.rows
        assert registry.measured.account.counts()["accepted"] <= registry.samples["value"].size
        assert (registry.samples["value"].size > 0) == (registry.size > 0)


CATALOGUE = default_catalogue()
STANDARD = (
    *("person_id", "visit", "age_years", "birth_date", "gestational_weeks", "sex", "label", "label_date"),
    *("label_2", "label_2_date", "on_immunoglobulin", "immunoglobulin_started", "immunoglobulin_stopped"),
    *("igg_status", "known_inborn_error", "no_significant_infection", "any_infection", "any_respiratory"),
    *("sinusitis", "invasive_infection", "meningitis", "sepsis", "gram_negative_sepsis", "invasive_site"),
    *("invasive_organism", "invasive_severity", "invasive_number", "clozapine", "clozapine_started"),
    *("clozapine_started_on", "clozapine_last_dose", "clozapine_igm_before", "clozapine_igm_recovered_after_stop"),
    *("maternal_b_cell_depletion", "maternal_b_cell_depletion_last_dose", "pneumococcal_response"),
)
WORDS = st.sampled_from(
    [
        *("", "0", "1", "a", "b", "normal", "low", "high", "unknown", "yes", "no", "before_low_igm", "after_low_igm"),
        *(
            "2019",
            "2020-05",
            "2020-05-01",
            "2021-01-01",
            "2099-01-01",
            "40",
            "1.5",
            "0.4",
            "28",
            "primary",
            "secondary",
        ),
        *("meningitis;lung", "bloodstream", "bone_or_joint", "gram_negative", "encapsulated", "two_or_more"),
    ]
)
RESULT = st.tuples(
    st.sampled_from(["a", "b", "1"]),
    st.sampled_from(["2019-05-01", "2020", "2020-05-01", "2021-06", ""]),
    st.sampled_from(["IgM", "IgM", "IgG", "IgA"]),
    st.sampled_from(["25", "<20", "90", "900", ">300"]),
    st.sampled_from(["", "40", "70"]),
    st.sampled_from(["", "230", "30"]),
)


@QUICK
@given(st.lists(st.lists(WORDS, min_size=len(STANDARD), max_size=len(STANDARD)), min_size=1, max_size=6),
       st.lists(RESULT, min_size=1, max_size=8))  # fmt: skip
def test_whatever_standard_tables_say_every_person_is_a_sound_patient(rows, results):
    people = Table.from_columns(Path("people"), dict(zip(STANDARD, map(list, zip(*rows, strict=True)), strict=True)))
    names = ("person_id", "date", "analyte", "value", "reference_low", "reference_high")
    columns = dict(zip(names, map(list, zip(*results, strict=True)), strict=True)) | {"unit": ["mg/dL"] * len(results)}
    samples = Table.from_columns(Path("samples"), columns)
    mapping = standard_mapping(CATALOGUE, header=people.header, samples_header=samples.header)
    registry = build_registry(people, mapping, samples=samples, catalogue=CATALOGUE)
    for tally in (registry.people, registry.measured):
        assert sum(tally.counts().values()) == tally.rows
    assert (registry.age_low <= registry.age_years).all()
    assert (registry.age_years <= registry.age_high).all()
    for name, entries in (("exposures", registry.exposures), ("episodes", registry.episodes)):
        assert (np.diff(entries["person"]) >= 0).all(), name
    for id, patient in registry.patients():
        again = parse_patient(patient_file(patient), catalogue=CATALOGUE, source=id)
        assert near(again.canonical(), patient.canonical())
