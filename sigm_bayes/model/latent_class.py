"""Several imperfect tests and no reference test: specification and graph of the two-class latent model.

These models have published answers. They prove that specification, graph, sampler and artefact of this
package agree with the literature before anything is believed that has no published answer.
"""

from __future__ import annotations

import tomllib
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from sigm_bayes.errors import ModelError, Problem
from sigm_bayes.likelihood.latent_class import condition_given_pattern, log_joint, log_pattern

if TYPE_CHECKING:
    import pymc as pm

POSITIVE, NEGATIVE = "positive", "negative"
VARIABLES = ("prevalence", "sensitivity", "specificity")
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class BetaPrior(_Strict):
    """Beta(alpha, beta) on a probability, with where it comes from."""

    alpha: float = Field(gt=0, allow_inf_nan=False)
    beta: float = Field(gt=0, allow_inf_nan=False)
    source: str = Field(min_length=1)


class TestSpec(_Strict):
    """One test and the priors of its accuracy."""

    __test__ = False  # not a pytest class

    id: Identifier
    label: str
    sensitivity: BetaPrior
    specificity: BetaPrior


class PopulationSpec(_Strict):
    """One population: prior of its prevalence, and a count for every named cell.

    A cell names the result of each test, ``{ stool = "positive", serology = "negative", count = 2 }``:
    published copies of these tables disagree on the order of bare numbers.
    """

    id: Identifier
    label: str
    prevalence: BetaPrior
    cells: list[dict[str, Any]]


class SamplingSpec(_Strict):
    """How the released posterior is drawn."""

    seed: int
    chains: int = Field(ge=2)
    draws: int = Field(ge=1)
    tune: int = Field(ge=1)
    target_accept: float = Field(gt=0, lt=1)
    released_draws: int = Field(ge=1)


class LatentClassSpec(_Strict):
    """A ``model.toml`` of kind ``latent_class``.

    Attributes
    ----------
    condition
        What the tests look for.
    informative_tests
        Require sensitivity + specificity > 1 of every test. Without it the model has a mirror mode in which
        both classes change their names; informative priors can make it unnecessary.
    """

    kind: Literal["latent_class"]
    name: Identifier
    title: str
    version: str
    condition: str
    source: str
    doi: str
    informative_tests: bool
    sampling: SamplingSpec
    tests: list[TestSpec] = Field(min_length=2, max_length=8)
    populations: list[PopulationSpec] = Field(min_length=1)

    @model_validator(mode="after")
    def _cells_are_complete(self) -> Self:
        for kind, ids in (("tests", self.test_ids), ("populations", self.population_ids)):
            if len(set(ids)) < len(ids):
                raise ValueError(f"{kind}: an id occurs twice among {', '.join(ids)}")
        for population in self.populations:
            problems = _cell_problems(population, self.test_ids)
            if problems:
                raise ValueError("; ".join(problems))
        return self

    @property
    def test_ids(self) -> tuple[str, ...]:
        """Ids of the tests, in order of the file."""
        return tuple(test.id for test in self.tests)

    @property
    def population_ids(self) -> tuple[str, ...]:
        """Ids of the populations, in order of the file."""
        return tuple(population.id for population in self.populations)

    @property
    def patterns(self) -> tuple[tuple[str, ...], ...]:
        """All combinations of results, one result per test; the first has every test positive."""
        return tuple(product((POSITIVE, NEGATIVE), repeat=len(self.tests)))

    @property
    def pattern_ids(self) -> tuple[str, ...]:
        """Names of the patterns, such as ``stool+ serology-``."""
        return tuple(
            " ".join(
                f"{test}{'+' if result == POSITIVE else '-'}" for test, result in zip(self.test_ids, row, strict=True)
            )
            for row in self.patterns
        )

    def positive(self) -> np.ndarray:
        """1 for positive and 0 for negative, (pattern, test)."""
        return np.array([[float(result == POSITIVE) for result in row] for row in self.patterns])

    def counts(self) -> np.ndarray:
        """Number of people, (population, pattern)."""
        table = []
        for population in self.populations:
            by_pattern = {tuple(cell[test] for test in self.test_ids): cell["count"] for cell in population.cells}
            table.append([by_pattern[pattern] for pattern in self.patterns])
        return np.array(table, dtype=np.int64)


def _cell_problems(population: PopulationSpec, tests: tuple[str, ...]) -> list[str]:
    problems, seen = [], set()
    for number, cell in enumerate(population.cells, start=1):
        where = f"populations.{population.id}.cells[{number}]"
        if set(cell) != {*tests, "count"}:
            problems.append(f"{where} has {', '.join(map(str, cell))}, expected {', '.join(tests)}, count")
            continue
        if isinstance(cell["count"], bool) or not isinstance(cell["count"], int) or cell["count"] < 0:
            problems.append(f"{where}: count {cell['count']!r}, expected a whole number from 0")
        pattern = tuple(cell[test] for test in tests)
        if not set(pattern) <= {POSITIVE, NEGATIVE}:
            problems.append(f"{where}: result {pattern!r}, expected {POSITIVE!r} or {NEGATIVE!r} for each test")
        elif pattern in seen:
            problems.append(f"{where}: the cell {pattern!r} occurs twice")
        seen.add(pattern)
    missing = set(product((POSITIVE, NEGATIVE), repeat=len(tests))) - seen
    if missing and not problems:
        problems.append(
            f"populations.{population.id}: no count for {sorted(missing)[0]!r}; write count = 0 if nobody had it"
        )
    return problems


def load_latent_class(model_dir: Path) -> LatentClassSpec:
    """Read and check ``model.toml`` of a two-class latent model.

    Raises
    ------
    ModelError
        Lists every problem with its place in the file.
    """
    path = Path(model_dir) / "model.toml"
    try:
        with path.open("rb") as file:
            content: dict[str, Any] = tomllib.load(file)
    except FileNotFoundError as error:
        raise ModelError(f"{path}: no such file. Give the folder of a model, such as models/strongyloides.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: not valid TOML ({error}). Correct it there.") from error
    try:
        return LatentClassSpec.model_validate(content)
    except ValidationError as error:
        problems = [
            Problem(
                ".".join(map(str, item["loc"])) or "model",
                None if item["type"] in {"missing", "value_error"} else item["input"],
                item["msg"],
                "Correct it in the file",
            )
            for item in error.errors(include_url=False)
        ]
        raise ModelError(problems, source=str(path)) from error


def build_latent_class(spec: LatentClassSpec) -> pm.Model:
    """Put the graph together: priors, cell probabilities, multinomial counts.

    Parameters
    ----------
    spec
        From `load_latent_class`.

    Returns
    -------
    pymc.Model
        Free: ``prevalence`` (population), ``sensitivity`` and ``specificity`` (test). Deterministic:
        ``p_condition`` (population, pattern), P(condition | pattern). Observed: ``cells`` (population,
        pattern). Counts and prior parameters are ``pm.Data``, so that one compiled model serves prior
        sensitivity too.
    """
    import pymc as pm

    from sigm_bayes.likelihood.namespace import pytensor_namespace

    xp = pytensor_namespace()
    coords = {"population": spec.population_ids, "test": spec.test_ids, "pattern": spec.pattern_ids}
    with pm.Model(coords=coords) as model:
        counts = pm.Data("counts", spec.counts(), dims=("population", "pattern"))
        positive = pm.Data("positive", spec.positive(), dims=("pattern", "test"))
        prevalence = pm.Beta("prevalence", *_prior_data(spec, "prevalence"), dims="population")
        specificity = pm.Beta("specificity", *_prior_data(spec, "specificity"), dims="test")
        alpha, beta = _prior_data(spec, "sensitivity")
        if spec.informative_tests:
            sensitivity = _beta_above_chance(alpha, beta, specificity)
        else:
            sensitivity = pm.Beta("sensitivity", alpha, beta, dims="test")
        joint = log_joint(
            xp, prevalence=prevalence, sensitivity=sensitivity, specificity=specificity, positive=positive
        )
        pm.Deterministic("p_condition", condition_given_pattern(xp, joint), dims=("population", "pattern"))
        pm.Multinomial(
            "cells",
            n=counts.sum(axis=-1),
            p=xp.exp(log_pattern(xp, joint)),
            observed=counts,
            dims=("population", "pattern"),
        )
    return model


def _prior_data(spec: LatentClassSpec, parameter: str) -> tuple[Any, Any]:
    import pymc as pm

    owners, dim = (spec.populations, "population") if parameter == "prevalence" else (spec.tests, "test")
    priors: list[BetaPrior] = [getattr(owner, parameter) for owner in owners]
    return tuple(
        pm.Data(f"{parameter}_{name}", np.array([getattr(prior, name) for prior in priors]), dims=dim)
        for name in ("alpha", "beta")
    )


def _beta_above_chance(alpha: Any, beta: Any, specificity: Any) -> Any:
    """Sensitivity ~ Beta(alpha, beta) restricted to sensitivity + specificity > 1.

    The pair is the product of its two Beta densities cut off at that line (and not renormalised for each
    specificity). The interval (1 - specificity, 1) is mapped to the real line, so that the sampler never
    meets the edge.
    """
    import pymc as pm
    import pytensor.tensor as pt
    from pymc.distributions.transforms import Interval

    def logp(value: Any, alpha: Any, beta: Any, specificity: Any) -> Any:
        return pt.switch(value + specificity > 1.0, pm.logp(pm.Beta.dist(alpha, beta), value), -np.inf)

    def middle(rv: Any, size: Any, alpha: Any, beta: Any, specificity: Any) -> Any:
        return pt.broadcast_to(1.0 - specificity / 2.0, rv.shape)

    def bounds(*inputs: Any) -> tuple[Any, Any]:
        specificity = inputs[-1]
        return 1.0 - specificity, pt.ones_like(specificity)

    return pm.CustomDist(
        "sensitivity", alpha, beta, specificity, logp=logp, support_point=middle,
        transform=Interval(bounds_fn=bounds), dims="test",
    )  # fmt: skip
