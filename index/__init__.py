"""From folders of articles to one searchable store. `Collection` is the way in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from index.collection import Collection

__all__ = ["Collection"]


def __getattr__(name: str) -> Any:
    """Import the facade when it is asked for: a shell that completes a command should not wait for it."""
    if name != "Collection":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from index.collection import Collection

    return Collection
