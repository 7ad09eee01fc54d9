"""Redraw the screenshots of docs/web.md: ``python tools/web_screenshots.py`` (needs Chromium, playwright and pillow).

Every picture is of a made-up patient of `examples/patients`.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
from pathlib import Path

import uvicorn
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from sigm_bayes.patient import read_patient
from sigm_bayes.query import load_model
from sigm_bayes.report.answer_view import AnswerPage
from sigm_bayes.report.html_report import render_report
from sigm_bayes.report.pdf import find_browser
from sigm_bayes.web.app import create_app

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "docs" / "figures"
PATIENT = ROOT / "examples" / "patients" / "adult-sinopulmonary.toml"
COLOURS = 255


def main() -> int:
    """Serve the page, take the pictures, write them."""
    program = find_browser()
    if program is None:
        print("no Chromium or Chrome on PATH", file=sys.stderr)
        return 1
    model = load_model()
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(model), log_level="warning", lifespan="off"))
    threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True).start()
    while not server.started:
        time.sleep(0.05)
    address = f"http://127.0.0.1:{listening.getsockname()[1]}/"
    patient = read_patient(PATIENT, catalogue=model.catalogue)
    report = render_report(AnswerPage.of(model).view(patient, explained=True))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for name, width, height, scheme in (
            ("page-desktop", 1360, 900, "light"),
            ("page-dark", 1360, 900, "dark"),
            ("page-phone", 360, 1500, "light"),
        ):
            page = _loaded(browser, address, width=width, height=height, scheme=scheme)
            if width < 400:
                page.evaluate("document.getElementById('answer').scrollIntoView()")
            _keep(page, name)
        page = _loaded(browser, address, width=794, height=1123, scheme="light")
        page.emulate_media(media="print")
        _keep(page, "page-print")
        page = browser.new_page(viewport={"width": 900, "height": 1300})
        page.set_content(report)
        _keep(page, "report")
        browser.close()
    server.should_exit = True
    return 0


def _loaded(browser: Browser, address: str, *, width: int, height: int, scheme: str) -> Page:
    """The page with the example patient."""
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    page.goto(address)
    page.set_input_files("#file", PATIENT)
    page.click("#load button")
    page.wait_for_selector("#answer #h-answer")
    page.evaluate("window.scrollTo(0, 0)")
    page.wait_for_timeout(300)
    return page


def _keep(page: Page, name: str) -> None:
    """Write what is in view, with few colours."""
    path = OUT / f"{name}.png"
    page.screenshot(path=path)
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(COLOURS, method=Image.Quantize.FASTOCTREE).save(path, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
