"""The released file: round trip, speed, light imports, and hostile or damaged files."""

import hashlib
import io
import json
import pickle
import subprocess
import sys
import time
import tomllib
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as float_arrays

from sigm_bayes.errors import ModelError
from sigm_bayes.posterior import MAX_BYTES, load_posterior, save_posterior
from sigm_bayes.posterior.codes import encode

META = {"name": "toy", "version": "1.0", "created": "2026-11-22T00:00:00+00:00", "evidence_sha256": "e" * 64}


def content(draws: int = 100) -> dict:
    rng = np.random.default_rng(3)
    return {
        "variables": {"pi": rng.normal(size=draws), "hazard": rng.normal(size=(draws, 2))},
        "dims": {"pi": (), "hazard": ("cause",)},
        "coords": {"cause": ["hiv", "burns"]},
        "meta": META,
    }


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "model.toml").write_text('kind = "sigm"\n')
    (tmp_path / "priors.toml").write_text("a = 1\n")
    return tmp_path


@pytest.fixture
def released(folder):
    save_posterior(folder, **content())
    return folder


@pytest.fixture
def single(released):
    """The same release as a file of format 1: an entry of float32 a variable."""

    def older(meta, arrays):
        draws = {name: values.astype(np.float32) for name, values in content()["variables"].items()}
        total = hashlib.sha256()
        for name in sorted(draws):
            total.update(f"{name}\0{draws[name].dtype.str}\0{draws[name].shape}\0".encode() + draws[name].tobytes())
        meta |= {"format": 1, "draws_sha256": total.hexdigest()}
        del arrays["__codes__"], arrays["__scale__"]
        arrays |= draws

    rewrite(released, older)
    return released


def rewrite(folder, change):
    """Apply `change` to the raw entries (arrays and the description) and write the file again."""
    path = folder / "posterior.npz"
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files}
    meta = json.loads(arrays.pop("__meta__").tobytes())
    change(meta, arrays)
    np.savez(path, **arrays, __meta__=np.frombuffer(json.dumps(meta).encode(), dtype=np.uint8))


def test_round_trip(released):
    posterior = load_posterior(released, require=["pi"])
    for name, values in content()["variables"].items():
        got = posterior.variables[name]
        assert got.dtype == np.float64
        half_a_step = 0.5001 * np.ptp(values, axis=0) / 65_535
        assert (np.abs(got - values) <= half_a_step).all()
        np.testing.assert_array_equal(got.min(axis=0), values.min(axis=0))  # the lowest stays on its side of a bound
    assert posterior.dims == {"pi": (), "hazard": ("cause",)}
    assert posterior.coords == {"cause": ("hiv", "burns")}
    assert posterior.draws == 100
    assert posterior.meta["format"] == 2
    assert posterior.meta["evidence_sha256"] == "e" * 64


def test_the_first_draws_are_those_of_all(released):
    posterior = load_posterior(released)
    for name, values in posterior.first(7).items():
        np.testing.assert_array_equal(values, posterior.variables[name][:7])


def test_a_file_of_float32_is_read(single):
    posterior = load_posterior(single, require=["pi"])
    assert posterior.meta["format"] == 1
    for name, values in content()["variables"].items():
        assert posterior.variables[name].dtype == np.float64
        np.testing.assert_array_equal(posterior.variables[name], values.astype(np.float32))
        np.testing.assert_array_equal(posterior.first(7)[name], values.astype(np.float32)[:7])


def test_rounding_is_far_below_the_monte_carlo_error():
    """Of 2,000 normal draws by less than a 15,000th of their SD; with tails of 3 degrees of freedom a 4,000th."""
    rng = np.random.default_rng(5)
    for draws, part in ((rng.normal(3.0, 0.01, size=(2000, 50)), 15_000), (rng.standard_t(3, size=(2000, 50)), 4_000)):
        moved = np.abs(encode(draws).values() - draws).max(axis=0)
        assert np.median(moved / draws.std(axis=0)) < 1.0 / part


@settings(deadline=None)
@given(float_arrays(np.float64, (4, 2), elements=st.floats(-1e300, 1e300)))
def test_any_finite_draws_come_back_within_their_range(draws):
    got = encode(draws).values()
    low, high = draws.min(axis=0), draws.max(axis=0)
    near = 4.0 * np.spacing(np.abs(draws).max(axis=0)) + 65_535 * 5e-324  # a step that is subnormal is rounded too
    assert (got >= low).all()
    assert (got <= high + near).all()
    assert (np.abs(got - draws) <= 0.5001 * (high - low) / 65_535 + near).all()


def test_line_ends_and_time_stamps_do_not_change_the_model_digest(released):
    (released / "model.toml").write_bytes(b'kind = "sigm"\r\n')
    load_posterior(released)


@pytest.mark.parametrize("file", ["model.toml", "priors.toml"])
def test_draws_of_another_specification_are_refused(released, file):
    (released / file).write_text('kind = "sigm"\nchanged = true\n')
    with pytest.raises(ModelError, match=r"fitted to another model\.toml or priors\.toml.*sigm model build"):
        load_posterior(released)
    load_posterior(released, check_model=False)


def test_priors_that_vanished_are_noticed(released):
    (released / "priors.toml").unlink()
    with pytest.raises(ModelError, match="fitted to another"):
        load_posterior(released)


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


def refused(folder, change, message):
    rewrite(folder, change)
    with pytest.raises(ModelError, match=message) as error:
        load_posterior(folder)
    assert str(folder / "posterior.npz") in str(error.value)
    assert "sigm model build" in str(error.value)


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
def test_files_of_float32_that_do_not_fit_their_description(single, change, message):
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
def test_files_that_do_not_fit_their_description(released, change, message):
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


def test_no_file(folder):
    with pytest.raises(ModelError, match=r"no released posterior there\. Build it again with `sigm model build`"):
        load_posterior(folder)


def test_a_required_variable_that_is_absent(released):
    with pytest.raises(ModelError, match="variable rho is missing"):
        load_posterior(released, require=["pi", "rho"])


def test_too_large_a_file_is_neither_written_nor_read(released):
    before = (released / "posterior.npz").read_bytes()
    big = content(draws=100) | {"variables": {"x": np.zeros((100, 16_000))}, "dims": {"x": ("cause",)}}
    big["coords"] = {"cause": [str(i) for i in range(16_000)]}
    with pytest.raises(ModelError, match=rf"allowed are {MAX_BYTES}\. Keep fewer draws"):
        save_posterior(released, **big)
    assert (released / "posterior.npz").read_bytes() == before
    with pytest.raises(ModelError, match="bytes, allowed are 1000"):
        load_posterior(released, max_bytes=1000)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"variables": {"pi": np.full(5, np.nan), "hazard": np.ones((5, 2))}},
            "'pi' has 5 values that are NaN",
        ),
        (
            {"variables": {"pi": np.array([-1e308, 1e308, 0, 0, 0]), "hazard": np.ones((5, 2))}},
            "the draws of variable 'pi' are too far apart",
        ),
        ({"variables": {"pi": np.zeros(5), "hazard": np.ones((5, 3))}}, r"shape \(5, 3\), expected \(5, 2\)"),
        ({"variables": {"pi": np.zeros(5), "hazard": np.ones((4, 2))}}, r"shape \(4, 2\), expected \(5, 2\)"),
        ({"variables": {"pi": np.array(["a"])}}, "expected numbers under a Python identifier"),
        ({"variables": {"__meta__": np.zeros(5)}}, "'__meta__' of type float64"),
        ({"variables": {}, "dims": {}}, "draws is 0"),
        ({"meta": {"name": "toy"}}, "lacks version, created"),
    ],
)
def test_what_must_not_be_released_is_refused_and_nothing_is_written(folder, change, message):
    with pytest.raises(ModelError, match=message):
        save_posterior(folder, **(content(draws=5) | change))
    assert sorted(path.name for path in folder.iterdir()) == ["model.toml", "priors.toml"]


def test_a_crash_while_writing_leaves_the_old_file(released, monkeypatch):
    before = (released / "posterior.npz").read_bytes()

    def crash(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", crash)
    with pytest.raises(OSError, match="disk full"):
        save_posterior(released, **content())
    assert (released / "posterior.npz").read_bytes() == before
    assert len(list(released.iterdir())) == 3


def test_the_fitted_tables_come_back_as_they_were_parsed(folder):
    text = '[at]\n"b|*" = [0.0, 1]\n"a|*" = [inf, 0.5]\n'
    (folder / "priors.toml").write_text(text)
    save_posterior(folder, **content())
    documents = load_posterior(folder).documents
    assert documents == {"model.toml": {"kind": "sigm"}, "priors.toml": tomllib.loads(text)}
    assert list(documents["priors.toml"]["at"]) == ["b|*", "a|*"]  # later rows win: the order matters
    assert load_posterior(folder, check_model=False).documents == {}


def test_fitted_tables_that_were_changed_are_refused(released):
    other = json.dumps({"model.toml": {"kind": "sigm"}, "priors.toml": {"a": 2}}).encode()
    rewrite(released, lambda meta, arrays: arrays.update(__documents__=np.frombuffer(other, dtype=np.uint8)))
    with pytest.raises(ModelError, match="the tables in it are not those that were released"):
        load_posterior(released)


def test_a_file_without_the_tables_is_read(released):
    rewrite(released, lambda meta, arrays: arrays.pop("__documents__"))
    assert load_posterior(released).documents == {}


def test_a_full_size_file_loads_in_under_50_ms(folder):
    rng = np.random.default_rng(4)
    names = [f"v{i}" for i in range(60)]
    save_posterior(
        folder,
        variables={name: rng.normal(size=(2000, 11)) for name in names},
        dims=dict.fromkeys(names, ("k",)),
        coords={"k": [str(i) for i in range(11)]},
        meta=META,
    )
    assert 2_500_000 < (folder / "posterior.npz").stat().st_size < MAX_BYTES
    seconds = []
    for _ in range(7):
        start = time.perf_counter()
        load_posterior(folder)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.05


def test_reading_needs_numpy_only():
    code = "import sys, sigm_bayes.posterior; print(' '.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {
        "pymc",
        "pytensor",
        "arviz",
        "xarray",
        "pandas",
        "scipy",
        "matplotlib",
        "pyarrow",
        "nutpie",
        "numba",
    }
    assert not heavy & set(loaded)
