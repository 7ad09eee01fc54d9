"""Rows and results -> people: visits of one person come together, and what is left without IgM is rejected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sigm_bayes.registry.ages import too_early
from sigm_bayes.registry.courses import cause_ids, extreme_dates, merge_courses
from sigm_bayes.registry.invasive import merge_episodes
from sigm_bayes.registry.issues import Account, BoolArray, IntArray
from sigm_bayes.registry.low_igm import first_igm_date, first_low_igm
from sigm_bayes.registry.mapping import LABELS, Mapping
from sigm_bayes.registry.mapping_file import invasive_ids
from sigm_bayes.registry.measurements import Measurements
from sigm_bayes.registry.people import SAMPLES, TEST_STATES, Registry, Tally
from sigm_bayes.registry.rows import Rows
from sigm_bayes.registry.settle import finding_ids, settle_infections, union_members
from sigm_bayes.registry.tables import Table

if TYPE_CHECKING:
    from sigm_bayes.catalogue import Catalogue

FloatArray = NDArray[np.float64]
SPOILED = ("pneumococcal_response", "protein_vaccine_response", "igg_subclasses", "isohaemagglutinins")
"""Tests that donor immunoglobulin makes uninterpretable."""


def merge(
    rows: Rows,
    found: Measurements,
    *,
    mapping: Mapping,
    people: Tally,
    measured: Tally | None,
    owner: IntArray | None,
    catalogue: Catalogue,
) -> Registry:
    """Return the registry.

    Parameters
    ----------
    rows : Rows
        What the rows of the table of people say.
    found : Measurements
        Usable results; `row` is a row of the table of people.
    mapping : Mapping
    people, measured : Tally
        Accounts of the tables; they receive what is found here.
    owner : ndarray of int, shape (sample row,), or None
        Row of the table of people of every row of the table of samples, -1 where it has none.
    catalogue : Catalogue
    """
    account = people.account
    _conflicts(rows, account)
    age = _ages(rows, found, account, catalogue)
    index = _index(rows, found, account)
    size = int(index.max(initial=-1)) + 1
    first = _first_rows(index, found, size)
    tests = _replaced(rows, account, catalogue)
    label = _labels(rows, index, size, account, mapping)
    states: dict[str, Any] = {name: _any(getattr(rows, name), index, size) for name in ("findings", "unions", "causes")}
    _differing(rows, index, states, account)
    _at_their_age(states["causes"], rows, index, age[0][first], account, mapping, catalogue)
    samples = _samples(found, index)
    sex = _any(rows.sex[:, None], index, size)[:, 0]
    episodes = merge_episodes(rows.episodes, index, states["findings"], catalogue)
    members = union_members(mapping, catalogue)
    no_infection = _settle(rows, index, states, episodes, members, people, mapping, catalogue)
    exposures = merge_courses(
        rows.courses,
        index,
        low_igm=lambda: first_low_igm(samples, age[0][first], sex, size),
        first_igm=lambda: first_igm_date(samples, size),
        account=account,
        columns=[mapping.course_column(id) for id in cause_ids(catalogue)],
    )
    there = states["causes"][exposures["person"], exposures["cause"]] == 1
    if measured is not None and owner is not None and index.size:
        lost = (owner >= 0) & (index[owner] < 0) & ~measured.account.rejected
        measured.account.add("unknown_person", lost)
    return Registry(
        **_identity(rows, index, first, people.table, mapping),
        age_years=age[0][first],
        age_low=age[1][first],
        age_high=age[2][first],
        gestational_weeks=_known(rows.gestation, index, first),
        sex=sex,
        setting=_known(rows.setting, index, first),
        **label,
        **_statuses(rows, index, first, samples, account, mapping),
        on_immunoglobulin=_any(rows.on_immunoglobulin[:, None], index, size)[:, 0],
        **_replacement(rows, index, size),
        known_inborn_error=_any(rows.known_inborn_error[:, None], index, size)[:, 0],
        no_significant_infection=no_infection,
        **states,
        union_members=members,
        tests=_any(tests, index, size),
        exposures={name: values[there] for name, values in exposures.items()},
        episodes=episodes,
        samples=samples,
        **_names(mapping, catalogue),
        people=people,
        measured=measured,
    )


def _settle(
    rows: Rows,
    index: IntArray,
    states: dict[str, Any],
    episodes: dict[str, Any],
    members: NDArray[np.bool_],
    people: Tally,
    mapping: Mapping,
    catalogue: Catalogue,
) -> NDArray[np.int8]:
    """Bring what is said of infections into agreement, and return who had no significant one; shape (person,)."""
    none, contradicted = settle_infections(
        states,
        episodes,
        _any(rows.no_significant_infection[:, None], index, states["findings"].shape[0])[:, 0],
        members,
        catalogue,
        union_ids=tuple(union.id for union in mapping.unions),
    )
    for id, who in contradicted.items():
        name = mapping.column_of(id)
        if name is not None and who.any():
            column = people.table.columns[name]
            said = (index >= 0) & who[index] & ~column.blank
            people.account.add("infection_contradicts", said, column=name, values=column)
    return none


def _names(mapping: Mapping, catalogue: Catalogue) -> dict[str, Any]:
    """Return what the positions in the arrays mean."""
    sites, organisms, severities, numbers = invasive_ids(catalogue)
    return {
        "finding_ids": finding_ids(catalogue),
        "union_ids": tuple(union.id for union in mapping.unions),
        "cause_ids": cause_ids(catalogue),
        "test_ids": catalogue.ids("test"),
        "settings": catalogue.ids("setting"),
        "labels": LABELS,
        "contexts": catalogue.ids("context"),
        "sites": sites,
        "organisms": organisms,
        "severities": severities,
        "numbers": numbers,
    }


def _identity(rows: Rows, index: IntArray, first: IntArray, table: Table, mapping: Mapping) -> dict[str, Any]:
    """Return ids and centres of people."""
    names = table.columns[mapping.person_id].words if mapping.person_id is not None else ()
    numbers = rows.person[first]
    ids = [names[i] for i in numbers] if names else [f"row {n}" for n in table.records[first]]
    words = table.columns[mapping.centre].words if mapping.centre is not None else ()
    used, centre = np.unique(_known(rows.centre, index, first), return_inverse=True)
    unknown = int(np.count_nonzero(used < 0))
    return {
        "person_id": np.array(ids, dtype=object),
        "centre": (centre - unknown).astype(np.int32),
        "centres": tuple(words[i] for i in used if i >= 0),
    }


def _known(values: Any, index: IntArray, first: IntArray) -> Any:
    """Return what the row of each person's first IgM says, else the first of the person's rows that says anything."""
    out = np.array(values[first])
    blank = np.isnan if values.dtype.kind == "f" else (lambda array: array < 0)
    if not blank(out).any() or np.count_nonzero(index >= 0) == first.size:
        return out
    said = np.flatnonzero((index >= 0) & ~blank(values))[::-1]
    other = np.full(out.size, np.nan if values.dtype.kind == "f" else -1, dtype=values.dtype)
    other[index[said]] = values[said]
    return np.where(blank(out), other, out)


def _conflicts(rows: Rows, account: Account) -> None:
    """Reject rows whose sex or date of birth contradicts the first row of the same person."""
    used = np.flatnonzero(~account.rejected)
    odd = np.zeros(account.status.size, dtype=bool)
    for value in (rows.sex.astype(float), rows.birth_low):
        known = used[(value[used] >= 0)]
        persons, first = np.unique(rows.person[known], return_index=True)
        leader = known[first][np.searchsorted(persons, rows.person[known])]
        same = value[known] == value[leader]
        if value is rows.birth_low:  # a year and a day in it agree
            same = (rows.birth_low[known] < rows.birth_high[leader]) & (rows.birth_low[leader] < rows.birth_high[known])
        odd[known[~same]] = True
    account.add("conflicting_person", odd)


def _ages(
    rows: Rows, found: Measurements, account: Account, catalogue: Catalogue
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the age of every row's person at that row's earliest IgM, with its lowest and highest possible value.

    Rows without a usable age are rejected.
    """
    birth = (rows.birth_low + rows.birth_high) / 2
    dated = np.flatnonzero((found.analyte == 0) & ~np.isnan(found.date))
    order = dated[np.argsort(found.date[dated], kind="stable")[::-1]]
    start, end = np.full(birth.size, np.nan), np.full(birth.size, np.nan)
    start[found.row[order]], end[found.row[order]] = found.date_low[order], found.date_high[order]
    given = ~np.isnan(rows.age_given)
    age = np.where(given, rows.age_given, (start + end) / 2 - birth)
    low = np.where(given, rows.age_low, np.maximum(start - rows.birth_high, 0.0))
    high = np.where(given, rows.age_high, end - rows.birth_low)
    used = ~account.rejected
    has_igm = np.zeros(birth.size, dtype=bool)
    has_igm[found.row[found.analyte == 0]] = True
    account.add("age_missing", used & np.isnan(age) & has_igm)
    account.add("age_negative", used & (age < 0))
    account.add("age_impossible", used & (age > catalogue.limits.highest_age_years))
    limit = catalogue.limits.answered_from_years + too_early(age, rows.gestation, catalogue)
    account.add("under_6_months", used & (age >= 0) & (age < limit))
    account.add("may_be_under_6_months", used & has_igm & (age >= limit) & (low < limit) & ~given)
    broad = used & ~given & (rows.birth_high - rows.birth_low > 2 / 365)
    account.add("age_from_birth_year", broad)
    return age, low, high


def _index(rows: Rows, found: Measurements, account: Account) -> IntArray:
    """Return the position of every row's person, -1 for rejected rows; people without IgM are rejected."""
    usable = ~account.rejected
    with_igm = found.row[(found.analyte == 0) & usable[found.row]]
    have = np.zeros(int(rows.person.max(initial=-1)) + 1, dtype=bool)
    have[rows.person[with_igm]] = True
    account.add("no_igm", usable & ~have[rows.person])
    kept = np.flatnonzero(~account.rejected)
    index = np.full(usable.size, -1, dtype=np.int64)
    persons, first, inverse = np.unique(rows.person[kept], return_index=True, return_inverse=True)
    place = np.empty(persons.size, dtype=np.int64)
    place[np.argsort(first)] = np.arange(persons.size)  # people in order of appearance
    index[kept] = place[inverse]
    return index


def _first_rows(index: IntArray, found: Measurements, size: int) -> IntArray:
    """Return the row of every person with the earliest IgM (undated ones last, then as in the file)."""
    igm = found.take((found.analyte == 0) & (index[found.row] >= 0))
    order = np.lexsort((igm.row, np.nan_to_num(igm.date, nan=np.inf)))[::-1]
    first = np.zeros(size, dtype=np.int64)
    first[index[igm.row[order]]] = igm.row[order]
    return first


def _replaced(rows: Rows, account: Account, catalogue: Catalogue) -> NDArray[np.int8]:
    """Return the tests, those that donor immunoglobulin has spoiled not interpretable; shape (row, test)."""
    tests = rows.tests.copy()
    spoiled = [catalogue.test_index(id) for id in SPOILED if catalogue.has("test", id)]
    on = rows.on_immunoglobulin == 1
    done = tests[:, spoiled] >= TEST_STATES.index("normal")
    account.add("tests_on_replacement", on & done.any(axis=1) & ~account.rejected)
    tests[:, spoiled] = np.where(on[:, None] & done, TEST_STATES.index("not_interpretable"), tests[:, spoiled])
    return tests


def _any(states: NDArray[np.int8], index: IntArray, size: int) -> NDArray[np.int8]:
    """Return the highest state of each person's rows: present before absent before unknown; shape (person, ...)."""
    out = np.full((size, states.shape[1]), -1, dtype=np.int8)
    kept = index >= 0
    if np.array_equal(index[kept], np.arange(size)):  # one row a person: nothing to bring together
        return states[kept]
    np.maximum.at(out, index[kept], states[kept])
    return out


def _differing(rows: Rows, index: IntArray, states: dict[str, NDArray[np.int8]], account: Account) -> None:
    """Note rows that say absent where another row of the person says present."""
    kept = np.flatnonzero(index >= 0)
    odd = np.zeros(index.size, dtype=bool)
    for name, merged in states.items():
        odd[kept] |= ((getattr(rows, name)[kept] == 0) & (merged[index[kept]] == 1)).any(axis=1)
    account.add("states_differ", odd)


def _at_their_age(
    causes: NDArray[np.int8],
    rows: Rows,
    index: IntArray,
    age: FloatArray,
    account: Account,
    mapping: Mapping,
    catalogue: Catalogue,
) -> None:
    """Take out, in place, exposures that do not occur at the age of the person; shape (person, cause)."""
    for k, id in enumerate(cause_ids(catalogue)):
        oldest = catalogue.causes[catalogue.cause_index(id)].max_age_years
        if oldest is None:
            continue
        odd = (causes[:, k] == 1) & (age > oldest)
        if odd.any():
            who = (index >= 0) & (rows.causes[:, k] == 1) & odd[index]
            account.add("cause_not_at_age", who, column=mapping.column_of(id) or id)
        causes[odd, k] = -1


def _statuses(
    rows: Rows, index: IntArray, first: IntArray, samples: dict[str, Any], account: Account, mapping: Mapping
) -> dict[str, Any]:
    """Return what is said of IgG and IgA without a number; a result counts before it, and replacement spoils IgG."""
    out: dict[str, Any] = {}
    for analyte, name in ((1, "igg_status"), (2, "iga_status")):
        values = getattr(rows, name)
        status = _known(values, index, first)
        measured = np.zeros(status.size, dtype=bool)
        measured[samples["person"][samples["analyte"] == analyte]] = True
        said = (values >= 0) & (index >= 0)
        column = mapping.column_of(name) or ""
        account.add("status_beside_result", said & measured[index] if status.size else said, column=column)
        status[measured] = -1
        if name == "igg_status":
            on = _any(rows.on_immunoglobulin[:, None], index, status.size)[:, 0] == 1
            account.add("igg_on_replacement", said & (on & ~measured)[index] if status.size else said, column=column)
            status[on] = -1
        out[name] = status.astype(np.int8)
    return out


def _replacement(rows: Rows, index: IntArray, size: int) -> dict[str, Any]:
    """Return the first date on which immunoglobulin replacement began and the last on which it stopped."""
    out: dict[str, Any] = {}
    kept = index >= 0
    for name, pair, latest in (
        ("immunoglobulin_started", rows.replacement_started, False),
        ("immunoglobulin_stopped", rows.replacement_stopped, True),
    ):
        low, high = extreme_dates(pair[0][kept], pair[1][kept], index[kept], size, latest=latest)
        out |= {f"{name}_low": low, f"{name}_high": high}
    return out


def _labels(rows: Rows, index: IntArray, size: int, account: Account, mapping: Mapping) -> dict[str, Any]:
    """Return the latest label of each person, its date, the first one, and whether it changed.

    Labels that differ without dates, or on the latest date, are not used.
    """
    label, date = np.full(size, -1, dtype=np.int8), np.full(size, np.nan)
    first = label.copy()
    kept = index[rows.labels.row] >= 0
    row, said, dates = rows.labels.row[kept], rows.labels.label[kept], rows.labels.date[kept]
    person = index[row]
    when = np.nan_to_num(dates, nan=-np.inf)
    order = np.lexsort((row, when))
    label[person[order]], date[person[order]] = said[order], dates[order]
    first[person[order[::-1]]] = said[order[::-1]]
    differs = said != label[person]
    changed, unclear = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)
    changed[person[differs]] = True
    latest = np.nan_to_num(date, nan=-np.inf)
    unclear[person[differs & ((when == -np.inf) | (when == latest[person]))]] = True
    label[unclear], date[unclear], first[unclear] = -1, np.nan, -1
    by_row = np.zeros(index.size, dtype=bool)
    for kind, who in (("label_changed", changed & ~unclear), ("label_date_missing", unclear)):
        by_row[:] = False
        by_row[row[who[person]]] = True
        column = mapping.label.column if mapping.label is not None and mapping.label.column is not None else ""
        account.add(kind, by_row, column=column)
    return {"label": label, "label_date": date, "first_label": first, "label_changed": changed & ~unclear}


def _samples(found: Measurements, index: IntArray) -> dict[str, Any]:
    """Return the samples of accepted people, ordered by person, analyte and date."""
    kept: BoolArray = index[found.row] >= 0
    found = found.take(kept)
    low, high = found.interval()
    person = index[found.row]
    order = np.lexsort((found.value, np.nan_to_num(found.date, nan=np.inf), found.analyte, person))
    columns = {"person": person, "low": low, "high": high}
    return {name: columns.get(name, getattr(found, name, low))[order] for name in SAMPLES}
