"""OMOP databases with something wrong: an error that names it, or an account of every row; never a crash."""

from __future__ import annotations

import gzip

import omop_database as db
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sigm_bayes.codes import load_omop_terms
from sigm_bayes.errors import InputError
from sigm_bayes.registry.omop import read_omop
from sigm_bayes.registry.omop.printed import Raw, as_printed
from sigm_bayes.registry.results import Printed, read_printed

TERMS = load_omop_terms()


def printed(number=None, text=None, operator=None, unit="8840", unit_text=None):
    raw = Raw(number, text, operator, unit, unit_text)
    return as_printed(raw, units=TERMS.meanings("unit"), operators=TERMS.meanings("operator"))


LT, LE, EQ, GT, GE = "4171756", "4171754", "4172703", "4172704", "4171755"


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ({"number": "25"}, "25"),
        ({"number": "25.0"}, "25"),
        ({"number": "0.30"}, "0.30"),
        ({"number": "2.5e1"}, "25"),
        ({"number": "20", "operator": LT}, "<20"),
        ({"number": "20", "operator": EQ}, "20"),
        ({"number": "20", "operator": "0"}, "20"),
        ({"number": "20", "operator": GE}, ">=20"),
        ({"number": "0.3", "text": "0.30"}, "0.30"),  # the text has the digits
        ({"number": "20", "text": "<20"}, "<20"),
        ({"number": "20", "text": "< 20", "operator": LT}, "< 20"),
        ({"number": "20", "text": "20", "operator": LT}, "<20"),
        ({"text": "<20"}, "<20"),
        ({"text": "20", "operator": LT}, "<20"),
        ({"text": "20 mg/dL", "number": "20"}, "20 mg/dL"),
        ({"text": "0.25 g/L", "number": "25"}, "0.25 g/L"),  # converted on the way, and the same
        ({"text": "0.25", "number": "25"}, "25"),
        ({"text": "see comment", "number": "25"}, "25"),
        ({"text": "<0.2", "number": "20"}, "<20"),
    ],
)
def test_number_comparator_and_text_together(given, value):
    assert printed(**given) == (value, "mg/dL")
    assert isinstance(read_printed(value, decimal="."), Printed)


@pytest.mark.parametrize(
    "given",
    [
        {"number": "20", "text": "<20", "operator": GT},
        {"number": "20", "text": "<20", "operator": EQ},
        {"text": "<20", "operator": GT},
        {"text": "<20", "operator": EQ},
        {"number": "20", "operator": "8840"},
        {"number": "twenty"},
        {"number": "nan"},
        {"number": "1e400"},
        {"text": "haemolytic"},
        {"text": "0.25 g/L", "number": "250"},
        {},
    ],
)
def test_contradictions_are_no_number(given):
    value, _ = printed(**given)
    assert not isinstance(read_printed(value, decimal="."), Printed)


@pytest.mark.parametrize(
    ("unit", "unit_text", "expected"),
    [
        ("8636", None, "g/L"),
        ("8636", "G/l", "g/L"),
        ("8636", "whatever", "g/L"),
        ("0", "mg/dl", "mg/dL"),
        (None, "mg/dl", "mg/dL"),
        (None, None, ""),
        ("0", None, ""),
        ("0", "mmol/L", "mmol/L"),
        ("8753", None, "unit_concept_id 8753"),
        ("8753", "mg/dL", "unit_concept_id 8753"),
        ("8636", "mg/dL", "g/L by its concept, mg/dL by its text"),
    ],
)
def test_units_are_never_guessed(unit, unit_text, expected):
    assert printed("25", unit=unit, unit_text=unit_text)[1] == expected


@pytest.fixture
def read(tmp_path, catalogue):
    def make(columns=db.COLUMNS, delimiter=",", **content):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        return read_omop(db.write(folder, content, columns=columns, delimiter=delimiter), catalogue=catalogue)

    return make


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"unit_concept_id": "8753"}, "unit_unknown"),
        ({"unit_concept_id": ""}, "unit_missing"),
        ({"operator_concept_id": "17"}, "value_not_a_number"),
        ({"operator_concept_id": GT, "value_source_value": "<25"}, "value_not_a_number"),
        ({"value_as_number": "-4"}, "value_negative"),
        ({"value_as_number": ""}, "value_missing"),
        ({"person_id": "99999999999999999999999999"}, "unknown_person"),
        ({"measurement_date": "1970-01-01"}, "before_birth"),
        ({"measurement_date": "someday"}, "date_not_readable"),
        ({"measurement_date": "03/04/2020"}, "date_ambiguous"),
    ],
)
def test_a_bad_result_is_listed_with_its_row(read, kinds, change, kind):
    bad = {**db.IGM, "measurement_id": "2", "measurement_date": "2021-01-01", **change}
    registry = read(**db.tables(measurement=[db.IGM, bad]))
    assert kinds(registry.measured, kind) == {2}
    assert registry.measured.rows == 2
    assert sum(registry.measured.counts().values()) == 2


@pytest.mark.parametrize("missing", ["person", "measurement"])
def test_a_missing_table_is_named(read, missing):
    content = db.tables(condition_occurrence=[])
    del content[missing]
    with pytest.raises(InputError, match=f"{missing}: the table is missing"):
        read(**content)


@pytest.mark.parametrize("name", ["person", "measurement", "condition_occurrence", "drug_exposure", "concept"])
def test_missing_columns_are_named_all_together(read, name):
    columns = {**db.COLUMNS, name: "person_key subject"}
    content = db.tables(**{name: []})
    with pytest.raises(InputError) as error:
        read(columns=columns, **content)
    assert len(error.value.problems) >= 2
    assert all(problem.field.startswith(f"{name}.") for problem in error.value.problems)


def test_the_nearest_column_is_suggested(read):
    columns = {**db.COLUMNS, "person": db.COLUMNS["person"].replace("gender_concept_id", "gender_conceptid")}
    person = {**db.WOMAN, "gender_conceptid": "8532"}
    del person["gender_concept_id"]
    with pytest.raises(InputError, match="Is it gender_conceptid"):
        read(columns=columns, **db.tables(person=[person]))


def test_problems_of_all_tables_are_told_together(read):
    columns = {**db.COLUMNS, "person": "id", "drug_exposure": "id"}
    with pytest.raises(InputError) as error:
        read(columns=columns, person=[], measurement=[db.IGM], drug_exposure=[])
    assert {problem.field.split(".")[0] for problem in error.value.problems} == {"person", "drug_exposure"}


def test_empty_tables(read):
    with pytest.raises(InputError, match="person: the table has no rows"):
        read(person=[], measurement=[db.IGM])
    registry = read(**db.tables(measurement=[], condition_occurrence=[], observation=[], drug_exposure=[]))
    assert registry.size == 0
    assert "no_igm" in {kind for kind, _, _ in registry.people.reasons()}


def test_nothing_but_concept_zero(read):
    rows = [db.condition("0", "2020-01-01"), db.condition("", "2020-01-01")]
    nothing = {**db.IGM, "measurement_id": "2", "measurement_concept_id": "0"}
    registry = read(**db.tables(condition_occurrence=rows, measurement=[db.IGM, nothing]))
    assert registry.size == 1
    assert all(tally.balanced for tally in registry.sources)
    reason = "no concept (0 or blank), and no source code that can be read"
    assert [dict(t.ignored) for t in registry.sources if t.name == "condition_occurrence"] == [{reason: 2}]


def test_people_twice(read, kinds):
    other = {**db.WOMAN, "gender_concept_id": "8507"}
    registry = read(**db.tables(person=[db.WOMAN, db.WOMAN, other, {**db.WOMAN, "person_id": ""}]))
    assert registry.size == 1
    assert kinds(registry.people, "duplicate_row") == {2}
    assert kinds(registry.people, "conflicting_person") == {3}
    assert kinds(registry.people, "no_person_id") == {4}


@pytest.mark.parametrize("id", ["99999999999999999999999999", "-1", "1.0", "Jürgen", "00001", "1e3"])
def test_ids_are_texts(read, id):
    registry = read(
        person=[{**db.WOMAN, "person_id": id}],
        measurement=[{**db.IGM, "person_id": id}],
        condition_occurrence=[{**db.condition("255848", "2020-01-01"), "person_id": id}],
    )
    assert registry.person_id.tolist() == ["1" if id == "1.0" else id]
    assert registry.findings[0, registry.finding_ids.index("pneumonia")] == 1


def test_whole_numbers_stored_as_decimals(read):
    person = {**db.WOMAN, "person_id": "1.0", "gender_concept_id": "8532.0", "year_of_birth": "1985.0"}
    igm = {**db.IGM, "person_id": "1.0", "measurement_concept_id": "3028026.0", "unit_concept_id": "8840.0"}
    registry = read(person=[person], measurement=[igm])
    assert (registry.size, registry.sex.tolist(), registry.samples["value"].tolist()) == (1, [0], [25])


def test_dates_as_times_and_compact(read):
    rows = [db.condition("255848", "20200101")]
    registry = read(**db.tables(measurement=[{**db.IGM, "measurement_date": "2020-06-15 07:30:00"}]))
    assert int(registry.samples["date_low"][0]) == 2020
    registry = read(**db.tables(condition_occurrence=rows))
    assert registry.findings[0, registry.finding_ids.index("pneumonia")] == 1


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_separators(read, delimiter):
    rows = [db.condition("255848", "2020-01-01", condition_source_value='a "quoted", one; more')]
    registry = read(delimiter=delimiter, **db.tables(condition_occurrence=rows))
    assert registry.findings[0, registry.finding_ids.index("pneumonia")] == 1


def test_vocabulary_tables_have_quotes_that_are_quotes(tmp_path, catalogue):
    folder = db.write(tmp_path / "cdm", db.tables(drug_exposure=[db.drug("999001", "2019-01-01")]))
    (folder / "CONCEPT.csv").write_text(
        'concept_id\tconcept_name\tvocabulary_id\tconcept_code\n1\t6" tube\tATC\tX\n999001\ta "b\tATC\tL01FA01\n'
    )
    registry = read_omop(folder, catalogue=catalogue)
    assert registry.causes[0, registry.cause_ids.index("b_cell_depletion")] == 1


def test_upper_case_names_and_gzip(tmp_path, catalogue):
    folder = db.write(tmp_path / "cdm", db.tables())
    text = (folder / "person.csv").read_text().upper()
    (folder / "person.csv").unlink()
    (folder / "PERSON.CSV.GZ").write_bytes(gzip.compress(text.encode()))
    assert read_omop(folder, catalogue=catalogue).size == 1


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no header"),
        (b"\n\n", "no header"),
        (b"person_id\0,x\n", "zero bytes"),
        ("person_id,gender_concept_id,year_of_birth\n1,8532,1985\n".encode("utf-16"), "zero bytes"),
        (b"person_id,gender_concept_id,year_of_birth,person_id\n1,8532,1985,2\n", "twice"),
    ],
)
def test_files_that_are_no_table(tmp_path, catalogue, data, says):
    folder = db.write(tmp_path / "cdm", db.tables())
    (folder / "person.csv").write_bytes(data)
    with pytest.raises(InputError, match=says):
        read_omop(folder, catalogue=catalogue)


def test_broken_parquet_and_gzip(tmp_path, catalogue):
    for name in ("person.parquet", "person.csv.gz"):
        folder = db.write(tmp_path / name, db.tables())
        (folder / "person.csv").unlink()
        (folder / name).write_bytes(b"nothing of the kind")
        with pytest.raises(InputError, match="person"):
            read_omop(folder, catalogue=catalogue)


def test_a_table_in_two_files_is_refused(tmp_path, catalogue):
    folder = db.write(tmp_path / "cdm", db.tables())
    (folder / "person.txt").write_text("person_id\n")
    with pytest.raises(InputError, match=r"person.csv, person.txt"):
        read_omop(folder, catalogue=catalogue)


def test_rows_with_other_numbers_of_cells_are_counted(tmp_path, catalogue):
    folder = db.write(tmp_path / "cdm", db.tables(condition_occurrence=[db.condition("255848", "2020-01-01")]))
    with (folder / "condition_occurrence.csv").open("a") as stream:
        stream.write("1,255848\n1,255848,2020-01-01,,,more,cells\n")
    registry = read_omop(folder, catalogue=catalogue)
    found = next(tally for tally in registry.sources if tally.name == "condition_occurrence")
    assert (found.rows, found.used, sum(found.rejected.values()), found.balanced) == (3, 1, 2, True)


def test_windows_text_is_read(tmp_path, catalogue):
    folder = db.write(tmp_path / "cdm", db.tables(care_site=[]))
    (folder / "person.csv").write_bytes(
        "person_id,gender_concept_id,year_of_birth,care_site_id\r\n1,8532,1985,3\r\n".encode("cp1252")
    )
    (folder / "care_site.csv").write_bytes("care_site_id,care_site_name\r\n3,München\r\n".encode("cp1252"))
    assert read_omop(folder, catalogue=catalogue).centres == ("München",)


@pytest.mark.parametrize("where", ["nowhere", "file.txt", "duckdb:///nowhere.duckdb", "broken.duckdb"])
def test_places_that_hold_nothing(tmp_path, catalogue, where):
    (tmp_path / "file.txt").write_text("text")
    (tmp_path / "broken.duckdb").write_text("text")
    with pytest.raises(InputError):
        read_omop(where if "://" in where else tmp_path / where, catalogue=catalogue)


CELL = st.sampled_from(
    ["", "0", "1", "2", "25", "0.3", "<20", "8840", "8636", "3028026", "3005719", "255848", "196236", "1314273",
     "2020-01-01", "2019-05-05", "1800-01-01", "9999-12-31", "20200101", "03/04/2020", "SIGM:label", "SIGM:pneumonia",
     "SIGM:age_years", "SIGM:context", "primary", "present", "abnormal", "4172703", "4171756", "mg/dL", "nan", "-5",
     "1e99", "ü\"',;", "1985", "12"]
)  # fmt: skip


@st.composite
def databases(draw):
    out = {}
    for name, columns in db.COLUMNS.items():
        if name in ("person", "measurement") or draw(st.booleans()):
            rows = draw(st.lists(st.lists(CELL, min_size=20, max_size=20), max_size=4))
            names = columns.split()
            out[name] = [dict(zip(names, row, strict=False)) for row in rows]
    out["person"] = [db.WOMAN, *out["person"]]
    return out


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=databases())
def test_every_row_is_accounted_for_whatever_the_tables_hold(read, content):
    registry = read(**content)
    assert all(tally.balanced for tally in registry.sources)
    rows = {tally.name: tally.rows for tally in registry.sources}
    assert rows == {name: len(content.get(name, [])) for name in rows}
    for tally in (registry.people, registry.measured):
        assert sum(tally.counts().values()) == tally.rows
    assert registry.people.rows == len(content["person"])
