"""Posterior probability that a low serum IgM is primary, secondary, or the low tail of normal.

Import stays light: the three public names are resolved on first use.

>>> from sigm_bayes import Patient, load_model
>>> answer = load_model().query(Patient(age_years=34, igm=[{"value": 25, "unit": "mg/dL"}]))  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sigm_bayes.patient import Patient
    from sigm_bayes.query import load_model

    __version__: str

__all__ = ["Patient", "load_model", "__version__"]

# Public name -> the room that defines it.
_HOME = {"Patient": "sigm_bayes.patient", "load_model": "sigm_bayes.query"}


def __getattr__(name: str) -> object:
    """Resolve a public name on first use, so that ``import sigm_bayes`` costs nothing."""
    if name in _HOME:
        value: object = getattr(import_module(_HOME[name]), name)
    elif name == "__version__":
        value = import_module("importlib.metadata").version("sigm-bayes")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, also those not resolved yet."""
    return sorted({*globals(), *__all__})
