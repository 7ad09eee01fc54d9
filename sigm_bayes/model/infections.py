"""Expected frequencies of infections and other findings: backgrounds, unions, rates, exposed people.

A share over T years with the window W of the catalogue: P(none in T | u) = (1 - p(u))^(T / W).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sigm_bayes.evidence import EvidenceItem
from sigm_bayes.likelihood.findings import proneness_rule
from sigm_bayes.likelihood.namespace import Array
from sigm_bayes.model.context import Context, logit
from sigm_bayes.model.levels import NORMAL_KIND, exposed_weights, items_below

RULE = proneness_rule(25, -6.0, 6.0)
NORMAL, SECONDARY = 2, 3


@dataclass(frozen=True)
class Request:
    """The union of some findings in people of one age and setting.

    `years` is the observation window (None: the catalogue's); `cause` an exposure whose own effect applies;
    `labelled` and `literature` mark people labelled primary, and published cases among them.
    """

    findings: tuple[str, ...]
    setting: str
    age_years: float | None
    years: float | None = None
    cause: str = ""
    labelled: bool = False
    literature: bool = False


def request_of(ctx: Context, item: EvidenceItem) -> Request:
    """The union that an item speaks about."""
    if item.labelled_id:
        group = ctx.evidence.labelled(item)
        findings = item.findings or tuple(f.id for f in ctx.catalogue.findings if f.infection)
        return Request(findings, group.setting, item.age_years, labelled=True, literature=group.literature_cases)
    if item.term == "infection_ratio_low_igm":
        years: float | None = 1.0
    elif item.term == "infection_given_exposure":
        years = 1.0 if _is_rate(item) else item.window_years
    else:
        years = 1.0 if _is_rate(item) else None
    return Request(item.findings, item.setting, item.age_years, years, cause=item.cause)


def any_finding(ctx: Context, items: Sequence[EvidenceItem]) -> Array:
    """P(any of the item's findings | class); (item, class4). Computed once for all items."""
    unique, table = ctx.shared("findings", lambda: _all_requests(ctx))
    return table[np.array([unique.index(request_of(ctx, i)) for i in items])]


TERMS_WITH_FINDINGS = (
    "finding_background", "finding_in_tested", "infection_given_exposure", "infection_ratio_low_igm",
    "finding_in_labelled", "asymptomatic_in_labelled",
)  # fmt: skip


def _all_requests(ctx: Context) -> tuple[list[Request], Array]:
    wanted = {request_of(ctx, i): None for i in ctx.evidence.fitted if i.term in TERMS_WITH_FINDINGS}
    requests = list(wanted)
    return requests, any_of(ctx, requests)


def _shift(ctx: Context, requests: Sequence[Request]) -> Array:
    """Shift of the proneness of the people of each request; (request,)."""
    exposed = np.array([float(bool(r.cause)) for r in requests])
    cause = np.array([ctx.catalogue.cause_index(r.cause) if r.cause else 0 for r in requests])
    labelled = np.array([float(r.labelled) for r in requests])
    literature = np.array([float(r.literature) for r in requests])
    return (
        exposed * ctx.xp.exp(ctx.xp.take(ctx.p["log_exposure_infection"], cause))
        + labelled * ctx.p["label_severity"]
        + literature * ctx.p["literature_severity"]
    )


def any_of(ctx: Context, requests: Sequence[Request]) -> Array:
    """P(any of the findings | class); (request, class4)."""
    shift = _shift(ctx, requests)
    xp, p, cat = ctx.xp, ctx.p, ctx.catalogue
    entries = [(r, cat.finding_index(f)) for r, request in enumerate(requests) for f in request.findings]
    row = np.array([r for r, _ in entries])
    finding = np.array([k for _, k in entries])
    setting = np.array([cat.setting_index(requests[r].setting) for r in row])
    band = np.array([ctx.band(requests[r].age_years) for r in row])
    infection = np.array([float(cat.findings[k].infection) for k in finding])
    invasive = cat.finding_index("invasive_infection")
    below = ctx.priors.constants["infant_below_years"]
    early = np.array([float(k == invasive and (requests[r].age_years or 45.0) < below) for r, k in entries])
    times = np.array([_times(ctx, requests[r], k) for r, k in entries])

    loading = xp.exp(p["log_loading"])[finding]
    base = (
        p["finding_base"][finding] + p["finding_age"][finding, band] + p["finding_setting"][finding, setting]
        + p["setting_infection"][setting] * infection + p["setting_other"][setting] * (1.0 - infection)
        + loading * infection * shift[row]
    )  # fmt: skip
    effects = [
        loading * p["proneness"][c] + p["finding_effect"][finding, c] + early * p["early_invasive"][c] for c in range(3)
    ]
    logits = xp.stack([base + effects[0], base + effects[1], base, base + effects[2]])
    u, log_w = RULE
    surely = xp.softplus(logits[:, :, None] + loading[:, None, None] * u) * times[:, None, None]
    member = (np.arange(len(requests))[:, None] == row[None, :]).astype(float)
    return 1.0 - xp.sum(xp.exp(log_w - _gather(member, surely)), axis=-1)


def _gather(member: np.ndarray, per_entry: Array) -> Array:
    """Sum entries into requests; (request, entry) x (entry, class, node) -> (request, class, node)."""
    n_class, n_node = 4, len(RULE[0])
    flat = per_entry.reshape((member.shape[1], n_class * n_node))
    return (member @ flat).reshape((member.shape[0], n_class, n_node))


def _times(ctx: Context, request: Request, finding: int) -> float:
    if request.years is None:
        return 1.0
    window = ctx.catalogue.findings[finding].window_years
    age = 45.0 if request.age_years is None else request.age_years
    return request.years / min(age if window is None else window, max(age, 0.5))


def site_share(ctx: Context, site: str) -> Array:
    """Share of invasive infections at one site (the same in every class)."""
    weights = ctx.xp.exp(ctx.p["invasive_site"])
    index = ctx.priors.coords["site"].index(site)
    return weights[index] / ctx.xp.sum(weights, axis=-1)


def site_factor(ctx: Context, items: Sequence[EvidenceItem]) -> Array:
    """Share of the site that the item speaks about; 1 where it speaks about none; (item,)."""
    is_site = np.array([float(i.stat.startswith("site_")) for i in items])
    sites = {i.stat.removeprefix("site_").removesuffix("_rate") for i in items if i.stat.startswith("site_")}
    if not sites:
        return np.ones(len(items))
    (site,) = sites
    return is_site * site_share(ctx, site) + (1.0 - is_site)


def finding_background(ctx: Context, items: Sequence[EvidenceItem]) -> Array:
    """Logit of a share, or ln of a rate per person-year, in people without any deficiency."""
    share = any_finding(ctx, items)[:, NORMAL] * site_factor(ctx, items)
    return _rate_or_logit(ctx, share, items)


def _is_rate(item: EvidenceItem) -> bool:
    return item.observed is not None and item.observed.scale == "ln_rate"


def _rate_or_logit(ctx: Context, share: Array, items: Sequence[EvidenceItem]) -> Array:
    """ln(-ln(1 - share)) where the item is a rate per person-year, else the logit."""
    per_year = ctx.xp.log(-ctx.xp.log1p(-share))
    return ctx.xp.where(np.array([_is_rate(i) for i in items]), per_year, logit(ctx.xp, share))


def infection_given_exposure(ctx: Context, items: Sequence[EvidenceItem]) -> Array:
    """Share with an infection over a follow-up, or ln rate per person-year, among people with an exposure."""
    per_class = any_finding(ctx, items)
    healthy, by_cause, occult, _ = exposed_weights(ctx, items)
    share = healthy * per_class[:, NORMAL] + (by_cause + occult) * per_class[:, SECONDARY]
    return _rate_or_logit(ctx, share, items)


def infection_ratio_low_igm(ctx: Context, items: Sequence[EvidenceItem]) -> Array:
    """Log ratio (rates, hazards or odds over one year) of infection with low against normal IgM among the exposed."""
    xp = ctx.xp
    per_class = any_finding(ctx, items)
    below = xp.exp(items_below(ctx, items))
    healthy, by_cause, occult, kind = exposed_weights(ctx, items)
    cause_below = xp.sum(below * np.eye(5)[kind], axis=-1)
    low_normal = healthy * below[:, NORMAL_KIND]
    low_suppressed = by_cause * cause_below + occult * below[:, 4]
    suppressed = by_cause + occult

    def infected(normal: Array, other: Array) -> Array:
        return (normal * per_class[:, NORMAL] + other * per_class[:, SECONDARY]) / (normal + other)

    low = infected(low_normal, low_suppressed)
    high = infected(healthy - low_normal, suppressed - low_suppressed)
    odds = np.array([i.stat == "odds" for i in items])
    rates = xp.log(-xp.log1p(-low)) - xp.log(-xp.log1p(-high))
    return xp.where(odds, logit(xp, low) - logit(xp, high), rates)


def test_background(ctx: Context, items: Sequence[EvidenceItem]) -> Array:
    """Logit of an abnormal test among people without any deficiency."""
    test = np.array([ctx.catalogue.test_index(i.test) for i in items])
    setting = np.array([ctx.catalogue.setting_index(i.setting) for i in items])
    return ctx.p["test_base"][test] + ctx.p["test_setting"][setting]
