"""The sentences of the model card that do not depend on the fit."""

from __future__ import annotations

INTENDED_USE = """## Intended use

Research, and support of a decision that a physician makes: how probable it is that a low serum IgM is primary selective
deficiency, secondary to a drug or a disease, a low normal variant, or another defined immunodeficiency, with reasons.

- For people from 6 months of age (corrected for prematurity) whose IgM was measured. Younger ones get no probability.
- It ranks explanations from published group data and stated judgement. It has not been validated on a cohort of
  patients, and no authority has reviewed it.
- Not for screening, not for deciding on immunoglobulin treatment by itself, not for people with a known inborn error.
- A high probability of one explanation does not make the work-up for the others unnecessary."""

LIMITS = """## Limits

- Prevalence of primary and of other immunodeficiency, unrecorded causes, exposure rates in hospital and clinic,
  loadings on the latent proneness, and the size of the IgM shifts come from judgement, not from evidence.
- Below about 15 mg/dL few values are published: there the answer is extrapolation from the shape of the tails.
- Series of labelled patients are small and selected. Their definitions differ; each enters with its own definition,
  and with a selection effect that is prior-driven.
- Findings are read by the catalogue's window and count. Studies define recurrent infection otherwise, which the study
  effects absorb; background frequencies are those of high-income countries.
- Most shares of low IgM under a drug are of adults on treatment; children, dose, duration and combinations are not
  modelled apart from an exposure's strength over time.
- Study effects are assumed, not learned. Studies about the same people share them; hidden overlap would make
  the model too sure.
- Intervals of a query are parameter uncertainty given this model. They do not contain the doubt about its form."""

CONTRACTION = (
    """Contraction = 1 - posterior SD / prior SD: 0 where the answer is the prior's, 1 where it is the evidence's."""
)

ALL_ROWS = """Published value, then the median and 90% interval of a new study of that size. Units: % unless given; py =
person-years. The same with the bounds: `evidence_fit.csv`."""

ALL_BOUNDS = (
    """Bounds, `at most` or `at least` the published number: met where the interval reaches the allowed side."""
)
