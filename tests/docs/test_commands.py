"""Every `sigm` command that a page or the README shows exists, with its options, and its files are in the checkout."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer.main
from sigm_docs.commands import walk

from sigm_bayes.cli.main import app

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = dict(walk(typer.main.get_command(app), "sigm"))
PAGES = [ROOT / "README.md", *(p for f in ("", "start", "howto") for p in sorted((ROOT / "docs" / f).glob("*.md")))]


def shown(page):
    """Command lines of the shell blocks, with continued lines joined."""
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"```(?:sh|bash)\n(.*?)```", text, re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            found = re.search(r"(?:^|\s)sigm\s+(.*)$", line)
            if found and not line.lstrip().startswith("#"):
                yield shlex.split(found[1], comments=True)


def command_of(words):
    """The command that the words call, and the words after its name."""
    for n in (2, 1):
        path = " ".join(["sigm", *words[:n]])
        if path in COMMANDS:
            return COMMANDS[path], words[n:]
    raise AssertionError(f"no such command: sigm {' '.join(words)}")


LINES = [pytest.param(words, id=f"{page.name}: {' '.join(words)[:60]}") for page in PAGES for words in shown(page)]


@pytest.mark.parametrize("words", LINES)
def test_a_shown_command_exists_with_its_options(words):
    command, rest = command_of(words)
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    used = [word for word in rest if re.match(r"--?[a-z]", word)]
    assert [word for word in used if word not in options] == []


@pytest.mark.parametrize("words", LINES)
def test_files_of_the_checkout_exist(words):
    ours = [w for w in words if re.match(r"(data|examples|models)/", w)]
    assert [w for w in ours if not (ROOT / w).exists()] == []


def test_there_are_commands_and_a_wrong_one_is_noticed():
    assert len(LINES) > 20
    with pytest.raises(AssertionError, match="no such command"):
        command_of(["guess", "patient.toml"])
