"""The released reference curves: median and spread of IgM, IgG and IgA by age and sex (NumPy only)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sigm_bayes.errors import ModelError
from sigm_bayes.paths import data_dir
from sigm_bayes.reference import normal
from sigm_bayes.reference.design import Design

FloatArray = NDArray[np.float64]
FORMAT = "sigm_bayes.reference_curves/1"
Z95 = 1.959963984540054


@dataclass(frozen=True, eq=False)
class AnalyteCurve:
    """Reference distribution of one immunoglobulin: log-normal with median and spread by age and sex.

    Attributes
    ----------
    analyte : str
        IgM, IgG or IgA.
    design : Design
        Knots; maps age and sex to rows.
    names : tuple of str
        Coefficient names.
    mean : ndarray, shape (coef,)
    cov : ndarray, shape (coef, coef)
        Multivariate normal approximation to the posterior of the coefficients.
    between_source : mapping
        Posterior means: `median_sd` and `spread_sd` (SD of a source's offset in ln median and in ln SD),
        residual SDs of a band's centre and half-width.
    """

    analyte: str
    design: Design
    names: tuple[str, ...]
    mean: FloatArray
    cov: FloatArray
    between_source: Mapping[str, Any]

    @property
    def knots_median(self) -> tuple[float, ...]:
        """Knots of ln median, years."""
        return self.design.knots_median_years

    @property
    def knots_spread(self) -> tuple[float, ...]:
        """Knots of ln SD, years."""
        return self.design.knots_spread_years

    def design_row(self, age_years: float, male: float) -> tuple[FloatArray, FloatArray]:
        """Rows of one person, shape (coef,) each.

        ``row_median @ coef`` is ln median (mg/dL), ``row_spread @ coef`` is ln of the SD of ln level.
        """
        return self.design.rows(age_years, male)

    def design_rows(self, age_years: ArrayLike, male: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Rows of many people, shape (..., coef) each."""
        return self.design.rows(age_years, male)

    def draws(self, n: int, *, seed: int) -> FloatArray:
        """Coefficient vectors from the multivariate normal, shape (draw, coef)."""
        rng = np.random.default_rng(seed)
        return rng.multivariate_normal(self.mean, self.cov, size=n, method="cholesky")

    def ln_median(self, age_years: ArrayLike, male: ArrayLike = 0.5, *, coef: ArrayLike | None = None) -> FloatArray:
        """ln of the median (mg/dL), shape (...), or (draw, ...) when `coef` is (draw, coef)."""
        return self._dot(self.design.rows(age_years, male)[0], coef)

    def ln_sd(self, age_years: ArrayLike, male: ArrayLike = 0.5, *, coef: ArrayLike | None = None) -> FloatArray:
        """ln of the SD of ln level (its exponential is `sd`), shape as `ln_median`."""
        return self._dot(self.design.rows(age_years, male)[1], coef)

    def median(self, age_years: ArrayLike, male: ArrayLike = 0.5, *, coef: ArrayLike | None = None) -> FloatArray:
        """Median in mg/dL."""
        return np.exp(self.ln_median(age_years, male, coef=coef))

    def sd(self, age_years: ArrayLike, male: ArrayLike = 0.5, *, coef: ArrayLike | None = None) -> FloatArray:
        """SD of ln level among healthy people of that age and sex."""
        return np.exp(self.ln_sd(age_years, male, coef=coef))

    def limit(
        self, age_years: ArrayLike, male: ArrayLike = 0.5, *, z: float, coef: ArrayLike | None = None
    ) -> FloatArray:
        """Level in mg/dL at the standard normal deviate `z` (-1.96: the 2.5th centile)."""
        return np.exp(self.ln_median(age_years, male, coef=coef) + z * self.sd(age_years, male, coef=coef))

    def lower_limit(
        self, age_years: ArrayLike, male: ArrayLike = 0.5, *, z: float = -Z95, coef: ArrayLike | None = None
    ) -> FloatArray:
        """Lower limit of the central 95% in mg/dL."""
        return self.limit(age_years, male, z=z, coef=coef)

    def upper_limit(
        self, age_years: ArrayLike, male: ArrayLike = 0.5, *, z: float = Z95, coef: ArrayLike | None = None
    ) -> FloatArray:
        """Upper limit of the central 95% in mg/dL."""
        return self.limit(age_years, male, z=z, coef=coef)

    def z_score(
        self,
        value_mg_dl: ArrayLike,
        age_years: ArrayLike,
        male: ArrayLike = 0.5,
        *,
        coef: ArrayLike | None = None,
    ) -> FloatArray:
        """Standard normal deviate of a level; -inf at zero.

        Raises
        ------
        ValueError
            When a level is negative or not a number.
        """
        value = np.asarray(value_mg_dl, dtype=float)
        if np.any(~(value >= 0.0)):
            raise ValueError("value_mg_dl must be numbers >= 0, in mg/dL")
        with np.errstate(divide="ignore"):
            ln_value = np.log(value)
        return (ln_value - self.ln_median(age_years, male, coef=coef)) / self.sd(age_years, male, coef=coef)

    def centile(
        self,
        value_mg_dl: ArrayLike,
        age_years: ArrayLike,
        male: ArrayLike = 0.5,
        *,
        coef: ArrayLike | None = None,
    ) -> FloatArray:
        """Share of healthy people of that age and sex at or below a level, in [0, 1]."""
        return np.asarray(normal.cdf(self.z_score(value_mg_dl, age_years, male, coef=coef)))

    def _dot(self, rows: FloatArray, coef: ArrayLike | None) -> FloatArray:
        vector = self.mean if coef is None else np.asarray(coef, dtype=float)
        if vector.shape[-1:] != (self.design.size,) or vector.ndim > 2:
            raise ValueError(f"coef must be ({self.design.size},) or (draw, {self.design.size}), got {vector.shape}")
        if vector.ndim == 1:
            return np.asarray(rows @ vector)
        return np.asarray(np.moveaxis(rows @ vector.T, -1, 0))


@dataclass(frozen=True, eq=False)
class Curves:
    """All curves of one fit.

    Attributes
    ----------
    analyte : mapping of str to AnalyteCurve
    provenance : mapping
        Hashes of the tables, versions, seed, diagnostics, published items that were used.
    """

    analyte: Mapping[str, AnalyteCurve]
    provenance: Mapping[str, Any]

    def __getitem__(self, analyte: str) -> AnalyteCurve:
        return self.analyte[analyte]


@cache
def load_curves() -> Curves:
    """Load the released curves (once a process).

    Raises
    ------
    ModelError
        As `read_curves`.
    """
    return read_curves(data_dir() / "reference" / "curves.json")


def read_curves(path: Path) -> Curves:
    """Read a ``curves.json``.

    Raises
    ------
    ModelError
        When the file is missing, not JSON, of another format, or its numbers cannot be coefficients.
    """
    remedy = "rebuild it with: python -m sigm_bayes.reference.fit"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"{path}: no reference curves there; {remedy}") from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ModelError(f"{path}: not a JSON document ({error}); {remedy}") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ModelError(f"{path}: not a document of format {FORMAT!r}; {remedy}")
    try:
        curves = {name: _read_analyte(name, document) for name in document["analytes"]}
        provenance = document["provenance"]
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path}: {type(error).__name__}: {error}; {remedy}") from error
    return Curves(analyte=MappingProxyType(curves), provenance=MappingProxyType(provenance))


def _read_analyte(name: str, document: dict[str, Any]) -> AnalyteCurve:
    entry, axis = document["analytes"][name], document["axis"]
    design = Design(
        knots_median_years=tuple(entry["knots_median_years"]),
        knots_spread_years=tuple(entry["knots_spread_years"]),
        shift_years=axis["shift_years"],
        sex_child_years=axis["sex_child_years"],
        sex_adult_years=axis["sex_adult_years"],
    )
    mean, cov = np.asarray(entry["mean"], dtype=float), np.asarray(entry["cov"], dtype=float)
    if tuple(entry["names"]) != design.names:
        raise ValueError(f"{name}: coefficient names do not match the knots")
    if mean.shape != (design.size,) or cov.shape != (design.size, design.size):
        raise ValueError(f"{name}: {design.size} coefficients expected, got mean {mean.shape} and cov {cov.shape}")
    if not (np.all(np.isfinite(mean)) and np.all(np.isfinite(cov)) and np.allclose(cov, cov.T)):
        raise ValueError(f"{name}: mean and covariance must be finite and the covariance symmetric")
    try:
        np.linalg.cholesky(cov)
    except np.linalg.LinAlgError as error:
        raise ValueError(f"{name}: the covariance is not positive definite") from error
    return AnalyteCurve(
        analyte=name,
        design=design,
        names=design.names,
        mean=mean,
        cov=cov,
        between_source=MappingProxyType(entry["between_source"]),
    )
