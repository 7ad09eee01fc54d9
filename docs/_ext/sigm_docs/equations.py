"""The equations of the model page; tests/docs/test_equations.py holds each to the function it names."""
# ruff: noqa: D205, D209, D301  the docstring of a formula is the paragraph that the page prints above it

from __future__ import annotations

from collections.abc import Callable, Sequence

from sigm_docs.formula import (
    Equation,
    Phi,
    exp,
    expit,
    factorial,
    inf,
    integral,
    join,
    ln,
    log2,
    log10,
    normal,
    product,
    size,
    sqrt,
    total,
)  # fmt: skip

Numbers = Sequence[float]
EQUATIONS: dict[str, Equation] = {}


def _equation(left: str, code: str, **symbols: str) -> Callable[[Callable[..., float]], Callable[..., float]]:
    def register(function: Callable[..., float]) -> Callable[..., float]:
        EQUATIONS[function.__name__] = Equation(function.__name__, left, symbols, f"sigm_bayes.{code}", function)
        return function

    return register


# ---------------------------------------------------------------------------------- explanations before any result


@_equation(r"P(Z = \text{primary})", "likelihood.person.with_prior_odds", odds_p="o_p", odds_o="o_o")
def prior_primary(odds_p: float, odds_o: float) -> float:
    """The starting point: log odds $o_p$ of primary and $o_o$ of another immunodeficiency, each against the rest."""
    return exp(odds_p) / (1 + exp(odds_p) + exp(odds_o))


@_equation(r"o_p", "likelihood.person.log_prior_odds", pi_setting=r"\pi_g", age="a_b")
def prior_log_odds(pi_setting: float, age: float) -> float:
    """The log odds of primary are a sum over setting $g$ and age band $b$; those of another immunodeficiency have a
    third part for boys below 18 years."""
    return pi_setting + age


@_equation(r"\operatorname{logit} e_m", "likelihood.person.exposure_logits", e_base=r"\varepsilon_m",
           setting=r"\varepsilon_{m,g}", age=r"\varepsilon_{m,b}", together=r"\gamma", raised="r_m")  # fmt: skip
def exposure_rate(e_base: float, setting: float, age: float, together: float, raised: float) -> float:
    """How common exposure $m$ is among the people tested in a setting and at an age; $r_m = 1$ where a recorded
    exposure makes it likelier (rituximab in lymphoma)."""
    return e_base + setting + age + together * raised


@_equation(r"P(w \mid Z)", "likelihood.exposures.log_exposure_probability", e=r"e")
def recorded_exposures(w: Numbers, e: Numbers, m_known: Sequence[int]) -> float:
    """The recorded exposures $w_m \\in \\{0, 1\\}$, for each class with its own rates $e_m$."""
    return product(e[m] ** w[m] * (1 - e[m]) ** (1 - w[m]) for m in m_known)


@_equation(r"P(\text{normal} \mid \text{rest}, w)", "likelihood.exposures.log_weights_rest", h_occult="h_0",
           causes="M")  # fmt: skip
def normal_given_exposures(h: Numbers, w: Numbers, h_occult: float, causes: Sequence[int]) -> float:
    """Causes are competing hazards: a person is of the low normal variant if none of them has acted."""
    H = h_occult + total(h[m] * w[m] for m in causes)
    return exp(-H)


@_equation(r"P(\text{secondary}: m \mid \text{rest}, w)", "likelihood.exposures.log_weights_rest", h_occult="h_0",
           causes="M")  # fmt: skip
def secondary_given_exposures(m: int, h: Numbers, w: Numbers, h_occult: float, causes: Sequence[int]) -> float:
    """The first hazard to act is the cause (occult likewise, with $h_0$)."""
    H = h_occult + total(h[k] * w[k] for k in causes)
    return integral(lambda s: h[m] * w[m] * exp(-s * H), 0, 1)


@_equation(r"P(\text{secondary}: m \mid \text{rest})", "likelihood.exposures.log_weights_rest", h_occult="h_0",
           causes="M")  # fmt: skip
def secondary_exposures_unknown(m: int, h: Numbers, e: Numbers, h_occult: float, causes: Sequence[int]) -> float:
    """With no exposure known the sum over their $2^M$ states is a product under the integral."""
    return integral(
        lambda s: h[m] * e[m] * exp(-s * (h[m] + h_occult))
        * product(1 - e[k] + e[k] * exp(-s * h[k]) for k in causes if k != m),
        0, 1,
    )  # fmt: skip


@_equation(r"h_m", "query.encode._hazard_factor", h_full=r"h_{m,0}", months=r"\Delta t", hold=r"t_{\text{hold}}",
           half_life=r"t_{1/2}")  # fmt: skip
def hazard_left(h_full: float, months: float, hold: float, half_life: float) -> float:
    """Months after the last dose the hazard holds for $t_{\\text{hold}}$, then halves in every $t_{1/2}$."""
    return h_full * (exp(-ln(2) * (months - hold) / half_life) if months > hold else 1)


# ------------------------------------------------------------------------------------------------------------- IgM


@_equation("m", "likelihood.person.curve", beta=r"\beta", B="B")
def curve_median(beta: Numbers, B: Numbers, rows: Sequence[int]) -> float:
    """The ln median $m$ for age and sex is a spline: coefficients $\\beta_j$, fitted to published tables, times the
    values $B_j$ of its basis at this age and sex."""
    return total(beta[j] * B[j] for j in rows)


@_equation("s", "likelihood.person.curve", beta=r"\beta", D="D", kappa=r"\kappa")
def curve_spread(beta: Numbers, D: Numbers, kappa: float, rows: Sequence[int]) -> float:
    """The healthy spread of ln IgM, likewise a spline on the log scale with basis $D_j$, times a factor $\\kappa$ that
    the shares of general populations beyond a cut-off inform."""
    return kappa * exp(total(beta[j] * D[j] for j in rows))


@_equation(r"p(x \mid c)", "likelihood.igm.component_moments", mu="m", delta=r"\delta_c", tau=r"\tau_c", x="x")
def shifted_level(x: float, mu: float, s: float, delta: float, tau: float) -> float:
    """True ln IgM $x$: the person's own level, with healthy spread $s$ about the median $m$ for age and sex, shifted
    down by $\\delta_c$ on average; healthy people have no shift."""
    return normal(x, mu - delta, s**2 + tau**2)


@_equation(r"P(a \le y < b \mid c)", "likelihood.igm.log_result", v=r"\sigma_c^2 + \sigma_e^2",
           v_dip=r"\sigma_c^2 + \sigma_e^2 + \sigma_d^2", mu=r"\mu_c", dip=r"\delta_d", plain=r"P_{\text{plain}}",
           dipped=r"P_{\text{dip}}")  # fmt: skip
def printed_result(a: float, b: float, mu: float, v: float, q: float, dip: float, v_dip: float) -> float:
    """A result is the interval $[a, b)$ of ln values that print as it does ($a = -\\infty$ for `<20`). With probability
    $q$, by the context of the sample, a transient dip of $\\delta_d$ is in it. $\\sigma_e$ is assay and day-to-day
    variation, $\\sigma_d$ the spread of dips."""
    plain = Phi((b - mu) / sqrt(v)) - Phi((a - mu) / sqrt(v))
    dipped = Phi((b - mu + dip) / sqrt(v_dip)) - Phi((a - mu + dip) / sqrt(v_dip))
    return (1 - q) * plain + q * dipped


@_equation(r"P(y \mid \text{primary})", "likelihood.person.mix_components", profound=r"P(y \mid \text{profound})",
           partial=r"P(y \mid \text{partial})", logit_p=r"\psi")  # fmt: skip
def level_primary(profound: float, partial: float, logit_p: float) -> float:
    """Primary deficiency is a mixture of a profound and a partial shift; depletion of B cells likewise."""
    return expit(logit_p) * profound + (1 - expit(logit_p)) * partial


@_equation(r"P(y \mid \text{other})", "likelihood.person.mix_components", primary=r"P(y \mid \text{primary})",
           healthy=r"P(y \mid \text{healthy})", logit_a=r"\omega")  # fmt: skip
def level_other(primary: float, healthy: float, logit_a: float) -> float:
    """Of the people with another immunodeficiency a share has lowered IgM, by the shift of primary."""
    return expit(logit_a) * primary + (1 - expit(logit_a)) * healthy


@_equation(r"P(A_j = 0)", "likelihood.person._gone", rate=r"\lambda", t="t_j")
def shift_gone(rate: float, t: float) -> float:
    """The shift has gone by a sample $t_j$ years after the first with the recovery rate of the cause."""
    return 1 - exp(-rate * t)


@_equation(r"P(y_1, y_2 \mid c)", "likelihood.person.log_igm_series", tau=r"\tau_c", delta=r"\delta_c", mu="m",
           seen_1="P_1", seen_2="P_2", u="t")  # fmt: skip
def two_results(
    seen_1: Callable[[float], float], seen_2: Callable[[float], float], mu: float, s: float, delta: float, tau: float,
    r: float,
) -> float:  # fmt: skip
    """Two results share the person's own level $t$ and the level with the shift, $x$; the shift has gone by the second
    with probability $r$. $P_j(x)$ is the probability of the printed result $j$ at true ln level $x$."""
    return integral(
        lambda u: normal(u, mu, s**2) * integral(
            lambda x: normal(x, u - delta, tau**2) * seen_1(x) * ((1 - r) * seen_2(x) + r * seen_2(u)),
            -inf, inf,
        ),
        -inf, inf,
    )  # fmt: skip


@_equation(r"P(y, \text{delay} \mid \text{normal})", "likelihood.person.log_delay_single", share=r"f",
           seen=r"P_y", back="k", narrow=r"\rho", m="m")  # fmt: skip
def maturational_delay(share: float, seen: Callable[[float, float], float], m: float, s: float, back: float,
                       narrow: float) -> float:  # fmt: skip
    """Between 6 months and 5 years a share $f$ of healthy children is late: $k$ healthy spreads below the median, with
    $\\rho$ of the spread. $P_y(\\mu, \\sigma)$ is the probability of the result at a true level
    $\\mathcal{N}(\\mu, \\sigma^2)$."""
    return share * seen(m - back * s, narrow * s)


# -------------------------------------------------------------------------------------------------------- IgG and IgA


@_equation(r"p(z \mid \text{primary})", "likelihood.immunoglobulins.log_states", limit=r"z_L", e=r"\sigma_e")
def selective(z: float, e: float, limit: float) -> float:
    """Selective means that the *true* IgG and IgA lie above the lower limit $z_L$ (2.5th centile, in healthy spreads
    from the median): a truncated normal, seen through the assay."""
    return integral(lambda x: normal(x, 0, 1) * normal(z, x, e**2), limit, inf) / (1 - Phi(limit))


@_equation(r"p(z_G, z_A \mid c)", "likelihood.immunoglobulins.log_state_weights", low=r"f_{\text{low}}",
           usual=r"f_{\text{usual}}", raised=r"f_{\text{raised}}", logit_low=r"\alpha_c", logit_high=r"\beta_c",
           w_high=r"w_{\text{raised}}")  # fmt: skip
def three_states(low: float, usual: float, raised: float, logit_low: float, logit_high: float) -> float:
    """Secondary causes and another immunodeficiency may lower both classes or raise both: three states that IgG and
    IgA share, so that they count once. $f$ is the density of both results in a state."""
    w_high = expit(logit_high)
    w_low = (1 - w_high) * expit(logit_low)
    w_usual = (1 - w_high) * (1 - expit(logit_low))
    return w_low * low + w_usual * usual + w_high * raised


# ------------------------------------------------------------------------------------------------- findings and tests


@_equation(r"\operatorname{logit} P(x_k = 1 \mid c, u)", "likelihood.findings.finding_logits", base=r"a_k",
           loading=r"l_k", Delta=r"\Delta_c", eta=r"\eta_{k,c}", E="E", u="u")  # fmt: skip
def finding_logit(base: float, loading: float, Delta: float, eta: float, E: float, u: float) -> float:
    """A finding depends on its background $a_k$ (age, setting), on the class through its mean proneness $\\Delta_c$ and
    an own effect $\\eta_{k,c}$, on the recorded exposures together, $E$ (infections only), and on the person's
    proneness $u \\sim \\mathcal{N}(0, 1)$."""
    return base + loading * (Delta + E + u) + eta


@_equation(r"P(x \mid c)", "likelihood.findings.log_findings", eta=r"\theta", l="l", present=r"K_1", absent=r"K_0",
           every=r"\mathbb{R}")  # fmt: skip
def findings(eta: Numbers, l: Numbers, present: Sequence[int], absent: Sequence[int]) -> float:  # noqa: E741
    """All known findings together; $\\theta_k$ is the logit at $u = 0$, $K_1$ what is present and $K_0$ what is absent.
    Unknown findings do not appear. Ten infections of a prone person are not ten independent facts."""
    return integral(
        lambda u: normal(u, 0, 1) * product(expit(eta[k] + l[k] * u) for k in present)
        * product(1 - expit(eta[k] + l[k] * u) for k in absent),
        -inf, inf,
    )  # fmt: skip


@_equation(r"P(\text{site}, \text{organism} \in R \mid \text{any}, c)", "likelihood.findings.log_attributes",
           site="P", organism=r"Q", allowed="R", sites="S", pairs="R")  # fmt: skip
def invasive_attributes(site: Numbers, organism: Numbers, pairs: Sequence[tuple[int, int]]) -> float:
    """An invasive infection is one finding with attributes. $R$ holds the combinations $(i, j)$ of site and organism
    that the record allows; the course and the number of episodes multiply it as two further logistic factors."""
    return total(site[i] * organism[j] for (i, j) in pairs)


@_equation(r"P(\text{tests} \mid c)", "likelihood.immunology.log_tests", logit=r"\zeta", abnormal="A", usual="B")
def immunology_tests(logit: Numbers, abnormal: Sequence[int], usual: Sequence[int]) -> float:
    """Immunology tests, abnormal ($A$) or normal ($B$), are independent given the class."""
    return product(expit(logit[j]) for j in abnormal) * product(1 - expit(logit[j]) for j in usual)


# ------------------------------------------------------------------------------------------------------ published data


@_equation(r"P(k \mid n)", "model.graph.count_logp", logit_p=r"\theta", omega=r"\sigma_s", k="k", n="n")
def published_count(k: int, n: int, logit_p: float, omega: float) -> float:
    """A published count: binomial about the model's expected logit $\\theta$, with a study effect of SD $\\sigma_s$
    integrated out."""
    return factorial(n) / (factorial(k) * factorial(n - k)) * integral(
        lambda u: normal(u, 0, 1) * expit(logit_p + omega * u) ** k * (1 - expit(logit_p + omega * u)) ** (n - k),
        -inf, inf,
    )  # fmt: skip


@_equation(r"P(\text{bound})", "model.graph.bound_logp", y="y", theta=r"\theta", v=r"\sigma_y^2 + \sigma_s^2")
def published_bound(y: float, theta: float, v: float) -> float:
    """A number that bounds the model's quantity from above: the probability of the allowed side (from below: the
    other sign)."""
    return Phi((y - theta) / sqrt(v))


@_equation(r"\text{share}_c", "model.labelled.Labelled.share", weight="W", met="M", delta=r"\delta", favoured=r"1",
           classes="C")  # fmt: skip
def labelled_share(c: int, weight: Numbers, met: Numbers, delta: Numbers, classes: Sequence[int]) -> float:
    """Who is in a series of people *labelled* primary: class weight $W_c$ in that setting, times $M_c$, the
    probability that the study's definition is met; labelling favours primary and another immunodeficiency by
    $\\mathrm{e}^{\\delta}$ ($\\delta_c = 0$ for the others)."""
    return weight[c] * met[c] * exp(delta[c]) / total(weight[k] * met[k] * exp(delta[k]) for k in classes)


# -------------------------------------------------------------------------------------------------------------- answer


@_equation(r"P(c \mid y)", "query.weighing.Weighing.joint", joint="J", draws="D", classes="C")
def answer(c: int, joint: Sequence[Numbers], draws: Sequence[int], classes: Sequence[int]) -> float:
    """The answer, over parameter draws $d$, $J_{d,c}$ being the probability of everything known together with class $c$
    under draw $d$: a draw counts by how well it explains the person."""
    return total(joint[d][c] for d in draws) / total(total(joint[d][k] for k in classes) for d in draws)


@_equation(r"w_d", "query.draws.split", joint="J", draws="D", classes="C")
def draw_weight(d: int, joint: Sequence[Numbers], draws: Sequence[int], classes: Sequence[int]) -> float:
    """How much draw $d$ counts. The 5% and 95% quantiles of $J_{d,c} / \\sum_k J_{d,k}$ under these weights are the
    interval."""
    return total(joint[d][k] for k in classes) / total(total(joint[e][k] for k in classes) for e in draws)


@_equation(r"n_\text{eff}", "query.draws.effective_draws", w="w", draws="D")
def effective_number(w: Numbers, draws: Sequence[int]) -> float:
    """How many draws of equal weight would say as much."""
    return 1 / total(w[d] ** 2 for d in draws)


@_equation(r"P(\text{ESID} \mid y)", "query.esid.esid", primary=r"P(\text{primary} \mid y)",
           below=r"P(x < \text{limit} \mid y, \text{primary})", q="q", open_tests=r"U", abnormal=r"A")  # fmt: skip
def esid_criteria(primary: float, below: float, q: Numbers, open_tests: Sequence[int], abnormal: int) -> float:
    """The probability that the ESID criteria are met, per draw: a test that is known to be normal is a factor of 1, one
    that is not documented ($U$) its probability $q_j$ of being normal in primary deficiency, and with $A > 0$ abnormal
    ones the criteria are not met."""
    return primary * below * product(q[j] for j in open_tests) * (0 if abnormal > 0 else 1)


@_equation(r"\text{weight}_i", "query.ledger.shapley", v="v", n="n", subsets=r"2^{G \setminus i}")
def ledger_weight(
    i: int, v: Callable[[frozenset[int]], float], n: int, subsets: Sequence[frozenset[int]]
) -> float:  # fmt: skip
    """The weight of evidence of group $i$, averaged over the orders in which the $n$ groups of $G$ can be told; $v(S)$
    is the log10 odds of primary given the groups in $S$. The weights and the starting point add up to the answer."""
    return total(
        factorial(size(S)) * factorial(n - 1 - size(S)) / factorial(n) * (v(join(S, i)) - v(S)) for S in subsets
    )


@_equation(r"v(S)", "query.weighing.Weighing.log10_odds", p=r"P(\text{primary} \mid S)")
def log_odds(p: float) -> float:
    """Log10 odds of primary; $P(\\text{primary} \\mid S)$ is the answer from the groups in $S$ alone."""
    return log10(p / (1 - p))


@_equation(r"I", "query.information.gain_bits", J="J", results="R", classes="C", p_r=r"P_{\text{result}}",
           p_c=r"P_{\text{class}}")  # fmt: skip
def information(J: Sequence[Numbers], p_r: Numbers, p_c: Numbers, results: Sequence[int],
                classes: Sequence[int]) -> float:  # fmt: skip
    """What an unknown is expected to tell, in bits: the mutual information of its result $r$ and the class $c$, with
    joint probability $J_{r,c}$ given all that is known."""
    return total(total(J[r][c] * log2(J[r][c] / (p_r[r] * p_c[c])) for c in classes) for r in results)


@_equation(r"P(\text{recorded} \mid \text{entered})", "likelihood.people_joint.log_person", joint="J", entry="E",
           classes="C")  # fmt: skip
def registry_row(joint: Numbers, entry: Numbers, classes: Sequence[int]) -> float:
    """One person of a registry that holds only people whose first IgM was low: the probability of what is recorded,
    divided by that of entering, $E_c$ summing class weight times $P(y_1 < \\text{cut-off} \\mid c)$."""
    return total(joint[c] for c in classes) / total(entry[c] for c in classes)
