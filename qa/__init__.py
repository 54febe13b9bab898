"""From a question to an answer whose every citation is a checked slice of an article."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qa.service import Mujib

__all__ = ["Mujib"]


def __getattr__(name: str) -> Any:
    """Import the service when it is asked for: a shell that completes a command should not wait for it."""
    if name != "Mujib":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from qa.service import Mujib

    return Mujib
