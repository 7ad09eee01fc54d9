"""From an answer to what is printed; imports no command-line library."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue


def write_answer(answer: dict[str, Any], catalogue: Catalogue, *, as_json: bool, full: bool) -> None:
    """Write an answer document to standard output: a page, or JSON."""
    if as_json:
        from sigm_bayes.report.document import to_json

        sys.stdout.write(to_json(answer) + "\n")
        return
    from sigm_bayes.report.page import print_page

    print_page(answer, file=sys.stdout, full=full, labels=labels(catalogue))


def labels(catalogue: Catalogue) -> dict[str, str]:
    """Id to label for every table of the catalogue."""
    tables: tuple[tuple[Any, ...], ...] = (
        catalogue.classes,
        catalogue.settings,
        catalogue.findings,
        catalogue.causes,
        catalogue.tests,
    )
    return {row.id: row.label for table in tables for row in table}
