"""What a researcher decides about a fit."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import get_args

from sigm_bayes.errors import InputError, Problem
from sigm_bayes.likelihood.people_joint import Ascertainment, Labels, Scheme


@dataclass(frozen=True)
class FitSpec:
    """How a registry was collected, what its labels are worth, and how the posterior is drawn.

    Attributes
    ----------
    ascertainment : "all_tested" | "low_igm" | "labelled_primary"
        Who is in the registry: everybody whose IgM was measured, only people whose first IgM was printed below a
        cut-off, or only people whom the centre labelled primary.
    labels : "trusted" | "noisy" | "ignored"
    cut_off_mg_dl : float, optional
        Of the first IgM, as printed: needed for low_igm. `cut_offs` gives it by centre.
    cut_offs : mapping of str to float
        Centre to cut-off in mg/dL.
    boxes : collection of str
        Findings and causes that are boxes to tick: an unticked one may have been overlooked.
    subsample_from : int
        From so many people on, those with a first IgM printed below `keep_below_mg_dl` are fitted and a share of the
        others (`keep_share`), with the likelihood conditional on that selection.
    most_people : int
        Where these would be more than about so many, both groups are thinned further by one common share.
    seed, chains, draws, tune, target_accept
        Of the sampler.
    """

    ascertainment: Ascertainment = "all_tested"
    labels: Labels = "noisy"
    cut_off_mg_dl: float | None = None
    cut_offs: Mapping[str, float] = field(default_factory=dict)
    boxes: Collection[str] = ()
    subsample_from: int = 20_000
    keep_below_mg_dl: float = 60.0
    keep_share: float = 0.1
    most_people: int = 4_000
    seed: int = 20261122
    chains: int = 4
    draws: int = 500
    tune: int = 40
    target_accept: float = 0.92

    def check(self, centres: Collection[str]) -> None:
        """Raise one InputError with everything that does not fit together."""
        problems = []
        for name, word, known in (
            ("ascertainment", self.ascertainment, get_args(Ascertainment)),
            ("labels", self.labels, get_args(Labels)),
        ):
            if word not in known:
                problems.append(Problem(name, word, "is not known", f"Use one of {', '.join(known)}."))
        for name, number, low in (("chains", self.chains, 2), ("draws", self.draws, 100), ("tune", self.tune, 20),
                                  ("most_people", self.most_people, 100)):  # fmt: skip
            if number < low:
                problems.append(Problem(name, number, f"expected at least {low}", "Ask for more."))
        cut_offs = {f"cut_offs[{centre}]": value for centre, value in self.cut_offs.items()}
        cut_offs |= {} if self.cut_off_mg_dl is None else {"cut_off_mg_dl": self.cut_off_mg_dl}
        for name, value in cut_offs.items():
            if not (math.isfinite(value) and 1.0 <= value <= 400.0):
                problems.append(Problem(name, value, "expected 1 to 400 mg/dL", "Give the printed cut-off in mg/dL."))
        if self.ascertainment == "low_igm" and self.cut_off_mg_dl is None:
            missing = [centre for centre in centres if centre not in self.cut_offs]
            if missing:
                problems.append(
                    Problem(
                        "cut_off_mg_dl",
                        None,
                        f"low_igm needs the cut-off of {', '.join(missing)}",
                        "Give --cut-off for all centres, or --cut-offs with a table of centres.",
                    )
                )
        unknown = [centre for centre in self.cut_offs if centre not in centres]
        for centre in unknown:
            problems.append(
                Problem("cut_offs", centre, "is no centre of the registry", f"Known: {', '.join(centres)}.")
            )
        if not 0.0 < self.keep_share < 1.0:
            problems.append(Problem("keep_share", self.keep_share, "expected a share between 0 and 1", "Give 0.1."))
        if not (math.isfinite(self.keep_below_mg_dl) and 1.0 <= self.keep_below_mg_dl <= 400.0):
            problems.append(Problem("keep_below_mg_dl", self.keep_below_mg_dl, "expected 1 to 400 mg/dL", "Give 60."))
        if problems:
            raise InputError(problems)

    def scheme(self, *, subsampled: bool) -> Scheme:
        """The part that the likelihood needs."""
        return Scheme(self.ascertainment, self.labels, subsampled)
