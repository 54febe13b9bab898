"""Where the files lie that come with the program: prompts, calibration, the shipped article.

In a checkout they lie at the top of it; in an installed package under `qa/_resources` (see `pyproject.toml`).
"""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_cache_path, user_data_path

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent


def is_checkout() -> bool:
    """Return whether the program runs from a checkout of its repository."""
    return (_CHECKOUT / "pyproject.toml").is_file() and (_CHECKOUT / "prompts").is_dir()


def resources() -> Path:
    """Return the folder that holds `prompts` and `seeds`; names of sources below it are relative to it."""
    return _CHECKOUT if is_checkout() else _PACKAGE / "_resources"


def default_data() -> Path:
    """Return the folder of the index: `.data` in a checkout, else the platform's folder for data of the user's."""
    return _CHECKOUT / ".data" if is_checkout() else user_data_path("mujib", appauthor=False)


def default_models() -> Path:
    """Return the folder of fetched models: the platform's folder for what can be fetched again."""
    return user_cache_path("mujib", appauthor=False) / "models"


def default_calibration() -> Path:
    """Return the calibration that comes with the program."""
    return _PACKAGE / "retrieval" / "calibration.toml"
