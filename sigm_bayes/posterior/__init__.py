"""The released artefact: names, dims, save, load, provenance."""

from sigm_bayes.posterior.artefact import MAX_BYTES, Posterior, load_posterior, save_posterior
from sigm_bayes.posterior.provenance import digest, evidence_digest, library_versions, model_digest
from sigm_bayes.posterior.thin import Draws, thin_draws

__all__ = [
    "MAX_BYTES",
    "Draws",
    "Posterior",
    "digest",
    "evidence_digest",
    "library_versions",
    "load_posterior",
    "model_digest",
    "save_posterior",
    "thin_draws",
]
