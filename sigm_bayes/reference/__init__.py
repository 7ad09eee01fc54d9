"""Age and sex curves of IgM, IgG and IgA, fitted to published reference tables.

Evaluation (`load_curves`) needs NumPy only. Fitting (`sigm_bayes.reference.fit`) imports PyMC when called.
"""

from sigm_bayes.reference.curves import AnalyteCurve, Curves, load_curves, read_curves

__all__ = ["AnalyteCurve", "Curves", "load_curves", "read_curves"]
