"""The page with what comes next: order, words, widths; every number in the example is invented."""

from __future__ import annotations

import re

import pytest

from sigm_bayes.report.page import render
from sigm_bayes.report.sentences_page import forbidden

CLASSES = ("primary", "secondary", "normal", "other_immunodeficiency")


def after(primary):
    return dict(zip(CLASSES, (primary, 0.2, 0.75 - primary, 0.05), strict=True))


def outcome(result, label, probability, primary):
    return {"result": result, "label": label, "probability": probability, "after": after(primary)}


def item(id, kind, label, bits, *outcomes, first=True, reason=""):
    return {
        "id": id, "kind": kind, "label": label, "help": "", "bits": bits, "share": bits / 1.2, "first": first,
        "must_not_miss": bool(reason), "reason": reason, "outcomes": list(outcomes), "months": None, "grid": [],
    }  # fmt: skip


def single(id, label, from_state, to_state, primary):
    return {
        "id": id, "kind": "finding", "label": label, "from_state": from_state, "to_state": to_state, "primary": primary,
    }  # fmt: skip


@pytest.fixture
def explained(adult):
    """The invented answer with an invented explanation."""
    ill = [single("a", "Pneumonia", "absent", "present", 0.61), single("b", "IgE", "not_done", "abnormal", 0.004)]
    band = {"mean": 0.09, "lower": 0.05, "upper": 0.15}
    point = {
        "threshold": 0.5, "above_now": False, "prevalence": 0.031, "singles": ill, "nearest": None,
        "igm": {
            "value_mg_dl": 9.0, "text": "9 mg/dL", "direction": "at_or_below", "primary": 0.52, "values_mg_dl": [9.0],
            "until_mg_dl": None,
        },
    }  # fmt: skip
    adult["next"] = {
        "entropy_bits": 1.2,
        "draws": 200,
        "workup": [
            {"id": "p", "label": "platelets", "reason": "Soon.", "source": "judgement", "urgent": True, "state": "due"},
            {"id": "r", "label": "repeat IgM", "reason": "A dip.", "source": "X", "urgent": False, "state": "done"},
            {"id": "v", "label": "vaccines", "reason": "Response.", "source": "", "urgent": False, "state": "partly"},
        ],
        "information": [
            item("repeat_igm", "repeat", "IgM again in 3 months", 0.14, outcome("still_low", "still low", 0.8, 0.22),
                 outcome("normal", "not low", 0.2, 0.004)),
            item("e", "test", "B cells (CD19)", 0.05, outcome("abnormal", "abnormal", 0.1, 0.11),
                 outcome("normal", "as expected", 0.9, 0.19)),
            item("s", "finding", "Splenomegaly", 0.02, outcome("present", "present", 0.1, 0.1), first=False),
            item("m", "exposure", "Myeloma", 0.0, outcome("present", "present", 0.001, 0.1),
                 outcome("absent", "absent", 0.999, 0.2), reason="treatable"),
        ],
    }  # fmt: skip
    adult["tipping"] |= {
        "primary_now": 0.09, "points": [point, point | {"threshold": 0.005, "above_now": True, "prevalence": None,
                                                        "igm": None, "singles": [], "nearest": ill[1]}], "curve": [],
    }  # fmt: skip
    adult["settings"] = [
        {"id": id, "label": id, "current": here, "prevalence": rate, "probability": dict.fromkeys(CLASSES, band)}
        for id, here, rate in (("hospital", True, 0.002), ("community", False, 0.0004))
    ]
    adult["uncertainty"] = {"message": "Better evidence would settle 9% of what is open."}
    return adult


def words(answer, **kwargs):
    return " ".join(render(answer, **kwargs).split())


def test_the_order_is_due_tell_change_uncertain_basis(explained):
    text = words(explained)
    places = [text.index(h) for h in ("Why", "Due anyway", "Would tell most", "Would change the answer", "Uncertain:")]
    assert places == sorted(places)
    assert text.index("sigm-evidence") > places[-1]


def test_due_says_what_is_urgent_partly_known_and_leaves_out_what_is_done(explained):
    text = words(explained)
    assert "Due anyway: urgent: platelets; vaccines (partly known)" in text
    assert "repeat IgM" not in text.split("Would tell most")[0].split("Due anyway")[1]
    full = words(explained, full=True)
    assert "!! urgent: platelets. Soon. [judgement]" in full
    assert "repeat IgM (known). A dip. [X]" in full


def test_each_result_has_its_chance_and_the_probability_then(explained):
    text = words(explained)
    assert re.search(r"IgM again in 3 months 0\.14 █+ still low \(80%\): 22%; not low \(20%\): <1%", text)
    assert "B cells (CD19) 0.05" in text
    assert "splenomegaly" not in text
    assert "splenomegaly" in words(explained, full=True)


def test_a_rare_cause_says_why_it_is_there(explained):
    assert "present (<1%): 10%; absent (>99%): 20%; must not be missed: treatable" in words(explained)


def test_tipping_points_are_sentences(explained):
    text = words(explained)
    assert "primary reaches 50% at a prevalence of 3.1% among people tested in this setting" in text
    assert "an IgM of 9 mg/dL or lower would take primary above 50%, all else as it is" in text
    assert (
        "any one of these would take primary above 50%: pneumonia present, not absent (61%); IgE abnormal (<1%)" in text
    )
    assert "no prevalence would take primary to <1%" in text
    assert "no other IgM value would take primary below <1%" in text
    assert "no single finding, exposure or test would take primary below <1%; nearest: IgE abnormal (<1%)" in text
    explained["tipping"]["points"][0]["igm"] |= {"until_mg_dl": 4.0, "values_mg_dl": [9.0, 8.0]}
    text = words(explained)
    wanted = "an IgM of 9 mg/dL down to about 4 mg/dL, the other values in proportion, would take primary above 50%"
    assert wanted in text


def test_settings_are_the_others_in_short_and_all_in_full(explained):
    assert "primary, if asked elsewhere: community 9% (5 to 15)" in words(explained)
    assert "hospital (prevalence 0.2%): " in words(explained, full=True)


@pytest.mark.parametrize("width", [40, 50, 75, 76, 100, 110])
@pytest.mark.parametrize("full", [False, True])
def test_no_line_is_wider_than_the_page(explained, width, full):
    explained["model"]["evidence_sha256"] = explained["input_sha256"] = "short"
    lines = render(explained, width=width, full=full).splitlines()
    assert [line for line in lines if len(line) > width] == []


def test_an_ascii_page_is_ascii_here_too(explained):
    text = render(explained, width=100, ascii_only=True)
    assert "########" in text.split("Would tell most")[1]
    assert "█" not in text


def test_nothing_on_the_page_says_what_must_not_be_said(explained):
    assert forbidden(render(explained, width=1000, full=True).splitlines()) == []
