import json
from pathlib import Path

import pytest

DATA = Path(__file__).parent / "data"


def _load(name):
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture
def adult():
    """An answer whose numbers are invented."""
    return _load("adult")


@pytest.fixture
def refused():
    """A refusal whose numbers are invented."""
    return _load("refused")
