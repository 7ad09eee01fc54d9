"""Gauss-Legendre nodes against NumPy's, and against integrals in closed form."""

import numpy as np
import pytest

from sigm_bayes.likelihood.quadrature import gauss_legendre


@pytest.mark.parametrize("n", [1, 2, 5, 12, 40])
def test_nodes_and_weights_are_those_of_numpy(n):
    for ours, numpys in zip(gauss_legendre(n), np.polynomial.legendre.leggauss(n), strict=True):
        np.testing.assert_allclose(ours, numpys, atol=1e-14)


@pytest.mark.parametrize("n", [1, 5, 12])
def test_polynomials_up_to_degree_2n_less_1_are_exact(n):
    node, weight = gauss_legendre(n)
    for degree in range(2 * n):
        exact = 0.0 if degree % 2 else 2.0 / (degree + 1)
        assert weight @ node**degree == pytest.approx(exact, abs=1e-14)
    assert abs(weight @ node ** (2 * n) - 2.0 / (2 * n + 1)) > 1e-8
