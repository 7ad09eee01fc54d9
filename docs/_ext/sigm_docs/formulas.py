"""The equations of the model page, section by section."""

from __future__ import annotations

from collections.abc import Callable

from sigm_docs.equations import EQUATIONS

SECTIONS: dict[str, tuple[str, ...]] = {
    "start": ("prior_primary", "prior_log_odds"),
    "exposures": (
        "exposure_rate", "recorded_exposures", "normal_given_exposures", "secondary_given_exposures",
        "secondary_exposures_unknown", "hazard_left",
    ),
    "igm": ("curve_median", "curve_spread", "shifted_level", "printed_result", "level_primary", "level_other"),
    "repeats": ("shift_gone", "two_results", "maturational_delay"),
    "immunoglobulins": ("selective", "three_states"),
    "findings": ("finding_logit", "findings", "invasive_attributes", "immunology_tests"),
    "published": ("published_count", "published_bound", "labelled_share"),
    "registry": ("registry_row",),
    "answer": (
        "answer", "draw_weight", "effective_number", "esid_criteria", "log_odds", "ledger_weight", "information",
    ),
}  # fmt: skip


def _section(names: tuple[str, ...]) -> Callable[[], str]:
    def text() -> str:
        parts = []
        for name in names:
            equation = EQUATIONS[name]
            parts.append(" ".join(equation.text.split()) + "\n\n")
            parts += [f"```{{math}}\n{line}\n```\n\n" for line in equation.latex()]
            parts.append(f"{{.held}}\nHeld to `{equation.code}`.\n\n")
        return "".join(parts)

    return text


PAGES: dict[str, Callable[[], str]] = {f"equations-{name}": _section(names) for name, names in SECTIONS.items()}
