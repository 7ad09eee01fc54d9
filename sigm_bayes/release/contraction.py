"""What the evidence taught: prior-to-posterior contraction of every free entry of every parameter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sigm_bayes.catalogue.priors import Priors
from sigm_bayes.model.graph import CURVES
from sigm_bayes.reference import Curves

NOT_IDENTIFIED_BELOW = 0.1


@dataclass(frozen=True)
class Contraction:
    """One free entry of a parameter.

    Attributes
    ----------
    parameter : str
    entry : str
        Coordinates joined by ``:``; empty for a scalar.
    prior_sd, posterior_sd : float
    shift : float
        Posterior mean less prior mean, in prior SDs.
    """

    parameter: str
    entry: str
    prior_sd: float
    posterior_sd: float
    shift: float

    @property
    def value(self) -> float:
        """1 - posterior SD / prior SD: 0 where the evidence says nothing, 1 where it says everything."""
        return 1.0 - self.posterior_sd / self.prior_sd

    @property
    def identified(self) -> bool:
        """Whether the evidence narrowed the prior noticeably."""
        return self.value >= NOT_IDENTIFIED_BELOW

    @property
    def label(self) -> str:
        """``parameter[entry]``."""
        return f"{self.parameter}[{self.entry}]" if self.entry else self.parameter


def contractions(priors: Priors, curves: Curves, draws: Mapping[str, np.ndarray]) -> tuple[Contraction, ...]:
    """Compare prior and posterior of every free entry.

    Parameters
    ----------
    priors, curves
        That were fitted; the curves give the multivariate-normal prior of their coefficients.
    draws
        Posterior draws by parameter, (draw, ...).

    Returns
    -------
    tuple of Contraction
        In the order of ``priors.toml``, then the curves.
    """
    found: list[Contraction] = []
    for parameter in priors.parameters:
        if not parameter.free.any():
            continue
        posterior = draws[parameter.name][:, parameter.free]
        labels = parameter.free_labels(priors.coords) if parameter.dims else [""]
        mean, sd = parameter.mean[parameter.free], parameter.sd[parameter.free]
        found += [
            _compare(parameter.name, label.replace("|", ":"), posterior[:, j], mean[j], sd[j])
            for j, label in enumerate(labels)
        ]
    for name, analyte in CURVES.items():
        curve = curves[analyte]
        sd = np.sqrt(np.diag(curve.cov))
        found += [_compare(name, entry, draws[name][:, j], curve.mean[j], sd[j]) for j, entry in enumerate(curve.names)]
    return tuple(found)


def _compare(name: str, entry: str, draws: np.ndarray, prior_mean: float, prior_sd: float) -> Contraction:
    sd = float(prior_sd)
    return Contraction(name, entry, sd, float(np.std(draws)), float((np.mean(draws) - prior_mean) / sd))


def by_parameter(entries: Iterable[Contraction]) -> dict[str, list[Contraction]]:
    """Group by parameter, in order."""
    groups: dict[str, list[Contraction]] = {}
    for entry in entries:
        groups.setdefault(entry.parameter, []).append(entry)
    return groups


def best(entries: Sequence[Contraction], n: int) -> list[Contraction]:
    """The `n` entries that the evidence narrowed most."""
    return sorted(entries, key=lambda c: -c.value)[:n]


def shorter_list(entries: Sequence[Contraction]) -> str:
    """Name the entries of one parameter that are not identified, or those that are, whichever is shorter."""
    weak = [c.entry for c in entries if not c.identified]
    strong = [c.entry for c in entries if c.identified]
    if not weak:
        return "none"
    if not strong:
        return "all"
    return ", ".join(weak) if len(weak) <= len(strong) else "all but " + ", ".join(strong)
