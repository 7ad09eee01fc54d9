"""What the checks say goes onto the card of a model: named priors, misses with their kind; a second run replaces it."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from sigm_bayes.checks.card import CARD, section, update_card, with_section
from sigm_bayes.checks.result import CheckResult
from sigm_bayes.errors import InputError
from sigm_bayes.paths import models_dir
from sigm_bayes.release.card import CHECKS_HEADING, NOT_CHECKED
from sigm_bayes.release.sigm import load_inputs

META = {"draws_sha256": "0123456789abcdef"}
BUILT = f"# Card\n\n{CHECKS_HEADING}\n\n{NOT_CHECKED}\n\n## Sampling\n\nFour chains.\n"


def left_out(*ids):
    items = [
        {"item_id": id, "inside": False, "subject": "asthma", "published": 47.2, "unit": "%", "median": 19.4,
         "low": 5.56, "high": 44.4} for id in ids
    ]  # fmt: skip
    return CheckResult("leave-one-study-out", True, {}, text="105 of 122.", details={"items": items})


def scaling(text="The most influential priors: (1) the prevalence."):
    return CheckResult("power-scaling", None, {}, text=text)


def test_the_section_replaces_what_stood_there_and_nothing_else(tmp_path):
    (tmp_path / CARD).write_text(BUILT, encoding="utf-8")
    assert update_card(tmp_path, [scaling(), left_out("G06-asthma", "NEW-item")], meta=META)
    card = (tmp_path / CARD).read_text(encoding="utf-8")
    assert "(1) the prevalence" in card
    assert "| `G06-asthma` | asthma | 47.2 % | 19.4 (5.56 to 44.4) | series of labelled patients |" in card
    assert "| `NEW-item` | asthma | 47.2 % | 19.4 (5.56 to 44.4) | not discussed yet |" in card
    assert "0123456789ab" in card
    assert NOT_CHECKED not in card
    assert card.endswith("## Sampling\n\nFour chains.\n")
    again = with_section(card, section([scaling("Second run.")], meta=META))
    assert "(1) the prevalence" not in again
    assert again.count(CHECKS_HEADING) == 1
    assert again.endswith("Four chains.\n")


def test_a_card_without_the_section_gets_it_at_its_end():
    assert with_section("# Card\n\nText.\n", section([scaling()], meta=META)).startswith("# Card\n\nText.\n\n## What")


def test_other_checks_write_nothing_and_a_missing_card_is_told(tmp_path):
    assert not update_card(tmp_path, [CheckResult("accuracy", True, {})], meta=META)
    with pytest.raises(InputError, match="no such file"):
        update_card(tmp_path, [scaling()], meta=META)


def test_misses_are_items_of_the_evidence_and_stand_under_one_kind():
    kinds = tomllib.loads(files("sigm_bayes.checks").joinpath("misses.toml").read_text(encoding="utf-8"))["kind"]
    items = [item for kind in kinds for item in kind["items"]]
    assert len(items) == len(set(items))
    known = {item.item_id for item in load_inputs(models_dir() / "sigm").evidence.items}
    assert set(items) <= known
