"""Ages with what they leave open, and the laboratory's own reference intervals."""

import numpy as np
import pytest
from tests_registry_texts import HEAD, USUAL

BORN = USUAL.replace('age_years = "age"', 'birth_date = "born"') + 'date = "date"\n'


@pytest.mark.parametrize(
    ("texts", "low", "high"),
    [
        (["34", "1.5"], [34, 1.45], [35, 1.55]),
        (["34.0", "7.0"], [34, 7], [35, 8]),  # a program added .0
        (["34,25"], [34.245], [34.255]),
        (["0.75"], [0.745], [0.755]),
    ],
)
def test_an_age_is_an_interval(read, texts, low, high):
    rows = "".join(f'p{i},X,"{text}",f,25\n' for i, text in enumerate(texts))
    registry = read("id,centre,age,sex,igm\n" + rows)
    assert registry.age_low == pytest.approx(low)
    assert registry.age_high == pytest.approx(high)
    assert (registry.age_low <= registry.age_years).all()
    assert (registry.age_years <= registry.age_high).all()


def test_an_age_in_months(read):
    registry = read("id,centre,age,sex,igm\na,X,18,f,25\n", USUAL.replace("age_years", "age_months"))
    assert (registry.age_years[0], registry.age_low[0], registry.age_high[0]) == pytest.approx((1.5, 1.5, 19 / 12))


@pytest.mark.parametrize(
    ("born", "date", "low", "high"),
    [
        ("1980", "2020", 39, 41),
        ("1980", "2020-05-01", 39.331, 40.334),
        ("1980-05-01", "2020-05-01", 39.998, 40.003),
    ],
)
def test_an_age_counted_from_a_birth_date_that_is_not_exact(read, born, date, low, high):
    registry = read(f"id,centre,born,sex,igm,date\na,X,{born},f,25,{date}\n", BORN)
    assert registry.age_low == pytest.approx([low], abs=0.002)
    assert registry.age_high == pytest.approx([high], abs=0.002)
    assert registry.age_low < registry.age_years < registry.age_high


def test_an_age_that_may_be_under_six_months_is_a_caution(read, kinds):
    rows = "a,X,2019,f,25,2020-06-01\nb,X,2019-03,f,25,2020-06-01\nc,X,2020,f,25,2020-06-01\n"
    registry = read("id,centre,born,sex,igm,date\n" + rows, BORN)
    assert kinds(registry.people, "may_be_under_6_months") == {1}
    assert kinds(registry.people, "under_6_months") | kinds(registry.people, "age_negative") == {3}
    assert registry.person_id.tolist() == ["a", "b"]


def test_preterm_children_are_judged_by_corrected_age(read, kinds):
    mapping = USUAL.replace("[results.igm]", 'gestational_weeks = "weeks"\n[results.igm]')
    table = "id,centre,age,sex,igm,weeks\na,X,0.6,f,25,28\nb,X,0.6,f,25,39\nc,X,0.6,f,25,99\nd,X,0.8,f,25,28\n"
    registry = read(table, mapping)
    assert kinds(registry.people, "under_6_months") == {1}
    assert kinds(registry.people, "gestation_impossible") == {3}
    assert registry.gestational_weeks.tolist() == pytest.approx([39, np.nan, 28], nan_ok=True)


SAMPLES = HEAD + '[person]\nperson_id = "id"\nage_years = "age"\nsex = "sex"\n[samples]\nperson_id = "id"\n'
SAMPLES += 'analyte = "what"\nvalue = "value"\nunit_column = "unit"\n'


def test_the_age_may_stand_in_another_row_than_the_first(read):
    registry = read("id,age,sex\na,,f\na,40,\n", SAMPLES, samples="id,what,value,unit\na,IgM,25,mg/dL\n")
    assert registry.age_years.tolist() == [40]
    assert registry.sex.tolist() == [0]


def test_a_visit_takes_the_birth_date_of_another_row(read):
    registry = read("id,centre,born,sex,igm,date\na,X,1980-05-01,f,,2019\na,X,,,25,2020-05-01\n", BORN)
    assert registry.age_years == pytest.approx([40.0], abs=0.01)


REFERENCE = SAMPLES + 'reference_low = "low"\nreference_high = "high"\n'


def test_reference_intervals_in_the_unit_of_the_value(read, kinds):
    listed = (
        "id,what,value,unit,low,high\n"
        "a,IgM,25,mg/dL,40,230\n"
        'a,IgG,"9,5",g/L,"7,0","16,0"\n'
        "a,IgA,90,mg/dL,70,\n"
        "a,IgA,91,mg/dL,0.7,4.0\n"
        "a,IgA,92,mg/dL,400,70\n"
        "a,IgA,93,mg/dL,,\n"
    )
    registry = read("id,age,sex\na,40,f\n", REFERENCE, samples=listed)
    low, high = registry.samples["reference_low"], registry.samples["reference_high"]
    assert low[:2].tolist() == [40, 700]
    assert high[:2].tolist() == [230, 1600]
    assert np.isnan(low[2:]).all()
    assert kinds(registry.measured, "reference_not_readable") == {3}
    assert kinds(registry.measured, "reference_not_believed") == {4, 5}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("40-230", (40, 230)),
        ("40 – 230", (40, 230)),
        ("[0,4 - 2,3]", None),  # of g/L: not of a value in mg/dL
        ("(40 to 230) mg/dL", (40, 230)),
        ("40...230", (40, 230)),
        ("<230", None),
        ("low", None),
    ],
)
def test_a_reference_interval_in_one_cell(read, text, expected):
    registry = read(f'id,centre,age,sex,igm,ref\na,X,40,f,25,"{text}"\n', USUAL + 'reference = "ref"\n')
    found = registry.samples["reference_low"][0], registry.samples["reference_high"][0]
    assert registry.samples["value"].tolist() == [25]
    assert found == expected if expected else np.isnan(found).all()


def test_a_unit_that_is_converted_converts_its_reference_interval(read, kinds):
    levels = np.exp(np.random.default_rng(4).normal([4.5, 6.95], 0.3, (200, 2)))
    rows = "".join(f"p{i},X,40,f,{x:.0f},{y:.0f},40,230\n" for i, (x, y) in enumerate(levels))
    mapping = USUAL + 'reference_low = "low"\nreference_high = "high"\n[results.igg]\ncolumn = "igg"\nunit = "mg/dL"\n'
    table = "id,centre,age,sex,igm,igg,low,high\n" + rows + "q,X,40,f,900,10100,400,2300\n"
    registry = read(table, mapping + '[file]\nsuspected_units = "convert"\n')
    assert kinds(registry.people, "unit_converted") == {201}
    igm = np.flatnonzero(registry.samples["analyte"] == 0)
    assert registry.samples["value"][igm[-1]] == 90
    assert set(registry.samples["reference_low"][igm]) == {40}
    assert set(registry.samples["reference_high"][igm]) == {230}
