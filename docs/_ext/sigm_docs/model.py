"""Pages of the model: what it knows by name, its priors and constants, its card."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sigm_bayes.catalogue import load_catalogue
from sigm_bayes.catalogue.priors import Parameter, load_priors
from sigm_bayes.paths import models_dir
from sigm_docs.tables import code, heading, table

MODEL = models_dir() / "sigm"


def catalogue() -> str:
    """Classes, settings, ages, findings, causes, tests and contexts, with their sources."""
    c = load_catalogue(MODEL)
    parts = [
        heading(2, "Explanations"),
        table(("id", "on the page", "meaning"), [(code(o.id), o.label, o.help) for o in (*c.classes, *c.parts)]),
        heading(2, "Settings"),
        table(("id", "on the page", "where IgM was measured"), [(code(s.id), s.label, s.question) for s in c.settings]),
        heading(2, "Age bands"),
        table(("id", "from, years", "to, years"), [(code(b.id), b.low_years, b.high_years) for b in c.age_bands]),
        heading(2, "Findings"),
        table(
            ("id", "on the page", "infection", "look-back, years", "least count", "definition", "source"),
            [
                (code(f.id), f.label, "yes" if f.infection else "", f.window_years, f.min_count, f.help, f.source)
                for f in c.findings
            ],
        ),
        heading(2, "Causes"),
        table(
            ("id", "on the page", "also a complication", "hazard holds, months", "half-life, months", "IgM recovers",
             "comes with", "source"),
            [
                (code(m.id), m.label, "yes" if m.complication else "", m.hold_months, m.half_life_months, m.recovers,
                 ", ".join(m.raised_with).replace("_", " "), m.source)
                for m in c.causes
            ],
        ),
        heading(2, "Tests"),
        table(("id", "on the page", "ESID criterion", "what counts"), [
            (code(t.id), t.label, "yes" if t.esid else "", t.help) for t in c.tests
        ]),
        heading(2, "Contexts of a sample"),
        table(("id", "on the page", "caution"), [
            (code(x.id), x.label, "yes" if x.caution else "") for x in c.contexts
        ]),
    ]  # fmt: skip
    return "".join(parts)


def priors() -> str:
    """Every prior with its source, every constant, every study effect."""
    p = load_priors(MODEL, catalogue=load_catalogue(MODEL))
    rows = [
        (code(x.name), ", ".join(x.dims).replace("_", " "), _range(x), int(np.size(x.mean)), x.source)
        for x in p.parameters
    ]
    constants = [(code(name), value, p.constant_sources.get(name, "")) for name, value in p.constants.items()]
    effects = [(name.replace("_", " "), e.item, e.study, e.source) for name, e in p.study_effects.items()]
    return "".join(
        [
            heading(2, "Parameters"),
            "All priors are normal on the scale that the name says (`log_`, `logit_`, else a shift).\n\n",
            table(("parameter", "by", "mean (SD); range where entries differ", "entries", "source"), rows),
            heading(2, "Constants"),
            table(("constant", "value", "source"), constants),
            heading(2, "Study effects"),
            "SD of the difference between a published number and the model (logit or ln).\n\n",
            table(("family", "of an item", "shared by a study", "source"), effects),
        ]
    )


def _range(parameter: Parameter) -> str:
    """Mean and SD, as a range over the entries."""

    def span(x: np.ndarray) -> str:
        low, high = float(np.min(x)), float(np.max(x))
        return f"{low:g}" if low == high else f"{low:g} to {high:g}"

    return f"{span(parameter.mean)} ({span(parameter.sd)})"


def card() -> str:
    """The generated model card, one heading level down."""
    lines = (MODEL / "MODEL_CARD.md").read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("# ")).replace(
        "`docs/evidence.md`", "[the evidence page](/evidence.md)"
    )


PAGES: dict[str, Callable[[], str]] = {"catalogue": catalogue, "priors": priors, "model-card": card}
