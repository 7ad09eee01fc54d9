"""People and registries from the model, with known truth."""

from sigm_bayes.simulate.options import Options, load_options
from sigm_bayes.simulate.parameters import draw_parameters
from sigm_bayes.simulate.people import People, simulate_people
from sigm_bayes.simulate.registry import Registry, simulate_registry
from sigm_bayes.simulate.writing import write_registry

__all__ = [
    "Options",
    "People",
    "Registry",
    "draw_parameters",
    "load_options",
    "simulate_people",
    "simulate_registry",
    "write_registry",
]
