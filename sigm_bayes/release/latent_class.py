"""Release of a two-class latent model: fit, compare with the published answer, write the model card."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sigm_bayes.likelihood.latent_class import condition_given_pattern, log_joint
from sigm_bayes.likelihood.namespace import NUMPY
from sigm_bayes.model.latent_class import VARIABLES, LatentClassSpec, build_latent_class, load_latent_class
from sigm_bayes.posterior import Posterior
from sigm_bayes.release.pipeline import BuildResult, SamplerSettings, fit_and_release

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Agreement:
    """One published number beside the refitted one.

    Attributes
    ----------
    quantity
        Variable with its labels.
    statistic
        mean | median.
    published, fitted
        The two values.
    mc_error
        Monte Carlo standard error of `fitted`.
    allowed
        Largest difference that counts as agreement: tolerance plus three Monte Carlo errors.
    """

    quantity: str
    statistic: str
    published: float
    fitted: float
    mc_error: float
    allowed: float

    @property
    def agrees(self) -> bool:
        """Whether the difference is within what is allowed."""
        return abs(self.fitted - self.published) <= self.allowed


def build_latent_class_model(
    model_dir: Path,
    *,
    seed: int | None = None,
    draws: int | None = None,
    tune: int | None = None,
    chains: int | None = None,
    cores: int = 2,
    progress: bool = True,
    out: Path | None = None,
) -> BuildResult:
    """Fit and release; the arguments are those of `sigm_bayes.release.build_model`."""
    spec = load_latent_class(model_dir)
    default = spec.sampling
    settings = SamplerSettings(
        seed=default.seed, chains=default.chains, draws=default.draws, tune=default.tune,
        target_accept=default.target_accept,
    )  # fmt: skip
    given = {"seed": seed, "draws": draws, "tune": tune, "chains": chains}
    settings = replace(settings, **{key: value for key, value in given.items() if value is not None})
    result = fit_and_release(
        build_latent_class(spec),
        model_dir,
        name=spec.name,
        version=spec.version,
        variables=VARIABLES,
        settings=settings,
        released_draws=min(default.released_draws, settings.chains * settings.draws),
        cores=cores,
        progress=progress,
        out=out,
    )
    published = load_published(model_dir)
    rows = compare(result.tree, published) if published else []
    card = model_card(spec, result, rows, published)
    (result.path.parent / "MODEL_CARD.md").write_text(card, encoding="utf-8", newline="\n")
    return result


def p_condition(spec: LatentClassSpec, posterior: Posterior) -> np.ndarray:
    """P(condition | pattern), (draw, population, pattern), from released draws; NumPy only."""
    joint = log_joint(NUMPY, positive=spec.positive(), **{name: posterior.variables[name] for name in VARIABLES})
    values: np.ndarray = condition_given_pattern(NUMPY, joint)
    return values


def load_published(model_dir: Path) -> dict[str, Any]:
    """``published.toml`` of the folder, or an empty mapping where there is none."""
    path = Path(model_dir) / "published.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def compare(tree: xr.DataTree, published: Mapping[str, Any]) -> list[Agreement]:
    """Put each published mean and median beside that of the sampled posterior.

    Parameters
    ----------
    tree
        All draws.
    published
        From `load_published`: ``tolerance`` and ``quantities`` (``variable``, ``at``: its labels, ``mean``,
        ``median``).
    """
    import arviz as az

    rows = []
    for item in published["quantities"]:
        array = tree["posterior"][item["variable"]]
        draws = array.sel(dict(zip(array.dims[2:], item["at"], strict=True))).to_numpy()
        for statistic, function in (("mean", np.mean), ("median", np.median)):
            if statistic not in item:
                continue
            error = float(az.mcse(draws, method=statistic))
            rows.append(
                Agreement(
                    quantity=f"{item['variable']}[{', '.join(item['at'])}]",
                    statistic=statistic,
                    published=item[statistic],
                    fitted=float(function(draws)),
                    mc_error=error,
                    allowed=published["tolerance"] + 3.0 * error,
                )
            )
    return rows


def model_card(
    spec: LatentClassSpec, result: BuildResult, rows: Sequence[Agreement], published: Mapping[str, Any]
) -> str:
    """Markdown: what the model is and says, how it was fitted, whether it agrees with the literature."""
    tests = ", ".join(test.label for test in spec.tests)
    populations = "; ".join(population.label for population in spec.populations)
    constraint = ", and sensitivity + specificity > 1" if spec.informative_tests else ""
    parts = [
        f"# Model card: {spec.title}",
        "Generated by `sigm model build`; do not edit.",
        f"{spec.condition}, by {len(spec.tests)} tests: {tests}. Population: {populations}.",
        f"The tests err independently of each other given the condition{constraint}.",
        f"Data and priors: {spec.source}. doi:{spec.doi}",
        "Purpose: proof that the engine reproduces a published answer. Not for clinical use.",
        "## Posterior",
        _posterior_table(result.tree),
        "## Agreement with the published answer",
        _agreement_table(rows, published) if rows else "No published answer is on file.",
        "## Fit",
        _fit_text(spec, result.meta),
    ]
    return "\n\n".join(parts) + "\n"


def _fit_text(spec: LatentClassSpec, meta: Mapping[str, Any]) -> str:
    sampler, checks = meta["sampler"], meta["diagnostics"]
    worst = checks["r_hat"]
    libraries = ", ".join(f"{name} {version}" for name, version in meta["libraries"].items())
    return (
        f"{spec.name} {spec.version}, {meta['created']}. {sampler['algorithm']}: {sampler['chains']} chains "
        f"of {sampler['draws']} draws after {sampler['tune']}, seed {sampler['seed']}, "
        f"target acceptance {sampler['target_accept']}. "
        f"Largest R-hat {worst['value']:.4f} ({worst['variable']}), "
        f"smallest bulk ESS {checks['ess_bulk']['value']:.0f}, tail ESS {checks['ess_tail']['value']:.0f}, "
        f"{checks['divergences']} divergences, smallest BFMI {checks['bfmi_min']}.\n\nLibraries: {libraries}."
    )


def _posterior_table(tree: xr.DataTree) -> str:
    lines = ["| quantity | mean | median | 95% interval (equal-tailed) |", "|---|---|---|---|"]
    for name in (*VARIABLES, "p_condition"):
        array = tree["posterior"][name].stack(all_draws=("chain", "draw"))
        labels = [array[dim].to_numpy() for dim in array.dims[:-1]]
        for index in np.ndindex(array.shape[:-1]):
            draws = array.to_numpy()[index]
            low, middle, high = np.quantile(draws, [0.025, 0.5, 0.975])
            label = ", ".join(str(values[i]) for values, i in zip(labels, index, strict=True))
            lines.append(f"| {name}[{label}] | {draws.mean():.4f} | {middle:.4f} | {low:.4f} to {high:.4f} |")
    return "\n".join(lines)


def _agreement_table(rows: Sequence[Agreement], published: Mapping[str, Any]) -> str:
    agree = sum(row.agrees for row in rows)
    verdict = f"{agree} of {len(rows)} numbers agree within {published['tolerance']} plus three Monte Carlo errors."
    lines = [
        f"{verdict} Reference: {published['source']}.",
        "",
        "| quantity | statistic | published | here | difference | Monte Carlo error | agrees |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        cells = (
            row.quantity,
            row.statistic,
            str(row.published),
            f"{row.fitted:.5f}",
            f"{row.fitted - row.published:+.5f}",
            f"{row.mc_error:.5f}",
            "yes" if row.agrees else "NO",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
