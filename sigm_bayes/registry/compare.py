"""Whether two registries say the same, whatever files they were read from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from sigm_bayes.registry.people import Registry

TOLERANCE = 1e-9
"""Of levels, ages and dates: what a conversion of units may change."""


def differences(one: Registry, other: Registry) -> list[str]:
    """Return what the Datasets of two registries do not share; empty where they are the same.

    People are matched by their id and results put in one order, so the order of rows in the files does not matter.
    The accounts of rows are not compared.
    """
    left, right = _canonical(one), _canonical(other)
    found = []
    for name in sorted(set(left) | set(right)):
        if name not in left or name not in right:
            found.append(f"{name}: only in {'the second' if name not in left else 'the first'}")
            continue
        a, b = left[name], right[name]
        if a.shape != b.shape:
            found.append(f"{name}: shape {a.shape} against {b.shape}")
        elif not _same(a, b):
            found.append(f"{name}: {_first(a, b)}")
    return found


def _same(a: Any, b: Any) -> bool:
    if a.dtype.kind == "f" and b.dtype.kind == "f":
        return bool(np.allclose(a, b, rtol=0.0, atol=TOLERANCE, equal_nan=True))
    return bool(np.array_equal(a, b))


def _first(a: Any, b: Any) -> str:
    """Describe the first place where two arrays differ."""
    if a.dtype.kind == "f" and b.dtype.kind == "f":
        where = np.argwhere(~np.isclose(a, b, rtol=0.0, atol=TOLERANCE, equal_nan=True))
    else:
        where = np.argwhere(a != b)
    place = tuple(int(i) for i in where[0])
    return f"{len(where)} differ, first at {place}: {a[place]!r} against {b[place]!r}"


def _canonical(registry: Registry) -> dict[str, Any]:
    """Return the Dataset's arrays with people in order of id, and records in order of person and content."""
    data = registry.to_dataset()
    order = np.argsort(data["person"].values, kind="stable")
    rank = np.empty(order.size, dtype=np.int64)
    rank[order] = np.arange(order.size)
    centres = np.array([*data.attrs["centres"], ""], dtype=object)
    out: dict[str, Any] = {str(name): np.asarray(c.values) for name, c in data.coords.items() if name != "person"}
    out["person"] = data["person"].values[order]
    out |= {f"words {name}": np.array(v) for name, v in data.attrs.items() if name != "centres"}
    records: dict[str, dict[str, Any]] = {}
    for key, variable in data.data_vars.items():
        name, values = str(key), variable.values
        if name == "centre":
            values = centres[values]
        if variable.dims[:1] == ("person",):
            out[name] = values[order]
        elif f"{variable.dims[0]}_person" in data.data_vars:
            records.setdefault(str(variable.dims[0]), {})[name] = (
                rank[values] if name == f"{variable.dims[0]}_person" else values
            )
        else:
            out[name] = values
    for dim, columns in records.items():
        keys = [np.nan_to_num(c, nan=-1.0, posinf=1e300) for c in columns.values() if c.ndim == 1]
        keys += [c[:, k] for c in columns.values() if c.ndim == 2 for k in range(c.shape[1])]
        place = np.lexsort((*reversed(keys), columns[f"{dim}_person"]))
        out |= {name: c[place] for name, c in columns.items()}
    return out
