"""The released file: round trip, speed, light imports, and what must not be released."""

import json
import subprocess
import sys
import time
import tomllib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as float_arrays

from sigm_bayes.errors import ModelError
from sigm_bayes.posterior import MAX_BYTES, load_posterior, save_posterior
from sigm_bayes.posterior.codes import encode


def test_round_trip(released, content):
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


def test_a_file_of_float32_is_read(single, content):
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


def test_no_file(folder):
    with pytest.raises(ModelError, match=r"no released posterior there\. Build it again with `sigm model build`"):
        load_posterior(folder)


def test_a_required_variable_that_is_absent(released):
    with pytest.raises(ModelError, match="variable rho is missing"):
        load_posterior(released, require=["pi", "rho"])


def test_too_large_a_file_is_neither_written_nor_read(released, content):
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
def test_what_must_not_be_released_is_refused_and_nothing_is_written(folder, change, message, content):
    with pytest.raises(ModelError, match=message):
        save_posterior(folder, **(content(draws=5) | change))
    assert sorted(path.name for path in folder.iterdir()) == ["model.toml", "priors.toml"]


def test_a_crash_while_writing_leaves_the_old_file(released, monkeypatch, content):
    before = (released / "posterior.npz").read_bytes()

    def crash(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", crash)
    with pytest.raises(OSError, match="disk full"):
        save_posterior(released, **content())
    assert (released / "posterior.npz").read_bytes() == before
    assert len(list(released.iterdir())) == 3


def test_the_fitted_tables_come_back_as_they_were_parsed(folder, content):
    text = '[at]\n"b|*" = [0.0, 1]\n"a|*" = [inf, 0.5]\n'
    (folder / "priors.toml").write_text(text)
    save_posterior(folder, **content())
    documents = load_posterior(folder).documents
    assert documents == {"model.toml": {"kind": "sigm"}, "priors.toml": tomllib.loads(text)}
    assert list(documents["priors.toml"]["at"]) == ["b|*", "a|*"]  # later rows win: the order matters
    assert load_posterior(folder, check_model=False).documents == {}


def test_fitted_tables_that_were_changed_are_refused(released, rewrite):
    other = json.dumps({"model.toml": {"kind": "sigm"}, "priors.toml": {"a": 2}}).encode()
    rewrite(released, lambda meta, arrays: arrays.update(__documents__=np.frombuffer(other, dtype=np.uint8)))
    with pytest.raises(ModelError, match="the tables in it are not those that were released"):
        load_posterior(released)


def test_a_file_without_the_tables_is_read(released, rewrite):
    rewrite(released, lambda meta, arrays: arrays.pop("__documents__"))
    assert load_posterior(released).documents == {}


def test_a_full_size_file_loads_in_under_50_ms(folder, content):
    rng = np.random.default_rng(4)
    names = [f"v{i}" for i in range(60)]
    save_posterior(
        folder,
        variables={name: rng.normal(size=(2000, 11)) for name in names},
        dims=dict.fromkeys(names, ("k",)),
        coords={"k": [str(i) for i in range(11)]},
        meta=content()["meta"],
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
