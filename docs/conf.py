"""Sphinx configuration: everything is built from this checkout, without a network."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(HERE / "_ext"), str(ROOT)]

_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

project = "sigm_bayes"
author = "The sigm_bayes authors"
copyright = author
version = release = _PROJECT["version"]
language = "en"

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sigm_docs",
]
exclude_patterns = ["_ext", "_static", "decisions/README.md"]

# --- Markdown and notebooks: outputs are committed, nothing is executed here -------------------------------
myst_enable_extensions = ["attrs_block", "attrs_inline", "colon_fence", "deflist", "dollarmath", "fieldlist"]
myst_heading_anchors = 3
myst_links_external_new_tab = False
nb_execution_mode = "off"
nb_merge_streams = True

# --- API: the public doors, with numpydoc ------------------------------------------------------------------
autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
toc_object_entries_show_parents = "hide"

# --- Page --------------------------------------------------------------------------------------------------
html_theme = "furo"
html_title = f"sigm_bayes {release}"
html_static_path = ["_static"]
html_css_files = ["sigm.css"]
html_math_renderer = "mathml"
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"sidebar_hide_name": False, "navigation_with_keys": True}
pygments_style = "default"
pygments_dark_style = "monokai"
