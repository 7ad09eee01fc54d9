"""Gauss-Legendre nodes and weights, from the eigenvalues of the Jacobi matrix (doi:10.1090/S0025-5718-69-99647-1).

`numpy.polynomial` has them too, but importing it costs a quarter of what importing NumPy does; a query needs no more.
"""

from __future__ import annotations

from functools import cache

import numpy as np


@cache
def gauss_legendre(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes in (-1, 1), ascending, and weights that sum to 2; exact for polynomials up to degree 2 n - 1.

    Computed once for every n and kept: the arrays cannot be written to.

    Returns
    -------
    node, weight : (n,)
    """
    k = np.arange(1, n)
    beside = k / np.sqrt(4.0 * k * k - 1.0)
    node, vectors = np.linalg.eigh(np.diag(beside, -1))
    weight = 2.0 * vectors[0] ** 2
    node.flags.writeable = weight.flags.writeable = False
    return node, weight
