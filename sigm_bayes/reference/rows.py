"""Table rows of one analyte as arrays for the fitting graph, with the votes of related tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.reference.bands import BandNodes, band_nodes
from sigm_bayes.reference.design import Design
from sigm_bayes.reference.tables import TableRow

FloatArray = NDArray[np.float64]


def design_of(settings: dict[str, Any]) -> Design:
    """Knots and sex ages as the settings give them."""
    return Design(
        knots_median_years=tuple(map(float, settings["median"]["knots_years"])),
        knots_spread_years=tuple(map(float, settings["spread"]["knots_years"])),
        shift_years=settings["axis"]["shift_years"],
        sex_child_years=settings["sex"]["child_years"],
        sex_adult_years=settings["sex"]["adult_years"],
    )


@dataclass(frozen=True)
class RowArrays:
    """Rows of one analyte as arrays over `row`; `group` indexes `groups`."""

    rows: tuple[TableRow, ...]
    groups: tuple[str, ...]
    group: NDArray[np.int64]
    tables: tuple[str, ...]
    table: NDArray[np.int64]
    infant: NDArray[np.int64]
    inflation: FloatArray
    nodes: BandNodes
    rows_median: FloatArray
    rows_spread: FloatArray

    def where(self, test: Callable[[TableRow], bool]) -> NDArray[np.int64]:
        """Positions of the rows that pass a test."""
        return np.flatnonzero([test(row) for row in self.rows])


def row_arrays(rows: Sequence[TableRow], *, design: Design, settings: dict[str, Any]) -> RowArrays:
    """Arrange the rows of one analyte for the graph.

    The inflation of a row's residual SD is sqrt(members of its vote group x doubt): k copies of one table
    weigh as one.
    """
    groups = tuple(sorted({row.vote_group for row in rows}))
    tables = tuple(sorted({row.source_id for row in rows if row.statistic == "minmax"}))
    members = Counter(group for group, _ in {(row.vote_group, row.source_id) for row in rows})
    nodes = band_nodes(
        [row.age_from_years for row in rows],
        [row.age_to_years for row in rows],
        nodes=settings["bands"]["nodes"],
    )
    male = np.array([row.male for row in rows])[:, None]
    rows_median, rows_spread = design.rows(nodes.ages_years, male)
    middle = np.array([(row.age_from_years + row.age_to_years) / 2.0 for row in rows])
    return RowArrays(
        rows=tuple(rows),
        groups=groups,
        group=np.array([groups.index(row.vote_group) for row in rows]),
        tables=tables,
        table=np.array([tables.index(row.source_id) if row.source_id in tables else -1 for row in rows]),
        infant=(middle < settings["bands"]["infant_below_years"]).astype(np.int64),
        inflation=np.sqrt(np.array([members[row.vote_group] * row.doubt for row in rows])),
        nodes=nodes,
        rows_median=rows_median,
        rows_spread=rows_spread,
    )
