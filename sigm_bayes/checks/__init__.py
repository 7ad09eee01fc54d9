"""Is the inference right, is the model adequate, what drives the answer, when does it fail: one check a file."""

from sigm_bayes.checks.result import CheckResult, CheckTable

__all__ = ["CheckResult", "CheckTable"]
