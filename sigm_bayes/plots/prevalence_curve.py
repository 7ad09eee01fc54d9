"""P(primary) over the prevalence of primary deficiency among the people tested: where the answer tips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sigm_bayes.plots import drawing as svg

LEFT, RIGHT, TOP, BOTTOM = 44.0, 10.0, 20.0, 208.0
LOWEST, HIGHEST = 1e-4, 0.5
"""Prevalences shown: 1 in 10,000 to one half."""
TICKS = ((1e-4, "0.01%"), (1e-3, "0.1%"), (1e-2, "1%"), (1e-1, "10%"), (0.5, "50%"))


@dataclass(frozen=True, kw_only=True)
class PrevalenceCurve:
    """What the figure shows; sequences are over prevalences, all numbers are shares.

    Attributes
    ----------
    prevalence, mean, lower, upper : sequence of float
        P(primary) with its interval at each prevalence.
    now : float
        Prevalence that the answer takes.
    now_probability : float
        P(primary) there.
    half : float or None
        Prevalence at which P(primary) is one half; None where none does it.
    """

    prevalence: Sequence[float]
    mean: Sequence[float]
    lower: Sequence[float]
    upper: Sequence[float]
    now: float
    now_probability: float
    half: float | None


def prevalence_curve(curve: PrevalenceCurve, *, name: str = "prevalence") -> str:
    """Draw the curve with its band, today's prevalence and the tipping point."""
    x = svg.Scale(LOWEST, HIGHEST, LEFT, svg.WIDTH - RIGHT, log=True)
    y = svg.Scale(0.0, 1.0, BOTTOM, TOP)
    body = [*_axes(x, y)]
    shown = [n for n, p in enumerate(curve.prevalence) if LOWEST <= p <= HIGHEST]
    over = [(x(curve.prevalence[n]), y(curve.upper[n])) for n in shown]
    under = [(x(curve.prevalence[n]), y(curve.lower[n])) for n in reversed(shown)]
    middle = [(x(curve.prevalence[n]), y(curve.mean[n])) for n in shown]
    body.append(
        svg.tag("path", d=svg.path(over + under, close=True), fill=svg.VERMILION, fill_opacity=0.18, class_="fill-for")
    )
    body.append(
        svg.tag("path", d=svg.path(middle), fill="none", stroke=svg.VERMILION, stroke_width=2.2, class_="line-primary")
    )
    body.append(svg.line(LEFT, y(0.5), svg.WIDTH - RIGHT, y(0.5), dash="5 4", class_="soft"))
    if curve.half is not None and LOWEST <= curve.half <= HIGHEST:
        body += _tip(x(curve.half), y, curve.half)
    body += _now(x(curve.now), y(curve.now_probability), below=abs(curve.now_probability - 0.5) < 0.2)
    return svg.figure(
        body, name=name, title=_title(curve), description=_words(curve), height=BOTTOM + 44.0
    )  # fmt: skip


def share(value: float) -> str:
    """Return a share with two significant digits below 10%."""
    return f"{100 * value:.2g}%" if value < 0.1 else f"{100 * value:.0f}%"


def _axes(x: svg.Scale, y: svg.Scale) -> list[str]:
    out = []
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        out.append(svg.line(LEFT, y(tick), svg.WIDTH - RIGHT, y(tick)))
        out.append(svg.text(LEFT - 6.0, y(tick) + 4.0, f"{100 * tick:.0f}%", anchor="end", size=12.0, soft=True))
    for tick, label in TICKS:
        out.append(svg.line(x(tick), TOP, x(tick), BOTTOM))
        anchor = "end" if tick == HIGHEST else "middle"
        at = svg.WIDTH if tick == HIGHEST else x(tick)
        out.append(svg.text(at, BOTTOM + 16.0, label, anchor=anchor, size=12.0, soft=True))
    out.append(svg.text(LEFT, TOP - 8.0, "probability of primary (band: 90% interval)", size=12.0, soft=True))
    words = "prevalence of primary among those tested (log axis)"
    out.append(svg.text(svg.WIDTH, BOTTOM + 36.0, words, anchor="end", size=12.0, soft=True))
    return out


def _tip(x: float, y: svg.Scale, half: float) -> list[str]:
    left = x > svg.WIDTH * 0.55
    words, anchor = f"50% at {share(half)}", "end" if left else "start"
    return [
        svg.line(x, y(0.5), x, BOTTOM, dash="5 4", class_="soft"),
        svg.tag(
            "circle", cx=x, cy=y(0.5), r=4.5, fill=svg.PAPER, stroke=svg.INK, stroke_width=1.5, class_="hollow"
        ),
        svg.text(x - 9.0 if left else x + 9.0, y(0.5) - 8.0, words, anchor=anchor),
    ]  # fmt: skip


def _now(x: float, y: float, *, below: bool) -> list[str]:
    left = x > svg.WIDTH * 0.6
    above = y + 20.0 if below or y < 40.0 else y - 10.0
    return [
        svg.tag("circle", cx=x, cy=y, r=5.0, fill=svg.INK, class_="fill-ink"),
        svg.text(x + (-8.0 if left else 0.0), above, "as asked", anchor="end" if left else "middle", bold=True),
    ]


def _title(curve: PrevalenceCurve) -> str:
    if curve.half is None:
        return "No prevalence would bring primary to 50%"
    return f"Primary reaches 50% at a prevalence of {share(curve.half)}; taken here: {share(curve.now)}"


def _words(curve: PrevalenceCurve) -> str:
    picked = []
    for tick, label in TICKS:
        nearest = min(range(len(curve.prevalence)), key=lambda n: abs(curve.prevalence[n] - tick))
        picked.append(f"{share(curve.mean[nearest])} at {label}")
    return f"P(primary) by the prevalence among those tested: {', '.join(picked)}. Band: 90% interval."
