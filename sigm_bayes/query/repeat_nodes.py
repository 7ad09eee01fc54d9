"""A repeat IgM beside the results that are known: all its possible results at once, on nodes of the true level.

The model is that of `likelihood.igm_series`, summed in another order (tests hold both together). There every result is
tabulated with the others; here what the known results say is put on evenly spaced nodes of the true ln IgM, x1 with the
shift and x0 without it, and a repeat is an interval seen from each node, which no longer depends on the parameters but
for its dip. Everything is smooth over the error of the laboratory, and for such functions the sum over evenly spaced
nodes converges faster than any power of their distance (Trefethen and Weideman 2014, doi:10.1137/130932132).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sigm_bayes.likelihood import person
from sigm_bayes.likelihood.igm import N_COMPONENTS, NONE, SampleNoise
from sigm_bayes.likelihood.namespace import NUMPY, erfcx
from sigm_bayes.query.situation import Situation

REACH, REACH_OF_DIPS = 5.5, 5.0
"""Nodes reach so many SDs beyond what is likely, and beyond what a dip makes possible."""
WIDEST = 1.2
"""Distance between nodes in SDs of the narrowest thing summed: an error of exp(-2 pi^2 / 1.2^2), a millionth."""
NARROWEST = 0.02
"""Least distance between nodes, ln units."""
BLOCK = 8
"""Draws whose kernel fits the processor's cache."""
_SMALLEST = 1e-300

Bounds = tuple[float, float, int]
"""ln low, ln high, index of the context."""


@dataclass(frozen=True, eq=False)
class Course:
    """When the shift of a hypothesis may have gone.

    Attributes
    ----------
    at_known : (draw, known_later_result)
        P(gone by then).
    at_repeat : (draw,)
    """

    at_known: np.ndarray
    at_repeat: np.ndarray


@dataclass(frozen=True, eq=False)
class Component:
    """One shift: levels while it is there, and once it has gone; (draw,) each."""

    mean: np.ndarray
    sd: np.ndarray
    mean_gone: np.ndarray
    slope_gone: np.ndarray
    sd_gone: np.ndarray


def ndtr(x: np.ndarray) -> np.ndarray:
    """The standard normal distribution function, accurate in the lower tail."""
    tail = 0.5 * erfcx(np.abs(x) / np.sqrt(2.0)) * np.exp(-0.5 * x * x)
    return np.where(x < 0.0, tail, 1.0 - tail)


def in_interval(low: np.ndarray, high: np.ndarray, mean: np.ndarray, sd: np.ndarray | float) -> np.ndarray:
    """P(low <= X < high), X ~ N(mean, sd^2), accurate in both tails."""
    a, b = (low - mean) / sd, (high - mean) / sd
    flip = a + b > 0.0
    return ndtr(np.where(flip, -a, b)) - ndtr(np.where(flip, -b, a))


class Seen:
    """What a printed result says of the true level at nodes, with and without a dip."""

    def __init__(self, low: np.ndarray, high: np.ndarray, node: np.ndarray, noise: SampleNoise) -> None:
        dipped = float(np.hypot(noise.error_sd, noise.dip_sd))
        self.plain = in_interval(low, high, node, noise.error_sd)
        self.dipped = in_interval(low, high, node - noise.dip_shift, dipped)

    def at(self, dip: np.ndarray) -> np.ndarray:
        """P(result | node); (draw, node)."""
        return (1.0 - dip)[:, None] * self.plain + dip[:, None] * self.dipped

    def summed(self, weight: np.ndarray, dip: np.ndarray) -> np.ndarray:
        """Sum over nodes (draw, node) of many results (result, node) at once; (draw, result)."""
        return (1.0 - dip)[:, None] * (weight @ self.plain.T) + dip[:, None] * (weight @ self.dipped.T)


class Nodes:
    """The known results and the cells of a repeat on nodes.

    Parameters
    ----------
    known : sequence of Bounds
        The first result, then the later ones.
    cells : (cell,), (cell,)
        ln bounds of the cells.
    well : int
        Context of the repeat.
    """

    def __init__(
        self, s: Situation, known: Sequence[Bounds], *, cells: tuple[np.ndarray, np.ndarray], well: int
    ) -> None:
        self.p, self.case, noise = s.parameters, s.case, s.case.noise
        self.mean, self.sd = person.igm_components(NUMPY, self.p, self.case.curves[0])
        self.healthy_mean, self.healthy_sd = self.mean[:, NONE], self.sd[:, NONE]
        dip = NUMPY.expit(self.p["logit_dip"])
        self.dip = dip[:, well]
        self.goes = np.array(list(itertools.product((0.0, 1.0), repeat=len(known) - 1)))
        self.step = self._step(len(known), noise.error_sd)
        x, y = self._nodes_here(known[0], noise), self._nodes_gone()
        low, high = (bound[:, None] for bound in cells)
        self.cell_here, self.cell_gone = Seen(low, high, x, noise), Seen(low, high, y, noise)
        here, gone = (
            [Seen(np.array(a), np.array(b), node, noise).at(dip[:, context]) for a, b, context in known]
            for node in (x, y)
        )
        self.x, self.y = x, y
        self.patterns = [self._groups(here, gone, goes) for goes in self.goes]

    def _step(self, results: int, error_sd: float) -> float:
        """Distance of nodes: no wider than the narrowest product of what is summed."""
        narrowest = min(float(c.sd_gone.min()) for c in self.shifts())
        return max(NARROWEST, WIDEST / np.sqrt((results + 1) / error_sd**2 + 1.0 / max(narrowest, NARROWEST) ** 2))

    def _nodes_here(self, first: Bounds, noise: SampleNoise) -> np.ndarray:
        """Levels that can have been printed as the first result, with or without a dip."""
        dipped = float(np.hypot(noise.error_sd, noise.dip_sd))
        lowest = min(first[0] - REACH * noise.error_sd, first[0] + noise.dip_shift - REACH_OF_DIPS * dipped)
        highest = max(first[1] + REACH * noise.error_sd, first[1] + noise.dip_shift + REACH_OF_DIPS * dipped)
        low = max(lowest, float((self.mean - REACH * self.sd).min()))
        high = min(highest, float((self.mean + REACH * self.sd).max()))
        return np.arange(min(low, high - self.step), high + self.step, self.step)

    def _nodes_gone(self) -> np.ndarray:
        low = float((self.healthy_mean - REACH * self.healthy_sd).min())
        high = float((self.healthy_mean + REACH * self.healthy_sd).max())
        return np.arange(low, high + self.step, self.step)

    @staticmethod
    def _groups(
        here: list[np.ndarray], gone: list[np.ndarray], goes: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """What the results that see the shift say at x, and the others at y; (draw, node) each."""
        with_shift, without = here[0], None
        for at_x, at_y, has_gone in zip(here[1:], gone[1:], goes, strict=True):
            if has_gone:
                without = at_y if without is None else without * at_y
            else:
                with_shift = with_shift * at_x
        return with_shift, without

    def shifts(self) -> list[Component]:
        """The shifted components; once the shift has gone the level is the person's own."""
        out = []
        for c in range(1, N_COMPONENTS):
            variance, sd = self.healthy_sd**2, self.sd[:, c]
            slope = variance / sd**2
            out.append(
                Component(self.mean[:, c], sd, self.healthy_mean, slope, np.sqrt(variance * (1.0 - slope)))
            )  # fmt: skip
        return out

    def late(self) -> Component:
        """Late maturers: once they have caught up their level is a fresh draw."""
        mean, sd = self.healthy_mean, self.healthy_sd
        shift, ratio = self.case.delay_shift_spreads, self.case.delay_spread_ratio
        return Component(mean - shift * sd, ratio * sd, mean, 0.0 * mean, sd)

    def together(self, mean: np.ndarray, sd: np.ndarray) -> np.ndarray:
        """P(known results, cell | one level N(mean, sd^2) at all of them); (draw, cell)."""
        return self.cell_here.summed(self.patterns[0][0] * self._prior(self.x, mean, sd), self.dip)

    def _prior(self, node: np.ndarray, mean: np.ndarray, sd: np.ndarray) -> np.ndarray:
        return _normal(node, mean[:, None], sd[:, None]) * self.step

    def apart(self, c: Component) -> tuple[np.ndarray, np.ndarray]:
        """P(known results, cell | pattern, shift c there at the repeat), and gone; (pattern, draw, cell) each."""
        prior, kernel = self._prior(self.x, c.mean, c.sd), self._kernel(c)
        stays, gone = [], []
        for here, away in self.patterns:
            weight = here * prior
            moved = (weight[:, None, :] @ kernel)[:, 0]  # to where the level goes; (draw, y)
            if away is not None:
                moved = moved * away
                weight = weight * (kernel @ away[..., None])[..., 0]
            stays.append(self.cell_here.summed(weight, self.dip))
            gone.append(self.cell_gone.summed(moved, self.dip))
        return np.array(stays), np.array(gone)

    def _kernel(self, c: Component) -> np.ndarray:
        """P(level y once the shift has gone | level x while it was there); (draw, x, y)."""
        centre = c.mean_gone[:, None] + c.slope_gone[:, None] * (self.x - c.mean[:, None])
        out = np.empty((*centre.shape, len(self.y)))
        scale = self.step / (np.sqrt(2.0 * np.pi) * c.sd_gone)
        for begin in range(0, len(out), BLOCK):
            at = slice(begin, begin + BLOCK)
            z = out[at]
            np.subtract(self.y, centre[at, :, None], out=z)
            z *= (np.sqrt(0.5) / c.sd_gone[at])[:, None, None]
            np.multiply(z, z, out=z)
            np.negative(z, out=z)
            np.exp(z, out=z)
            z *= scale[at, None, None]
        return out

    def over_patterns(self, parts: tuple[np.ndarray, np.ndarray], course: Course) -> np.ndarray:
        """P(known results, cell | course of the shift); (draw, cell)."""
        stays, gone = parts
        log_pattern = np.log(course.at_known) @ self.goes.T + np.log1p(-course.at_known) @ (1.0 - self.goes).T
        repeat = course.at_repeat[:, None]
        return np.einsum("dp,pdk->dk", np.exp(log_pattern), (1.0 - repeat) * stays + repeat * gone)

    def mixing(self) -> np.ndarray:
        """Share of every component in every kind of hypothesis; (component, draw, kind)."""
        alone = np.log(np.eye(N_COMPONENTS) + _SMALLEST)[:, None, :]
        draws = np.zeros((1, len(self.mean), 1))
        return np.exp(person.mix_components(NUMPY, self.p, alone + draws))


def _normal(x: np.ndarray, mean: np.ndarray, sd: np.ndarray) -> np.ndarray:
    z = (x - mean) / sd
    return np.asarray(np.exp(-0.5 * z * z) / (np.sqrt(2.0 * np.pi) * sd))
