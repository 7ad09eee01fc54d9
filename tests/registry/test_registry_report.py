"""The report and the commands."""

import csv
import re
from dataclasses import replace
from types import SimpleNamespace
from xml.etree import ElementTree

import hostile_export
import pytest
from tests_registry_texts import USUAL
from typer.testing import CliRunner

from sigm_bayes.cli.main import app
from sigm_bayes.registry.issues import KINDS
from sigm_bayes.registry.sources import SourceTally
from sigm_bayes.report.registry_report import ROW_LIST, known_table, summary, write_report


def run(*arguments):
    result = CliRunner().invoke(app, ["registry", *map(str, arguments)])
    return SimpleNamespace(code=result.exit_code, out=result.stdout, err=result.stderr)


@pytest.fixture(scope="module")
def report(export):
    path = export.folder / "report.html"
    rows = write_report(export.registry, path)
    with rows.open(encoding="utf-8-sig", newline="") as stream:
        listed = list(csv.DictReader(stream))
    return SimpleNamespace(page=path.read_text(encoding="utf-8"), rows=listed, export=export)


def test_the_page_needs_nothing_but_itself(report):
    assert not re.findall(r"""(?:src|href)=["'](?!#|data:)""", report.page)
    assert "<script" not in report.page
    svg = report.page[report.page.index("<svg") : report.page.index("</svg>") + 6]
    assert ElementTree.fromstring(svg).tag.endswith("svg")


def test_the_page_begins_with_sentences_to_forward(report):
    counts = report.export.registry.people.counts()
    first = report.page[report.page.index("<p") : report.page.index("<h2")]
    assert "Of 57,000 rows in export.csv" in first
    for number in counts.values():
        assert f"{number:,} (" in first


def test_every_rejected_and_doubtful_row_is_in_the_list_and_no_other(report):
    account, table = report.export.registry.people.account, report.export.registry.people.table
    named = {int(row["row"]) for row in report.rows}
    expected = set(table.records[account.status > 0].tolist()) | {number for number, _ in table.unreadable}
    assert named == expected
    assert tuple(report.rows[0]) == ROW_LIST
    assert {row["effect"] for row in report.rows} == {"rejected", "left_out", "caution"}
    assert all(row["reason"] for row in report.rows)


def test_reasons_come_with_counts_and_examples(report):
    assert "haemolytic" in report.page
    assert f'<td class="n">{len(report.export.faults["text"]):,}</td><td>left out</td><td>IgM</td>' in report.page
    assert "München" in report.page


def test_what_is_known_is_counted(export):
    known = known_table(export.registry)
    rows = {row["name"]: row["shares"] for row in known["rows"]}
    assert rows["pneumonia"][0] > 0.95
    assert 0.2 < rows["otitis_media"][0] < 0.5
    assert "splenomegaly" in known["nobody"]
    assert "splenomegaly" not in rows


def test_courses_descriptions_and_intervals_are_counted_among_what_is_known(read):
    mapping = USUAL + 'reference = "ref"\n[invasive]\nseverity = "sev"\n[causes]\n'
    mapping += 'clozapine = { column = "c", last_dose = "last" }\n'
    table = "id,centre,age,sex,igm,ref,sev,c,last\na,X,40,f,25,40-230,standard,1,2019\nb,X,40,f,25,,,1,\n"
    shares = {row["name"]: row["shares"][0] for row in known_table(read(table, mapping))["rows"]}
    for name in ("course of an exposure", "description of an invasive infection"):
        assert shares[name] == 0.5
    assert shares["laboratory's reference interval of IgM"] == 0.5


def test_a_contradiction_names_its_column_and_only_rows_that_say_it(read, tmp_path):
    mapping = USUAL + '[findings]\nmeningitis = { column = "men", asked = true }\n'
    mapping += 'invasive_infection = { column = "inv", asked = true }\n'
    registry = read("id,centre,age,sex,igm,men,inv\na,X,40,f,25,1,\na,X,41,f,26,,0\n", mapping)
    rows = write_report(registry, tmp_path / "r.html")
    with rows.open(encoding="utf-8-sig", newline="") as stream:
        listed = [(row["row"], row["column"], row["value"]) for row in csv.DictReader(stream)]
    assert listed == [("2", "inv", "0")]


def test_tables_behind_the_two_are_listed(read, tmp_path):
    tally = SourceTally("condition_occurrence", 5, used=2, ignored={"another concept": 3})
    registry = replace(read("id,centre,age,sex,igm\na,X,40,f,25\n"), sources=(tally,))
    write_report(registry, tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert all(line in page for line in tally.lines())


def test_text_from_the_table_cannot_become_markup_or_formula(read, tmp_path):
    registry = read("id,centre,age,sex,igm\na,<script>x</script>,34,f,25\nb,X,34,=1+1,<b>25\n")
    rows = write_report(registry, tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "<b>25" not in page
    assert "&lt;script&gt;" in page
    assert "'=1+1" in rows.read_text(encoding="utf-8-sig")


def test_a_registry_without_a_usable_person_has_a_report(read, tmp_path):
    registry = read("id,centre,age,sex,igm\na,X,old,f,25\n")
    write_report(registry, tmp_path / "r.html")
    assert "No usable IgM result" in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "1 (100.0%) cannot be used" in summary(registry)


def test_the_forwarded_sentence_counts_a_reason_once_over_its_columns(export):
    said = summary(export.registry)
    suspected = len(export.faults["grams"]) + len(export.faults["below_in_grams"])
    assert f"than stated (IgM, IgG, IgA): {suspected:,} rows" in said
    assert said.count("than stated") == 1


def test_every_kind_of_issue_says_what_and_most_how_to_mend_it():
    assert all(kind.says for kind in KINDS.values())
    assert all(kind.remedy or kind.effect == "note" for kind in KINDS.values())


def test_check_on_the_command_line(tmp_path):
    hostile_export.write_export(tmp_path / "t.csv", rows=300)
    (tmp_path / "m.toml").write_text(hostile_export.MAPPING, encoding="utf-8")
    done = run("check", tmp_path / "t.csv", "--mapping", tmp_path / "m.toml", "--report", tmp_path / "r.html")
    assert done.code == 3
    assert done.out.startswith("Of 300 rows in t.csv")
    assert (tmp_path / "r.html").is_file()
    assert (tmp_path / "r.rows.csv").is_file()


def test_a_clean_table_leaves_with_zero_and_a_bad_mapping_with_two(tmp_path):
    (tmp_path / "t.csv").write_text("id,centre,age,sex,igm\na,X,34,f,25\n", encoding="utf-8")
    (tmp_path / "m.toml").write_text(USUAL, encoding="utf-8")
    assert run("check", tmp_path / "t.csv", "-m", tmp_path / "m.toml").code == 0
    (tmp_path / "m.toml").write_text(USUAL.replace('"igm"', '"IGM"'), encoding="utf-8")
    done = run("check", tmp_path / "t.csv", "-m", tmp_path / "m.toml")
    assert done.code == 2
    assert 'Did you mean "igm"?' in done.err


def test_map_and_template(tmp_path):
    (tmp_path / "t.csv").write_text("person_id,age_years,igm,igm_unit\na,34,25,mg/dL\n", encoding="utf-8")
    assert run("map", tmp_path / "t.csv", "-o", tmp_path / "m.toml").code == 0
    assert run("check", tmp_path / "t.csv", "-m", tmp_path / "m.toml").code == 0
    assert run("template").out.startswith("# Which column")
