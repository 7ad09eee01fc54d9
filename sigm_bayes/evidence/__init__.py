"""Published items: loading, validation and their role in the model."""

from sigm_bayes.evidence.load import load_evidence
from sigm_bayes.evidence.tables import Evidence, EvidenceItem, LabelledStudy, Observed, Study
from sigm_bayes.evidence.vocabulary import TERMS, Term

__all__ = [
    "TERMS",
    "Evidence",
    "EvidenceItem",
    "LabelledStudy",
    "Observed",
    "Study",
    "Term",
    "load_evidence",
]
