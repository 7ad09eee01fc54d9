"""Results in another unit than stated: found jointly over the analytes, never converted unasked."""

import numpy as np
import pytest
from tests_registry_texts import USUAL

THREE = USUAL + '[results.igg]\ncolumn = "igg"\nunit = "mg/dL"\n[results.iga]\ncolumn = "iga"\nunit = "mg/dL"\n'
HEADER = "id,centre,age,sex,igm,igg,iga\n"


def healthy(n, *, seed=1, scale=1.0, digits=0):
    rng = np.random.default_rng(seed)
    levels = np.exp(rng.normal([4.5, 6.95, 5.2], [0.45, 0.22, 0.4], size=(n, 3))) * scale
    return [[f"{x:.{digits}f}" for x in row] for row in levels]


def table(rows):
    return HEADER + "".join(f"p{i},X,40,f,{','.join(row)}\n" for i, row in enumerate(rows, start=1))


@pytest.mark.parametrize(
    ("row", "suspected"),
    [
        (["0.90", "10.1", "2.1"], {"igm", "igg", "iga"}),  # all in g/L
        (["0.90", "", "2.1"], {"igm", "iga"}),
        (["<0.20", "10.1", "2.1"], {"igm", "igg", "iga"}),
        (["0.90", "1010", "210"], {"igm"}),  # IgM alone
        (["900", "10100", "2100"], {"igm", "igg", "iga"}),  # all in mg/L
        (["3", "1010", "210"], set()),  # a very low IgM beside normal IgG and IgA
        (["12", "310", "15"], set()),  # everything low: a deficiency
        (["<5", "120", "<5"], set()),  # hardly any antibody
        (["900", "1010", "210"], set()),  # a high IgM
        (["25", "", ""], set()),
    ],
)
def test_a_row_is_judged_over_all_its_analytes(read, kinds, row, suspected):
    registry = read(table([*healthy(200), row]), THREE)
    named = {column for column in ("igm", "igg", "iga") if 201 in kinds(registry.people, "unit_suspected", column)}
    assert named == suspected
    assert ("p201" in registry.person_id) == ("igm" not in suspected)


def test_healthy_rows_are_not_suspected(read, kinds):
    registry = read(table(healthy(20_000)), THREE)
    assert kinds(registry.people, "unit_suspected") == set()


def test_a_registry_of_low_igm_alone_is_not_taken_for_another_unit(read, kinds):
    levels = np.random.default_rng(2).uniform(6, 40, size=2000)
    registry = read(table([[f"{x:.0f}", "", ""] for x in levels]), THREE)
    assert kinds(registry.people, "unit_suspected") == set()


def test_many_rows_in_grams_are_all_found(read, kinds):
    rows = [*healthy(1000), *healthy(500, seed=3, scale=0.01, digits=2)]
    registry = read(table(rows), THREE)
    assert kinds(registry.people, "unit_suspected", "igm") == set(range(1001, 1501))


@pytest.mark.parametrize(
    ("decision", "kind", "value"), [("keep", "unit_suspected_kept", None), ("convert", "unit_converted", 90.0)]
)
def test_the_mapping_decides_and_the_rows_stay_listed(read, kinds, decision, kind, value):
    rows = [*healthy(200), ["0.90", "10.1", "2.1"]]
    registry = read(table(rows), f'{THREE}[file]\nsuspected_units = "{decision}"\n')
    assert kinds(registry.people, kind, "igm") == {201}
    last = registry.samples["value"][registry.samples["person"] == 200]
    if value is None:
        assert last.size == 0  # 0.9 mg/dL as stated cannot be believed
        assert 201 in kinds(registry.people, "value_not_believed")
    else:
        assert last.tolist() == [90.0, 1010.0, 210.0]
        assert registry.people.account.status[200] == 1


def test_a_value_that_no_unit_explains_is_not_believed(read, kinds):
    registry = read(table([*healthy(50), ["99999999", "1010", "210"]]), THREE)
    assert kinds(registry.people, "value_not_believed") == {51}
    assert kinds(registry.people, "unit_suspected") == set()
