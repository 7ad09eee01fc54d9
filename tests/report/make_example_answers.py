"""Write the example answers of this folder: every number in them is invented, none comes from a model.

Run it after a change of the answer document: ``python tests/report/make_example_answers.py``.
"""

import json
from pathlib import Path

FOLDER = Path(__file__).parent / "data"


def band(mean, lower, upper):
    return {"mean": mean, "lower": lower, "upper": upper}


def classes(primary, secondary, normal, other):
    names = ("primary", "secondary", "normal", "other_immunodeficiency")
    return dict(zip(names, (primary, secondary, normal, other), strict=True))


def item(group, label, weight, *details):
    keys = ("id", "label", "state", "log10_change")
    rows = [dict(zip(keys, detail, strict=True)) for detail in details]
    return {"group": group, "label": label, "log10_lr": weight, "details": rows}


def cause(label, recorded, mean, lower, upper):
    return {**band(mean, lower, upper), "label": label, "recorded": recorded}


MODEL = {
    "name": "sigm-evidence",
    "version": "0.0.0-invented",
    "evidence_sha256": "e" * 64,
    "items_fitted": 1260,
    "created": "2026-11-22",
}

ADULT = {
    "probability": classes(
        band(0.09, 0.05, 0.15), band(0.10, 0.05, 0.18), band(0.78, 0.66, 0.88), band(0.03, 0.004, 0.07)
    ),
    "interval": {"level": 0.9, "kind": "equal-tailed, parameter uncertainty"},
    "natural_frequencies": {
        "of": 1000,
        "primary": 90,
        "secondary": 100,
        "normal": 780,
        "other_immunodeficiency": 30,
    },
    "parts": {"maturational_delay": band(0.0, 0.0, 0.0)},
    "causes": {
        "b_cell_depletion": cause("B-cell depletion", "absent", 0.0, 0.0, 0.0),
        "clozapine": cause("Clozapine", "unknown", 0.02, 0.01, 0.04),
        "occult": cause("No cause recorded", "unknown", 0.08, 0.04, 0.15),
    },
    "esid": {
        "probability": band(0.05, 0.02, 0.10),
        "status": "possible",
        "documented": 3,
        "criteria": [
            {
                "id": "igm_low_repeated",
                "label": "IgM low at least twice",
                "state": "not_documented",
                "detail": "one value",
            },
            {"id": "igg_normal", "label": "IgG normal", "state": "met", "detail": "9.8 g/L"},
            {"id": "iga_normal", "label": "IgA normal", "state": "met", "detail": ""},
            {
                "id": "vaccine_response",
                "label": "Vaccine response normal",
                "state": "not_documented",
                "detail": "",
            },
            {"id": "t_cells", "label": "T cells normal", "state": "not_documented", "detail": ""},
            {
                "id": "secondary_excluded",
                "label": "Causes of hypogammaglobulinaemia excluded",
                "state": "met",
                "detail": "",
            },
        ],
    },
    "ledger": {
        "prior_log10_odds": -2.5,
        "items": [
            item("igm", "IgM 25 mg/dL", 1.2),
            item(
                "infections",
                "infections",
                0.6,
                ("sinusitis", "Recurrent sinusitis", "present", 0.4),
                ("pneumonia", "Pneumonia", "present", 0.3),
                ("meningitis", "Meningitis", "absent", -0.02),
                ("fungal_infection", "Fungal infection", "absent", -0.01),
                ("otitis_media", "Otitis media", "absent", -0.1),
            ),
            item("igg_iga", "IgG and IgA normal", 0.2),
            item("exposures", "exposures: none", -0.5),
        ],
        "posterior_log10_odds": -1.0,
    },
    "position": {
        "igm": {
            "value_text": "25 mg/dL",
            "value_mg_dl": 25.0,
            "median_mg_dl": 96.0,
            "low_limit_mg_dl": 42.0,
            "limits_from": "age_curve",
            "high_limit_mg_dl": 250.0,
            "centile": 0.4,
            "centile_lower": 0.2,
            "centile_upper": 0.9,
            "lower_than_percent": 99.6,
        },
        "igg": None,
        "iga": None,
    },
    "summary": {
        "age_years": 34.0,
        "age_text": "34 years",
        "sex": "female",
        "setting": "allergy_immunology_clinic",
        "setting_label": "allergy / immunology clinic",
        "setting_given": True,
        "igg_text": "IgG normal",
        "iga_text": "IgA normal",
    },
    "by_setting": {
        "community": classes(
            band(0.01, 0.004, 0.03), band(0.08, 0.04, 0.15), band(0.90, 0.8, 0.95), band(0.01, 0.0, 0.02)
        ),
        "primary_care": classes(
            band(0.04, 0.02, 0.08), band(0.09, 0.04, 0.16), band(0.85, 0.7, 0.92), band(0.02, 0.0, 0.04)
        ),
        "hospital": classes(band(0.02, 0.01, 0.05), band(0.40, 0.2, 0.6), band(0.57, 0.4, 0.7), band(0.01, 0.0, 0.02)),
        "allergy_immunology_clinic": classes(
            band(0.09, 0.05, 0.15), band(0.10, 0.05, 0.18), band(0.78, 0.66, 0.88), band(0.03, 0.004, 0.07)
        ),
    },
    "baseline": classes(
        band(0.003, 0.001, 0.009), band(0.02, 0.01, 0.04), band(0.97, 0.94, 0.99), band(0.007, 0.001, 0.02)
    ),
    "tipping": {"prevalence_now": 0.003, "prevalence_for_half": 0.03},
    "decided_by": [
        {
            "between": ["primary", "other_immunodeficiency"],
            "items": ["IgG over time", "B and T cells", "genetics"],
            "prior_driven": True,
            "message": "",
        }
    ],
    "due": [
        "repeat IgM when well",
        "drug history",
        "blood count",
        "electrophoresis, immunofixation and free light chains",
    ],
    "not_known": {"findings": ["otitis_media", "splenomegaly"], "causes": ["clozapine"], "tests": ["ige"]},
    "cautions": [
        {
            "code": "setting_note",
            "severity": "info",
            "message": "Numbers refer to people whose IgM was measured.",
        },
        {
            "code": "single_value",
            "severity": "caution",
            "message": "One unrepeated IgM value. Repeat when well before acting on this.",
        },
    ],
    "refused": None,
    "model": MODEL,
    "input_sha256": "a" * 64,
}

REFUSED = {
    **ADULT,
    "probability": None,
    "natural_frequencies": None,
    "parts": None,
    "causes": None,
    "esid": None,
    "ledger": None,
    "by_setting": None,
    "baseline": None,
    "tipping": None,
    "decided_by": [],
    "due": [],
    "cautions": [],
    "summary": {**ADULT["summary"], "age_years": 0.3, "age_text": "4 months"},
    "refused": {
        "code": "under_6_months",
        "message": "Under 6 months (corrected age) low IgM is usual, and the model does not apply.",
        "workup": [
            "With serious infection: exclude severe combined immunodeficiency urgently.",
            "Repeat IgG, IgA and IgM after 6 months of age.",
        ],
    },
}

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, answer in {"adult": ADULT, "refused": REFUSED}.items():
        text = json.dumps({"note": "every number is invented", **answer}, indent=1, ensure_ascii=False)
        (FOLDER / f"{name}.json").write_text(text + "\n", encoding="utf-8")

    from sigm_bayes.report.page import render

    for name, answer in {"adult": ADULT, "refused": REFUSED}.items():
        for width, full in ((100, False), (50, False), (100, True)):
            golden = FOLDER / f"{name}-{width}{'-full' if full else ''}.txt"
            if full and name == "refused":
                continue
            golden.write_text(render(answer, width=width, full=full), encoding="utf-8")
