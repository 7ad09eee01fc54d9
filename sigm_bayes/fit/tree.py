"""The result of a fit as a DataTree that ArviZ reads: posterior, prior, log_likelihood, log_prior, observed_data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sigm_bayes.catalogue.priors import Priors
from sigm_bayes.fit.encode import Encoded
from sigm_bayes.fit.entries import Entries

if TYPE_CHECKING:
    import xarray as xr

POINTWISE = "person_log_likelihood"
_HALF_LOG_2PI = 0.5 * float(np.log(2.0 * np.pi))


def join_chains(batches: Sequence[xr.DataTree]) -> xr.DataTree:
    """Put chains that were sampled one batch after the other into one tree."""
    import xarray as xr

    groups: dict[str, Any] = {}
    for name in ("posterior", "sample_stats"):
        parts, first = [], 0
        for tree in batches:
            part = tree[name].to_dataset()
            n = part.sizes["chain"]
            parts.append(part.assign_coords(chain=np.arange(first, first + n)))
            first += n
        groups[name] = xr.concat(
            parts, dim="chain", data_vars="minimal", coords="minimal", compat="override", join="override"
        )
    return xr.DataTree.from_dict(groups)


def complete_tree(tree: xr.DataTree, entries: Entries, encoded: Encoded, *, priors: Priors, seed: int) -> None:
    """Add the groups that follow from draws and data; changed in place."""
    import xarray as xr

    posterior = tree["posterior"].to_dataset()
    ids = [entry.person_id for entry in entries.entries]
    if POINTWISE in posterior:
        values = posterior[POINTWISE].transpose("chain", "draw", ...).to_numpy()[:, :, encoded.place]
        tree["log_likelihood"] = xr.DataTree(
            xr.Dataset({"registry": (("chain", "draw", "person"), values)}, coords={"person": ids})
        )
        tree["posterior"] = xr.DataTree(posterior.drop_vars(POINTWISE))
    free = [name for name in posterior.data_vars if _standard_normal(str(name))]
    log_prior = {name: -0.5 * posterior[name] ** 2 - _HALF_LOG_2PI for name in free}
    for effect in (str(name).removesuffix("_scaled") for name in posterior.data_vars if _is_centred(str(name))):
        sd = posterior[f"{effect}_sd"]
        log_prior[effect] = -0.5 * (posterior[effect] / sd) ** 2 - np.log(sd) - _HALF_LOG_2PI
    tree["log_prior"] = xr.DataTree(xr.Dataset(log_prior))
    tree["prior"] = xr.DataTree(_prior(priors, draws=1000, seed=seed))
    people = encoded.people
    tree["observed_data"] = xr.DataTree(
        xr.Dataset(
            {
                "ln_igm_low": ("person", np.asarray(people.igm_low)[encoded.place]),
                "ln_igm_high": ("person", np.asarray(people.igm_high)[encoded.place]),
                "label": ("person", np.asarray(people.label)[encoded.place]),
                "centre": ("person", np.asarray(people.centre)[encoded.place]),
            },
            coords={"person": ids},
        )
    )


def _standard_normal(name: str) -> bool:
    """Every free variable of the graph is a standard normal, by construction."""
    return name.endswith("_z") or name.startswith("study_effect")


def _is_centred(name: str) -> bool:
    """Effects of centres that were sampled themselves; their SD is beside them."""
    return name.endswith("_scaled")


def _prior(priors: Priors, *, draws: int, seed: int) -> xr.Dataset:
    """Draws of the parameters of `priors.toml` from their priors (before the published evidence)."""
    import xarray as xr

    rng = np.random.default_rng(seed)
    out = {}
    for parameter in priors.parameters:
        z = rng.standard_normal((1, draws, *parameter.mean.shape))
        out[parameter.name] = (("chain", "draw", *parameter.dims), parameter.mean + parameter.sd * z)
    coords = {dim: list(priors.coords[dim]) for parameter in priors.parameters for dim in parameter.dims}
    return xr.Dataset(out, coords=coords)
