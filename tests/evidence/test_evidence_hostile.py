"""Whatever stands in the files, the loader answers with evidence or an EvidenceError."""

from __future__ import annotations

import csv
import io
from contextlib import suppress
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sigm_bayes.errors import EvidenceError
from sigm_bayes.evidence import Evidence, load_evidence
from sigm_bayes.evidence.load import FILES, ITEM_COLUMNS, TERM_COLUMNS
from sigm_bayes.evidence.vocabulary import TERMS

# Cells that have broken readers before, beside arbitrary text.
NASTY = [
    "",
    " ",
    "nan",
    "-inf",
    "1e999",
    "1e308",
    "-0",
    "0",
    "1",
    "0x10",
    "١٢",
    "9" * 5000,
    "1_0",
    "=1+1",
    "\x00",
    "\n",
    '"',
    "−1",
]
WORDS = [
    "fitted",
    "bound",
    "context",
    "upper",
    "interval95",
    "sd",
    "extremes",
    "none",
    "g/L",
    "mean",
    "complement",
    *TERMS,
]
CELLS = st.one_of(st.sampled_from(NASTY + WORDS), st.text(max_size=8), st.floats().map(str))
EDITS = st.lists(
    st.one_of(
        st.tuples(st.just("items.csv"), st.integers(0, 259), st.sampled_from(ITEM_COLUMNS), CELLS),
        st.tuples(st.just("terms.csv"), st.integers(0, 259), st.sampled_from(TERM_COLUMNS), CELLS),
    ),
    min_size=1,
    max_size=4,
)
NO_RESET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


def answers(folder: Path) -> None:
    with suppress(EvidenceError):
        assert isinstance(load_evidence(folder), Evidence)


@settings(max_examples=60, deadline=None, suppress_health_check=NO_RESET)
@given(edits=EDITS)
def test_hostile_cells(folder, edits):
    before = {name: (folder / name).read_bytes() for name in FILES}
    tables = {n: list(csv.reader(io.StringIO(before[n].decode()))) for n in ("items.csv", "terms.csv")}
    for name, row, column, cell in edits:
        tables[name][row + 1][tables[name][0].index(column)] = cell
    for name, rows in tables.items():
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerows(rows)
        (folder / name).write_bytes(buffer.getvalue().encode("utf-8", "surrogatepass"))
    answers(folder)
    for name, content in before.items():
        (folder / name).write_bytes(content)


@settings(max_examples=60, deadline=None, suppress_health_check=NO_RESET)
@given(
    name=st.sampled_from(FILES),
    start=st.integers(0, 20_000),
    junk=st.binary(max_size=12),
    cut=st.integers(0, 400),
)
def test_hostile_bytes(folder, name, start, junk, cut):
    before = (folder / name).read_bytes()
    start %= len(before)
    (folder / name).write_bytes(before[:start] + junk + before[start + cut :])
    answers(folder)
    (folder / name).write_bytes(before)
