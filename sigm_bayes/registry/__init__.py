"""Registry tables -> one validated set of people and samples, with every row accounted for."""

from sigm_bayes.registry.mapping import Mapping, read_mapping
from sigm_bayes.registry.people import Registry
from sigm_bayes.registry.read import read_registry
from sigm_bayes.registry.tables import Table, open_table

__all__ = ["Mapping", "Registry", "Table", "open_table", "read_mapping", "read_registry"]
