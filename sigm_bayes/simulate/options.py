"""The choices of a simulated registry that are not parameters of the model, read from a TOML file."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sigm_bayes.catalogue import Catalogue
from sigm_bayes.catalogue.tables import nearest
from sigm_bayes.errors import InputError, Problem
from sigm_bayes.paths import data_dir

ANALYTES = ("IgM", "IgG", "IgA")
ASCERTAINMENTS = ("all_tested", "low_igm", "labelled_primary")
LABELS = ("primary", "secondary", "normal", "other_immunodeficiency")
POWERS_OF_TEN = (0.01, 0.1, 1, 10, 100)
_LAYOUT: Mapping[str, tuple[str, ...]] = {
    "case_mix": ("settings", "size_sd", "prevalence_sd", "background_sd", "highest_age_years", "age_bands"),
    "laboratory": (
        "unit", "other_unit_share", "offset_sd", "cut_off_igm_mg_dl", "resolution_mg_dl",
        "quantified_from_mg_dl",
    ),
    "samples": (
        "first_year", "last_year", "igg_iga_measured", "repeated", "repeated_again", "interval_months",
        "interval_ln_sd", "contexts",
    ),
    "records": ("finding_recorded", "cause_recorded", "test_done", "tick_boxes", "ticked"),
    "labels": ("blank", "wrong", "wrong_as"),
}  # fmt: skip
_PROBABILITIES = {
    "samples": ("igg_iga_measured", "repeated", "repeated_again"), "records": ("ticked",), "labels": ("blank", "wrong"),
}  # fmt: skip


@dataclass(frozen=True)
class Options:
    """The parsed file; see `data/registry/simulation.toml` for what each entry means.

    Attributes
    ----------
    case_mix, laboratory, samples, records, labels : mapping
        The tables of the file.
    """

    case_mix: Mapping[str, Any]
    laboratory: Mapping[str, Any]
    samples: Mapping[str, Any]
    records: Mapping[str, Any]
    labels: Mapping[str, Any]


def default_options_path() -> Path:
    """The file that the shipped synthetic registry was made with."""
    return data_dir() / "registry" / "simulation.toml"


def load_options(path: Path | None = None, *, catalogue: Catalogue) -> Options:
    """Read and check the options of a simulated registry.

    Parameters
    ----------
    path : Path, optional
        By default those of the shipped registry.
    catalogue : Catalogue
        Knows settings, age bands, contexts and findings.

    Raises
    ------
    InputError
        With every problem of the file.
    """
    path = default_options_path() if path is None else path
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problem = Problem(str(path), None, f"cannot be read: {error}", "Give a TOML file.")
        raise InputError([problem]) from None
    return check_options(raw, catalogue=catalogue, source=str(path))


def check_options(raw: Mapping[str, Any], *, catalogue: Catalogue, source: str = "options") -> Options:
    """Check options given as nested tables; parameters and errors as `load_options`."""
    problems = _layout(raw)
    if not problems:
        for check in (_case_mix, _laboratory, _samples, _records, _labels):
            check(raw, catalogue, problems)
        for table, names in _PROBABILITIES.items():
            for name in names:
                _number(problems, f"{table}.{name}", raw[table][name], 0.0, 1.0)
    if problems:
        raise InputError(problems, source=source)
    return Options(**{table: raw[table] for table in _LAYOUT})


def _layout(raw: Mapping[str, Any]) -> list[Problem]:
    """Entries that are missing, and those that mean nothing."""
    problems = []
    for table, names in _LAYOUT.items():
        given = raw.get(table)
        if not isinstance(given, Mapping):
            problems.append(Problem(table, None, "the table is missing", f"Add [{table}]."))
            continue
        for name in names:
            if name not in given:
                problems.append(Problem(f"{table}.{name}", None, "is missing", "Copy it from the shipped file."))
        problems += [_unknown(f"{table}.{name}", name, names) for name in given if name not in names]
    return problems + [_unknown(name, name, tuple(_LAYOUT)) for name in raw if name not in _LAYOUT]


def _unknown(field: str, name: str, known: tuple[str, ...]) -> Problem:
    near = nearest(name, known)
    return Problem(field, None, "is not an entry", f"Did you mean {near}?" if near else f"Use {', '.join(known)}.")


def _number(problems: list[Problem], field: str, value: Any, low: float, high: float) -> None:
    finite = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not finite or not low <= value <= high:
        upper = "" if math.isinf(high) else f" to {high:g}"
        problems.append(Problem(field, value, f"expected a number from {low:g}{upper}", "Mend it."))


def _numbers(problems: list[Problem], field: str, values: Any, low: float, high: float = math.inf) -> None:
    if not isinstance(values, list) or not values:
        problems.append(Problem(field, values, "expected a list of numbers", "Give one for each centre, in turn."))
        return
    for i, value in enumerate(values):
        _number(problems, f"{field}[{i}]", value, low, high)


def _texts(problems: list[Problem], field: str, values: Any) -> list[str]:
    """The texts of a list; anything else is a problem."""
    given = values if isinstance(values, list) else [values]
    problems += [Problem(field, v, "expected a list of ids", "Mend it.") for v in given if not isinstance(v, str)]
    return [v for v in given if isinstance(v, str)] if isinstance(values, list) else []


def _shares(problems: list[Problem], field: str, table: Any, known: tuple[str, ...], rows: tuple[str, ...]) -> None:
    """A table of shares by row: every row there, every id known, each row summing to 1."""
    for row in rows:
        shares = table.get(row) if isinstance(table, Mapping) else None
        if not isinstance(shares, Mapping) or not shares:
            problems.append(Problem(f"{field}.{row}", None, "is missing", f"Give shares of {', '.join(known)}."))
            continue
        for id, share in shares.items():
            if id not in known:
                problems.append(_unknown(f"{field}.{row}.{id}", id, known))
            _number(problems, f"{field}.{row}.{id}", share, 0.0, 1.0)
        numbers = [s for s in shares.values() if isinstance(s, int | float)]
        if not abs(sum(numbers) - 1.0) <= 1e-6:
            problems.append(Problem(f"{field}.{row}", sum(numbers), "the shares must sum to 1", "Mend them."))


def _case_mix(raw: Mapping[str, Any], catalogue: Catalogue, problems: list[Problem]) -> None:
    mix = raw["case_mix"]
    known = catalogue.ids("setting")
    settings = _texts(problems, "case_mix.settings", mix["settings"])
    if not settings:
        problems.append(Problem("case_mix.settings", None, "expected a list of settings", "Give one or more."))
    problems += [_unknown("case_mix.settings", id, known) for id in settings if id not in known]
    for name in ("size_sd", "prevalence_sd", "background_sd"):
        _number(problems, f"case_mix.{name}", mix[name], 0.0, 5.0)
    oldest = catalogue.age_bands[-1]
    _number(problems, "case_mix.highest_age_years", mix["highest_age_years"], oldest.low_years + 1, oldest.high_years)
    used = tuple(dict.fromkeys(id for id in settings if id in known))
    _shares(problems, "case_mix.age_bands", mix["age_bands"], tuple(b.id for b in catalogue.age_bands), used)


def _laboratory(raw: Mapping[str, Any], catalogue: Catalogue, problems: list[Problem]) -> None:
    lab = raw["laboratory"]
    _number(problems, "laboratory.offset_sd", lab["offset_sd"], 0.0, 1.0)
    _numbers(problems, "laboratory.other_unit_share", lab["other_unit_share"], 0.0, 1.0)
    _numbers(problems, "laboratory.cut_off_igm_mg_dl", lab["cut_off_igm_mg_dl"], 1.0)
    units = _texts(problems, "laboratory.unit", lab["unit"])
    if not units or set(units) - {"mg/dL", "g/L"}:
        problems.append(Problem("laboratory.unit", lab["unit"], "expected mg/dL or g/L", "Give one for each centre."))
    for name, low in (("resolution_mg_dl", 0.01), ("quantified_from_mg_dl", 1.0)):
        by_analyte = lab[name] if isinstance(lab[name], Mapping) else {}
        for analyte in ANALYTES:
            field, values = f"laboratory.{name}.{analyte}", by_analyte.get(analyte)
            _numbers(problems, field, values, low)
            if name == "resolution_mg_dl" and isinstance(values, list):
                wrong = [value for value in values if value not in POWERS_OF_TEN]
                problems += [Problem(field, v, "expected a power of ten", "Use 0.1, 1, 10 ...") for v in wrong]


def _samples(raw: Mapping[str, Any], catalogue: Catalogue, problems: list[Problem]) -> None:
    samples = raw["samples"]
    limits = catalogue.limits
    for name in ("first_year", "last_year"):
        _number(problems, f"samples.{name}", samples[name], limits.earliest_year, limits.latest_year - 20)
    if not problems and samples["first_year"] > samples["last_year"]:
        problems.append(Problem("samples.first_year", samples["first_year"], "is after last_year", "Swap them."))
    _number(problems, "samples.interval_months", samples["interval_months"], 0.1, 60.0)
    _number(problems, "samples.interval_ln_sd", samples["interval_ln_sd"], 0.0, 1.5)
    settings = _texts([], "", raw["case_mix"]["settings"])
    used = tuple(dict.fromkeys(id for id in settings if catalogue.has("setting", id)))
    _shares(problems, "samples.contexts", samples["contexts"], catalogue.ids("context"), used)


def _records(raw: Mapping[str, Any], catalogue: Catalogue, problems: list[Problem]) -> None:
    records = raw["records"]
    for name in ("finding_recorded", "cause_recorded", "test_done"):
        _numbers(problems, f"records.{name}", records[name], 0.0, 1.0)
        if isinstance(records[name], list) and (len(records[name]) != 2 or records[name] != _sorted(records[name])):
            problems.append(Problem(f"records.{name}", records[name], "expected two numbers", "Give low and high."))
    known = catalogue.ids("finding")
    boxes = _texts(problems, "records.tick_boxes", records["tick_boxes"])
    problems += [_unknown("records.tick_boxes", id, known) for id in boxes if id not in known]


def _sorted(values: list[Any]) -> list[Any]:
    """In order where they are numbers, else as they are (another problem then)."""
    return sorted(values) if all(isinstance(v, int | float) for v in values) else values


def _labels(raw: Mapping[str, Any], catalogue: Catalogue, problems: list[Problem]) -> None:
    for true in LABELS:
        wrong = tuple(id for id in LABELS if id != true)
        _shares(problems, "labels.wrong_as", raw["labels"]["wrong_as"], wrong, (true,))
