"""A hospital export of 57,000 rows with twenty kinds of fault: every row is accounted for, with its reason."""

import numpy as np
import pytest

REJECTED = {
    "text": ("value_not_a_number", "IgM"),
    "blank": ("no_igm", ""),
    "negative": ("value_negative", "IgM"),
    "negative_age": ("age_negative", "Alter"),
    "age_text": ("age_not_a_number", "Alter"),
    "old": ("age_impossible", "Alter"),
    "infant": ("under_6_months", ""),
    "no_id": ("no_person_id", "PatNr"),
    "before_birth": ("before_birth", "IgM"),
    "duplicate": ("duplicate_row", "PatNr"),
    "grams": ("unit_suspected", "IgM"),
    "below_in_grams": ("unit_suspected", "IgM"),
}
CAUTION = {
    "two_digit_year": ("date_two_digit_year", "Datum"),
    "mojibake": ("text_repaired", "Klinik"),
    "ivig": ("igg_on_replacement", "IgG"),
    "odd_word": ("word_unknown", "Pneumonie"),
}
NOTED = {"decimal_comma": ("decimal_comma", "IgM"), "partial_date": ("date_partial", "Datum")}


def status_of(registry):
    account = registry.people.account
    return dict(zip(registry.people.table.records.tolist(), account.status.tolist(), strict=True))


def test_every_row_is_accounted_for_once(export):
    people = export.registry.people
    assert people.rows == 57_000
    assert sum(people.counts().values()) == 57_000
    numbers = [*people.table.records.tolist(), *(number for number, _ in people.table.unreadable)]
    assert sorted(numbers) == list(range(1, 57_001))


def test_clean_rows_are_accepted_without_remark(export):
    status = status_of(export.registry)
    assert {status[row] for row in export.faults["clean"]} == {0}


@pytest.mark.parametrize("fault", sorted(REJECTED | CAUTION | NOTED))
def test_a_fault_is_named_in_every_row_that_has_it_and_in_no_other(export, kinds, fault):
    kind, column = (REJECTED | CAUTION | NOTED)[fault]
    rows = set(export.faults[fault])
    named = kinds(export.registry.people, kind, column)
    assert rows
    assert rows <= named
    sharing = {other for other, (k, c) in (REJECTED | CAUTION | NOTED).items() if (k, c) == (kind, column)}
    if kind == "no_igm":  # also the consequence of a value that cannot be used
        sharing |= {"text", "negative", "before_birth", "grams", "below_in_grams"}
    assert named == set().union(*(export.faults[other] for other in sharing))


@pytest.mark.parametrize(("faults", "expected"), [(REJECTED, 2), (CAUTION, 1), (NOTED, 0)])
def test_what_follows_from_a_fault(export, faults, expected):
    status = status_of(export.registry)
    assert {status[row] for fault in faults for row in export.faults[fault]} == {expected}


def test_rows_that_cannot_be_split_are_listed(export):
    lost = [number for number, _ in export.registry.people.table.unreadable]
    assert lost == export.faults["too_many_cells"]


def test_values_are_as_printed_and_never_converted(export):
    registry = export.registry
    table = registry.people.table
    printed = {table.columns["PatNr"].text(i): table.columns["IgM"].text(i) for i in range(table.rows)}
    igm = np.flatnonzero(registry.samples["analyte"] == 0)
    chosen = igm[:: max(igm.size // 500, 1)]
    for i in chosen:
        text = printed[registry.person_id[registry.samples["person"][i]]].replace(",", ".")
        assert registry.samples["value"][i] == float(text.lstrip("<"))
    low = registry.samples["value"][igm[registry.samples["comparator"][igm] == 0]]
    assert low.min() > 10.0  # nothing in g/L slipped through


def test_encoding_and_separator_are_told(export):
    assert export.registry.people.table.notes == ("encoding cp1252", "separator ;")
    assert sorted(export.registry.centres) == ["Köln", "München", "Zürich"]


def test_the_accepted_people_come_as_a_dataset(export):
    data = export.registry.to_dataset()
    assert dict(data.sizes)["person"] == export.registry.size
    dims = {"person", "finding", "union", "cause", "test", "sample", "exposure", "episode", "site"}
    assert set(data.dims) == dims
    assert data["findings"].sel(finding="otitis_media").max() == 1
    assert data["findings"].sel(finding="otitis_media").isin([-1, 1]).all()  # not asked: 0 is unknown
    assert (data["findings"].sel(finding="pneumonia") == 0).any()
    assert data["sample_person"].max() < data.sizes["person"]
