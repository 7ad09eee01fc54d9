"""Columns of results -> one entry a result, in mg/dL, with the interval that its printed digits leave open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.registry.choices import read_choice
from sigm_bayes.registry.dates import end_of_data, read_date
from sigm_bayes.registry.issues import Account, BoolArray, IntArray
from sigm_bayes.registry.mapping import FileRules, Result
from sigm_bayes.registry.references import read_references
from sigm_bayes.registry.results import Printed, decimal_sign, read_printed
from sigm_bayes.registry.tables import Column, Table
from sigm_bayes.units import UNITS, canonical_unit

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue

FloatArray = NDArray[np.float64]
COMPARATORS = ("=", "<", "<=", ">", ">=")
UNIT_NAMES = tuple(UNITS)
_FACTORS = np.array([float(factor) for factor in UNITS.values()])
ENOUGH_TO_SEE_ZEROS = 50
"""Results at the finest printed step: if none of so many ends in 0 (chance 0.005), final zeros were dropped."""
BAD = ("", "value_not_a_number", "value_negative", "value_ambiguous")


@dataclass(frozen=True)
class Measurements:
    """Results that are there and readable, one entry each.

    Attributes
    ----------
    row : ndarray of int, shape (sample,)
        Position in the table they stand in.
    analyte : ndarray of int
        Position in ``IgM, IgG, IgA``.
    value, step : ndarray
        As printed and the step of its digits, mg/dL.
    comparator : ndarray of int
        Position in `COMPARATORS`.
    date_low, date_high : ndarray
        Start and end of the day, month or year of the sample in decimal years; NaN where not known.
    context : ndarray of int
        Position in the catalogue's contexts.
    reference_low, reference_high : ndarray
        The laboratory's own reference interval, mg/dL; NaN where not printed.
    """

    row: IntArray
    analyte: NDArray[np.int8]
    value: FloatArray
    step: FloatArray
    comparator: NDArray[np.int8]
    date_low: FloatArray
    date_high: FloatArray
    context: NDArray[np.int8]
    reference_low: FloatArray
    reference_high: FloatArray

    @property
    def date(self) -> FloatArray:
        """Middle of the date interval, decimal years; NaN where not known."""
        return (self.date_low + self.date_high) / 2

    def interval(self) -> tuple[FloatArray, FloatArray]:
        """Return the levels in mg/dL that print as each result: low (never below 0) and high."""
        half = self.step / 2
        sign = self.comparator
        low = np.where(sign == 0, self.value - half, 0.0)
        low = np.where(sign == 3, self.value, np.where(sign == 4, self.value - half, low))
        high = np.where((sign == 0) | (sign == 2), self.value + half, self.value)
        return np.maximum(low, 0.0), np.where(sign >= 3, np.inf, high)

    def take(self, keep: BoolArray) -> Measurements:
        """Return the chosen entries."""
        size = int(np.count_nonzero(keep))
        return Measurements(*(_take(getattr(self, name), keep, size) for name in self.__dataclass_fields__))

    @staticmethod
    def join(parts: list[Measurements]) -> Measurements:
        """Return all entries of several columns, one after the other."""
        names = Measurements.__dataclass_fields__
        return Measurements(*(_join([getattr(part, name) for part in parts]) for name in names))


def _single(values: NDArray[Any]) -> bool:
    """Return whether an array repeats one value without holding it more than once (what no column gives)."""
    return values.size > 1 and values.strides == (0,)


def _take(values: NDArray[Any], keep: BoolArray, size: int) -> NDArray[Any]:
    return np.broadcast_to(values[0], (size,)) if _single(values) else values[keep]


def _join(parts: list[NDArray[Any]]) -> NDArray[Any]:
    if all(_single(part) and np.isnan(part[0]) for part in parts):
        return np.broadcast_to(parts[0][0], (sum(part.size for part in parts),))
    return np.concatenate(parts)


def read_results(
    table: Table,
    result: Result,
    *,
    analyte: int | NDArray[np.int8],
    rules: FileRules,
    catalogue: Catalogue,
    account: Account,
    wanted: BoolArray,
) -> Measurements:
    """Read one column of results and what belongs to it; what cannot be used is noted in the account.

    Parameters
    ----------
    table : Table
    result : Result
        Which columns.
    analyte
        Position in ``IgM, IgG, IgA``, one for the column or one a row.
    rules : FileRules
    catalogue : Catalogue
    account : Account
        Of the table.
    wanted : ndarray of bool, shape (row,)
        Rows that are still in use.
    """
    column = table.columns[result.column]
    decimal = decimal_sign(column.words) if rules.decimal == "auto" else rules.decimal
    printed = [read_printed(word, decimal=decimal) for word in column.words]
    there = ~column.blank & wanted

    def note(kind: str, rows: BoolArray, values: Column = column) -> None:
        account.add(kind, rows & there, column=values.name, values=values)

    bad = np.array([BAD.index(p) if isinstance(p, str) else 0 for p in printed], dtype=np.int8)[column.codes]
    for i, kind in enumerate(BAD[1:], start=1):
        note(kind, bad == i)
    note("decimal_comma", np.array([isinstance(p, Printed) and p.comma for p in printed], dtype=bool)[column.codes])
    unit = _units(table, result, column, printed, note)
    usable = there & (bad == 0) & (unit >= 0)
    row = np.flatnonzero(usable)
    codes, unit = column.codes[row], unit[row]
    factor = _FACTORS[unit]
    values = np.array([float(p.value) if isinstance(p, Printed) else np.nan for p in printed])
    signs = np.array([COMPARATORS.index(p.comparator) if isinstance(p, Printed) else 0 for p in printed], dtype=np.int8)
    step = _steps(column, printed, codes, unit) if result.resolution is None else np.full(row.size, result.resolution)
    date_low, date_high = read_dates(table, result.date, rules=rules, catalogue=catalogue, account=account, rows=usable,
                                      future=None)  # fmt: skip
    if result.context is None:
        context = np.full(row.size, catalogue.context_index("unknown"), dtype=np.int8)
    else:
        context = read_choice(table, result.context, catalogue.ids("context"), account=account, rows=usable)[row]
        context = np.where(context < 0, catalogue.context_index("unknown"), context).astype(np.int8)
    which = np.full(row.size, analyte, dtype=np.int8) if isinstance(analyte, int) else analyte[row]
    reference = read_references(
        table,
        result,
        row=row,
        analyte=which,
        factor=factor,
        decimal=rules.decimal,
        catalogue=catalogue,
        account=account,
    )
    # rounding takes away the last binary digit, so that 0.07 g/L is 7 mg/dL
    value_mg_dl = np.round(values[codes] * factor, 9)
    step_mg_dl = np.maximum(np.round(step * factor, 9), catalogue.limits.finest_resolution_mg_dl)
    return Measurements(
        row, which, value_mg_dl, step_mg_dl, signs[codes], date_low[row], date_high[row], context, *reference
    )


def _units(
    table: Table, result: Result, column: Column, printed: list[Printed | str], note: object
) -> NDArray[np.int8]:
    """Return the position of each row's unit in `UNIT_NAMES`, -1 where it has none that is known; shape (row,)."""
    assert callable(note)
    fixed = UNIT_NAMES.index(result.unit) if result.unit else -1
    unit = np.full(table.rows, fixed, dtype=np.int8)
    own = np.array(
        [UNIT_NAMES.index(p.unit) if isinstance(p, Printed) and p.unit else -1 for p in printed], dtype=np.int8
    )[column.codes]
    if result.unit_column is not None:
        names = table.columns[result.unit_column]
        stated = names.each(lambda word: _unit_index(word), np.int8)
        unit = np.where(names.blank, unit, stated).astype(np.int8)
        note("unit_unknown", ~names.blank & (stated < 0) & (own < 0), names)
        note("unit_missing", names.blank & (unit < 0) & (own < 0), names)
    note("unit_in_cell", (own >= 0) & (own != unit))
    return np.where(own >= 0, own, unit).astype(np.int8)


def _unit_index(word: str) -> int:
    name = canonical_unit(word)
    return -1 if name is None else UNIT_NAMES.index(name)


def _steps(
    column: Column, printed: list[Printed | str], codes: NDArray[np.int32], unit: NDArray[np.int8]
) -> FloatArray:
    """Return the step that the printed digits imply, in the printed unit; shape (sample,).

    Where a unit's results never end in a zero after the decimal sign although many have as many digits, the
    export dropped final zeros: its finest step then holds for all of them.
    """
    decimals = np.array([p.decimals if isinstance(p, Printed) else 0 for p in printed], dtype=np.int64)
    zero = np.array([w.rstrip(" %abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZµ/").endswith("0")
                     for w in column.words], dtype=bool)  # fmt: skip
    digits = decimals[codes]
    ends_in_zero = zero[codes] & (digits > 0)
    for index in np.unique(unit):
        here = unit == index
        finest = int(digits[here].max())
        enough = int(np.count_nonzero(digits[here] == finest)) >= ENOUGH_TO_SEE_ZEROS
        if finest and (not column.digits_kept or (enough and not ends_in_zero[here].any())):
            digits[here] = finest
    return np.asarray(10.0 ** -digits.astype(float))


def read_dates(
    table: Table,
    name: str | None,
    *,
    rules: FileRules,
    catalogue: Catalogue,
    account: Account,
    rows: BoolArray,
    earliest: int | None = None,
    future: str | None = "date_in_future",
) -> tuple[FloatArray, FloatArray]:
    """Return start and end of each row's date in decimal years, NaN where not known; shape (row,) each.

    Parameters
    ----------
    table : Table
    name : str or None
        The column; None: no dates.
    rules : FileRules
        Order of day and month, two-digit years.
    catalogue : Catalogue
        Its limits hold the years that can be right.
    account : Account
    rows : ndarray of bool, shape (row,)
        Rows for which a bad date matters.
    earliest : int, optional
        First year that can be right, where it is not that of a sample (dates of birth).
    future : str, optional
        Kind of issue of a date in the future, which is then not used; None: such dates are given back.
    """
    if name is None:
        nowhere = np.broadcast_to(np.float64(np.nan), (table.rows,))
        return nowhere, nowhere
    column = table.columns[name]
    years = (earliest or catalogue.limits.earliest_year, catalogue.limits.latest_year)
    order, until = rules.date_order, rules.two_digit_years_until
    read = [read_date(word, order=order, until=until, years=years) for word in column.words]
    low = np.array([np.nan if isinstance(found, str) else found[0] for found in read])[column.codes]
    high = np.array([np.nan if isinstance(found, str) else found[1] for found in read])[column.codes]
    there = rows & ~column.blank
    kinds = np.array([found if isinstance(found, str) else "" for found in read])
    for kind in sorted(set(kinds.tolist()) - {""}):
        account.add(kind, there & (kinds == kind)[column.codes], column=name, values=column)
    if future is not None:
        late = low >= end_of_data(rules.data_until)
        account.add(future, there & late, column=name, values=column)
        low, high = np.where(late, np.nan, low), np.where(late, np.nan, high)
    account.add("date_partial", there & (high - low > 2 / 365), column=name, values=column)
    return low, high
