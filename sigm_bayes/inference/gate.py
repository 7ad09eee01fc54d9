"""The diagnostics gate: a posterior is released only when sampling demonstrably worked.

Thresholds: rank-normalised split R-hat and effective sample sizes of Vehtari, Gelman, Simpson, Carpenter and
Buerkner 2021 (doi:10.1214/20-BA1221); Bayesian fraction of missing information of Betancourt 2016
(doi:10.48550/arXiv.1604.00695).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sigm_bayes.errors import GateError

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

_COLUMNS = ("r_hat", "ess_bulk", "ess_tail", "mcse_mean")
# As in the reference. The default of ArviZ follows its interval (0.11 and 0.89) and so a user's settings.
_TAIL = (0.05, 0.95)
_FEWEST = 8  # a split chain must have four draws for R-hat and ESS to exist
_MORE_DRAWS = "Sample more draws; if it stays, look at the trace and reparameterise"


@dataclass(frozen=True)
class Thresholds:
    """What a posterior must meet. Defaults: the references in the module docstring.

    Attributes
    ----------
    r_hat
        Largest rank-normalised split R-hat.
    ess
        Smallest bulk and tail effective sample size (100 for each of four chains).
    bfmi
        Energy fraction that every chain must exceed.
    divergences
        Divergent transitions allowed.
    """

    r_hat: float = 1.01
    ess: float = 400.0
    bfmi: float = 0.3
    divergences: int = 0


@dataclass(frozen=True)
class Failure:
    """One threshold that was not met.

    Attributes
    ----------
    check
        draws | chains | finite | constant | r_hat | ess_bulk | ess_tail | divergences | bfmi | sample_stats.
    variable
        The worst offender, with its labels, or the chain.
    value
        What was found.
    threshold
        What was expected.
    remedy
        What to do.
    others
        How many more variables (or chains) fail the same check.
    """

    check: str
    variable: str
    value: float
    threshold: str
    remedy: str
    others: int = 0

    def __str__(self) -> str:
        more = f" (and {self.others} more)" if self.others else ""
        found = f"{self.check}: {self.variable}{more} is {self.value:.4g}, expected {self.threshold}"
        return f"{found}. {self.remedy}."


@dataclass(frozen=True)
class GateReport:
    """Outcome of the gate.

    Attributes
    ----------
    table
        One row a scalar variable: ``r_hat``, ``ess_bulk``, ``ess_tail``, ``mcse_mean``, unrounded.
    failures
        Empty when the gate passed.
    divergences
        Divergent transitions over all chains.
    bfmi
        (chain,).
    chains, draws
        Numbers of chains and of draws per chain in the tree.
    """

    table: pd.DataFrame
    failures: tuple[Failure, ...]
    divergences: int
    bfmi: tuple[float, ...]
    chains: int
    draws: int

    @property
    def passed(self) -> bool:
        """Whether everything was met."""
        return not self.failures

    def summary(self) -> dict[str, Any]:
        """Worst values, JSON-able, for the metadata of the released artefact and the model card."""
        worst: dict[str, Any] = {
            "passed": self.passed,
            "variables": len(self.table),
            "chains": self.chains,
            "draws": self.draws,
            "divergences": self.divergences,
            "bfmi_min": round(min(self.bfmi), 3) if self.bfmi else None,
        }
        for column, pick in (("r_hat", "idxmax"), ("ess_bulk", "idxmin"), ("ess_tail", "idxmin")):
            values = self.table[column].dropna()
            label = getattr(values, pick)() if len(values) else None
            worst[column] = None if label is None else {"variable": label, "value": round(float(values[label]), 4)}
        return worst


def gate(
    tree: xr.DataTree,
    *,
    expected_draws: int,
    chains: int,
    var_names: Iterable[str] | None = None,
    may_be_constant: Collection[str] = (),
    thresholds: Thresholds | None = None,
) -> GateReport:
    """Check that a sampled posterior may be released.

    Parameters
    ----------
    tree
        With groups ``posterior`` and ``sample_stats`` (dims chain, draw).
    expected_draws, chains
        Draws per chain and chains that were asked for: an interrupted run has fewer or is padded with NaN.
    var_names
        Variables to check; default every one in ``posterior``, free and deterministic.
    may_be_constant
        Variables of which elements may be the same number in all draws (a reference level, a fixed
        coefficient). Any other constant element fails: its R-hat does not exist.
    thresholds
        Default `Thresholds()`.

    Returns
    -------
    GateReport
        Nothing is raised here; see `release`.
    """
    limits = thresholds or Thresholds()
    posterior = tree["posterior"].to_dataset()
    if var_names is not None:
        posterior = posterior[list(var_names)]
    failures = _completeness(posterior, expected_draws=expected_draws, chains=chains)
    table, not_finite, constant = _table(posterior, may_be_constant)
    failures += _listed(
        not_finite, "finite", "every draw finite", "Look for a log of 0 or a division by 0 in the graph"
    )
    failures += _listed(
        constant, "constant", "draws that differ", "Name it in may_be_constant if it is fixed on purpose"
    )
    failures += _convergence(table, limits)
    found, divergences, bfmi = _sampler(tree, limits)
    return GateReport(
        table=table,
        failures=tuple(failures + found),
        divergences=divergences,
        bfmi=bfmi,
        chains=int(posterior.sizes["chain"]),
        draws=int(posterior.sizes["draw"]),
    )


def release(report: GateReport) -> GateReport:
    """Let a passed report through.

    Raises
    ------
    GateError
        Names each failing check: the worst variable, its value, the threshold and the remedy.
    """
    if report.passed:
        return report
    lines = [f"not released: {len(report.failures)} of the diagnostics failed", *map(str, report.failures)]
    raise GateError("\n".join(lines))


def _completeness(posterior: xr.Dataset, *, expected_draws: int, chains: int) -> list[Failure]:
    failures = []
    rerun = "The run was interrupted or a chain was lost: sample again"
    if posterior.sizes["chain"] != chains:
        failures.append(Failure("chains", "posterior", posterior.sizes["chain"], f"{chains} chains", rerun))
    if posterior.sizes["draw"] != expected_draws:
        failures.append(
            Failure("draws", "posterior", posterior.sizes["draw"], f"{expected_draws} draws in each chain", rerun)
        )
    # nutpie pads a chain that stopped early: from there on every variable is NaN.
    missing = np.ones((posterior.sizes["chain"], posterior.sizes["draw"]), dtype=bool)
    for values in posterior.data_vars.values():
        stacked = values.transpose("chain", "draw", ...).to_numpy()
        missing &= np.isnan(stacked).all(axis=tuple(range(2, stacked.ndim)))
    complete = (~missing).sum(axis=1)
    short = {
        f"chain {chain}": int(count)
        for chain, count in zip(posterior["chain"].to_numpy(), complete, strict=True)
        if count < posterior.sizes["draw"]
    }
    return failures + _listed(short, "draws", f"{expected_draws} complete draws", rerun)


def _table(
    posterior: xr.Dataset, may_be_constant: Collection[str]
) -> tuple[pd.DataFrame, dict[str, int], dict[str, float]]:
    """Diagnostics of all elements whose draws are finite and vary; and the elements for which that fails.

    Returns
    -------
    table, not_finite, constant
        Data frame by label; count of non-finite draws by label; the value of constant elements by label,
        those that may be constant left out.
    """
    import arviz as az
    import pandas as pd

    if posterior.sizes["draw"] < _FEWEST:
        return pd.DataFrame(columns=list(_COLUMNS), dtype=float), {}, {}
    with np.errstate(invalid="ignore", divide="ignore"):  # of elements that are reported below by name
        results = (
            az.rhat(posterior, method="rank"),
            az.ess(posterior, method="bulk"),
            az.ess(posterior, method="tail", prob=_TAIL),
            az.mcse(posterior, method="mean"),
        )
    table = pd.DataFrame({name: _by_label(result) for name, result in zip(_COLUMNS, results, strict=True)})
    finite = _by_label(np.isfinite(posterior).sum(["chain", "draw"]))
    low, high = _by_label(posterior.min(["chain", "draw"])), _by_label(posterior.max(["chain", "draw"]))
    total = posterior.sizes["chain"] * posterior.sizes["draw"]
    not_finite = {label: int(total - count) for label, count in finite.items() if count < total}
    same = {label: low[label] for label in table.index if label not in not_finite and low[label] == high[label]}
    keep = [label for label in table.index if label not in same]
    allowed = {label for label in same if label.split("[")[0] in may_be_constant}
    return (
        table.loc[keep],
        not_finite,
        {label: value for label, value in same.items() if label not in allowed},
    )


def _by_label(reduced: xr.Dataset) -> dict[str, float]:
    """Flatten one number per element; keys are the labels that `arviz.summary` uses.

    One variable at a time: all together they would need more dims than NumPy arrays can have.
    """
    from arviz_base import dataset_to_dataframe

    found: dict[str, float] = {}
    for name in reduced.data_vars:
        one = reduced[[name]].expand_dims(summary=["value"])
        found |= dict(dataset_to_dataframe(one, sample_dims=["summary"]).T["value"])
    return found


def _listed(bad: dict[str, Any], check: str, threshold: str, remedy: str) -> list[Failure]:
    if not bad:
        return []
    first = next(iter(bad))
    return [Failure(check, first, float(bad[first]), threshold, remedy, others=len(bad) - 1)]


def _convergence(table: pd.DataFrame, limits: Thresholds) -> list[Failure]:
    failures = []
    rules = (
        ("r_hat", table["r_hat"] <= limits.r_hat, False, f"at most {limits.r_hat}"),
        ("ess_bulk", table["ess_bulk"] >= limits.ess, True, f"at least {limits.ess:.0f}"),
        ("ess_tail", table["ess_tail"] >= limits.ess, True, f"at least {limits.ess:.0f}"),
    )
    for column, met, ascending, threshold in rules:
        bad = table.loc[~met, column].sort_values(ascending=ascending, na_position="last")
        remedy = "Chains disagree: " + _MORE_DRAWS[0].lower() + _MORE_DRAWS[1:] if column == "r_hat" else _MORE_DRAWS
        failures += _listed(bad.to_dict(), column, threshold, remedy)
    return failures


def _sampler(tree: xr.DataTree, limits: Thresholds) -> tuple[list[Failure], int, tuple[float, ...]]:
    """Failures of divergences and energy, with the number of divergences and BFMI per chain."""
    import arviz as az

    stats = tree["sample_stats"].to_dataset() if "sample_stats" in tree.children else None
    absent = [name for name in ("diverging", "energy") if stats is None or name not in stats]
    if stats is None or absent:
        lost = {f"sample_stats.{name}": float("nan") for name in absent}
        remedy = "Keep the sampler statistics with the posterior"
        return _listed(lost, "sample_stats", "to be stored", remedy), 0, ()
    failures = []
    per_chain = stats["diverging"].sum("draw").to_numpy()
    divergences = int(per_chain.sum())
    if divergences > limits.divergences:
        failures.append(
            Failure(
                "divergences", f"chain {int(per_chain.argmax())}", divergences,
                f"at most {limits.divergences} in all",
                "Raise target_accept (0.95, 0.99); if they stay, reparameterise the narrow part",
            )
        )  # fmt: skip
    bfmi = np.full(stats.sizes["chain"], np.nan)
    if stats.sizes["draw"] >= _FEWEST:
        with np.errstate(invalid="ignore", divide="ignore"):
            bfmi = np.atleast_1d(np.asarray(az.bfmi(stats["energy"].to_numpy()), dtype=float))
    low = {f"chain {chain}": value for chain, value in enumerate(bfmi) if not value > limits.bfmi}
    failures += _listed(
        low, "bfmi", f"above {limits.bfmi}", "Heavy tails or a funnel: reparameterise, or tune for longer"
    )
    return failures, divergences, tuple(float(value) for value in bfmi)
