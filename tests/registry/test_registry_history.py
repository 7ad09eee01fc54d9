"""Courses of exposures, episodes, infections, labels, replacement: what rows say beyond present and absent."""

import datetime

import numpy as np
import pytest
from tests_registry_texts import HEAD, USUAL

DATED = USUAL + 'date = "date"\n'
COURSE = (
    DATED
    + """
[causes.clozapine]
column = "cloz"
asked = true
started = { column = "when", before_low_igm = ["vorher"] }
started_on = "first"
last_dose = "last"
igm_before = "before"
igm_recovered_after_stop = "recovered"
"""
)
HEADER = "id,centre,age,sex,igm,date,cloz,when,first,last,before,recovered\n"


def course(registry):
    """The only exposure with a course, in words."""
    e = {name: values.tolist() for name, values in registry.exposures.items()}
    assert len(e["person"]) == 1
    assert registry.cause_ids[e["cause"][0]] == "clozapine"
    words = {-1: None}
    return (
        (words | {0: "before", 1: "after"})[e["started"][0]],
        None if np.isnan(e["last_dose_low"][0]) else round(e["last_dose_low"][0], 3),
        (words | {0: "normal", 1: "low"})[e["igm_before"][0]],
        (words | {0: "no", 1: "yes"})[e["igm_recovered_after_stop"][0]],
    )


def one(read, cells, mapping=COURSE, *, date="2020-05-01", igm="25"):
    return read(f"{HEADER}a,X,40,f,{igm},{date},{cells}\n", mapping)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ("1,vorher,,2021-06-01,normal,yes", ("before", 2021.414, "normal", "yes")),
        ("1,after_low_igm,,,,", ("after", None, None, None)),
        ("1,,2020-04-30,,,", ("before", None, None, None)),
        ("1,,2020-05-02,,,", ("after", None, None, None)),
        ("1,,2019,,low,", ("before", None, "low", None)),
        ("1,unknown,,2021,,", (None, 2021.0, None, None)),
        ("1,vorher,2022-01-01,,,", ("before", None, None, None)),  # a word goes before a date
    ],
)
def test_the_course_of_an_exposure(read, cells, expected):
    assert course(one(read, cells)) == expected


@pytest.mark.parametrize("first", ["2020-05-01", "2020-05", "2020"])
def test_a_date_that_leaves_the_order_open_says_nothing(read, first):
    assert one(read, f"1,,{first},,,").exposures["person"].size == 0


def test_the_order_is_that_of_the_first_low_igm_not_of_the_first_igm(read):
    rows = "a,X,40,f,120,2015-05-01,1,,2018,,,\na,X,40,f,25,2020-05-01,1,,2018,,,\n"
    assert course(read(HEADER + rows, COURSE))[0] == "before"


def test_the_printed_reference_interval_says_what_is_low(read):
    mapping = COURSE.replace('date = "date"', 'date = "date"\nreference = "when"').replace(
        'started = { column = "when", before_low_igm = ["vorher"] }\n', ""
    )
    rows = "a,X,40,f,60,2015-05-01,1,40-230,2018,,,\na,X,40,f,35,2020-05-01,1,40-230,2018,,,\n"
    assert course(read(HEADER + rows, mapping))[0] == "before"
    assert course(read((HEADER + rows).replace("40-230", "70-230"), mapping))[0] == "after"


def test_a_course_without_a_state_makes_the_exposure_present(read, kinds):
    registry = one(read, ",,,2021,,")
    assert registry.causes[0, registry.cause_ids.index("clozapine")] == 1
    assert kinds(registry.people, "exposure_from_course", "when") == {1}


def test_an_absent_exposure_has_no_course(read, kinds):
    registry = one(read, "0,vorher,,,,")
    assert registry.exposures["person"].size == 0
    assert registry.causes[0, registry.cause_ids.index("clozapine")] == 0
    assert kinds(registry.people, "course_of_absent") == {1}


@pytest.mark.parametrize("cells", ["1,after,,2019-01-01,,", "1,after,,,normal,"])
def test_what_began_after_the_low_igm_cannot_have_ended_before_it(read, kinds, cells):
    registry = one(read, cells)
    assert kinds(registry.people, "course_contradicts") == {1}
    assert course(registry)[0] is None


def test_rows_of_one_person_are_brought_together(read, kinds):
    rows = "a,X,40,f,25,2020-05-01,1,vorher,,2021,normal,\na,X,41,f,26,2021-05-01,1,vorher,,2023-02,low,yes\n"
    registry = read(HEADER + rows, COURSE)
    assert course(registry) == ("before", 2023.085, None, "yes")
    assert kinds(registry.people, "course_differs") == {1, 2}


def test_an_exposure_of_infants_in_an_adult_is_left_out(read, kinds):
    mapping = USUAL + '[causes]\nmaternal_b_cell_depletion = { column = "m", last_dose = "d" }\n'
    registry = read("id,centre,age,sex,igm,m,d\na,X,40,f,25,1,2020\nb,X,0.8,f,25,1,2020\n", mapping)
    assert registry.causes[:, registry.cause_ids.index("maternal_b_cell_depletion")].tolist() == [-1, 1]
    assert registry.exposures["person"].tolist() == [1]
    assert kinds(registry.people, "cause_not_at_age") == {1}


# ---------------------------------------------------------------- dates in the future

TOMORROW = (datetime.date.today() + datetime.timedelta(days=1)).isoformat()
TODAY = datetime.date.today().isoformat()


def test_a_sample_of_tomorrow_is_left_out_and_one_of_today_is_not(read, kinds):
    table = f"id,centre,age,sex,igm,date\na,X,34,f,25,{TOMORROW}\nb,X,34,f,25,{TODAY}\n"
    registry = read(table, DATED)
    assert kinds(registry.people, "sample_in_future") == {1}
    assert registry.person_id.tolist() == ["b"]
    assert read(table, DATED + '[file]\ndata_until = "2099-01-01"\n').size == 2


def test_the_day_of_the_export_settles_what_lies_in_the_future(read, kinds):
    mapping = DATED + '[file]\ndata_until = "2020-06-30"\n'
    registry = read("id,centre,age,sex,igm,date\na,X,34,f,25,2020-06-30\nb,X,34,f,25,2020-07-01\n", mapping)
    assert kinds(registry.people, "sample_in_future") == {2}


@pytest.mark.parametrize(
    "line", ['birth_date = "d"', 'label = "label"\nlabel_date = "d"', 'immunoglobulin_started = "d"']
)
def test_other_dates_in_the_future_are_not_used(read, kinds, line):
    mapping = DATED.replace("[results.igm]", f"{line}\n[results.igm]")
    registry = read(f"id,centre,age,sex,igm,date,label,d\na,X,34,f,25,2020,primary,{TOMORROW}\n", mapping)
    assert kinds(registry.people, "date_in_future", "d") == {1}
    assert registry.size == 1
    assert np.isnan(registry.label_date[0])
    assert np.isnan(registry.immunoglobulin_started_low[0])


# ---------------------------------------------------------------- invasive infections

INVASIVE = (
    USUAL
    + """
[findings]
invasive_infection = { column = "any", asked = true }
meningitis = { column = "men", asked = true }
gram_negative_sepsis = { column = "gram", asked = true }
sepsis = { column = "sep", asked = true }
[invasive]
site = { column = "site", bloodstream = ["blood"] }
organism = "org"
severity = "sev"
number = { column = "num", one = [1], two_or_more = [2, 3] }
"""
)
EPISODES = "id,centre,age,sex,igm,any,men,gram,sep,site,org,sev,num\n"


def episodes(registry):
    e = registry.episodes
    return [
        (
            [site for site, there in zip(registry.sites, e["sites"][i], strict=True) if there],
            None if e["organism"][i] < 0 else registry.organisms[e["organism"][i]],
            None if e["severity"][i] < 0 else registry.severities[e["severity"][i]],
            None if e["number"][i] < 0 else registry.numbers[e["number"][i]],
        )
        for i in range(e["person"].size)
    ]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (",,,,Meningitis; blood,encapsulated,life_threatening,2", (["meningitis", "bloodstream"], "encapsulated",
                                                                   "life_threatening", "two_or_more")),
        ("1,1,,,,,standard,1", (["meningitis"], None, "standard", "one")),  # what it was is in the flat column
        ("1,,1,,,,standard,", (["bloodstream"], "gram_negative", "standard", None)),
        (",,,,unknown,other,,", ([], "other", None, None)),
    ],
)  # fmt: skip
def test_a_row_describes_an_episode(read, cells, expected):
    registry = read(f"{EPISODES}a,X,34,f,25,{cells}\n", INVASIVE)
    assert episodes(registry) == [expected]
    assert registry.findings[0, registry.finding_ids.index("invasive_infection")] == 1


def test_rows_without_a_description_have_no_episode(read, kinds):
    registry = read(f"{EPISODES}a,X,34,f,25,1,1,,,,,,\nb,X,34,f,25,,,,,brain,,,\n", INVASIVE)
    assert episodes(registry) == []
    assert kinds(registry.people, "word_unknown", "site") == {2}


@pytest.mark.parametrize(
    ("cells", "finding", "state"),
    [
        ("0,,,,lung,,,", "invasive_infection", 1),
        ("0,1,,,,,,", "invasive_infection", 1),
        (",0,,,meningitis,,,", "meningitis", 1),
        (",,1,0,,,,", "sepsis", 1),
    ],
)
def test_present_counts_before_absent(read, kinds, cells, finding, state):
    registry = read(f"{EPISODES}a,X,34,f,25,{cells}\n", INVASIVE)
    assert registry.findings[0, registry.finding_ids.index(finding)] == state
    assert kinds(registry.people, "infection_contradicts") == {1}


# ---------------------------------------------------------------- no infection, unions

NONE = (
    USUAL.replace("[results.igm]", 'no_significant_infection = { column = "none", asked = true }\n[results.igm]')
    + """
[findings]
pneumonia = { column = "p", asked = true }
asthma = { column = "as", asked = true }
[unions]
any_lung = { column = "u", asked = true, of = ["pneumonia", "bronchitis"] }
any_two = { column = "v", asked = true, of = ["pneumonia", "bronchitis", "sinusitis"] }
"""
)


def unions_and_findings(read, cells):
    registry = read(f"id,centre,age,sex,igm,none,p,as,u,v\na,X,34,f,25,{cells}\n", NONE)
    at = registry.finding_ids.index
    return registry, (
        registry.no_significant_infection[0],
        registry.findings[0, at("pneumonia")],
        registry.findings[0, at("sinusitis")],
        registry.findings[0, at("asthma")],
        *registry.unions[0],
    )


@pytest.mark.parametrize(
    ("cells", "expected", "contradicts"),
    [
        ("1,,,,", (1, 0, 0, -1, -1, -1), False),
        ("1,1,,,", (-1, 1, -1, -1, -1, -1), True),
        ("0,,1,,", (0, -1, -1, 1, -1, -1), False),
        ("1,,,1,", (1, 0, 0, -1, -1, -1), True),
        (",1,,0,0", (-1, 1, -1, -1, -1, -1), True),
        (",,,1,0", (-1, -1, -1, -1, 1, -1), True),
        (",,,0,1", (-1, -1, -1, -1, 0, 1), False),
        (",0,,,", (-1, 0, -1, -1, -1, -1), False),
    ],
)
def test_questions_over_several_infections(read, kinds, cells, expected, contradicts):
    registry, found = unions_and_findings(read, cells)
    assert found == expected
    assert kinds(registry.people, "infection_contradicts") == ({1} if contradicts else set())


# ---------------------------------------------------------------- labels

LABELS = (
    HEAD
    + """
[person]
person_id = "id"
age_years = "age"
label = { column = "l1", primary = ["SIgMD"] }
label_date = "d1"
more_labels = [{ column = "l2", date = "d2" }, { column = "l3" }]
[results.igm]
column = "igm"
unit = "mg/dL"
"""
)


@pytest.mark.parametrize(
    ("cells", "label", "first", "changed", "kind"),
    [
        ("SIgMD,2019,secondary,2021,", "secondary", "primary", True, "label_changed"),
        ("SIgMD,2022,secondary,2021,", "primary", "secondary", True, "label_changed"),
        ("SIgMD,2019,SIgMD,2021,", "primary", "primary", False, None),
        (",,secondary,2021,", "secondary", "secondary", False, None),
        ("SIgMD,2019,,,normal", None, None, False, "label_date_missing"),
        (",,,,", None, None, False, None),
    ],
)
def test_labels_of_one_row(read, kinds, cells, label, first, changed, kind):
    registry = read(f"id,age,igm,l1,d1,l2,d2,l3\na,40,25,{cells}\n", LABELS)
    words = (*registry.labels, None)
    assert (words[registry.label[0]], words[registry.first_label[0]]) == (label, first)
    assert registry.label_changed[0] == changed
    for which in ("label_changed", "label_date_missing"):
        assert kinds(registry.people, which) == ({1} if which == kind else set())


# ---------------------------------------------------------------- immunoglobulin replacement

REPLACED = (
    USUAL.replace(
        "[results.igm]",
        'on_immunoglobulin = { column = "on", asked = true }\nimmunoglobulin_started = "from"\n'
        'immunoglobulin_stopped = "to"\nigg_status = "status"\n[results.igm]',
    )
    + 'date = "date"\n[results.igg]\ncolumn = "igg"\nunit = "mg/dL"\n'
)


@pytest.mark.parametrize(
    ("cells", "date", "usable"),
    [
        ("1,,", "2020-05-01", False),
        ("1,2021,", "2020-05-01", True),
        (",2021,", "2020-05-01", True),
        (",2019,", "2020-05-01", False),
        ("1,2020,", "2020-05-01", False),  # perhaps before, perhaps not
        ("1,2021,", "", False),
        ("1,2018,2019-10-01", "2020-05-01", True),
        ("1,2018,2019-12-01", "2020-05-01", False),  # not yet washed out
        ("0,2018,", "2020-05-01", True),
        ("0,,", "2020-05-01", True),
    ],
)
def test_igg_is_the_persons_own_before_replacement_and_after_it_has_gone(read, kinds, cells, date, usable):
    registry = read(f"id,centre,age,sex,igm,igg,date,on,from,to,status\na,X,34,f,25,900,{date},{cells},\n", REPLACED)
    assert (registry.samples["analyte"] == 1).sum() == usable
    assert kinds(registry.people, "igg_on_replacement") == (set() if usable else {1})


def test_dates_of_replacement_are_kept(read):
    header = "id,centre,age,sex,igm,igg,date,on,from,to,status\n"
    registry = read(f"{header}a,X,34,f,25,,2020,1,2018-03,2019,\na,X,35,f,26,,2021,1,2017,,\n", REPLACED)
    assert registry.immunoglobulin_started_low.tolist() == [2017.0]
    assert registry.immunoglobulin_stopped_high.tolist() == [2020.0]


@pytest.mark.parametrize(
    ("cells", "status", "kind"),
    [
        (",,0,,,low", 1, None),
        ("900,2020,0,,,low", -1, "status_beside_result"),
        (",,1,,,low", -1, "igg_on_replacement"),
        (",,0,,,?", -1, None),
        (",,0,,,odd", -1, "word_unknown"),
    ],
)
def test_words_for_igg(read, kinds, cells, status, kind):
    registry = read(f"id,centre,age,sex,igm,igg,date,on,from,to,status\na,X,34,f,25,{cells}\n", REPLACED)
    assert registry.igg_status.tolist() == [status]
    for which in ("status_beside_result", "igg_on_replacement", "word_unknown"):
        assert kinds(registry.people, which) == ({1} if which == kind else set())
