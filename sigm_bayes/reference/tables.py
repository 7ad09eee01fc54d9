"""The published reference tables with our reading of each row (standard library only)."""

from __future__ import annotations

import csv
import hashlib
import math
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sigm_bayes.errors import EvidenceError, Problem

FILES = ("intervals.csv", "sources.csv", "reading.csv", "settings.toml")
LIMIT_USES = ("exact", "floor", "lower_bound", "unknown")
_MALE = {"male": 1.0, "female": 0.0, "any": 0.5}
_COVERAGE_Z = {"central95": 1.959963984540054, "central90": 1.6448536269514722}


@dataclass(frozen=True)
class TableRow:
    """One printed row and how it is read.

    Attributes
    ----------
    number : int
        1-based row of ``intervals.csv``.
    statistic : str
        central95, central90 or minmax.
    age_from_years, age_to_years : float
        Ages as read (open tops closed, cord blood rows shortened); see `reading`.
    low_mg_dl, high_mg_dl, centre_mg_dl, sd_mg_dl : float or None
        Limits, geometric mean and arithmetic SD, in mg/dL; None where not printed or not used.
    low_as, high_as : str
        exact, floor (the value lies at or below), lower_bound (the true limit is at least this), unknown.
    n : float or None
        People in the band; a guess where `n_source` is not "printed".
    vote_group : str
        Tables of one parent share it and together have one vote.
    """

    number: int
    source_id: str
    analyte: str
    male: float
    statistic: str
    printed_low_years: float
    printed_high_years: float
    age_from_years: float
    age_to_years: float
    low_mg_dl: float | None
    high_mg_dl: float | None
    centre_mg_dl: float | None
    sd_mg_dl: float | None
    low_as: str
    high_as: str
    n: float | None
    n_source: str
    vote_group: str
    doubt: float
    resolution_mg_dl: float
    fitted: bool
    flag: str
    reading: str

    @property
    def z(self) -> float:
        """Standard normal deviate of the upper limit of a central range."""
        return _COVERAGE_Z[self.statistic]


@dataclass(frozen=True)
class Tables:
    """All rows, the settings of the fit and the hash of the files."""

    rows: tuple[TableRow, ...]
    settings: dict[str, Any]
    sha256: str

    def of(self, analyte: str, *, fitted_only: bool = True) -> tuple[TableRow, ...]:
        """Rows of one analyte."""
        return tuple(row for row in self.rows if row.analyte == analyte and (row.fitted or not fitted_only))


def load_tables(folder: Path, *, use_recalled: bool = False) -> Tables:
    """Read the tables, our reading of them and the settings.

    Parameters
    ----------
    folder : Path
        Holds intervals.csv, sources.csv, reading.csv and settings.toml.
    use_recalled : bool
        Fit the rows flagged `recalled` too (a sensitivity run; never for a release).

    Raises
    ------
    EvidenceError
        Listing every row that cannot be used, and why.
    """
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise EvidenceError(f"{folder}: missing {', '.join(missing)}")
    facts, readings = _read(folder / "intervals.csv"), _read(folder / "reading.csv")
    problems: list[Problem] = []
    rows: list[TableRow] = []
    if len(facts) != len(readings):
        raise EvidenceError(f"reading.csv has {len(readings)} rows, intervals.csv {len(facts)}: one each is needed")
    known = {source["source_id"] for source in _read(folder / "sources.csv")}
    for number, (fact, reading) in enumerate(zip(facts, readings, strict=True), start=1):
        try:
            rows.append(_row(number, fact, reading, known=known, use_recalled=use_recalled))
        except (ValueError, KeyError) as error:
            problems.append(
                Problem(f"row {number}", fact.get("source_id"), str(error), "Mend intervals.csv or reading.csv.")
            )
    if problems:
        raise EvidenceError(problems, source=str(folder))
    settings = tomllib.loads((folder / "settings.toml").read_text(encoding="utf-8"))
    digest = hashlib.sha256(b"".join((folder / name).read_bytes().replace(b"\r\n", b"\n") for name in FILES))
    return Tables(rows=tuple(rows), settings=settings, sha256=digest.hexdigest())


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def _number(text: str, name: str) -> float | None:
    if text == "":
        return None
    value = float(text)
    if not (math.isfinite(value) and value >= 0.0):
        raise ValueError(f"{name} must be a number >= 0, got {text!r}")
    return value


def _row(
    number: int, fact: dict[str, str], reading: dict[str, str], *, known: set[str], use_recalled: bool
) -> TableRow:
    for key in ("source_id", "analyte", "sex", "age_low_years"):
        if fact[key] != reading[key]:
            raise ValueError(f"{key} is {fact[key]!r} in the table and {reading[key]!r} in the reading")
    if fact["source_id"] not in known:
        raise ValueError(f"source {fact['source_id']!r} is not in sources.csv")
    if fact["statistic"] not in (*_COVERAGE_Z, "minmax"):
        raise ValueError(f"statistic {fact['statistic']!r} is not one of central95, central90, minmax")
    if reading["role"] not in ("fitted", "context"):
        raise ValueError(f"role {reading['role']!r} is not fitted or context")
    for key in ("low_as", "high_as"):
        if reading[key] not in LIMIT_USES:
            raise ValueError(f"{key} {reading[key]!r} is not one of {', '.join(LIMIT_USES)}")
    low, high = _number(fact["low_mg_dl"], "low_mg_dl"), _number(fact["high_mg_dl"], "high_mg_dl")
    if low is not None and high is not None and low >= high:
        raise ValueError(f"low {low} is not below high {high}")
    if (low is None) != (reading["low_as"] == "unknown") or (high is None) != (reading["high_as"] == "unknown"):
        raise ValueError("a blank limit is read as unknown, and only a blank one")
    printed = (float(fact["age_low_years"]), float(fact["age_high_years"]))
    start = float(reading["age_from_years"] or printed[0])
    stop = float(reading["age_to_years"] or printed[1])
    if not 0.0 <= start < stop <= 121.0:
        raise ValueError(f"ages read as [{start}, {stop}) are not a band within 0 to 121 years")
    n = _number(fact["n"], "n")
    guess = _number(reading["n_guess"], "n_guess")
    if fact["statistic"] == "minmax" and n is None and guess is None:
        raise ValueError("a minimum and a maximum need n or n_guess")
    implied = "implied" if "implies n about" in fact["note"] or fact["source_id"] == "aksu_2006" else "unknown"
    recalled = fact["flag"] == "recalled"
    return TableRow(
        number=number,
        source_id=fact["source_id"],
        analyte=fact["analyte"],
        male=_MALE[fact["sex"]],
        statistic=fact["statistic"],
        printed_low_years=printed[0],
        printed_high_years=printed[1],
        age_from_years=start,
        age_to_years=stop,
        low_mg_dl=low,
        high_mg_dl=high,
        centre_mg_dl=_number(fact["median_or_geomean_mg_dl"], "centre") if reading["centre_used"] == "1" else None,
        sd_mg_dl=_number(fact["sd_mg_dl"], "sd_mg_dl") if reading["sd_used"] == "1" else None,
        low_as=reading["low_as"],
        high_as=reading["high_as"],
        n=n if n is not None else guess,
        n_source="printed" if n is not None else implied,
        vote_group=reading["vote_group"],
        doubt=float(reading["doubt"]),
        resolution_mg_dl=_number(reading["resolution_mg_dl"], "resolution_mg_dl") or 0.0,
        fitted=reading["role"] == "fitted" or (recalled and use_recalled),
        flag=fact["flag"],
        reading=reading["reading"],
    )
