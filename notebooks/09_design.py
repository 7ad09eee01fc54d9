# %% [markdown]
# # 9. Designing a registry
#
# **Question.** How many patients, and which variables, does a registry need to settle what the published evidence leaves
# open?
#
# The evidence hardly speaks about the prevalence of primary deficiency, about unrecorded causes, or about how far IgM falls.
# A registry would. How much can be computed before anybody is enrolled: the information of a simulated person, times their
# number, beside the literature posterior.

# %%
import csv

import numpy as np

from sigm_bayes import load_model
from sigm_bayes.checks.design import Way, expected
from sigm_bayes.checks.simulated_registries import Design
from sigm_bayes.paths import data_dir, models_dir
from sigm_bayes.plots.notebook import answer, basis, show, table
from sigm_bayes.plots.panels import SERIES, SERIES_LINES, SERIES_MARKERS, legend_below, line_with_band, panels
from sigm_bayes.release.sigm import load_inputs

SEED = 20261123
FOLDER = models_dir() / "sigm"
model = load_model()
basis(model)

# %% [markdown]
# ## What was computed beforehand
#
# `data/design/expected_sd.csv` (made by `benchmarks/design.py`, some minutes) has the expected SD of 247 parameters after a
# registry, over the SD of their priors: 1 is "as before any data", 0.5 is called settled here. Four centres (two clinics, a
# hospital, primary care) enrol whoever has a first IgM below 60 mg/dL. All of these parameters and the centre effects are
# unknown at once; finer ones count as known, so the SDs are a little too small.

# %%
with (data_dir() / "design" / "expected_sd.csv").open(encoding="utf-8", newline="") as stream:
    rows = list(csv.DictReader(stream))
SIZES = [int(column.removeprefix("people_")) for column in rows[0] if column.startswith("people_")]
stored = {(r["recorded"], r["parameter"]): np.array([float(r[f"people_{n}"]) for n in SIZES]) for r in rows}
CLINIC = "allergy_immunology_clinic"
OPEN = {
    "prevalence of primary in clinics": f"logit_primary[{CLINIC}]",
    "prevalence of another immunodeficiency in clinics": f"logit_other[{CLINIC}]",
    "prevalence of primary in hospitals": "logit_primary[hospital]",
    "unrecorded causes in hospitals": "log_occult_hazard[hospital]",
    "fall of IgM in primary, partial": "log_shift[partial]",
    "dips of IgM in people who are well": "logit_dip[well]",
    "proneness of primary to infection": "proneness[primary]",
    "proneness of secondary to infection": "proneness[secondary]",
}
SETTLED = 0.5


def needed(values):
    """People at which the SD falls to half of the prior's, on a straight line between sizes; None beyond the last."""
    below = np.flatnonzero(values <= SETTLED)
    if not len(below):
        return None
    if below[0] == 0:
        return 0
    k = below[0]
    share = (values[k - 1] - SETTLED) / (values[k - 1] - values[k])
    return round(SIZES[k - 1] + share * (SIZES[k] - SIZES[k - 1]), -2)


def people(count):
    """Write a number of people."""
    return f"more than {SIZES[-1]:,}" if count is None else f"{count:,.0f}"


whole = {label: stored["everything", name] for label, name in OPEN.items()}
reach = {label: needed(values) for label, values in whole.items()}
at = {n: SIZES.index(n) for n in SIZES}
table(
    [
        [label, *(f"{values[at[n]]:.2f}" for n in (0, 100, 1000, 10000)), people(reach[label])]
        for label, values in whole.items()
    ],
    head=["open parameter", "literature", "100", "1,000", "10,000 people", "people until settled"],
)

# %%
settled = [label for label, count in reach.items() if count is not None]
figure, axes = panels(
    1, 2, height=4.6, width=8.6, sharey=True,
    title=f"{len(settled)} of {len(OPEN)} open parameters are settled by {SIZES[-1]:,} people or fewer",
)  # fmt: skip
for n, (label, values) in enumerate(whole.items()):
    panel = axes[n // 4]
    line_with_band(panel, SIZES[1:], values[1:], label=label, colour=SERIES[n % 4], style=SERIES_LINES[n % 4])
    panel.plot(SIZES[1:], values[1:], SERIES_MARKERS[n % 4], color=SERIES[n % 4], markersize=4)
for panel in axes:
    panel.axhline(SETTLED, color="black", linewidth=0.9, linestyle="--")
    panel.set_xscale("log")
    panel.set_xticks([100, 1000, 10000], ["100", "1,000", "10,000"])
    panel.set_xlabel("people in the registry")
    panel.set_ylim(0, 1.1)
    panel.legend(loc="lower left", fontsize=8)
axes[0].set_ylabel("expected SD, over the prior's SD")
show(
    figure,
    alt=f"Expected SD over the prior's SD at {SIZES[1]:,} and {SIZES[-1]:,} people. "
    + " ".join(f"{label}: {values[1]:.2f} and {values[-1]:.2f}." for label, values in whole.items()),
)

# %% [markdown]
# ## Which variables
#
# The same registries of 1,000 people with one thing not recorded, or with everybody who was tested instead of the low ones.
# The figure leaves out what a complete record of 1,000 does not narrow either (by less than 0.05 of the prior's SD).

# %%
N = 1000
ways = list(dict.fromkeys(way for way, _ in stored))
lost = {way: {label: stored[way, name][at[N]] for label, name in OPEN.items()} for way in ways}
table(
    [[label, *(f"{lost[way][label]:.2f}" for way in ways)] for label in OPEN],
    head=[f"expected SD over the prior's SD, {N:,} people", *ways],
)

# %%
LEAST = 0.05
narrowed = {label: whole[label][0] - whole[label][at[N]] for label in OPEN}
told = [label for label in OPEN if narrowed[label] > LEAST]
gain = {
    way: np.array([1.0 - (whole[label][0] - lost[way][label]) / narrowed[label] for label in told]) for way in ways[1:]
}
mattering = {way: told[int(np.argmax(values))] for way, values in gain.items()}
mean_loss = {way: float(values.mean()) for way, values in gain.items()}
most, second = sorted(mean_loss, key=lambda way: -mean_loss[way])[:2]
figure, axes = panels(
    height=4.4, title=f"On average {mean_loss[most]:.0%} of the narrowing is lost with {most}, {mean_loss[second]:.0%} with {second}"
)  # fmt: skip
y = np.arange(len(told))
for n, (way, values) in enumerate(gain.items()):
    axes.plot(
        np.clip(values, -0.5, 1.0), y + 0.13 * (n - 2), SERIES_MARKERS[n], color=SERIES[n], markersize=5, label=way,
        linestyle="none",
    )  # fmt: skip
axes.set_yticks(y, told)
axes.invert_yaxis()
axes.axvline(0.0, color="black", linewidth=0.8)
axes.set_xlabel("share of the narrowing that is lost (below 0: gained)")
legend_below(figure, axes, columns=2)
show(
    figure,
    alt="Share of the narrowing that is lost. "
    + " ".join(
        f"{way}: " + ", ".join(f"{label} {value:.2f}" for label, value in zip(told, values, strict=True)) + "."
        for way, values in gain.items()
    ),
)

# %% [markdown]
# ## Computed here: is it the luck of the simulated people?
#
# The stored numbers come from one simulated registry of 1,000. Here another one of 500 is simulated, its information is
# multiplied, and the expected SDs are compared.

# %%
FEW = 500
again = expected(
    model, load_inputs(FOLDER), Way(Design(FEW, 4, "low_igm"), {}), folder=FOLDER, seed=SEED + 1
)  # fmt: skip
place = {name: i for i, name in enumerate(again.names)}
fresh = {n: again.sd(n) * again.prior_sd for n in (100, N)}
pairs = {label: [(whole[label][at[n]], fresh[n][place[name]]) for n in (100, N)] for label, name in OPEN.items()}
apart = max(abs(a - b) for both in pairs.values() for a, b in both)
table(
    [[label, *(f"{a:.2f} / {b:.2f}" for a, b in both)] for label, both in pairs.items()],
    head=["expected SD over the prior's SD: stored / here", "100 people", f"{N:,} people"],
)

# %% [markdown]
# ## Answer

# %%
first = min((label for label in settled if reach[label] > 0), key=lambda label: reach[label])
never = [label for label in OPEN if reach[label] is None]
clinic = "prevalence of primary in clinics"
hospital = "prevalence of primary in hospitals"
repeat, tested, causes = "no second IgM", "everybody tested, not the low only", "no exposures"
largest = {way: min(float(values.max()), 1.0) for way, values in gain.items()}
answer(f"""
A hundred people settle none of the numbers that decide P(primary): the SD of the prevalence of primary in clinics goes from
{whole[clinic][0]:.2f} to {whole[clinic][at[100]]:.2f} of the prior's, and to {whole[clinic][at[N]]:.2f} with {N:,} people. It takes {people(reach[clinic])}
people with a low IgM to halve it (the first to be halved is the {first}, with {people(reach[first])});
{len(never)} of {len(OPEN)} open parameters, among them the {hospital}, need {people(None)}: few of those who come to a
hospital with a low IgM have a primary deficiency. What must be recorded is a different variable for each question: without exposures
{largest[causes]:.0%} of what is learned of the {mattering[causes]} is lost, without a second IgM {largest[repeat]:.0%} for the
{mattering[repeat]}, and {N:,} people of whom everybody was tested tell less than {N:,} with a low IgM
(lost up to {largest[tested]:.0%}, {mattering[tested]}). Another simulated registry moves these SDs by at most {apart:.2f}.
""")
