"""Printed reference intervals: two columns, or one with both ends, in the unit of the value -> mg/dL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.registry.issues import Account, BoolArray, IntArray
from sigm_bayes.registry.mapping import Result
from sigm_bayes.registry.results import Decimals, Printed, decimal_sign, read_printed
from sigm_bayes.registry.tables import Column, Table
from sigm_bayes.registry.unit_check import ANALYTES

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue

FloatArray = NDArray[np.float64]
_BOTH = re.compile(
    r"[\[(]?\s*([0-9]+(?:[.,][0-9]+)*)\s*(?:-|\u2013|\u2014|to|bis|\.\.\.?)\s*([0-9]+(?:[.,][0-9]+)*)\s*[^0-9]{0,12}"
)


def read_references(
    table: Table,
    result: Result,
    *,
    row: IntArray,
    analyte: NDArray[np.int8],
    factor: FloatArray,
    decimal: Decimals,
    catalogue: Catalogue,
    account: Account,
) -> tuple[FloatArray, FloatArray]:
    """Return both ends in mg/dL of the reference interval of every result, NaN where none; shape (sample,) each.

    Parameters
    ----------
    table : Table
    result : Result
        Which columns.
    row : ndarray of int, shape (sample,)
        Row of each result.
    analyte : ndarray of int, shape (sample,)
        Position in ``IgM, IgG, IgA``.
    factor : ndarray, shape (sample,)
        What one unit of the result is in mg/dL.
    decimal
        Decimal sign of the file, or ``auto``.
    catalogue : Catalogue
        Which intervals can be believed.
    account : Account
        Receives what cannot be used.
    """
    nowhere = np.broadcast_to(np.float64(np.nan), (row.size,))
    if result.reference is not None:
        columns = [table.columns[result.reference]]
        pair = _both(columns[0], decimal)
    elif result.reference_low is not None and result.reference_high is not None:
        columns = [table.columns[name] for name in (result.reference_low, result.reference_high)]
        pair = tuple(_numbers(column, decimal)[column.codes] for column in columns)  # type: ignore[assignment]
    else:
        return nowhere, nowhere
    low, high = pair[0][row], pair[1][row]
    stated = np.zeros(row.size, dtype=bool)
    for column in columns:
        stated |= ~column.blank[row]
    readable = np.isfinite(low) & np.isfinite(high)

    def note(kind: str, where: BoolArray) -> None:
        rows = np.zeros(table.rows, dtype=bool)
        rows[row[where]] = True
        account.add(kind, rows, column=columns[-1].name, values=columns[-1])

    note("reference_not_readable", stated & ~readable)
    low, high = np.round(low * factor, 9), np.round(high * factor, 9)
    rows = [catalogue.analyte(name) for name in ANALYTES]
    least = np.array([entry.lowest_upper_limit_mg_dl for entry in rows])[analyte]
    most = np.array([entry.highest_mg_dl for entry in rows])[analyte]
    with np.errstate(invalid="ignore"):
        sound = (low >= 0) & (low < high) & (high >= least) & (high <= most)
    note("reference_not_believed", readable & ~sound)
    return np.where(sound, low, np.nan), np.where(sound, high, np.nan)


def _number(word: str, decimal: Decimals) -> float:
    read = read_printed(word, decimal=decimal)
    return float(read.value) if isinstance(read, Printed) and read.comparator == "=" else np.nan


def _numbers(column: Column, decimal: Decimals) -> FloatArray:
    sign = decimal_sign(column.words) if decimal == "auto" else decimal
    return np.array([_number(word, sign) for word in column.words], dtype=float)


def _both(column: Column, decimal: Decimals) -> tuple[FloatArray, FloatArray]:
    """Return both ends from cells such as ``40-230`` or ``[0,4 - 2,3]``; shape (row,) each."""
    matches = [_BOTH.fullmatch(word) if len(word) <= 60 else None for word in column.words]
    sign: Decimals = decimal
    if decimal == "auto":
        sign = decimal_sign(end for match in matches if match for end in match.groups())
    ends = [(_number(match[1], sign), _number(match[2], sign)) if match else (np.nan, np.nan) for match in matches]
    both = np.array(ends, dtype=float).reshape(-1, 2)[column.codes]
    return both[:, 0], both[:, 1]
