"""Percentages, intervals, signed weights and bars, as the page prints them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigm_bayes.report import numbers


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (0.0, "<1%"),
        (0.00999, "<1%"),
        (0.01, "1%"),
        (0.0149, "1%"),
        (0.015, "2%"),
        (0.5, "50%"),
        (0.125, "13%"),
        (0.985, "99%"),
        (0.99, "99%"),
        (0.9901, ">99%"),
        (1.0, ">99%"),
    ],
)
def test_percentages_are_whole_and_never_say_certain(probability, text):
    assert numbers.percent(probability) == text


@pytest.mark.parametrize("bad", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_refused(bad):
    with pytest.raises(ValueError, match="between 0 and 1"):
        numbers.percent(bad)


@given(st.floats(0, 1))
def test_a_printed_percentage_is_within_half_a_point(probability):
    digits = numbers.percent_digits(probability)
    if digits.startswith("<"):
        assert probability < 0.01
    elif digits.startswith(">"):
        assert probability > 0.99
    else:
        assert abs(float(digits) / 100 - probability) <= 0.005 + 1e-12


def test_intervals_stand_beside_the_number_and_line_up():
    band = {"mean": 0.1, "lower": 0.05, "upper": 0.18}
    assert numbers.interval(band) == "(5 to 18)"
    assert numbers.interval(band, pad=2) == "( 5 to 18)"
    assert numbers.with_interval(band).replace(numbers.GLUE, " ") == "10% (5 to 18)"


@pytest.mark.parametrize(
    ("weight", "text"), [(1.24, "+1.2"), (-2.5, "-2.5"), (0.04, "0.0"), (-0.04, "0.0"), (0.06, "+0.1")]
)
def test_weights_carry_their_sign(weight, text):
    assert numbers.signed(weight) == text


@pytest.mark.parametrize(
    ("percentage", "text"),
    [
        (99.6, "99.6"),
        (99.97, "more than 99.9"),
        (50.0, "50"),
        (3.26, "3.3"),
        (0.2, "0.2"),
        (0.01, "less than 0.1"),
    ],
)
def test_places_on_the_reference_curve_have_one_decimal(percentage, text):
    assert numbers.one_decimal(percentage) == text


def test_bars_grow_with_the_number_to_half_a_character():
    assert numbers.bar(0.0, width=10) == ""
    assert numbers.bar(0.25, width=10) == "██▌"
    assert numbers.bar(1.0, width=10) == "█" * 10
    assert numbers.bar(0.25, width=8, ascii_only=True) == "##"


def test_signed_bars_stand_left_or_right_of_the_axis():
    assert numbers.signed_bar(0.5, per_character=0.2) == ("", "██▌")
    assert numbers.signed_bar(-0.5, per_character=0.2) == ("▐██", "")
    assert numbers.signed_bar(-0.4, per_character=0.2, ascii_only=True) == ("##", "")
    assert numbers.signed_bar(0.0, per_character=0.2) == ("", "")


def test_counts_agree_in_number():
    assert numbers.counted(1, "finding") == "1 finding"
    assert numbers.counted(1200, "finding") == "1,200 findings"


def test_a_position_at_the_very_end_is_said_once():
    low = {"lower_than_percent": 99.99, "centile_lower": 0.0001, "centile_upper": 0.02}
    assert numbers.share_below(low) == "more than 99.9%"
    near = {"lower_than_percent": 99.93, "centile_lower": 0.0001, "centile_upper": 0.4}
    assert numbers.share_below(near) == "more than 99.9% (99.6 to more than 99.9)"
    usual = {"lower_than_percent": 98.2, "centile_lower": 0.9, "centile_upper": 3.0}
    assert numbers.share_below(usual) == "98.2% (97 to 99.1)"
