"""What OMOP records mean: concepts, windows, episodes, courses, tests, labels; what is used and what is not."""

from __future__ import annotations

import datetime

import omop_database as db
import pytest

from sigm_bayes.errors import InputError
from sigm_bayes.registry.low_igm import first_low_igm
from sigm_bayes.registry.omop import OmopOptions, load_omop_options, read_omop
from sigm_bayes.registry.omop.first_low import first_low_days
from sigm_bayes.registry.recurrence import count_episodes, enough_episodes


@pytest.fixture
def read(tmp_path, catalogue):
    """read(options=..., condition_occurrence=[...], ...): the registry of one woman with IgM 25 mg/dL in June 2020."""

    def make(options=None, **content):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        return read_omop(db.write(folder, db.tables(**content)), catalogue=catalogue, options=options)

    return make


def state(registry, id):
    if id in registry.cause_ids:
        return int(registry.causes[0, registry.cause_ids.index(id)])
    return int(registry.findings[0, registry.finding_ids.index(id)])


def tally(registry, name):
    found = next(tally for tally in registry.sources if tally.name == name)
    assert found.balanced
    return found


def course(registry, id):
    where = registry.exposures["cause"] == registry.cause_ids.index(id)
    return {name: values[where].tolist() for name, values in registry.exposures.items()}


def test_a_woman_with_one_igm(read):
    registry = read()
    assert registry.size == 1
    assert registry.samples["value"].tolist() == [25]
    assert registry.sex.tolist() == [0]
    assert registry.age_years[0] == pytest.approx(35.25, abs=0.1)  # born in March 1985
    assert (registry.findings == -1).all()
    assert (registry.causes == -1).all()


def test_no_record_is_unknown_unless_the_options_say_asked(read):
    registry = read(OmopOptions(asked=("pneumonia", "clozapine")))
    assert (state(registry, "pneumonia"), state(registry, "clozapine"), state(registry, "asthma")) == (0, 0, -1)
    registry = read(OmopOptions(asked=("pneumonia",)), condition_occurrence=[db.condition("255848", "2019-01-01")])
    assert state(registry, "pneumonia") == 1


@pytest.mark.parametrize(
    ("days", "expected", "reason"),
    [
        (["2020-06-15"], 1, None),
        (["2015-07-01"], 1, None),  # five years
        (["2015-06-01"], -1, "before the window of the finding"),
        (["2020-06-16"], -1, "after the first low IgM"),
    ],
)
def test_pneumonia_counts_in_its_window(read, days, expected, reason):
    registry = read(condition_occurrence=[db.condition("255848", day) for day in days])
    assert state(registry, "pneumonia") == expected
    assert dict(tally(registry, "condition_occurrence").ignored) == ({} if reason is None else {reason: 1})


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (["2020-06-01", "2020-04-01"], 1),
        (["2020-06-01", "2020-05-20", "2020-05-05"], -1),  # one episode: less than 30 days apart
        (["2020-06-01"], -1),
        (["2020-06-01", "2019-05-01"], -1),  # one of them is more than a year ago
        (["2020-06-01", "2020-06-01", "2020-06-01"], -1),
    ],
)
def test_recurrence_is_counted(read, days, expected):
    registry = read(condition_occurrence=[db.condition("4283893", day) for day in days])
    assert state(registry, "sinusitis") == expected
    found = tally(registry, "condition_occurrence")
    assert found.used == (len(days) if expected == 1 else 0)


def test_episodes():
    day = datetime.date(2020, 1, 1)
    days = [day + datetime.timedelta(days=n) for n in (0, 29, 59, 200)]
    assert count_episodes(days) == 3
    assert count_episodes([]) == 0
    assert enough_episodes(days, until=days[-1], window_years=None, min_count=3)
    assert not enough_episodes(days, until=days[-2], window_years=None, min_count=3)
    assert not enough_episodes(days, until=days[-1], window_years=0.1, min_count=2)


def test_one_code_of_two_findings(read):
    registry = read(condition_occurrence=[db.condition("40489912", "2019-01-01")])
    assert state(registry, "sepsis") == state(registry, "invasive_encapsulated") == 1
    assert state(registry, "invasive_infection") == 1
    assert tally(registry, "condition_occurrence").used == 1


def test_pneumococcal_pneumonia_is_not_an_invasive_infection(read):
    registry = read(condition_occurrence=[db.condition("258785", "2019-01-01")])
    assert (state(registry, "pneumonia"), state(registry, "invasive_infection")) == (1, -1)


def test_septic_shock_is_a_finding_and_a_cause(read):
    registry = read(condition_occurrence=[db.condition("196236", "2020-06-14")])
    assert state(registry, "sepsis") == state(registry, "critical_illness") == 1


def test_a_drug_before_the_low_igm(read):
    registry = read(drug_exposure=[db.drug("1314273", "2018-01-01"), db.drug("1314273", "2019-01-15")])
    assert state(registry, "b_cell_depletion") == 1
    told = course(registry, "b_cell_depletion")
    assert told["started"] == [0]
    assert told["last_dose_low"][0] == pytest.approx(2019 + 14 / 365)


def test_a_drug_that_goes_on_has_no_last_dose(read):
    told = course(read(drug_exposure=[db.drug("1314273", "2018-01-01", "2020-12-31")]), "b_cell_depletion")
    assert (told["started"], told["last_dose_low"][0] == told["last_dose_low"][0]) == ([0], False)


def test_a_drug_after_the_low_igm_began_after_it(read):
    registry = read(drug_exposure=[db.drug("1314273", "2021-01-01")])
    assert course(registry, "b_cell_depletion")["started"] == [1]


def test_low_igm_and_not_the_first_igm_divides_before_from_after(read):
    early = {**db.IGM, "measurement_id": "2", "measurement_date": "2012-01-01", "value_as_number": "140"}
    registry = read(measurement=[db.IGM, early], drug_exposure=[db.drug("1314273", "2015-01-01", "2020-12-31")])
    assert course(registry, "b_cell_depletion")["started"] == [0]


def test_a_range_of_the_row_says_what_is_low():
    rows = [("1", "2010-01-01", "IgM", "60", "mg/dL", "70"), ("1", "2012-01-01", "IgM", "25", "mg/dL", None)]
    born, male = {"1": datetime.date(1970, 1, 1)}, {"1": 1.0}
    assert first_low_days(rows, born, male=male) == {"1": datetime.date(2010, 1, 1)}
    rows[0] = ("1", "2010-01-01", "IgM", "60", "mg/dL", "40")
    assert first_low_days(rows, born, male=male) == {"1": datetime.date(2012, 1, 1)}
    assert first_low_days(rows[:1], born, male=male) == {"1": datetime.date(2010, 1, 1)}  # none is low: the first
    assert first_low_days([], born, male=male) == {}


def test_the_first_low_igm_is_the_registrys(read):
    dated = [("2016-05-01", "120"), ("2018-03-01", "31"), ("2019-03-01", "22")]
    rows = [
        {**db.IGM, "measurement_id": str(i), "measurement_date": day, "value_as_number": value}
        for i, (day, value) in enumerate(dated)
    ]
    registry = read(measurement=rows)
    start, _ = first_low_igm(registry.samples, registry.age_years, registry.sex, registry.size)
    listed = [("1", day, "IgM", value, "mg/dL", None) for day, value in dated]
    mine = first_low_days(listed, {"1": datetime.date(1985, 3, 1)}, male={"1": 0.0})["1"]
    assert start[0] == pytest.approx(mine.year + (mine.timetuple().tm_yday - 1) / 365)


def test_descendants_count_where_the_vocabulary_is_there(read):
    rows = [db.drug("999001", "2019-01-01"), db.drug("999002", "2019-01-01")]
    assert state(read(drug_exposure=rows), "b_cell_depletion") == -1
    ancestors = [
        {"ancestor_concept_id": "1314273", "descendant_concept_id": "999001", "min_levels_of_separation": "2"},
        {"ancestor_concept_id": "1550557", "descendant_concept_id": "999002", "min_levels_of_separation": "3"},
        {"ancestor_concept_id": "1305058", "descendant_concept_id": "999002", "min_levels_of_separation": "1"},
    ]
    registry = read(drug_exposure=rows, concept_ancestor=ancestors)
    assert state(registry, "b_cell_depletion") == 1
    assert state(registry, "other_immunosuppressant") == 1
    assert state(registry, "glucocorticoid") == -1  # of causes the nearest ancestor counts
    assert tally(registry, "drug_exposure").used == 2


def test_source_concepts_count_where_the_vocabulary_is_there(read):
    rows = [db.condition("0", "2019-01-01", condition_source_concept_id="45555")]
    concept = [{"concept_id": "45555", "vocabulary_id": "ICD10CM", "concept_code": "C91.10"}]
    assert state(read(condition_occurrence=rows), "chronic_lymphocytic_leukaemia") == -1
    assert state(read(condition_occurrence=rows, concept=concept), "chronic_lymphocytic_leukaemia") == 1


def test_source_values_count_where_the_options_name_their_system(read):
    rows = [db.condition("0", "2019-01-01", condition_source_value="C91.1")]
    plain = read(condition_occurrence=rows)
    assert state(plain, "chronic_lymphocytic_leukaemia") == -1
    assert list(tally(plain, "condition_occurrence").ignored) == [
        "no concept (0 or blank), and no source code that can be read"
    ]
    options = OmopOptions(source_codes={"condition_occurrence": "ICD10"})
    assert state(read(options, condition_occurrence=rows), "chronic_lymphocytic_leukaemia") == 1


def test_recalled_codes_are_refused_or_used_with_a_caution(read):
    rows = [db.condition("0", "2019-01-01", condition_source_value="K90.4")]
    system = {"condition_occurrence": "ICD10"}
    registry = read(OmopOptions(source_codes=system), condition_occurrence=rows)
    assert state(registry, "protein_losing_enteropathy") == -1
    assert "known from memory only" in next(iter(tally(registry, "condition_occurrence").ignored))
    registry = read(OmopOptions(source_codes=system, recalled=True), condition_occurrence=rows)
    assert state(registry, "protein_losing_enteropathy") == 1
    assert "known from memory only" in tally(registry, "condition_occurrence").cautions[0]
    assert any("known from memory only" in note for note in registry.people.table.notes)


def test_what_means_nothing_is_counted_by_its_code(read):
    rows = [db.condition("4329847", "2019-01-01")] * 3 + [db.condition("312327", "2019-01-01"), db.condition("0", "")]
    found = tally(read(condition_occurrence=rows), "condition_occurrence")
    assert (found.rows, found.used) == (5, 0)
    assert found.unmapped == (("OMOP 4329847", 3), ("OMOP 312327", 1))
    assert found.ignored["the concept means nothing here"] == 4


def test_rejected_rows_are_counted_by_reason(read):
    rows = [
        db.condition("255848", "someday"),
        db.condition("255848", ""),
        db.condition("255848", "1970-01-01"),
        {**db.condition("255848", "2019-01-01"), "person_id": "77"},
        {**db.condition("255848", "2019-01-01"), "person_id": ""},
    ]
    found = tally(read(condition_occurrence=rows), "condition_occurrence")
    assert found.rejected == {
        "no date, or one that is not written as 2026-01-15": 2,
        "no such person in the table person": 2,
        "dated before the year of birth": 1,
    }


def test_the_diagnosis_is_the_label(read):
    rows = [db.condition("0", day, condition_source_value="D80.4") for day in ("2020-08-01", "2021-02-01")]
    registry = read(OmopOptions(source_codes={"condition_occurrence": "ICD10"}), condition_occurrence=rows)
    assert registry.labels[registry.label[0]] == "primary"
    assert int(registry.label_date[0]) == 2021
    assert "read as the label primary" in tally(registry, "condition_occurrence").cautions[0]


def test_of_several_labels_the_latest_counts(read):
    rows = [db.local("label", "primary", "2020-07-01"), db.local("label", "normal", "2021-07-01")]
    registry = read(observation=rows)
    assert registry.labels[registry.label[0]] == "normal"


def test_immunoglobulin_replacement(read):
    igg = {**db.IGM, "measurement_id": "2", "measurement_concept_id": "3005719", "value_as_number": "900"}
    given = [db.drug("0", "2020-01-01", "2021-01-01", drug_source_value="J06BA02")]
    options = OmopOptions(source_codes={"drug_exposure": "ATC"})
    registry = read(options, measurement=[db.IGM, igg], drug_exposure=given)
    assert registry.on_immunoglobulin.tolist() == [1]
    assert registry.samples["analyte"].tolist() == [0]  # IgG on replacement is not the person's own
    assert read(options, measurement=[db.IGM, igg]).samples["analyte"].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("rows", "test", "expected"),
    [
        ([("3016604", "500", "", "100", "")], "ige", "abnormal"),
        ([("3016604", "50", "", "100", "")], "ige", "normal"),
        ([("3014037", "10", "30", "60", "")], "t_cells_cd4", "abnormal"),
        ([("3014037", "10", "30", "60", ""), ("3014037", "40", "30", "60", "")], "t_cells_cd4", "normal"),  # later
        ([("3027135", "3", "4", "9", "")], "igg_subclasses", "abnormal"),
        ([("3027135", "5", "4", "9", "")], "igg_subclasses", None),  # one of three
        ([(c, "5", "4", "9", "") for c in ("3027135", "3028192", "3024139")], "igg_subclasses", "normal"),
        ([("3024980", "0", "1", "9", "")], "igg_subclasses", None),  # IgG4 alone
        ([("3029357", "0.2", "", "", "")], "pneumococcal_response", None),  # a titre is no response
        ([("3029357", "0.2", "1", "9", "")], "pneumococcal_response", None),
        ([("3029357", "", "", "", "4124457")], "pneumococcal_response", "normal"),
    ],
)
def test_tests_are_judged_by_their_own_range(read, rows, test, expected):
    added = [
        {
            **db.IGM, "measurement_id": str(i), "measurement_date": f"2020-01-{i + 1:02d}", "measurement_concept_id": c,
            "value_as_number": number, "range_low": low, "range_high": high, "value_as_concept_id": verdict,
        }
        for i, (c, number, low, high, verdict) in enumerate(rows, start=2)
    ]  # fmt: skip
    registry = read(measurement=[db.IGM, *added])
    found = registry.tests[0, registry.test_ids.index(test)]
    assert found == (-1 if expected is None else ("normal", "abnormal").index(expected) + 2)
    assert tally(registry, "measurement").rows == len(rows) + 1


def test_igm_by_its_loinc_code_where_there_is_no_concept(read):
    registry = read(measurement=[{**db.IGM, "measurement_concept_id": "0", "measurement_source_value": "2472-9"}])
    assert registry.samples["value"].tolist() == [25]


def test_context_belongs_to_its_measurement(read):
    two = [db.IGM, {**db.IGM, "measurement_id": "2", "measurement_date": "2021-06-15", "value_as_number": "30"}]
    rows = [
        db.local("context", "acute_infection", observation_event_id="2"),
        db.local("context", "well", observation_event_id="99"),
    ]
    registry = read(measurement=two, observation=rows)
    contexts = [registry.contexts[i] for i in registry.samples["context"]]
    assert contexts == ["unknown", "acute_infection"]
    found = tally(registry, "observation")
    assert (found.used, dict(found.ignored)) == (1, {"the context of a result that is not read": 1})


def test_local_words(read):
    rows = [
        db.local("pneumonia", "present"),
        db.local("asthma", "absent"),
        db.local("clozapine", "absent"),
        db.local("ige", "abnormal"),
        db.local("nonsense", "present"),
        {**db.local("asthma", "present"), "person_id": "5"},
        db.local("splenomegaly", ""),
    ]
    registry = read(observation=rows)
    assert (state(registry, "pneumonia"), state(registry, "asthma"), state(registry, "clozapine")) == (1, 0, 0)
    found = tally(registry, "observation")
    assert (found.rows, found.used, sum(found.rejected.values())) == (7, 4, 3)


def test_a_dated_record_counts_before_a_word_that_says_absent(read):
    registry = read(
        observation=[db.local("pneumonia", "absent")], condition_occurrence=[db.condition("255848", "2020-01-01")]
    )
    assert state(registry, "pneumonia") == 1


def test_centre_and_setting(read):
    person = [{**db.WOMAN, "care_site_id": "3"}]
    site = {"care_site_id": "3", "care_site_name": "North", "place_of_service_source_value": "Ward"}
    registry = read(person=person, care_site=[site])
    assert (registry.centres, registry.setting.tolist()) == (("North",), [-1])
    options = OmopOptions(settings={"ward": "hospital"}, setting="community")
    assert registry.settings[read(options, person=person, care_site=[site]).setting[0]] == "hospital"
    assert registry.settings[read(options, person=person).setting[0]] == "community"


@pytest.mark.parametrize(
    "options",
    [
        OmopOptions(setting="ward"),
        OmopOptions(asked=("pneumonie",)),
        OmopOptions(source_codes={"condition": "ICD10"}),
        OmopOptions(source_codes={"condition_occurrence": "ICD11"}),
        OmopOptions(person_ids="name"),
        OmopOptions(schema='x"; DROP'),
        OmopOptions(data_until="soon"),
    ],
)
def test_bad_options_are_refused(read, options):
    with pytest.raises(InputError):
        read(options)


def test_options_from_a_file(tmp_path, read, catalogue):
    path = tmp_path / "omop.toml"
    path.write_text(
        'format = "sigm_bayes.omop_options/1"\nsetting = "community"\nasked = ["pneumonia"]\nrecalled = true\n'
        '[settings]\nWard = "hospital"\n[source_codes]\ncondition_occurrence = "ICD10CM"\n'
    )
    options = load_omop_options(path)
    assert options.settings == {"ward": "hospital"}
    registry = read(path)
    assert (registry.settings[registry.setting[0]], state(registry, "pneumonia")) == ("community", 0)


def test_a_bad_file_of_options_is_told_all_at_once(tmp_path):
    path = tmp_path / "omop.toml"
    path.write_text('settting = "hospital"\nasked = "pneumonia"\nrecalled = 1\ndata_until = 2026-01-01\n')
    with pytest.raises(InputError) as error:
        load_omop_options(path)
    assert len(error.value.problems) == 5
    assert "Did you mean setting" in str(error.value)
    for text in ("= 1", None):
        path.write_text(text) if text else path.unlink()
        with pytest.raises(InputError, match="cannot be read"):
            load_omop_options(path)


def test_postgresql_without_the_extension_says_so_and_hides_the_password():
    with pytest.raises(InputError, match="extension for PostgreSQL is not installed") as error:
        read_omop("postgresql://anna:secret@db.example.org/cdm")
    assert "secret" not in str(error.value)
    assert "anna" not in str(error.value)
    with pytest.raises(InputError, match="no database that can be read") as error:
        read_omop("mysql://anna:secret@db.example.org/cdm")
    assert "secret" not in str(error.value)
