"""The model card of a fitted registry: what was fitted, what it changed, and what it could not settle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sigm_bayes.fit.entries import Entries
from sigm_bayes.fit.spec import FitSpec
from sigm_bayes.likelihood.hypotheses import CLASSES
from sigm_bayes.release.card import number, table
from sigm_bayes.release.sigm import Inputs

if TYPE_CHECKING:
    import xarray as xr

SHOWN = 20
LEARNT_FROM = 0.1
"""Less than this narrowing of the literature's interval counts as not learnt."""
CENTRE_EFFECTS = ("centre_prevalence", "centre_background", "assay_offset")


@dataclass(frozen=True)
class FitCard:
    """What the card is written from; `before` and `after` are draws (draw, ...) by released name."""

    meta: Mapping[str, Any]
    entries: Entries
    spec: FitSpec
    inputs: Inputs
    before: Mapping[str, np.ndarray]
    after: Mapping[str, np.ndarray]
    tree: xr.DataTree


@dataclass(frozen=True)
class Change:
    """One released quantity before and after the registry."""

    label: str
    before: float
    before_sd: float
    after: float
    after_sd: float

    @property
    def shift(self) -> float:
        """In SDs of the literature posterior."""
        return (self.after - self.before) / self.before_sd

    @property
    def narrowed(self) -> float:
        """1 - SD after / SD before."""
        return 1.0 - self.after_sd / self.before_sd


def changes(
    before: Mapping[str, np.ndarray], after: Mapping[str, np.ndarray], labels: Mapping[str, list[str]]
) -> list[Change]:
    """Compare every released quantity."""
    out = []
    for name, values in after.items():
        if name not in before:
            continue
        a, b = before[name].reshape(len(before[name]), -1), values.reshape(len(values), -1)
        for j in range(b.shape[1]):
            entry = labels[name][j]
            out.append(
                Change(
                    f"{name}[{entry}]" if entry else name,
                    float(a[:, j].mean()),
                    float(a[:, j].std()),
                    float(b[:, j].mean()),
                    float(b[:, j].std()),
                )
            )
    return [c for c in out if c.before_sd > 1e-9]


def fit_card(given: FitCard) -> str:
    """Write the card (Markdown)."""
    found = changes(given.before, given.after, _labels(given))
    learnt = [c for c in found if c.narrowed >= LEARNT_FROM]
    parts = [
        "# Model card: literature and registry\n",
        (
            "For research and decision support. The numbers describe the registry that was fitted and the published "
            "evidence together; they carry over to people who are tested for the same reasons.\n"
        ),
        "## Data\n", _data(given),
        "## What the registry changed\n",
        (
            f"{len(learnt)} of {len(found)} quantities have an interval at least {LEARNT_FROM:.0%} narrower than from "
            "the literature alone. The largest shifts, in SDs of the literature posterior:\n"
        ),
        _table(sorted(found, key=lambda c: -abs(c.shift))[:SHOWN]),
        "## What it narrowed most\n",
        _table(sorted(found, key=lambda c: -c.narrowed)[:SHOWN]),
        "## What it could not settle\n", _unsettled(found),
        "## Centres\n", _centres(given),
        "## Diagnostics\n", _diagnostics(given.meta),
        "## Limits\n", _limits(given),
    ]  # fmt: skip
    return "\n".join(parts)


def _labels(given: FitCard) -> dict[str, list[str]]:
    out = {}
    for name, values in given.after.items():
        dims = given.tree["posterior"][name].dims[2:]
        coords = [[str(x) for x in given.tree["posterior"][name].coords[d].to_numpy()] for d in dims]
        grid = [""]
        for labels in coords:
            grid = [f"{a}, {b}" if a else b for a in grid for b in labels]
        out[name] = grid if len(grid) == int(np.prod(values.shape[1:])) else [""] * int(np.prod(values.shape[1:]))
    return out


def _data(given: FitCard) -> str:
    entries, spec = given.entries, given.spec
    by_centre = Counter(entries.centres[e.centre] for e in entries.entries)
    by_label = Counter("none" if e.label >= len(CLASSES) else CLASSES[e.label] for e in entries.entries)
    labelled = ", ".join(f"{name} {n}" for name, n in by_label.most_common())
    left = "; ".join(f"{reason}: {n}" for reason, n in sorted(entries.left_out.items())) or "nobody"
    lines = [
        (
            f"- {len(entries.entries):,} people in {len(entries.centres)} centres; ascertainment "
            f"`{spec.ascertainment}`, labels `{spec.labels}`."
        ),
        f"- Labels: {labelled}.",
        f"- Left out: {left}.",
        f"- Boxes to tick (an unticked one may have been overlooked): {', '.join(spec.boxes) or 'none'}.",
    ]
    if entries.thinned:
        low = "Everybody" if entries.kept_low == 1.0 else f"{entries.kept_low:.1%} of those"
        lines.append(
            f"- {low} with a first IgM below {spec.keep_below_mg_dl:g} mg/dL and {entries.kept_high:.1%} of the "
            "others, chosen at random; the likelihood is conditional on that."
        )
    rows = [[centre, f"{n:,}"] for centre, n in by_centre.most_common()]
    return "\n".join(lines) + "\n\n" + table(["centre", "people"], rows) + "\n"


def _table(found: list[Change]) -> str:
    rows = [
        [c.label, f"{number(c.before)} ± {number(c.before_sd)}", f"{number(c.after)} ± {number(c.after_sd)}",
         f"{c.shift:+.1f}", f"{c.narrowed:.0%}"]
        for c in found
    ]  # fmt: skip
    return table(["quantity", "literature", "with the registry", "shift (SD)", "narrower by"], rows) + "\n"


def _unsettled(found: list[Change]) -> str:
    weak: dict[str, int] = Counter()
    total: dict[str, int] = Counter()
    for c in found:
        name = c.label.split("[")[0]
        total[name] += 1
        weak[name] += c.narrowed < LEARNT_FROM
    rows = [[name, f"{weak[name]} of {n}"] for name, n in total.items() if weak[name]]
    return (
        "Entries whose interval the registry did not narrow by a tenth: these repeat the literature, which often "
        "repeats a stated judgement.\n\n" + table(["parameter", "not learnt"], rows) + "\n"
    )


def _centres(given: FitCard) -> str:
    posterior = given.tree["posterior"]
    rows = []
    for name in CENTRE_EFFECTS:
        sd = posterior[f"{name}_sd"].to_numpy().ravel()
        low, high = np.quantile(sd, [0.05, 0.95])
        rows.append([name, number(float(sd.mean())), f"{number(float(low))} to {number(float(high))}"])
    return "SD between centres (90% interval):\n\n" + table(["effect", "mean", "interval"], rows) + "\n"


def _diagnostics(meta: Mapping[str, Any]) -> str:
    checks, sampler = meta["diagnostics"], meta["sampler"]
    return (
        f"{sampler['chains']} chains of {sampler['draws']} draws after {sampler['tune']}: R-hat at most "
        f"{checks['r_hat']['value']:.3f}, bulk ESS at least {checks['ess_bulk']['value']:.0f}, "
        f"{checks['divergences']} divergences.\n"
    )


def _limits(given: FitCard) -> str:
    lines = [
        "- The prior is the published evidence, as on the card of the shipped model; its limits hold here too.",
        "- Of several IgM results the first and the last are used.",
        "- Cells that are blank are taken to be blank whatever they would have said, except boxes to tick.",
    ]
    if given.spec.labels == "trusted":
        lines.append("- Labels are taken to be right.")
    if given.spec.ascertainment == "low_igm":
        lines.append("- The cut-off by which people entered is taken to be exact and the same throughout.")
    return "\n".join(lines) + "\n"
