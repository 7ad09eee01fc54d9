"""The documentation builds without a warning and without a network, and every link and picture leads somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import FunctionType
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[2]
NO_NETWORK = """
import socket, sys
def refused(*a, **k):
    raise OSError("the documentation is built without a network")
socket.socket.connect = socket.socket.connect_ex = socket.create_connection = refused
from sphinx.cmd.build import main
sys.exit(main(sys.argv[1:]))
"""
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    pytest.importorskip("sphinx", reason="the group docs is not installed: uv run --group docs")
    out = tmp_path_factory.mktemp("docs")
    done = subprocess.run(
        [sys.executable, "-c", NO_NETWORK, "-W", "--keep-going", "-q", "-b", "html", "-d", str(out / "doctrees"),
         str(ROOT / "docs"), str(out / "html")],
        text=True, capture_output=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return out / "html"


class Page(HTMLParser):
    """Links, ids and everything that a browser would load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if given.get("id"):
            self.ids.add(given["id"])
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        for name in ("src", "srcset", "poster", "data"):
            if given.get(name) and tag != "a":
                self.loaded.append(given[name])
        if tag == "link" and given.get("href") and given.get("rel") not in ("index", "search", "next", "prev"):
            self.loaded.append(given["href"])


@pytest.fixture(scope="module")
def pages(built) -> dict[Path, Page]:
    return {path: Page(path.read_text(encoding="utf-8")) for path in built.rglob("*.html")}


def test_every_source_is_a_page(built):
    sources = [p for p in (ROOT / "docs").rglob("*.md") if "_ext" not in p.parts and p.name != "README.md"]
    assert len(sources) > 40
    missing = [p for p in sources if not (built / p.relative_to(ROOT / "docs").with_suffix(".html")).exists()]
    assert missing == []


def test_nothing_is_loaded_from_elsewhere(built, pages):
    for path, page in pages.items():
        assert [url for url in page.loaded if re.match(r"(https?:)?//", url)] == [], path
    for sheet in built.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        assert not re.search(r"(@import|url\()\s*['\"]?(https?:)?//", text), sheet


def test_links_and_pictures_lead_somewhere(built, pages):
    broken = []
    for path, page in pages.items():
        for link in page.links + page.loaded:
            if re.match(r"[a-z]+:", link) or link.startswith("//"):
                continue
            file, _, anchor = unquote(link.split("?")[0]).partition("#")
            target = (path.parent / file).resolve() if file else path
            if not target.exists() or (anchor and target in pages and anchor not in pages[target].ids):
                broken.append(f"{path.relative_to(built)} -> {link}")
    assert broken == []


def test_equations_are_drawn(built):
    from sigm_docs.equations import EQUATIONS

    text = (built / "model" / "index.html").read_text(encoding="utf-8")
    assert text.count('<math xmlns="http://www.w3.org/1998/Math/MathML" display="block">') >= len(EQUATIONS)
    body = re.sub(r"<[^>]+>", "", text)
    assert "\\frac" not in body
    assert "{page}" not in body


def test_generated_pages_hold_their_tables(built):
    from sigm_bayes.catalogue import default_catalogue
    from sigm_bayes.evidence import load_evidence

    evidence = load_evidence()
    items = (built / "data" / "items.html").read_text(encoding="utf-8")
    assert [i.item_id for i in evidence.items if i.item_id not in items] == []
    studies = (built / "data" / "studies.html").read_text(encoding="utf-8")
    assert [s.study_id for s in evidence.studies if s.study_id not in studies] == []
    catalogue = (built / "model" / "catalogue.html").read_text(encoding="utf-8")
    assert [f.id for f in (*default_catalogue().findings, *default_catalogue().causes) if f.id not in catalogue] == []


def test_every_command_and_option_is_in_the_reference(built):
    import typer.main
    from sigm_docs.commands import walk

    from sigm_bayes.cli.main import app

    text = re.sub(r"<[^>]+>", "", (built / "commands.html").read_text(encoding="utf-8"))
    for path, command in walk(typer.main.get_command(app), "sigm"):
        assert path in text
        for parameter in command.params:
            assert parameter.opts[-1] in text or parameter.param_type_name == "argument", (path, parameter.name)


def test_the_public_names_are_in_the_python_reference(built):
    from importlib import import_module

    text = "".join(p.read_text(encoding="utf-8") for p in (built / "api").glob("*.html"))
    rooms = set(re.findall(r"automodule:: (\S+)", "".join(p.read_text() for p in (ROOT / "docs" / "api").glob("*.md"))))
    assert {"sigm_bayes.patient", "sigm_bayes.query", "sigm_bayes.evidence"} <= rooms
    for room in rooms:
        module = import_module(room)
        public = [n for n in getattr(module, "__all__", ()) if isinstance(getattr(module, n), type | FunctionType)]
        assert [n for n in public if f'id="{room}.{n}"' not in text] == [], room


def test_a_warning_is_an_error(tmp_path):
    pytest.importorskip("sphinx")
    (tmp_path / "conf.py").write_text('extensions = ["myst_parser"]\nhtml_theme = "basic"\n')
    (tmp_path / "index.md").write_text("# Title\n\n[nowhere](nowhere.md)\n")
    command = [sys.executable, "-m", "sphinx", "-W", "-q"]
    done = subprocess.run([*command, str(tmp_path), str(tmp_path / "out")], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "nowhere" in done.stderr
