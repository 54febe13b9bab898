"""The chat page."""

from __future__ import annotations

import os


def prepare_environment() -> None:
    """Set what Gradio reads from the environment; call it before Gradio is imported."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_ANALYTICS_MAX_EVENTS"] = "100"  # of those that it counts for itself; else ten thousand
