"""The data dictionary of the published REDCap project, as REDCap imports it."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sigm_bayes.registry.redcap.fields import Field, redcap_fields

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue

HEADER = (
    "Variable / Field Name",
    "Form Name",
    "Section Header",
    "Field Type",
    "Field Label",
    "Choices, Calculations, OR Slider Labels",
    "Field Note",
    "Text Validation Type OR Show Slider Number",
    "Text Validation Min",
    "Text Validation Max",
    "Identifier?",
    "Branching Logic (Show field only if...)",
    "Required Field?",
    "Custom Alignment",
    "Question Number (surveys only)",
    "Matrix Group Name",
    "Matrix Ranking?",
    "Field Annotation",
)
"""The 18 columns that REDCap asks for, in its order."""


def dictionary_text(catalogue: Catalogue, *, more: Sequence[Field] = ()) -> str:
    """Return the data dictionary as CSV, to be uploaded to an empty project.

    The instruments diagnosis, invasive_episode and sample are then to be enabled for repetition.

    Parameters
    ----------
    catalogue : Catalogue
    more : sequence of Field
        Further fields after those of the first instrument.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(HEADER)
    writer.writerows(_row(field) for field in with_more(catalogue, more))
    return stream.getvalue()


def with_more(catalogue: Catalogue, more: Sequence[Field]) -> list[Field]:
    """Return the fields with further ones after those of the first instrument."""
    fields = list(redcap_fields(catalogue))
    end = sum(field.form == fields[0].form for field in fields)
    return [*fields[:end], *more, *fields[end:]]


def _row(field: Field) -> list[str]:
    listed = field.kind != "yesno"  # REDCap knows the choices of yes and no itself
    choices = " | ".join(f"{choice.code}, {choice.label}" for choice in field.choices) if listed else ""
    return [
        *(field.name, field.form, field.section, field.kind, field.label, choices, field.note),
        *(field.validation, field.lowest, field.highest, "y" if field.identifier else "", field.shown_if),
        *("y" if field.required else "", "", "", field.matrix, "", ""),
    ]
