"""The PyMC model of one analyte's curve (imports PyMC when called).

Every vote group (a source, or a family of tables with one parent) has an offset in ln median and in ln SD.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sigm_bayes.reference.observe import Parts, observe_extremes, observe_limits, observe_published
from sigm_bayes.reference.prior import CoefficientPrior, coefficient_prior, crude_start
from sigm_bayes.reference.rows import RowArrays, design_of, row_arrays
from sigm_bayes.reference.tables import TableRow


class PytensorOps:
    """PyTensor's side of `sigm_bayes.reference.normal.Ops`."""

    def __init__(self) -> None:
        import pytensor.tensor as pt

        self.exp, self.log, self.log1p, self.expm1 = pt.exp, pt.log, pt.log1p, pt.expm1
        self.sqrt, self.erfc, self.clip = pt.sqrt, pt.erfc, pt.clip
        self.max = pt.max


def build_model(
    rows: Sequence[TableRow],
    *,
    analyte: str,
    settings: dict[str, Any],
    published: Sequence[dict[str, Any]] = (),
) -> Any:
    """Build the model of one analyte.

    Parameters
    ----------
    rows : sequence of TableRow
        Rows of this analyte that are fitted.
    analyte : str
    settings : dict
        ``settings.toml``.
    published : sequence of dict
        Published items beside the tables, as in the settings.

    Returns
    -------
    pymc.Model
        With the deterministic `coef` (coef,).
    """
    import pymc as pm
    import pytensor.tensor as pt

    design = design_of(settings)
    data = row_arrays(rows, design=design, settings=settings)
    coords = {
        "coefficient": design.names,
        "group": data.groups,
        "age_group": ["older", "infant"],
        "row": range(len(rows)),
    }
    with pm.Model(coords=coords) as model:
        prior = coefficient_prior(analyte, design, settings)
        raw = pm.Normal("z_coef", dims="coefficient", initval=crude_start(data, prior))
        coef = pm.Deterministic("coef", prior.mean + pt.dot(prior.factor, raw), dims="coefficient")
        tau_median, tau_spread = (
            pm.LogNormal(f"tau_{name}", np.log(given["centre"]), given["ln_sd"])
            for name, given in (
                ("median", settings["sources"]["median_offset"]),
                ("spread", settings["sources"]["spread_offset"]),
            )
        )
        scale = settings["residual"]["scale"]
        sigma_centre = pm.HalfNormal("sigma_centre", scale, dims="age_group")
        sigma_half = pm.HalfNormal("sigma_half", scale, dims="age_group")
        mu, sd = _levels(data, prior, raw, tau_median, tau_spread)
        parts = Parts(pm, pt, PytensorOps(), data, settings, mu, sd, sigma_centre, sigma_half)
        observe_limits(parts)
        observe_extremes(parts)
        for item in published:
            observe_published(parts, design, coef, tau_median, item)
    return model


def _levels(data: RowArrays, prior: CoefficientPrior, raw: Any, tau_median: Any, tau_spread: Any) -> tuple[Any, Any]:
    """Mean and SD of ln level at every node of every row, (row, node), with the offsets of the vote groups.

    A group's own level (curve level + offset) is what its rows determine, so that is what is sampled.
    """
    import pymc as pm
    import pytensor.tensor as pt

    shape_only, levels = prior.factor.copy(), []
    for name, at, tau in (
        ("median", prior.level_median, tau_median),
        ("spread", prior.level_spread, tau_spread),
    ):
        level = prior.factor[at, at] * raw[at]
        levels.append(pm.Normal(f"level_{name}", mu=level, sigma=tau, dims="group"))
        pm.Deterministic(f"offset_{name}", levels[-1] - level, dims="group")
        shape_only[:, at] = 0.0
    shape = prior.mean + pt.dot(shape_only, raw)
    size, grid = prior.mean.size, data.rows_median.shape[:2]
    mu = pt.dot(data.rows_median.reshape(-1, size), shape).reshape(grid) + levels[0][data.group][:, None]
    ln_sd = pt.dot(data.rows_spread.reshape(-1, size), shape).reshape(grid) + levels[1][data.group][:, None]
    return mu, pt.exp(ln_sd)
