"""The documentation's own modules are beside its pages, not in the package."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
sys.path[:0] = [str(DOCS / "_ext"), str(Path(__file__).parent)]


@pytest.fixture(scope="session")
def docs() -> Path:
    return DOCS
