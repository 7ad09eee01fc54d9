"""From the mapping of a patient file to the controls of the form: a saved patient is loaded again."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sigm_bayes import units
from sigm_bayes.catalogue import Catalogue
from sigm_bayes.web.form import ANALYTES, COURSE_KEYS, EPISODE_KEYS, MAX_ROWS, Values

LONGEST = 60
"""Characters of a text that the form takes over from a file."""
_ANALYTE_IDS = {"igm": "IgM", "igg": "IgG", "iga": "IgA"}


def form_values(document: Any, *, catalogue: Catalogue) -> Values:
    """Return what the controls hold for a patient document; what cannot stand in a control is left out.

    The document need not be valid: whatever is wrong in it is told by `parse_patient`, this only shows it.
    """
    values: Values = {}
    if not isinstance(document, Mapping):
        return values
    for key, name in (("age_years", "age"), ("age_months", "age")):
        if _scalar(document.get(key)):
            _set(values, name, document[key])
            _set(values, "age_unit", key.removeprefix("age_"))
    for key in ("sex", "setting", "gestational_weeks", "igg_status", "iga_status"):
        _set(values, key, document.get(key))
    if document.get("known_inborn_error") is True:
        values["known_inborn_error"] = ["yes"]
    if isinstance(document.get("on_immunoglobulin"), bool):
        values["on_immunoglobulin"] = ["yes" if document["on_immunoglobulin"] else "no"]
    for analyte in ANALYTES:
        for row, sample in enumerate(_rows(document.get(analyte))):
            _sample(values, f"{analyte}[{row}]", sample, _ANALYTE_IDS[analyte], catalogue)
    for row, episode in enumerate(_rows(document.get("invasive"))):
        for key in EPISODE_KEYS:
            given = episode.get(key)
            for one in given if isinstance(given, list | tuple) else [given]:
                _set(values, f"invasive[{row}].{key}", one)
    for section in ("findings", "tests"):
        for id, state in _table(document.get(section)).items():
            _set(values, f"{section}.{id}", state)
    for id, exposure in _table(document.get("causes")).items():
        if isinstance(exposure, Mapping):
            for key in ("state", *COURSE_KEYS):
                _set(values, f"causes.{id}.{key}", exposure.get(key))
        else:
            _set(values, f"causes.{id}.state", exposure)
    return values


def _sample(values: Values, at: str, sample: Mapping[str, Any], analyte: str, catalogue: Catalogue) -> None:
    for key in ("value", "comparator", "unit", "resolution", "date", "context"):
        _set(values, f"{at}.{key}", sample.get(key))
    interval = sample.get("reference_interval")
    if isinstance(interval, list | tuple) and len(interval) == 2:
        _set(values, f"{at}.reference_low", interval[0])
        _set(values, f"{at}.reference_high", interval[1])
    # A number in a file is printed with the analyser's default step; a text in the form is read with its digits.
    unit = units.canonical_unit(sample["unit"]) if isinstance(sample.get("unit"), str) else None
    if unit is not None:
        values[f"{at}.unit"] = [unit]
        if sample.get("resolution") is None and isinstance(sample.get("value"), int | float | Decimal):
            step = units.from_mg_dl(catalogue.analyte(analyte).default_resolution_mg_dl, unit)
            _set(values, f"{at}.resolution", f"{step.normalize():f}")


def _rows(given: Any) -> list[Mapping[str, Any]]:
    listed = [given] if isinstance(given, Mapping) else given if isinstance(given, list | tuple) else []
    return [row for row in listed if isinstance(row, Mapping)][:MAX_ROWS]


def _table(given: Any) -> dict[str, Any]:
    return {key: value for key, value in given.items() if isinstance(key, str)} if isinstance(given, Mapping) else {}


def _scalar(value: Any) -> bool:
    return value is not None and not isinstance(value, bool | Mapping | list | tuple)


def _set(values: Values, name: str, value: Any) -> None:
    if not _scalar(value):
        return
    text = f"{value:.12g}" if isinstance(value, float) else str(value)
    values.setdefault(name, []).append(text[:LONGEST])
