"""Where the released models and the data are, in an installed wheel and in a source checkout alike.

A wheel carries ``models/`` and ``data/`` inside the package (``_models``, ``_data``: see the wheel target in
``pyproject.toml``); a checkout has them beside it.
"""

from __future__ import annotations

from pathlib import Path

from sigm_bayes.errors import ModelError

_PACKAGE = Path(__file__).resolve().parent


def models_dir() -> Path:
    """Return the folder that holds the model specifications and their released posteriors.

    Returns
    -------
    Path
        ``sigm_bayes/_models`` in an installed wheel, ``models`` in a source checkout.

    Raises
    ------
    ModelError
        When neither exists, that is, when the installation is incomplete.
    """
    return _find("models")


def data_dir() -> Path:
    """Return the folder that holds the published evidence and the reference tables.

    Returns
    -------
    Path
        ``sigm_bayes/_data`` in an installed wheel, ``data`` in a source checkout.

    Raises
    ------
    ModelError
        When neither exists, that is, when the installation is incomplete.
    """
    return _find("data")


def _find(name: str) -> Path:
    packaged, checkout = _PACKAGE / f"_{name}", _PACKAGE.parent / name
    for folder in (packaged, checkout):
        if folder.is_dir():
            return folder
    raise ModelError(
        f"no {name!r} folder: looked for {packaged} (installed wheel) and {checkout} (source checkout). "
        "Reinstall sigm-bayes, or run from a complete checkout.",
        source="installation",
    )
