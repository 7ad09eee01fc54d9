"""Array namespaces: the likelihood is written once and runs on NumPy (query), PyTensor and JAX (fitting).

A function of this room takes a namespace `xp` first and works on the *trailing* axes of its arrays, so that any leading
axes (posterior draws in a query, none in the PyMC graph) broadcast.

NumPy has no error function, and SciPy would double the start-up of a query, so `erfcx` is computed here from a
Chebyshev series (Shepherd and Laframboise 1981, doi:10.1090/S0025-5718-1981-0595058-X); the tests hold it to SciPy.
"""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np

Array = Any

_SQRT2 = math.sqrt(2.0)
_LOG_SQRT_2PI = 0.5 * math.log(2.0 * math.pi)
# (1 + 2x) erfcx(x) in Chebyshev polynomials of (x - 3.75) / (x + 3.75), x >= 0; computed with 40 digits.
_ERFCX_POLE = 3.75
_ERFCX_SINGLE = 13
"""Terms that single precision can tell from 0."""
_ERFCX = (
    1.17757893456740175, -0.00459005458064647733, -0.0842491333665179156, 0.0592099399981918905,
    -0.0266586684353057523, 0.00907499767070526509, -0.00241316354041760819, 0.000490775836525808632,
    -0.0000691697330250120637, 4.13902798607301017e-6, 7.74038306619849067e-7, -2.18864010492343957e-7,
    1.07649994656709104e-8, 4.5219598112182869e-9, -7.75440020883135111e-10, -6.31808834088668449e-11,
    2.8687950109306699e-11, 1.94558685457773472e-13, -9.65469674843343891e-13, 3.25254814814873984e-14,
    3.34781194828680539e-14, -1.8645628804193131e-15, -1.25079505306886471e-15, 7.41823525662404346e-17,
)  # fmt: skip


class Namespace(Protocol):
    """The operations that the likelihood uses; `axis` is always negative."""

    name: str

    def asarray(self, x: Array) -> Array: ...
    def log(self, x: Array) -> Array: ...
    def exp(self, x: Array) -> Array: ...
    def sqrt(self, x: Array) -> Array: ...
    def log1p(self, x: Array) -> Array: ...
    def where(self, condition: Array, a: Array, b: Array) -> Array: ...
    def maximum(self, a: Array, b: Array) -> Array: ...
    def sum(self, x: Array, axis: int) -> Array: ...
    def max(self, x: Array, axis: int) -> Array: ...
    def log_prod(self, x: Array) -> Array: ...
    def stack(self, arrays: list[Array]) -> Array: ...
    def concatenate(self, arrays: list[Array]) -> Array: ...
    def rows(self, arrays: list[Array]) -> Array: ...
    def take(self, x: Array, index: Array) -> Array: ...
    def expit(self, x: Array) -> Array: ...
    def softplus(self, x: Array) -> Array: ...
    def log_ndtr(self, x: Array) -> Array: ...
    def log1mexp(self, x: Array) -> Array: ...
    def settled(self, x: Array) -> Array: ...


def erfcx(x: np.ndarray) -> np.ndarray:
    """exp(x^2) erfc(x) for x >= 0, relative error below 2e-15 (NumPy only)."""
    return np.asarray(_erfcx_of(np, x))


def _erfcx_of(library: Any, x: Array, terms: int = len(_ERFCX)) -> Array:
    """`erfcx` with the functions of NumPy or JAX."""
    t = (x - _ERFCX_POLE) / (x + _ERFCX_POLE)
    b1 = library.zeros_like(t)
    b2 = library.zeros_like(t)
    two_t = 2.0 * t
    for c in _ERFCX[terms - 1 : 0 : -1]:
        b1, b2 = two_t * b1 - b2 + c, b1
    return (t * b1 - b2 + _ERFCX[0]) / (1.0 + 2.0 * x)


class NumpyNamespace:
    """NumPy arrays (float64)."""

    name = "numpy"

    @staticmethod
    def asarray(x: Array) -> np.ndarray:
        return np.asarray(x, dtype=float)

    log = staticmethod(np.log)
    exp = staticmethod(np.exp)
    sqrt = staticmethod(np.sqrt)
    log1p = staticmethod(np.log1p)
    where = staticmethod(np.where)
    maximum = staticmethod(np.maximum)

    @staticmethod
    def sum(x: Array, axis: int) -> np.ndarray:
        return np.sum(x, axis=axis)

    @staticmethod
    def max(x: Array, axis: int) -> np.ndarray:
        return np.max(x, axis=axis)

    @staticmethod
    def log_prod(x: Array) -> np.ndarray:
        """Log of the product over the last axis: one logarithm instead of one a factor."""
        return np.asarray(np.log(np.prod(x, axis=-1)))

    @staticmethod
    def stack(arrays: list[Array]) -> np.ndarray:
        """A new last axis over arrays that broadcast against each other."""
        return np.stack(np.broadcast_arrays(*arrays), axis=-1)

    @staticmethod
    def concatenate(arrays: list[Array]) -> np.ndarray:
        """Join along the last axis; leading axes broadcast."""
        lead = np.broadcast_shapes(*(np.shape(a)[:-1] for a in arrays))
        return np.concatenate([np.broadcast_to(a, (*lead, np.shape(a)[-1])) for a in arrays], axis=-1)

    @staticmethod
    def rows(arrays: list[Array]) -> np.ndarray:
        """Join along the first axis."""
        return np.concatenate(arrays, axis=0)

    @staticmethod
    def take(x: Array, index: Array) -> np.ndarray:
        """Pick `index` (an integer or an integer array) on the last axis."""
        return np.take(x, index, axis=-1)

    @staticmethod
    def expit(x: Array) -> np.ndarray:
        out = np.negative(x, dtype=float)
        out = np.atleast_1d(np.minimum(out, 700.0))
        np.exp(out, out=out)  # in place: fresh memory costs more than the arithmetic
        out += 1.0
        np.reciprocal(out, out=out)
        return out.reshape(np.shape(x))

    @staticmethod
    def softplus(x: Array) -> np.ndarray:
        x = np.asarray(x, dtype=float)
        return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))

    @staticmethod
    def log_ndtr(x: Array) -> np.ndarray:
        """Log of the standard normal distribution function, stable in both tails."""
        x = np.asarray(x, dtype=float)
        half_erfcx = 0.5 * erfcx(np.abs(x) / _SQRT2)
        lower = np.log(half_erfcx) - 0.5 * x * x
        upper = np.log1p(-half_erfcx * np.exp(-0.5 * x * x))
        return np.where(x < 0.0, lower, upper)

    @staticmethod
    def settled(x: Array) -> Array:
        """The same; where a compiler might compute it again in every place of use, it does not."""
        return x

    @staticmethod
    def log1mexp(x: Array) -> np.ndarray:
        """log(1 - exp(x)) for x < 0."""
        x = np.asarray(x, dtype=float)
        small = x > -0.6931471805599453
        return np.where(small, np.log(-np.expm1(np.where(small, x, -1.0))), np.log1p(-np.exp(np.where(small, -1.0, x))))


class PytensorNamespace:
    """PyTensor variables; imported only when a graph is built."""

    name = "pytensor"

    def __init__(self) -> None:
        import pytensor.tensor as pt

        self._pt = pt

    def asarray(self, x: Array) -> Array:
        return self._pt.as_tensor_variable(x)

    def log(self, x: Array) -> Array:
        return self._pt.log(x)

    def exp(self, x: Array) -> Array:
        return self._pt.exp(x)

    def sqrt(self, x: Array) -> Array:
        return self._pt.sqrt(x)

    def log1p(self, x: Array) -> Array:
        return self._pt.log1p(x)

    def where(self, condition: Array, a: Array, b: Array) -> Array:
        return self._pt.switch(condition, a, b)

    def maximum(self, a: Array, b: Array) -> Array:
        return self._pt.maximum(a, b)

    def sum(self, x: Array, axis: int) -> Array:
        return self._pt.sum(x, axis=axis)

    def max(self, x: Array, axis: int) -> Array:
        return self._pt.max(x, axis=axis)

    def log_prod(self, x: Array) -> Array:
        return self._pt.sum(self._pt.log(x), axis=-1)

    def stack(self, arrays: list[Array]) -> Array:
        return self._pt.stack(self._pt.broadcast_arrays(*arrays), axis=-1)

    def concatenate(self, arrays: list[Array]) -> Array:
        return self._pt.concatenate(arrays, axis=-1)

    def rows(self, arrays: list[Array]) -> Array:
        return self._pt.concatenate(arrays, axis=0)

    def take(self, x: Array, index: Array) -> Array:
        return self._pt.take(x, index, axis=-1)

    def expit(self, x: Array) -> Array:
        return self._pt.sigmoid(x)

    def softplus(self, x: Array) -> Array:
        return self._pt.softplus(x)

    def log_ndtr(self, x: Array) -> Array:
        pt = self._pt
        low = x < -1.0
        safe_low = pt.switch(low, x, -2.0)
        safe_high = pt.switch(low, 0.0, x)
        return pt.switch(
            low,
            pt.log(pt.erfcx(-safe_low / _SQRT2) / 2.0) - 0.5 * pt.sqr(safe_low),
            pt.log1p(-pt.erfc(safe_high / _SQRT2) / 2.0),
        )

    def log1mexp(self, x: Array) -> Array:
        return self._pt.log1mexp(x)

    def settled(self, x: Array) -> Array:
        return x


class JaxNamespace:
    """JAX arrays (float64); imported only when a registry is fitted."""

    name = "jax"

    def __init__(self) -> None:
        import jax
        import jax.numpy as jnp

        self._jnp = jnp
        self.log, self.exp, self.sqrt, self.log1p = jnp.log, jnp.exp, jnp.sqrt, jnp.log1p
        self.where, self.maximum = jnp.where, jnp.maximum
        self.expit, self.softplus = jax.nn.sigmoid, jax.nn.softplus
        self.log_ndtr = _jax_log_ndtr()
        self.settled = jax.lax.optimization_barrier

    def asarray(self, x: Array) -> Array:
        return self._jnp.asarray(x)

    def sum(self, x: Array, axis: int) -> Array:
        return self._jnp.sum(x, axis=axis)

    def max(self, x: Array, axis: int) -> Array:
        return self._jnp.max(x, axis=axis)

    def log_prod(self, x: Array) -> Array:
        return self._jnp.sum(self._jnp.log(x), axis=-1)

    def stack(self, arrays: list[Array]) -> Array:
        return self._jnp.stack(self._jnp.broadcast_arrays(*arrays), axis=-1)

    def concatenate(self, arrays: list[Array]) -> Array:
        lead = self._jnp.broadcast_shapes(*(np.shape(a)[:-1] for a in arrays))
        whole = [self._jnp.broadcast_to(self._jnp.asarray(a), (*lead, np.shape(a)[-1])) for a in arrays]
        return self._jnp.concatenate(whole, axis=-1)

    def rows(self, arrays: list[Array]) -> Array:
        return self._jnp.concatenate(arrays, axis=0)

    def take(self, x: Array, index: Array) -> Array:
        return self._jnp.take(self._jnp.asarray(x), index, axis=-1)

    def log1mexp(self, x: Array) -> Array:
        jnp = self._jnp
        small = x > -0.6931471805599453
        near = jnp.log(-jnp.expm1(jnp.where(small, x, -1.0)))
        return jnp.where(small, near, jnp.log1p(-jnp.exp(jnp.where(small, -1.0, x))))


def _jax_log_ndtr() -> Any:
    """The NumPy series for `log_ndtr`, with its derivative in closed form: the density over the distribution."""
    import jax
    import jax.numpy as jnp

    @jax.custom_jvp
    def log_ndtr(x: Array) -> Array:
        terms = _ERFCX_SINGLE if x.dtype == jnp.float32 else len(_ERFCX)
        half_erfcx = 0.5 * _erfcx_of(jnp, jnp.abs(x) / _SQRT2, terms)
        density = -0.5 * x * x
        found = jnp.where(x < 0.0, jnp.log(half_erfcx) + density, jnp.log1p(-half_erfcx * jnp.exp(density)))
        return jax.lax.optimization_barrier(found)

    @log_ndtr.defjvp
    def derivative(primals: Any, tangents: Any) -> Any:
        (x,), (dx,) = primals, tangents
        value = log_ndtr(x)
        return value, jnp.exp(-0.5 * x * x - _LOG_SQRT_2PI - value) * dx

    return log_ndtr


NUMPY: Namespace = NumpyNamespace()


def pytensor_namespace() -> Namespace:
    """The PyTensor namespace (imports PyTensor)."""
    return PytensorNamespace()


def jax_namespace() -> Namespace:
    """The JAX namespace (imports JAX)."""
    return JaxNamespace()


def logsumexp(xp: Namespace, x: Array, axis: int = -1) -> Array:
    """log sum exp over one trailing axis; all entries must be finite or a floored log-likelihood."""
    top = xp.max(x, axis=axis)
    expanded = top[..., None] if axis == -1 else _expand(top, axis)
    return top + xp.log(xp.sum(xp.exp(x - expanded), axis=axis))


def logaddexp(xp: Namespace, a: Array, b: Array) -> Array:
    """log(exp(a) + exp(b)) element by element."""
    top = xp.maximum(a, b)
    return top + xp.log(xp.exp(a - top) + xp.exp(b - top))


def log_normal_pdf(xp: Namespace, x: Array, mean: Array, sd: Array) -> Array:
    """Log density of N(mean, sd^2) at x."""
    z = (x - mean) / sd
    return -0.5 * z * z - xp.log(sd) - _LOG_SQRT_2PI


def log_normal_interval(xp: Namespace, low: Array, high: Array, mean: Array, sd: Array) -> Array:
    """log P(low <= X < high), X ~ N(mean, sd^2); finite bounds (sentinels for open ends).

    The pair is reflected to the lower tail, where the difference of two log distribution functions is accurate.
    """
    a = (low - mean) / sd
    b = (high - mean) / sd
    flip = (a + b) > 0.0
    left = xp.where(flip, -b, a)
    right = xp.where(flip, -a, b)
    upper = xp.log_ndtr(right)
    gap = xp.log_ndtr(left) - upper
    return upper + xp.log1mexp(gap)


def _expand(x: Array, axis: int) -> Array:
    index: list[Any] = [Ellipsis, None] + [slice(None)] * (-axis - 1)
    return x[tuple(index)]
