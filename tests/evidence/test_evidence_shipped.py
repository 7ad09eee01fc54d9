"""The evidence that ships: complete, each number used at most once, nothing from memory."""

from __future__ import annotations

import csv
import math
import tomllib

import pytest

from sigm_bayes.catalogue import default_catalogue
from sigm_bayes.errors import EvidenceError
from sigm_bayes.evidence import TERMS, load_evidence
from sigm_bayes.paths import data_dir

FOLDER = data_dir() / "evidence"


def rows(name):
    with (FOLDER / name).open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def test_every_item_has_exactly_one_reading():
    facts = [row["item_id"] for row in rows("items.csv")]
    readings = [row["item_id"] for row in rows("terms.csv")]
    assert len(facts) == len(set(facts)) >= 260
    assert sorted(facts) == sorted(readings)


def test_enough_is_fitted(evidence):
    counts = evidence.counts()
    assert counts["fitted"] >= 120
    assert sum(counts.values()) == len(evidence.items)
    assert len(evidence.fitted) == counts["fitted"] + counts["bound"]


def test_facts_survive_the_merge(evidence):
    for fact in rows("items.csv"):
        item = evidence.item(fact["item_id"])
        for column in ("kind", "target", "unit", "flag", "spread", "k_source", "study_id"):
            assert getattr(item, column) == fact[column]
        for column in ("k", "n", "value", "low", "high"):
            assert getattr(item, column) == (float(fact[column]) if fact[column] else None)


def test_no_recalled_number_is_used(evidence):
    recalled = {item.item_id for item in evidence.items if item.flag == "recalled"}
    assert recalled == {"VAR-cvi", "VAR-cvg", "RAVELAB-cyc"}
    assert not recalled & {item.item_id for item in evidence.fitted}


def test_no_alternative_is_used(evidence):
    assert not [item.item_id for item in evidence.fitted if item.kind.endswith("_alternative")]


def test_context_says_why_and_bounds_have_a_side(evidence):
    for item in evidence.items:
        if item.role == "context":
            assert len(item.note) > 10, item.item_id
        assert (item.bound in ("upper", "lower")) == (item.role == "bound"), item.item_id


def test_every_bound_says_why(evidence):
    assert not [item.item_id for item in evidence.items if item.role == "bound" and len(item.note) < 10]


@pytest.mark.parametrize(
    ("item_id", "bound"),
    [
        ("ROB15-low", "upper"),  # at any time
        ("CLLIT17-low", "lower"),  # low IgM or IgA beside normal IgG
        ("PNEU15C-lt2", "lower"),  # admissions are a part of the finding
        ("PNEU15A-all", "lower"),
        ("CAPNO18-any", "upper"),  # any class or subclass
        ("MM18-low", "upper"),  # any uninvolved class
        ("ALBIOS-normal", "upper"),
        ("G06-prevalence", "lower"),
        ("CLOZUK20-level", "lower"),  # referred for antibody deficiency
    ],
)
def test_notes_became_bounds(evidence, item_id, bound):
    assert evidence.item(item_id).bound == bound


@pytest.mark.parametrize(
    ("item_id", "stat"),
    [
        ("CLOZ15-low", "isolated"),
        ("CLOZ15-control", "isolated"),
        ("RCHEMO07-low", "isolated"),
        ("AED23-base", "any_class"),
        ("AED23-odds", "any_class"),
        ("STERGCA16-notg", "igm_or_iga"),
        ("G08-meningitis", "site_meningitis"),
        ("MENI11-any", "site_meningitis_rate"),
    ],
)
def test_what_the_model_can_state_is_two_sided(evidence, item_id, stat):
    item = evidence.item(item_id)
    assert (item.role, item.bound, item.stat) == ("fitted", "", stat)


def test_serious_infection_is_read_the_same_everywhere(evidence):
    """Pneumonia or invasive infection; one-sided only where the number is of events or the follow-up is not printed."""
    kind = "serious_infection"
    items = [i for i in evidence.fitted if i.target.startswith(kind) and i.term == "infection_given_exposure"]
    assert len(items) == 8
    assert {i.findings for i in items} == {("pneumonia", "invasive_infection")}
    one_sided = {i.item_id for i in items if i.role == "bound"}
    assert one_sided == {i.item_id for i in items if "events, not people" in i.note or "follow-up not" in i.note}


def test_a_union_names_each_cause_once(evidence, catalogue):
    unions = {item.item_id: item.causes for item in evidence.fitted if len(item.causes) > 1}
    assert {"IMMS21-any", "AIH23-any", "CAK-autoimmune", "CAK-malignancy"} <= set(unions)
    assert all(catalogue.has("cause", cause) for causes in unions.values() for cause in causes)
    assert all(len(set(causes)) == len(causes) for causes in unions.values())
    assert evidence.item("CLOZ15-control").causes == ()


def test_a_number_is_used_once(evidence):
    """What the reference curves are fitted to, and the halves of a ratio, are not fitted again."""
    settings = tomllib.loads((data_dir() / "reference" / "settings.toml").read_text(encoding="utf-8"))
    used = {item.item_id for item in evidence.fitted}
    assert {entry["item_id"] for entry in settings["published"]} <= {i.item_id for i in evidence.items}
    assert not used & {entry["item_id"] for entry in settings["published"]}
    assert not used & {f"{s}-si-{h}" for s in ("OCRIG20", "UBLAAN25") for h in ("low", "normal")}


def test_one_partition_gives_two_bounds(evidence):
    """63 abnormal + 6 all normal + 192 unclassified = 261: at least 6/69 and at most 198/261 all normal."""
    low, high = evidence.item("JA18-lit-esid"), evidence.item("JA18-unpad")
    assert (low.bound, high.bound) == ("lower", "upper")
    assert low.proportion == pytest.approx(6 / 69)
    assert high.proportion == pytest.approx(198 / 261)
    assert high.k_effective == pytest.approx(198)


def test_used_items_have_an_observation(evidence):
    for item in evidence.items:
        assert (item.observed is not None) == item.used, item.item_id
        if item.observed is not None:
            assert item.term in TERMS
            assert math.isfinite(item.observed.value)
            assert 0 < item.observed.se < (20 if item.observed.scale == "mg_dl" else 2)
            assert item.age_years is not None
            assert item.male_share is not None


def test_low_items_have_a_threshold_and_say_what_low_is(evidence):
    low = [item for item in evidence.fitted if "threshold_mg_dl" in TERMS[item.term].needs]
    assert len(low) > 40
    for item in low:
        assert 20 <= item.threshold_mg_dl <= 230, item.item_id
        assert item.low_text, item.item_id


def test_labelled_terms_know_their_people(evidence):
    labelled = [item for item in evidence.fitted if item.labelled_id]
    assert len(labelled) >= 35
    for item in labelled:
        assert evidence.labelled(item).study_id == item.study_id
    assert evidence.labelled(evidence.item("CAK-other-pid")).other_excluded is False
    assert evidence.labelled(evidence.item("CAK-urti")).other_excluded is True
    assert {row.labelled_id for row in evidence.labelled_studies} == {item.labelled_id for item in labelled}
    with pytest.raises(EvidenceError, match="SURV21-low"):
        evidence.labelled(evidence.item("SURV21-low"))


def test_windows_of_rates_are_those_of_the_catalogue(evidence):
    catalogue = default_catalogue()
    rates = [item for item in evidence.of_term("finding_background") if item.observed.scale == "ln_rate"]
    assert len(rates) == 6
    for item in rates:
        finding = catalogue.findings[catalogue.finding_index(item.findings[0])]
        assert item.window_years == finding.window_years


def test_overlap_groups_hold_every_used_item_once(evidence):
    groups = evidence.overlap_groups()
    assert sorted(i for ids in groups.values() for i in ids) == sorted(i.item_id for i in evidence.fitted)
    assert {"OCRIG20-low", "OCRHAU21-si"} <= set(groups["ocrelizumab_trials"])
    assert "JA18-solitary" not in groups["literature_review"]  # own laboratory: no shared patient


@pytest.mark.parametrize(
    ("name", "gone"),
    [
        ("SURV21-low", {"SURV21-low"}),
        ("SURV21", {"SURV21-low", "SURV21-high"}),
        ("rave", {"RAVELAB-rtx", "RAVELAB-cyc", "RAVELAB-si-rtx", "RAVELAB-si-cyc"}),
    ],
)
def test_exclude_by_item_study_and_group(evidence, name, gone):
    fewer = load_evidence(exclude=[name])
    assert fewer.excluded == gone
    assert {i.item_id for i in evidence.fitted} - {i.item_id for i in fewer.fitted} == {
        i for i in gone if evidence.item(i).used
    }
    assert len(fewer.items) == len(evidence.items)
    assert fewer.counts()["excluded"] == len(gone)
    assert fewer.sha256 != evidence.sha256


def test_exclude_reports_all_unknown_names_with_the_nearest():
    with pytest.raises(EvidenceError) as caught:
        load_evidence(exclude=["SURV21-lo", "G08", "nothing like it"])
    assert [problem.value for problem in caught.value.problems] == ["SURV21-lo", "nothing like it"]
    assert "Did you mean SURV21-low?" in str(caught.value)


def test_exclude_takes_one_name_too():
    assert load_evidence(exclude="SURV21").excluded == {"SURV21-low", "SURV21-high"}


def test_asking_for_the_wrong_scale_is_an_error(evidence):
    with pytest.raises(EvidenceError, match=r"G06-igm-mean.*scale mg_dl"):
        _ = evidence.item("G06-igm-mean").proportion
    with pytest.raises(EvidenceError, match=r"VAR-cvi.*not used"):
        _ = evidence.item("VAR-cvi").se_logit
    with pytest.raises(EvidenceError, match="Did you mean"):
        evidence.item("SURV21-lwo")
