"""The mapping file: all problems at once, the template, the proposal."""

import tomllib

import pytest
from tests_registry_texts import HEAD, USUAL

from sigm_bayes.catalogue import default_catalogue
from sigm_bayes.errors import InputError
from sigm_bayes.registry import open_table, read_mapping
from sigm_bayes.registry.mapping_file import parse_mapping
from sigm_bayes.registry.propose import propose_mapping


def problems_of(text, tmp_path, **headers):
    path = tmp_path / "mapping.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_mapping(path, catalogue=default_catalogue(), **headers)
    return {problem.field: problem for problem in caught.value.problems}


def test_all_problems_come_in_one_error(tmp_path):
    found = problems_of(
        """
format = "other"
surprise = 1
[file]
decimal = ";"
two_digit_years_until = 26
[person]
person_id = 7
sex = { column = "sex", femal = ["f"] }
setting = { fixed = "ward" }
[results.igm]
column = "igm"
unit = "IU/mL"
[results.igg]
column = "igg"
[findings]
pneumona = "p"
sinusitis = { asked = "yes", column = "s" }
[unions.any]
column = "u"
of = ["sinusitis", "cough"]
""",
        tmp_path,
    )
    assert set(found) == {
        *("format", "surprise", "file.decimal", "file.two_digit_years_until", "person.person_id", "person"),
        *("person.sex.femal", "person.setting.fixed", "results.igm.unit", "results.igg.unit"),
        *("findings.pneumona", "findings.sinusitis.asked", "unions.any.of[1]"),
    }
    assert "pneumonia" in found["findings.pneumona"].remedy
    assert "female" in found["person.sex.femal"].remedy


def test_a_column_that_is_not_there_names_the_nearest(tmp_path):
    found = problems_of(USUAL, tmp_path, header=("id", "center", "AGE", "sex", "igm"))
    assert set(found) == {"person.centre", "person.age_years"}
    assert '"center"' in found["person.centre"].remedy
    assert '"AGE"' in found["person.age_years"].remedy


@pytest.mark.parametrize("text", ["[", "format = \xff".encode("latin-1").decode("latin-1")])
def test_what_is_no_toml_is_an_input_error(tmp_path, text):
    assert problems_of(text, tmp_path)


def test_a_word_in_two_lists_is_a_problem(tmp_path):
    text = USUAL + '[words]\npresent = ["1", "x"]\nabsent = ["0", "x"]\n'
    assert problems_of(text, tmp_path)["words.absent"].value == "x"


@pytest.mark.parametrize("missing", ['age_years = "age"', '[results.igm]\ncolumn = "igm"\nunit = "mg/dL"'])
def test_age_and_igm_are_needed(tmp_path, missing):
    assert set(problems_of(USUAL.replace(missing, ""), tmp_path)) <= {"person", "results"}


def test_own_words_replace_the_usual_ones():
    document = tomllib.loads(
        USUAL + '[words]\npresent = ["ja"]\n[findings]\npneumonia = { column = "p", present = ["2"], absent = ["1"] }\n'
        'sinusitis = "s"\n'
    )
    read, problems = parse_mapping(document, catalogue=default_catalogue())
    assert problems == []
    words = {states.id: states.words for states in read.findings}
    assert (words["pneumonia"]["2"], words["pneumonia"]["1"]) == (1, 0)
    assert words["sinusitis"]["ja"] == 1
    assert "1" not in words["sinusitis"]


def test_the_template_is_a_valid_mapping():
    from importlib.resources import files

    text = files("sigm_bayes.registry").joinpath("template.toml").read_text(encoding="utf-8")
    lines = [line.removeprefix("# ") if "= " in line or line[:3] == "# [" else line for line in text.splitlines()]
    for version in (text, "\n".join(lines)):
        read, problems = parse_mapping(tomllib.loads(version), catalogue=default_catalogue())
        assert problems == []
        assert [result.analyte for result in read.results] == ["IgM", "IgG", "IgA"]


def propose(tmp_path, text, samples=None):
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    listed = None
    if samples is not None:
        (tmp_path / "s.csv").write_text(samples, encoding="utf-8")
        listed = open_table(tmp_path / "s.csv")
    return propose_mapping(open_table(tmp_path / "t.csv"), catalogue=default_catalogue(), samples=listed)


def test_a_table_with_our_names_is_proposed_whole(tmp_path):
    text = propose(
        tmp_path,
        "person_id,centre,age_years,sex,igm,igm_unit,pneumonia,clozapine,pneumococcal_response\n"
        "a,X,34,female,25,mg/dL,1,0,normal\n",
    )
    read, problems = parse_mapping(tomllib.loads(text), catalogue=default_catalogue())
    assert problems == []
    assert (read.person_id, read.age_years, read.results[0].unit_column) == ("person_id", "age_years", "igm_unit")
    assert [states.id for states in (*read.findings, *read.causes)] == ["pneumonia", "clozapine"]
    assert not read.findings[0].asked
    assert [id for id, _ in read.tests] == ["pneumococcal_response"]


def test_what_is_unsure_is_a_comment_with_its_reason(tmp_path):
    text = propose(
        tmp_path,
        "PatNr;Alter;Geschlecht;IgM;Datum;Lungenentz;Pneumonie\n1;34;7;0,9;03/04/2021;ja;ja\n2;34;7;1,1;14/04/21;;nein\n",
    )
    document = tomllib.loads(text)
    assert "unit" not in document["results"]["igm"]
    assert '# unit = "g/L"  # no unit is stated; the median of 1 looks like g/L' in text
    assert '# date_order = "dmy"  # 1 dates can be day/month or month/day' in text
    assert "# two_digit_years_until" in text
    assert '#   words that would be unknown: "7"' in text
    assert '# pneumonia = { column = "Pneumonie" }' in text
    assert '#   "Lungenentz"' in text
    assert "findings" not in document or document["findings"] == {}


def test_the_unit_in_a_name_is_read_and_odd_names_are_quoted(tmp_path):
    text = propose(tmp_path, 'id,age,IgM (g/L),"a ""b"" \\ c"\n1,34,0.9,x\n')
    document = tomllib.loads(text)
    assert document["results"]["igm"] == {"column": "IgM (g/L)", "unit": "g/L"}


def test_a_table_of_samples_is_proposed(tmp_path):
    samples = "person_id,date,analyte,value,unit,context\na,2020-01-01,IgM,25,mg/dL,well\n"
    document = tomllib.loads(propose(tmp_path, "person_id,age_years\na,34\n", samples))
    read, problems = parse_mapping(document, catalogue=default_catalogue())
    assert problems == []
    assert read.samples is not None
    assert (read.samples.result.column, read.samples.result.unit_column) == ("value", "unit")
    assert document["format"] in HEAD
