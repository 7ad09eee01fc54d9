"""REDCap: the data dictionary that is published, and exports of a project -> the registry's two flat tables."""

from sigm_bayes.registry.redcap.dictionary import dictionary_text
from sigm_bayes.registry.redcap.read import read_redcap

__all__ = ["dictionary_text", "read_redcap"]
