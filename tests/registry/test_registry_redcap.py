"""REDCap: the published data dictionary, and exports read with and without a mapping."""

import csv
import io
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests_registry_texts import HEAD
from whole_tables import whole_tables

from sigm_bayes.catalogue import default_catalogue
from sigm_bayes.errors import InputError
from sigm_bayes.registry import Table, read_registry
from sigm_bayes.registry.compare import differences
from sigm_bayes.registry.read import build_registry
from sigm_bayes.registry.redcap import dictionary_text
from sigm_bayes.registry.redcap.dictionary import HEADER
from sigm_bayes.registry.redcap.fields import redcap_fields
from sigm_bayes.registry.standard import standard_mapping
from sigm_bayes.simulate.redcap import export_text

CATALOGUE = default_catalogue()
ROWS = list(csv.DictReader(io.StringIO(dictionary_text(CATALOGUE))))
NAMES = [row["Variable / Field Name"] for row in ROWS]


def flat(people, samples, **options):
    people, samples = Table.from_columns(Path("p"), people), Table.from_columns(Path("s"), samples)
    mapping = standard_mapping(CATALOGUE, header=people.header, samples_header=samples.header, **options)
    return build_registry(people, mapping, samples=samples, catalogue=CATALOGUE)


@pytest.fixture
def read(tmp_path):
    def make(text, mapping=None):
        path = tmp_path / "export.csv"
        path.write_text(text, encoding="utf-8")
        if mapping is not None:
            (tmp_path / "m.toml").write_text(mapping, encoding="utf-8")
        return read_registry(path, None if mapping is None else tmp_path / "m.toml", format="redcap")

    return make


# ---------------------------------------------------------------- the data dictionary


def test_the_dictionary_has_the_columns_that_redcap_asks_for():
    assert tuple(ROWS[0]) == HEADER
    assert len(HEADER) == 18
    assert NAMES[0] == "person_id"


def test_names_and_labels_can_be_told_apart():
    assert len(set(NAMES)) == len(NAMES)
    labels = [row["Field Label"] for row in ROWS]
    assert len(set(labels)) == len(labels)
    for name in NAMES:
        assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name)
        assert len(name) <= 100


def test_choices_are_codes_that_redcap_takes_and_labels_without_its_separator():
    for row in ROWS:
        choices = row["Choices, Calculations, OR Slider Labels"]
        if row["Field Type"] in {"radio", "dropdown", "checkbox"}:
            pairs = [choice.split(", ", 1) for choice in choices.split(" | ")]
            assert all(len(pair) == 2 and re.fullmatch(r"[a-z0-9_]+", pair[0]) and pair[1] for pair in pairs)
            assert len({code for code, _ in pairs}) == len({label for _, label in pairs}) == len(pairs)
        else:
            assert choices == ""
            assert row["Field Type"] in {"text", "yesno"}


def test_fields_of_an_instrument_and_of_a_matrix_stand_together():
    for column in ("Form Name", "Matrix Group Name"):
        order = [row[column] for row in ROWS]
        runs = [value for i, value in enumerate(order) if value and (i == 0 or order[i - 1] != value)]
        assert len(runs) == len(set(runs))
    for matrix in {row["Matrix Group Name"] for row in ROWS} - {""}:
        members = [row for row in ROWS if row["Matrix Group Name"] == matrix]
        assert len({row["Choices, Calculations, OR Slider Labels"] for row in members}) == 1


def test_branching_names_fields_that_are_there():
    conditions = [row["Branching Logic (Show field only if...)"] for row in ROWS]
    named = {match[1] for text in conditions if text for match in [re.fullmatch(r"\[([a-z0-9_]+)\] = '1'", text)]}
    assert named
    assert named <= set(NAMES)


def test_every_finding_cause_test_and_course_has_a_field():
    assert {*CATALOGUE.ids("finding"), *CATALOGUE.ids("test"), "clozapine_last_dose", "meningitis"} <= set(NAMES)
    assert len(redcap_fields(CATALOGUE)) == len(NAMES)


# ---------------------------------------------------------------- round trip


@pytest.mark.parametrize("labels", [False, True])
def test_everything_that_a_registry_can_say_comes_back(read, labels):
    people, samples = whole_tables(CATALOGUE, people=150)
    one = flat(people, samples)
    other = read(export_text(people, samples, catalogue=CATALOGUE, labels=labels))
    assert differences(one, other) == []
    assert one.exposures["person"].size > 50
    assert one.episodes["person"].size > 50


def test_labels_in_cells_under_raw_names(read):
    people, samples = whole_tables(CATALOGUE, people=40)
    raw = export_text(people, samples, catalogue=CATALOGUE).splitlines()
    labelled = export_text(people, samples, catalogue=CATALOGUE, labels=True).splitlines()
    assert differences(flat(people, samples), read("\n".join([raw[0], *labelled[1:]]))) == []


def test_a_box_that_is_not_ticked_is_unknown(read):
    people = {"person_id": ["a", "b"], "age_years": ["30", "40"], "splenomegaly": ["1", "0"], "hiv": ["0", "1"]}
    samples = {
        "person_id": ["a", "b"],
        "analyte": ["IgM", "IgM"],
        "value": ["25", "30"],
        "unit": ["mg/dL", "mg/dL"],
    }
    ticked = ("splenomegaly", "hiv")
    registry = read(export_text(people, samples, catalogue=CATALOGUE, ticked=ticked))
    assert differences(flat(people, samples, not_asked=ticked), registry) == []
    assert registry.findings[:, registry.finding_ids.index("splenomegaly")].tolist() == [1, -1]
    assert registry.causes[:, registry.cause_ids.index("hiv")].tolist() == [-1, 1]


def test_a_further_row_that_says_more_than_an_instrument_holds_is_refused():
    people = {"person_id": ["a", "a"], "age_years": ["30", ""], "pneumonia": ["0", "1"]}
    samples = {"person_id": ["a"], "analyte": ["IgM"], "value": ["25"], "unit": ["mg/dL"]}
    with pytest.raises(InputError, match="pneumonia"):
        export_text(people, samples, catalogue=CATALOGUE)


# ---------------------------------------------------------------- exports as they come

EXPORT = """person_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,redcap_data_access_group,\
age_years,sex,pneumonia,label,label_date,invasive_site___meningitis,invasive_severity,\
sample_date,sample_analyte,sample_value,sample_unit
1,baseline_arm_1,,,north,30,female,0,primary,2019-01-01,0,,,,,
1,year_1_arm_1,,,north,,,1,,,0,,,,,
1,baseline_arm_1,sample,1,north,,,,,,0,,2020-05-01,igm,<20,mg_dl
1,baseline_arm_1,sample,2,north,,,,,,0,,2021-05-01,igm,0.30,g_l
1,baseline_arm_1,diagnosis,1,north,,,,secondary,2022-01-01,0,,,,,
1,baseline_arm_1,invasive_episode,1,north,,,,,,1,life_threatening,,,,
1,baseline_arm_1,invasive_episode,2,north,,,,,,1,life_threatening,,,,
1,baseline_arm_1,pregnancy,1,north,,,,,,0,,,,,
2,baseline_arm_1,,,south,old,male,,,,0,,,,,
2,baseline_arm_1,sample,1,south,,,,,,0,,2020-05-01,igm,25,mg_dl
"""


def test_events_and_repeating_instruments_of_one_record_come_together(read, kinds):
    registry = read(EXPORT)
    assert registry.person_id.tolist() == ["1"]
    assert registry.age_years.tolist() == [30]
    assert registry.centres == ("north",)
    assert registry.labels[registry.label[0]] == "secondary"
    assert registry.label_changed.tolist() == [True]
    assert registry.findings[0, registry.finding_ids.index("pneumonia")] == 1
    assert registry.samples["value"].tolist() == [20, 30]
    assert registry.episodes["person"].size == 2  # equal, but two instances
    assert registry.episodes["sites"][:, registry.sites.index("meningitis")].all()


def test_every_row_of_the_export_is_in_one_account(read, kinds):
    registry = read(EXPORT)
    tallies = (registry.people, registry.measured)
    numbers = [n for t in tallies for n in (*t.table.records.tolist(), *(n for n, _ in t.table.unreadable))]
    assert sorted(numbers) == list(range(1, 11))
    assert sum(sum(t.counts().values()) for t in tallies) == 10
    assert [text for _, text in registry.people.table.unreadable] == ["instrument pregnancy: none that is read"]
    assert kinds(registry.people, "age_not_a_number") == {9}
    assert kinds(registry.measured, "unknown_person") == {10}


def test_an_export_without_our_fields_names_the_way_out(read):
    with pytest.raises(InputError, match="mapping of your own"):
        read("record_id,hb\n1,13\n")


OWN = (
    HEAD
    + """
[person]
person_id = "record_id"
age_years = "alter"
[findings]
pneumonia = "infekt___1"
sinusitis = "infekt___2"
[samples]
person_id = "record_id"
analyte = { column = "lab_was", IgM = ["1"], IgG = ["2"] }
value = "lab_wert"
unit = "mg/dL"
date = "lab_datum"
"""
)


def test_a_project_with_fields_of_its_own_is_read_with_a_mapping(read):
    registry = read(
        "record_id,redcap_repeat_instrument,redcap_repeat_instance,alter,infekt___1,infekt___2,"
        "lab_was,lab_wert,lab_datum\n"
        "7,,,34,1,0,,,\n7,labor,1,,0,0,1,25,2020-01-01\n7,labor,2,,0,0,2,900,2020-01-01\n7,labor,3,,0,0,1,,\n",
        OWN,
    )
    assert registry.samples["value"].tolist() == [25, 900]
    found = {id: registry.findings[0, registry.finding_ids.index(id)] for id in ("pneumonia", "sinusitis")}
    assert found == {"pneumonia": 1, "sinusitis": -1}
    assert registry.people.rows + registry.measured.rows == 4


def test_samples_may_stand_in_rows_that_are_not_repeated(read):
    registry = read("record_id,alter,infekt___1,infekt___2,lab_was,lab_wert,lab_datum\n7,34,1,0,1,25,2020-01-01\n", OWN)
    assert registry.size == 1
    assert registry.findings[0, registry.finding_ids.index("pneumonia")] == 1


CELLS = st.sampled_from(
    ["", "0", "1", "Checked", "sample", "diagnosis", "x", "25", "<20", "mg_dl", "igm", "30", "2020"]
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(CELLS, min_size=16, max_size=16), min_size=1, max_size=8))
def test_any_cells_of_an_export(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("export") / "e.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
        writer.writerow(EXPORT.splitlines()[0].split(","))
        writer.writerows(rows)
    registry = read_registry(path, format="redcap")
    tallies = (registry.people, registry.measured)
    assert sum(sum(t.counts().values()) for t in tallies) == len(rows)
    assert len(dict(registry.patients())) == registry.size
