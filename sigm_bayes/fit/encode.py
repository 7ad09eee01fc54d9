"""A registry as arrays: equal people come together with a weight, blocks share a background, tables are shared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sigm_bayes.fit.rows import COARSE, COARSE_NODES, IG_NODES, NARROW, WIDE_NODES, WIDEST, Row
from sigm_bayes.likelihood.igm import SampleNoise
from sigm_bayes.likelihood.people import BLOCK, People, Repeats
from sigm_bayes.query.encode import Encoder

NOT_KEPT_APART = 40.0
POSSIBLE = 3
"""Row of `Row.exposures`."""


@dataclass(frozen=True)
class Capacity:
    """Least lengths of the arrays, so that registries of about the same size share one compiled model."""

    blocks: int = 0
    groups: int = 0
    origin_blocks: int = 0
    acting: int = 1
    attributes: int = 0
    exposed: int = 1
    igm_open: int = 1
    repeats: int = 1
    pieces: int = 1
    ig_wide: int = 1


@dataclass(frozen=True)
class Encoded:
    """The arrays, and which rows of the registry each place stands for.

    Attributes
    ----------
    people : People
    place : (row,) int
        Where each row of the registry is.
    """

    people: People
    place: np.ndarray


def encode_rows(
    rows: Sequence[Row], encoder: Encoder, *, boxes: np.ndarray,
    exposure_boxes: np.ndarray | None = None, capacity: Capacity | None = None,
    kept_below_mg_dl: float | None = None, kept_above: float = 1.0,
) -> Encoded:  # fmt: skip
    """Arrange rows in blocks.

    Parameters
    ----------
    boxes : (box,) int
        Findings that are boxes to tick.
    exposure_boxes : (exposure_box,) int
        Causes that are.
    kept_below_mg_dl, kept_above
        All rows with a first IgM below this were kept, and this share of the others.
    """
    size = capacity or Capacity()
    unique, weight, place_of = _collapse(rows)
    order, block_group, groups = _blocks([row.group[:2] for row in unique], blocks=size.blocks, groups=size.groups)
    source = np.where(order < 0, 0, order)
    chosen = [unique[i] for i in source]
    position = np.empty(len(unique), dtype=int)
    position[order[order >= 0]] = np.nonzero(order >= 0)[0]
    acting_sets, acting = _table([np.zeros_like(chosen[0].acting), *(r.acting for r in chosen)], size.acting)
    exposed, exposed_row = _exposed(acting[1:], order, size.exposed)
    igm_open, repeats, igm_row = _repeats(chosen, order, encoder, size)
    union = np.stack([r.union for r in chosen])
    n = len(chosen)
    people = People(
        n_blocks=len(block_group), n_groups=len(groups), weight=np.where(order < 0, 0.0, weight[source]),
        block_group=block_group, group_setting=groups[:, 0], group_age_band=groups[:, 1],
        igm_row=igm_row, igm_open=igm_open, repeats=repeats,
        acting=acting[1:], acting_set=acting_sets, exposed_row=exposed_row, exposed=exposed,
        exposure_boxes=np.zeros(0, dtype=int) if exposure_boxes is None else np.asarray(exposure_boxes, dtype=int),
        boxes=np.asarray(boxes, dtype=int), union=union if union.any() else None,
        kept_below=np.full(n, NOT_KEPT_APART if kept_below_mg_dl is None else np.log(kept_below_mg_dl)),
        log_kept_above=np.full(n, np.log(kept_above)),
        **_one_by_one(chosen), **_immunoglobulins(chosen, size.ig_wide),
        **_attributes(chosen, size.attributes, encoder), **_origins(chosen, groups, size), **_model_constants(encoder),
    )  # fmt: skip
    return Encoded(people, position[place_of])


def _one_by_one(chosen: list[Row]) -> dict[str, Any]:
    """Fields of `People` that are those of the rows, one after the other."""
    names = (
        "own", "own_ln_median", "own_ln_sd", "ig_known", "present", "absent", "unticked", "abnormal", "normal",
        "boy", "igm_context", "invasive_present", "label", "threshold",
    )  # fmt: skip
    igm = np.stack([r.igm for r in chosen])
    who = np.array([r.group for r in chosen])
    exposures = np.stack([r.exposures for r in chosen])
    kinds = ("present", "absent", "hazard_factor", "possible", "raised")
    return {
        **{name: np.array([getattr(r, name) for r in chosen]) for name in names},
        **{f"exposure_{kind}": exposures[:, k] for k, kind in enumerate(kinds)},
        "setting": who[:, 0],
        "age_band": who[:, 1],
        "centre": who[:, 2],
        "median_rows": np.stack([r.median_rows for r in chosen], axis=1),
        "spread_rows": np.stack([r.spread_rows for r in chosen], axis=1),
        "igm_low": igm[:, 0],
        "igm_high": igm[:, 1],
    }


def _origins(chosen: list[Row], groups: np.ndarray, size: Capacity) -> dict[str, Any]:
    """People who are the same but for what is recorded of them: one of each kind, in blocks."""
    kinds: dict[tuple[int, int, bytes], int] = {}
    first: list[int] = []
    kind = np.empty(len(chosen), dtype=int)
    for i, row in enumerate(chosen):
        key = (*row.group[:2], row.exposures[POSSIBLE].tobytes())
        if key not in kinds:
            kinds[key] = len(first)
            first.append(i)
        kind[i] = kinds[key]
    order, block_group, own = _blocks([chosen[i].group[:2] for i in first], blocks=size.origin_blocks, groups=0)
    row_of = np.empty(len(first), dtype=int)
    row_of[order[order >= 0]] = np.nonzero(order >= 0)[0]
    group_of = [int(np.nonzero((groups == who).all(axis=1))[0][0]) for who in own]
    return {
        "origin": np.array(first)[np.where(order < 0, 0, order)],
        "origin_block_group": np.array(group_of)[block_group],
        "origin_row": row_of[kind],
    }


def _attributes(chosen: list[Row], least: int, encoder: Encoder) -> dict[str, Any]:
    """Tabulated attributes of invasive infections, and which of them each person has or cannot have had."""
    invasive = encoder.catalogue.invasive
    table, place = _table([r.attribute for r in chosen], least)
    return {
        "n_sites": len(invasive.sites),
        "attribute": place,
        "invasive_column": _invasive_column(chosen, place, len(table)),
        "attribute_allowed": table[:, 2:].reshape(len(table), len(invasive.sites), len(invasive.organisms)),
        "attribute_severity": table[:, 0],
        "attribute_number": table[:, 1],
    }


def _model_constants(encoder: Encoder) -> dict[str, Any]:
    """Fields of `People` that are the same for every registry."""
    c, catalogue = encoder.constants, encoder.catalogue
    recordable = [cause for cause in catalogue.causes if cause.recordable]
    ids = [cause.id for cause in recordable]
    return {
        "n_exposures": len(recordable),
        "raised_by": np.array([[float(other in cause.raised_with) for other in ids] for cause in recordable]),
        "noise": SampleNoise(c["igm_error_sd"], c["dip_shift"], c["dip_sd"]),
        "delay_shift_spreads": c["delay_shift_spreads"],
        "delay_spread_ratio": c["delay_spread_ratio"],
        "error_sd": (c["igg_error_sd"], c["iga_error_sd"]),
        "depletion": np.array([cause.depletion for cause in catalogue.causes]),
        "is_infection": np.array([float(f.infection) for f in catalogue.findings]),
        "invasive": catalogue.finding_index("invasive_infection"),
    }


def _collapse(rows: Sequence[Row]) -> tuple[list[Row], np.ndarray, np.ndarray]:
    """Distinct rows, how many people each stands for, and which of them each row is."""
    known: dict[bytes, int] = {}
    unique: list[Row] = []
    place = np.empty(len(rows), dtype=int)
    for i, row in enumerate(rows):
        key = row.key()
        if key not in known:
            known[key] = len(unique)
            unique.append(row)
        place[i] = known[key]
    return unique, np.bincount(place, minlength=len(unique)).astype(float), place


def _blocks(
    of_rows: Sequence[tuple[int, ...]], *, blocks: int, groups: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Order of the rows (-1: empty place), the group of each block, and the groups (group, 2)."""
    table, index = np.unique(np.array(of_rows), axis=0, return_inverse=True)
    index = index.ravel()
    order: list[int] = []
    block_group: list[int] = []
    for g in range(len(table)):
        members = np.nonzero(index == g)[0]
        n_blocks = -(-len(members) // BLOCK)
        order += [*members.tolist(), *([-1] * (n_blocks * BLOCK - len(members)))]
        block_group += [g] * n_blocks
    missing = max(0, blocks - len(block_group))
    order += [-1] * (missing * BLOCK)
    block_group += [0] * missing
    more = max(0, groups - len(table))
    table = np.concatenate([table, np.repeat(table[:1], more, axis=0)])
    # Empty places of a group must belong to it in every respect that the group decides: they hold row 0 with no weight.
    return np.array(order), np.array(block_group), table


def _table(rows: list[np.ndarray], least: int) -> tuple[np.ndarray, np.ndarray]:
    """Distinct rows in order of appearance, at least so many, and the place of each."""
    known: dict[bytes, int] = {}
    unique: list[np.ndarray] = []
    place = np.empty(len(rows), dtype=int)
    for i, row in enumerate(rows):
        key = row.tobytes()
        if key not in known:
            known[key] = len(unique)
            unique.append(row)
        place[i] = known[key]
    unique += [unique[0]] * max(0, least - len(unique))
    return np.stack(unique), place


def _exposed(acting: np.ndarray, order: np.ndarray, least: int) -> tuple[np.ndarray, np.ndarray]:
    """People with acting exposures, and where each person is among them (0: not)."""
    who = np.nonzero((acting > 0) & (order >= 0))[0]
    row = np.zeros(len(acting), dtype=int)
    row[who] = 1 + np.arange(len(who))
    return np.concatenate([who, np.zeros(max(0, least - len(who)), dtype=int)]), row


def _pad(who: np.ndarray, least: int) -> np.ndarray:
    return np.concatenate([who, np.zeros(max(0, least - len(who)), dtype=int)])


def _repeats(
    chosen: list[Row], order: np.ndarray, encoder: Encoder, size: Capacity
) -> tuple[np.ndarray, Repeats, np.ndarray]:
    """People with one wide result, those with two results, and where the IgM term of each person is."""
    real = order >= 0
    has = np.array([row.second[4] > 0.0 for row in chosen])
    first = np.array([row.igm[1] - row.igm[0] > NARROW for row in chosen])
    igm_row = np.arange(len(chosen))
    alone = np.nonzero(real & ~has & first)[0]
    igm_open = _pad(alone, size.igm_open)
    igm_row[alone] = len(chosen) + np.arange(len(alone))
    who = np.nonzero(real & has)[0]
    igm_row[who] = len(chosen) + len(igm_open) + np.arange(len(who))
    padded = _pad(who, size.repeats)
    return igm_open, _repeat_table([chosen[i] for i in padded], padded, encoder, least=size.pieces), igm_row


def _immunoglobulins(chosen: list[Row], least: int) -> dict[str, Any]:
    """Three nodes for everybody, more for those who need them."""
    needs = np.array([row.ig_wide for row in chosen])
    who = np.nonzero(needs)[0]
    wide = _pad(who, least)
    row = np.arange(len(chosen))
    row[who] = len(chosen) + np.arange(len(who))
    return {
        "ig_row": row,
        "ig_wide": wide,
        "ig_node": np.stack([r.ig_node[:, :IG_NODES] for r in chosen]),
        "ig_log_weight": np.stack([r.ig_log_weight[:, :IG_NODES] for r in chosen]),
        "ig_wide_node": np.stack([chosen[i].ig_node for i in wide]),
        "ig_wide_log_weight": np.stack([chosen[i].ig_log_weight for i in wide]),
        "ig_wide_on_z": np.stack([chosen[i].ig_on_z for i in wide]),
    }


def _invasive_column(chosen: list[Row], attribute: np.ndarray, n: int) -> np.ndarray:
    out = np.zeros((len(chosen), 1 + n))
    has = np.array([row.invasive_present > 0.0 for row in chosen])
    out[has, 0] = 1.0
    out[np.nonzero(~has)[0], 1 + attribute[~has]] = 1.0
    return out


def _repeat_table(rows: list[Row], who: np.ndarray, encoder: Encoder, *, least: int) -> Repeats:
    """At least so many pieces for all."""
    pieces = [_pieces(row.igm) for row in rows]
    count = np.array([len(p[0]) for p in pieces])
    start = np.cumsum(count) - count
    none = np.arange(WIDE_NODES) >= count[:, None]
    at = np.concatenate([np.arange(count.sum()), np.zeros(max(0, least - count.sum()), dtype=int)])
    centre, log_width, bin_variance = (np.concatenate(values)[at] for values in zip(*pieces, strict=True))
    n_rates = len(encoder.priors.coords["recovery"])
    rate = np.stack([row.rate for row in rows])
    told = rate < 0
    second = np.stack([row.second for row in rows])
    return Repeats(
        person=who,
        repeat=np.repeat(np.arange(len(rows)), count)[at],
        piece=np.where(none, 0, start[:, None] + np.arange(WIDE_NODES)),
        none=none.astype(float),
        centre=centre,
        log_width=log_width,
        bin_variance=bin_variance,
        low=second[:, 0],
        high=np.maximum(second[:, 1], second[:, 0] + 1e-3),
        narrow=np.array([max(np.ptp(row.igm), row.second[1] - row.second[0]) <= NARROW for row in rows], dtype=float),
        context=second[:, 2].astype(int),
        elapsed=second[:, 3],
        rate=(np.arange(len(rows))[:, None] * n_rates + np.maximum(rate, 0)).astype(int),
        told=told.astype(float),
        fixed=np.where(told, np.stack([row.fixed for row in rows]), 0.0),
        delay_share=np.array([row.delay_share for row in rows]),
    )


def _pieces(bounds: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut [low, high] from the top into pieces that grow downwards; middles, ln widths, variances."""
    low, high = float(bounds[0]), float(bounds[1])
    reach = min(high - low, WIDEST)
    nodes = 1 if reach <= NARROW else COARSE_NODES if reach <= COARSE else WIDE_NODES
    growth = (1.2 if reach > COARSE else 1.0) ** np.arange(nodes)
    width = growth * (reach / growth.sum())
    edges = high - np.concatenate([[0.0], np.cumsum(width)])
    return 0.5 * (edges[:-1] + edges[1:]), np.log(width), width**2 / 12.0
