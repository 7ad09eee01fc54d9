"""Printed numbers and dates, one by one."""

from decimal import Decimal

import pytest

from sigm_bayes.registry.dates import read_date
from sigm_bayes.registry.encoding import repair, to_utf8
from sigm_bayes.registry.results import Printed, decimal_sign, read_printed


@pytest.mark.parametrize(
    ("text", "decimal", "expected"),
    [
        ("25", "auto", ("=", "25", 0)),
        ("0.30", "auto", ("=", "0.30", 2)),
        ("0,30", "auto", ("=", "0.30", 2)),
        ("< 0,7", "auto", ("<", "0.7", 1)),
        ("≤20", "auto", ("<=", "20", 0)),
        (">500", "auto", (">", "500", 0)),
        ("1.234,5", "auto", ("=", "1234.5", 1)),
        ("1,234.5", "auto", ("=", "1234.5", 1)),
        ("1,234,567", "auto", ("=", "1234567", 0)),
        ("1,234", ".", ("=", "1234", 0)),
        ("1,234", ",", ("=", "1.234", 3)),
        ("1.234", ",", ("=", "1234", 0)),
        ("1.234", ".", ("=", "1.234", 3)),
        ("0.123", ",", ("=", "0.123", 3)),
        ("0,123", ",", ("=", "0.123", 3)),
    ],
)
def test_numbers_as_printed(text, decimal, expected):
    found = read_printed(text, decimal=decimal)
    assert isinstance(found, Printed)
    assert (found.comparator, found.value, found.decimals) == (expected[0], Decimal(expected[1]), expected[2])


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("1,234", "value_ambiguous"),
        ("-12", "value_negative"),
        ("haemolytic", "value_not_a_number"),
        ("1.2.3", "value_not_a_number"),
        ("12 34", "value_not_a_number"),
        ("25 L", "value_not_a_number"),
        ("1e3", "value_not_a_number"),
        ("nan", "value_not_a_number"),
        ("٢٥", "value_not_a_number"),
        ("9" * 50, "value_not_a_number"),
        ("", "value_not_a_number"),
    ],
)
def test_what_is_no_number_is_said_to_be_none(text, kind):
    assert read_printed(text, decimal="auto") == kind


def test_a_unit_in_the_cell_is_read():
    found = read_printed("0.25 g/L", decimal="auto")
    assert isinstance(found, Printed)
    assert found.unit == "g/L"


def test_the_unambiguous_numbers_of_a_column_tell_its_decimal_sign():
    assert decimal_sign(["12", "0,5", "1,234"]) == ","
    assert decimal_sign(["12", "0.5", "1,234"]) == "."
    assert decimal_sign(["0,5", "0.5"]) == "auto"
    assert decimal_sign(["12", "x"]) == "auto"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2021-03-04", (2021 + 62 / 365, 2021 + 63 / 365)),
        ("2021-03-04 13:22:01", (2021 + 62 / 365, 2021 + 63 / 365)),
        ("20210304", (2021 + 62 / 365, 2021 + 63 / 365)),
        ("04.03.2021", (2021 + 62 / 365, 2021 + 63 / 365)),
        ("4-Mar-2021", (2021 + 62 / 365, 2021 + 63 / 365)),
        ("31/12/2020", (2020 + 365 / 366, 2021.0)),
        ("12/31/2020", (2020 + 365 / 366, 2021.0)),
        ("05/05/2021", (2021 + 124 / 365, 2021 + 125 / 365)),
        ("2021-03", (2021 + 59 / 365, 2021 + 90 / 365)),
        ("03/2021", (2021 + 59 / 365, 2021 + 90 / 365)),
        ("2021", (2021.0, 2022.0)),
    ],
)
def test_dates(text, expected):
    assert read_date(text, order=None, until=None, years=(1950, 2100)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("03/04/2021", "date_ambiguous"),
        ("03.04.21", "date_two_digit_year"),
        ("2021-02-30", "date_not_readable"),
        ("2021-13", "date_not_readable"),
        ("1066-10-14", "date_out_of_range"),
        ("44281", "date_not_readable"),
        ("spring", "date_not_readable"),
        ("٢٠٢١-٠٣-٠٤", "date_not_readable"),
    ],
)
def test_dates_that_are_not_used(text, kind):
    assert read_date(text, order=None, until=None, years=(1950, 2100)) == kind


def test_the_mapping_settles_order_and_century():
    years = (1900, 2100)
    day = read_date("03/04/2021", order="dmy", until=None, years=years)
    assert day == read_date("2021-04-03", order=None, until=None, years=years)
    assert read_date("03/04/2021", order="mdy", until=None, years=years)[0] < day[0]
    assert int(read_date("03.04.27", order=None, until=2026, years=years)[0]) == 1927
    assert int(read_date("03.04.26", order=None, until=2026, years=years)[0]) == 2026


@pytest.mark.parametrize("name", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_usual_encodings_are_recognised(name):
    text = "Größe µg – é"
    data, found = to_utf8(text.encode(name))
    assert data.decode() == text
    assert found == name


def test_a_byte_that_windows_leaves_open_is_still_read():
    assert to_utf8(b"M\xfcnchen \x81")[1] == "latin-1"


@pytest.mark.parametrize("text", ["München", "µg/mL", "–", "Ã", "Âge", "plain"])
def test_sound_text_is_left_alone(text):
    assert repair(text) == text


def test_text_that_was_misread_once_or_twice_is_repaired():
    once = "München".encode().decode("cp1252")
    assert repair(once) == "München"
    assert repair(once.encode().decode("cp1252")) == "München"
