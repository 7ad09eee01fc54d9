"""Many people as arrays: everything the likelihood of a registry needs, nothing that depends on parameters.

The person is the first axis. What many people share is tabulated once and pointed to: the exposures that act on
infections (`acting`), what setting and age band decide (`group`), the attributes of an invasive infection
(`attribute`). People stand in blocks of equal length that share a group, so that findings are a
matrix product a block; the last places of a block may be empty (`weight` 0).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sigm_bayes.likelihood.igm import SampleNoise
from sigm_bayes.likelihood.namespace import Array

BLOCK = 32
"""People in a block: small, because the last block of every group is partly empty."""


@dataclass(frozen=True)
class Repeats:
    """People with a second IgM result; the first one is cut into pieces that stand for a Gaussian each.

    Attributes
    ----------
    person : (repeat,) int
    repeat : (piece,) int
        Whose piece it is.
    piece, none : (repeat, most pieces)
        The pieces of each; `none` is 1 where there is no further one.
    centre, log_width : (piece,)
        Middle and ln width of each piece of the first result (ln mg/dL).
    bin_variance : (piece,)
        Of a uniform over the piece.
    low, high : (repeat,)
        Bounds of the second result, ln mg/dL.
    narrow : (repeat,)
        1 where both results are so narrow that the second is a Gaussian piece too.
    context : (repeat,) int
        Of the second sample.
    elapsed : (repeat,)
        Years between the two.
    rate : (repeat, hypothesis) int
        The recovery rate of the hypothesis, as its position in a flattened (repeat, rate) table.
    told, fixed : (repeat, hypothesis)
        Where `told` is 1 the history says how likely the shift is absent at the second result: `fixed`.
    delay_share : (repeat,)
        Share of maturational delay among healthy people of this age.
    """

    person: Array
    repeat: Array
    piece: Array
    none: Array
    centre: Array
    log_width: Array
    bin_variance: Array
    low: Array
    high: Array
    narrow: Array
    context: Array
    elapsed: Array
    rate: Array
    told: Array
    fixed: Array
    delay_share: Array


@dataclass(frozen=True)
class People:
    """A registry, encoded.

    Attributes
    ----------
    n_blocks, n_groups, n_sites : int
    weight : (person,)
        Number of identical people; 0 for an empty place.
    setting, age_band, centre : (person,) int
    boy : (person,)
        See `Case`.
    median_rows, spread_rows : (analyte, person, coefficient)
        Design rows of IgM, IgG, IgA.
    own : (person, analyte)
        1 where the laboratory's own interval replaces the curve: `own_ln_median`, `own_ln_sd`.
    igm_low, igm_high : (person,)
        Bounds of the first result, ln mg/dL.
    igm_context : (person,) int
    igm_row : (person,) int
        Where the IgM term of a person is: the own place, then the open first results, then the repeats.
    igm_open : (open,) int
        People with one result, which is wide (`<20`).
    repeats : Repeats
    ig_node, ig_log_weight : (person, 2, 3)
        IgG and IgA: three nodes over the result.
    ig_known : (person, 2)
        1 where there is a result.
    ig_row : (person,) int
        Where the IgG and IgA term of a person is: the own place, or `person` + the place in `ig_wide`.
    ig_wide : (wide,) int
        People one of whose results needs more nodes (`<50`, or a word).
    ig_wide_node, ig_wide_log_weight : (wide, 2, node)
    ig_wide_on_z : (wide, 2)
        1 for words ("low"), whose nodes are healthy spreads from the median.
    n_exposures : int
    raised_by : (exposure, exposure)
        1 where the second, if present, makes the first likelier; no circles.
    exposure_boxes : (exposure_box,) int
        Exposures that the registry has as boxes to tick: unknown means not ticked.
    exposure_present, exposure_absent, exposure_hazard_factor, exposure_possible, exposure_raised : (person, exposure)
        See `KnownExposures` and `ExposureState`.
    acting : (person,) int
    acting_set : (acting, exposure)
        1 for recorded exposures that act on infections, IgG and IgA. The first set is empty.
    block_group : (block,) int
    group_setting, group_age_band : (group,) int
    origin, origin_block_group : (origin,) int, (origin block,) int
        One person of each kind that differs in what can befall an unrecorded person of the group, in blocks too.
    origin_row : (person,) int
        Which of them stands for each person.
    present, absent : (person, finding)
        1 where recorded; the invasive infection is apart.
    unticked : (person, box)
        1 where a box was not ticked; `boxes` (box,) are the findings that the registry has as boxes.
    union : (person, finding), or None
        1 for the members, themselves unknown, of a union of which one at least is present ("infection").
    exposed_row : (person,) int
        0 for people without acting exposures, else 1 + the place in `exposed`.
    exposed : (exposed,) int
        Those people.
    invasive_present : (person,)
    attribute : (person,) int
        Row of the attributes; where no episode is recorded, those that an unrecorded one cannot have had.
    invasive_column : (person, 1 + attribute)
        1 in the first column for those who had one, else in that of the attributes that are excluded.
    attribute_allowed : (attribute, site, organism)
    attribute_severity, attribute_number : (attribute,) int
        -1 where not recorded.
    abnormal, normal : (person, test)
    label : (person,) int
        Class that the centre recorded, in the order of `hypotheses.CLASSES`; 4 without a label.
    threshold : (person,)
        ln of the IgM below which a person could enter the registry; a large number where everybody could.
    kept_below, log_kept_above : (person,)
        ln of the IgM below which every row was kept, and ln of the share kept above it (0: all).
    noise : constants of an IgM result
    delay_shift_spreads, delay_spread_ratio : float
    error_sd : (igg, iga)
    depletion : (cause,) bool
    is_infection : (finding,)
    invasive : int
        Index of the invasive infection.
    """

    n_blocks: int
    n_groups: int
    n_sites: int
    weight: Array
    setting: Array
    age_band: Array
    centre: Array
    boy: Array
    median_rows: Array
    spread_rows: Array
    own: Array
    own_ln_median: Array
    own_ln_sd: Array
    igm_low: Array
    igm_high: Array
    igm_context: Array
    igm_row: Array
    igm_open: Array
    repeats: Repeats
    ig_node: Array
    ig_log_weight: Array
    ig_known: Array
    ig_row: Array
    ig_wide: Array
    ig_wide_node: Array
    ig_wide_log_weight: Array
    ig_wide_on_z: Array
    n_exposures: int
    raised_by: np.ndarray
    exposure_boxes: np.ndarray
    exposure_present: Array
    exposure_absent: Array
    exposure_hazard_factor: Array
    exposure_possible: Array
    exposure_raised: Array
    acting: Array
    acting_set: Array
    block_group: Array
    group_setting: Array
    group_age_band: Array
    origin: Array
    origin_block_group: Array
    origin_row: Array
    present: Array
    absent: Array
    unticked: Array
    boxes: np.ndarray
    union: Array | None
    exposed_row: Array
    exposed: Array
    invasive_present: Array
    attribute: Array
    invasive_column: Array
    attribute_allowed: Array
    attribute_severity: Array
    attribute_number: Array
    abnormal: Array
    normal: Array
    label: Array
    threshold: Array
    kept_below: Array
    log_kept_above: Array
    noise: SampleNoise
    delay_shift_spreads: float
    delay_spread_ratio: float
    error_sd: tuple[float, float]
    depletion: Array
    is_infection: Array
    invasive: int


def origins(people: People) -> People:
    """One person of each kind (`origin`), as far as exposures and their groups go."""
    at = people.origin
    own = ("setting", "age_band", "exposure_present", "exposure_absent", "exposure_hazard_factor",
           "exposure_possible", "exposure_raised")  # fmt: skip
    return replace(
        people, n_blocks=len(people.origin_block_group), block_group=people.origin_block_group,
        **{name: getattr(people, name)[at] for name in own},
    )  # fmt: skip


def in_blocks(people: People, columns: Array, table: Array) -> Array:
    """`columns` (person, column) times the `table` (group, column, out) of each person's group; (person, out)."""
    product = columns.reshape((people.n_blocks, BLOCK, -1)) @ table[people.block_group]
    return product.reshape((people.n_blocks * BLOCK, -1))


def spread(x: Array, index: np.ndarray) -> Array:
    """`x[..., index]` as a matrix product, whose gradient is one too (that of an index is a slow scatter)."""
    return x @ np.eye(int(x.shape[-1]))[index].T
