"""Columns of words: one of a few ids, or present, absent, unknown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.registry.issues import Account, BoolArray
from sigm_bayes.registry.mapping import Choice, States
from sigm_bayes.registry.tables import Table

UNKNOWN_WORD = -2


def read_choice(
    table: Table, choice: Choice, ids: Sequence[str], *, account: Account, rows: BoolArray
) -> NDArray[np.int8]:
    """Return the position in `ids` of each row's word, -1 where blank, unknown or not in the mapping; shape (row,)."""
    if choice.column is None:
        return np.full(table.rows, ids.index(choice.fixed) if choice.fixed else -1, dtype=np.int8)
    column = table.columns[choice.column]
    places = {word: ids.index(id) if id in ids else -1 for word, id in choice.words.items()}
    found = column.each(lambda word: places.get(word.lower(), UNKNOWN_WORD), np.int8)
    odd = (found == UNKNOWN_WORD) & ~column.blank & rows
    account.add("word_unknown", odd, column=column.name, values=column)
    return np.where(found == UNKNOWN_WORD, -1, found).astype(np.int8)


def read_states(table: Table, states: States, *, account: Account, rows: BoolArray) -> NDArray[np.int8]:
    """Return 1 present, 0 absent, -1 unknown for every row, shape (row,).

    An absent word counts only where the column was asked of everybody; a blank cell is always unknown.
    """
    column = table.columns[states.column]
    found = column.each(lambda word: states.words.get(word.lower(), UNKNOWN_WORD), np.int8)
    odd = (found == UNKNOWN_WORD) & ~column.blank & rows
    account.add("word_unknown", odd, column=column.name, values=column)
    found[found == UNKNOWN_WORD] = -1
    if not states.asked:
        account.add("not_asked", (found == 0) & rows, column=column.name, values=column)
        found[found == 0] = -1
    return found
