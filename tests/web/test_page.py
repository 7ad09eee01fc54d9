"""The page as HTML: what it shows, what it refuses, and that nothing typed into it becomes markup."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from web_cases import ADULT

from sigm_bayes.catalogue import default_catalogue
from sigm_bayes.patient import parse_patient

CATALOGUE = default_catalogue()
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}'


class Names(HTMLParser):
    """Gathers ids, control names and what labels point to."""

    def __init__(self):
        super().__init__()
        self.ids, self.names, self.points, self.tags, self.styles = [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append(tag)
        if given.get("id"):
            self.ids.append(given["id"])
        if tag in ("input", "select") and given.get("name"):
            self.names.append(given["name"])
        self.points += [given[key] for key in ("for", "aria-labelledby", "aria-describedby") if given.get(key)]
        self.styles += [given[key] for key in given if key == "style" or key.startswith("on")]


def parsed(text):
    reader = Names()
    reader.feed(text)
    return reader


def test_the_form_has_a_control_for_everything_in_the_catalogue(client):
    names = set(parsed(client.get("/").text).names)
    for finding in CATALOGUE.findings:
        assert f"findings.{finding.id}" in names
    for cause in CATALOGUE.causes:
        assert (f"causes.{cause.id}.state" in names) == cause.recordable
    for test in CATALOGUE.tests:
        assert f"tests.{test.id}" in names
    assert {"age", "setting", "sex", "igm[0].value", "igm[0].reference_low", "invasive[0].site"} <= names


def test_ids_are_unique_references_hold_and_nothing_is_inline(client):
    page = parsed(client.post("/", data=ADULT).text)
    assert len(page.ids) == len(set(page.ids))
    missing = {one for points in page.points for one in points.split()} - set(page.ids)
    assert not missing
    assert page.styles == []
    assert "style" not in page.tags


def test_nothing_on_the_page_points_to_another_host(client):
    text = client.post("/", data=ADULT).text
    addresses = set(re.findall(r"""(?:src|href|action)=["']([^"']*)""", text))
    assert addresses
    assert not [address for address in addresses if not address.startswith(("/", "#"))]


def test_the_answer_stands_below_its_cautions(client):
    text = client.post("/answer", data=ADULT).text
    assert text.index('id="h-cautions"') < text.index('id="h-answer"') < text.index('id="h-why"')
    document = parse_patient(
        {
            "age_years": 34, "sex": "female", "setting": "allergy_immunology_clinic",
            "igm": [{"value": "25", "unit": "mg/dL"}], "igg_status": "normal", "iga_status": "normal",
            "findings": {"pneumonia": "present"},
        },
        catalogue=CATALOGUE,
    )  # fmt: skip
    assert document.sha256() in text


def test_the_whole_page_holds_every_block_without_javascript(client):
    text = client.post("/", data=ADULT).text
    for heading in ("h-cautions", "h-answer", "h-why", "h-next", "h-change", "h-causes", "h-esid", "h-basis"):
        assert f'id="{heading}"' in text
    for figure in ("people", "age", "ledger", "prevalence"):
        assert f'id="{figure}-title"' in text
    assert "Would tell most" in text
    assert 'hx-trigger="load"' not in text  # nothing is left for later


def test_the_quick_answer_leaves_the_rest_for_later_and_more_brings_it(client):
    quick = client.post("/answer", data=ADULT).text
    assert 'hx-post="/more"' in quick
    assert "Due whatever the probabilities say" in quick
    later = client.post("/more", data=ADULT).text
    assert 'id="prevalence-title"' in later
    assert "Would tell most" in later
    assert client.post("/more", data={"age": "34"}).text.strip() == ""


@pytest.mark.parametrize("control", ["age", "igm[0].value", "igm[0].date", "causes.clozapine.last_dose", HOSTILE])
def test_hostile_text_is_escaped_wherever_it_comes_back(client, control):
    for path in ("/", "/answer", "/patient.json", "/report.html"):
        response = client.post(path, data={**ADULT, control: HOSTILE})
        assert response.status_code in (200, 422)
        assert "<script>alert" not in response.text
        assert "<img src=x" not in response.text
        assert "49" not in response.text or "{{7*7}}" not in response.text.replace("{{7*7}}", "")


def test_problems_are_told_in_a_summary_with_links_and_beside_the_controls(client):
    response = client.post("/", data={**ADULT, "age": "-4", "igm[0].value": "0.0001"})
    assert response.status_code == 422
    text = response.text
    assert 'role="alert"' in text
    for control in ("f-age", "f-igm-0-value"):
        assert f'href="#{control}"' in text
        assert re.search(rf'id="{control}"[^>]*aria-invalid="true"', text)
        assert re.search(rf'id="{control}-error"[^>]*>\s*\S', text)


def test_what_is_merely_missing_is_asked_for_not_complained_of_while_typing(client):
    text = client.post("/answer", data={"age": "34"}).text
    assert "Still needed: an IgM result" in text
    assert 'role="alert"' not in text
    assert client.post("/", data={"age": "34"}).status_code == 422


def test_a_row_is_added_without_javascript_and_keeps_what_was_typed(client):
    text = client.post("/", data={**ADULT, "add": "igm"}).text
    assert 'name="igm[1].value"' in text
    assert 'name="igm[2].value"' not in text
    assert re.search(r'name="age" value="34"', text)
    more = client.post("/", data={**ADULT, "igm[7].value": "30", "igm[7].unit": "mg/dL", "add": "invasive"}).text
    assert 'name="igm[7].value"' in more
    assert 'name="invasive[1].organism"' in more


def test_a_saved_patient_loads_again_as_the_same(client, examples):
    saved = client.post("/patient.json", data={**ADULT, "igm[1].value": "<20", "igm[1].unit": "mg/dL"})
    assert saved.headers["content-disposition"] == 'attachment; filename="patient.json"'
    first = parse_patient(json.loads(saved.text), catalogue=CATALOGUE)
    loaded = client.post("/load", files={"file": ("patient.json", saved.content)})
    assert loaded.status_code == 200
    assert first.sha256() in loaded.text
    for name, document in examples.items():
        response = client.post("/load", files={"file": ("patient.json", json.dumps(document).encode())})
        assert parse_patient(document, catalogue=CATALOGUE).sha256() in response.text, name


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("patient.json", b"\xff\xfe"),
        ("patient.json", b""),
        ("patient.json", b"[1, 2]"),
        ("patient.json", b'{"age_years": 34'),
        ("patient.json", b'{"age_years": 34, "igm": [{"value": 25}]}'),
        ("patient.json", b"[" * 100_000),
        ("patient.toml", b"age_years = "),
        ("patient.json", json.dumps({"age_years": HOSTILE, "igm": HOSTILE, HOSTILE: 1}).encode()),
    ],
)
def test_a_file_that_is_no_patient_is_refused_with_the_reason(client, name, content):
    response = client.post("/load", files={"file": (name, content)})
    assert response.status_code == 422
    assert 'role="alert"' in response.text
    assert "<script>alert" not in response.text


def test_loading_without_a_file_is_told(client):
    assert "no file was chosen" in client.post("/load", files={"file": ("", b"")}).text


def test_a_refusal_shows_its_reason_and_work_up_and_no_number(client):
    text = client.post("/", data={"age": "4", "age_unit": "months", "igm[0].value": "12", "igm[0].unit": "mg/dL"}).text
    assert "No probability is given" in text
    assert "Usually considered" in text
    assert 'id="people-title"' not in text


def test_no_sentence_of_the_page_claims_a_diagnosis(client):
    page = client.post("/", data=ADULT).text
    assert 'class="sources"' in page
    # Titles of publications are their authors' words.
    ours = re.sub(r'<details class="sources">.*?</details>', " ", page, flags=re.DOTALL)
    text = re.sub(r"<[^>]+>", " ", ours).lower()
    assert "diagnos" not in text
    assert "is normal " not in text
    assert "has primary" not in text


def test_too_many_fields_are_refused(client):
    many = "&".join(f"f{n}=1" for n in range(3000))
    response = client.post("/answer", content=many, headers={"content-type": "application/x-www-form-urlencoded"})
    assert 400 <= response.status_code < 500


@pytest.mark.parametrize("address", ["/", "/more", "/report.html"])
def test_the_reader_sets_a_threshold_for_the_tipping_points(client, address):
    text = client.post(address, data=ADULT | {"threshold": "10"}).text
    assert re.search(r"Would bring primary (above|below) 10% ", text)
    assert re.search(r"Would bring primary (above|below) 50% ", text)
    assert "10% " not in "".join(re.findall(r"Would bring.*", client.post(address, data=ADULT).text))


@pytest.mark.parametrize("bad", ["0", "100", "-3", "ten", "nan", "1e400", "50;", "<b>"])
def test_a_threshold_that_is_none_is_told_beside_its_control(client, bad):
    response = client.post("/", data=ADULT | {"threshold": bad})
    assert response.status_code == 422
    assert 'href="#f-threshold"' in response.text
    assert "<b>" not in response.text


def test_the_threshold_is_no_part_of_a_saved_patient(client):
    assert "threshold" not in client.post("/patient.json", data=ADULT | {"threshold": "7,5 %"}).json()


def test_every_weight_opens_the_studies_behind_it(client):
    text = client.post("/answer", data=ADULT).text
    weights = text[text.index('<dl class="weights">') : text.index("</dl>", text.index('<dl class="weights">'))]
    plain = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", weights))
    assert weights.count('class="sources"') >= weights.count("<dt>") + 1  # groups, the start, and single findings
    assert "[G08, n = 51]: 38 of 49" in plain
    assert "prior logit_primary :" in plain


def test_an_urgent_refusal_says_so(client):
    infant = {"age": "4", "age_unit": "months", "igm[0].value": "12", "igm[0].unit": "mg/dL"}
    assert "Urgent." not in client.post("/answer", data=infant).text
    sick = infant | {"findings.pneumonia": "present"}
    assert '<strong class="urgent">Urgent.</strong>' in client.post("/answer", data=sick).text
