"""Registries: selection, printing, units, gaps and labels; the shipped one; the command."""

from __future__ import annotations

import contextlib
import copy
import tomllib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigm_bayes.errors import InputError
from sigm_bayes.likelihood.hypotheses import CLASSES
from sigm_bayes.patient import parse_patient
from sigm_bayes.simulate import load_options, simulate_registry
from sigm_bayes.simulate import registry as registry_
from sigm_bayes.simulate.options import check_options, default_options_path
from sigm_bayes.simulate.printing import below, round_and_print
from sigm_bayes.simulate.registry import NO_LABEL, confusion_matrix
from sigm_bayes.simulate.tables import registry_table, samples_table, truth_table


@pytest.fixture(scope="session")
def options(catalogue):
    return load_options(catalogue=catalogue)


@pytest.fixture(scope="session")
def build(encoder, truth, options):
    """build(**changes): a registry of 400 people in 8 centres."""

    def run(**changes):
        asked = {"n": 400, "centres": 8, "seed": 7, "parameters": truth, "options": options, **changes}
        return simulate_registry(catalogue=encoder.catalogue, priors=encoder.priors, curves=encoder.curves, **asked)

    return run


@pytest.fixture(scope="session")
def enrolled(build):
    return build()


@pytest.fixture(scope="session")
def everyone(build):
    return build(n=8000, ascertainment="all_tested")


# ---------------------------------------------------------------- selection


def test_all_enrolled_people_are_printed_below_the_cut_off(enrolled):
    for centre, part in zip(enrolled.centres, enrolled.records, strict=True):
        for text, unit in zip(part.igm[0].text, part.igm[0].unit, strict=True):
            number = float(text.lstrip("<")) * (100.0 if unit == "g/L" else 1.0)
            limit = centre.cut_off_igm_mg_dl
            assert number <= limit * (1 + 1e-12) if text.startswith("<") else number < limit * (1 - 1e-12)
    assert sum(enrolled.tested) > 3 * len(enrolled)


def test_without_selection_most_people_are_above_it(everyone):
    low = [below(p.igm[0], c.cut_off_igm_mg_dl).mean() for c, p in zip(everyone.centres, everyone.records, strict=True)]
    assert max(low) < 0.6
    assert everyone.tested == [len(part.people) for part in everyone.records]


def test_labelled_primary_are_low_and_labelled(build):
    for part in build(n=80, ascertainment="labelled_primary").records:
        assert (part.label == CLASSES.index("primary")).all()


def test_selection_does_not_change_who_is_found(build, everyone):
    """The enrolled are distributed as the low ones among all who were tested."""
    enrolled = build(n=3000)
    for centre, part, tested in zip(enrolled.centres, enrolled.records, everyone.records, strict=True):
        low = below(tested.igm[0], centre.cut_off_igm_mg_dl)
        expected = np.log(tested.people.igm[low, 0])
        found = np.log(part.people.igm[:, 0])
        error = np.hypot(expected.std() / np.sqrt(len(expected)), found.std() / np.sqrt(len(found)))
        assert abs(expected.mean() - found.mean()) < 4.0 * error


def test_a_selection_that_hardly_happens_is_an_error(build, options, monkeypatch):
    monkeypatch.setattr(registry_, "MOST_TESTED", 4000)
    never = copy.deepcopy(options)
    never.laboratory["cut_off_igm_mg_dl"][:] = [1.0] * 8
    with pytest.raises(InputError, match="only 0 of"):
        build(options=never)


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"ascertainment": "low"}, "ascertainment"), ({"centres": 0}, "centres"), ({"centres": 401}, "centres")],
)
def test_bad_arguments_are_named(build, changes, field):
    with pytest.raises(InputError) as caught:
        build(**changes)
    assert caught.value.problems[0].field == field


@pytest.mark.parametrize(("n", "centres"), [(1, 1), (9, 8), (400, 8), (401, 13)])
def test_every_person_has_a_centre_and_every_centre_a_person(build, n, centres):
    sizes = [len(part.people) for part in build(n=n, centres=centres, ascertainment="all_tested").records]
    assert sum(sizes) == n
    assert min(sizes) >= 1


def test_the_same_seed_gives_the_same_registry(build, enrolled, catalogue):
    again, other = build(), build(seed=8)
    assert registry_table(again, catalogue=catalogue) == registry_table(enrolled, catalogue=catalogue)
    assert samples_table(again, catalogue=catalogue) == samples_table(enrolled, catalogue=catalogue)
    assert truth_table(other, catalogue=catalogue) != truth_table(enrolled, catalogue=catalogue)


# ---------------------------------------------------------------- printing and units


def test_a_printed_result_reads_back_as_an_interval_that_holds_the_measured_level(everyone, enrolled, catalogue):
    """Through `sigm_bayes.patient`: rounding, `<`, and both units, for all three analytes."""
    checked = set()
    both = [*everyone.centres, *enrolled.centres], [*everyone.records, *enrolled.records]
    for centre, part in zip(*both, strict=True):
        levels = {"igm": part.people.igm[:, 0], "igg": part.people.igg, "iga": part.people.iga}
        printed = {"igm": part.igm[0], "igg": part.igg, "iga": part.iga}
        for i in range(min(60, len(part.people))):
            file = {"age_years": 40}
            for name, result in printed.items():
                if result.text[i]:
                    file[name] = [{"value": result.text[i], "unit": result.unit[i]}]
            patient = parse_patient(file, catalogue=catalogue)
            for name, analyte in (("igm", "IgM"), ("igg", "IgG"), ("iga", "IgA")):
                for sample in getattr(patient, name):
                    level = levels[name][i] * np.exp(centre.assay_offset[analyte])
                    assert sample.low_mg_dl * (1 - 1e-9) <= level <= sample.high_mg_dl * (1 + 1e-9)
                    checked.add((analyte, sample.comparator, printed[name].unit[i]))
    assert {("IgM", "=", "mg/dL"), ("IgM", "=", "g/L"), ("IgG", "=", "g/L"), ("IgM", "<", "g/L")} <= checked


@pytest.mark.parametrize(
    ("level", "unit", "resolution", "text", "value"),
    [
        (27.4, "mg/dL", 1.0, "27", 27.0),
        (27.4, "g/L", 1.0, "0.27", 27.0),
        (27.4, "g/L", 10.0, "0.3", 30.0),
        (27.4, "mg/dL", 10.0, "27", 27.0),
        (30.04, "mg/dL", 0.1, "30.0", 30.0),
        (812.0, "g/L", 10.0, "8.1", 810.0),
        (812.0, "g/L", 100.0, "8", 800.0),
        (19.9, "mg/dL", 1.0, "<20", 20.0),
        (19.9, "g/L", 1.0, "<0.2", 20.0),
        (np.nan, "g/L", 1.0, "", np.nan),
    ],
)
def test_printing(level, unit, resolution, text, value):
    printed = round_and_print(np.array([level]), unit=[unit], resolution_mg_dl=resolution, quantified_from_mg_dl=20.0)
    assert printed.text == [text]
    np.testing.assert_allclose(printed.value_mg_dl, [value])
    assert printed.censored.tolist() == [text.startswith("<")]
    assert printed.unit == [unit if text else ""]


def test_a_limit_above_the_cut_off_does_not_count_as_below_it():
    printed = round_and_print(
        np.array([10.0, 25.0, 39.0]), unit=["g/L"] * 3, resolution_mg_dl=1.0, quantified_from_mg_dl=30.0
    )
    assert below(printed, 30.0).tolist() == [True, True, False]
    assert below(printed, 29.0).tolist() == [False, False, False]
    assert below(printed, 39.0).tolist() == [True, True, False]


def test_mixed_units_are_as_frequent_as_asked(everyone):
    for centre, part in zip(everyone.centres, everyone.records, strict=True):
        share = np.mean([unit != centre.unit for unit in part.igm[0].unit])
        error = np.sqrt(centre.other_unit_share * (1 - centre.other_unit_share) / len(part.people))
        assert abs(share - centre.other_unit_share) <= 4.5 * error


# ---------------------------------------------------------------- records and labels


def test_blank_cells_are_as_frequent_as_asked_and_the_others_true(everyone, catalogue, options):
    boxes = [catalogue.finding_index(id) for id in options.records["tick_boxes"]]
    plain = [k for k in range(len(catalogue.findings)) if k not in boxes]
    for centre, part in zip(everyone.centres, everyone.records, strict=True):
        truth, told = part.people.findings, part.findings
        filled = told[:, plain] >= 0
        np.testing.assert_array_equal(told[:, plain][filled], truth[:, plain][filled])
        assert filled.mean() == pytest.approx(centre.finding_recorded, abs=0.02)
        assert (told[:, boxes] >= 0).all()
        assert not (told[:, boxes] == 1)[~truth[:, boxes]].any()
        causes = part.causes >= 0
        np.testing.assert_array_equal(part.causes[causes], part.people.exposures[causes])
        assert causes.mean() == pytest.approx(centre.cause_recorded, abs=0.02)


def test_an_empty_box_is_no_answer(build, catalogue, options, truth):
    common = {**truth, "finding_base": truth["finding_base"] + 30.0}
    part = build(n=2000, centres=1, parameters=common, ascertainment="all_tested").records[0]
    box = catalogue.finding_index(options.records["tick_boxes"][0])
    had = part.people.findings[:, box]
    assert had.all()
    assert part.findings[had, box].mean() == pytest.approx(options.records["ticked"], abs=0.05)


def test_labels_are_wrong_as_often_as_asked(build, frequent, options):
    """Against the confusion matrix, by true class."""
    exact = confusion_matrix(options.labels)
    np.testing.assert_allclose(exact.sum(axis=1), 1.0)
    np.testing.assert_allclose(np.diag(exact), 1.0 - options.labels["wrong"])
    part = build(n=20_000, centres=1, parameters=frequent, ascertainment="all_tested").records[0]
    labelled = part.label != NO_LABEL
    assert labelled.mean() == pytest.approx(1.0 - options.labels["blank"], abs=0.015)
    assert (np.isnat(part.label_day) == ~labelled).all()
    assert (part.label_day[labelled] > part.day[labelled, 0]).all()
    for c in range(4):
        of = labelled & (part.people.class_index == c)
        share = np.bincount(part.label[of], minlength=4) / of.sum()
        error = np.sqrt(np.maximum(exact[c] * (1 - exact[c]), 1e-4) / of.sum())
        assert (np.abs(share - exact[c]) < 4.5 * error).all()


def test_invasive_columns_describe_one_episode(everyone, catalogue):
    table = registry_table(everyone, catalogue=catalogue)
    any_flag = [flag.id for flag in catalogue.invasive.flags]
    kinds = set()
    for i, told in enumerate(table["invasive_infection"]):
        cells = {table[id][i] for id in any_flag}
        kinds |= {(told, cell) for cell in cells}
        assert table["meningitis"][i] != "1" or table["sepsis"][i] != "1"
    assert kinds == {("", ""), ("0", "0"), ("1", "0"), ("1", "1")}


def test_dates_contexts_and_repeats(everyone, catalogue):
    table = samples_table(everyone, catalogue=catalogue)
    assert set(table["analyte"]) == {"IgM", "IgG", "IgA"}
    igm = [p for p, a in zip(table["person_id"], table["analyte"], strict=True) if a == "IgM"]
    _, count = np.unique(igm, return_counts=True)
    assert set(count) == {1, 2, 3}
    assert np.mean(count > 1) == pytest.approx(0.35, abs=0.02)
    for part in everyone.records:
        days = part.day
        later = ~np.isnat(days[:, 1])
        assert (days[later, 1] > days[later, 0]).all()
        pregnant = part.people.context == catalogue.context_index("pregnant")
        assert (part.people.male[pregnant.any(axis=1)] == 0).all()


def test_centres_differ_as_they_say(everyone):
    """The assay offset is between the true and the printed level."""
    for centre, part in zip(everyone.centres, everyone.records, strict=True):
        kept = ~part.igg.censored & ~np.isnan(part.igg.value_mg_dl)
        ratio = np.log(part.igg.value_mg_dl[kept] / part.people.igg[kept])
        assert ratio.mean() == pytest.approx(centre.assay_offset["IgG"], abs=0.003)


def test_a_centre_shifts_only_its_own_setting(everyone, truth, catalogue):
    before = {name: value.copy() for name, value in truth.items()}
    centre = everyone.centres[0]
    at = catalogue.setting_index(centre.setting)
    here = centre.parameters(truth, catalogue=catalogue)
    offsets = {
        "logit_primary": centre.prevalence_offset,
        "logit_other": centre.prevalence_offset,
    }
    assert here.pop("proneness_mean") == centre.background_offset
    for name, value in here.items():
        expected = before[name].copy()
        if name in offsets:
            expected[at] += offsets[name]
        np.testing.assert_array_equal(value, expected)
        np.testing.assert_array_equal(truth[name], before[name])


# ---------------------------------------------------------------- options


def test_every_problem_of_the_options_is_in_one_error(catalogue, tmp_path):
    raw = default_options_path().read_text(encoding="utf-8")
    for old, new in (
        ('settings = ["allergy_immunology_clinic"', 'settings = ["alergy_immunology_clinic"'),
        ("blank = 0.15", "blank = 1.5"),
        ("size_sd = 0.4", "size_dd = 0.4"),
        ("IgM = [1, 1, 1, 10", "IgM = [1, 1, 1, 5"),
    ):
        assert old in raw
        raw = raw.replace(old, new)
    path = tmp_path / "options.toml"
    path.write_text(raw, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_options(path, catalogue=catalogue)
    fields = {problem.field for problem in caught.value.problems}
    assert {"case_mix.size_dd", "case_mix.size_sd"} <= fields  # the layout first
    path.write_text(raw.replace("size_dd", "size_sd"), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_options(path, catalogue=catalogue)
    fields = {problem.field for problem in caught.value.problems}
    assert {"case_mix.settings", "labels.blank", "laboratory.resolution_mg_dl.IgM"} <= fields


JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 200), st.floats(), st.text(max_size=5),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2), st.lists(st.text(max_size=3), max_size=2),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_hostile_options_are_refused_or_read(catalogue, data):
    raw = tomllib.loads(default_options_path().read_text(encoding="utf-8"))
    at = raw[data.draw(st.sampled_from(sorted(raw)))]
    name = data.draw(st.sampled_from(sorted(at)))
    if isinstance(at[name], dict) and data.draw(st.booleans()):
        at = at[name]
        name = data.draw(st.sampled_from(sorted(at)))
    at[name] = data.draw(JUNK)
    with contextlib.suppress(InputError):
        assert check_options(raw, catalogue=catalogue).labels == raw["labels"]
