"""OMOP CDM v5.4 tables (a folder, a DuckDB file, PostgreSQL) -> the registry's two flat tables (needs duckdb)."""

from sigm_bayes.registry.omop.options import OmopOptions, load_omop_options
from sigm_bayes.registry.omop.read import read_omop

__all__ = ["OmopOptions", "load_omop_options", "read_omop"]
