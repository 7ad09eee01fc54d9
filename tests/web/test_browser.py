"""The page in a browser without a window: filled, read, printed, narrow, without JavaScript, by keyboard alone."""

from __future__ import annotations

import json
import re

import pytest

from sigm_bayes.report.pdf import find_browser

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe_core = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-core is not installed")
BROWSER = find_browser()
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium or Chrome on PATH")
PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture
def new_page(browser, served):
    """new_page(**context): a page of a fresh context; what leaves this computer, and errors, fail the test."""
    contexts, foreign, errors = [], [], []

    def make(**options):
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: foreign.append(request.url) if not request.url.startswith(served) else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if _unexpected(message) else None)
        page.goto(served)
        return page

    yield make
    for context in contexts:
        context.close()
    assert foreign == []
    assert errors == []


def _unexpected(message):
    return message.type == "error" and "status of 422" not in message.text  # a form with problems is answered so


def fill(page):
    page.fill("[name=age]", "34")
    page.select_option("[name=sex]", "female")
    page.check("[name=setting][value=allergy_immunology_clinic]")
    page.fill('[name="igm[0].value"]', "25")


def wait_for_everything(page):
    page.wait_for_selector("#answer #h-answer")
    page.wait_for_selector("#more:not(.stale) #prevalence-title", state="attached", timeout=60_000)
    page.wait_for_timeout(100)


def test_the_answer_follows_the_form_without_a_reload(new_page, served):
    page = new_page()
    fill(page)
    wait_for_everything(page)
    assert page.url == served  # nothing of a patient in the address
    before = page.inner_text("table.probabilities")
    assert "%" in before
    page.locator('[name="findings.pneumonia"][value=present]').check(force=True)
    page.wait_for_function("before => document.querySelector('table.probabilities').innerText !== before", arg=before)
    assert "low normal" in page.inner_text("#live")
    assert "1 entered" in page.inner_text("#g-finding-respiratory summary")
    assert page.evaluate("document.activeElement.name") == "findings.pneumonia"  # the cursor stays where it is


@pytest.mark.slow
def test_an_episode_is_an_infection_that_was_there(new_page, served):
    page = new_page()
    fill(page)
    wait_for_everything(page)
    page.click("#g-finding-invasive summary") if not page.is_visible("text=Add an episode") else None
    page.click("text=Add an episode")
    page.locator('[name="invasive[0].site"][value=meningitis]').check()
    assert page.is_checked('[name="findings.invasive_infection"][value=present]')
    page.wait_for_function("document.querySelector('#answer').innerText.includes('infections')")
    page.click("button.main")
    assert page.is_checked('[name="findings.invasive_infection"][value=present]')


@pytest.mark.slow
def test_opened_details_stay_open_while_the_answer_changes(new_page):
    page = new_page()
    fill(page)
    wait_for_everything(page)
    page.click("#d-inputs > summary")
    before = page.inner_text("table.probabilities")
    page.fill('[name="igm[0].value"]', "15")
    page.wait_for_function("before => document.querySelector('table.probabilities').innerText !== before", arg=before)
    assert page.locator("#d-inputs").get_attribute("open") is not None
    assert "15 mg/dL" in page.inner_text("#d-inputs")


def test_errors_stand_beside_their_controls_and_lead_there(new_page):
    page = new_page()
    fill(page)
    page.fill('[name="igm[0].date"]', "2026-13")
    page.wait_for_selector("#problems a")
    assert "calendar" in page.inner_text("#f-igm-0-date-error")
    assert page.get_attribute("#f-igm-0-date", "aria-invalid") == "true"
    page.click("#problems a")
    assert page.evaluate("document.activeElement.id") == "f-igm-0-date"
    page.fill('[name="igm[0].date"]', "2026-01")
    page.wait_for_selector("#answer #h-answer")
    assert page.inner_text("#f-igm-0-date-error") == ""
    assert page.get_attribute("#f-igm-0-date", "aria-invalid") is None


def test_without_javascript_the_form_gives_the_whole_answer(new_page):
    page = new_page(java_script_enabled=False)
    fill(page)
    page.click("text=Add a repeat")
    page.fill('[name="igm[1].value"]', "28")
    page.click("button.main")
    assert page.locator("#prevalence-title").count() == 1
    assert page.input_value("[name=age]") == "34"
    assert page.input_value('[name="igm[1].value"]') == "28"
    page.fill("[name=age]", "three")
    page.click("button.main")
    assert "expected a number" in page.inner_text("#problems")
    page.click("#problems a")
    assert page.url.endswith("#f-age")
    assert page.input_value("[name=age]") == "three"


@pytest.mark.slow
def test_the_keyboard_alone_is_enough(new_page):
    page = new_page()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for _ in range(30):
        if page.evaluate("document.activeElement.name") == "age":
            break
        page.keyboard.press("Tab")
    page.keyboard.type("34")
    for name, typed in (("igm[0].value", "25"),):
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.name") == name:
                break
        page.keyboard.type(typed)
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "findings.pneumonia":
            break
    page.keyboard.press("ArrowRight")  # from "not known" round to "present"
    assert page.evaluate("document.activeElement.value") == "present"
    outline = page.evaluate("getComputedStyle(document.activeElement.nextElementSibling).outlineStyle")
    assert outline != "none"  # where the cursor is can be seen
    page.keyboard.press("Enter")
    page.wait_for_selector("#answer #h-answer")
    assert page.is_checked('[name="findings.pneumonia"][value=present]')


@pytest.mark.slow
def test_on_a_telephone_nothing_runs_out_of_the_page(new_page):
    page = new_page(viewport=PHONE)
    fill(page)
    wait_for_everything(page)
    for box in page.locator("details").all():
        box.evaluate("box => { box.open = true; }")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    form, answer = page.locator("#form-side").bounding_box(), page.locator("#answer").bounding_box()
    assert form["y"] + form["height"] <= answer["y"] + 1  # the form above, the answer below
    small = page.evaluate(
        "[...document.querySelectorAll('.pills label, button:not(.unseen), .group > summary')]"
        ".filter(e => e.offsetParent && e.getBoundingClientRect().height < 24).length"
    )
    assert small == 0


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(new_page, scheme):
    page = new_page(color_scheme=scheme)
    fill(page)
    wait_for_everything(page)
    for box in page.locator("details").all():
        box.evaluate("box => { box.open = true; }")
    page.locator('[name="causes.clozapine.state"][value=present]').check(force=True)
    page.fill('[name="igm[0].date"]', "2026-13")
    page.wait_for_selector("#problems a")
    _no_violation(page)
    page.fill('[name="igm[0].date"]', "")
    wait_for_everything(page)
    _no_violation(page)


def _no_violation(page):
    found = axe_core.Axe().run(page).response["violations"]
    assert not found, json.dumps(
        [[v["id"], v["help"], [n["html"][:200] for n in v["nodes"]][:3]] for v in found], indent=1
    )


@pytest.mark.slow
def test_printing_gives_one_page_for_the_notes(new_page, examples):
    page = new_page()
    name = "adult-sinopulmonary.toml"
    document = json.dumps(examples[name]).encode()
    page.set_input_files("#file", {"name": "patient.json", "mimeType": "application/json", "buffer": document})
    page.click("#load button")
    page.wait_for_selector("#answer #h-answer")
    assert page.input_value("[name=age]") == "34"
    printed = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
    page.emulate_media(media="print")
    assert not page.is_visible("#patient")
    assert page.is_visible("#h-answer")


@pytest.mark.slow
def test_saving_and_the_report_are_downloads(new_page):
    page = new_page()
    fill(page)
    wait_for_everything(page)
    with page.expect_download() as saving:
        page.click("text=Save as a file")
    saved = json.loads(saving.value.path().read_text(encoding="utf-8"))
    assert saved["igm"] == [{"value": "25", "unit": "mg/dL"}]
    with page.expect_download() as saving:
        page.click("text=Save the report")
    report = saving.value.path().read_text(encoding="utf-8")
    assert "<script" not in report
    assert not re.findall(r"""(?:src|href)=["']""", report)


@pytest.mark.slow
def test_a_server_that_has_gone_is_told_and_the_old_answer_is_marked(new_page, browser, served):
    context = browser.new_context()
    page = context.new_page()
    page.goto(served)
    fill(page)
    wait_for_everything(page)
    page.route("**/answer", lambda route: route.abort())
    page.fill('[name="igm[0].value"]', "15")
    page.wait_for_selector("#lost")
    assert "could not be updated" in page.inner_text("#lost")
    context.close()
