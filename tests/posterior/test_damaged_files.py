"""Files that do not fit their description, hostile and damaged ones: one clear error each."""

import io
import pickle
import zipfile

import numpy as np
import pytest

from sigm_bayes.errors import ModelError
from sigm_bayes.posterior import load_posterior


def drop_variable(meta, arrays):
    del arrays["pi"]


def unknown_variable(meta, arrays):
    arrays["extra"] = arrays["pi"]


def change_one_draw(meta, arrays):
    arrays["pi"][0] += 1


def put_nan(meta, arrays):
    arrays["hazard"][4, 1] = np.nan


def put_infinity(meta, arrays):
    arrays["hazard"][4, 1] = -np.inf


def cut_draws(meta, arrays):
    arrays["pi"] = arrays["pi"][:50]


def lose_a_label(meta, arrays):
    meta["coords"]["cause"] = ["hiv"]


def lose_a_dim(meta, arrays):
    meta["coords"] = {}


def dims_as_text(meta, arrays):
    meta["dims"]["hazard"] = "cause"


def dim_as_list(meta, arrays):
    meta["dims"]["hazard"] = [["cause"]]


def dims_as_list(meta, arrays):
    meta["dims"] = []


def double(meta, arrays):
    arrays["pi"] = arrays["pi"].astype(np.float64)


def text_array(meta, arrays):
    arrays["pi"] = arrays["pi"].astype(str)


def other_format(meta, arrays):
    meta["format"] = 99


def no_hash(meta, arrays):
    del meta["draws_sha256"]


def negative_draws(meta, arrays):
    meta["draws"] = -1


BOTH = [
    (lose_a_dim, r"'hazard': dims \['cause'\] are not all labelled"),
    (dims_as_text, "'hazard': dims 'cause' are not all labelled"),
    (dim_as_list, "are not all labelled"),
    (dims_as_list, "dims and coords of its description must be objects"),
    (other_format, "format 99, this version reads 1 and 2"),
    (no_hash, "its description lacks draws_sha256"),
    (negative_draws, "draws is -1"),
]


@pytest.fixture
def refused(rewrite):
    """Changes a released file and holds the error to its message."""

    def hold(folder, change, message):
        rewrite(folder, change)
        with pytest.raises(ModelError, match=message) as error:
            load_posterior(folder)
        assert str(folder / "posterior.npz") in str(error.value)
        assert "sigm model build" in str(error.value)

    return hold


@pytest.mark.parametrize(
    ("change", "message"),
    [
        *BOTH,
        (drop_variable, "variable pi is missing"),
        (unknown_variable, "variable extra is missing, or has no dims"),
        (change_one_draw, "not those that were released"),
        (put_nan, "variable 'hazard' has 1 values that are NaN or infinite"),
        (put_infinity, "variable 'hazard' has 1 values that are NaN or infinite"),
        (cut_draws, r"variable 'pi' has shape \(50,\), expected \(100,\)"),
        (lose_a_label, r"shape \(100, 2\), expected \(100, 1\)"),
        (double, "type float64, expected float32"),
        (text_array, "variable 'pi' has type"),
    ],
)
def test_files_of_float32_that_do_not_fit_their_description(single, refused, change, message):
    refused(single, change, message)


def change_one_code(meta, arrays):
    arrays["__codes__"][0] ^= 1


def change_one_step(meta, arrays):
    arrays["__scale__"][1, 0] *= 2.0


def swap_names(meta, arrays):
    meta["dims"] = {"pi": ["cause"], "hazard": []}


def rename(meta, arrays):
    meta["dims"]["psi"] = meta["dims"].pop("pi")


def no_codes(meta, arrays):
    del arrays["__codes__"]


def no_scale(meta, arrays):
    del arrays["__scale__"]


def one_more_entry(meta, arrays):
    arrays["pi"] = np.zeros(100)


def cut_codes(meta, arrays):
    arrays["__codes__"] = arrays["__codes__"][:-100]


def wide_codes(meta, arrays):
    arrays["__codes__"] = arrays["__codes__"].astype(np.int64)


def codes_of_a_table(meta, arrays):
    arrays["__codes__"] = arrays["__codes__"].reshape(100, 3)


def narrow_scale(meta, arrays):
    arrays["__scale__"] = arrays["__scale__"].astype(np.float32)


def flat_scale(meta, arrays):
    arrays["__scale__"] = arrays["__scale__"].ravel()


def offset_nan(meta, arrays):
    arrays["__scale__"][0, 1] = np.nan


def step_negative(meta, arrays):
    arrays["__scale__"][1, 1] = -1.0


def step_that_overflows(meta, arrays):
    arrays["__scale__"][1, 1] = 1e307


def more_draws(meta, arrays):
    meta["draws"] = 10**30


@pytest.mark.parametrize(
    ("change", "message"),
    [
        *BOTH,
        (change_one_code, "not those that were released"),
        (change_one_step, "not those that were released"),
        (swap_names, "not those that were released"),
        (rename, "not those that were released"),
        (no_codes, "entry __codes__ is missing"),
        (no_scale, "entry __scale__ is missing"),
        (one_more_entry, "entry pi is missing, or does not belong there"),
        (cut_codes, r"__codes__ has type uint16 and shape \(200,\), expected uint16 and \(300,\)"),
        (wide_codes, "__codes__ has type int64"),
        (codes_of_a_table, r"shape \(100, 3\)"),
        (lose_a_label, r"expected uint16 and \(200,\)"),
        (more_draws, "__codes__ has type uint16"),
        (narrow_scale, "__scale__ has type float32"),
        (flat_scale, r"__scale__ has type float64 and shape \(6,\), expected float64 and \(2, 3\)"),
        (offset_nan, "1 offsets or steps in it are not numbers that draws can have"),
        (step_negative, "1 offsets or steps"),
        (step_that_overflows, "1 offsets or steps"),
    ],
)
def test_files_that_do_not_fit_their_description(released, refused, change, message):
    refused(released, change, message)


class Hostile:
    def __reduce__(self):
        return (pytest.fail, ("the file was unpickled",))


def pickled_object(path):
    np.savez(path, pi=np.array([Hostile()], dtype=object), allow_pickle=True)


def bare_pickle(path):
    path.write_bytes(pickle.dumps(Hostile()))


def plain_array(path):
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3))
    path.write_bytes(buffer.getvalue())


def truncated(path):
    path.write_bytes(path.read_bytes()[:-200])


def damaged(path):
    raw = bytearray(path.read_bytes())
    middle = raw.index(b"__codes__.npy") + 300
    raw[middle] ^= 0xFF
    path.write_bytes(raw)


def no_description(path):
    np.savez(path, pi=np.zeros(3, dtype=np.float32))


def description_not_json(path):
    np.savez(path, __meta__=np.frombuffer(b"{not json", dtype=np.uint8))


def description_a_list(path):
    np.savez(path, __meta__=np.frombuffer(b"[]", dtype=np.uint8))


def empty(path):
    path.write_bytes(b"")


def zip_of_text(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("pi.npy", "not an array")


def bomb(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("pi.npy", bytes(50_000_000))


def header_without_data(path):
    """An array header that announces 8 TB."""
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }"
    header = header.ljust(117) + b"\n"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("pi.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)


@pytest.mark.parametrize(
    "spoil",
    [
        pickled_object, bare_pickle, plain_array, truncated, damaged, no_description, description_not_json,
        description_a_list, empty, zip_of_text, bomb, header_without_data,
    ],
)  # fmt: skip
def test_hostile_and_damaged_files_end_in_one_clear_error(released, spoil):
    path = released / "posterior.npz"
    spoil(path)
    with pytest.raises(ModelError) as error:
        load_posterior(released)
    assert str(path) in str(error.value)
    assert "sigm model build" in str(error.value)
