"""What is known by name: settings, ages, findings, causes, tests, as tables read from ``model.toml``."""

from sigm_bayes.catalogue.load import default_catalogue, load_catalogue
from sigm_bayes.catalogue.tables import (
    AgeBand,
    Analyte,
    Catalogue,
    Cause,
    Context,
    Finding,
    Invasive,
    InvasiveFlag,
    Limits,
    Option,
    Setting,
    Test,
)

__all__ = [
    "AgeBand",
    "Analyte",
    "Catalogue",
    "Cause",
    "Context",
    "Finding",
    "Invasive",
    "InvasiveFlag",
    "Limits",
    "Option",
    "Setting",
    "Test",
    "default_catalogue",
    "load_catalogue",
]
