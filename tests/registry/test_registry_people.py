"""From rows to people: visits, labels, states, replacement, samples in a second table."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests_registry_texts import HEAD, USUAL

from sigm_bayes.catalogue import default_catalogue
from sigm_bayes.errors import InputError
from sigm_bayes.paths import data_dir
from sigm_bayes.registry import open_table, read_registry
from sigm_bayes.registry.propose import propose_mapping


def test_a_clean_table_comes_back_as_it_is(read):
    registry = read("id,centre,age,sex,igm\na,X,34,female,25\nb,Y,5.5,male,<20\nc,,70,,120\n")
    assert registry.people.counts() == {"accepted": 3, "caution": 0, "rejected": 0}
    assert registry.person_id.tolist() == ["a", "b", "c"]
    assert registry.centres == ("X", "Y")
    assert registry.centre.tolist() == [0, 1, -1]
    assert registry.age_years.tolist() == [34, 5.5, 70]
    assert registry.sex.tolist() == [0, 1, -1]
    assert registry.samples["low"].tolist() == [24.5, 0.0, 119.5]
    assert registry.samples["high"].tolist() == [25.5, 20.0, 120.5]
    assert (registry.findings == -1).all()


def test_parquet_gives_the_same_registry_as_csv(read, tmp_path):
    rng = np.random.default_rng(5)
    n = 200
    igm, age = np.round(np.exp(rng.normal(4.4, 0.5, n))), np.round(rng.uniform(18, 80, n), 1)
    sex = np.where(rng.random(n) < 0.5, "female", "male")
    table = {"id": [f"p{i}" for i in range(n)], "centre": ["X"] * n, "age": age, "sex": sex, "igm": igm}
    pq.write_table(pa.table(table), tmp_path / "made.parquet")
    rows = "".join(f"p{i},X,{age[i]},{sex[i]},{igm[i]:.0f}\n" for i in range(n))
    one, other = (
        read((tmp_path / "made.parquet").read_bytes(), ending=".parquet"),
        read("id,centre,age,sex,igm\n" + rows),
    )
    assert one.to_dataset().identical(other.to_dataset())
    assert one.size == n
    assert np.array_equal(one.samples["value"], igm)


def test_grams_per_litre_are_the_same_numbers(read):
    registry = read("id,centre,age,sex,igm\na,X,34,f,0.25\nb,X,34,f,0.07\n", USUAL.replace("mg/dL", "g/L"))
    assert registry.samples["value"].tolist() == [25.0, 7.0]
    assert registry.samples["high"].tolist() == [25.5, 7.5]


def test_dropped_final_zeros_do_not_widen_the_interval(read):
    values = [f"{0.4 + i / 100:.2f}".rstrip("0").rstrip(".") for i in range(100)]
    rows = "".join(f"p{i},X,40,f,{value}\n" for i, value in enumerate(values))
    registry = read("id,centre,age,sex,igm\n" + rows, USUAL.replace("mg/dL", "g/L"))
    assert np.allclose(registry.samples["high"] - registry.samples["low"], 1.0)


def test_printed_digits_are_believed_where_zeros_are_printed(read):
    rows = "".join(f"p{i},X,40,f,{0.4 + i / 100:.2f}\n" for i in range(100))
    registry = read("id,centre,age,sex,igm\n" + rows + "q,X,40,f,0.5\n", USUAL.replace("mg/dL", "g/L"))
    assert registry.samples["high"][-1] - registry.samples["low"][-1] == pytest.approx(10.0)


def test_visits_of_one_person_come_together(read, kinds):
    mapping = USUAL + 'date = "date"\n[findings]\npneumonia = { column = "pn", asked = true }\n'
    registry = read(
        "id,centre,age,sex,igm,date,pn\na,X,35,f,30,2021-05-01,1\na,X,34,f,25,2020-05-01,0\nb,X,50,m,90,,\n", mapping
    )
    assert registry.size == 2
    assert registry.age_years.tolist() == [34, 50]  # at the first IgM
    assert registry.samples["person"].tolist() == [0, 0, 1]
    assert registry.samples["value"].tolist() == [25, 30, 90]
    assert registry.findings[:, registry.finding_ids.index("pneumonia")].tolist() == [1, -1]
    assert kinds(registry.people, "states_differ") == {2}


def test_a_result_that_two_visits_repeat_counts_once(read, kinds):
    rows = [("2020-05-01", "25"), ("2020-05-01", "25"), ("2020-05-01", "26"), ("2020-05", "25"), ("", "25"), ("", "25")]
    table = "id,centre,age,sex,igm,date,x\n" + "".join(f"a,X,34,f,{v},{d},{i}\n" for i, (d, v) in enumerate(rows))
    mapping = USUAL + 'date = "date"\n[tests]\nige = { column = "x", normal = [0, 1, 2, 3, 4, 5] }\n'
    registry = read(table, mapping)
    assert kinds(registry.people, "sample_repeated") == {2}
    assert sorted(registry.samples["value"].tolist()) == [25, 25, 25, 25, 26]


def test_meningitis_is_an_invasive_infection(read):
    mapping = USUAL + '[findings]\nmeningitis = { column = "m", asked = true }\n'
    registry = read("id,centre,age,sex,igm,m\na,X,34,f,25,1\nb,X,34,f,25,0\n", mapping)
    found = {id: registry.findings[:, registry.finding_ids.index(id)] for id in ("meningitis", "invasive_infection")}
    assert found["meningitis"].tolist() == [1, 0]
    assert found["invasive_infection"].tolist() == [1, -1]


def test_one_row_a_person_where_the_mapping_says_so(read, kinds):
    table = "id,centre,age,sex,igm\na,X,34,f,25\na,X,35,f,30\n"
    registry = read(table, USUAL + '[file]\nrepeats = "refuse"\n')
    assert kinds(registry.people, "repeated_person") == {2}
    assert registry.samples["value"].tolist() == [25]


def test_a_person_with_two_sexes_is_not_merged(read, kinds):
    registry = read("id,centre,age,sex,igm\na,X,34,f,25\na,X,34,m,30\na,X,35,,31\n")
    assert kinds(registry.people, "conflicting_person") == {2}
    assert registry.samples["value"].tolist() == [25, 31]


def test_a_birth_year_agrees_with_a_day_in_it_and_not_with_another(read, kinds):
    mapping = USUAL.replace('age_years = "age"', 'birth_date = "age"') + 'date = "date"\n'
    table = "id,centre,age,sex,igm,date\n" + "".join(
        f"a,X,{birth},f,{25 + i},2020-05-01\n" for i, birth in enumerate(["1980", "1980-07-01", "1981-07-01"])
    )
    registry = read(table, mapping)
    assert kinds(registry.people, "conflicting_person") == {3}
    assert registry.age_years == pytest.approx([39.83], abs=0.01)  # middle of 1980
    assert kinds(registry.people, "age_from_birth_year") == {1}


@pytest.mark.parametrize(
    ("dates", "expected", "kind"),
    [
        (("2019", "2021"), "secondary", "label_changed"),
        (("2021", "2019"), "primary", "label_changed"),
        (("", ""), None, "label_date_missing"),
        (("2021", "2021"), None, "label_date_missing"),
        (("", "2021"), None, "label_date_missing"),
    ],
)
def test_the_latest_label_counts(read, kinds, dates, expected, kind):
    mapping = USUAL.replace("[results.igm]", 'label = "label"\nlabel_date = "ld"\n[results.igm]')
    rows = f"a,X,34,f,25,primary,{dates[0]}\na,X,34,f,26,secondary,{dates[1]}\n"
    registry = read("id,centre,age,sex,igm,label,ld\n" + rows, mapping)
    assert registry.label.tolist() == [registry.labels.index(expected) if expected else -1]
    assert kinds(registry.people, kind) == {1, 2}


def test_a_zero_is_absent_only_where_asked(read, kinds):
    mapping = USUAL + '[findings]\npneumonia = { column = "p", asked = true }\nsinusitis = "s"\n'
    mapping += '[causes]\nclozapine = "c"\n'
    registry = read("id,centre,age,sex,igm,p,s,c\na,X,34,f,25,0,0,0\nb,X,34,f,25,1,1,1\nc,X,34,f,25,,,\n", mapping)
    found = {id: registry.findings[:, registry.finding_ids.index(id)].tolist() for id in ("pneumonia", "sinusitis")}
    assert found == {"pneumonia": [0, 1, -1], "sinusitis": [-1, 1, -1]}
    assert registry.causes[:, registry.cause_ids.index("clozapine")].tolist() == [-1, 1, -1]
    assert kinds(registry.people, "not_asked", "s") == {1}


def test_a_union_is_kept_apart_from_its_members(read):
    mapping = USUAL + '[unions.any]\ncolumn = "u"\nasked = true\nof = ["pneumonia", "sinusitis"]\n'
    registry = read("id,centre,age,sex,igm,u\na,X,34,f,25,1\nb,X,34,f,25,0\n", mapping)
    assert registry.unions.tolist() == [[1], [0]]
    members = [id for id, inside in zip(registry.finding_ids, registry.union_members[0], strict=True) if inside]
    assert set(members) == {"pneumonia", "sinusitis"}
    assert (registry.findings == -1).all()


def test_replacement_spoils_igg_and_vaccine_responses_and_nothing_else(read, kinds):
    mapping = (
        USUAL.replace("[results.igm]", 'on_immunoglobulin = { column = "ig", asked = true }\n[results.igm]')
        + '[results.igg]\ncolumn = "igg"\nunit = "mg/dL"\n[results.iga]\ncolumn = "iga"\nunit = "mg/dL"\n'
        + '[tests]\npneumococcal_response = "pn"\nt_cells_cd4 = "t"\n'
    )
    rows = "a,X,34,f,25,900,120,1,normal,normal\nb,X,34,f,25,900,120,0,normal,normal\n"
    registry = read("id,centre,age,sex,igm,igg,iga,ig,pn,t\n" + rows, mapping)
    both = list(zip(registry.samples["person"].tolist(), registry.samples["analyte"].tolist(), strict=True))
    assert both == [(0, 0), (0, 2), (1, 0), (1, 1), (1, 2)]
    spoiled = registry.tests[:, registry.test_ids.index("pneumococcal_response")].tolist()
    assert spoiled == [1, 2]  # not_interpretable, normal
    assert registry.tests[:, registry.test_ids.index("t_cells_cd4")].tolist() == [2, 2]
    assert kinds(registry.people, "igg_on_replacement") == kinds(registry.people, "tests_on_replacement") == {1}


def test_without_ids_every_row_is_a_person(read):
    mapping = HEAD + '[person]\nage_years = "age"\n[results.igm]\ncolumn = "igm"\nunit_column = "unit"\n'
    registry = read("age,igm,unit\n34,25,mg/dL\n34,25,mg/dL\n34,0.25,g/l\n34,25,\n34,25,U/mL\n", mapping)
    assert registry.size == 3
    assert registry.samples["value"].tolist() == [25, 25, 25]
    assert registry.people.counts()["rejected"] == 2


SAMPLES = """
[samples]
person_id = "pid"
analyte = { column = "what", IgM = ["immunoglobulin m"] }
value = "value"
unit_column = "unit"
date = "day"
context = { column = "context", acute_infection = ["septic"] }
"""


def test_samples_in_a_second_table_are_joined_and_accounted_for(read, kinds):
    mapping = HEAD + '[person]\nperson_id = "id"\nbirth_date = "born"\n' + SAMPLES
    listed = (
        "pid,day,what,value,unit,context\n"
        "a,2021-05-01,IgM,0.30,g/L,well\n"
        "a,2020-05-01,Immunoglobulin M,25,mg/dL,septic\n"
        "a,2020-05-01,IgG,9.5,g/L,\n"
        "z,2020-05-01,IgM,25,mg/dL,\n"
        "a,2020-05-01,IgE,25,mg/dL,\n"
        "a,1970-05-01,IgM,25,mg/dL,\n"
        "a,2020-05-01,IgG,9.5,g/L,\n"
        "c,2020-05-01,IgM,,mg/dL,\n"
        "b,2020-05-01,IgG,9.5,g/L,\n"
    )
    registry = read("id,born\na,1980-05-01\nb,1980-05-01\nc,1980-05-01\n", mapping, samples=listed)
    assert registry.person_id.tolist() == ["a"]
    assert registry.age_years == pytest.approx([40.0], abs=0.01)
    assert registry.samples["analyte"].tolist() == [0, 0, 1]
    assert registry.samples["value"].tolist() == [25, 30, 950]
    assert [registry.contexts[i] for i in registry.samples["context"]] == ["acute_infection", "well", "unknown"]
    assert registry.people.counts() == {"accepted": 1, "caution": 0, "rejected": 2}
    measured = registry.measured
    assert sum(measured.counts().values()) == measured.rows == 9
    assert kinds(measured, "unknown_person") == {4, 9}
    assert kinds(measured, "unknown_analyte") == {5}
    assert kinds(measured, "before_birth") == {6}
    assert kinds(measured, "duplicate_row") == {7}
    assert kinds(measured, "value_missing") == {8}
    assert measured.account.status.tolist() == [0, 0, 0, 2, 2, 2, 2, 2, 2]


def test_samples_that_are_mapped_must_be_given(read):
    mapping = HEAD + '[person]\nperson_id = "id"\nbirth_date = "born"\n' + SAMPLES
    with pytest.raises(InputError, match="--samples"):
        read("id,born\na,1980-05-01\n", mapping)


def test_the_shipped_synthetic_registry_is_read_whole_with_the_proposed_mapping(tmp_path):
    folder, catalogue = data_dir() / "registry", default_catalogue()
    people, samples = open_table(folder / "registry.csv"), open_table(folder / "samples.csv")
    text = propose_mapping(people, catalogue=catalogue, samples=samples).replace(" }", ", asked = true }")
    for part in ("sex", "setting", "label", *catalogue.ids("test")):
        text = text.replace(f'{part} = {{ column = "{part}", asked = true }}', f'{part} = "{part}"')
    for part in ("site", "organism", "severity", "number"):
        text = text.replace(f'"invasive_{part}", asked = true }}', f'"invasive_{part}" }}')
    (tmp_path / "m.toml").write_text(text, encoding="utf-8")
    registry = read_registry(folder / "registry.csv", tmp_path / "m.toml", samples=folder / "samples.csv")
    assert registry.people.counts()["accepted"] == registry.people.rows == registry.size
    assert registry.measured.counts()["accepted"] == registry.measured.rows == registry.samples["value"].size
    states = {"": -1, "0": 0, "1": 1}
    for ids, read in ((registry.finding_ids, registry.findings), (registry.cause_ids, registry.causes)):
        for k, id in enumerate(ids):
            expected = people.columns[id].each(states.__getitem__, np.int8)
            assert np.array_equal(read[:, k], expected), id
    printed = people.columns["age_years"].each(float, float)
    assert np.array_equal(registry.age_years, printed)
    told = people.columns["invasive_severity"].each(("", *registry.severities).index, np.int64)
    assert np.array_equal(registry.episodes["person"], np.flatnonzero(told))
    assert np.array_equal(registry.episodes["severity"], told[told > 0] - 1)
