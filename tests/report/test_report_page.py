"""The terminal page: its order, its width, its plainness in a pipe, and its refusal."""

import copy
import io
import json
import re
from pathlib import Path

import pytest

from sigm_bayes.report.document import to_json
from sigm_bayes.report.page import print_page, render

DATA = Path(__file__).parent / "data"
ESCAPE = "\x1b"
HEADINGS = (
    "One unrepeated IgM value",
    "Woman, 34 years",
    "low normal variant",
    "of 1,000 people like this",
    "Why",
    "Due anyway",
    "Would change the answer",
    "sigm-evidence",
)


@pytest.mark.parametrize(
    ("name", "width", "full"),
    [
        ("adult", 100, False),
        ("adult", 50, False),
        ("adult", 100, True),
        ("refused", 100, False),
        ("refused", 50, False),
    ],
)
def test_the_page_is_as_agreed(name, width, full, request):
    """The files are the page a reader looked at; after a wanted change, write them again and look again."""
    answer = request.getfixturevalue(name)
    golden = DATA / f"{name}-{width}{'-full' if full else ''}.txt"
    assert render(answer, width=width, full=full) == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [40, 50, 75, 76, 100, 110])
@pytest.mark.parametrize("full", [False, True])
def test_no_line_is_wider_than_the_page(adult, width, full):
    adult["model"]["evidence_sha256"] = adult["input_sha256"] = "short"
    too_wide = [line for line in render(adult, width=width, full=full).splitlines() if len(line) > width]
    assert too_wide == []


@pytest.mark.parametrize("width", [50, 100])
def test_the_order_is_cautions_answer_why_next_change_basis(adult, width):
    text = " ".join(render(adult, width=width).split())
    places = [text.index(heading) for heading in HEADINGS]
    assert places == sorted(places)


@pytest.mark.parametrize("width", [40, 50, 64, 90, 100])
def test_every_interval_stands_unbroken_beside_its_number(adult, width):
    text = render(adult, width=width, full=True)
    assert not [line for line in text.splitlines() if re.search(r"\([<>]?\d+( to)?$", line)]
    for name in ("primary", "secondary", "normal", "other_immunodeficiency"):
        mean = adult["probability"][name]["mean"]
        assert re.search(rf"{mean:.0%} +\( ?[<>]?\d+ to +[<>]?\d+\)", text), name


def test_a_pipe_gets_no_colour_codes(adult, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    stream = io.StringIO()
    print_page(adult, file=stream)
    assert ESCAPE not in stream.getvalue()
    assert stream.getvalue() == render(adult, width=100)


def test_colour_is_never_the_only_sign(adult):
    coloured = render(adult, width=100, colour=True)
    assert ESCAPE in coloured
    plain = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in plain.splitlines()] == render(adult, width=100).splitlines()


def test_an_ascii_stream_gets_ascii(adult, monkeypatch):
    adult["cautions"][1]["message"] = "Repeat … when well – please."
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    print_page(adult, file=stream)
    stream.flush()
    text = raw.getvalue().decode("ascii")
    assert "Repeat ... when well" in text
    assert "####" in text


def test_columns_of_the_environment_are_respected_in_a_pipe(adult, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    stream = io.StringIO()
    print_page(adult, file=stream)
    assert max(map(len, stream.getvalue().splitlines())) <= 60


def test_cautions_come_gravest_first(adult):
    adult["cautions"].append({"code": "x", "severity": "warning", "message": "Possible paraprotein."})
    lines = render(adult, width=100).splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["!!", "!", "i"]


def test_a_refusal_shows_the_reason_the_workup_and_no_percentage(refused):
    text = render(refused, width=100)
    assert "no probability is given" in text
    assert refused["refused"]["message"] in text
    for item in refused["refused"]["workup"]:
        assert item.split()[0] in text
    assert "%" not in text


def test_a_setting_that_was_not_given_is_said(adult):
    adult["summary"] |= {"setting": "hospital", "setting_label": "hospital", "setting_given": False}
    assert "Asked in: hospital (assumed: no setting was given)" in render(adult, width=100)


def test_a_prevalence_that_cannot_flip_the_answer_is_said(adult):
    adult["tipping"]["prevalence_for_half"] = None
    assert "no prevalence would take primary to 50%" in render(adult, width=100)


@pytest.mark.parametrize(
    ("age", "sex", "words"),
    [
        (34, "male", ("Man", "healthy men his age")),
        (6, "female", ("Girl", "healthy girls her age")),
        (6, "male", ("Boy", "healthy boys his age")),
        (6, "unknown", ("Child", "healthy children this age")),
        (60, "unknown", ("Person", "healthy people this age")),
    ],
)
def test_people_are_named_by_age_and_sex(adult, age, sex, words):
    adult["summary"] |= {"age_years": age, "sex": sex}
    text = " ".join(render(adult, width=100).split())
    assert all(word in text for word in words)


def test_maturational_delay_is_named_where_it_matters(adult):
    adult["parts"]["maturational_delay"] = {"mean": 0.3, "lower": 0.1, "upper": 0.5}
    assert "of this, maturational delay 30% (10 to 50)" in render(adult, width=100)


def test_what_is_not_known_is_listed_in_full_with_labels(adult):
    labels = {"otitis_media": "recurrent otitis media"}
    text = render(adult, width=100, full=True, labels=labels)
    assert "recurrent otitis media (otitis_media), splenomegaly" in text
    assert "recurrent otitis media" not in render(adult, width=100, labels=labels)


def test_a_low_igm_is_never_called_normal(adult):
    rows = [line for line in render(adult, width=100).splitlines() if re.match(r"\s+normal\b", line)]
    assert rows == []


def test_json_is_complete_and_strict(adult):
    assert json.loads(to_json(adult)) == adult
    bad = copy.deepcopy(adult)
    bad["probability"]["primary"]["mean"] = float("nan")
    with pytest.raises(ValueError, match="JSON"):
        to_json(bad)
