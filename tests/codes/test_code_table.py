"""The table of codes: what a code means, which codes a concept has, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigm_bayes.codes import LAB_TESTS, load_codes, load_omop_terms, system_of_uri, uri_of_system
from sigm_bayes.codes.systems import SYSTEMS, vocabularies
from sigm_bayes.errors import InputError
from sigm_bayes.units import UNITS

HEADER = "concept_id,kind,system,code,match,display,flag,where_seen,caution\n"


@pytest.fixture(scope="module")
def codes():
    return load_codes()


def ids(rows):
    return sorted(row.concept_id for row in rows)


@pytest.mark.parametrize(
    ("system", "code", "means"),
    [
        ("ATC", "L01FA01", ["b_cell_depletion"]),  # below the prefix of chemotherapy: the longest match wins
        ("ATC", "L01XL04", ["car_t"]),  # tisagenlecleucel
        ("ATC", "L01BC02", ["chemo_or_radiotherapy"]),
        ("ATC", "L01BA01", ["other_immunosuppressant"]),
        ("ATC", "l04ax01", ["other_immunosuppressant"]),
        ("ATC", "J06BA02", ["immunoglobulin_replacement"]),
        ("ICD10", "A39.0", ["invasive_encapsulated", "meningitis"]),  # findings are multi-label
        ("ICD10", "A390", ["invasive_encapsulated", "meningitis"]),
        ("ICD10", "R57.2", ["critical_illness", "sepsis"]),  # a finding and a cause
        ("ICD10", "J13", ["pneumonia"]),  # by an encapsulated organism: not necessarily invasive
        ("ICD10", "J00.9", []),  # J00 is exact
        ("ICD10", "C83.3", ["lymphoma"]),
        ("ICD10", "D47.2", ["mgus"]),  # not myeloma: its hazard is another
        ("ICD10CM", "D47.2", ["mgus"]),
        ("ICD10", "C90.0", ["myeloma_or_paraprotein"]),
        ("ICD10", "C", []),
        ("ICD10", "", []),
        ("OMOP", "3028026", ["igm"]),
        ("OMOP", "302802", []),
        ("LOINC", "2472-9", ["igm"]),
        ("ICD10CM", "Z79.621", []),  # recalled only
        ("NOSUCH", "C83.3", []),
    ],
)
def test_what_a_code_means(codes, system, code, means):
    assert ids(codes.find(code, system=system)) == means


def test_recalled_rows_are_refused_unless_asked_for(codes):
    assert ids(codes.refused("Z79.621", system="ICD10CM")) == ["other_immunosuppressant"]
    assert ids(codes.find("Z79.621", system="ICD10CM", recalled=True)) == ["other_immunosuppressant"]
    assert codes.codes_of("protein_losing_enteropathy", system="ICD10", recalled=True)
    assert not codes.codes_of("protein_losing_enteropathy", system="ICD10")


def test_what_is_never_meant_is_refused_even_when_recalled_rows_are_used(codes):
    assert ids(codes.find("J13", system="ICD10", recalled=True)) == ["pneumonia"]
    assert ids(codes.refused("J13", system="ICD10")) == ["invasive_encapsulated"]


def test_every_usable_row_is_found_by_its_own_code(codes):
    lost = [
        row
        for row in codes.rows
        if row.usable and row.kind != "cause" and row.concept_id not in ids(codes.find(row.code, system=row.system))
    ]
    assert not lost
    causes = [row for row in codes.rows if row.usable and row.kind == "cause"]
    assert all(codes.find(row.code, system=row.system) for row in causes)


def test_codes_of_is_the_reverse_of_find(codes):
    row = codes.codes_of("igm", system="OMOP")
    assert [r.code for r in row] == ["3028026"]
    assert codes.codes_of("no_such_concept", system="OMOP") == ()


def test_exact_holds_all_codes_of_a_system(codes):
    table = codes.exact(system="OMOP")
    assert ids(table["3028026"]) == ["igm"]
    assert set(table) <= {row.code for row in codes.rows if row.system == "OMOP"}


@given(code=st.text(max_size=30), system=st.sampled_from(SYSTEMS))
def test_no_code_breaks_the_search(code, system):
    found = load_codes().find(code, system=system)
    assert len({row.concept_id for row in found}) == len(found)
    assert sum(row.kind == "cause" for row in found) <= 2


def test_laboratory_quantities_belong_to_tests_that_are_there(codes, catalogue):
    assert set(LAB_TESTS.values()) <= set(catalogue.ids("test"))
    assert set(LAB_TESTS) <= {row.concept_id for row in codes.rows if row.kind == "lab"}


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("x,cause,ICD10,A00,exact,,seen,here,odd", "caution"),
        ("x,cause,ICD10,A00,exactly,,seen,here,", "match"),
        ("x,cause,ICD11,A00,exact,,seen,here,", "system"),
        ("x,cause,ICD10,A00,exact,,believed,here,", "flag"),
        ("x,reason,ICD10,A00,exact,,seen,here,", "kind"),
        ("x,cause,ICD10,,exact,,seen,here,", "blank"),
        ("x,cause,ICD10, A00,exact,,seen,here,", "padded"),
        ("x,cause,ICD10,A0.0,exact,,seen,here,\nx,cause,ICD10,A00,exact,,seen,here,", "earlier row"),
        ("x,cause,ICD10,A00", "number of cells"),
        ("x,cause,ICD10,A00,exact,,seen,here,,more", "number of cells"),
        ("", "no rows"),
    ],
)
def test_a_bad_table_is_refused(tmp_path, row, says):
    path = tmp_path / "codes.csv"
    path.write_text(HEADER + row + ("\n" if row else ""), encoding="utf-8")
    with pytest.raises(InputError, match=says):
        load_codes(path)


def test_all_bad_rows_are_told_together(tmp_path):
    path = tmp_path / "codes.csv"
    path.write_text(HEADER + "x,cause,ICD11,A00,exactly,,seen,here,\ny,cause,ICD10,A00,exact,,no,here,\n")
    with pytest.raises(InputError) as error:
        load_codes(path)
    assert len(error.value.problems) == 3


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", b"concept_id,kind\n", None])
def test_what_is_no_table_is_refused(tmp_path, data):
    path = tmp_path / "codes.csv"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(InputError):
        load_codes(path)


def test_addresses_of_systems():
    assert system_of_uri("http://loinc.org") == "LOINC"
    assert system_of_uri(" HTTP://LOINC.org/ ") == "LOINC"
    assert system_of_uri("urn:oid:2.16.840.1.113883.6.96") == "SNOMED"
    assert system_of_uri("http://example.org") is None
    assert uri_of_system("ATC") == "http://www.whocc.no/atc"
    assert uri_of_system("OMOP") is None
    for system in ("ICD10", "ICD10CM", "SNOMED", "LOINC", "ATC", "RXNORM", "HPO"):
        assert system_of_uri(uri_of_system(system)) == system
    assert set(vocabularies().values()) <= set(SYSTEMS)


def test_units_and_comparators_of_omop():
    terms = load_omop_terms()
    assert terms.meanings("unit")["8636"] == "g/L"
    assert set(terms.meanings("unit").values()) == set(UNITS)
    assert terms.meanings("operator") == {
        "4172703": "=",
        "4171756": "<",
        "4171754": "<=",
        "4172704": ">",
        "4171755": ">=",
    }
    assert "4069590" in terms.meanings("value", recalled=True)
    assert "4069590" not in terms.meanings("value")
    assert terms.concept("gender", "female") == "8532"
    with pytest.raises(KeyError):
        terms.concept("unit", "mmol/L")


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("unit,8753,mmol/L,seen,here", "means nothing"),
        ("colour,1,red,seen,here", "no part"),
        ("unit,abc,g/L,seen,here", "whole number"),
        ("unit,1,g/L,heard,here", "flag"),
        ("unit,1,g/L,seen,here\nunit,1,mg/L,seen,here", "earlier row"),
    ],
)
def test_a_bad_table_of_terms_is_refused(tmp_path, row, says):
    path = tmp_path / "terms.csv"
    path.write_text(f"part,concept_id,meaning,flag,where_seen\n{row}\n", encoding="utf-8")
    with pytest.raises(InputError, match=says):
        load_omop_terms(path)
